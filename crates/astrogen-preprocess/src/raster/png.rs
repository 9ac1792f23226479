//! PNG files.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};
use ndarray::Array3;

use super::{bands, byte, cut_off, damaged, end, memory_limit, too_large, unreadable, unsupported};
use crate::PreprocessError;
use astrogen_fits::format::open_file;

pub(super) fn read(path: &Path) -> Result<Array3<f32>, PreprocessError> {
    check(path)?;
    let image = open(path)?.decode().map_err(|error| refuse(path, &error))?;
    let size = (image.height() as usize, image.width() as usize);
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

pub(super) fn shape(path: &Path) -> Result<[usize; 3], PreprocessError> {
    let decoder = open(path)?
        .into_decoder()
        .map_err(|error| check(path).err().unwrap_or_else(|| refuse(path, &error)))?;
    let (width, height) = decoder.dimensions();
    let channels = if decoder.color_type().has_color() { 3 } else { 1 };
    Ok([channels, height as usize, width as usize])
}

fn open(path: &Path) -> Result<ImageReader<BufReader<File>>, PreprocessError> {
    let file = BufReader::new(open_file(path)?);
    let mut reader = ImageReader::with_format(file, ImageFormat::Png);
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(memory_limit(path));
    reader.limits(limits);
    Ok(reader)
}

/// Fails where the file is cut off, which the decoder does not always say.
fn check(path: &Path) -> Result<(), PreprocessError> {
    let mut file = BufReader::new(open_file(path)?);
    match end::of_png(&mut file) {
        Ok(true) => Ok(()),
        Ok(false) => Err(cut_off(path, "IEND")),
        Err(source) => Err(PreprocessError::io("read", path, source)),
    }
}

fn refuse(path: &Path, error: &ImageError) -> PreprocessError {
    match error {
        ImageError::IoError(error) if error.raw_os_error().is_some() => unreadable(path, error),
        ImageError::Limits(_) => too_large(path),
        ImageError::Unsupported(_) => unsupported(path, format!("{error}; save it as TIFF")),
        _ => damaged(path, error),
    }
}
