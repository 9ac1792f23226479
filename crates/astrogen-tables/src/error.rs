//! The one error of this crate, sorted by who is at fault: the settings or the catalogue.

use std::path::PathBuf;

use astrogen_catalog::CatalogError;
use astrogen_data::DataError;

/// Everything that can go wrong between a catalogue and the rows of a data set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TablesError {
    /// A setting outside its range; the message says the rule and what was got.
    #[error("{name}: expected {rule}, got {got}")]
    Setting {
        /// The setting's name as written in the configuration.
        name: &'static str,
        /// The rule that it broke.
        rule: String,
        /// The value given.
        got: String,
    },

    /// A catalogue or a sky map that cannot be read, or rows that do not fit together.
    #[error(transparent)]
    Catalog(#[from] CatalogError),

    /// Rows of a catalogue that break a rule under which none may.
    #[error(
        "{}, counting only the rows left of rows {first} to {last} (from 0): {source}",
        path.display()
    )]
    Rows {
        /// The catalogue.
        path: PathBuf,
        /// The first row of the chunk, from 0.
        first: u64,
        /// Its last row.
        last: u64,
        /// What is wrong, with the row's place among those that passed earlier rules.
        source: Box<CatalogError>,
    },

    /// Rows that make no data set.
    #[error(transparent)]
    Data(#[from] DataError),
}
