//! Flows from PyTorch: state_dicts of zuko's `MAF`, `NSF`, `NICE`, `SOSPF`, `NCSF` and `BPF`, and of
//! GalacticFlow, as `.safetensors` or as `torch.save` writes them.
//!
//! Names and shapes say how many features, context values, transforms and hidden units there are,
//! and as a rule which member of the family it is. Masks and orders are those of the file.
//!
//! ```no_run
//! use astrogen_flows::{Import, Member};
//! use tch::Device;
//!
//! let flow = Import::default().open("maf.pth", Device::Cpu)?; // of zuko 1.6
//! let older = Import { slope: Some(1e-4), ..Import::default() }; // of zuko 1.0.1 to 1.4.1
//! let flow = older.open("checkpoint.pth", Device::Cpu)?;
//! let nsf = Import { member: Some(Member::Nsf), ..Import::default() }; // 10 bins, say
//! let flow = nsf.open("nsf.safetensors", Device::Cpu)?;
//! flow.save("flow.safetensors")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The other way there is nothing to convert, as a saved flow has zuko's names. In Python:
//!
//! ```python
//! flow = zuko.flows.MAF(10, 20, transforms=10, hidden_features=(128, 128))
//! flow.load_state_dict(safetensors.torch.load_file("flow.safetensors"))
//! ```
//!
//! # What a state_dict does not say
//! zuko's `slope` changed from version to version, and a flow that is loaded with another one than
//! it was trained with has other densities, in zuko as here. Versions 1.0 to 1.5 write the same
//! names (`base._0`), so that it must be named for their files:
//!
//! | zuko | `MAF`, `NICE`, `NSF`, `NCSF` | `SOSPF` |
//! | --- | --- | --- |
//! | 1.0.0 | 1e-3 | none: 1e-9 has its numbers |
//! | 1.0.1 to 1.4.1 | 1e-4 | none: 1e-9 has its numbers |
//! | 1.5 | 1e-3 | 1e-3 |
//! | 1.6 | 1e-3, the default here | 1e-3, the default here |

mod galactic;
mod masks;
mod univariate;
mod zuko;

use std::collections::BTreeMap;
use std::path::Path;

use astrogen_nn::weights::{self, MODEL_KEY};
use astrogen_nn::{Network, NnError};
use tch::{Device, Kind, Tensor};

use crate::masked::Activation;
use crate::{Flow, FlowConfig, FlowError, Member};

/// What a state_dict does not say; see the [module](self). By default nothing is added to what it
/// does say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Import {
    /// The member of the family, where the number of parameters fits several: a spline of other
    /// than 8 bins, Bernstein polynomials, polynomials in a single transform.
    pub member: Option<Member>,
    /// zuko's `slope`, between 0 and 1; 1e-3 for a file of zuko 1.6, to be named for older ones.
    pub slope: Option<f64>,
    /// zuko's `polynomials` of an `SOSPF`, to be named where there are not 3 of degree 4.
    pub polynomials: Option<i64>,
    /// The box of splines and Bernstein polynomials is `[-bound, bound]`: 5 for zuko's, 3 for
    /// GalacticFlow's.
    pub bound: Option<f64>,
    /// What is between the layers of zuko's networks: ReLU by default, as there.
    pub activation: Activation,
}

/// A config and the tensors under the names of this crate.
struct Parts {
    config: FlowConfig,
    tensors: BTreeMap<String, Tensor>,
}

impl Import {
    /// The flow whose state_dict is in a file: `.safetensors`, or one of `torch.save` with one
    /// dict of tensors. Of several, take one by
    /// [`PyTorchFile::state_dict`](weights::PyTorchFile::state_dict) and give it to
    /// [`flow`](Self::flow).
    ///
    /// # Errors
    /// Those of [`weights::read`] and of [`flow`](Self::flow).
    pub fn open(&self, path: impl AsRef<Path>, device: Device) -> Result<Flow, FlowError> {
        let file = weights::read(path)?;
        let origin = file.path.display().to_string();
        if let Some(model) = file.metadata.get(MODEL_KEY) {
            let reason =
                format!("it was saved by this library as `{model}`, whose `load` reads it");
            return Err(FlowError::Import { origin, reason });
        }
        self.build(&file.tensors, device, origin)
    }

    /// The flow of a state_dict, in double precision if its weights are. They need no gradients.
    ///
    /// # Errors
    /// [`FlowError::Import`] where names or shapes are those of no flow, or leave open which;
    /// [`FlowError::Setting`] where the flow would be beyond this crate's limits, and
    /// [`FlowError::Nn`] with every tensor that is missing, in excess or of another shape.
    pub fn flow(
        &self,
        state_dict: &BTreeMap<String, Tensor>,
        device: Device,
    ) -> Result<Flow, FlowError> {
        self.build(state_dict, device, "the set of tensors given".to_owned())
    }

    fn build(
        &self,
        state_dict: &BTreeMap<String, Tensor>,
        device: Device,
        origin: String,
    ) -> Result<Flow, FlowError> {
        let refused = |reason| FlowError::Import { origin: origin.clone(), reason };
        let tensors = typed(state_dict)?;
        let parts = if tensors.keys().any(|name| name.starts_with(zuko::PREFIX)) {
            zuko::parts(self, tensors)
        } else if tensors.contains_key(galactic::FIRST) {
            galactic::parts(self, tensors)
        } else {
            Err(strange(&tensors))
        };
        let Parts { config, tensors } = parts.map_err(refused)?;
        config.validate()?;
        let flow = Flow::from_tensors(&config, &tensors, device, &origin)?;
        masks::check(&config, &tensors).map_err(refused)?;
        Ok(flow)
    }
}

/// The tensors, all that are of real numbers in one precision.
fn typed(state_dict: &BTreeMap<String, Tensor>) -> Result<BTreeMap<String, Tensor>, NnError> {
    let double = state_dict.values().any(|tensor| tensor.kind() == Kind::Double);
    let kind = if double { Kind::Double } else { Kind::Float };
    let typed = state_dict.iter().map(|(name, tensor)| {
        let typed = match tensor.is_floating_point() {
            true => tensor.f_to_kind(kind),
            false => Ok(tensor.shallow_clone()),
        };
        match typed {
            Ok(tensor) => Ok((name.clone(), tensor)),
            Err(error) => Err(NnError::torch(format!("convert `{name}`"), &error)),
        }
    });
    typed.collect()
}

/// Why tensors of these names are not those of a flow.
fn strange(tensors: &BTreeMap<String, Tensor>) -> String {
    /// A message is to be read.
    const LISTED: usize = 4;
    if tensors.keys().any(|name| name.starts_with("transforms.")) {
        return "its names are those of zuko before 1.0, whose functions were others".to_owned();
    }
    let names: Vec<String> = tensors.keys().take(LISTED).map(|name| format!("`{name}`")).collect();
    format!(
        "it has neither zuko's names (`{}0.hyper.0.weight`) nor GalacticFlow's (`{}`), but {} \
         tensors: {}, ...",
        zuko::PREFIX,
        galactic::FIRST,
        tensors.len(),
        names.join(", ")
    )
}

/// Rows and columns of a perceptron's layers `PREFIX0.weight`, `PREFIX2.weight`, ..., each as wide
/// as the one before has units.
fn layers(part: &BTreeMap<&str, &Tensor>, prefix: &str) -> Result<Vec<[i64; 2]>, String> {
    let mut found = BTreeMap::new();
    for (name, weight) in part {
        let number = name.strip_prefix(prefix).and_then(|name| name.strip_suffix(".weight"));
        if let Some(number) = number {
            let number: usize = number.parse().map_err(|_| {
                format!("`{name}` is a layer within a layer: residual blocks are not read")
            })?;
            let [rows, columns] = weight.size()[..] else {
                return Err(format!("`{name}` has shape {:?}, expected [M, N]", weight.size()));
            };
            found.insert(number, [rows, columns]);
        }
    }
    if !found.keys().copied().eq((0..found.len()).map(|i| 2 * i)) {
        let numbers: Vec<usize> = found.into_keys().collect();
        return Err(format!(
            "`{prefix}` has layers {numbers:?}, expected 0, 2, 4, ...: networks with normalisation \
             or other layers between them are not read"
        ));
    }
    let layers: Vec<[i64; 2]> = found.into_values().collect();
    match layers.array_windows().position(|[before, after]| before[0] != after[1]) {
        _ if layers.is_empty() => Err(format!("`{prefix}0.weight` is missing")),
        Some(i) => Err(format!(
            "`{prefix}{}.weight` takes {} inputs, but the layer before has {} units",
            2 * i + 2,
            layers[i + 1][1],
            layers[i][0]
        )),
        None => Ok(layers),
    }
}

/// The widths of all layers but the last.
fn hidden(layers: &[[i64; 2]]) -> Vec<i64> {
    layers.iter().take(layers.len() - 1).map(|[rows, _]| *rows).collect()
}

/// The only dimension of a tensor.
fn length(part: &BTreeMap<&str, &Tensor>, name: &str) -> Result<Option<i64>, String> {
    match part.get(name).map(|tensor| tensor.size()) {
        None => Ok(None),
        Some(size) if size.len() == 1 => Ok(Some(size[0])),
        Some(size) => Err(format!("`{name}` has shape {size:?}, expected [D]")),
    }
}
