//! The bytes of a file as the crate `parquet` asks for them, with an eye on what the headers of
//! pages claim: it makes as much room as a page says it unpacks to before it unpacks any.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

/// Bytes that a page may unpack to whatever the footer says, and how many for one of its own.
const LEAST: u64 = 1 << 20;
const UNPACKED: u64 = 1032;

/// The pages of a column of a row group.
pub(super) struct Pages {
    pub(super) file: Arc<File>,
    /// What the footer says that all of them unpack to.
    pub(super) unpacked: u64,
}

impl Length for Pages {
    fn len(&self) -> u64 {
        Length::len(&*self.file)
    }
}

impl ChunkReader for Pages {
    type T = PageHeader;

    fn get_read(&self, start: u64) -> Result<PageHeader, ParquetError> {
        let file = self.file.get_read(start)?;
        Ok(PageHeader { file, unpacked: self.unpacked, is_checked: false })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        self.file.get_bytes(start, length)
    }
}

/// The header of a page, which is all that is read this way.
pub(super) struct PageHeader {
    file: BufReader<File>,
    unpacked: u64,
    is_checked: bool,
}

impl Read for PageHeader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.is_checked {
            self.is_checked = true;
            let sizes = sizes(self.file.fill_buf()?);
            if let Some([unpacked, packed]) = sizes
                && unpacked > self.unpacked.max(LEAST + UNPACKED * packed)
            {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!(
                        "a page of {packed} bytes claims to unpack to {unpacked}, its column to {}",
                        self.unpacked
                    ),
                ));
            }
        }
        self.file.read(buffer)
    }
}

/// The bytes that a page unpacks to and has, if they stand where writers put them: the second
/// and third field of a Thrift structure in the compact protocol, each a whole number of 32 bits.
fn sizes(bytes: &[u8]) -> Option<[u64; 2]> {
    const NEXT_FIELD: u8 = 0x15;
    let mut bytes = bytes.iter();
    let mut field = || {
        bytes.next().filter(|&&byte| byte == NEXT_FIELD)?;
        let mut number = 0_u64;
        for shift in (0..35).step_by(7) {
            let byte = *bytes.next()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                // Zigzag: even numbers are twice the positive ones.
                return number.is_multiple_of(2).then_some(number / 2);
            }
        }
        None
    };
    let [_kind, unpacked, packed] = [field()?, field()?, field()?];
    Some([unpacked, packed])
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_page_that_claims_too_much_is_not_read() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[0x15, 0, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0x15, 4, 0x2c]).unwrap();
        let mut pages = Pages { file: Arc::new(file), unpacked: 100 };
        let read = |pages: &Pages| pages.get_read(0).unwrap().read(&mut [0; 4]);
        let message = read(&pages).unwrap_err().to_string();
        assert_eq!(message, "a page of 2 bytes claims to unpack to 2147483647, its column to 100");
        pages.unpacked = 1 << 31;
        assert_eq!(read(&pages).unwrap(), 4);
    }

    #[test]
    fn the_sizes_of_a_page_are_its_second_and_third_field() {
        assert_eq!(sizes(&[0x15, 0, 0x15, 0xf2, 0x01, 0x15, 0x04, 0x2c]), Some([121, 2]));
        assert_eq!(sizes(&[0x15, 0, 0x15, 0x01, 0x15, 0x04]), None);
        assert_eq!(sizes(&[0x15, 0, 0x15, 0xff, 0xff, 0xff, 0xff, 0xff, 0x15, 0x04]), None);
        assert_eq!(sizes(&[0x15, 0, 0x25, 0x02]), None);
        assert_eq!(sizes(&[]), None);
    }
}
