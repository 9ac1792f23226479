//! From tensors to bytes: the file's header and data, and the digest of both.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use atomic_write_file::AtomicWriteFile;
use safetensors::tensor::{Dtype, TensorInfo};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tch::{Device, Tensor};

use super::{DTYPES, METADATA_KEY};
use crate::NnError;

/// Writes tensors, of any device, and metadata to a file: whole or not at all, in the same
/// bytes each time. An existing file is replaced.
///
/// # Errors
/// [`NnError::Io`] where the folder is missing, not writable or full, [`NnError::InvalidName`]
/// where a name stands twice or is `__metadata__`, [`NnError::Torch`] where an element type is none
/// of the file format's or a tensor cannot be copied to the CPU. An existing file is kept then.
pub fn save(
    path: impl AsRef<Path>,
    tensors: &[(String, Tensor)],
    metadata: &BTreeMap<String, String>,
) -> Result<(), NnError> {
    let path = path.as_ref();
    let tensors = in_file_order(tensors)?;
    let header = header(&tensors, metadata);
    let failed = |source| NnError::Io { action: "write", path: path.to_owned(), source };
    // A folder of this name would stop only the renaming, and leave the written file beside it.
    if path.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    let mut writer = BufWriter::new(AtomicWriteFile::open(path).map_err(failed)?);
    writer.write_all(&(header.len() as u64).to_le_bytes()).map_err(failed)?;
    writer.write_all(&header).map_err(failed)?;
    for (_, tensor, _) in &tensors {
        writer.write_all(&bytes(tensor)?).map_err(failed)?;
    }
    let file = writer.into_inner().map_err(|error| failed(error.into_error()))?;
    file.commit().map_err(failed)
}

/// A short digest of weights, 16 hexadecimal digits: the first 64 bits of the SHA-256 of
/// what [`save`] writes of them without metadata: every tensor's name, element type and shape (the
/// header), then every tensor's bytes, those of the widest element type first, then by name. Two sets
/// of weights with the same digest are the same weights; a FITS header can name the model
/// by it.
///
/// # Errors
/// [`NnError::InvalidName`] where a name stands twice or is `__metadata__`, [`NnError::Torch`]
/// where an element type is none of the file format's or a tensor cannot be copied to the CPU.
///
/// ```
/// use astrogen_nn::weights::fingerprint;
/// use tch::Tensor;
///
/// let ones = |n: i64| vec![("x".to_string(), Tensor::ones([n], tch::kind::FLOAT_CPU))];
/// let digest = fingerprint(&ones(3))?;
/// assert_eq!(digest.len(), 16);
/// assert_eq!(digest, fingerprint(&ones(3))?);
/// assert_ne!(digest, fingerprint(&ones(4))?);
/// # Ok::<(), astrogen_nn::NnError>(())
/// ```
pub fn fingerprint(tensors: &[(String, Tensor)]) -> Result<String, NnError> {
    let mut digest = Sha256::new();
    // The header ends where its JSON does: what follows cannot be taken for part of it.
    let tensors = in_file_order(tensors)?;
    digest.update(header(&tensors, &BTreeMap::new()));
    for (_, tensor, _) in &tensors {
        digest.update(bytes(tensor)?);
    }
    Ok(digest.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect())
}

type Entry<'a> = (&'a str, &'a Tensor, Dtype);

/// Tensors in the order of their data in a file: widest element type first, which keeps
/// every tensor aligned, then by name.
fn in_file_order(tensors: &[(String, Tensor)]) -> Result<Vec<Entry<'_>>, NnError> {
    let mut entries = Vec::with_capacity(tensors.len());
    let mut names = HashSet::from([METADATA_KEY]);
    for (name, tensor) in tensors {
        if !names.insert(name) {
            let reason = match name.as_str() {
                METADATA_KEY => "the file format keeps this name for itself",
                _ => "two tensors have this name",
            };
            return Err(NnError::InvalidName { name: name.clone(), reason });
        }
        let known = DTYPES.iter().find(|(kind, _)| tensor.f_kind().is_ok_and(|got| got == *kind));
        let (_, dtype) = known.ok_or_else(|| NnError::Torch {
            action: format!("store `{name}`"),
            reason: format!("{:?} is not in the file format", tensor.f_kind()),
        })?;
        entries.push((name.as_str(), tensor, *dtype));
    }
    entries.sort_by(|a, b| b.2.cmp(&a.2).then(a.0.cmp(b.0)));
    Ok(entries)
}

/// The header's JSON, padded with spaces to a multiple of 8 bytes.
fn header(entries: &[Entry<'_>], metadata: &BTreeMap<String, String>) -> Vec<u8> {
    #[derive(Serialize)]
    struct Header<'a> {
        #[serde(rename = "__metadata__", skip_serializing_if = "BTreeMap::is_empty")]
        metadata: &'a BTreeMap<String, String>,
        #[serde(flatten)]
        tensors: BTreeMap<&'a str, TensorInfo>,
    }
    let mut end = 0;
    let tensors = entries.iter().map(|&(name, tensor, dtype)| {
        let start = end;
        end += tensor.numel() * dtype.bitsize() / 8;
        let shape = tensor.size().iter().map(|&n| n as usize).collect();
        (name, TensorInfo { dtype, shape, data_offsets: (start, end) })
    });
    let header = Header { metadata, tensors: tensors.collect() };
    // Texts and whole numbers under text keys: JSON has them all.
    let mut json = serde_json::to_vec(&header).expect("a header is JSON");
    json.resize(json.len().next_multiple_of(8), b' ');
    json
}

/// A tensor's elements in row-major order, as they lie in memory.
fn bytes(tensor: &Tensor) -> Result<Vec<u8>, NnError> {
    let copy = || -> Result<Vec<u8>, tch::TchError> {
        let tensor = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?;
        let numel = tensor.numel();
        let mut bytes = vec![0; numel * tensor.f_kind()?.elt_size_in_bytes()];
        tensor.f_copy_data_u8(&mut bytes, numel)?;
        Ok(bytes)
    };
    copy().map_err(|error| NnError::torch("copy a tensor", &error))
}
