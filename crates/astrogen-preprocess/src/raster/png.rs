//! PNG files.

use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};
use ndarray::Array3;

use super::{bands, byte, cut_off, damaged, end, memory_limit, too_large, unreadable, unsupported};
use crate::PreprocessError;

pub(super) fn read(path: &Path, file: &File) -> Result<Array3<f32>, PreprocessError> {
    check(path, file)?;
    let image = open(path, file)?.decode().map_err(|error| refuse(path, &error))?;
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

pub(super) fn shape(path: &Path, file: &File) -> Result<[usize; 3], PreprocessError> {
    let decoder = open(path, file)?
        .into_decoder()
        .map_err(|error| check(path, file).err().unwrap_or_else(|| refuse(path, &error)))?;
    let (width, height) = decoder.dimensions();
    let channels = if decoder.color_type().has_color() { 3 } else { 1 };
    Ok([channels, height as usize, width as usize])
}

fn open<'a>(
    path: &Path,
    file: &'a File,
) -> Result<ImageReader<BufReader<&'a File>>, PreprocessError> {
    let mut reader = ImageReader::with_format(from_start(path, file)?, ImageFormat::Png);
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(memory_limit(path));
    reader.limits(limits);
    Ok(reader)
}

/// Fails where the file is cut off, which the decoder does not always say.
fn check(path: &Path, file: &File) -> Result<(), PreprocessError> {
    match end::of_png(&mut from_start(path, file)?) {
        Ok(true) => Ok(()),
        Ok(false) => Err(cut_off(path, "IEND")),
        Err(source) => Err(PreprocessError::io("read", path, source)),
    }
}

fn from_start<'a>(path: &Path, file: &'a File) -> Result<BufReader<&'a File>, PreprocessError> {
    let mut file = BufReader::new(file);
    file.rewind().map_err(|error| unreadable(path, &error))?;
    Ok(file)
}

fn refuse(path: &Path, error: &ImageError) -> PreprocessError {
    match error {
        ImageError::IoError(error) if error.raw_os_error().is_some() => unreadable(path, error),
        ImageError::Limits(_) => too_large(path),
        ImageError::Unsupported(_) => unsupported(path, format!("{error}; save it as TIFF")),
        _ => damaged(path, error),
    }
}
