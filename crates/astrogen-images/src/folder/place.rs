//! Where the scaled pixels of each frame lie: in memory, in a scratch file, or nowhere but
//! in the frame's own file.
//!
//! Frames get their places while the folder is opened and keep them. Memory comes first;
//! what has no room there goes to scratch if samples of it are slow to get from its file.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use astrogen_fits::cache_folder;
use astrogen_preprocess::frame::Access;
use ndarray::Array3;

use super::FolderConfig;
use super::cache::{FrameCache, Rank};
use super::lock::lock;
use super::scratch::{LEFT_FREE, Scratch, Spilled};

/// Where the scaled pixels of a frame lie.
#[derive(Debug)]
pub(super) enum Place {
    Memory(Arc<Array3<f32>>),
    Scratch(Spilled),
    /// They are decoded and scaled again.
    File,
}

/// Why no more frames go to scratch.
#[derive(Debug)]
enum Stop {
    /// What is there may stay.
    Full,
    /// What is there is not to be trusted, and its room is given back.
    Failed(io::Error),
}

/// Gives frames their places, from several threads.
#[derive(Debug)]
pub(super) struct Places {
    cache: Mutex<FrameCache>,
    /// Folders for the scratch file, the best first.
    folders: Vec<PathBuf>,
    /// Side of a sample.
    side: usize,
    /// Made for the first frame that needs it.
    scratch: OnceLock<Result<Arc<Scratch>, String>>,
    spilled: Mutex<HashMap<usize, Spilled>>,
    stop: OnceLock<Stop>,
}

/// What became of the frames.
#[derive(Debug)]
pub(super) struct Placed {
    /// Where they lie by the number of their file; [`Place::File`] for all others.
    pub(super) places: HashMap<usize, Place>,
    /// Bytes of those in memory.
    pub(super) memory_bytes: u64,
    /// Bytes of those in scratch.
    pub(super) scratch_bytes: u64,
    /// Why some that should be in scratch are not.
    pub(super) trouble: Option<String>,
}

impl Places {
    pub(super) fn new(config: &FolderConfig) -> Self {
        let folders = match &config.scratch {
            Some(folder) => vec![folder.clone()],
            None => cache_folder().into_iter().chain([std::env::temp_dir()]).collect(),
        };
        Self {
            cache: Mutex::new(FrameCache::new(config.cache_bytes)),
            folders,
            side: config.image_size,
            scratch: OnceLock::new(),
            spilled: Mutex::default(),
            stop: OnceLock::new(),
        }
    }

    /// Puts the frame of the file `number` in its place and what it displaces in another.
    pub(super) fn put(&self, number: usize, access: Access, frame: Array3<f32>) {
        let displaced = lock(&self.cache).insert((Reverse(access), number), frame);
        for (rank, frame) in displaced {
            self.spill(rank, &frame);
        }
    }

    fn spill(&self, (Reverse(access), number): Rank, frame: &Array3<f32>) {
        if access == Access::Region || self.stop.get().is_some() {
            return;
        }
        let scratch = self.scratch.get_or_init(|| Scratch::create(&self.folders, self.side));
        let Ok(scratch) = scratch else {
            return;
        };
        let stop = match scratch.write(frame) {
            Ok(Some(spilled)) => {
                lock(&self.spilled).insert(number, spilled);
                return;
            }
            Ok(None) => Stop::Full,
            Err(error) => Stop::Failed(error),
        };
        // Of two threads, the one that comes first says why.
        let _ = self.stop.set(stop);
    }

    /// The places of all frames, once every frame was put somewhere.
    pub(super) fn finish(self) -> Placed {
        let cache = self.cache.into_inner().unwrap_or_else(|error| error.into_inner());
        let mut spilled = self.spilled.into_inner().unwrap_or_else(|error| error.into_inner());
        let (mut scratch_bytes, mut trouble) = (0, None);
        match self.scratch.into_inner() {
            None => {}
            Some(Err(reason)) => trouble = Some(reason),
            Some(Ok(scratch)) => {
                let stop = self.stop.into_inner();
                let stop = scratch.settle().err().map(Stop::Failed).or(stop);
                match stop {
                    Some(Stop::Failed(error)) => {
                        spilled.clear();
                        trouble = Some(format!("the scratch file cannot be written: {error}"));
                    }
                    Some(Stop::Full) => {
                        let left = LEFT_FREE >> 30;
                        trouble = Some(format!(
                            "more would leave less than {left} GiB free on the disk of the scratch file"
                        ));
                    }
                    None => {}
                }
                if !spilled.is_empty() {
                    scratch_bytes = scratch.bytes();
                }
            }
        }
        let memory_bytes = cache.bytes();
        let spilled = spilled.into_iter().map(|(number, it)| (number, Place::Scratch(it)));
        let kept = cache.into_frames().map(|(number, frame)| (number, Place::Memory(frame)));
        Placed { places: spilled.chain(kept).collect(), memory_bytes, scratch_bytes, trouble }
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn places(config: FolderConfig) -> Places {
        Places::new(&FolderConfig { image_size: 5, ..config })
    }

    /// Puts ten frames of 100 bytes, every third of a plain file.
    fn fill(places: &Places) {
        for number in 0..10 {
            let access = [Access::Region, Access::Tiles, Access::Whole][number % 3];
            places.put(number, access, Array3::from_elem((1, 5, 5), number as f32));
        }
    }

    #[test]
    fn memory_first_then_scratch_and_plain_files_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = Some(folder.path().to_owned());
        let places = places(FolderConfig { cache_bytes: 200, scratch, ..Default::default() });
        fill(&places);
        let placed = places.finish();
        assert_eq!((placed.memory_bytes, placed.scratch_bytes), (200, 400));
        assert_eq!(placed.trouble, None);
        for number in 0..10 {
            let pixels = match placed.places.get(&number) {
                Some(Place::Memory(frame)) if [2, 5].contains(&number) => frame.as_ref().clone(),
                Some(Place::Scratch(spilled)) => spilled.square((0, 0)).unwrap(),
                None if number % 3 == 0 => continue,
                other => panic!("{number}: {other:?}"),
            };
            assert_eq!(pixels, Array3::from_elem((1, 5, 5), number as f32));
        }
        assert_eq!(placed.places.len(), 6);
    }

    #[test]
    fn no_scratch_file_is_made_unless_it_is_needed() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = folder.path().join("not made");
        let some = Some(scratch.clone());
        let places = places(FolderConfig { cache_bytes: 600, scratch: some, ..Default::default() });
        fill(&places);
        let placed = places.finish();
        assert_eq!((placed.memory_bytes, placed.scratch_bytes, placed.trouble), (600, 0, None));
        assert!(!scratch.exists());
    }

    #[test]
    fn a_scratch_file_that_fails_is_given_up_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("not for writing");
        std::fs::write(&path, "").unwrap();
        let places = places(FolderConfig { cache_bytes: 0, ..Default::default() });
        let file = std::fs::File::open(path).unwrap();
        places.scratch.set(Ok(Scratch::on(file, 5))).unwrap();
        fill(&places);
        let placed = places.finish();
        assert!(placed.places.is_empty());
        assert_eq!((placed.memory_bytes, placed.scratch_bytes), (0, 0));
        let trouble = placed.trouble.unwrap();
        assert!(trouble.starts_with("the scratch file cannot be written: "), "{trouble}");
    }
}
