//! Simulated skies in the user's cache folder: made once, and there for every program after.

use std::path::{Path, PathBuf};

use astrogen_fits::cache_folder;

use crate::survey::is_complete;
use crate::{
    NebulaConfig, SkyError, SuiteConfig, Survey, SurveyConfig, simulate_galaxies, simulate_nebulae,
};

/// The folder `nebulae-SIZEpx` of the cache with `count` nebulae of `size` x `size` pixels and
/// otherwise default settings, which [`simulate_nebulae`] makes where they are not there yet;
/// `tell` is given the folder before.
///
/// # Errors
/// [`SkyError::NoCache`], and those of [`simulate_nebulae`]: [`SkyError::Folder`] where the folder
/// holds another number of nebulae, or those of another seed.
pub fn cached_nebulae(
    size: usize,
    count: usize,
    seed: u64,
    tell: impl FnOnce(&Path),
) -> Result<PathBuf, SkyError> {
    let folder = cache_folder().ok_or(SkyError::NoCache)?.join(format!("nebulae-{size}px"));
    tell(&folder);
    simulate_nebulae(&folder, &NebulaConfig { size, ..NebulaConfig::default() }, count, seed)?;
    Ok(folder)
}

/// The folder `galaxies-COUNT-STARS` of the cache with a suite of `count` galaxies of `stars`
/// star particles each and otherwise default settings, which [`simulate_galaxies`] makes where
/// they are not there yet; `tell` is given the folder before.
///
/// # Errors
/// [`SkyError::NoCache`], and those of [`simulate_galaxies`]: [`SkyError::Folder`] where the
/// folder holds the galaxies of another seed.
pub fn cached_galaxies(
    count: usize,
    stars: usize,
    seed: u64,
    tell: impl FnOnce(&Path),
) -> Result<PathBuf, SkyError> {
    let folder = cache_folder().ok_or(SkyError::NoCache)?.join(format!("galaxies-{count}-{stars}"));
    tell(&folder);
    let config = SuiteConfig { galaxies: count, stars, ..SuiteConfig::default() };
    simulate_galaxies(&folder, &config, seed)?;
    Ok(folder)
}

/// The folder `survey-GALAXIES` of the cache with the files of a [`Survey`] of so many galaxies
/// and otherwise default settings, which is simulated where they are not there yet; `tell` is
/// given the folder before.
///
/// # Errors
/// [`SkyError::NoCache`], and those of [`Survey::simulate`] and [`Survey::save`]:
/// [`SkyError::Folder`] where the folder holds the survey of another seed.
pub fn cached_survey(
    galaxies: usize,
    seed: u64,
    tell: impl FnOnce(&Path),
) -> Result<PathBuf, SkyError> {
    let folder = cache_folder().ok_or(SkyError::NoCache)?.join(format!("survey-{galaxies}"));
    tell(&folder);
    let config = SurveyConfig { galaxies, ..SurveyConfig::default() };
    if !is_complete(&folder, &config, seed) {
        Survey::simulate(&config, seed)?.save(&folder)?;
    }
    Ok(folder)
}
