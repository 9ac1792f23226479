//! The codecs of tile-compressed images, and whether unpacking a stream is safe.
//!
//! cfitsio unpacks without looking where a stream ends. Each codec's own file walks a
//! stream as cfitsio's decoder does and fails where that would leave it.

use super::columns::{integer, text};
use super::gzip::Gzip;
use super::hcompress::Hcompress;
use super::header::Header;
use super::plio;
use super::rice::Rice;
use super::value::Value;

/// How the methods begin that add random numbers before pixels are quantized.
const DITHER: &str = "SUBTRACTIVE_DITHER";

/// How the tiles of an image are compressed.
pub(super) enum Codec {
    Gzip(Gzip),
    Hcompress(Hcompress),
    Plio,
    Rice(Rice),
    /// Not at all, or so that cfitsio cannot unpack them, for this reason.
    Other(String),
}

impl Codec {
    /// The codec that the header of a compressed image names.
    pub(super) fn read(table: &Header, bitpix: i64, lossless: bool) -> Result<Codec, String> {
        let is_dithered = text(table, "ZQUANTIZ")?.starts_with(DITHER);
        if bitpix < 0 && !lossless && is_dithered && !has_column(table, "ZSCALE") {
            // cfitsio would leave the dither as it is.
            return Ok(Codec::Other(
                "expected columns ZSCALE and ZZERO of a dithered image, got cards".to_owned(),
            ));
        }
        Ok(match text(table, "ZCMPTYPE")? {
            "GZIP_1" | "GZIP_2" if lossless => Codec::Gzip(Gzip::floats(bitpix)),
            // cfitsio would take 8 bytes for a floating-point number.
            name @ ("GZIP_1" | "GZIP_2") if bitpix == 64 => Codec::Other(format!(
                "expected whole numbers of 8, 16 or 32 bits to be compressed by {name}, got 64"
            )),
            "GZIP_1" | "GZIP_2" => Codec::Gzip(Gzip::INTEGERS),
            name @ ("HCOMPRESS_1" | "PLIO_1" | "RICE_1" | "RICE_ONE") if lossless => {
                Codec::Other(format!(
                    "expected floating-point pixels that are not quantized to be compressed by GZIP_1 or GZIP_2, got {name}"
                ))
            }
            "HCOMPRESS_1" => Codec::Hcompress(Hcompress::of(bitpix)),
            "PLIO_1" => Codec::Plio,
            "RICE_1" | "RICE_ONE" => Codec::Rice(Rice::read(table)?),
            other => Codec::Other(format!(
                "expected a tile compressed by GZIP_1, GZIP_2, HCOMPRESS_1, PLIO_1 or RICE_1, got {other:?}"
            )),
        })
    }

    /// The letter of the type of a stream's elements.
    pub(super) fn element(&self) -> u8 {
        if matches!(self, Codec::Plio) { b'I' } else { b'B' }
    }

    /// Fails unless unpacking `stream` into a tile of `pixels` pixels stays inside both.
    pub(super) fn check(&self, stream: &[u8], pixels: usize) -> Result<(), String> {
        match self {
            Codec::Gzip(gzip) => gzip.check(stream, pixels),
            Codec::Hcompress(hcompress) => hcompress.check(stream, pixels),
            Codec::Plio => plio::check(stream, pixels),
            Codec::Rice(rice) if rice.holds(stream, pixels) => Ok(()),
            Codec::Rice(_) => Err(format!("its RICE stream of {} bytes ends early", stream.len())),
            Codec::Other(reason) => Err(reason.clone()),
        }
    }
}

/// Whether the pixels of a compressed image are floating-point numbers as they are, not
/// quantized to integers (FITS standard 4.0, section 10.2).
pub(super) fn lossless(table: &Header, bitpix: i64) -> Result<bool, String> {
    let method = text(table, "ZQUANTIZ")?;
    // cfitsio takes the seed for a place in a list of 10000.
    if let Some(seed) = integer(table, "ZDITHER0")?
        && method.starts_with(DITHER)
        && !(1..=10_000).contains(&seed)
    {
        return Err(format!("ZDITHER0: expected a seed from 1 to 10000, got {seed}"));
    }
    let has_scales = has_column(table, "ZSCALE") || table.value("ZSCALE").is_some();
    Ok(bitpix < 0 && (method == "NONE" || !has_scales))
}

/// Whether a table has a column of this name.
pub(super) fn has_column(table: &Header, name: &str) -> bool {
    table.iter().any(|card| {
        card.keyword.starts_with("TTYPE")
            && matches!(&card.value, Value::Text(own) if own.eq_ignore_ascii_case(name))
    })
}
