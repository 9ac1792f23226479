//! Simulated skies in the user's cache folder: made once, and there for every program after.

use std::path::{Path, PathBuf};

use astrogen_fits::cache_folder;

use crate::claim::io;
use crate::plane::{save_points, spirals, two_moons};
use crate::{
    Galaxy, GalaxyConfig, NebulaConfig, SkyError, SuiteConfig, Survey, SurveyConfig,
    simulate_galaxies, simulate_nebulae,
};
use crate::{galaxy, nebula, survey};

/// The folder of the cache for nebulae of `size` x `size` pixels, `nebulae-SIZEpx`, whether they are there
/// or not; none where the user has no cache.
pub fn nebulae_folder(size: usize) -> Option<PathBuf> {
    cache_folder().map(|cache| cache.join(format!("nebulae-{size}px")))
}

/// The [folder](nebulae_folder) `nebulae-SIZEpx` of the cache with `count` nebulae of `size` x `size` pixels and
/// otherwise default settings; where they are not there yet, `tell` is given the folder, then
/// [`simulate_nebulae`] makes them.
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
    let folder = nebulae_folder(size).ok_or(SkyError::NoCache)?;
    let config = NebulaConfig { size, ..NebulaConfig::default() };
    if !nebula::is_complete(&folder, &config, count, seed) {
        tell(&folder);
    }
    simulate_nebulae(&folder, &config, count, seed)?;
    Ok(folder)
}

/// The folder `galaxies-COUNT-STARS` of the cache with a suite of `count` galaxies of `stars`
/// star particles each and otherwise default settings; where they are not there yet, `tell` is given
/// the folder, then [`simulate_galaxies`] makes them.
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
    let config = SuiteConfig { galaxies: count, stars, ..SuiteConfig::default() };
    if !galaxy::is_complete(&folder, &config, seed) {
        tell(&folder);
    }
    simulate_galaxies(&folder, &config, seed)?;
    Ok(folder)
}

/// The folder `survey-GALAXIES` of the cache with the files of a [`Survey`] of so many galaxies
/// and otherwise default settings; where they are not there yet, `tell` is given the folder, then it
/// is simulated.
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
    let config = SurveyConfig { galaxies, ..SurveyConfig::default() };
    if !survey::is_complete(&folder, &config, seed) {
        tell(&folder);
        Survey::simulate(&config, seed)?.save(&folder)?;
    }
    Ok(folder)
}

/// The table `stars-N-SEED.fits` of the cache: `n` stars of a [`Galaxy`] of default settings, drawn
/// where they are not there yet, once `tell` was given the file.
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
    if !path.exists() {
        tell(&path);
        save(&path)?;
    }
    Ok(path)
}
