//! The memory that a file's size explains.
//!
//! A pixel or a value takes four or eight bytes where a file may have one, and a step of the
//! pipeline holds a few arrays at once: 64 bytes for each byte of the file are explained, and
//! 64 MiB for what does not grow with it (buffers, the index of a sky map). Formats that pack
//! their values explain more:
//!
//! | format | bytes for each of the file's |
//! | --- | --- |
//! | whole file packed by gzip or bzip2 | as the unpacked file |
//! | PNG, JPEG, packed TIFF, tile-compressed FITS, Parquet, HDF5, `.Z` | 32 per value, 1032 values per byte (Deflate's most) |
//! | sky map | 4096: a pixel of 4 bytes brings a block of 4096 pixels of 4 bytes |

use std::io::{self, Read};

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;

use crate::door::Door;

const FIXED: u64 = 64 << 20;

/// The most bytes in use that a file explains.
pub(crate) fn bound(door: Door, bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\x1f\x8b") {
        return of_stream(door, MultiGzDecoder::new(bytes));
    }
    if bytes.starts_with(b"BZh") {
        return of_stream(door, MultiBzDecoder::new(bytes));
    }
    let is_tiled = || bytes.chunks(80).any(|card| card.starts_with(b"ZIMAGE  ="));
    let packed: [&[u8]; 7] =
        [b"\x89PNG", b"\xff\xd8\xff", b"II", b"MM", b"PAR1", b"\x89HDF", b"\x1f\x9d"];
    let factor = match door {
        Door::Map => 4096,
        _ if packed.iter().any(|magic| bytes.starts_with(magic)) || is_tiled() => 32 * 1032,
        _ => 64,
    };
    (FIXED + factor * bytes.len() as u64) as usize
}

/// The bound of what a stream unpacks to, as far as it does: its start says which format.
fn of_stream(door: Door, mut stream: impl Read) -> usize {
    let mut bytes = Vec::new();
    // Where it breaks off, what came before counts.
    let _ = io::Read::by_ref(&mut stream).take(1 << 28).read_to_end(&mut bytes);
    if bytes.starts_with(b"\x1f\x8b") || bytes.starts_with(b"BZh") {
        return FIXED as usize;
    }
    bound(door, &bytes)
}
