//! Weights as safetensors files, the same ones PyTorch reads and writes.
//!
//! [`read`] takes files of `torch.save` too: see [`read_pytorch`].
//!
//! A file holds named tensors and a map of texts, its metadata. Files of a network say in
//! their metadata which network it is (`astrogen.model`) and its config as JSON
//! (`astrogen.config`), so that the weights alone rebuild it; files without metadata, from
//! PyTorch say, go into a network that stands already ([`load_weights`]).
//!
//! - A file is written beside its place, flushed to the disk and renamed: at any moment,
//!   under the name there is the old file, or the new one, or none.
//! - The same tensors and metadata give the same bytes.
//! - A file that was cut off or damaged in its header is refused as a whole.
//! - Names, shapes and element types must all fit the network; every difference is named
//!   and nothing is loaded if there is one.
//!
//! ```
//! use astrogen_nn::weights;
//! use std::collections::BTreeMap;
//! use tch::Tensor;
//!
//! # let folder = tempfile::tempdir()?;
//! let path = folder.path().join("vector.safetensors");
//! let tensors = [("x".to_string(), Tensor::from_slice(&[1.0f32, 2.0]))];
//! let metadata = BTreeMap::from([("unit".to_string(), "electron".to_string())]);
//! weights::save(&path, &tensors, &metadata)?;
//!
//! let file = weights::read(&path)?;
//! assert_eq!(file.metadata["unit"], "electron");
//! assert_eq!(file.tensors["x"], tensors[0].1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod load;
pub mod pytorch;
mod save;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, Metadata, TensorView};
use serde::{Serialize, de::DeserializeOwned};
use tch::{Kind, Tensor, nn::VarStore};

pub(crate) use load::check;
pub use load::{copy_into, load_into, load_weights};
pub use pytorch::{PyTorchFile, Value, read_pytorch};
pub use save::{fingerprint, save};

use crate::NnError;

/// The metadata key that says which network the weights are of, `dcgan.generator` say.
pub const MODEL_KEY: &str = "astrogen.model";
/// The metadata key of the network's config, as JSON.
pub const CONFIG_KEY: &str = "astrogen.config";
/// The header's own key for the metadata; no tensor may have this name.
const METADATA_KEY: &str = "__metadata__";

// Tensor bytes are copied as they lie in memory, and the format is little-endian.
const _: () = assert!(cfg!(target_endian = "little"));

/// The element types both libtorch and the format know.
const DTYPES: [(Kind, Dtype); 10] = [
    (Kind::Bool, Dtype::BOOL),
    (Kind::Uint8, Dtype::U8),
    (Kind::Int8, Dtype::I8),
    (Kind::Int16, Dtype::I16),
    (Kind::Int, Dtype::I32),
    (Kind::Int64, Dtype::I64),
    (Kind::BFloat16, Dtype::BF16),
    (Kind::Half, Dtype::F16),
    (Kind::Float, Dtype::F32),
    (Kind::Double, Dtype::F64),
];

/// What a weights file holds.
#[derive(Debug)]
pub struct WeightFile {
    /// Where it was read from.
    pub path: PathBuf,
    /// Its texts; a file of PyTorch's has none.
    pub metadata: BTreeMap<String, String>,
    /// Its tensors, on the CPU.
    pub tensors: BTreeMap<String, Tensor>,
}

impl WeightFile {
    /// The config of the network `model` (`dcgan.generator` say) from the metadata.
    ///
    /// # Errors
    /// [`NnError::WrongModel`] where the file holds another network or does not say
    /// which, [`NnError::UnknownConfig`] where the config is not to be understood.
    pub fn config<C: DeserializeOwned>(&self, model: &str) -> Result<C, NnError> {
        let wrong = |got: String| NnError::WrongModel {
            path: self.path.clone(),
            expected: format!("the weights of a {model}"),
            got,
        };
        let (Some(held), Some(config)) =
            (self.metadata.get(MODEL_KEY), self.metadata.get(CONFIG_KEY))
        else {
            return Err(wrong(format!(
                "no metadata {MODEL_KEY} and {CONFIG_KEY} (weights alone go into a network \
                 that stands already, through load_weights)"
            )));
        };
        if held != model {
            return Err(wrong(format!("the weights of a {held}")));
        }
        serde_json::from_str(config).map_err(|error| NnError::UnknownConfig {
            path: self.path.clone(),
            model: model.to_owned(),
            reason: error.to_string(),
        })
    }

    /// Puts the tensors into the variables of a store, as the function [`load_into`] does;
    /// the error names the file.
    ///
    /// # Errors
    /// [`NnError::Mismatch`] with every difference.
    pub fn load_into(&self, var_store: &VarStore) -> Result<(), NnError> {
        load::copy_into(var_store.variables(), &self.tensors, &self.path.display().to_string())
    }
}

/// The metadata by which [`WeightFile::config`] knows a network again.
///
/// # Errors
/// JSON's, where it has no words for the config.
pub(crate) fn metadata<C: Serialize>(
    model: &str,
    config: &C,
) -> serde_json::Result<BTreeMap<String, String>> {
    let config = serde_json::to_string(config)?;
    Ok(BTreeMap::from([(MODEL_KEY.into(), model.into()), (CONFIG_KEY.into(), config)]))
}

/// Reads a whole weights file onto the CPU: safetensors, or PyTorch's own where it holds one dict
/// of tensors, told apart by their first bytes.
///
/// # Errors
/// [`NnError::Io`] where it cannot be read, [`NnError::InvalidFile`] where it is cut
/// off, damaged, of another format, or holds an element type libtorch lacks; for a file of
/// PyTorch's also those of [`read_pytorch`] and [`PyTorchFile::state_dict`].
pub fn read(path: impl AsRef<Path>) -> Result<WeightFile, NnError> {
    let path = path.as_ref().to_owned();
    let data = bytes_of(&path)?;
    if pytorch::is_pytorch(&data) {
        let tensors = pytorch::parse(&path, &data)?.state_dict(None)?;
        return Ok(WeightFile { path, metadata: BTreeMap::new(), tensors });
    }
    match parse(&data) {
        Ok((metadata, tensors)) => Ok(WeightFile { path, metadata, tensors }),
        Err(reason) => Err(damaged(&path, reason)),
    }
}

/// All bytes of a file.
fn bytes_of(path: &Path) -> Result<Vec<u8>, NnError> {
    let failed = |source| NnError::Io { action: "read", path: path.to_owned(), source };
    fs::read(path).map_err(failed)
}

/// A file that is no whole safetensors file.
fn damaged(path: &Path, reason: String) -> NnError {
    let reason = format!(
        "is not a whole safetensors file ({reason}): it is cut off, damaged or of another format; \
         copy it again or take an earlier checkpoint"
    );
    NnError::InvalidFile { path: path.to_owned(), reason }
}

/// Reads only the texts of a weights file, however large its tensors; a file of PyTorch's has none.
///
/// # Errors
/// [`NnError::Io`] where it cannot be read, [`NnError::InvalidFile`] where it is cut
/// off or its header damaged.
pub fn read_metadata(path: impl AsRef<Path>) -> Result<BTreeMap<String, String>, NnError> {
    let path = path.as_ref();
    let read = read_head(path).map_err(|source| NnError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    })?;
    let Some((head, size)) = read else { return Ok(BTreeMap::new()) };
    let header: Metadata = serde_json::from_slice(&head)
        .map_err(|error| damaged(path, format!("its header: {error}")))?;
    let whole = header.data_len().saturating_add(8 + head.len());
    if size != whole as u64 {
        return Err(damaged(path, format!("{whole} bytes expected, {size} found")));
    }
    let metadata = header.metadata().clone().unwrap_or_default();
    Ok(metadata.into_iter().collect())
}

/// The header of a safetensors file and the size of the whole file, in bytes; none of a file of PyTorch's.
fn read_head(path: &Path) -> io::Result<Option<(Vec<u8>, u64)>> {
    /// The format allows no longer header.
    const LONGEST: u64 = 100_000_000;
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let (mut first, mut length, mut head) = (Vec::new(), Vec::new(), Vec::new());
    file.by_ref().take(pytorch::FIRST).read_to_end(&mut first)?;
    if pytorch::is_pytorch(&first) {
        return Ok(None);
    }
    file.rewind()?;
    file.by_ref().take(8).read_to_end(&mut length)?;
    // A shorter file has no header at all.
    if let Ok(length) = <[u8; 8]>::try_from(length) {
        file.take(u64::from_le_bytes(length).min(LONGEST)).read_to_end(&mut head)?;
    }
    Ok(Some((head, size)))
}

type Contents = (BTreeMap<String, String>, BTreeMap<String, Tensor>);

fn parse(data: &[u8]) -> Result<Contents, String> {
    let (_, header) = SafeTensors::read_metadata(data).map_err(|error| error.to_string())?;
    let file = SafeTensors::deserialize(data).map_err(|error| error.to_string())?;
    let metadata = header.metadata().clone().unwrap_or_default().into_iter().collect();
    let tensors = file
        .iter()
        .map(|(name, view)| match tensor(&view) {
            Ok(tensor) => Ok((name.to_owned(), tensor)),
            Err(reason) => Err(format!("`{name}`: {reason}")),
        })
        .collect::<Result<_, _>>()?;
    Ok((metadata, tensors))
}

fn tensor(view: &TensorView) -> Result<Tensor, String> {
    let (kind, _) = DTYPES
        .iter()
        .find(|(_, dtype)| *dtype == view.dtype())
        .ok_or_else(|| format!("libtorch has no element type {}", view.dtype()))?;
    let shape = view.shape().iter().map(|&n| i64::try_from(n));
    let shape = shape.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
    from_bytes(view.data(), &shape, *kind)
}

/// A tensor of elements as they lie in a file, row by row.
fn from_bytes(bytes: &[u8], shape: &[i64], kind: Kind) -> Result<Tensor, String> {
    let tensor = match kind {
        // Other bytes than 0 and 1 are no bools to libtorch.
        Kind::Bool => {
            let bools: Vec<u8> = bytes.iter().map(|&byte| u8::from(byte != 0)).collect();
            Tensor::f_from_data_size(&bools, shape, kind)
        }
        _ => Tensor::f_from_data_size(bytes, shape, kind),
    };
    tensor.map_err(|error| error.to_string())
}

/// The file at `path`, or the one named `name` in the run directory at `path`.
pub(crate) fn locate(path: &Path, name: &str) -> Result<PathBuf, NnError> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let file = path.join(name);
    if file.is_file() {
        return Ok(file);
    }
    Err(NnError::NoWeights { folder: path.to_owned(), file: name.to_owned() })
}
