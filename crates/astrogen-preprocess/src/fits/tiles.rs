//! Checks a tile-compressed image before cfitsio unpacks it.
//!
//! The decoders trust what a file says about itself: the number and size of tiles, the
//! length of each compressed stream, the size written inside an HCOMPRESS or PLIO
//! stream. Here each is held against what the file really has, so that a damaged file
//! gives an error. The layout is that of the FITS standard 4.0, section 10.1.

use super::hdu::{Hdu, size_in_words};
use super::header::Header;
use super::source::Source;
use super::value::Value;
use crate::PreprocessError;

/// The largest number of pixels in one tile; cfitsio counts the bytes of a tile in 32 bits.
const LARGEST_TILE: u128 = 1 << 28;
/// cfitsio's limit on the axes of a compressed image.
const MOST_AXES: usize = 6;
/// Bytes before the first code of an HCOMPRESS stream.
const HCOMPRESS_START: usize = 25;

/// A column of variable-length arrays: where in a row its descriptor is.
struct Column {
    offset: usize,
    /// Bytes in each half of the descriptor: 4 (`P`) or 8 (`Q`).
    half: usize,
    /// The type of the array's elements.
    element: u8,
}

/// Fails unless every size that the compressed image in `hdu` claims is true.
pub(super) fn check(hdu: &Hdu, table: &Header, source: &mut Source) -> Result<(), PreprocessError> {
    let sizes = Tiling::read(hdu, table).map_err(|reason| in_hdu(hdu, source, reason))?;
    let (row_bytes, rows) = (sizes.row_bytes, sizes.rows);
    let columns = columns(table, row_bytes).map_err(|reason| in_hdu(hdu, source, reason))?;
    let codec = text(table, "ZCMPTYPE").map_err(|reason| in_hdu(hdu, source, reason))?;

    // Both fit: the extent of the whole HDU was checked against the file.
    let mut body = vec![0; row_bytes * rows];
    source.read_at(hdu.data_start, &mut body)?;
    let heap = integer(table, "THEAP").map_err(|reason| in_hdu(hdu, source, reason))?;
    let heap = heap.map_or(body.len() as u128, |heap| {
        u128::try_from(heap).unwrap_or(u128::MAX)
    });
    let heap_bytes = hdu.data_bytes.checked_sub(heap).ok_or_else(|| {
        in_hdu(
            hdu,
            source,
            format!("THEAP: expected at most {}, got {heap}", hdu.data_bytes),
        )
    })?;

    for (tile, row) in body.chunks_exact(row_bytes).enumerate() {
        let pixels = sizes.pixels(tile);
        for (name, column) in &columns {
            let (count, offset) = column.descriptor(row);
            let fail = |reason: &str| PreprocessError::Damaged {
                path: source.path.clone(),
                reason: format!("HDU {}: {name} of tile {tile}: {reason}", hdu.index),
            };
            let bytes = u128::from(count) * column.element_bytes();
            if u128::from(offset) + bytes > heap_bytes {
                return Err(fail(&format!(
                    "expected {bytes} bytes at offset {offset}, the heap holds {heap_bytes}"
                )));
            }
            if count == 0 {
                continue;
            }
            if *name == "UNCOMPRESSED_DATA" {
                if u128::from(count) != pixels {
                    return Err(fail(&format!("expected {pixels} values, got {count}")));
                }
                continue;
            }
            let start = u128::from(hdu.data_start) + heap + u128::from(offset);
            let mut stream = [0; HCOMPRESS_START];
            let length = (bytes as usize).min(stream.len());
            // The place is inside the file, so it fits 64 bits.
            source.read_at(start as u64, &mut stream[..length])?;
            let fail =
                |reason: &str| in_hdu(hdu, source, format!("{name} of tile {tile}: {reason}"));
            match codec {
                "HCOMPRESS_1" if *name == "COMPRESSED_DATA" => {
                    hcompress(&stream[..length], pixels).map_err(|reason| fail(&reason))?;
                }
                "PLIO_1" if *name == "COMPRESSED_DATA" => {
                    plio(&stream[..length], column, count).map_err(|reason| fail(&reason))?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn in_hdu(hdu: &Hdu, source: &Source, reason: impl std::fmt::Display) -> PreprocessError {
    source.damaged(format!("HDU {}: {reason}", hdu.index))
}

/// The value of a card, which must be the only one of its keyword: of several, cfitsio may
/// take another one than was checked here.
fn sole<'a>(table: &'a Header, keyword: &str) -> Result<Option<&'a Value>, String> {
    let mut values = table
        .iter()
        .filter(|card| card.keyword.eq_ignore_ascii_case(keyword))
        .map(|card| &card.value);
    let value = values.next();
    match values.next() {
        None => Ok(value),
        Some(_) => Err(format!("{keyword}: expected one card, got several")),
    }
}

fn integer(table: &Header, keyword: &str) -> Result<Option<i64>, String> {
    match sole(table, keyword)? {
        None => Ok(None),
        Some(Value::Integer(value)) => Ok(Some(*value)),
        Some(other) => Err(format!("{keyword}: expected a whole number, got {other:?}")),
    }
}

/// A text, empty where there is no card.
fn text<'a>(table: &'a Header, keyword: &str) -> Result<&'a str, String> {
    match sole(table, keyword)? {
        None => Ok(""),
        Some(Value::Text(value)) => Ok(value),
        Some(other) => Err(format!("{keyword}: expected a text, got {other:?}")),
    }
}

/// How the image is cut into tiles, one a row of the table.
struct Tiling {
    axes: Vec<u64>,
    lengths: Vec<u64>,
    row_bytes: usize,
    rows: usize,
}

impl Tiling {
    fn read(hdu: &Hdu, table: &Header) -> Result<Tiling, String> {
        let axes = hdu.axes.clone();
        for keyword in ["ZBITPIX", "ZNAXIS", "ZNAME1", "PCOUNT", "GCOUNT", "BITPIX"] {
            sole(table, keyword)?;
        }
        for number in 1..=axes.len() {
            sole(table, &format!("ZNAXIS{number}"))?;
        }
        if axes.len() > MOST_AXES {
            return Err(format!(
                "expected a compressed image of at most {MOST_AXES} axes, got {}",
                axes.len()
            ));
        }
        let mut lengths = Vec::new();
        let (mut tile, mut tiles) = (1_u128, 1_u128);
        for (number, &axis) in (1..).zip(&axes) {
            let default = if number == 1 { axis } else { 1 };
            let length = match integer(table, &format!("ZTILE{number}"))? {
                None => default,
                Some(length) if length > 0 => length.unsigned_abs(),
                Some(length) => {
                    return Err(format!(
                        "ZTILE{number}: expected a length from 1, got {length}"
                    ));
                }
            };
            tile = tile.saturating_mul(length.into());
            tiles = tiles.saturating_mul(axis.div_ceil(length).into());
            lengths.push(length);
        }
        if tile > LARGEST_TILE {
            return Err(format!(
                "its tiles ({}) are larger than the {LARGEST_TILE} pixels that can be unpacked at once",
                size_in_words(&lengths)
            ));
        }
        let size = |keyword: &str| -> Result<usize, String> {
            let size = integer(table, keyword)?;
            Ok(size
                .and_then(|size| usize::try_from(size).ok())
                .unwrap_or(0))
        };
        let (row_bytes, rows) = (size("NAXIS1")?, size("NAXIS2")?);
        if tiles != rows as u128 || row_bytes == 0 {
            return Err(format!(
                "expected a table of {tiles} rows, one a tile, got {rows} rows of {row_bytes} bytes"
            ));
        }
        if text(table, "ZCMPTYPE")?.starts_with("RICE") {
            rice(table)?;
        }
        Ok(Tiling {
            axes,
            lengths,
            row_bytes,
            rows,
        })
    }

    /// Pixels in a tile: fewer than elsewhere at the far edges.
    fn pixels(&self, tile: usize) -> u128 {
        let mut rest = tile as u64;
        let mut pixels = 1;
        for (&axis, &length) in self.axes.iter().zip(&self.lengths) {
            let along = axis.div_ceil(length);
            pixels *= u128::from(length.min(axis - (rest % along) * length));
            rest /= along;
        }
        pixels
    }
}

/// The variable-length columns that hold tiles.
fn columns(table: &Header, row_bytes: usize) -> Result<Vec<(&'static str, Column)>, String> {
    const NAMES: [&str; 3] = [
        "COMPRESSED_DATA",
        "GZIP_COMPRESSED_DATA",
        "UNCOMPRESSED_DATA",
    ];
    let fields = integer(table, "TFIELDS")?.unwrap_or(0);
    let mut found = Vec::new();
    let mut offset = 0_usize;
    for field in 1..=fields.min(999) {
        let form = text(table, &format!("TFORM{field}"))?;
        let refuse = || format!("TFORM{field}: expected a column of a binary table, got {form:?}");
        let digits = form.len() - form.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let repeat: usize = if digits == 0 {
            1
        } else {
            form[..digits].parse().map_err(|_| refuse())?
        };
        let mut code = form.bytes().skip(digits);
        let code = (code.next().ok_or_else(refuse)?, code.next());
        let width = match code.0 {
            b'X' => repeat.div_ceil(8),
            letter => width(letter)
                .ok_or_else(refuse)?
                .checked_mul(repeat)
                .ok_or_else(refuse)?,
        };
        let title = text(table, &format!("TTYPE{field}"))?;
        if let Some(name) = NAMES
            .into_iter()
            .find(|name| title.eq_ignore_ascii_case(name))
        {
            let (half, element) = match code {
                (b'P', Some(element)) if repeat == 1 => (4, element),
                (b'Q', Some(element)) if repeat == 1 => (8, element),
                _ => {
                    return Err(format!(
                        "TFORM{field}: expected 1P. or 1Q. for {name}, got {form:?}"
                    ));
                }
            };
            if width_of_element(element).is_none() {
                return Err(refuse());
            }
            found.push((
                name,
                Column {
                    offset,
                    half,
                    element,
                },
            ));
        }
        offset = offset.checked_add(width).ok_or_else(refuse)?;
    }
    if offset != row_bytes {
        return Err(format!(
            "NAXIS1: expected {offset}, the width of its columns, got {row_bytes}"
        ));
    }
    if !found.iter().any(|(name, _)| *name == "COMPRESSED_DATA") {
        return Err("expected a column COMPRESSED_DATA, found none".to_owned());
    }
    Ok(found)
}

impl Column {
    /// How many elements a row's array has, and where in the heap they are.
    fn descriptor(&self, row: &[u8]) -> (u64, u64) {
        let number = |at: usize| {
            let bytes = &row[at..at + self.half];
            bytes
                .iter()
                .fold(0_u64, |number, &byte| number << 8 | u64::from(byte))
        };
        (number(self.offset), number(self.offset + self.half))
    }

    fn element_bytes(&self) -> u128 {
        width_of_element(self.element).unwrap_or(16) as u128
    }
}

fn width_of_element(letter: u8) -> Option<usize> {
    if matches!(letter, b'P' | b'Q') {
        None
    } else {
        width(letter)
    }
}

/// Bytes of one element of a binary table's column.
fn width(letter: u8) -> Option<usize> {
    Some(match letter {
        b'L' | b'B' | b'A' => 1,
        b'I' => 2,
        b'J' | b'E' => 4,
        b'K' | b'D' | b'C' | b'P' => 8,
        b'M' | b'Q' => 16,
        _ => return None,
    })
}

/// cfitsio takes `ZVAL1` for the block size and `ZVAL2` for the bytes of a pixel.
fn rice(table: &Header) -> Result<(), String> {
    let old = text(table, "ZNAME2")? == "NOISEBIT";
    let block = integer(table, "ZVAL1")?.unwrap_or(32);
    let bytes = if old {
        4
    } else {
        integer(table, "ZVAL2")?.unwrap_or(4)
    };
    let (block, bytes) = if block < 16 && bytes > 8 {
        (bytes, block)
    } else {
        (block, bytes)
    };
    if (1..=4096).contains(&block) && matches!(bytes, 1 | 2 | 4) {
        return Ok(());
    }
    Err(format!(
        "RICE: expected blocks of 1 to 4096 pixels of 1, 2 or 4 bytes, got blocks of {block} pixels of {bytes} bytes"
    ))
}

/// An HCOMPRESS stream: magic, two axes, scale, sum of all pixels, bit planes.
fn hcompress(stream: &[u8], pixels: u128) -> Result<(), String> {
    let [0xdd, 0x99, a, b, c, d, e, f, g, h, .., first, second, third] = stream else {
        return Err("expected an HCOMPRESS stream, got other or too few bytes".to_owned());
    };
    let axes = [[a, b, c, d], [e, f, g, h]].map(|axis| i32::from_be_bytes(axis.map(|byte| *byte)));
    let product = axes
        .map(|axis| u128::try_from(axis).unwrap_or(0))
        .iter()
        .product::<u128>();
    if stream.len() < HCOMPRESS_START || product != pixels {
        return Err(format!(
            "expected {pixels} pixels, its HCOMPRESS stream claims {} x {}",
            axes[1], axes[0]
        ));
    }
    if [first, second, third]
        .into_iter()
        .any(|planes| *planes > 64)
    {
        return Err("expected at most 64 bit planes in its HCOMPRESS stream".to_owned());
    }
    Ok(())
}

/// A PLIO line list: 16-bit words, the third of which is its length, or, where that is
/// not positive, the fourth and fifth are.
fn plio(stream: &[u8], column: &Column, count: u64) -> Result<(), String> {
    let words: Vec<i64> = stream
        .chunks_exact(2)
        .map(|word| i64::from(i16::from_be_bytes([word[0], word[1]])))
        .collect();
    if column.element != b'I' {
        return Err("expected a PLIO stream of 16-bit words".to_owned());
    }
    let length = match words.as_slice() {
        [_, _, length, ..] if *length > 0 => Some(*length),
        [_, start, _, low, high, ..] if *start >= 0 => Some((high << 15) + low),
        _ => None,
    };
    match length.map(u64::try_from) {
        Some(Ok(length)) if length <= count => Ok(()),
        _ => Err(format!(
            "expected a PLIO stream of {count} words, it claims {length:?}"
        )),
    }
}
