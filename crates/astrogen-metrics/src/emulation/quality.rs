//! Whether residuals go with the truth, the conditions and each other.

use tch::Tensor;

use super::Emulation;
use crate::{MetricsError, Quality, TableQualityConfig, paired_table_quality};

impl<T: Copy + Into<f64>> Emulation<'_, T> {
    /// Residuals of the bands, truth and conditions of a row as one row of a table, observed ones beside
    /// generated ones by all that is known of tables ([`paired_table_quality`]). Residuals that go with
    /// truth and conditions otherwise than they should show there; a width that does is seen better by
    /// the calibration in bins of a condition.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate), and those of [`paired_table_quality`].
    pub fn quality(&self, config: &TableQualityConfig) -> Result<Quality, MetricsError> {
        let rows = self.check_shapes()?;
        self.check_finite(rows)?;
        let (bands, conditions) = (self.bands.len(), self.condition_names.len());
        let mut names: Vec<String> = self.bands.iter().map(ToString::to_string).collect();
        if self.truth.is_some() {
            names.extend(self.bands.iter().map(|band| format!("true {band}")));
        }
        names.extend(self.condition_names.iter().map(ToString::to_string));
        let table = |values: &[T]| -> Result<Tensor, MetricsError> {
            let mut table: Vec<f64> = Vec::with_capacity(rows * names.len());
            for row in 0..rows {
                let of = |values: &[T], width: usize| -> Vec<f64> {
                    values[row * width..][..width].iter().map(|value| (*value).into()).collect()
                };
                let truth = self.truth.map(|truth| of(truth, bands)).unwrap_or_default();
                let mut columns = of(values, bands);
                columns.iter_mut().zip(&truth).for_each(|(value, truth)| *value -= truth);
                table.extend(columns);
                table.extend(truth);
                table.extend(of(self.conditions, conditions));
            }
            Ok(Tensor::f_from_slice(&table)?.f_view([rows as i64, names.len() as i64])?)
        };
        let (real, fake) = (table(self.observed)?, table(self.generated)?);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        paired_table_quality(&real, &fake, &names, config)
    }
}
