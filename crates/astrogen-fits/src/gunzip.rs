//! Whole files packed by gzip.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// What the members of a gzip file unpack to, one behind the other. Zeros behind a member are padding,
/// as tapes and some archives write it.
pub(crate) struct Members<R> {
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    pub(crate) fn new(packed: R) -> Members<R> {
        Members { member: Some(GzDecoder::new(packed)) }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let count = member.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            // Where this fails the member stays, at its end: who reads again goes on here.
            let is_more = skip_zeros(member.get_mut())?;
            let ended = self.member.take().filter(|_| is_more);
            self.member = ended.map(|member| GzDecoder::new(member.into_inner()));
        }
        Ok(0)
    }
}

/// Whether there is something behind the zeros that come next.
fn skip_zeros(rest: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let bytes = rest.fill_buf()?;
        if bytes.is_empty() {
            return Ok(false);
        }
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        let is_more = zeros < bytes.len();
        rest.consume(zeros);
        if is_more {
            return Ok(true);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use std::io::Write;

    /// Gives a byte at a time, and before each says that it was interrupted.
    struct Halting<'a> {
        bytes: &'a [u8],
        goes_on: bool,
    }

    impl Read for Halting<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.fill_buf()?.read(buffer)?;
            self.consume(count);
            Ok(count)
        }
    }

    impl BufRead for Halting<'_> {
        fn fill_buf(&mut self) -> io::Result<&[u8]> {
            if !self.goes_on {
                self.goes_on = true;
                return Err(io::ErrorKind::Interrupted.into());
            }
            Ok(&self.bytes[..self.bytes.len().min(1)])
        }

        fn consume(&mut self, count: usize) {
            self.bytes = &self.bytes[count..];
            self.goes_on &= count == 0;
        }
    }

    #[test]
    fn an_interruption_is_not_the_end() {
        let mut packed = Vec::new();
        for part in ["here ", "and there"] {
            let mut packer = flate2::write::GzEncoder::new(packed, flate2::Compression::best());
            packer.write_all(part.as_bytes()).unwrap();
            packed = packer.finish().unwrap();
            packed.extend([0; 3]);
        }
        let mut text = String::new();
        let mut members = Members::new(Halting { bytes: &packed, goes_on: false });
        members.read_to_string(&mut text).unwrap();
        assert_eq!(text, "here and there");
    }
}
