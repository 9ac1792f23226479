//! The rows that emulators are judged on: validation rows, which the best one is chosen by, and
//! test rows, which it is reported on.

use astrogen_data::RowDataset;
use astrogen_metrics::{Emulation, EmulationConfig, EmulationReport, Quality, TableQualityConfig};
use astrogen_tables::{Table, TableRows, TableScaling};
use ndarray::{Array2, ArrayView2, Axis};

use crate::{Compare, EmulatorConfig, EmulatorError};

/// Rows that no network was trained on.
pub(crate) struct HeldOut {
    pub(crate) bands: Vec<String>,
    pub(crate) truth: Array2<f64>,
    pub(crate) observed: Array2<f64>,
    conditions: Array2<f64>,
    condition_names: Vec<String>,
    context: Vec<f32>,
    scaling: TableScaling,
    compare: Compare,
}

impl HeldOut {
    /// At most `config.judged` of the table's validation rows, evenly from all of them.
    pub(crate) fn validation(table: &Table, config: &EmulatorConfig) -> Self {
        Self::new(table, config, table.validation(), table.scaled_validation(), config.judged)
    }

    /// At most `rows` of the table's test rows, evenly from all of them. A run from before there
    /// were any has its validation rows instead.
    pub(crate) fn test(table: &Table, config: &EmulatorConfig, rows: usize) -> Self {
        if config.data.test_fraction > 0.0 {
            Self::new(table, config, table.test(), table.scaled_test(), rows)
        } else {
            Self::new(table, config, table.validation(), table.scaled_validation(), rows)
        }
    }

    fn new(
        table: &Table,
        config: &EmulatorConfig,
        all: &TableRows,
        scaled: &RowDataset,
        rows: usize,
    ) -> Self {
        let EmulatorConfig { data: config, compare, .. } = config;
        let count = all.rows.len();
        let rows: Vec<usize> =
            (0..rows.min(count)).map(|row| row * count / rows.min(count)).collect();
        let take = |of: &Array2<f64>| of.select(Axis(0), &rows);
        let context = scaled.context().select(Axis(0), &rows);
        let mut names = config.context_names();
        let mut conditions = take(&all.conditions);
        match compare {
            Compare::Residuals => names.truncate(config.conditions.len()),
            Compare::Values => {
                // What the truth cannot bin as a magnitude of the same band bins as a condition.
                conditions.append(Axis(1), take(&all.truth).view()).expect("as many rows");
            }
        }
        Self {
            bands: short_names(&config.observed),
            truth: take(&all.truth),
            observed: take(&all.observed),
            conditions,
            condition_names: names,
            context: context.iter().copied().collect(),
            scaling: table.scaling().clone(),
            compare: *compare,
        }
    }

    /// What an emulator observes of them, in the catalogue's units; `pass` counts draws.
    pub(crate) fn generate(
        &self,
        emulate: impl Fn(&[f32], u64, u64) -> Result<Vec<f32>, EmulatorError>,
        pass: u64,
    ) -> Result<Array2<f64>, EmulatorError> {
        Ok(self.scaling.observed(self.truth.view(), &emulate(&self.context, 0, pass)?)?)
    }

    /// How generated rows compare with the observed ones; `draws` are further passes.
    pub(crate) fn report(
        &self,
        generated: &Array2<f64>,
        draws: &[Array2<f64>],
    ) -> Result<EmulationReport, EmulatorError> {
        self.emulation(generated, draws, |emulation| {
            Ok(emulation.evaluate(&EmulationConfig::default())?)
        })
    }

    /// Whether generated rows go with truth and conditions as the observed ones do.
    pub(crate) fn quality(&self, generated: &Array2<f64>) -> Result<Quality, EmulatorError> {
        self.emulation(generated, &[], |emulation| {
            Ok(emulation.quality(&TableQualityConfig::default())?)
        })
    }

    /// Generated rows beside observed ones, as they are compared.
    fn emulation<T>(
        &self,
        generated: &Array2<f64>,
        draws: &[Array2<f64>],
        compare: impl FnOnce(Emulation<'_, f64>) -> Result<T, EmulatorError>,
    ) -> Result<T, EmulatorError> {
        let flat = |rows: ArrayView2<f64>| rows.iter().copied().collect::<Vec<f64>>();
        let bands: Vec<&str> = self.bands.iter().map(String::as_str).collect();
        let names: Vec<&str> = self.condition_names.iter().map(String::as_str).collect();
        let (truth, observed) = (flat(self.truth.view()), flat(self.observed.view()));
        let draws: Vec<f64> = draws.iter().flat_map(|draw| flat(draw.view())).collect();
        compare(Emulation {
            bands: &bands,
            truth: (self.compare == Compare::Residuals).then_some(truth.as_slice()),
            observed: &observed,
            generated: &flat(generated.view()),
            condition_names: &names,
            conditions: &flat(self.conditions.view()),
            draws: (!draws.is_empty()).then_some(draws.as_slice()),
        })
    }

    /// Observed or generated rows as what is compared.
    pub(crate) fn compared(&self, rows: &Array2<f64>) -> Array2<f64> {
        match self.compare {
            Compare::Residuals => rows - &self.truth,
            Compare::Values => rows.clone(),
        }
    }

    /// What is compared, in words.
    pub(crate) fn quantity(&self) -> &'static str {
        match self.compare {
            Compare::Residuals => "observed - true",
            Compare::Values => "observed",
        }
    }
}

/// Names without what they all begin and end with: `MEAS_MAG_R`, `MEAS_MAG_I` are `R`, `I`.
fn short_names(names: &[String]) -> Vec<String> {
    let Some(first) = names.first().filter(|_| names.len() > 1) else { return names.to_vec() };
    let common = |of: &dyn Fn(&str, &str) -> usize| {
        names.iter().map(|name| of(first, name)).min().unwrap_or(0)
    };
    let same = |a: &mut dyn Iterator<Item = char>, b: &mut dyn Iterator<Item = char>| {
        a.zip(b).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum::<usize>()
    };
    let start = common(&|a, b| same(&mut a.chars(), &mut b.chars()));
    let end = common(&|a, b| same(&mut a[start..].chars().rev(), &mut b[start..].chars().rev()));
    let short = |name: &String| name[start..name.len() - end].trim_matches('_').to_owned();
    let short: Vec<String> = names.iter().map(short).collect();
    if short.iter().any(String::is_empty) { names.to_vec() } else { short }
}
