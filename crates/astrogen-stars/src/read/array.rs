//! Star arrays `[11, N]` of GalacticFlow.

use std::path::Path;

use astrogen_catalog::{Catalog, CatalogOptions, Columns};

use super::plan::{self, Source};
use super::table;
use crate::{COLUMNS, Layout, StarsError};

/// Reads a plain array; one of records is a table.
pub(super) fn read(path: &Path, layout: &Layout) -> Result<Columns, StarsError> {
    let rows = COLUMNS.len();
    let refuse = |got: String| StarsError::Shape { path: path.to_owned(), got };
    let catalog = match Catalog::open_transposed(path) {
        Ok(catalog) => catalog,
        // Records, a transposed array of too many columns, or damage.
        Err(error) => {
            let other = Catalog::open(path, &CatalogOptions::default())?;
            let is_plain =
                other.columns().iter().enumerate().all(|(i, own)| own.name == i.to_string());
            return match (is_plain, other.columns().len(), other.rows()) {
                (false, ..) => table::read(path, layout),
                (true, columns, Some(stars)) if columns == rows => Err(refuse(transposed(stars))),
                (true, columns, Some(stars)) if columns > 1 => {
                    Err(refuse(format!("[{stars}, {columns}]")))
                }
                _ => Err(error.into()),
            };
        }
    };
    let (found, stars) = (catalog.columns().len(), catalog.rows().unwrap_or(0));
    if found != rows {
        return Err(refuse(match stars == rows as u64 {
            true => transposed(found as u64),
            false => format!("[{found}, {stars}]"),
        }));
    }
    if let Some(column) = layout.columns.keys().next() {
        return Err(StarsError::Column {
            path: path.to_owned(),
            reason: format!(
                "is an array, whose rows are known by their place: expected a layout without columns, got \
                 one that names {column:?}"
            ),
        });
    }
    let names = COLUMNS.iter().enumerate();
    let sources: Vec<Source> = names
        .map(|(i, column)| Source {
            column: (*column).to_owned(),
            name: i.to_string(),
            factor: 1.0,
        })
        .collect();
    plan::read(&catalog, &sources)
}

fn transposed(stars: u64) -> String {
    format!("[{stars}, {}], its transpose; save array.T instead", COLUMNS.len())
}
