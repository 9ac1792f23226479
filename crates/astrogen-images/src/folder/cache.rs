//! Which frames stay in memory.
//!
//! In a shuffled order any frame is as likely to be asked for next as any other, so those
//! stay that are dearest to get again, and of equals the first: as many as there is room
//! for. Which ones, follows from the frames alone and not from the order they come in.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use astrogen_preprocess::frame::Access;
use ndarray::Array3;

/// Who stays: the smallest first, by what a sample costs to read again, then by the number
/// of the file.
pub(super) type Rank = (Reverse<Access>, usize);

/// Frames of up to a number of bytes.
#[derive(Debug)]
pub(super) struct FrameCache {
    capacity: u64,
    bytes: u64,
    frames: BTreeMap<Rank, Arc<Array3<f32>>>,
    /// The first for which there was no room: none behind it gets in.
    cut: Option<Rank>,
}

/// Bytes of a frame's pixels.
pub(super) fn bytes(frame: &Array3<f32>) -> u64 {
    (frame.len() * size_of::<f32>()) as u64
}

impl FrameCache {
    pub(super) fn new(capacity: u64) -> Self {
        Self { capacity, bytes: 0, frames: BTreeMap::new(), cut: None }
    }

    /// Takes in a frame and returns those for which there is no room, perhaps that one.
    pub(super) fn insert(&mut self, rank: Rank, frame: Array3<f32>) -> Vec<(Rank, Array3<f32>)> {
        let bytes_of_frame = bytes(&frame);
        // One that cannot stay in any case keeps no other out.
        if bytes_of_frame > self.capacity || self.cut.is_some_and(|cut| rank > cut) {
            return vec![(rank, frame)];
        }
        self.bytes += bytes_of_frame;
        self.frames.insert(rank, Arc::new(frame));
        let mut displaced = Vec::new();
        while self.bytes > self.capacity {
            let Some((rank, frame)) = self.frames.pop_last() else {
                break;
            };
            self.bytes -= bytes(&frame);
            self.cut = Some(rank);
            displaced.push((rank, Arc::unwrap_or_clone(frame)));
        }
        displaced
    }

    /// Bytes of the frames that stay.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The frames that stay, by the number of their file.
    pub(super) fn into_frames(self) -> impl Iterator<Item = (usize, Arc<Array3<f32>>)> {
        self.frames.into_iter().map(|((_, number), frame)| (number, frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files that stay of some (number, access, pixels), which come in this order.
    fn kept(capacity: u64, frames: &[(usize, Access, usize)]) -> Vec<usize> {
        let mut cache = FrameCache::new(capacity);
        let mut displaced = 0;
        for &(number, access, pixels) in frames {
            let frame = Array3::from_elem((1, 1, pixels), number as f32);
            for ((_, number), frame) in cache.insert((Reverse(access), number), frame) {
                assert_eq!(frame[[0, 0, 0]], number as f32);
                displaced += 1;
            }
            assert!(cache.bytes() <= capacity);
        }
        let frames_kept: Vec<_> = cache.into_frames().collect();
        assert_eq!(frames_kept.len() + displaced, frames.len());
        assert!(frames_kept.iter().all(|(number, frame)| frame[[0, 0, 0]] == *number as f32));
        frames_kept.into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn the_dearest_stay_and_of_equals_the_first() {
        use Access::{Region, Tiles, Whole};
        let mut frames =
            [(0, Region, 10), (1, Whole, 10), (2, Tiles, 10), (3, Whole, 10), (4, Region, 10)];
        for _ in 0..frames.len() {
            frames.rotate_left(1);
            assert_eq!(kept(200, &frames), [1, 3, 2, 0, 4]);
            assert_eq!(kept(199, &frames), [1, 3, 2, 0]);
            assert_eq!(kept(120, &frames), [1, 3, 2]);
            assert_eq!(kept(79, &frames), [1]);
            assert!(kept(39, &frames).is_empty());
        }
    }

    #[test]
    fn the_order_they_come_in_changes_nothing_whatever_their_size() {
        let (a, b, c, d) = (0, 1, 2, 3);
        let frames = [a, b, c, d].map(|number| (number, Access::Whole, [6, 6, 3, 100][number]));
        for order in [[a, b, c, d], [d, c, b, a], [c, a, d, b], [b, d, a, c], [c, b, a, d]] {
            let frames = order.map(|number| frames[number]);
            assert_eq!(kept(40, &frames), [a], "b has no room, so c behind it has none either");
            assert_eq!(kept(48, &frames), [a, b]);
            assert_eq!(kept(60, &frames), [a, b, c]);
        }
    }
}
