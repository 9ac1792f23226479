//! The pages of a TIFF file, counted without decoding any (TIFF 6.0, section 2; BigTIFF).
//!
//! The decoder makes room for as many values as an entry of a directory claims, so that is held
//! against the file's length first.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

/// The layout of a file: classic, or with numbers of 64 bits.
struct Layout {
    big_endian: bool,
    is_big: bool,
}

impl Layout {
    /// The next `bytes` bytes as a whole number.
    fn number(&self, file: &mut impl Read, bytes: usize) -> io::Result<u64> {
        let mut number = [0; 8];
        if self.big_endian {
            file.read_exact(&mut number[8 - bytes..])?;
            return Ok(u64::from_be_bytes(number));
        }
        file.read_exact(&mut number[..bytes])?;
        Ok(u64::from_le_bytes(number))
    }

    /// The next offset, of the width that this file has.
    fn offset(&self, file: &mut impl Read) -> io::Result<u64> {
        self.number(file, if self.is_big { 8 } else { 4 })
    }
}

/// Counts the pages of a file that starts as TIFF does, or says what is wrong with their
/// directories.
pub(super) fn count(file: &mut (impl Read + Seek)) -> io::Result<Result<usize, String>> {
    match walk(file) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Ok(Err("it ends in the directory of a page".to_owned()))
        }
        counted => counted,
    }
}

fn walk(file: &mut (impl Read + Seek)) -> io::Result<Result<usize, String>> {
    let length = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    let mut start = [0; 2];
    file.read_exact(&mut start)?;
    let mut layout = Layout { big_endian: &start == b"MM", is_big: false };
    layout.is_big = layout.number(file, 2)? == 43;
    if layout.is_big {
        let _width_of_offsets = layout.number(file, 4)?;
    }
    let mut next = layout.offset(file)?;
    let mut seen = BTreeSet::new();
    while next != 0 {
        if !seen.insert(next) {
            return Ok(Err(format!("page {} is also an earlier one", seen.len())));
        }
        file.seek(SeekFrom::Start(next))?;
        let entries = layout.number(file, if layout.is_big { 8 } else { 2 })?;
        for _ in 0..entries {
            let tag = layout.number(file, 2)?;
            let width = width(layout.number(file, 2)?);
            let values = layout.offset(file)?;
            let _where_they_are = layout.offset(file)?;
            if values.saturating_mul(width) > length {
                return Ok(Err(format!(
                    "its tag {tag} claims {values} values, the file has {length} bytes"
                )));
            }
        }
        next = layout.offset(file)?;
    }
    Ok(Ok(seen.len()))
}

/// Bytes of a value of this type, 1 where it is not known.
fn width(kind: u64) -> u64 {
    match kind {
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16..=18 => 8,
        _ => 1,
    }
}
