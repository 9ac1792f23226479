//! A number by which a data set is known again.

use std::sync::atomic::AtomicBool;

use super::Batch;
use super::prefetch::assemble;
use crate::{DataError, Dataset};

/// Samples that stand for a data set that is not in memory.
const SPREAD: usize = 64;

/// The checksum (CRC-32C) of values, as eight hexadecimal digits.
pub(super) fn checksum(values: &[f32]) -> String {
    // The bytes of a value in one order on all machines.
    let digest = values.chunks(4096).fold(0, |digest, values| {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        crc32c::crc32c_append(digest, &bytes)
    });
    format!("{digest:08x}")
}

/// The checksum of samples spread over a data set, the first and the last among them.
pub(super) fn of_spread<B: Batch>(dataset: &dyn Dataset<Batch = B>) -> Result<String, DataError> {
    let last = dataset.len().saturating_sub(1);
    let mut indices: Vec<_> = (0..SPREAD).map(|i| i * last / (SPREAD - 1)).collect();
    indices.dedup();
    Ok(checksum(&assemble(dataset, &indices, &AtomicBool::new(false))?))
}
