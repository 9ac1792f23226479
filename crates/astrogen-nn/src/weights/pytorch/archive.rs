//! The zip archive that `torch.save` writes: `NAME/data.pkl`, `NAME/data/0`, `NAME/data/1`, ...
//!
//! Sizes are compared with the bytes that are there before memory is taken for them.

use std::io::{Cursor, Read};

use zip::ZipArchive;

/// The longest pickle: a state_dict has some 200 bytes a tensor.
const LONGEST: u64 = 1 << 26;

/// Deflate makes at most so many bytes of one.
const INFLATION: u64 = 1032;

/// The entries of an archive.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// What all names begin with.
    folder: String,
}

impl<'a> Archive<'a> {
    pub(super) fn new(data: &'a [u8]) -> Result<Self, String> {
        let damaged = |error| {
            format!(
                "it is not a whole zip archive ({error}): it is cut off or damaged; copy it again"
            )
        };
        let mut zip = ZipArchive::new(Cursor::new(data)).map_err(damaged)?;
        if zip.has_duplicate_names() || zip.has_overlapping_entries().map_err(damaged)? {
            return Err("it has entries that share names or bytes: it is damaged".to_owned());
        }
        let folder = zip.file_names().find_map(|name| {
            let (folder, "data.pkl") = name.as_deref().ok()?.rsplit_once('/')? else { return None };
            Some(folder.to_owned())
        });
        let folder = folder.ok_or(
            "it is a zip archive without a `data.pkl`, which every file of `torch.save` has: it is \
             of another format",
        )?;
        Ok(Self { zip, folder })
    }

    /// The pickle, of numbers that lie here as they lie in memory.
    pub(super) fn pickle(&mut self) -> Result<Vec<u8>, String> {
        if self.zip.index_for_name_raw(format!("{}/byteorder", self.folder).as_bytes()).is_some() {
            let order = self.entry("byteorder", |size| size <= 16)?;
            if order != b"little" {
                return Err(format!(
                    "it has the byte order `{}`, and only `little` is read: load it with PyTorch on \
                     this machine and save it again",
                    order.escape_ascii()
                ));
            }
        }
        self.entry("data.pkl", |size| size <= LONGEST)
    }

    /// The bytes of a storage, exactly so many.
    pub(super) fn storage(&mut self, key: &str, expected: u64) -> Result<Vec<u8>, String> {
        self.entry(&format!("data/{key}"), |size| size == expected).map_err(|reason| {
            format!("{reason}; {expected} bytes expected: it is cut off or damaged; copy it again")
        })
    }

    /// An entry, if its size fits.
    fn entry(&mut self, name: &str, fits: impl Fn(u64) -> bool) -> Result<Vec<u8>, String> {
        let name = format!("{}/{name}", self.folder);
        let wrong = |reason: &dyn std::fmt::Display| format!("its entry `{name}`: {reason}");
        let mut entry = self.zip.by_name(&name).map_err(|error| wrong(&error))?;
        let size = entry.size();
        if !fits(size) {
            return Err(wrong(&format_args!("{size} bytes")));
        }
        if size > entry.compressed_size().saturating_mul(INFLATION) {
            let there = entry.compressed_size();
            return Err(wrong(&format_args!("{size} bytes claimed, {there} found")));
        }
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(size as usize).map_err(|error| wrong(&error))?;
        entry.by_ref().take(size).read_to_end(&mut bytes).map_err(|error| wrong(&error))?;
        // One byte more, and the sum of the checks is made.
        let longer = entry.read(&mut [0]).map_err(|error| wrong(&error))? > 0;
        if longer || bytes.len() as u64 != size {
            return Err(wrong(&format_args!("{size} bytes claimed, {} found", bytes.len())));
        }
        Ok(bytes)
    }
}
