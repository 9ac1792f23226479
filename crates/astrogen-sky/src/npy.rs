//! NumPy's file format for arrays, version 1.0: little-endian `f32`, row-major.

use crate::claim::write_whole;
use crate::error::SkyError;
use ndarray::Array2;
use std::path::Path;

/// Writes an array, whole or not at all.
///
/// # Errors
/// [`SkyError::Io`] if the disk refuses.
pub(crate) fn write_npy(path: &Path, array: &Array2<f32>) -> Result<(), SkyError> {
    let (rows, columns) = array.dim();
    let mut header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    // Magic, version and length take 10 bytes; the data begin at a multiple of 64.
    const BEFORE: usize = 10;
    let length = (BEFORE + header.len() + 1).next_multiple_of(64) - BEFORE;
    header.extend(std::iter::repeat_n(' ', length - 1 - header.len()));
    header.push('\n');
    let mut bytes = Vec::with_capacity(BEFORE + length + 4 * array.len());
    bytes.extend(b"\x93NUMPY\x01\x00");
    bytes.extend((length as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(array.iter().flat_map(|value| value.to_le_bytes()));
    write_whole(path, &bytes)
}
