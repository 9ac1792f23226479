//! PNG, JPEG and TIFF files.
//!
//! Integer samples are scaled to unit range by the largest value of their type (8 bit by
//! 255, 16 bit by 65535); floating-point TIFF samples are taken as they are. An alpha
//! channel is dropped. Row 0 is the first row of the file, the top of the picture.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageEncoder, ImageError, ImageFormat, ImageReader};
use ndarray::{Array3, ArrayView1, ArrayView3};
use tiff::decoder::{Decoder, DecodingResult, Limits};

use crate::PreprocessError;
use crate::format::{Format, open_file};
use crate::whole::write_whole;

/// Memory that decoding one picture may take.
const MEMORY_LIMIT: usize = 2 << 30;

/// Reads a picture as `[C, H, W]`: one band for grey, three for colour, all bands of a
/// TIFF with more.
///
/// # Errors
/// `Io` if the file cannot be read, `Format` if it is not PNG, JPEG or TIFF, `Damaged` if
/// it cannot be decoded.
pub fn read(path: impl AsRef<Path>) -> Result<Array3<f32>, PreprocessError> {
    let path = path.as_ref();
    match format(path)? {
        Format::Tiff => read_tiff(path),
        format => read_picture(path, format),
    }
}

/// The shape `[C, H, W]` that [`read`] would return, from the file's header alone.
///
/// # Errors
/// As [`read`].
pub fn shape(path: impl AsRef<Path>) -> Result<[usize; 3], PreprocessError> {
    let path = path.as_ref();
    match format(path)? {
        Format::Tiff => open_tiff(path).map(|(_, layout)| layout.shape),
        format => {
            let decoder = open_picture(path, format)?
                .into_decoder()
                .map_err(|error| damaged(path, &error))?;
            let (width, height) = decoder.dimensions();
            let channels = if decoder.color_type().has_color() { 3 } else { 1 };
            Ok([channels, height as usize, width as usize])
        }
    }
}

/// Writes 8-bit pixels of shape `[H, W, 3]` (colour) or `[H, W, 1]` (grey) as PNG. The
/// file appears whole or not at all.
///
/// # Errors
/// `Shape` for an array of another shape, `Io` if the disk refuses.
pub fn write_png(path: impl AsRef<Path>, pixels: &Array3<u8>) -> Result<(), PreprocessError> {
    let (height, width, channels) = pixels.dim();
    let color = match channels {
        1 => image::ExtendedColorType::L8,
        3 => image::ExtendedColorType::Rgb8,
        _ => return Err(not_a_picture(pixels)),
    };
    let (Ok(rows), Ok(columns)) = (u32::try_from(height), u32::try_from(width)) else {
        return Err(not_a_picture(pixels));
    };
    if rows == 0 || columns == 0 {
        return Err(not_a_picture(pixels));
    }
    let bytes = pixels.as_standard_layout();
    let bytes = bytes.as_slice().ok_or_else(|| not_a_picture(pixels))?;
    write_whole(path.as_ref(), |file| {
        image::codecs::png::PngEncoder::new(file).write_image(bytes, columns, rows, color).map_err(
            |error| match error {
                ImageError::IoError(error) => error,
                other => std::io::Error::other(other),
            },
        )
    })
}

fn not_a_picture(pixels: &Array3<u8>) -> PreprocessError {
    PreprocessError::Shape {
        what: "picture".to_owned(),
        expected: "[H, W, 1] or [H, W, 3] with no length 0".to_owned(),
        got: format!("{:?}", pixels.shape()),
    }
}

/// The format of a picture, told by its content.
fn format(path: &Path) -> Result<Format, PreprocessError> {
    let start = crate::format::start(path)?;
    match Format::of(&start) {
        Some(format @ (Format::Png | Format::Jpeg | Format::Tiff)) => Ok(format),
        _ => Err(PreprocessError::Format {
            path: path.to_owned(),
            expected: "PNG, JPEG or TIFF",
            got: crate::format::describe(&start),
        }),
    }
}

fn open_picture(
    path: &Path,
    format: Format,
) -> Result<ImageReader<BufReader<File>>, PreprocessError> {
    let file = BufReader::new(open_file(path)?);
    let format = if format == Format::Png { ImageFormat::Png } else { ImageFormat::Jpeg };
    let mut reader = ImageReader::with_format(file, format);
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(MEMORY_LIMIT as u64);
    reader.limits(limits);
    Ok(reader)
}

fn read_picture(path: &Path, format: Format) -> Result<Array3<f32>, PreprocessError> {
    let image = open_picture(path, format)?.decode().map_err(|error| damaged(path, &error))?;
    let size = (image.height() as usize, image.width() as usize);
    let byte = |sample: u8| f32::from(sample) / 255.0;
    let word = |sample: u16| f32::from(sample) / 65535.0;
    Ok(match image {
        DynamicImage::ImageLuma8(image) => bands(&image, size, 1, 1, byte),
        DynamicImage::ImageLumaA8(image) => bands(&image, size, 2, 1, byte),
        DynamicImage::ImageRgb8(image) => bands(&image, size, 3, 3, byte),
        DynamicImage::ImageRgba8(image) => bands(&image, size, 4, 3, byte),
        DynamicImage::ImageLuma16(image) => bands(&image, size, 1, 1, word),
        DynamicImage::ImageLumaA16(image) => bands(&image, size, 2, 1, word),
        DynamicImage::ImageRgb16(image) => bands(&image, size, 3, 3, word),
        DynamicImage::ImageRgba16(image) => bands(&image, size, 4, 3, word),
        other => bands(&other.into_rgb32f(), size, 3, 3, |sample| sample),
    })
}

/// Interleaved samples `[H, W, stored]` as `[kept, H, W]`: the first `kept` of each pixel.
fn bands<T: Copy>(
    samples: &[T],
    (height, width): (usize, usize),
    stored: usize,
    kept: usize,
    convert: impl Fn(T) -> f32,
) -> Array3<f32> {
    let mut pixels = Array3::zeros((kept, height, width));
    for (band, mut plane) in pixels.outer_iter_mut().enumerate() {
        for (pixel, sample) in plane.iter_mut().zip(samples.iter().skip(band).step_by(stored)) {
            *pixel = convert(*sample);
        }
    }
    pixels
}

/// What a TIFF's header says about its samples.
struct TiffLayout {
    /// `[C, H, W]` without alpha.
    shape: [usize; 3],
    /// Samples of a pixel, alpha included.
    stored: usize,
}

fn open_tiff(path: &Path) -> Result<(Decoder<BufReader<File>>, TiffLayout), PreprocessError> {
    let file = BufReader::new(open_file(path)?);
    let fail = |error: tiff::TiffError| damaged(path, &error);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = MEMORY_LIMIT;
    limits.intermediate_buffer_size = MEMORY_LIMIT;
    let mut decoder = Decoder::new(file).map_err(fail)?.with_limits(limits);
    let (width, height) = decoder.dimensions().map_err(fail)?;
    let color = decoder.colortype().map_err(fail)?;
    let (stored, kept) = match color {
        tiff::ColorType::Gray(_) => (1, 1),
        tiff::ColorType::GrayA(_) => (2, 1),
        tiff::ColorType::RGB(_) => (3, 3),
        tiff::ColorType::RGBA(_) => (4, 3),
        tiff::ColorType::Multiband { num_samples, .. } => (num_samples.into(), num_samples.into()),
        _ => return Err(unsupported(path, color)),
    };
    if !matches!(color.bit_depth(), 8 | 16 | 32 | 64) {
        return Err(unsupported(path, color));
    }
    let shape = [kept, height as usize, width as usize];
    Ok((decoder, TiffLayout { shape, stored }))
}

fn read_tiff(path: &Path) -> Result<Array3<f32>, PreprocessError> {
    let (mut decoder, layout) = open_tiff(path)?;
    let mut samples = DecodingResult::U8(Vec::new());
    let planes =
        decoder.read_image_to_buffer(&mut samples).map_err(|error| damaged(path, &error))?.planes;
    let convert = Convert { path, layout, planar: planes > 1 };
    match samples {
        DecodingResult::U8(samples) => convert.run(&samples, |sample| f32::from(sample) / 255.0),
        DecodingResult::U16(samples) => convert.run(&samples, |sample| f32::from(sample) / 65535.0),
        DecodingResult::U32(samples) => {
            convert.run(&samples, |sample| (f64::from(sample) / f64::from(u32::MAX)) as f32)
        }
        DecodingResult::F16(samples) => convert.run(&samples, |sample| sample.to_f32()),
        DecodingResult::F32(samples) => convert.run(&samples, |sample| sample),
        DecodingResult::F64(samples) => convert.run(&samples, |sample| sample as f32),
        _ => Err(PreprocessError::Damaged {
            path: path.to_owned(),
            reason: "expected unsigned or floating-point samples; save it in 16 bits or as float"
                .to_owned(),
        }),
    }
}

struct Convert<'a> {
    path: &'a Path,
    layout: TiffLayout,
    planar: bool,
}

impl Convert<'_> {
    fn run<T: Copy>(
        self,
        samples: &[T],
        convert: impl Fn(T) -> f32,
    ) -> Result<Array3<f32>, PreprocessError> {
        let TiffLayout { shape: [kept, height, width], stored } = self.layout;
        let short = || PreprocessError::Damaged {
            path: self.path.to_owned(),
            reason: format!(
                "expected {stored} samples for each of {height} x {width} pixels, got {}",
                samples.len()
            ),
        };
        if self.planar {
            let planes =
                ArrayView3::from_shape((stored, height, width), samples).map_err(|_| short())?;
            let kept = planes.slice_move(ndarray::s![..kept, .., ..]);
            return Ok(kept.mapv(convert));
        }
        ArrayView1::from_shape(stored * height * width, samples).map_err(|_| short())?;
        Ok(bands(samples, (height, width), stored, kept, convert))
    }
}

fn unsupported(path: &Path, color: tiff::ColorType) -> PreprocessError {
    PreprocessError::Damaged {
        path: path.to_owned(),
        reason: format!(
            "expected grey, RGB or multi-band samples of 8, 16, 32 or 64 bits, got {color:?}; \
             save it in one of these"
        ),
    }
}

fn damaged(path: &Path, error: &dyn std::error::Error) -> PreprocessError {
    PreprocessError::Damaged {
        path: path.to_owned(),
        reason: format!("{error}; fetch or save the file again"),
    }
}
