//! From one file to the scaled pixels its samples are cut from.

use std::path::Path;

use astrogen_preprocess::cutout::cutout;
use astrogen_preprocess::frame::Access;
use astrogen_preprocess::{Frame, Interval, Pipeline, PreprocessError, Scaling};
use ndarray::{Array3, Axis};

use super::FolderConfig;
use crate::SkipReason;
use crate::shrink::{self, Shrink};
use crate::tile_sampler::Squares;

/// What is said of a picture that is clipped, and used.
const CLIPPED: &str = "values lie beyond what the interval of pictures holds, and are clipped: give an interval and \
                       a stretch, as for FITS files";

/// Decodes and scales files: a pure function of the settings and the file.
#[derive(Debug)]
pub(super) struct Decoder {
    pub(super) config: FolderConfig,
    /// For FITS files.
    pub(super) frames: Pipeline,
    /// For PNG, JPEG and TIFF files.
    pub(super) pictures: Pipeline,
}

/// One file, ready to cut samples from.
#[derive(Debug)]
pub(super) struct Decoded {
    /// `[C, H, W]` in signed range: the whole frame where it is tiled, else the sample. A
    /// single band stands for as many equal ones as a sample has.
    pub(super) pixels: Array3<f32>,
    /// Upper left corners (y, x) of the samples in `pixels`.
    pub(super) origins: Vec<(usize, usize)>,
    /// Squares dropped as blank or constant.
    pub(super) dropped: usize,
    /// Height and width of the frame in pixels.
    pub(super) size: [usize; 2],
    /// What led from physical to signed values, of each band of `pixels`.
    pub(super) scaling: Scaling,
    /// What has to be decoded to read one of the samples again.
    pub(super) access: Access,
    /// Whether it is a FITS file.
    pub(super) is_fits: bool,
    /// The unit of its pixels, `BUNIT`.
    pub(super) unit: Option<String>,
    /// What else the file has.
    pub(super) remark: Option<String>,
}

impl Decoder {
    pub(super) fn new(config: &FolderConfig) -> Result<Self, PreprocessError> {
        let frames = Pipeline::new(config.pipeline.clone())?;
        let pictures = match &config.pictures {
            Some(config) => Pipeline::new(config.clone())?,
            None => frames.clone(),
        };
        Ok(Self { config: config.clone(), frames, pictures })
    }

    /// Reads `path`, converts its bands, then scales the whole frame and takes the samples; a square
    /// that is larger than a sample is shrunk before it is scaled, or after as settings from before
    /// would have it ([`Shrink`]).
    pub(super) fn decode(&self, path: &Path) -> Result<Decoded, SkipReason> {
        let FolderConfig { image_size: size, channels, tiling, .. } = self.config;
        let frame = Frame::open(path, &self.config.frame).map_err(SkipReason::Unreadable)?;
        let (_, height, width) = frame.pixels.dim();
        let is_fits = !frame.header.is_empty();
        let Some(mut squares) = tiling.squares(height, width, size, is_fits) else {
            return Err(SkipReason::TooSmall { height, width, size });
        };
        let physical = convert_bands(frame.pixels, channels)?;
        let pipeline = if is_fits { &self.frames } else { &self.pictures };
        // A sample that is made of a larger square needs all of it.
        let access = if squares.side > size { Access::Whole } else { frame.access };
        let as_picture = !is_fits && self.config.pictures.is_some();
        let clipped = as_picture.then(|| clipped(&physical, pipeline)).flatten();
        let mut dropped = if squares.side > size { squares.drop_blank(&physical) } else { 0 };
        let small = self.shrunk(&physical, &squares, pipeline)?;
        let prepared = pipeline.apply(small.as_ref().unwrap_or(&physical));
        let mut prepared = prepared.map_err(SkipReason::Unreadable)?;
        dropped += squares.drop_blank(&physical);
        if small.is_some() {
            squares = squares.shrunk(size);
        }
        dropped += squares.drop_flat(&prepared.pixels);
        let Some(&first) = squares.origins.first() else {
            return Err(match clipped {
                Some([low, high]) => SkipReason::Clipped { low, high },
                None => SkipReason::Blank { dropped },
            });
        };
        if squares.side > size {
            let square = square_of(&prepared.pixels, first, squares.side);
            let sample = square.and_then(|square| shrink::stretched(&square, size));
            prepared.pixels = sample.map_err(SkipReason::Unreadable)?;
            squares = squares.shrunk(size);
        }
        Ok(Decoded {
            pixels: prepared.pixels,
            origins: squares.origins,
            dropped,
            size: [height, width],
            scaling: prepared.scaling,
            access,
            is_fits,
            unit: frame.header.get("BUNIT"),
            remark: match (frame.remark, clipped) {
                (Some(remark), Some(_)) => Some(format!("{remark}; {CLIPPED}")),
                (remark, clipped) => remark.or_else(|| clipped.map(|_| CLIPPED.to_owned())),
            },
        })
    }

    /// The sample of a frame in physical units that is scaled after it is shrunk; none where it is not.
    fn shrunk(
        &self,
        physical: &Array3<f32>,
        squares: &Squares,
        pipeline: &Pipeline,
    ) -> Result<Option<Array3<f32>>, SkipReason> {
        let FolderConfig { image_size: size, shrink, .. } = self.config;
        if squares.side == size || shrink == Shrink::Stretched {
            return Ok(None);
        }
        let Some(&first) = squares.origins.first() else {
            return Err(SkipReason::Blank { dropped: 1 });
        };
        let square = square_of(physical, first, squares.side);
        let sample =
            square.and_then(|square| shrink::in_light(&square, size, &pipeline.config().mask));
        sample.map(Some).map_err(SkipReason::Unreadable)
    }

    /// What is scaled, in physical units: a sample, or the whole frame where that is scaled before a
    /// sample is made of it; and whether it is a FITS file.
    pub(super) fn physical(
        &self,
        path: &Path,
        (y, x): (usize, usize),
        access: Access,
    ) -> Result<(Array3<f32>, bool), SkipReason> {
        let FolderConfig { image_size: size, channels, tiling, frame: options, .. } = &self.config;
        let frame = match access {
            Access::Whole => Frame::open(path, options),
            _ => Frame::open_region(path, options, y, x, *size, *size),
        };
        let frame = frame.map_err(SkipReason::Unreadable)?;
        let is_fits = access != Access::Whole || !frame.header.is_empty();
        let physical = convert_bands(frame.pixels, *channels)?;
        let (_, height, width) = physical.dim();
        let small = match tiling.squares(height, width, *size, is_fits) {
            Some(squares) if access == Access::Whole => {
                let pipeline = if is_fits { &self.frames } else { &self.pictures };
                self.shrunk(&physical, &squares, pipeline)?
            }
            _ => None,
        };
        Ok((small.unwrap_or(physical), is_fits))
    }

    /// Reads only the square at (y, x) of the FITS file `path` and scales it by what was
    /// measured on the whole frame: `[C, size, size]`, to the bit what is cut from that.
    pub(super) fn region(
        &self,
        path: &Path,
        (y, x): (usize, usize),
        scaling: &Scaling,
    ) -> Result<Array3<f32>, SkipReason> {
        let FolderConfig { image_size: size, channels, frame: options, .. } = &self.config;
        let square = Frame::open_region(path, options, y, x, *size, *size);
        let physical = convert_bands(square.map_err(SkipReason::Unreadable)?.pixels, *channels)?;
        self.frames.apply_with(&physical, scaling).map_err(SkipReason::Unreadable)
    }
}

/// The square of `side` pixels whose first is `(y, x)`.
fn square_of(
    frame: &Array3<f32>,
    (y, x): (usize, usize),
    side: usize,
) -> Result<Array3<f32>, PreprocessError> {
    cutout(&frame.view(), y, x, side, side)
}

/// The least and the largest value of a picture that a fixed interval cuts off a hundredth of or more.
fn clipped(physical: &Array3<f32>, pipeline: &Pipeline) -> Option<[f32; 2]> {
    let Interval::Manual { vmin: Some(low), vmax: Some(high) } = pipeline.config().interval else {
        return None;
    };
    let is_beyond = |&&value: &&f32| !(low..=high).contains(&f64::from(value));
    let finite = || physical.iter().filter(|value| value.is_finite());
    let beyond = finite().filter(is_beyond).count();
    let extremes = finite()
        .fold([f32::MAX, f32::MIN], |[low, high], &value| [low.min(value), high.max(value)]);
    (beyond > 0 && 100 * beyond >= physical.len()).then_some(extremes)
}

/// Physical pixels `[C, H, W]` that `channels` bands can be made of: as many bands, the
/// mean of three (blank where one of them is), or one band that stands for three.
fn convert_bands(pixels: Array3<f32>, channels: usize) -> Result<Array3<f32>, SkipReason> {
    match (pixels.len_of(Axis(0)), channels) {
        (got, expected) if got == expected => Ok(pixels),
        (1, 3) => Ok(pixels),
        (3, 1) => Ok(pixels.mean_axis(Axis(0)).map_or(pixels, |mean| mean.insert_axis(Axis(0)))),
        (got, expected) => Err(SkipReason::Bands { expected, got }),
    }
}

/// The scaling of `channels` bands where a single one may stand for them.
pub(super) fn repeat_bands(scaling: &Scaling, channels: usize) -> Scaling {
    let times = channels / scaling.limits.len().max(1);
    Scaling {
        background: scaling.background.repeat(times),
        limits: scaling.limits.repeat(times),
        equalization: vec![&scaling.equalization[..]; times].concat(),
        fill: scaling.fill.repeat(times),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn bands_are_kept_averaged_or_refused() {
        let three = Array3::from_shape_fn((3, 2, 2), |(c, y, x)| (c * 3 + y * 2 + x) as f32);
        let one = three.select(Axis(0), &[1]);
        assert_eq!(convert_bands(three.clone(), 3).unwrap(), three);
        assert_eq!(convert_bands(three.clone(), 1).unwrap(), one); // 0, 3, 6: the mean is the second
        assert_eq!(convert_bands(one.clone(), 3).unwrap(), one);

        let mut blank = three.clone();
        blank[[2, 0, 1]] = f32::NAN;
        let mean = convert_bands(blank, 1).unwrap();
        assert!(mean[[0, 0, 1]].is_nan() && mean[[0, 0, 0]] == 3.0);

        for (got, expected) in [(1, 2), (3, 2), (53, 3), (53, 1), (2, 3), (4, 3), (3, 4)] {
            let message =
                convert_bands(Array3::zeros((got, 2, 2)), expected).unwrap_err().to_string();
            assert!(message.starts_with(&format!("has {got} bands where {expected}")), "{message}");
        }
    }
}
