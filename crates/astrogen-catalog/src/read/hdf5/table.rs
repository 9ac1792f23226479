//! Which data sets of an HDF5 file are the table, and which columns they make.

use std::collections::BTreeMap;

use super::file::Hdf5File;
use super::found::{Found, below, descriptions, walk};
use super::source::Place;
use crate::CatalogError;
use crate::names::{ColumnInfo, nearest};

/// Tables and data sets that an error names.
const LISTED: usize = 10;

/// The table of a file.
pub(super) struct Table {
    pub(super) rows: u64,
    pub(super) columns: Vec<Column>,
}

/// A column of it.
pub(super) struct Column {
    pub(super) info: ColumnInfo,
    /// The data set that holds it, by its path.
    pub(super) set: String,
    /// Where in that, unless it holds no numbers.
    pub(super) place: Option<Place>,
}

impl Table {
    /// The table that a path names, or the only one.
    pub(super) fn find(file: &Hdf5File, group: Option<&str>) -> Result<Table, CatalogError> {
        let refuse = |reason| CatalogError::Table { path: file.path.clone(), reason };
        let named = group.map(|group| {
            let parts: Vec<&str> = group.split('/').filter(|part| !part.is_empty()).collect();
            parts.join("/")
        });
        let inner = named.as_deref().and_then(|path| Some((path, file.file.group(path).ok()?)));
        let mut found = match inner {
            Some((path, group)) => walk(file, path, group)?,
            None => Vec::new(),
        };
        if found.is_empty() {
            found = walk(file, "", file.file.root())?;
        }
        let descriptions = descriptions(&mut found);
        found.sort_by(|a, b| a.path.cmp(&b.path));
        let path = match named {
            Some(path) if found.iter().any(|own| below(&own.path, &path).is_some()) => path,
            Some(path) => {
                let tables: Vec<String> = tables(&found).into_keys().collect();
                return Err(refuse(format!(
                    "group {path:?} is not in the file, or holds no data sets with rows; {}",
                    nearest(&path, &tables)
                )));
            }
            None => only(&found).map_err(refuse)?,
        };
        found.retain(|own| below(&own.path, &path).is_some());
        let rows = rows(&path, &found).map_err(refuse)?;
        let mut columns = Vec::new();
        for own in &found {
            let description = descriptions.get(&own.path);
            own.columns(file, &path, rows, description, &mut columns)?;
        }
        Ok(Table { rows, columns })
    }
}

/// The tables that a file may mean: groups that hold data sets, and compound data sets, by their
/// paths, with the rows of what they hold.
fn tables(found: &[Found]) -> BTreeMap<String, Vec<u64>> {
    let mut tables: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for own in found {
        let path = match own.is_compound() {
            true => own.path.as_str(),
            false => own.path.rsplit_once('/').map_or("", |(group, _)| group),
        };
        tables.entry(path.to_owned()).or_default().push(own.shape[0]);
    }
    // What is inside another table and has its rows is part of that.
    let whole: BTreeMap<String, Option<u64>> =
        tables.iter().map(|(path, rows)| (path.clone(), common(rows))).collect();
    tables.retain(|path, rows| {
        let ends = path.match_indices('/').map(|(end, _)| end);
        let mut outer = ends.chain([0]).filter_map(|end| whole.get(&path[..end]));
        path.is_empty() || !outer.any(|outer| rows.iter().all(|own| Some(*own) == *outer))
    });
    tables
}

/// What most of some numbers are, if it is one.
fn common(numbers: &[u64]) -> Option<u64> {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    for &own in numbers {
        *counts.entry(own).or_default() += 1;
    }
    let most = counts.values().max()?;
    let mut common = counts.iter().filter(|(_, count)| *count == most).map(|(own, _)| *own);
    common.next().filter(|_| common.next().is_none())
}

/// The only table of a file.
fn only(found: &[Found]) -> Result<String, String> {
    let tables = tables(found);
    let mut paths = tables.keys();
    match (paths.next(), paths.next()) {
        (None, _) => Err("holds no table: expected data sets with rows in a group, or a compound \
                          data set"
            .to_owned()),
        (Some(only), None) => Ok(only.clone()),
        _ => {
            let named = tables.iter().take(LISTED).map(|(path, rows)| match common(rows) {
                Some(rows) => format!("\"/{path}\" ({rows} rows)"),
                None => format!("\"/{path}\""),
            });
            let named: Vec<String> = named.collect();
            let more = if tables.len() > LISTED { ", ..." } else { "" };
            Err(format!("holds several tables: {}{more}; name the group of one", named.join(", ")))
        }
    }
}

/// The rows of a table: what most of the data sets nearest to its path have.
fn rows(path: &str, found: &[Found]) -> Result<u64, String> {
    let depth = |own: &Found| below(&own.path, path).map_or(0, |rest| rest.matches('/').count());
    let nearest = found.iter().map(depth).min();
    let near = || found.iter().filter(|own| Some(depth(own)) == nearest);
    let rows: Vec<u64> = near().map(|own| own.shape[0]).collect();
    common(&rows).ok_or_else(|| {
        let named = near().map(|own| format!("{:?} {}", own.path, own.shape[0]));
        let named: Vec<String> = named.take(LISTED).collect();
        format!(
            "the data sets of group \"/{path}\" have different numbers of rows: {}; expected one \
             number, name a data set or another group",
            named.join(", ")
        )
    })
}
