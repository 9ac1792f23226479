//! PNG and JPEG files.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};
use ndarray::Array3;

use super::{bands, damaged, end, memory_limit, too_large, unreadable, unsupported};
use crate::PreprocessError;
use crate::format::{Format, open_file};

pub(super) fn read(path: &Path, format: Format) -> Result<Array3<f32>, PreprocessError> {
    check(path, format)?;
    let image = open(path, format)?.decode().map_err(|error| refuse(path, &error))?;
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

pub(super) fn shape(path: &Path, format: Format) -> Result<[usize; 3], PreprocessError> {
    let decoder = open(path, format)?
        .into_decoder()
        .map_err(|error| check(path, format).err().unwrap_or_else(|| refuse(path, &error)))?;
    let (width, height) = decoder.dimensions();
    let channels = if decoder.color_type().has_color() { 3 } else { 1 };
    Ok([channels, height as usize, width as usize])
}

fn open(path: &Path, format: Format) -> Result<ImageReader<BufReader<File>>, PreprocessError> {
    let file = BufReader::new(open_file(path)?);
    let format = if format == Format::Png { ImageFormat::Png } else { ImageFormat::Jpeg };
    let mut reader = ImageReader::with_format(file, format);
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(memory_limit(path));
    reader.limits(limits);
    Ok(reader)
}

/// Fails where the file is cut off or of another coding than the decoder knows, neither of
/// which it always says.
fn check(path: &Path, format: Format) -> Result<(), PreprocessError> {
    let mut file = BufReader::new(open_file(path)?);
    let (walked, end) = match format {
        Format::Png => (end::of_png(&mut file).map(|whole| (whole, None)), "IEND"),
        _ => (end::of_jpeg(&mut file).map(|jpeg| (jpeg.whole, jpeg.coding)), "EOI"),
    };
    let (whole, coding) = walked.map_err(|source| PreprocessError::io("read", path, source))?;
    match coding {
        None | Some((0..=2, 8)) => {}
        Some((coding, bits)) => {
            return Err(unsupported(
                path,
                format!(
                    "expected a baseline or progressive JPEG of 8 bits, got coding SOF{coding} of \
                     {bits} bits; save it as PNG or TIFF"
                ),
            ));
        }
    }
    if whole {
        return Ok(());
    }
    Err(damaged(path, &format!("it is cut off before the end of its picture (no {end})")))
}

fn refuse(path: &Path, error: &ImageError) -> PreprocessError {
    match error {
        ImageError::IoError(error) if error.raw_os_error().is_some() => unreadable(path, error),
        ImageError::Limits(_) => too_large(path),
        ImageError::Unsupported(_) => unsupported(
            path,
            format!("{error}; save it as PNG, baseline or progressive JPEG, or TIFF"),
        ),
        _ => damaged(path, error),
    }
}
