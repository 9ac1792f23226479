//! Whether a GZIP stream unpacks to the pixels of its tile.
//!
//! cfitsio unpacks as much as the stream holds, however much that is, and guesses from its
//! size how wide the pixels are; where it is too short for the pixels that the header
//! promises, pixels come from memory that was never written.

use std::io::{self, Read};

use flate2::bufread::GzDecoder;

/// The bytes of a pixel in a GZIP stream: any of these.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gzip {
    widths: &'static [usize],
}

impl Gzip {
    /// Integers, or floating-point numbers quantized to integers. Some writers store them
    /// wider or narrower than the header says.
    pub(super) const INTEGERS: Gzip = Gzip { widths: &[1, 2, 4] };

    /// Floating-point numbers as they are, of `bitpix` -32 or -64.
    pub(super) fn floats(bitpix: i64) -> Gzip {
        Gzip { widths: if bitpix == -64 { &[8] } else { &[4] } }
    }

    /// Fails unless `stream` holds `pixels` pixels and no more.
    pub(super) fn check(self, stream: &[u8], pixels: usize) -> Result<(), String> {
        let sizes = self.widths.iter().map(|width| (pixels * width) as u64);
        let most = sizes.clone().max().unwrap_or(0);
        // One byte more: the check sum is compared only behind the last byte.
        let unpacked = io::copy(&mut GzDecoder::new(stream).take(most + 1), &mut io::sink())
            .map_err(|error| format!("its GZIP stream cannot be unpacked ({error})"))?;
        if sizes.clone().any(|size| size == unpacked) {
            return Ok(());
        }
        let sizes: Vec<String> = sizes.map(|size| size.to_string()).collect();
        let sizes = sizes.join(" or ");
        let got = if unpacked > most { "more".to_owned() } else { unpacked.to_string() };
        Err(format!("expected {sizes} bytes in its GZIP stream, got {got}"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn a_stream_holds_the_pixels_of_its_tile_or_not() {
        for (gzip_of, bytes, fits) in [
            (Gzip::INTEGERS, 9, false),
            (Gzip::INTEGERS, 10, true),
            (Gzip::INTEGERS, 20, true),
            (Gzip::INTEGERS, 30, false),
            (Gzip::INTEGERS, 40, true),
            (Gzip::INTEGERS, 80, false),
            (Gzip::floats(-32), 20, false),
            (Gzip::floats(-32), 40, true),
            (Gzip::floats(-64), 40, false),
            (Gzip::floats(-64), 80, true),
            (Gzip::floats(-64), 1_000_000, false),
        ] {
            let stream = gzip(&vec![7; bytes]);
            assert_eq!(gzip_of.check(&stream, 10).is_ok(), fits, "{gzip_of:?} {bytes}");
            assert!(gzip_of.check(&stream[..stream.len() - 1], 10).is_err());
        }
        let message = Gzip::INTEGERS.check(&gzip(&[1; 9]), 10).unwrap_err();
        assert_eq!(message, "expected 10 or 20 or 40 bytes in its GZIP stream, got 9");
        let message = Gzip::floats(-32).check(&gzip(&[1; 99]), 10).unwrap_err();
        assert_eq!(message, "expected 40 bytes in its GZIP stream, got more");
        // What follows the stream does not count, a wrong check sum does.
        let mut stream = gzip(&[1; 10]);
        stream.push(9);
        assert!(Gzip::INTEGERS.check(&stream, 10).is_ok());
        let sum = stream.len() - 9;
        stream[sum] ^= 1;
        assert!(Gzip::INTEGERS.check(&stream, 10).is_err());
    }
}
