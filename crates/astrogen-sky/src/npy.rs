//! NumPy's file format for arrays: little-endian `f32`, row-major.

use crate::claim::{io, write_whole};
use crate::error::SkyError;
use ndarray::Array2;
use npyz::{WriteOptions, WriterBuilder};
use std::path::Path;

/// Writes an array, whole or not at all.
///
/// # Errors
/// [`SkyError::Io`] if the disk refuses.
pub(crate) fn write_npy(path: &Path, array: &Array2<f32>) -> Result<(), SkyError> {
    let (rows, columns) = array.dim();
    let mut bytes = Vec::new();
    let options = WriteOptions::new().default_dtype().shape(&[rows as u64, columns as u64]);
    let writer = options.writer(&mut bytes).begin_nd();
    let written = writer.and_then(|mut writer| {
        writer.extend(array.iter())?;
        writer.finish()
    });
    written.map_err(io("cannot encode", path))?;
    write_whole(path, &bytes)
}
