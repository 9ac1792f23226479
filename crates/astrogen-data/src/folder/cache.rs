//! Scaled frames, as many as memory allows.
//!
//! In a shuffled order any frame is as likely to be asked for next as any other, so those
//! stay that are dear to get again. A frame whose samples can be read one by one is kept
//! where there is room, and is the first to go; nothing puts it back. Frames of files that
//! have to be decoded whole take turns: the ones unused for longest go.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ndarray::Array3;

use super::file::Reread;

/// Frames of files decoded whole that always stay, so that tiles of one frame, read one
/// after the other by a few threads, do not decode it again each time.
const LEAST: usize = 8;

/// When a frame goes: the smallest first, by what it takes to read a sample of it again and
/// then by its last use.
type Worth = (Reread, u64);

/// Frames of up to a number of bytes.
#[derive(Debug)]
pub(super) struct FrameCache {
    capacity: u64,
    bytes: u64,
    /// Counts uses.
    clock: u64,
    /// The frames by the number of their file.
    frames: HashMap<usize, (Worth, Arc<Array3<f32>>)>,
    /// The same files by what they are worth.
    by_worth: BTreeMap<Worth, usize>,
}

/// Bytes of a frame's pixels.
pub(super) fn bytes(frame: &Array3<f32>) -> u64 {
    (frame.len() * size_of::<f32>()) as u64
}

impl FrameCache {
    pub(super) fn new(capacity: u64) -> Self {
        Self { capacity, bytes: 0, clock: 0, frames: HashMap::new(), by_worth: BTreeMap::new() }
    }

    /// The frame of `file`, if it is still here.
    pub(super) fn get(&mut self, file: usize) -> Option<Arc<Array3<f32>>> {
        let (worth, frame) = self.frames.get_mut(&file)?;
        self.by_worth.remove(worth);
        self.clock += 1;
        worth.1 = self.clock;
        self.by_worth.insert(*worth, file);
        Some(Arc::clone(frame))
    }

    /// Takes in the frame of `file` and lets go of those worth least.
    pub(super) fn insert(&mut self, file: usize, reread: Reread, frame: Arc<Array3<f32>>) {
        if self.get(file).is_some() {
            return; // another thread was faster
        }
        self.clock += 1;
        self.bytes += bytes(&frame);
        let worth = (reread, self.clock);
        self.frames.insert(file, (worth, frame));
        self.by_worth.insert(worth, file);
        while self.bytes > self.capacity {
            let Some(least) = self.by_worth.first_entry() else {
                break;
            };
            // Behind the first that is decoded whole come no others.
            if least.key().0 == Reread::Whole && self.frames.len() <= LEAST {
                break;
            }
            if let Some((_, frame)) = self.frames.remove(&least.remove()) {
                self.bytes -= bytes(&frame);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(value: f32) -> Arc<Array3<f32>> {
        Arc::new(Array3::from_elem((1, 5, 5), value)) // 100 bytes
    }

    fn kept(cache: &FrameCache) -> Vec<usize> {
        let mut files: Vec<usize> = cache.frames.keys().copied().collect();
        files.sort_unstable();
        files
    }

    #[test]
    fn the_frames_used_last_stay() {
        let mut cache = FrameCache::new(1000);
        for file in 0..10 {
            cache.insert(file, Reread::Whole, frame(file as f32));
        }
        assert_eq!(cache.bytes, 1000);
        assert!(cache.get(0).is_some()); // so 1 is the oldest now
        cache.insert(10, Reread::Whole, frame(10.0));
        assert!(cache.get(1).is_none());
        for file in [0, 2, 3, 4, 5, 6, 7, 8, 9, 10] {
            assert_eq!(cache.get(file).map(|frame| frame[[0, 0, 0]]), Some(file as f32));
        }
        cache.insert(10, Reread::Whole, frame(11.0));
        assert_eq!((cache.bytes, cache.frames.len(), cache.by_worth.len()), (1000, 10, 10));
    }

    #[test]
    fn a_few_frames_that_are_decoded_whole_stay_whatever_their_size() {
        let mut cache = FrameCache::new(0);
        for file in 0..100 {
            cache.insert(file, Reread::Whole, frame(0.0));
            assert!(cache.get(file).is_some());
            assert!(cache.frames.len() <= LEAST);
        }
        assert_eq!(cache.bytes, 100 * LEAST as u64);
    }

    #[test]
    fn frames_that_can_be_read_by_region_make_room_for_the_others() {
        let mut cache = FrameCache::new(500);
        for file in 0..6 {
            cache.insert(file, Reread::Region, frame(0.0));
        }
        assert_eq!(kept(&cache), [1, 2, 3, 4, 5]);
        cache.insert(10, Reread::Whole, frame(0.0));
        assert!(cache.get(1).is_none(), "the oldest went");
        cache.insert(11, Reread::Whole, frame(0.0));
        assert!(cache.get(4).is_some() && cache.get(10).is_some());
        for file in 12..20 {
            cache.insert(file, Reread::Whole, frame(0.0));
        }
        assert_eq!(kept(&cache), [12, 13, 14, 15, 16, 17, 18, 19]);
        cache.insert(20, Reread::Region, frame(0.0));
        assert_eq!(kept(&cache), [12, 13, 14, 15, 16, 17, 18, 19]);

        let mut none = FrameCache::new(0);
        none.insert(0, Reread::Region, frame(0.0));
        assert_eq!((none.bytes, none.frames.len(), none.by_worth.len()), (0, 0, 0));
    }
}
