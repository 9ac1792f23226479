//! The columns that a file has, and which of them a name means.

use std::path::Path;

use crate::CatalogError;
use astrogen_fits::table::Storage;

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnInfo {
    /// Its name.
    pub name: String,
    /// Its unit, if the file says.
    pub unit: Option<String>,
    /// Its type in the format's own words: `1024E`, `DOUBLE`, `text`.
    pub stored_as: String,
    /// How it is written again: of Parquet in the smallest type that keeps all its numbers, of other
    /// formats in 64-bit floating point, which rounds whole numbers beyond 2^53.
    pub storage: Storage,
    /// How many numbers a row holds; above 1 they are asked for as `NAME[i]`. Of lists in Parquet
    /// some of which may be null it is the least that it can be: only the rows say, which are looked
    /// at when the column is asked for.
    pub length: usize,
    /// Whether that is the case.
    pub(super) is_least: bool,
    /// Why it cannot be read as numbers, if it cannot.
    pub(super) refusal: Option<String>,
}

/// The column that a name means, and the element of it. An exact name comes first, then the
/// only one that differs in case; `NAME[i]` is an element unless a column is called so. `length`
/// tells how many elements the column with a number has.
pub(super) fn resolve(
    path: &Path,
    columns: &[ColumnInfo],
    length: impl Fn(usize) -> usize,
    name: &str,
) -> Result<(usize, usize), CatalogError> {
    let refuse = |reason: String| CatalogError::Column {
        path: path.to_owned(),
        name: name.to_owned(),
        reason,
    };
    let (column, element) = match find(columns, name).map_err(refuse)? {
        Some(column) => (column, None),
        None => {
            let indexed = name
                .strip_suffix(']')
                .and_then(|name| name.rsplit_once('['))
                .and_then(|(name, index)| Some((name, index.parse::<usize>().ok()?)));
            let found = match indexed {
                Some((name, index)) => {
                    find(columns, name).map_err(refuse)?.map(|column| (column, Some(index)))
                }
                None => None,
            };
            let names = || columns.iter().map(|column| &column.name).collect::<Vec<_>>();
            found.ok_or_else(|| {
                refuse(format!("is not in the table; {}", nearest(name, &names())))
            })?
        }
    };
    if let Some(reason) = &columns[column].refusal {
        return Err(refuse(format!(
            "{reason}, expected one number or a fixed count of them per row"
        )));
    }
    match (element, length(column)) {
        (None, 1) => Ok((column, 0)),
        (Some(element), length) if element < length => Ok((column, element)),
        (_, 0) => Err(refuse("is empty: its rows hold no element".to_owned())),
        (None, length) => Err(refuse(format!(
            "is a vector: ask for one of its elements, {name}[0] to {name}[{}]",
            length - 1
        ))),
        (Some(_), length) => {
            Err(refuse(format!("reaches outside: the elements are 0 to {}", length - 1)))
        }
    }
}

fn find(columns: &[ColumnInfo], name: &str) -> Result<Option<usize>, String> {
    let positions = |same: &dyn Fn(&str) -> bool| -> Vec<usize> {
        (0..columns.len()).filter(|&position| same(&columns[position].name)).collect()
    };
    let exact = positions(&|own| own == name);
    let found =
        if exact.is_empty() { positions(&|own| own.eq_ignore_ascii_case(name)) } else { exact };
    match found.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(*only)),
        several => Err(format!(
            "is not one column but {}: {}; write its case as in the file, or rename one",
            several.len(),
            quoted(several.iter().map(|&position| columns[position].name.as_str()))
        )),
    }
}

/// `nearest: "mag_r", "mag_i"`: the names that differ least, or where none is near, all.
pub(super) fn nearest(name: &str, names: &[impl AsRef<str>]) -> String {
    const LISTED: usize = 3;
    const ALL: usize = 30;
    let wanted = name.to_lowercase();
    let mut near: Vec<(usize, &str)> = names
        .iter()
        .map(|own| (strsim::osa_distance(&wanted, &own.as_ref().to_lowercase()), own.as_ref()))
        .filter(|(distance, own)| 2 * distance <= wanted.len().max(own.len()))
        .collect();
    near.sort();
    if !near.is_empty() {
        return format!("nearest: {}", quoted(near.iter().take(LISTED).map(|(_, own)| *own)));
    }
    let more = if names.len() > ALL { ", ..." } else { "" };
    format!("there are: {}{more}", quoted(names.iter().take(ALL).map(AsRef::as_ref)))
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn column(name: &str, length: usize) -> ColumnInfo {
        let (name, stored_as) = (name.to_owned(), "D".to_owned());
        let storage = Storage::Float64;
        ColumnInfo { name, unit: None, stored_as, storage, length, is_least: false, refusal: None }
    }

    #[test]
    fn names_mean_columns_and_elements() {
        let columns =
            [column("RA", 1), column("flux", 4), column("a", 1), column("A", 1), column("q[1]", 1)];
        let length = |column: usize| columns[column].length;
        let resolve = |name| resolve(Path::new("t.fits"), &columns, length, name);
        assert_eq!(resolve("RA").unwrap(), (0, 0));
        assert_eq!(resolve("ra").unwrap(), (0, 0));
        assert_eq!(resolve("FLUX[3]").unwrap(), (1, 3));
        assert_eq!(resolve("A").unwrap(), (3, 0));
        assert_eq!(resolve("q[1]").unwrap(), (4, 0));
        for (name, words) in [
            ("flux", "is a vector: ask for one of its elements, flux[0] to flux[3]"),
            ("flux[4]", "reaches outside: the elements are 0 to 3"),
            ("flx", "nearest: \"flux\""),
            ("declination", "there are: \"RA\", \"flux\", \"a\", \"A\", \"q[1]\""),
        ] {
            let message = resolve(name).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
        let both = [column("ab", 1), column("AB", 1)];
        let message = super::resolve(Path::new("t"), &both, |_| 1, "Ab").unwrap_err().to_string();
        assert!(message.contains("not one column but 2: \"ab\", \"AB\""), "{message}");
    }
}
