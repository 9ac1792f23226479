//! Checks a tile-compressed image before cfitsio unpacks it.
//!
//! The decoders trust what a file says about itself: the number and size of tiles, the
//! length of each compressed stream, the size written inside an HCOMPRESS or PLIO
//! stream. Here each is held against what the file really has, so that a damaged file
//! gives an error. The layout is that of the FITS standard 4.0, section 10.1.

use std::ops::Range;
use std::path::Path;

use super::columns::{Array, COMPRESSED, Column, UNCOMPRESSED, columns, integer, sole, text};
use super::hdu::{Hdu, size_in_words};
use super::header::Header;
use super::rice::Rice;
use super::source::Source;
use crate::PreprocessError;

/// The largest number of pixels in one tile; cfitsio counts the bytes of a tile in 32 bits.
const LARGEST_TILE: u128 = 1 << 28;
/// cfitsio's limit on the axes of a compressed image.
const MOST_AXES: usize = 6;
/// Bytes before the first code of an HCOMPRESS stream.
const HCOMPRESS_START: usize = 25;

/// Fails unless every size that the compressed image in `hdu` claims is true.
pub(super) fn check(
    hdu: &Hdu,
    table: &Header,
    source: &mut Source,
) -> Result<Tiling, PreprocessError> {
    let path = source.path.clone();
    let damaged = |reason| damaged(&path, hdu, reason);
    let mut tiling = Tiling::read(hdu, table).map_err(damaged)?;
    let mut rows = vec![0; tiling.row_bytes * tiling.row_count];
    source.read_at(hdu.data_start, &mut rows)?;
    for (tile, row) in rows.chunks_exact(tiling.row_bytes).enumerate() {
        for column in &tiling.columns {
            let in_tile = |reason| damaged(format!("{} of tile {tile}: {reason}", column.name));
            let array = column.array(row);
            let Some(start) = tiling.stream(hdu, tile, column, &array).map_err(in_tile)? else {
                continue;
            };
            let mut stream = [0; HCOMPRESS_START];
            let stream = &mut stream[..array.bytes.min(HCOMPRESS_START as u128) as usize];
            match tiling.codec.as_str() {
                "HCOMPRESS_1" => {
                    source.read_at(start, stream)?;
                    hcompress(stream, tiling.pixels(tile)).map_err(in_tile)?;
                }
                "PLIO_1" => {
                    source.read_at(start, stream)?;
                    plio(stream, column, &array).map_err(in_tile)?;
                }
                _ => {}
            }
        }
    }
    tiling.rows = rows;
    Ok(tiling)
}

fn damaged(path: &Path, hdu: &Hdu, reason: String) -> PreprocessError {
    let reason = format!("HDU {}: {reason}", hdu.index);
    PreprocessError::Damaged { path: path.to_owned(), reason }
}

/// How the image is cut into tiles, one a row of the table.
pub(super) struct Tiling {
    axes: Vec<u64>,
    /// The length of a tile along each axis.
    lengths: Vec<u64>,
    row_bytes: usize,
    row_count: usize,
    /// The table, a row after the other.
    rows: Vec<u8>,
    columns: Vec<Column>,
    /// Where the heap starts, counted from the start of the table.
    heap: u128,
    codec: String,
    /// The parameters of a RICE image.
    rice: Option<Rice>,
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
                    return Err(format!("ZTILE{number}: expected a length from 1, got {length}"));
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
            Ok(size.and_then(|size| usize::try_from(size).ok()).unwrap_or(0))
        };
        let (row_bytes, rows) = (size("NAXIS1")?, size("NAXIS2")?);
        let body = row_bytes as u128 * rows as u128;
        if tiles != rows as u128 || row_bytes == 0 {
            return Err(format!(
                "expected a table of {tiles} rows, one a tile, got {rows} rows of {row_bytes} bytes"
            ));
        }
        let heap = match integer(table, "THEAP")? {
            None => body,
            Some(heap) => u128::try_from(heap).unwrap_or(u128::MAX),
        };
        if body > heap || heap > hdu.data_bytes {
            return Err(format!(
                "expected a table of {body} bytes and then its heap, got a heap at {heap} of {} bytes",
                hdu.data_bytes
            ));
        }
        let codec = text(table, "ZCMPTYPE")?.to_owned();
        let rice = if codec.starts_with("RICE") { Some(rice(table)?) } else { None };
        let columns = columns(table, row_bytes)?;
        let (row_count, rows) = (rows, Vec::new());
        Ok(Tiling { axes, lengths, row_bytes, row_count, rows, columns, heap, codec, rice })
    }

    /// Fails if a RICE stream ends early in a tile that a box of pixels touches: `ranges`
    /// along each axis, the fastest first.
    pub(super) fn check_streams(
        &self,
        hdu: &Hdu,
        source: &mut Source,
        ranges: &[Range<usize>],
    ) -> Result<(), PreprocessError> {
        let Some(rice) = self.rice else { return Ok(()) };
        // Streams of neighbours lie side by side: one read serves many.
        const READ: usize = 1 << 20;
        let (mut buffer, mut buffer_start) = (Vec::new(), 0);
        for (tile, row) in self.rows.chunks_exact(self.row_bytes).enumerate() {
            if !self.touches(tile, ranges) {
                continue;
            }
            for column in self.columns.iter().filter(|column| column.name == COMPRESSED) {
                let array = column.array(row);
                let path = source.path.clone();
                let in_tile =
                    |reason| damaged(&path, hdu, format!("{COMPRESSED} of tile {tile}: {reason}"));
                let Some(start) = self.stream(hdu, tile, column, &array).map_err(in_tile)? else {
                    continue;
                };
                // Found to be inside the file, and so are the pixels to be in a tile.
                let length = array.bytes as usize;
                if start < buffer_start
                    || start + length as u64 > buffer_start + buffer.len() as u64
                {
                    buffer.resize(length.max(READ), 0);
                    let count = source.read_at(start, &mut buffer)?;
                    if count < length {
                        return Err(source.damaged("it became shorter while it was read"));
                    }
                    buffer.truncate(count);
                    buffer_start = start;
                }
                let stream = &buffer[(start - buffer_start) as usize..][..length];
                if !rice.holds(stream, self.pixels(tile) as usize) {
                    let reason = format!("its RICE stream of {} bytes ends early", array.bytes);
                    return Err(in_tile(reason));
                }
            }
        }
        Ok(())
    }

    /// Whether a tile has pixels in a box.
    fn touches(&self, tile: usize, ranges: &[Range<usize>]) -> bool {
        let mut rest = tile as u64;
        self.axes.iter().zip(&self.lengths).zip(ranges).all(|((&axis, &length), range)| {
            let along = axis.div_ceil(length);
            let start = (rest % along) * length;
            rest /= along;
            (start..start + length).contains(&(range.start as u64))
                || (range.start as u64..range.end as u64).contains(&start)
        })
    }

    /// Where in the file the data of a tile start, once its claims are found true. `None`
    /// if the column holds nothing for this tile, or nothing that is unpacked.
    fn stream(
        &self,
        hdu: &Hdu,
        tile: usize,
        column: &Column,
        array: &Array,
    ) -> Result<Option<u64>, String> {
        let heap_bytes = hdu.data_bytes - self.heap;
        if u128::from(array.offset) + array.bytes > heap_bytes {
            return Err(format!(
                "expected {} bytes at offset {}, the heap holds {heap_bytes}",
                array.bytes, array.offset
            ));
        }
        if array.count == 0 {
            return Ok(None);
        }
        if column.name == UNCOMPRESSED && u128::from(array.count) != self.pixels(tile) {
            return Err(format!("expected {} values, got {}", self.pixels(tile), array.count));
        }
        // Inside the file, the length of which has 64 bits.
        let start = hdu.data_start + self.heap as u64 + array.offset;
        Ok((column.name == COMPRESSED).then_some(start))
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

/// cfitsio takes `ZVAL1` for the block size and `ZVAL2` for the bytes of a pixel.
fn rice(table: &Header) -> Result<Rice, String> {
    let old = text(table, "ZNAME2")? == "NOISEBIT";
    let block = integer(table, "ZVAL1")?.unwrap_or(32);
    let bytes = if old { 4 } else { integer(table, "ZVAL2")?.unwrap_or(4) };
    let (block, bytes) = if block < 16 && bytes > 8 { (bytes, block) } else { (block, bytes) };
    if (1..=4096).contains(&block) && matches!(bytes, 1 | 2 | 4) {
        return Ok(Rice { block: block as usize, bytes: bytes as usize });
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
    let product = axes.map(|axis| u128::try_from(axis).unwrap_or(0)).iter().product::<u128>();
    if stream.len() < HCOMPRESS_START || product != pixels {
        return Err(format!(
            "expected {pixels} pixels, its HCOMPRESS stream claims {} x {}",
            axes[1], axes[0]
        ));
    }
    if [first, second, third].into_iter().any(|planes| *planes > 64) {
        return Err("expected at most 64 bit planes in its HCOMPRESS stream".to_owned());
    }
    Ok(())
}

/// A PLIO line list: 16-bit words, the third of which is its length, or, where that is
/// not positive, the fourth and fifth are.
fn plio(stream: &[u8], column: &Column, array: &Array) -> Result<(), String> {
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
        Some(Ok(length)) if length <= array.count => Ok(()),
        _ => Err(format!("expected a PLIO stream of {} words, it claims {length:?}", array.count)),
    }
}
