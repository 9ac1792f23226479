//! The last few frames that were decoded whole.
//!
//! Only for files that are neither in memory nor in scratch: tiles of one frame, read one
//! after the other by a few threads, do not decode it again each time.

use std::collections::VecDeque;
use std::sync::Arc;

use ndarray::Array3;

/// How many frames stay, whatever their size.
const FEW: usize = 8;

/// Frames by the number of their file, the one used last at the end.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<(usize, Arc<Array3<f32>>)>);

impl Recent {
    /// The frame of `file`, if it is still here.
    pub(super) fn get(&mut self, file: usize) -> Option<Arc<Array3<f32>>> {
        let place = self.0.iter().position(|(number, _)| *number == file)?;
        let used = self.0.remove(place)?;
        self.0.push_back(used);
        self.0.back().map(|(_, frame)| Arc::clone(frame))
    }

    /// Takes in the frame of `file`, and lets go of the one unused for longest.
    pub(super) fn insert(&mut self, file: usize, frame: Arc<Array3<f32>>) {
        if self.get(file).is_some() {
            return; // another thread was faster
        }
        self.0.push_back((file, frame));
        if self.0.len() > FEW {
            self.0.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frames_used_last_stay() {
        let frame = |value: usize| Arc::new(Array3::from_elem((1, 2, 2), value as f32));
        let mut recent = Recent::default();
        for file in 0..FEW {
            recent.insert(file, frame(file));
        }
        assert!(recent.get(0).is_some()); // so 1 is the oldest now
        recent.insert(FEW, frame(FEW));
        recent.insert(FEW, frame(0));
        assert!(recent.get(1).is_none());
        for file in [0, 2, 3, 4, 5, 6, 7, 8] {
            assert_eq!(recent.get(file).map(|frame| frame[[0, 0, 0]]), Some(file as f32));
        }
        assert_eq!(recent.0.len(), FEW);
    }
}
