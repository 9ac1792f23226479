//! Checks a tile-compressed image before cfitsio unpacks it.
//!
//! The decoders trust what a file says about itself: the number and size of tiles, the
//! length of each compressed stream, what is written inside a stream. Here each is held
//! against what the file really has, so that a damaged file gives an error. The layout is
//! that of the FITS standard 4.0, section 10.1.

use std::ops::Range;
use std::path::Path;

use super::codec::{Codec, has_column, lossless};
use super::columns::{
    Array, COMPRESSED, Column, GZIPPED, UNCOMPRESSED, check_real, columns, integer, sole,
};
use super::gzip::Gzip;
use super::hdu::{Hdu, size_in_words};
use super::header::Header;
use super::source::Source;
use crate::FitsError;

/// The largest number of pixels in one tile; cfitsio counts the bytes of a tile in 32 bits.
const LARGEST_TILE: u128 = 1 << 28;
/// cfitsio's limit on the axes of a compressed image.
const MOST_AXES: usize = 6;

/// Fails unless every size that the compressed image in `hdu` claims is true.
pub(super) fn check(hdu: &Hdu, table: &Header, source: &mut Source) -> Result<TileGrid, FitsError> {
    let path = source.path.clone();
    let damaged = |reason| damaged(&path, hdu, reason);
    let mut tiling = TileGrid::read(hdu, table).map_err(damaged)?;
    if let Some(reason) = tiling.too_much() {
        return Err(unsupported(&path, hdu, &reason));
    }
    let mut rows = vec![0; tiling.row_bytes * tiling.row_count];
    source.read_at(hdu.data_start, &mut rows)?;
    for (tile, row) in rows.chunks_exact(tiling.row_bytes).enumerate() {
        let mut holds_stream = false;
        for column in &tiling.columns {
            let array = column.array(row);
            holds_stream |= column.name == COMPRESSED && array.count > 0;
            tiling
                .stream(hdu, tile, column, &array)
                .and_then(|_| match column.name {
                    // cfitsio would leave what stood in its memory before.
                    UNCOMPRESSED if array.count == 0 && !holds_stream => {
                        Err(format!("expected values here or in {COMPRESSED}, got none"))
                    }
                    _ => Ok(()),
                })
                .map_err(|reason| damaged(format!("{} of tile {tile}: {reason}", column.name)))?;
        }
        if tiling.is_scaled && !(holds_stream && tiling.scales_streams) {
            let reason = format!("BSCALE and BZERO of tile {tile}, which would stay as stored");
            return Err(unsupported(&path, hdu, &reason));
        }
    }
    tiling.rows = rows;
    Ok(tiling)
}

/// Fails if cfitsio cannot even pass an HDU on its way to another one: it divides by what the
/// header of a compressed image says.
pub(super) fn check_header(hdu: &Hdu, source: &Source) -> Result<(), FitsError> {
    match &hdu.table {
        Some(table) => TileGrid::read(hdu, table).map(drop),
        // Of several cards cfitsio may believe another one.
        None => sole(&hdu.header, "ZIMAGE").map(drop),
    }
    .map_err(|reason| damaged(&source.path, hdu, reason))
}

fn damaged(path: &Path, hdu: &Hdu, reason: String) -> FitsError {
    let reason = format!("HDU {}: {reason}", hdu.index);
    FitsError::Damaged { path: path.to_owned(), reason }
}

fn unsupported(path: &Path, hdu: &Hdu, reason: &str) -> FitsError {
    let reason = format!("HDU {}: {reason}; unpack it with astropy or funpack first", hdu.index);
    FitsError::Unsupported { path: path.to_owned(), reason }
}

/// How the image is cut into tiles, one per row of the table.
pub(super) struct TileGrid {
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
    codec: Codec,
    /// How tiles are packed that the codec could not compress.
    fallback: Codec,
    /// Whether the pixels are floating-point numbers as they are, not quantized.
    pub(super) lossless: bool,
    /// Whether pixels that are floating-point numbers are stored as others, by `BSCALE` and `BZERO`.
    is_scaled: bool,
    /// Whether cfitsio scales the tiles of the codec; it does not where scales of quantized ones are
    /// cards, and never those that the codec could not compress.
    scales_streams: bool,
}

impl TileGrid {
    fn read(hdu: &Hdu, table: &Header) -> Result<TileGrid, String> {
        let axes = hdu.axes.clone();
        sole(table, "ZNAME1")?;
        for keyword in ["ZBITPIX", "ZNAXIS", "PCOUNT", "GCOUNT", "BITPIX", "BLANK", "ZBLANK"] {
            integer(table, keyword)?;
        }
        for number in 1..=axes.len() {
            integer(table, &format!("ZNAXIS{number}"))?;
        }
        // cfitsio would take one that is no number for absent.
        for keyword in ["BSCALE", "BZERO", "ZSCALE", "ZZERO"] {
            check_real(table, keyword)?;
        }
        let mut lengths = Vec::new();
        let mut tiles = 1_u128;
        for (number, &axis) in (1..).zip(&axes) {
            let default = if number == 1 { axis } else { 1 };
            let length = match integer(table, &format!("ZTILE{number}"))? {
                None => default,
                Some(length) if length > 0 => length.unsigned_abs(),
                Some(length) => {
                    return Err(format!("ZTILE{number}: expected a length from 1, got {length}"));
                }
            };
            tiles = tiles.saturating_mul(axis.div_ceil(length).into());
            lengths.push(length);
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
        let other = |keyword: &str, neutral: f64| {
            table.get::<f64>(keyword).is_some_and(|value| value != neutral)
        };
        let is_scaled = hdu.bitpix < 0 && (other("BSCALE", 1.0) || other("BZERO", 0.0));
        let lossless = lossless(table, hdu.bitpix)?;
        let codec = Codec::read(table, hdu.bitpix, lossless)?;
        let fallback = Codec::Gzip(Gzip::floats(hdu.bitpix));
        let columns = columns(table, row_bytes, codec.element())?;
        let (row_count, rows) = (rows, Vec::new());
        Ok(TileGrid {
            axes,
            lengths,
            row_bytes,
            row_count,
            rows,
            columns,
            heap,
            codec,
            fallback,
            lossless,
            is_scaled,
            scales_streams: lossless || has_column(table, "ZSCALE"),
        })
    }

    /// What is more than can be unpacked, if anything is.
    fn too_much(&self) -> Option<String> {
        let tile = self.lengths.iter().map(|&length| u128::from(length));
        if self.axes.len() > MOST_AXES {
            return Some(format!(
                "expected a compressed image of at most {MOST_AXES} axes, got {}",
                self.axes.len()
            ));
        }
        (tile.fold(1, u128::saturating_mul) > LARGEST_TILE).then(|| {
            format!(
                "its tiles ({}) are larger than the {LARGEST_TILE} pixels that can be unpacked at once",
                size_in_words(&self.lengths)
            )
        })
    }

    /// Fails if a stream cannot be unpacked in a tile that a box of pixels touches:
    /// `ranges` along each axis, the fastest first.
    pub(super) fn check_streams(
        &self,
        hdu: &Hdu,
        source: &mut Source,
        ranges: &[Range<usize>],
    ) -> Result<(), FitsError> {
        // Streams of neighbours lie side by side: one read serves many.
        const READ: usize = 1 << 20;
        let (mut buffer, mut buffer_start) = (Vec::new(), 0);
        for (tile, row) in self.rows.chunks_exact(self.row_bytes).enumerate() {
            if !self.touches(tile, ranges) {
                continue;
            }
            for column in &self.columns {
                let array = column.array(row);
                let path = source.path.clone();
                let in_tile = |reason| {
                    damaged(&path, hdu, format!("{} of tile {tile}: {reason}", column.name))
                };
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
                let codec = if column.name == COMPRESSED { &self.codec } else { &self.fallback };
                if let Codec::Other(reason) = codec {
                    return Err(unsupported(&path, hdu, reason));
                }
                codec.check(stream, self.pixels(tile) as usize).map_err(in_tile)?;
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

    /// Where in the file the stream of a tile starts, once its claims are found true.
    /// `None` if the column holds nothing for this tile, or nothing that is unpacked.
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
        Ok(matches!(column.name, COMPRESSED | GZIPPED).then_some(start))
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
