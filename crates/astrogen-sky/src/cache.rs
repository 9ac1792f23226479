//! Simulated skies in the user's cache folder: made once, and there for every program after.

use std::path::{Path, PathBuf};

use astrogen_fits::cache_folder;

use crate::claim::io;
use crate::plane::{save_points, spirals, two_moons};
use crate::survey::is_complete;
use crate::{
    Galaxy, GalaxyConfig, NebulaConfig, SkyError, SuiteConfig, Survey, SurveyConfig,
    simulate_galaxies, simulate_nebulae,
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

/// The table `stars-N-SEED.fits` of the cache: `n` stars of a [`Galaxy`] of default settings, drawn
/// where they are not there yet; `tell` is given the file before.
///
/// # Errors
/// [`SkyError::NoCache`], and [`SkyError::Catalog`] where it cannot be written.
pub fn cached_stars(n: usize, seed: u64, tell: impl FnOnce(&Path)) -> Result<PathBuf, SkyError> {
    cached_table(&format!("stars-{n}-{seed}"), tell, |path| {
        let galaxy = Galaxy::new(&GalaxyConfig::default(), seed)?;
        galaxy.save_table(path, &galaxy.stars(n))
    })
}

/// The table `two-moons-N-SEED.fits` of the cache: `n` points of [`two_moons`] with noise of 0.08;
/// as [`cached_stars`].
///
/// # Errors
/// As [`cached_stars`].
pub fn cached_two_moons(
    n: usize,
    seed: u64,
    tell: impl FnOnce(&Path),
) -> Result<PathBuf, SkyError> {
    let save = |path: &Path| save_points(path, &two_moons(n, 0.08, seed)?);
    cached_table(&format!("two-moons-{n}-{seed}"), tell, save)
}

/// The table `spirals-N-SEED.fits` of the cache: `n` points of [`spirals`] with noise of 0.1; as
/// [`cached_stars`].
///
/// # Errors
/// As [`cached_stars`].
pub fn cached_spirals(n: usize, seed: u64, tell: impl FnOnce(&Path)) -> Result<PathBuf, SkyError> {
    let save = |path: &Path| save_points(path, &spirals(n, 0.1, seed)?);
    cached_table(&format!("spirals-{n}-{seed}"), tell, save)
}

fn cached_table(
    name: &str,
    tell: impl FnOnce(&Path),
    save: impl FnOnce(&Path) -> Result<(), SkyError>,
) -> Result<PathBuf, SkyError> {
    let folder = cache_folder().ok_or(SkyError::NoCache)?;
    std::fs::create_dir_all(&folder).map_err(io("cannot create", &folder))?;
    let path = folder.join(format!("{name}.fits"));
    tell(&path);
    if !path.exists() {
        save(&path)?;
    }
    Ok(path)
}
