//! The data sets of an HDF5 file.

use std::collections::HashMap;

use hdf5_pure::{Dataset, Datatype, Group};

use super::file::{Hdf5File, failed};
use crate::CatalogError;
use crate::description::Description;

/// Groups and data sets that are looked at.
const MOST: usize = 20_000;
/// Groups inside one another that are entered: links may lead in circles.
const DEEPEST: usize = 32;
/// What astropy calls the description of a compound data set, behind its name.
const DESCRIPTION: &str = ".__table_column_meta__";
/// Bytes that a description may have.
const LONGEST: u64 = 1 << 20;

/// A data set, and what it is.
pub(super) struct Found {
    pub(super) path: String,
    pub(super) set: Dataset,
    pub(super) shape: Vec<u64>,
    pub(super) datatype: Result<Datatype, String>,
}

impl Found {
    pub(super) fn is_compound(&self) -> bool {
        matches!(self.datatype, Ok(Datatype::Compound { .. }))
    }
}

/// All data sets in a group, and in the groups inside it, that have rows.
pub(super) fn walk(file: &Hdf5File, path: &str, group: Group) -> Result<Vec<Found>, CatalogError> {
    let fail = |error| failed(&file.path, &error);
    let mut found = Vec::new();
    let mut groups = vec![(path.to_owned(), group)];
    let mut seen = 0;
    while let Some((path, group)) = groups.pop() {
        let own = |name: String| if path.is_empty() { name } else { format!("{path}/{name}") };
        let (sets, inner) =
            (group.iter_datasets().map_err(fail)?, group.iter_groups().map_err(fail)?);
        seen += 1 + sets.len();
        if seen + groups.len() + inner.len() > MOST {
            return Err(CatalogError::Table {
                path: file.path.clone(),
                reason: format!(
                    "holds more than {MOST} groups and data sets; name the group of one"
                ),
            });
        }
        for (name, set) in sets {
            let shape = set.shape().map_err(fail)?;
            let datatype = set.datatype().map_err(|error| error.to_string());
            if !shape.is_empty() {
                found.push(Found { path: own(name), set, shape, datatype });
            }
        }
        if path.matches('/').count() < DEEPEST {
            groups.extend(inner.map(|(name, group)| (own(name), group)));
        }
    }
    Ok(found)
}

/// The descriptions that astropy wrote beside data sets, by the paths of these; they are no
/// columns.
pub(super) fn descriptions(found: &mut Vec<Found>) -> HashMap<String, Description> {
    let mut descriptions = HashMap::new();
    for own in found.iter() {
        let Some(described) = own.path.strip_suffix(DESCRIPTION) else {
            continue;
        };
        let Ok(Datatype::String { size, .. }) = own.datatype else {
            continue;
        };
        let is_long = own.shape[0].saturating_mul(size.into()) > LONGEST;
        if own.shape.len() != 1 || is_long || own.set.is_chunked() {
            continue;
        }
        // Without it the units are missing, not the numbers.
        let lines = own.set.read_string_rows(0, own.shape[0]).unwrap_or_default();
        if let Ok(description) = Description::parse(&lines.join("\n")) {
            descriptions.insert(described.to_owned(), description);
        }
    }
    found.retain(|own| !own.path.ends_with(DESCRIPTION));
    descriptions
}

/// The rest of a path below another; empty for the same.
pub(super) fn below<'a>(path: &'a str, above: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(above)?;
    match rest.strip_prefix('/') {
        _ if above.is_empty() => Some(path),
        Some(rest) => Some(rest),
        None if rest.is_empty() => Some(rest),
        None => None,
    }
}
