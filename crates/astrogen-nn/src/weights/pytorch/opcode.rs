//! Bytes of a pickle to operations: those of protocols 2 to 5 that tensors in dicts need.

use std::str;

/// One step of the [machine](super::machine).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Op<'a> {
    /// The protocol; only at the beginning.
    Protocol(u8),
    /// A hint how far to read ahead.
    Frame,
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
    EmptyTuple,
    EmptyList,
    EmptyDict,
    Mark,
    /// A tuple of so many values, or of those above the mark.
    Tuple(Option<usize>),
    Append,
    Appends,
    SetItem,
    SetItems,
    /// Under a number, or the next that is free.
    Put(Option<u32>),
    Get(u32),
    /// A class or a function, by its module and its name.
    Global(&'a str, &'a str),
    /// The same, both taken from the stack.
    StackGlobal,
    /// What lies outside of the pickle: a storage.
    PersistentId,
    Reduce,
    Build,
    Stop,
}

/// The operations that are left of a pickle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ops<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Ops<'a> {
    pub(super) fn new(pickle: &'a [u8]) -> Self {
        Self { rest: pickle, length: pickle.len() }
    }

    /// Bytes that were read already.
    pub(super) fn position(&self) -> usize {
        self.length - self.rest.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn next(&mut self) -> Result<Op<'a>, String> {
        let at = self.position();
        Ok(match self.byte()? {
            0x80 => Op::Protocol(self.byte()?),
            0x95 => {
                self.array::<8>()?;
                Op::Frame
            }
            b'N' => Op::None,
            0x88 => Op::Bool(true),
            0x89 => Op::Bool(false),
            b'K' => Op::Int(self.byte()?.into()),
            b'M' => Op::Int(u16::from_le_bytes(self.array()?).into()),
            b'J' => Op::Int(i32::from_le_bytes(self.array()?).into()),
            0x8a => Op::Int(self.long()?),
            b'G' => Op::Float(f64::from_be_bytes(self.array()?)),
            0x8c => {
                let length = self.byte()?.into();
                Op::Text(self.text(length)?)
            }
            b'X' => {
                let length = u32::from_le_bytes(self.array()?).into();
                Op::Text(self.text(length)?)
            }
            0x8d => {
                let length = u64::from_le_bytes(self.array()?);
                Op::Text(self.text(length)?)
            }
            b')' => Op::EmptyTuple,
            b']' => Op::EmptyList,
            b'}' => Op::EmptyDict,
            b'(' => Op::Mark,
            b't' => Op::Tuple(None),
            0x85 => Op::Tuple(Some(1)),
            0x86 => Op::Tuple(Some(2)),
            0x87 => Op::Tuple(Some(3)),
            b'a' => Op::Append,
            b'e' => Op::Appends,
            b's' => Op::SetItem,
            b'u' => Op::SetItems,
            b'q' => Op::Put(Some(self.byte()?.into())),
            b'r' => Op::Put(Some(u32::from_le_bytes(self.array()?))),
            0x94 => Op::Put(None),
            b'h' => Op::Get(self.byte()?.into()),
            b'j' => Op::Get(u32::from_le_bytes(self.array()?)),
            b'c' => Op::Global(self.line()?, self.line()?),
            0x93 => Op::StackGlobal,
            b'Q' => Op::PersistentId,
            b'R' => Op::Reduce,
            b'b' => Op::Build,
            b'.' => Op::Stop,
            other => {
                return Err(format!(
                    "its pickle holds at byte {at} the operation {other:#04x}, which tensors in \
                     dicts do not need: save a state_dict alone, as `torch.save` does by default"
                ));
            }
        })
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], String> {
        let split = usize::try_from(length).ok().and_then(|n| self.rest.split_at_checked(n));
        let (taken, rest) = split.ok_or_else(|| {
            let left = self.rest.len();
            format!("its pickle is cut off: {length} bytes expected at the end, {left} found")
        })?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N as u64)?);
        Ok(array)
    }

    fn byte(&mut self) -> Result<u8, String> {
        self.array().map(|[byte]| byte)
    }

    fn text(&mut self, length: u64) -> Result<&'a str, String> {
        let bytes = self.take(length)?;
        str::from_utf8(bytes).map_err(|error| format!("a text of its pickle: {error}"))
    }

    /// What stands before the end of a line.
    fn line(&mut self) -> Result<&'a str, String> {
        let length = self.rest.iter().position(|byte| *byte == b'\n');
        let line = self.text(length.unwrap_or(usize::MAX) as u64)?;
        self.byte()?;
        Ok(line)
    }

    /// An integer of so many bytes, the first of which says how many.
    fn long(&mut self) -> Result<i64, String> {
        let length = self.byte()?;
        let bytes = self.take(length.into())?;
        if bytes.len() > 8 {
            return Err(format!("its pickle holds a number of {length} bytes, at most 8 are read"));
        }
        // The sign fills what is left.
        let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
        let mut whole = if negative { [0xff; 8] } else { [0; 8] };
        whole[..bytes.len()].copy_from_slice(bytes);
        Ok(i64::from_le_bytes(whole))
    }
}
