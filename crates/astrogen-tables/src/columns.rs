//! Named columns of a catalogue as the features and the context of a density, in physical units.

use std::path::PathBuf;

use astrogen_catalog::{
    BadRows, Catalog, CatalogOptions, Columns, RowCounts, SplitBy, SplitConfig,
};
use astrogen_data::RowDataset;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use crate::TablesError;
use crate::parts::Parts;

/// Which catalogue and which of its columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColumnTableConfig {
    /// The catalogue.
    pub path: PathBuf,
    /// Columns whose density is learnt, one or more.
    pub features: Vec<String>,
    /// Columns that it is given; none by default.
    pub context: Vec<String>,
    /// The column that says how much each row counts; all alike by default.
    pub weights: Option<String>,
    /// Which part of the file, and which of its rows. Rows without a value in one of the columns,
    /// or with an infinite one, are left out and counted.
    pub catalog: CatalogOptions,
    /// The part of the rows that no model is trained on, in (0, 1). Default 0.1.
    pub held_out: f64,
    /// The part of these that nothing is chosen by, in [0, 1). Default 0.5.
    pub test_fraction: f64,
    /// The seed of the choice of rows. Default 0.
    pub seed: u64,
}

impl Default for ColumnTableConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            features: Vec::new(),
            context: Vec::new(),
            weights: None,
            catalog: CatalogOptions { missing: BadRows::Drop, ..CatalogOptions::default() },
            held_out: 0.1,
            test_fraction: 0.5,
            seed: 0,
        }
    }
}

impl ColumnTableConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`TablesError::Setting`] for no feature, a column named twice and fractions out of their
    /// range.
    pub fn validate(&self) -> Result<(), TablesError> {
        let refuse = |name, rule: &str, got: String| {
            Err(TablesError::Setting { name, rule: rule.to_owned(), got })
        };
        if self.features.is_empty() {
            return refuse("features", "one column or more", "none".to_owned());
        }
        let names = self.names();
        if let Some((i, name)) =
            names.iter().enumerate().find(|(i, name)| names[..*i].contains(name))
        {
            return refuse("columns", "each named once", format!("{name} again, as number {i}"));
        }
        if !(self.held_out > 0.0 && self.held_out < 1.0) {
            return refuse("held_out", "a number between 0 and 1", self.held_out.to_string());
        }
        if !(0.0..1.0).contains(&self.test_fraction) {
            let got = self.test_fraction.to_string();
            return refuse("test_fraction", "a number from 0 to below 1", got);
        }
        Ok(())
    }

    /// All columns: features, context, weights.
    fn names(&self) -> Vec<&str> {
        let columns = self.features.iter().chain(&self.context).chain(&self.weights);
        columns.map(String::as_str).collect()
    }
}

/// Rows of named columns, in the catalogue's units.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnRows {
    /// `[N, D]`
    pub features: Array2<f64>,
    /// `[N, C]`; of no columns without a context.
    pub context: Array2<f64>,
    /// How much each row counts, `[N]`; none where all count alike.
    pub weights: Option<Array1<f64>>,
}

impl ColumnRows {
    /// The columns of these names.
    fn of(
        config: &ColumnTableConfig,
        columns: &Columns,
        rows: &[usize],
    ) -> Result<Self, TablesError> {
        let array = |names: &[String]| -> Result<Array2<f64>, TablesError> {
            let values = names.iter().map(|name| columns.column(name));
            let values = values.collect::<Result<Vec<_>, _>>()?;
            Ok(Array2::from_shape_fn((rows.len(), names.len()), |(n, d)| values[d][rows[n]]))
        };
        let weights = match &config.weights {
            None => None,
            Some(name) => {
                let values = columns.column(name)?;
                Some(rows.iter().map(|&row| values[row]).collect())
            }
        };
        Ok(Self { features: array(&config.features)?, context: array(&config.context)?, weights })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.features.nrows()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows as a data set, in single precision; nothing is scaled.
    ///
    /// # Errors
    /// [`TablesError::Data`] for weights that are negative, or all 0.
    pub fn dataset(&self) -> Result<RowDataset, TablesError> {
        let single = |of: &Array2<f64>| of.mapv(|value| value as f32);
        let rows = RowDataset::new(single(&self.context), single(&self.features))?;
        Ok(match &self.weights {
            Some(weights) => rows.with_weights(weights.mapv(|weight| weight as f32))?,
            None => rows,
        })
    }
}

/// Training, validation and test rows of named columns, held in memory, in the catalogue's units.
///
/// ```
/// use astrogen_tables::{ColumnTable, ColumnTableConfig};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("galaxies.csv");
/// let rows = (0..100).map(|i| format!("{},{}\n", 18.0 + i as f64 / 20.0, i));
/// std::fs::write(&path, "mag,z\n".to_owned() + &rows.collect::<String>())?;
/// let config = ColumnTableConfig { path, features: vec!["mag".into()], ..Default::default() };
/// let table = ColumnTable::open(&config)?;
/// assert_eq!((table.train().len(), table.validation().len(), table.test().len()), (90, 5, 5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ColumnTable {
    train: ColumnRows,
    validation: ColumnRows,
    test: ColumnRows,
    counts: RowCounts,
}

impl ColumnTable {
    /// Reads the columns and splits their rows.
    ///
    /// # Errors
    /// As [`ColumnTableConfig::validate`], and [`TablesError::Setting`] for weights below 0 and a
    /// `test_fraction` of fewer than two held-out rows; [`TablesError::Catalog`] for a file that cannot be read, a
    /// column that it lacks (the nearest are listed), no row left, and a split with an empty side.
    pub fn open(config: &ColumnTableConfig) -> Result<Self, TablesError> {
        config.validate()?;
        let (mut columns, mut counts) =
            Catalog::open(&config.path, &config.catalog)?.read(&config.names())?;
        let finite = |row: usize| columns.values().iter().all(|values| values[row].is_finite());
        let finite: Vec<bool> = (0..columns.len()).map(finite).collect();
        let odd = finite.iter().filter(|finite| !**finite).count();
        if odd > 0 {
            columns.retain(|row| finite[row]);
            counts.drop_rows("no finite number", odd as u64);
        }
        counts.ensure_some()?;
        if let Some(name) = &config.weights
            && let Some(weight) = columns.column(name)?.iter().find(|weight| **weight < 0.0)
        {
            let rule = "numbers, 0 or more".to_owned();
            let got = format!("{weight} in column {name:?}");
            return Err(TablesError::Setting { name: "weights", rule, got });
        }
        let split =
            SplitConfig { split: SplitBy::Row, fraction: config.held_out, seed: config.seed };
        let anywhere = vec![0.0; columns.len()];
        let parts = Parts::split(&split, config.test_fraction, (&anywhere, &anywhere))?;
        let of = |rows: &[usize]| ColumnRows::of(config, &columns, rows);
        Ok(Self {
            train: of(&parts.train)?,
            validation: of(&parts.validation)?,
            test: of(&parts.test)?,
            counts,
        })
    }

    /// Rows to train on.
    pub fn train(&self) -> &ColumnRows {
        &self.train
    }

    /// Rows that the best of several models is chosen by.
    pub fn validation(&self) -> &ColumnRows {
        &self.validation
    }

    /// Rows that nothing is chosen by; none with a `test_fraction` of 0.
    pub fn test(&self) -> &ColumnRows {
        &self.test
    }

    /// Rows read, and dropped by each rule.
    pub fn counts(&self) -> &RowCounts {
        &self.counts
    }
}
