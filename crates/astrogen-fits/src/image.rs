//! Pixels out of a FITS image, plain or tile-compressed, whole or in part.

use std::io;
use std::ops::Range;

use ndarray::Array3;

use super::FitsFile;
use super::handle::{Handle, can_name};
use super::hdu::HduKind;
use super::pixel::Pixel;
use super::plain;
use super::select::Planes;
use super::source::BLOCK;
use super::tiles;
use crate::FitsError;

impl FitsFile {
    /// Reads an image as `[C, H, W]` in physical units, row 0 the first of the file (the
    /// lowest on the sky as usually shown), one band a chosen plane.
    ///
    /// `T` is `f32` or `f64`; numbers beyond single precision are infinite as `f32`. Infinities that
    /// are stored survive in floating-point images that are not compressed, or by GZIP as they are;
    /// where pixels are quantized, or were to be, they become NaN.
    ///
    /// # Errors
    /// `Hdu` if the HDU holds no image, `Shape` for planes that it lacks, `Truncated` or
    /// `Damaged` if the file is, `TooLarge` for a compressed image over the limit, or in a file over it
    /// that cannot be unpacked where it is: one that does not end on a block, or whose name is no text.
    pub fn read<T: Pixel>(&mut self, hdu: usize, planes: &Planes) -> Result<Array3<T>, FitsError> {
        let [_, height, width] = self.shape(hdu)?;
        self.read_region(hdu, planes, 0, 0, height, width)
    }

    /// Reads rows `y0..y0 + height` and columns `x0..x0 + width` of an image as
    /// `[C, height, width]` without reading the rest of the frame.
    ///
    /// # Errors
    /// As [`FitsFile::read`], and `Shape` for a region that is empty or reaches outside.
    pub fn read_region<T: Pixel>(
        &mut self,
        hdu: usize,
        planes: &Planes,
        y0: usize,
        x0: usize,
        height: usize,
        width: usize,
    ) -> Result<Array3<T>, FitsError> {
        let [depth, rows, columns] = self.shape(hdu)?;
        let planes = planes.of(depth)?;
        check_region([y0, x0, height, width], [rows, columns])?;
        let shape = [planes.len(), height, width];
        let region = [planes, y0..y0 + height, x0..x0 + width];
        self.check_claim::<T>(hdu, shape)?;
        let pixels = if self.hdus[hdu].kind == HduKind::CompressedImage {
            self.unpack(hdu, region, shape)?
        } else {
            let mut pixels = self.allocate(shape)?;
            plain::read(&self.hdus[hdu], &mut self.source, region, &mut pixels)?;
            pixels
        };
        Array3::from_shape_vec(shape, pixels)
            .map_err(|error| self.source.damaged(error.to_string()))
    }

    /// The shape of an image as `[planes, height, width]`.
    ///
    /// # Errors
    /// `Hdu` for an HDU that is not there or holds no image.
    pub fn shape(&self, hdu: usize) -> Result<[usize; 3], FitsError> {
        match self.hdus().get(hdu) {
            Some(hdu) => hdu.shape().map_err(|reason| self.refuse(reason)),
            None => Err(self.refuse(format!("no HDU {hdu}"))),
        }
    }

    /// Fails if pixels are claimed that the file does not hold or the limit does not allow.
    fn check_claim<T: Pixel>(&self, hdu: usize, shape: [usize; 3]) -> Result<(), FitsError> {
        let described = &self.hdus()[hdu];
        described.check_extent(&self.source)?;
        let claimed = count(shape) * size_of::<T>() as u128;
        let limit = self.source.limit;
        if described.kind == HduKind::CompressedImage && claimed > u128::from(limit) {
            let path = self.source.path.clone();
            let what = format!("the {} in HDU {hdu}", described.kind);
            return Err(FitsError::TooLarge { path, what, claimed, limit });
        }
        Ok(())
    }

    /// Room for pixels, not filled.
    fn allocate<T: Pixel>(&self, shape: [usize; 3]) -> Result<Vec<T>, FitsError> {
        let mut pixels = Vec::new();
        usize::try_from(count(shape))
            .ok()
            .and_then(|count| pixels.try_reserve_exact(count).ok())
            .ok_or_else(|| {
            let reason = io::ErrorKind::OutOfMemory.into();
            FitsError::io("read", &self.source.path, reason)
        })?;
        Ok(pixels)
    }

    /// Reads a compressed image through cfitsio, which sees the image only once it is known to
    /// be sound; there is no room for its pixels before.
    fn unpack<T: Pixel>(
        &mut self,
        hdu: usize,
        [planes, rows, columns]: [Range<usize>; 3],
        shape: [usize; 3],
    ) -> Result<Vec<T>, FitsError> {
        // Beyond the first two axes only one is longer than 1, that of the planes.
        let deep = self.hdus[hdu].axes.iter().skip(2);
        let deep = deep.map(|&length| if length == 1 { 0..1 } else { planes.clone() });
        let ranges: Vec<Range<usize>> = [columns, rows].into_iter().chain(deep).collect();
        let lossless = self.check_tiles(hdu, &ranges)?;
        let mut pixels = self.allocate(shape)?;
        pixels.resize(shape.iter().product(), T::default());
        let FitsFile { handle, source, hdus, .. } = self;
        let hdu = &hdus[hdu];
        let handle = match handle {
            Some(handle) => handle,
            None => {
                // cfitsio wants whole blocks and UTF-8 names; a file without is loaded.
                if !source.len.is_multiple_of(BLOCK as u64) || !can_name(&source.path) {
                    source.load()?;
                }
                handle.insert(Handle::open(source)?)
            }
        };
        handle
            .select(hdu, lossless)
            .and_then(|()| handle.read(&ranges, &mut pixels))
            .map_err(|reason| source.damaged(format!("HDU {}: {reason}", hdu.index)))?;
        Ok(pixels)
    }

    /// Checks what cfitsio will read of a compressed image, and of the HDUs that it passes on
    /// the way there. Says whether the pixels are floating-point numbers that were not quantized.
    fn check_tiles(&mut self, hdu: usize, ranges: &[Range<usize>]) -> Result<bool, FitsError> {
        let FitsFile { source, hdus, sound, .. } = self;
        let (passed, hdu) = (&hdus[..hdu], &hdus[hdu]);
        let Some(table) = &hdu.table else {
            return Ok(false);
        };
        let tiling = match sound.take() {
            Some((index, tiling)) if index == hdu.index => tiling,
            _ => {
                passed.iter().try_for_each(|hdu| tiles::check_header(hdu, source))?;
                tiles::check(hdu, table, source)?
            }
        };
        tiling.check_streams(hdu, source, ranges)?;
        let lossless = tiling.lossless;
        *sound = Some((hdu.index, tiling));
        Ok(lossless)
    }
}

fn count(shape: [usize; 3]) -> u128 {
    shape.iter().map(|&length| length as u128).product()
}

/// Fails unless a region `[y0, x0, height, width]` is inside an image `[rows, columns]`.
pub fn check_region(
    [y0, x0, height, width]: [usize; 4],
    [rows, columns]: [usize; 2],
) -> Result<(), FitsError> {
    let inside = |start: usize, length: usize, end: usize| {
        length > 0 && start.checked_add(length).is_some_and(|last| last <= end)
    };
    if inside(y0, height, rows) && inside(x0, width, columns) {
        return Ok(());
    }
    Err(FitsError::Shape {
        what: "region".to_owned(),
        expected: format!("at least one pixel inside {rows} rows and {columns} columns"),
        got: format!("{height} rows from {y0} and {width} columns from {x0}"),
    })
}
