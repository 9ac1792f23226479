//! The pictures of a run, as data in the page: up to a size, the most telling first.

use std::fs;
use std::path::{Path, PathBuf};

use astrogen_train::RunDir;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::contents::entries;

/// Bytes of all pictures together.
const MOST: u64 = 24 << 20;
/// How many grids of samples there are at most.
const GRIDS: usize = 12;

/// A picture in the page.
#[derive(Debug)]
pub(super) struct Picture {
    /// Its file, from the run's folder.
    pub(super) file: String,
    /// The name of the file without its ending.
    pub(super) stem: String,
    /// `data:image/png;base64,...`.
    pub(super) data: String,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    /// Real images.
    pub(super) real: Option<Picture>,
    /// Grids of samples by their step, the last one at the end.
    pub(super) grids: Vec<(u64, Picture)>,
    /// How many grids there are in the folder.
    pub(super) all_grids: usize,
    /// What else was drawn.
    pub(super) figures: Vec<Picture>,
    /// Files that there was no room for.
    pub(super) left_out: Vec<String>,
}

impl Pictures {
    /// Those of a run's folder.
    pub(super) fn of(run: &RunDir) -> Self {
        let mut room = Room { run: run.path(), left: MOST, left_out: Vec::new() };
        let real_file = run.real_path("png");
        let mut steps = Vec::new();
        let mut others = pngs(run.path());
        others.retain(|path| *path != run.losses_path("png")); // drawn anew, from the same numbers
        others.extend(pngs(&run.figures_path()));
        for path in pngs(&run.samples_path()) {
            match step_of(&path) {
                Some(step) => steps.push((step, path)),
                None if path == real_file => {}
                None => others.push(path),
            }
        }
        steps.sort();
        let all_grids = steps.len();
        let mut chosen = evenly(all_grids, GRIDS);
        let last = chosen.pop().map(|at| &steps[at]);

        let real = room.take(&real_file);
        let last = last.and_then(|(step, path)| Some((*step, room.take(path)?)));
        let figures = others.iter().filter_map(|path| room.take(path)).collect();
        let earlier = chosen.into_iter().map(|at| &steps[at]);
        let mut grids: Vec<(u64, Picture)> =
            earlier.filter_map(|(step, path)| Some((*step, room.take(path)?))).collect();
        grids.extend(last);
        Self { real, grids, all_grids, figures, left_out: room.left_out }
    }
}

/// So many of a number of things, evenly chosen, the last one always.
fn evenly(all: usize, most: usize) -> Vec<usize> {
    let count = all.min(most);
    (1..=count).map(|at| at * all / count - 1).collect()
}

/// The step of `step-00000300.png`.
fn step_of(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.strip_prefix("step-")?.parse().ok()
}

fn pngs(folder: &Path) -> Vec<PathBuf> {
    let is_png = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ending == "png")
            // A file in the making.
            && path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.'))
    };
    entries(folder).into_iter().filter(is_png).collect()
}

/// What is left of the size that a page may have.
struct Room<'a> {
    run: &'a Path,
    left: u64,
    left_out: Vec<String>,
}

impl Room<'_> {
    /// The picture in a file, if it is one and there is room for it.
    fn take(&mut self, path: &Path) -> Option<Picture> {
        let file = path.strip_prefix(self.run).unwrap_or(path);
        let file = file.components().map(|part| part.as_os_str().to_string_lossy());
        let file = file.collect::<Vec<_>>().join("/");
        let size = fs::metadata(path).ok()?.len();
        if size > self.left {
            self.left_out.push(file);
            return None;
        }
        let bytes = fs::read(path).ok()?;
        let [width, height] = size_of(&bytes)?;
        self.left -= size;
        let data = format!("data:image/png;base64,{}", STANDARD.encode(&bytes));
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Some(Picture { file, stem, data, width, height })
    }
}

/// Width and height of a PNG picture, as its first chunk says; none of anything else.
fn size_of(bytes: &[u8]) -> Option<[u32; 2]> {
    let head = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
    let side = |at: usize| Some(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?));
    (head.get(4..8)? == b"IHDR").then_some([side(8)?, side(12)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_evenly_chosen_and_the_last_is_among_them() {
        assert_eq!(evenly(3, 12), [0, 1, 2]);
        assert_eq!(evenly(24, 12), [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23]);
        assert_eq!(evenly(68, 12).last(), Some(&67));
        assert_eq!(evenly(0, 12), [0; 0]);
        assert_eq!(step_of(Path::new("samples/step-00000300.png")), Some(300));
        assert_eq!(step_of(Path::new("samples/real.png")), None);
    }

    #[test]
    fn what_is_no_picture_has_no_size() {
        assert_eq!(size_of(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x05\0\0\0\x03"), Some([5, 3]));
        assert_eq!(size_of(b"\x89PNG\r\n\x1a\n\0\0"), None);
        assert_eq!(size_of(b"GIF89a"), None);
    }
}
