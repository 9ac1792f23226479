//! TIFF files.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use ndarray::{Array3, ArrayView1, ArrayView3};
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::{CompressionMethod, Tag};
use tiff::{ColorType, TiffError};

use super::{bands, damaged, end, memory_limit, pages, too_large, unreadable, unsupported};
use crate::PreprocessError;

/// What the header of a page says about its samples.
struct Layout {
    /// `[C, H, W]` without alpha.
    shape: [usize; 3],
    /// Samples of a pixel, alpha included.
    stored: usize,
    /// Pages of the file.
    pages: usize,
}

type TiffFile = Decoder<BufReader<File>>;

pub(super) fn shape(path: &Path, file: File, page: usize) -> Result<[usize; 3], PreprocessError> {
    open(path, file, page).map(|(_, layout)| layout.shape)
}

/// Reads a page, and counts how many there are.
pub(super) fn read(
    path: &Path,
    file: File,
    page: usize,
) -> Result<(Array3<f32>, usize), PreprocessError> {
    let (mut file, layout) = open(path, file, page)?;
    let pages = layout.pages;
    check_pieces(path, &mut file)?;
    let mut samples = DecodingResult::U8(Vec::new());
    let planes =
        file.read_image_to_buffer(&mut samples).map_err(|error| refuse(path, &error))?.planes;
    let convert = Convert { path, layout, planar: planes > 1 };
    let pixels = match samples {
        DecodingResult::U8(samples) => convert.run(&samples, |sample| f32::from(sample) / 255.0),
        DecodingResult::U16(samples) => convert.run(&samples, |sample| f32::from(sample) / 65535.0),
        DecodingResult::U32(samples) => {
            convert.run(&samples, |sample| (f64::from(sample) / f64::from(u32::MAX)) as f32)
        }
        DecodingResult::F16(samples) => convert.run(&samples, |sample| sample.to_f32()),
        DecodingResult::F32(samples) => convert.run(&samples, |sample| sample),
        DecodingResult::F64(samples) => convert.run(&samples, |sample| sample as f32),
        _ => Err(unsupported(
            path,
            "expected unsigned or floating-point samples; save it in 16 bits or as float",
        )),
    };
    pixels.map(|pixels| (pixels, pages))
}

fn open(path: &Path, file: File, page: usize) -> Result<(TiffFile, Layout), PreprocessError> {
    let mut file = BufReader::new(file);
    let pages = pages::count(&mut file)
        .map_err(|error| unreadable(path, &error))?
        .map_err(|reason| damaged(path, &reason))?;
    file.rewind().map_err(|error| unreadable(path, &error))?;
    let fail = |error: TiffError| refuse(path, &error);
    let limit = memory_limit(path) as usize;
    let mut limits = Limits::default();
    limits.decoding_buffer_size = limit;
    limits.intermediate_buffer_size = limit;
    let mut file = Decoder::new(file).map_err(fail)?.with_limits(limits);
    if page >= pages {
        let path = path.to_owned();
        let reason = format!("no page {page} (from 0); the file has {pages}");
        return Err(PreprocessError::Hdu { path, reason });
    }
    if page > 0 {
        file.seek_to_image(page).map_err(fail)?;
    }
    let (width, height) = file.dimensions().map_err(fail)?;
    let color = file.colortype().map_err(fail)?;
    let samples = match color {
        ColorType::Gray(_) => Some((1, 1)),
        ColorType::GrayA(_) => Some((2, 1)),
        ColorType::RGB(_) => Some((3, 3)),
        ColorType::RGBA(_) => Some((4, 3)),
        ColorType::Multiband { num_samples, .. } => Some((num_samples.into(), num_samples.into())),
        _ => None,
    };
    match samples.filter(|_| matches!(color.bit_depth(), 8 | 16 | 32 | 64)) {
        Some((stored, kept)) => {
            let shape = [kept, height as usize, width as usize];
            Ok((file, Layout { shape, stored, pages }))
        }
        None => Err(unsupported(
            path,
            format!(
                "expected grey, RGB or multi-band samples of 8, 16, 32 or 64 bits, got {color:?}; \
                 save it in one of these"
            ),
        )),
    }
}

/// Fails unless the file holds every strip or tile of the page, each whole: the decoder
/// fills what is missing of one that is packed by JPEG with grey.
fn check_pieces(path: &Path, file: &mut TiffFile) -> Result<(), PreprocessError> {
    let fail = |source| PreprocessError::io("read", path, source);
    let mut numbers = |tag| file.find_tag_unsigned_vec(tag).map_err(|error| refuse(path, &error));
    let (piece, offsets, lengths): (_, Option<Vec<u64>>, Option<Vec<u64>>) =
        match numbers(Tag::TileOffsets)? {
            Some(offsets) => ("tile", Some(offsets), numbers(Tag::TileByteCounts)?),
            None => ("strip", numbers(Tag::StripOffsets)?, numbers(Tag::StripByteCounts)?),
        };
    let method = numbers(Tag::Compression)?.and_then(|method| method.first().copied());
    let is_jpeg = method == Some(CompressionMethod::ModernJPEG.to_u16().into());
    // Where one is missing the decoder says so.
    let (offsets, lengths) = (offsets.unwrap_or_default(), lengths.unwrap_or_default());
    let file = file.inner();
    let held = file.seek(SeekFrom::End(0)).map_err(fail)?;
    for (number, (offset, length)) in offsets.into_iter().zip(lengths).enumerate() {
        let end = offset.saturating_add(length);
        if end > held {
            let reason = format!("its {piece} {number} needs {end} bytes, the file holds {held}");
            return Err(damaged(path, &reason));
        }
        if is_jpeg {
            file.seek(SeekFrom::Start(offset)).map_err(fail)?;
            let mut stream = Vec::new();
            file.take(length).read_to_end(&mut stream).map_err(fail)?;
            if !end::of_jpeg(&mut BufReader::new(Cursor::new(stream))).map_err(fail)?.whole {
                let reason = format!("its {piece} {number} is cut off before its end (no EOI)");
                return Err(damaged(path, &reason));
            }
        }
    }
    Ok(())
}

fn refuse(path: &Path, error: &TiffError) -> PreprocessError {
    match error {
        TiffError::IoError(error) if error.raw_os_error().is_some() => unreadable(path, error),
        TiffError::LimitsExceeded => too_large(path),
        TiffError::UnsupportedError(_) => {
            unsupported(path, format!("{error}; save it uncompressed or packed by LZW or Deflate"))
        }
        _ => damaged(path, error),
    }
}

struct Convert<'a> {
    path: &'a Path,
    layout: Layout,
    planar: bool,
}

impl Convert<'_> {
    fn run<T: Copy>(
        self,
        samples: &[T],
        convert: impl Fn(T) -> f32,
    ) -> Result<Array3<f32>, PreprocessError> {
        let Layout { shape: [kept, height, width], stored, .. } = self.layout;
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
