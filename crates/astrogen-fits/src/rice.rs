//! Whether a RICE stream is as long as its own codes say.
//!
//! cfitsio's decoder reads on past the end of a damaged stream. Here the codes are walked,
//! not decoded: the first pixel stands as it is; then each block of pixels starts with a
//! number of low bits `k`, and each pixel is a run of zeros, a one and `k` bits, or, in a
//! block marked as incompressible, all its bits. A block marked as constant has no more
//! (FITS standard 4.0, section 10.4.1).

use super::bits::{WINDOW, window};
use super::columns::{integer, text};
use super::header::Header;

/// The parameters of a RICE image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rice {
    /// Pixels in a block.
    block: usize,
    /// Bytes of a pixel: 1, 2 or 4.
    bytes: usize,
}

impl Rice {
    /// cfitsio takes `ZVAL1` for the block size and `ZVAL2` for the bytes of a pixel.
    pub(super) fn read(table: &Header) -> Result<Rice, String> {
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

    /// Whether `stream` holds the codes of `pixels` pixels.
    pub(super) fn holds(self, stream: &[u8], pixels: usize) -> bool {
        let (marker_bits, direct) = match self.bytes {
            1 => (3, 6),
            2 => (4, 14),
            _ => (5, 25),
        };
        let end = stream.len() * 8;
        let mut at = self.bytes * 8;
        let mut left = pixels;
        while left > 0 {
            let block = left.min(self.block);
            if at + marker_bits > end {
                return false;
            }
            let marker = (window(stream, at) >> (64 - marker_bits)) as usize;
            at += marker_bits;
            match marker.checked_sub(1) {
                None => {}
                Some(low_bits) if low_bits == direct => at += block * self.bytes * 8,
                Some(low_bits) => match after_codes(stream, at, block, low_bits) {
                    Some(next) => at = next,
                    None => return false,
                },
            }
            left -= block;
        }
        at <= end
    }
}

/// The bit behind `count` codes, each a run of zeros, a one and `low_bits` bits.
fn after_codes(stream: &[u8], mut at: usize, mut count: usize, low_bits: usize) -> Option<usize> {
    while count > 0 {
        // As many codes as one load holds.
        let mut word = window(stream, at);
        let mut used = 0;
        while count > 0 {
            let code = word.leading_zeros() as usize + 1 + low_bits;
            if used + code > WINDOW {
                break;
            }
            word <<= code;
            used += code;
            count -= 1;
        }
        at += used;
        if used == 0 {
            at = after_zeros(stream, at)? + low_bits;
            count -= 1;
        }
    }
    Some(at)
}

/// The bit behind the first one from bit `at` on, if there is a one.
fn after_zeros(stream: &[u8], mut at: usize) -> Option<usize> {
    while at < stream.len() * 8 {
        let zeros = window(stream, at).leading_zeros() as usize;
        if zeros < WINDOW {
            return Some(at + zeros + 1);
        }
        at += WINDOW;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_long_enough_or_not() {
        let rice = Rice { block: 32, bytes: 2 };
        // First pixel, then a block marked constant.
        assert!(rice.holds(&[1, 2, 0x00], 32));
        assert!(!rice.holds(&[1, 2], 32));
        // Two blocks: the second one's marker is in the low half of the byte.
        assert!(rice.holds(&[1, 2, 0x00], 64));
        assert!(!rice.holds(&[1, 2, 0x00], 65));
        // Incompressible: the marker is 15, then two bytes per pixel.
        assert!(rice.holds(&[1, 2, 0xf0, 0, 0, 0, 0], 2));
        assert!(!rice.holds(&[1, 2, 0xf0, 0, 0, 0], 2));
        // Marker 1, no low bits: a one is a pixel.
        assert!(rice.holds(&[1, 2, 0x1f], 4));
        assert!(!rice.holds(&[1, 2, 0x1f], 5));
        // Zeros without an end.
        assert!(!rice.holds(&[&[1, 2, 0x10][..], &[0; 100]].concat(), 1));
        assert!(rice.holds(&[&[1, 2, 0x10][..], &[0; 100], &[1]].concat(), 1));
    }
}
