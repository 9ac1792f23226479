//! What became of a catalogue's rows.

use std::fmt;
use std::path::PathBuf;

use astrogen_catalog::RowCounts;
use serde::Serialize;

/// Which columns are used, how many rows were dropped by which rule, and how the rest was
/// split. Printed, it is a few lines for the start of a training run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TableReport {
    /// The catalogue.
    pub path: PathBuf,
    /// The conditions, in order.
    pub conditions: Vec<String>,
    /// The true features, in order.
    pub truth: Vec<String>,
    /// The observed features, in order.
    pub observed: Vec<String>,
    /// Rows read, and dropped by each rule.
    pub counts: RowCounts,
    /// Rows that train.
    pub train_rows: usize,
    /// Rows that validate.
    pub validation_rows: usize,
    /// Rows that test; 0 without a test part.
    pub test_rows: usize,
}

impl fmt::Display for TableReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "data: {}", self.path.display())?;
        writeln!(
            f,
            "columns: {} given {} under {}",
            self.observed.join(", "),
            self.truth.join(", "),
            self.conditions.join(", ")
        )?;
        writeln!(f, "rows: {}", self.counts)?;
        write!(
            f,
            "split: {} for training, {} for validation",
            self.train_rows, self.validation_rows
        )?;
        if self.test_rows > 0 {
            write!(f, ", {} for test", self.test_rows)?;
        }
        Ok(())
    }
}
