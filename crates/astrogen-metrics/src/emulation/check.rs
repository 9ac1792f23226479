//! What does not go together is refused before anything is computed.

use super::Emulation;
use crate::MetricsError;

impl<T: Copy + Into<f64>> Emulation<'_, T> {
    /// The number of rows.
    pub(super) fn check_shapes(&self) -> Result<usize, MetricsError> {
        let (bands, conditions) = (self.bands.len(), self.condition_names.len());
        let bad = |set, rule, got| Err(MetricsError::BadValues { set, rule, got });
        if bands == 0 {
            return bad("bands", "named, one at least", "none".into());
        }
        let rows = self.observed.len() / bands;
        if rows == 0 || rows * bands != self.observed.len() {
            let got = format!("{} values for {bands} bands", self.observed.len());
            return bad("observed values", "[N, B], one or more whole rows", got);
        }
        let like = "[N, B] with the observed rows and bands";
        for (set, values) in [("true", self.truth), ("generated", Some(self.generated))] {
            let Some(len) = values.map(<[T]>::len).filter(|len| *len != rows * bands) else {
                continue;
            };
            let got = format!("{len} {set} for {rows} rows of {bands} bands");
            return bad("values", like, got);
        }
        if self.conditions.len() != rows * conditions {
            let len = self.conditions.len();
            let got = format!("{len} values for {rows} rows of {conditions} named conditions");
            return bad("conditions", "[N, C] with the observed rows", got);
        }
        let len = self.draws.map_or(rows * bands, <[T]>::len);
        if len == 0 || !len.is_multiple_of(rows * bands) {
            let got = format!("{len} values for passes of {rows} rows of {bands} bands");
            return bad("draws", "[K, N, B], one or more whole passes over the rows", got);
        }
        Ok(rows)
    }

    /// Refuses rows that are not finite, and says how many and where.
    pub(super) fn check_finite(&self, rows: usize) -> Result<(), MetricsError> {
        let bands = self.bands.len();
        let mut bad_rows = vec![false; rows];
        let mut told = Vec::new();
        for (name, values, columns) in [
            ("true", self.truth.unwrap_or(&[]), bands),
            ("observed", self.observed, bands),
            ("generated", self.generated, bands),
            ("conditions", self.conditions, self.condition_names.len()),
            ("draws", self.draws.unwrap_or(&[]), bands),
        ] {
            let mut bad = 0;
            for (at, value) in values.iter().enumerate() {
                let value: f64 = (*value).into();
                if !value.is_finite() {
                    bad += 1;
                    bad_rows[at / columns % rows] = true;
                }
            }
            if bad > 0 {
                told.push(format!("{name} {bad}"));
            }
        }
        if told.is_empty() {
            return Ok(());
        }
        let count = bad_rows.into_iter().filter(|bad| *bad).count();
        let got = format!("{count} of {rows} with others (values: {})", told.join(", "));
        let rule = "finite numbers throughout, drop or mask the rest";
        Err(MetricsError::BadValues { set: "rows", rule, got })
    }
}
