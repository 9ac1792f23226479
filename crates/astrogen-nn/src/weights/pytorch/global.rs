//! The classes and functions that a pickle may name; any other is a refusal that says its name.

use tch::Kind;

use super::storage;

/// What may be named.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    /// The class of the storages of an element type.
    Storage(Kind),
}

impl Global {
    pub(super) fn find(module: &str, name: &str) -> Result<Self, String> {
        match (module, name) {
            ("collections", "OrderedDict") => return Ok(Self::OrderedDict),
            ("torch._utils", "_rebuild_tensor_v2") => return Ok(Self::RebuildTensor),
            ("torch._utils", "_rebuild_parameter") => return Ok(Self::RebuildParameter),
            ("torch", class) => {
                if let Some(kind) = storage::kind(class) {
                    return Ok(Self::Storage(kind));
                }
            }
            _ => {}
        }
        let name = format!("{module}.{name}");
        Err(if name.starts_with("torch._utils._rebuild_") || name.ends_with("Storage") {
            format!(
                "it holds a tensor made by `{name}`, and only dense tensors of bools, integers and \
                 real numbers are read: convert it before you save it"
            )
        } else {
            format!(
                "it holds `{name}`, and only tensors are read: save a state_dict alone, \
                 `torch.save(net.state_dict(), path)`"
            )
        })
    }
}
