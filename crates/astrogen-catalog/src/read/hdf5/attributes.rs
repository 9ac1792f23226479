//! The numbers that are attributes of groups and data sets.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use hdf5_pure::{AttrValue, Error, FormatError};

use super::file::{Hdf5File, failed, guarded_deep};
use crate::CatalogError;

/// The attributes of a group or data set that are numbers, by their names.
pub type Hdf5Attributes = BTreeMap<String, Vec<f64>>;

/// The attributes that are numbers, or lists of them, of groups and data sets of an HDF5 file,
/// each named by its path (`""` is the file itself); `None` for what the file has not.
///
/// Headers of simulations are such attributes, and what says the units of their data sets. Whole
/// numbers beyond 2^53 are rounded; attributes of other kinds are left out.
///
/// # Errors
/// `Io` if the file cannot be read, `Format` for no HDF5 file or one of a newer form, `Truncated` or
/// `Damaged` if it contradicts itself.
pub fn hdf5_attributes(
    path: impl AsRef<Path>,
    objects: &[impl AsRef<str> + Sync],
) -> Result<Vec<Option<Hdf5Attributes>>, CatalogError> {
    let path = path.as_ref();
    guarded_deep(path, || {
        let file = Hdf5File::open(path)?;
        objects.iter().map(|object| of(&file, object.as_ref())).collect()
    })
}

fn of(file: &Hdf5File, object: &str) -> Result<Option<Hdf5Attributes>, CatalogError> {
    let attributes = match file.file.group(object) {
        Ok(group) => group.attrs(),
        Err(Error::NotAGroup(_)) => file.file.dataset(object).and_then(|set| set.attrs()),
        Err(error) => Err(error),
    };
    match attributes {
        Ok(attributes) => Ok(Some(numbers(attributes))),
        Err(
            Error::Format(FormatError::PathNotFound(_))
            | Error::NotAGroup(_)
            | Error::NotADataset(_),
        ) => Ok(None),
        Err(error) => Err(failed(&file.path, &error)),
    }
}

fn numbers(attributes: HashMap<String, AttrValue>) -> Hdf5Attributes {
    let known = |value: &AttrValue| {
        let signed = || value.to_i64s().map(|all| all.into_iter().map(|own| own as f64).collect());
        let whole = || value.to_u64s().map(|all| all.into_iter().map(|own| own as f64).collect());
        value.to_f64s().or_else(signed).or_else(whole)
    };
    let pairs = attributes.into_iter();
    pairs.filter_map(|(name, value)| Some((name, known(&value)?))).collect()
}
