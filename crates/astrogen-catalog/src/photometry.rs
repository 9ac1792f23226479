//! Fluxes to magnitudes and back, and the range in which a magnitude means something.

use std::f64::consts::LN_10;

use serde::{Deserialize, Serialize};

use super::columns::Columns;
use super::counts::{BadRows, RowCounts};
use crate::CatalogError;

/// How fluxes become magnitudes.
///
/// `Logarithmic` is Pogson's `m = m0 - 2.5 log10(f)`, NaN where the flux is not positive.
/// `Asinh` has a magnitude for any flux, `m = m0 - 2.5 / ln 10 * (asinh(f / 2b) + ln b)`, which
/// is the logarithmic one for fluxes far above the softening `b`, a flux near the noise
/// (Lupton, Gunn and Szalay 1999, AJ 118, 1406).
///
/// ```
/// use astrogen_catalog::Magnitudes;
///
/// let magnitudes = Magnitudes::default();
/// assert_eq!(magnitudes.of_flux(1000.0), 22.5);
/// assert!(magnitudes.of_flux(-1.0).is_nan());
///
/// let asinh = Magnitudes::Asinh { zero_point: 30.0, softening: 1.0 };
/// assert!((asinh.of_flux(1000.0) - 22.5).abs() < 1e-5);
/// assert!((asinh.to_flux(asinh.of_flux(-1.0)) + 1.0).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "scale", rename_all = "snake_case", deny_unknown_fields)]
pub enum Magnitudes {
    /// Pogson's magnitudes.
    Logarithmic {
        /// The magnitude of a flux of 1.
        zero_point: f64,
    },
    /// Asinh magnitudes ("luptitudes").
    Asinh {
        /// The magnitude of a flux of 1, if that is far above the softening.
        zero_point: f64,
        /// The flux at which the scale turns from linear to logarithmic; positive.
        softening: f64,
    },
}

/// Logarithmic with zero point 30, as the fluxes of the Dark Energy Survey have.
impl Default for Magnitudes {
    fn default() -> Self {
        Magnitudes::Logarithmic { zero_point: 30.0 }
    }
}

impl Magnitudes {
    /// Checks the numbers of the scale.
    ///
    /// # Errors
    /// `Setting` for a zero point that is not finite or a softening that is not positive.
    pub fn validate(&self) -> Result<(), CatalogError> {
        let (zero_point, softening) = match *self {
            Magnitudes::Logarithmic { zero_point } => (zero_point, 1.0),
            Magnitudes::Asinh { zero_point, softening } => (zero_point, softening),
        };
        let refuse =
            |name, rule, got: f64| CatalogError::Setting { name, rule, got: got.to_string() };
        if !zero_point.is_finite() {
            return Err(refuse("zero_point", "a finite magnitude", zero_point));
        }
        if !(softening > 0.0 && softening.is_finite()) {
            return Err(refuse("softening", "a positive flux", softening));
        }
        Ok(())
    }

    /// The magnitude of a flux.
    pub fn of_flux(&self, flux: f64) -> f64 {
        match *self {
            Magnitudes::Logarithmic { .. } if flux <= 0.0 => f64::NAN,
            Magnitudes::Logarithmic { zero_point } => zero_point - 2.5 * flux.log10(),
            Magnitudes::Asinh { zero_point, softening } => {
                let scaled = (flux / (2.0 * softening)).asinh() + softening.ln();
                zero_point - 2.5 / LN_10 * scaled
            }
        }
    }

    /// The flux of a magnitude.
    pub fn to_flux(&self, magnitude: f64) -> f64 {
        match *self {
            Magnitudes::Logarithmic { zero_point } => 10_f64.powf(0.4 * (zero_point - magnitude)),
            Magnitudes::Asinh { zero_point, softening } => {
                let scaled = 0.4 * LN_10 * (zero_point - magnitude) - softening.ln();
                2.0 * softening * scaled.sinh()
            }
        }
    }
}

/// The range of magnitudes that are measurements: catalogues mark what was not measured by
/// 99, -99 or infinity. NaN is outside too.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MagnitudeRange {
    /// The brightest magnitude believed; 0 by default.
    pub min: f64,
    /// The faintest magnitude believed; 50 by default.
    pub max: f64,
    /// What is done with rows outside; dropped and counted by default.
    pub outside: BadRows,
}

impl Default for MagnitudeRange {
    fn default() -> Self {
        MagnitudeRange { min: 0.0, max: 50.0, outside: BadRows::Drop }
    }
}

impl MagnitudeRange {
    /// Checks the range.
    ///
    /// # Errors
    /// `Setting` for a range without an inside.
    pub fn validate(&self) -> Result<(), CatalogError> {
        let MagnitudeRange { min, max, .. } = *self;
        if min < max {
            return Ok(());
        }
        Err(CatalogError::Setting {
            name: "magnitude range",
            rule: "min < max",
            got: format!("{min} to {max}"),
        })
    }

    /// Deals with the rows in which one of the named columns is outside the range.
    ///
    /// # Errors
    /// `Rows` for a column that is not there, or with [`BadRows::Refuse`] for a row outside;
    /// `Setting` for a range without an inside.
    pub fn apply(
        &self,
        columns: &mut Columns,
        names: &[impl AsRef<str>],
        counts: &mut RowCounts,
    ) -> Result<(), CatalogError> {
        self.validate()?;
        let MagnitudeRange { min, max, outside } = *self;
        let mut keep = vec![true; columns.len()];
        for name in names.iter().map(AsRef::as_ref) {
            let values = columns.column(name)?;
            let odd = |row: &usize| !(min..=max).contains(&values[*row]);
            if outside == BadRows::Refuse
                && let Some(row) = (0..values.len()).find(odd)
            {
                let rows = (0..values.len()).filter(odd).count();
                return Err(CatalogError::Rows {
                    reason: format!(
                        "column {name:?}: expected magnitudes from {min} to {max}, got {rows} rows \
                         outside, the first {} at row {row} (from 0); drop them, or give the range \
                         that the column's unit has",
                        values[row]
                    ),
                });
            }
            let mut dropped = 0;
            for row in (0..values.len()).filter(odd) {
                dropped += u64::from(std::mem::replace(&mut keep[row], false));
            }
            if outside == BadRows::Drop {
                counts.drop_rows(&format!("{name} outside {min} to {max}"), dropped);
            }
        }
        if outside == BadRows::Drop && keep.contains(&false) {
            columns.retain(|row| keep[row]);
        }
        Ok(())
    }
}
