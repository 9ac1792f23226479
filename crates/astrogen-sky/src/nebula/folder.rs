//! A folder of simulated nebulae, made in parallel and recognised when it is there.

use super::NebulaConfig;
use crate::claim::Claim;
use crate::error::SkyError;
use crate::random::seed_of;
use rayon::prelude::*;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The file that says what a finished folder was made from.
pub const MANIFEST: &str = "nebulae.json";

/// What a folder was made from; folders whose manifests are the same hold the same files.
#[derive(Serialize)]
struct Manifest<'a> {
    /// Grows when the same settings and seed come to give other pixels.
    simulation: u32,
    config: &'a NebulaConfig,
    count: usize,
    seed: u64,
}

/// Whether a folder was filled with so many nebulae of these settings and this seed.
pub(crate) fn is_complete(folder: &Path, config: &NebulaConfig, count: usize, seed: u64) -> bool {
    Claim::is_finished(folder, MANIFEST, &Manifest { simulation: 1, config, count, seed })
}

/// Simulates `count` nebulae into `nebula-0000.fits`, `nebula-0001.fits`, ... of a folder,
/// on all threads of rayon's pool, and returns their paths in order.
///
/// Nebula `i` depends on the settings, the seed and `i` alone. The folder is made if need
/// be. Each file is written whole, then renamed; the manifest [`MANIFEST`] (settings, count
/// and seed as JSON) comes last. Called again with the same arguments, the function keeps
/// every file that is there and makes the missing ones; called while another program fills the
/// folder, it waits for that.
///
/// # Errors
/// [`SkyError::Setting`] for a setting out of its range, [`SkyError::Folder`] if the folder
/// holds nebulae of other settings (nothing is overwritten), [`SkyError::Io`] and
/// [`SkyError::Fits`] if writing fails.
pub fn simulate_nebulae(
    folder: &Path,
    config: &NebulaConfig,
    count: usize,
    seed: u64,
) -> Result<Vec<PathBuf>, SkyError> {
    config.validate()?;
    SkyError::check("count", "at least 1", count, count > 0)?;
    let files: Vec<PathBuf> =
        (0..count).map(|index| folder.join(format!("nebula-{index:04}.fits"))).collect();

    let manifest = Manifest { simulation: 1, config, count, seed };
    let claim = Claim::lay(folder, MANIFEST, &manifest, &files)?;
    files
        .par_iter()
        .enumerate()
        .filter(|(_, path)| !path.exists())
        .try_for_each(|(index, path)| config.simulate(seed_of(seed, index as u64))?.save(path))?;
    claim.finish()?;
    Ok(files)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn those_who_begin_together_find_the_same_folder() {
        let folder = tempfile::tempdir().unwrap();
        let config = NebulaConfig { size: 16, ..NebulaConfig::default() };
        let simulate = || simulate_nebulae(folder.path(), &config, 8, 5);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(simulate)).collect();
            for thread in threads {
                assert_eq!(thread.join().unwrap().unwrap().len(), 8);
            }
        });
        assert!(is_complete(folder.path(), &config, 8, 5));
        assert!(!is_complete(folder.path(), &config, 9, 5));
    }
}
