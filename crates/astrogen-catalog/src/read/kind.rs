//! What a catalogue's file is, told by its content.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::files::Files;
use crate::CatalogError;
use astrogen_fits::format::{Format, LEADING, OpenedFile, describe, open_file};
use astrogen_fits::unpacker;

/// What a catalogue's file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Fits,
    Csv(Option<Format>),
    Parquet,
    Hdf5,
    /// A NumPy array, `[rows, columns]` unless it is transposed.
    Npy {
        transposed: bool,
    },
    /// Parquet files of a folder, one after the other.
    Files(Files),
}

impl Kind {
    pub(super) fn of(path: &Path) -> Result<Kind, CatalogError> {
        if path.is_dir() {
            return Files::of(path).map(Kind::Files);
        }
        let OpenedFile { file, start: leading, .. } = OpenedFile::open(path)?;
        let refuse = |got| CatalogError::Format {
            path: path.to_owned(),
            expected: "a FITS table, CSV (both plain or packed by gzip, bzip2 or compress), Parquet, HDF5, a NumPy array, or a folder that is a HATS catalogue",
            got,
        };
        match Format::of(&leading) {
            Some(Format::Fits) => Ok(Kind::Fits),
            // A text may begin with the name of a format.
            Some(Format::Parquet) if is_text(&leading) && !ends_as_parquet(path)? => {
                Ok(Kind::Csv(None))
            }
            Some(Format::Bzip2) if is_text(&leading) && !is_bzip2(&leading) => Ok(Kind::Csv(None)),
            Some(Format::Parquet) => Ok(Kind::Parquet),
            Some(Format::Hdf5) => Ok(Kind::Hdf5),
            Some(Format::Npy) => Ok(Kind::Npy { transposed: false }),
            Some(packing) => {
                let Some((packer, reader)) = unpacker(packing, file) else {
                    return Err(refuse(describe(&leading)));
                };
                let mut unpacked = Vec::new();
                reader.take(LEADING as u64).read_to_end(&mut unpacked).map_err(|error| {
                    CatalogError::Damaged {
                        path: path.to_owned(),
                        reason: format!("its {packer} stream cannot be unpacked ({error})"),
                    }
                })?;
                match Format::of(&unpacked) {
                    Some(Format::Fits) => Ok(Kind::Fits),
                    None | Some(Format::Parquet) if is_text(&unpacked) => {
                        Ok(Kind::Csv(Some(packing)))
                    }
                    _ => Err(refuse(format!("{}, packed by {packer}", describe(&unpacked)))),
                }
            }
            None if is_text(&leading) => Ok(Kind::Csv(None)),
            None => Err(refuse(describe(&leading))),
        }
    }
}

/// Whether bytes begin a bzip2 stream, with its first block or its end.
fn is_bzip2(bytes: &[u8]) -> bool {
    let block = bytes.get(4..10).unwrap_or_default();
    block == b"1AY&SY" || block == b"\x17rE8P\x90"
}

/// Whether a file ends as Parquet does.
fn ends_as_parquet(path: &Path) -> Result<bool, CatalogError> {
    let fail = |source| CatalogError::io("read", path, source);
    let mut end = Vec::new();
    let mut file = open_file(path)?;
    file.seek(SeekFrom::End(-4)).map_err(fail)?;
    file.read_to_end(&mut end).map_err(fail)?;
    Ok(end == b"PAR1")
}

/// Whether bytes may begin a text: printable, whatever its letters' encoding.
fn is_text(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| byte >= b' ' || b"\t\r\n".contains(&byte))
}
