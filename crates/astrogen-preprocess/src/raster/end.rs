//! Whether a picture's file goes on to the end of its picture.
//!
//! Decoders of JPEG fill what is missing with grey, and those of PNG do not miss what follows
//! the pixels. So the parts of a file are walked first, none of them decoded.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek};

/// Whether the chunks of a PNG file lead to `IEND` (PNG specification, section 5).
pub(super) fn of_png(file: &mut BufReader<impl Read + Seek>) -> io::Result<bool> {
    const SIGNATURE: i64 = 8;
    file.seek_relative(SIGNATURE)?;
    until_cut(|| {
        loop {
            let [length, name] = [bytes::<4>(file)?, bytes::<4>(file)?];
            file.seek_relative(i64::from(u32::from_be_bytes(length)))?;
            let _check_sum: [u8; 4] = bytes(file)?;
            if &name == b"IEND" {
                return Ok(());
            }
        }
    })
}

/// What the segments of a JPEG file say (ITU-T T.81, annex B).
#[derive(Debug, Default)]
pub(super) struct Jpeg {
    /// Whether they lead to `EOI` behind a scan.
    pub(super) whole: bool,
    /// The number of the coding (n of `SOFn`) and the bits of a sample.
    pub(super) coding: Option<(u8, u8)>,
    /// Where the coded data of each scan end, in bytes from the start.
    pub(super) scans: Vec<u64>,
}

pub(super) fn of_jpeg(file: &mut BufReader<impl Read + Seek>) -> io::Result<Jpeg> {
    let (mut scans, mut in_scan, mut coding) = (Vec::new(), false, None);
    let whole = until_cut(|| {
        loop {
            // From a segment or from the coded data of a scan to the next marker.
            file.skip_until(0xff)?;
            let start = file.stream_position()? - 1;
            let mut marker = 0xff;
            while marker == 0xff {
                [marker] = bytes(file)?;
            }
            if in_scan && !matches!(marker, 0x00 | 0xd0..=0xd7) {
                in_scan = false;
                scans.push(start);
            }
            match marker {
                0xd9 if !scans.is_empty() => return Ok(()),
                // A coded 0xff, a marker without a segment: TEM, RST0 to RST7, SOI, EOI.
                0x00 | 0x01 | 0xd0..=0xd9 => {}
                _ => {
                    in_scan = marker == 0xda;
                    let mut length = i64::from(u16::from_be_bytes(bytes(file)?)) - 2;
                    if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
                        let [bits] = bytes(file)?;
                        coding = Some((marker - 0xc0, bits));
                        length -= 1;
                    }
                    file.seek_relative(length.max(0))?;
                }
            }
        }
    })?;
    Ok(Jpeg { whole, coding, scans })
}

/// Whether a walk came to its end before the file did.
fn until_cut(mut walk: impl FnMut() -> io::Result<()>) -> io::Result<bool> {
    match walk() {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn bytes<const N: usize>(file: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}
