//! A folder of simulated nebulae, made in parallel and recognised when it is there.

use super::NebulaConfig;
use crate::error::SkyError;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The file that says what a finished folder was made from.
pub const MANIFEST: &str = "nebulae.json";

/// The same while files are still missing.
const UNFINISHED: &str = "nebulae.unfinished.json";

/// What a folder was made from; folders whose manifests are the same hold the same files.
#[derive(Serialize)]
struct Manifest<'a> {
    /// Grows when the same settings and seed come to give other pixels.
    simulation: u32,
    config: &'a NebulaConfig,
    count: usize,
    seed: u64,
}

/// Simulates `count` nebulae into `nebula-0000.fits`, `nebula-0001.fits`, ... of a folder,
/// on all threads of rayon's pool, and returns their paths in order.
///
/// Nebula `i` depends on the settings, the seed and `i` alone. The folder is made if need
/// be. Each file is written whole, then renamed; the manifest [`MANIFEST`] (settings, count
/// and seed as JSON) comes last. Called again with the same arguments, the function keeps
/// every file that is there and makes the missing ones.
///
/// # Errors
/// [`SkyError::Config`] for a setting out of its range, [`SkyError::Folder`] if the folder
/// holds nebulae of other settings (nothing is overwritten), [`SkyError::Io`] and
/// [`SkyError::Fits`] if writing fails.
pub fn simulate_nebulae(
    folder: &Path,
    config: &NebulaConfig,
    count: usize,
    seed: u64,
) -> Result<Vec<PathBuf>, SkyError> {
    config.check()?;
    SkyError::check("count", "at least 1", count, count > 0)?;
    let manifest = Manifest { simulation: 1, config, count, seed };
    let text = serde_json::to_string_pretty(&manifest).map_err(|error| SkyError::Io {
        action: "cannot describe the settings for",
        path: folder.join(MANIFEST),
        source: error.into(),
    })?;
    let files: Vec<PathBuf> =
        (0..count).map(|index| folder.join(format!("nebula-{index:04}.fits"))).collect();

    let finished = claim(folder, &text, &files)?;
    files
        .par_iter()
        .enumerate()
        .filter(|(_, path)| !path.exists())
        .try_for_each(|(index, path)| config.simulate(seed_of(seed, index))?.save(path))?;
    if !finished {
        let (from, to) = (folder.join(UNFINISHED), folder.join(MANIFEST));
        fs::rename(&from, &to).map_err(io("cannot finish", &to))?;
    }
    Ok(files)
}

/// The seed of the nebula `index`: a stream of its own.
fn seed_of(seed: u64, index: usize) -> u64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(index as u64);
    rng.next_u64()
}

/// Makes sure that the folder is there and ours; tells whether it is finished.
fn claim(folder: &Path, text: &str, files: &[PathBuf]) -> Result<bool, SkyError> {
    let foreign = |found: String| SkyError::Folder { folder: folder.to_owned(), found };
    fs::create_dir_all(folder).map_err(io("cannot make the folder", folder))?;
    for (name, finished) in [(MANIFEST, true), (UNFINISHED, false)] {
        match read(&folder.join(name))? {
            Some(found) if found == text => return Ok(finished),
            Some(_) => return Err(foreign(format!("nebulae of other settings ({name})"))),
            None => {}
        }
    }
    if let Some(path) = files.iter().find(|path| path.exists()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        return Err(foreign(format!("{name}, but no {MANIFEST} that says what made it")));
    }
    let path = folder.join(UNFINISHED);
    let draft = folder.join(format!(".{UNFINISHED}.{}", std::process::id()));
    let write = || {
        let mut file = fs::File::create(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &path)
    };
    write().map_err(io("cannot write", &path))?;
    Ok(false)
}

fn read(path: &Path) -> Result<Option<String>, SkyError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io("cannot read", path)(error)),
    }
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> SkyError {
    let path = path.to_owned();
    move |source| SkyError::Io { action, path, source }
}
