//! JPEG files.
//!
//! Headers are read leniently, as many programs write them, and the coded pixels strictly: where
//! some lack, which decoders fill with grey, the file is refused. (Damage that decodes to as many
//! other pixels cannot be seen, and a restart interval that lacks some is not looked for.)

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use ndarray::Array3;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::{bands, byte, cut_off, damaged, end, memory_limit, too_large, unreadable, unsupported};
use crate::PreprocessError;

pub(super) fn read(path: &Path, file: File) -> Result<Array3<f32>, PreprocessError> {
    let bytes = bytes(path, file)?;
    let scans = check(path, &bytes)?;
    let Headers { mut decoder, size, colours } = headers(path, &bytes)?;
    let samples = size.0 as u64 * size.1 as u64 * colours.num_components() as u64;
    if samples > memory_limit(path) {
        return Err(too_large(path));
    }
    decoder.set_options(decoder.options().set_strict_mode(true));
    let pixels = decoder.decode().map_err(|error| refuse(path, &error))?;
    // The first scan for itself: the decoder does not bear more behind that of a progressive file.
    let (first, later) = scans.split_at(1.min(scans.len()));
    for scans in [first, later].into_iter().filter(|scans| !scans.is_empty()) {
        let more = more_behind(&bytes, scans);
        if headers(path, &more)?.decoder.decode().is_ok_and(|others| others != pixels) {
            return Err(damaged(path, &"its coded pixels end before those of its size"));
        }
    }
    Ok(bands(&pixels, size, colours.num_components(), kept(colours), byte))
}

/// The file with more coded data at the end of these scans. Where all pixels are coded that
/// changes none; where some lack, which a decoder does not say, it takes them from there.
fn more_behind(bytes: &[u8], scans: &[u64]) -> Vec<u8> {
    const MORE: [u8; 4] = [0x55; 4];
    let mut more = Vec::with_capacity(bytes.len() + MORE.len() * scans.len());
    let mut start = 0;
    for end in scans.iter().map(|&scan| scan as usize) {
        more.extend_from_slice(&bytes[start..end]);
        more.extend_from_slice(&MORE);
        start = end;
    }
    more.extend_from_slice(&bytes[start..]);
    more
}

pub(super) fn shape(path: &Path, file: File) -> Result<[usize; 3], PreprocessError> {
    let bytes = bytes(path, file)?;
    match headers(path, &bytes) {
        Ok(Headers { size: (height, width), colours, .. }) => Ok([kept(colours), height, width]),
        Err(error) => Err(check(path, &bytes).err().unwrap_or(error)),
    }
}

/// A decoder behind the headers, the height and width, and the colours that it decodes to.
struct Headers<'a> {
    decoder: JpegDecoder<ZCursor<&'a [u8]>>,
    size: (usize, usize),
    colours: ColorSpace,
}

fn headers<'a>(path: &Path, bytes: &'a [u8]) -> Result<Headers<'a>, PreprocessError> {
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| refuse(path, &error))?;
    let (Some((width, height)), Some(stored)) = (decoder.dimensions(), decoder.input_colorspace())
    else {
        return Err(damaged(path, &"its headers say no size"));
    };
    let colours = match stored {
        ColorSpace::Luma | ColorSpace::LumaA | ColorSpace::RGB | ColorSpace::RGBA => stored,
        _ => ColorSpace::RGB,
    };
    decoder.set_options(options.jpeg_set_out_colorspace(colours));
    Ok(Headers { decoder, size: (height, width), colours })
}

/// Bands without an alpha channel.
fn kept(colours: ColorSpace) -> usize {
    if matches!(colours, ColorSpace::Luma | ColorSpace::LumaA) { 1 } else { 3 }
}

fn bytes(path: &Path, mut file: File) -> Result<Vec<u8>, PreprocessError> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
    Ok(bytes)
}

/// Where the coded data of each scan end. Fails where the file is cut off or of another coding
/// than the decoder knows, neither of which it always says.
fn check(path: &Path, bytes: &[u8]) -> Result<Vec<u64>, PreprocessError> {
    let jpeg = end::of_jpeg(&mut BufReader::new(Cursor::new(bytes)))
        .map_err(|source| PreprocessError::io("read", path, source))?;
    match jpeg.coding {
        None | Some((0..=2, 8)) if jpeg.whole => Ok(jpeg.scans),
        None | Some((0..=2, 8)) => Err(cut_off(path, "EOI")),
        Some((coding, bits)) => Err(unsupported(
            path,
            format!(
                "expected a baseline or progressive JPEG of 8 bits, got coding SOF{coding} of \
                 {bits} bits; save it as PNG or TIFF"
            ),
        )),
    }
}

fn refuse(path: &Path, error: &DecodeErrors) -> PreprocessError {
    match error {
        DecodeErrors::Unsupported(_) => unsupported(
            path,
            format!("{error:?}; save it as PNG, baseline or progressive JPEG, or TIFF"),
        ),
        DecodeErrors::LargeDimensions(_) => too_large(path),
        _ => damaged(path, &format!("{error:?}")),
    }
}
