//! Decoded frames, as many as memory allows.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ndarray::Array3;

/// Frames that always stay, so that tiles of one frame, read one after the other by a few
/// threads, do not decode it again each time.
const LEAST: usize = 8;

/// The frames used last, up to a number of bytes.
#[derive(Debug)]
pub(super) struct FrameCache {
    capacity: u64,
    bytes: u64,
    /// Counts uses.
    clock: u64,
    /// For each file its frame and when it was used last.
    frames: HashMap<usize, (u64, Arc<Array3<f32>>)>,
    /// The same files by that time.
    by_age: BTreeMap<u64, usize>,
}

/// Bytes of a frame's pixels.
pub(super) fn bytes(frame: &Array3<f32>) -> u64 {
    (frame.len() * size_of::<f32>()) as u64
}

impl FrameCache {
    pub(super) fn new(capacity: u64) -> Self {
        Self { capacity, bytes: 0, clock: 0, frames: HashMap::new(), by_age: BTreeMap::new() }
    }

    /// The frame of `file`, if it is still here.
    pub(super) fn get(&mut self, file: usize) -> Option<Arc<Array3<f32>>> {
        let (age, frame) = self.frames.get_mut(&file)?;
        self.by_age.remove(age);
        self.clock += 1;
        *age = self.clock;
        self.by_age.insert(self.clock, file);
        Some(Arc::clone(frame))
    }

    /// Takes in the frame of `file` and lets go of those unused for longest.
    pub(super) fn insert(&mut self, file: usize, frame: Arc<Array3<f32>>) {
        if self.get(file).is_some() {
            return; // another thread was faster
        }
        self.clock += 1;
        self.bytes += bytes(&frame);
        self.frames.insert(file, (self.clock, frame));
        self.by_age.insert(self.clock, file);
        while self.bytes > self.capacity && self.frames.len() > LEAST {
            let Some((_, oldest)) = self.by_age.pop_first() else {
                break;
            };
            if let Some((_, frame)) = self.frames.remove(&oldest) {
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

    #[test]
    fn the_frames_used_last_stay() {
        let mut cache = FrameCache::new(1000);
        for file in 0..10 {
            cache.insert(file, frame(file as f32));
        }
        assert_eq!(cache.bytes, 1000);
        assert!(cache.get(0).is_some()); // so 1 is the oldest now
        cache.insert(10, frame(10.0));
        assert!(cache.get(1).is_none());
        for file in [0, 2, 3, 4, 5, 6, 7, 8, 9, 10] {
            assert_eq!(cache.get(file).map(|frame| frame[[0, 0, 0]]), Some(file as f32));
        }
        cache.insert(10, frame(11.0));
        assert_eq!((cache.bytes, cache.frames.len(), cache.by_age.len()), (1000, 10, 10));
    }

    #[test]
    fn a_few_frames_stay_whatever_their_size() {
        let mut cache = FrameCache::new(0);
        for file in 0..100 {
            cache.insert(file, frame(0.0));
            assert!(cache.get(file).is_some());
            assert!(cache.frames.len() <= LEAST);
        }
        assert_eq!(cache.bytes, 100 * LEAST as u64);
    }
}
