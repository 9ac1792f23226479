//! The bytes of a FITS file: on disk, or in memory where the whole file is compressed.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::gunzip::Members;
use super::lzw;
use crate::FitsError;
use crate::format::{Format, LEADING, OpenedFile, describe};

/// Bytes in a FITS block.
pub(crate) const BLOCK: usize = 2880;

/// Memory that unpacking one compressed file or image may take unless another limit is
/// given: 4 GiB.
pub const MEMORY_LIMIT: u64 = 4 << 30;

/// What the file looked for should have been.
const EXPECTED: &str =
    "a FITS file (\"SIMPLE  =\" first), plain or packed by gzip, bzip2 or compress";

enum Bytes {
    Disk(File),
    /// Padded with zeros to whole blocks.
    Memory(Vec<u8>),
}

/// An opened file whose first bytes are those of a FITS file.
pub(super) struct Source {
    pub(super) path: PathBuf,
    /// The length of the (unpacked) file without padding.
    pub(super) len: u64,
    /// The most that unpacking may take.
    pub(super) limit: u64,
    bytes: Bytes,
}

impl Source {
    /// Takes an opened file, unpacking it to memory if its content says that it is compressed.
    pub(super) fn open(opened: OpenedFile, limit: u64) -> Result<Source, FitsError> {
        let format = opened.format();
        let OpenedFile { path, file, start } = opened;
        if format == Some(Format::Fits) {
            let len = file.metadata().map_err(|source| FitsError::io("read", &path, source))?.len();
            return Ok(Source { path, len, limit, bytes: Bytes::Disk(file) });
        }
        let Some((packer, reader)) = format.and_then(|format| unpacker(format, file)) else {
            return Err(not_fits(&path, describe(&start)));
        };
        let unpacked = unpack(&path, packer, reader, limit)?;
        Ok(Source::in_memory(&path, limit, unpacked))
    }

    fn in_memory(path: &Path, limit: u64, mut bytes: Vec<u8>) -> Source {
        let len = bytes.len();
        bytes.resize(len.next_multiple_of(BLOCK), 0);
        Source { path: path.to_owned(), len: len as u64, limit, bytes: Bytes::Memory(bytes) }
    }

    /// Moves the whole file into memory, so that it ends on a block whatever its length; fails for
    /// one above the limit.
    pub(super) fn load(&mut self) -> Result<(), FitsError> {
        if let Bytes::Disk(file) = &mut self.bytes {
            if self.len > self.limit {
                const WHAT: &str = "the file, which has to be in memory to be unpacked";
                return Err(too_large(&self.path, WHAT, self.len, self.limit));
            }
            let fail = |source| FitsError::io("read", &self.path, source);
            let mut bytes = Vec::new();
            bytes
                .try_reserve_exact(self.len as usize + BLOCK)
                .map_err(|_| fail(io::ErrorKind::OutOfMemory.into()))?;
            file.rewind().map_err(fail)?;
            file.take(self.len).read_to_end(&mut bytes).map_err(fail)?;
            *self = Source::in_memory(&self.path, self.limit, bytes);
        }
        Ok(())
    }

    /// The file's bytes where it lies in memory.
    pub(super) fn memory(&self) -> Option<&[u8]> {
        match &self.bytes {
            Bytes::Disk(_) => None,
            Bytes::Memory(bytes) => Some(bytes),
        }
    }

    /// Reads up to `buffer.len()` bytes from `offset`; fewer only at the end of the file.
    pub(super) fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize, FitsError> {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = buffer.len().min(left);
        let buffer = &mut buffer[..count];
        match &mut self.bytes {
            Bytes::Memory(bytes) => {
                // A full read past the end has count 0, so the range is inside.
                let offset = usize::try_from(offset).unwrap_or(usize::MAX);
                if let Some(bytes) = bytes.get(offset..offset.saturating_add(count)) {
                    buffer.copy_from_slice(bytes);
                }
            }
            Bytes::Disk(file) => file
                .seek(SeekFrom::Start(offset))
                .and_then(|_| file.read_exact(buffer))
                .map_err(|source| FitsError::io("read", &self.path, source))?,
        }
        Ok(count)
    }

    /// An error that says what is wrong inside the file.
    pub(super) fn damaged(&self, reason: impl Into<String>) -> FitsError {
        FitsError::Damaged { path: self.path.clone(), reason: reason.into() }
    }
}

/// What unpacks a file of this format, and the packer's name; `None` if it is not packed.
pub fn unpacker(format: Format, file: File) -> Option<(&'static str, Box<dyn Read + Send>)> {
    let packed = io::BufReader::with_capacity(1 << 16, file);
    Some(match format {
        Format::Gzip => ("gzip", Box::new(Members::new(packed))),
        Format::Bzip2 => ("bzip2", Box::new(bzip2::bufread::MultiBzDecoder::new(packed))),
        Format::Compress => ("compress", Box::new(lzw::Decoder::new(packed))),
        _ => return None,
    })
}

/// Unpacks a compressed stream, giving up early on one that is not FITS or too large.
fn unpack(
    path: &Path,
    packer: &str,
    mut reader: Box<dyn Read + Send>,
    limit: u64,
) -> Result<Vec<u8>, FitsError> {
    let fail = |error: io::Error| {
        // The disk's own trouble is no damage to the stream.
        if error.raw_os_error().is_some() {
            return FitsError::io("read", path, error);
        }
        let reason = format!(
            "its {packer} stream cannot be unpacked ({error}); fetch or copy the file again"
        );
        FitsError::Damaged { path: path.to_owned(), reason }
    };
    let mut bytes = Vec::new();
    reader.by_ref().take(BLOCK as u64).read_to_end(&mut bytes).map_err(fail)?;
    if Format::of(&bytes) != Some(Format::Fits) {
        let got = describe(&bytes[..bytes.len().min(LEADING)]);
        return Err(not_fits(path, format!("{got}, packed by {packer}")));
    }
    let room = limit.saturating_sub(bytes.len() as u64).saturating_add(1);
    reader.take(room).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(path, "the unpacked file", bytes.len() as u64, limit));
    }
    Ok(bytes)
}

fn not_fits(path: &Path, got: String) -> FitsError {
    FitsError::Format { path: path.to_owned(), expected: EXPECTED, got }
}

fn too_large(path: &Path, what: &str, claimed: u64, limit: u64) -> FitsError {
    FitsError::TooLarge {
        path: path.to_owned(),
        what: what.to_owned(),
        claimed: claimed.into(),
        limit,
    }
}
