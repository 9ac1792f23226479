//! Unpacks `.Z` files, the format of the Unix program `compress`.
//!
//! After the magic bytes `1f 9d` a byte holds the largest code width (9 to 16) and, in
//! its highest bit, whether code 256 clears the table. Codes are packed from the lowest
//! bit up. Codes of one width come in groups of eight, and whenever the width changes or
//! the table is cleared the rest of the group is skipped: `compress` wrote whole groups.
//! (Welch 1984, "A technique for high-performance data compression", and the layout that
//! the program's own files show.)

use std::io::{self, Read};

const CLEAR: usize = 256;
const LEAST_WIDTH: u32 = 9;

/// A reader of the unpacked bytes.
pub(super) struct Decoder<R> {
    packed: R,
    table: Option<Table>,
    /// Codes of the group that is being read, `width` bytes long when whole.
    group: Vec<u8>,
    /// The next bit of the group.
    bit: usize,
    unpacked: Vec<u8>,
    taken: usize,
}

/// The strings known so far: each is another string and one byte more.
struct Table {
    block_mode: bool,
    most_width: u32,
    width: u32,
    prefix: Vec<u16>,
    suffix: Vec<u8>,
    /// The code before this one and the first byte of its string.
    previous: Option<(usize, u8)>,
}

impl<R: Read> Decoder<R> {
    pub(super) fn new(packed: R) -> Decoder<R> {
        Decoder { packed, table: None, group: Vec::new(), bit: 0, unpacked: Vec::new(), taken: 0 }
    }

    /// The next code, or `None` at the end of the stream.
    fn code(&mut self, width: u32) -> io::Result<Option<usize>> {
        let width = width as usize;
        if self.bit + width > self.group.len() * 8 {
            self.group.clear();
            self.bit = 0;
            self.packed.by_ref().take(width as u64).read_to_end(&mut self.group)?;
            if width > self.group.len() * 8 {
                return Ok(None);
            }
        }
        let first = self.bit / 8;
        let mut window = 0_u32;
        for (shift, byte) in self.group[first..].iter().take(3).enumerate() {
            window |= u32::from(*byte) << (8 * shift);
        }
        let code = (window >> (self.bit % 8)) & ((1 << width) - 1);
        self.bit += width;
        Ok(Some(code as usize))
    }

    /// Unpacks the next code's string.
    fn step(&mut self) -> io::Result<bool> {
        let mut table = match self.table.take() {
            Some(table) => table,
            None => Table::read(&mut self.packed)?,
        };
        let width = table.width;
        let code = self.code(width)?;
        let more = match code {
            None => false,
            Some(CLEAR) if table.block_mode => {
                table.clear();
                true
            }
            Some(code) => {
                table.expand(code, &mut self.unpacked)?;
                true
            }
        };
        if table.width != width || (more && code == Some(CLEAR) && table.block_mode) {
            self.group.clear();
            self.bit = 0;
        }
        self.table = Some(table);
        Ok(more)
    }
}

impl Table {
    fn read(packed: &mut impl Read) -> io::Result<Table> {
        let mut start = [0; 3];
        packed.read_exact(&mut start)?;
        let most_width = u32::from(start[2] & 0x1f);
        if !(LEAST_WIDTH..=16).contains(&most_width) {
            return Err(damaged("code width outside 9 to 16"));
        }
        let mut table = Table {
            block_mode: start[2] & 0x80 != 0,
            most_width,
            width: LEAST_WIDTH,
            prefix: Vec::new(),
            suffix: Vec::new(),
            previous: None,
        };
        table.clear();
        Ok(table)
    }

    fn clear(&mut self) {
        let first_free = if self.block_mode { CLEAR + 1 } else { CLEAR };
        self.prefix.clear();
        self.prefix.resize(first_free, 0);
        self.suffix.clear();
        self.suffix.extend((0..=u8::MAX).chain((256..first_free).map(|_| 0)));
        self.width = LEAST_WIDTH;
        self.previous = None;
    }

    /// Appends the code's string to `out` and learns one string more.
    fn expand(&mut self, code: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let start = out.len();
        let known = self.suffix.len();
        let mut walk = code;
        if code >= known {
            // The string that is about to be learnt: the previous one and its first byte.
            let Some((previous, first)) = self.previous else {
                return Err(damaged("first code is no byte"));
            };
            if code > known {
                return Err(damaged("code beyond the table"));
            }
            out.push(first);
            walk = previous;
        }
        while walk >= CLEAR {
            out.push(self.suffix[walk]);
            walk = usize::from(self.prefix[walk]);
        }
        out.push(walk as u8);
        out[start..].reverse();
        let first = out[start];

        if let Some((previous, _)) = self.previous
            && known < 1 << self.most_width
        {
            self.prefix.push(previous as u16);
            self.suffix.push(first);
            if self.suffix.len() == 1 << self.width && self.width < self.most_width {
                self.width += 1;
            }
        }
        self.previous = Some((code, first));
        Ok(())
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.unpacked.len() {
            self.unpacked.clear();
            self.taken = 0;
            while self.unpacked.len() < buffer.len().min(1 << 16) && self.step()? {}
        }
        let count = buffer.len().min(self.unpacked.len() - self.taken);
        buffer[..count].copy_from_slice(&self.unpacked[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}

fn damaged(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.to_owned())
}
