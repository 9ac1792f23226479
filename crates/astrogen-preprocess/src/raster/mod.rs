//! PNG, JPEG and TIFF files.
//!
//! Integer samples are scaled to unit range by the largest value of their type (8 bit by
//! 255, 16 bit by 65535); floating-point TIFF samples are taken as they are. An alpha
//! channel is dropped. Row 0 is the first row of the file, the top of the picture.

mod end;
mod jpeg;
mod pages;
mod png;
mod tiff;

use std::path::Path;
use std::{
    fs,
    io::{self, BufWriter},
};

use image::{ImageEncoder, ImageError};
use ndarray::Array3;

use crate::PreprocessError;
use astrogen_fits::create_whole;
use astrogen_fits::format::{Format, OpenedFile, describe};

/// Memory that decoding one picture may take.
const MEMORY_LIMIT: u64 = 2 << 30;
/// What a picture may take for each byte of its file: Deflate spells 1032 bytes by one, of 8
/// pixels each, of 4 samples each.
const UNPACKED: u64 = 1032 * 8 * 4;
/// What it may take however small its file.
const LEAST: u64 = 1 << 20;

/// Reads a picture as `[C, H, W]`: one band for grey, three for colour, all bands of a
/// TIFF with more. Of a TIFF of several pages it is the first;
/// [`FrameOptions::page`](crate::FrameOptions::page) takes another.
///
/// # Errors
/// `Io` if the file cannot be read, `Format` if it is not PNG, JPEG or TIFF, `Damaged` if
/// it is cut off or cannot be decoded, `Unsupported` if it is of a kind that is not read here.
pub fn read(path: impl AsRef<Path>) -> Result<Array3<f32>, PreprocessError> {
    read_page(OpenedFile::open(path)?, 0).map(|(pixels, _)| pixels)
}

/// A page of a TIFF file, or a picture of another format, and how many pages there are.
pub(crate) fn read_page(
    opened: OpenedFile,
    page: usize,
) -> Result<(Array3<f32>, usize), PreprocessError> {
    let format = format(&opened)?;
    let OpenedFile { path, file, .. } = opened;
    match format {
        Format::Tiff => tiff::read(&path, file, page),
        Format::Jpeg => jpeg::read(&path, file).map(|pixels| (pixels, 1)),
        _ => png::read(&path, &file).map(|pixels| (pixels, 1)),
    }
}

/// The shape `[C, H, W]` that [`read`] would return, from the file's header alone.
///
/// # Errors
/// As [`read`].
pub fn shape(path: impl AsRef<Path>) -> Result<[usize; 3], PreprocessError> {
    shape_of_page(OpenedFile::open(path)?, 0)
}

/// The shape of what [`read_page`] would return.
pub(crate) fn shape_of_page(
    opened: OpenedFile,
    page: usize,
) -> Result<[usize; 3], PreprocessError> {
    let format = format(&opened)?;
    let OpenedFile { path, file, .. } = opened;
    match format {
        Format::Tiff => tiff::shape(&path, file, page),
        Format::Jpeg => jpeg::shape(&path, file),
        _ => png::shape(&path, &file),
    }
}

/// Writes 8-bit pixels of shape `[H, W, 3]` (colour) or `[H, W, 1]` (grey) as PNG. The
/// file appears whole or not at all.
///
/// # Errors
/// `Setting` for a name that does not end in `.png`, `Shape` for an array of another shape,
/// `Io` if the disk refuses.
pub fn write_png(path: impl AsRef<Path>, pixels: &Array3<u8>) -> Result<(), PreprocessError> {
    let path = path.as_ref();
    if !path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("png")) {
        return Err(PreprocessError::Setting {
            name: "picture to write",
            rule: "a name that ends in .png",
            got: path.display().to_string(),
        });
    }
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
    let write = || -> io::Result<()> {
        let mut file = BufWriter::new(create_whole(path)?);
        let encoded = image::codecs::png::PngEncoder::new(&mut file);
        encoded.write_image(bytes, columns, rows, color).map_err(|error| match error {
            ImageError::IoError(error) => error,
            other => io::Error::other(other),
        })?;
        file.into_inner()?.commit()
    };
    write().map_err(|source| PreprocessError::io("write", path, source))
}

fn not_a_picture(pixels: &Array3<u8>) -> PreprocessError {
    PreprocessError::Shape {
        what: "picture".to_owned(),
        expected: "[H, W, 1] or [H, W, 3] with no length 0".to_owned(),
        got: format!("{:?}", pixels.shape()),
    }
}

/// The format of a picture, told by its content.
fn format(opened: &OpenedFile) -> Result<Format, PreprocessError> {
    match opened.format() {
        Some(format @ (Format::Png | Format::Jpeg | Format::Tiff)) => Ok(format),
        _ => Err(PreprocessError::Format {
            path: opened.path.clone(),
            expected: "PNG, JPEG or TIFF",
            got: describe(&opened.start),
        }),
    }
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

/// A sample of 8 bits in unit range.
fn byte(sample: u8) -> f32 {
    f32::from(sample) / 255.0
}

/// The file of a picture ends before what its format ends with.
fn cut_off(path: &Path, end: &str) -> PreprocessError {
    damaged(path, &format!("it is cut off before the end of its picture (no {end})"))
}

fn damaged(path: &Path, reason: &dyn std::fmt::Display) -> PreprocessError {
    PreprocessError::Damaged {
        path: path.to_owned(),
        reason: format!("{reason}; fetch or save the file again"),
    }
}

fn unsupported(path: &Path, reason: impl Into<String>) -> PreprocessError {
    PreprocessError::Unsupported { path: path.to_owned(), reason: reason.into() }
}

/// An error of the system that a decoder passed on.
fn unreadable(path: &Path, error: &io::Error) -> PreprocessError {
    let same = error.raw_os_error().map(io::Error::from_raw_os_error);
    PreprocessError::io("read", path, same.unwrap_or_else(|| error.kind().into()))
}

/// The memory that decoding a file may take: no more than its length explains.
fn memory_limit(path: &Path) -> u64 {
    let length = fs::metadata(path).map_or(u64::MAX, |metadata| metadata.len());
    MEMORY_LIMIT.min(length.saturating_mul(UNPACKED).saturating_add(LEAST))
}

/// An error of a decoder's own limit, which is [`memory_limit`].
fn too_large(path: &Path) -> PreprocessError {
    if memory_limit(path) < MEMORY_LIMIT {
        return damaged(path, &"it claims more pixels than a file of its length can hold");
    }
    let limit = MEMORY_LIMIT >> 30;
    unsupported(
        path,
        format!("decoding it takes more than {limit} GiB; cut it into smaller pictures"),
    )
}
