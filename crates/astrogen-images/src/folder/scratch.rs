//! Scaled pixels in a file on disk, from which squares are read by several threads at once.
//!
//! The file has no name, so it is gone with the process however that ends. It holds one
//! frame after the other, each cut into strips as wide as a sample: little-endian `f32`,
//! `[row, band, column]` within a strip. A square wherever it is lies in one or two runs
//! of bytes then, which is as few reads as can be.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ndarray::{Array3, ArrayView3, Axis, s};

/// Room that is left free on the disk, in bytes: that of a run's checkpoints.
pub(super) const LEFT_FREE: u64 = 1 << 30;

/// A file without a name.
#[derive(Debug)]
pub(super) struct Scratch {
    file: File,
    /// Side of the squares that are read, width of the strips.
    side: usize,
    /// Where the next frame goes.
    end: AtomicU64,
}

/// A frame in a scratch file.
#[derive(Debug)]
pub(super) struct Spilled {
    scratch: Arc<Scratch>,
    /// Of its first byte.
    offset: u64,
    /// `(C, H, W)`.
    dim: (usize, usize, usize),
}

impl Scratch {
    /// Makes a file in the first of the folders that allows it, for squares of `side` pixels.
    pub(super) fn create(folders: &[PathBuf], side: usize) -> Result<Arc<Self>, String> {
        let make = |folder: &Path| {
            std::fs::create_dir_all(folder)?;
            positioned::supported()?;
            tempfile::tempfile_in(folder)
        };
        let mut reasons = Vec::new();
        for folder in folders {
            match make(folder) {
                Ok(file) => return Ok(Self::on(file, side)),
                Err(error) => reasons.push(format!("{}: {error}", folder.display())),
            }
        }
        Err(format!("no scratch file can be made in {}", reasons.join(", nor in ")))
    }

    /// Takes an empty file.
    pub(super) fn on(file: File, side: usize) -> Arc<Self> {
        Arc::new(Self { file, side, end: AtomicU64::new(0) })
    }

    /// Appends a frame `[C, H, W]`. None where too little room would be left on the disk.
    pub(super) fn write(self: &Arc<Self>, frame: &Array3<f32>) -> io::Result<Option<Spilled>> {
        let bytes = super::cache::bytes(frame);
        let free = positioned::free(&self.file).unwrap_or(u64::MAX); // then writing will tell
        if free < bytes.saturating_add(LEFT_FREE) {
            return Ok(None);
        }
        let offset = self.end.fetch_add(bytes, Ordering::Relaxed);
        let mut place = offset;
        for strip in frame.axis_chunks_iter(Axis(2), self.side) {
            let strip: ArrayView3<f32> = strip.permuted_axes([1, 0, 2]);
            let bytes: Vec<u8> = strip.iter().flat_map(|value| value.to_le_bytes()).collect();
            positioned::write(&self.file, &bytes, place)?;
            place += bytes.len() as u64;
        }
        Ok(Some(Spilled { scratch: Arc::clone(self), offset, dim: frame.dim() }))
    }

    /// Waits until all is on the disk, as some disks tell only then that it is not.
    pub(super) fn settle(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Bytes of the frames in it.
    pub(super) fn bytes(&self) -> u64 {
        self.end.load(Ordering::Relaxed)
    }

    /// Values from `offset` on, as many as the shape says.
    fn values(&self, shape: (usize, usize, usize), offset: u64) -> io::Result<Array3<f32>> {
        let mut bytes = vec![0; shape.0 * shape.1 * shape.2 * size_of::<f32>()];
        positioned::read(&self.file, &mut bytes, offset)?;
        let values = bytes.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value));
        Array3::from_shape_vec(shape, values.collect()).map_err(io::Error::other)
    }
}

impl Spilled {
    /// The square at (y, x), `[C, side, side]`, which has to be inside the frame.
    pub(super) fn square(&self, (y, x): (usize, usize)) -> io::Result<Array3<f32>> {
        let side = self.scratch.side;
        let (bands, height, width) = self.dim;
        let mut square = Array3::zeros((bands, side, side));
        let mut from = x;
        while from < x + side {
            let strip = from / side * side; // its first column
            let columns = side.min(width - strip);
            let to = (x + side).min(strip + columns);
            let values_before = (strip * height + y * columns) * bands;
            let offset = self.offset + (values_before * size_of::<f32>()) as u64;
            let rows = self.scratch.values((side, bands, columns), offset)?;
            let part = rows.slice(s![.., .., from - strip..to - strip]);
            square.slice_mut(s![.., .., from - x..to - x]).assign(&part.permuted_axes([1, 0, 2]));
            from = to;
        }
        Ok(square)
    }

    /// The file, to do it harm.
    #[cfg(test)]
    pub(super) fn file(&self) -> &File {
        &self.scratch.file
    }
}

/// Reading and writing at a place of a file that threads share.
#[cfg(unix)]
mod positioned {
    use std::fs::File;
    use std::io;
    use std::os::unix::fs::FileExt;

    pub(super) fn supported() -> io::Result<()> {
        Ok(())
    }

    pub(super) fn read(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        file.read_exact_at(bytes, offset)
    }

    pub(super) fn write(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    /// Bytes that may still be written to the disk of a file.
    pub(super) fn free(file: &File) -> io::Result<u64> {
        let disk = rustix::fs::fstatvfs(file)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

/// Elsewhere no scratch file is made.
#[cfg(not(unix))]
mod positioned {
    use std::fs::File;
    use std::io;

    pub(super) fn supported() -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "scratch files need a Unix system"))
    }

    pub(super) fn read(_: &File, _: &mut [u8], _: u64) -> io::Result<()> {
        supported()
    }

    pub(super) fn write(_: &File, _: &[u8], _: u64) -> io::Result<()> {
        supported()
    }

    pub(super) fn free(_: &File) -> io::Result<u64> {
        supported().map(|()| 0)
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn frame(bands: usize, height: usize, width: usize) -> Array3<f32> {
        let value = |(c, y, x)| f32::from_bits((c * 10_007 + y * 101 + x) as u32 * 65_537);
        Array3::from_shape_fn((bands, height, width), value)
    }

    fn bits(pixels: ArrayView3<f32>) -> Array3<u32> {
        pixels.mapv(f32::to_bits)
    }

    #[test]
    fn every_square_of_every_frame_comes_back_to_the_bit() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::create(&[folder.path().join("made/for it")], 5).unwrap();
        // Of one sample, of a whole number of strips, and with a strip of one and four columns.
        let frames = [(1, 5, 5), (3, 9, 10), (2, 7, 11), (3, 5, 14)];
        let frames = frames.map(|(bands, height, width)| frame(bands, height, width));
        let spilled = frames.each_ref().map(|frame| scratch.write(frame).unwrap().unwrap());
        scratch.settle().unwrap();
        assert_eq!(scratch.bytes(), frames.iter().map(super::super::cache::bytes).sum::<u64>());
        for (frame, spilled) in frames.iter().zip(&spilled) {
            let (_, height, width) = frame.dim();
            for (y, x) in (0..=height - 5).flat_map(|y| (0..=width - 5).map(move |x| (y, x))) {
                let expected = bits(frame.slice(s![.., y..y + 5, x..x + 5]));
                assert_eq!(bits(spilled.square((y, x)).unwrap().view()), expected, "{y}, {x}");
            }
        }
        let made = std::fs::read_dir(folder.path().join("made/for it")).unwrap();
        assert_eq!(made.count(), 0, "it has no name even while it is open");
    }

    #[test]
    fn threads_share_the_file() {
        let scratch = Scratch::create(&[std::env::temp_dir()], 8).unwrap();
        let frames: Vec<_> = (1..=3).map(|bands| frame(bands, 40, 37)).collect();
        std::thread::scope(|threads| {
            for frame in &frames {
                let scratch = &scratch;
                threads.spawn(move || {
                    for _ in 0..20 {
                        let spilled = scratch.write(frame).unwrap().unwrap();
                        let expected = bits(frame.slice(s![.., 30..38, 29..37]));
                        assert_eq!(bits(spilled.square((30, 29)).unwrap().view()), expected);
                    }
                });
            }
        });
        assert_eq!(scratch.bytes(), 20 * (1 + 2 + 3) * 40 * 37 * 4);
    }

    #[test]
    fn the_next_folder_is_taken_where_the_first_allows_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a file");
        std::fs::write(&file, "").unwrap();
        assert!(Scratch::create(&[file.clone(), folder.path().into()], 4).is_ok());
        let reason = Scratch::create(&[file.clone(), file.join("below")], 4).unwrap_err();
        assert!(reason.contains("a file: ") && reason.contains(", nor in "), "{reason}");
    }

    #[test]
    fn a_file_that_lost_its_end_is_an_error() {
        let scratch = Scratch::create(&[std::env::temp_dir()], 4).unwrap();
        let spilled = scratch.write(&frame(1, 8, 8)).unwrap().unwrap();
        spilled.file().set_len(8 * 8 * 4 - 1).unwrap();
        assert!(spilled.square((0, 0)).is_ok());
        assert!(spilled.square((4, 4)).is_err());
    }
}
