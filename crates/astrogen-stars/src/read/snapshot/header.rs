//! What a snapshot's header says.

use std::path::{Path, PathBuf};

use astrogen_catalog::Hdf5Attributes;

use crate::units::{KPC, Quantity, SOLAR_MASS, Scaling};
use crate::{Cosmology, StarsError};

/// How far from 1 the sum of a flat universe's densities may be: radiation and rounding.
const FLAT: f64 = 2e-3;

/// How much of the scale factor a star may be born after the snapshot: rounding to `f32`.
const ROUNDING: f64 = 1e-5;

/// A header: attributes that are numbers.
pub(super) struct Header {
    path: PathBuf,
    values: Hdf5Attributes,
}

impl Header {
    pub(super) fn new(path: &Path, values: Hdf5Attributes) -> Header {
        Header { path: path.to_owned(), values }
    }

    pub(super) fn values(&self) -> &Hdf5Attributes {
        &self.values
    }

    fn first(&self, name: &str) -> Option<f64> {
        self.values.get(name)?.first().copied()
    }

    /// A number of a range, which has to be there.
    fn within(&self, names: &[&str], range: [f64; 2]) -> Result<f64, StarsError> {
        let [low, high] = range;
        let named = names.join(" or ");
        let refuse = |got: String| StarsError::Header {
            path: self.path.clone(),
            reason: format!("expected {named} of {low} to {high}, got {got}"),
        };
        let own = names.iter().find_map(|name| self.first(name));
        match own {
            None => Err(refuse("none".to_owned())),
            Some(own) if own >= low && own <= high => Ok(own),
            Some(own) => Err(refuse(own.to_string())),
        }
    }

    /// The scale factor of the snapshot: EAGLE has it under its own name.
    pub(super) fn scale_factor(&self) -> Result<f64, StarsError> {
        self.within(&["ExpansionFactor", "Time"], [1e-3, 100.0])
    }

    pub(super) fn hubble(&self) -> Result<f64, StarsError> {
        self.within(&["HubbleParam"], [0.1, 10.0])
    }

    /// What a scaling multiplies by.
    pub(super) fn factor(&self, scaling: Scaling) -> Result<f64, StarsError> {
        let mut factor = scaling.factor;
        if scaling.a != 0.0 {
            factor *= self.scale_factor()?.powf(scaling.a);
        }
        if scaling.h != 0.0 {
            factor *= self.hubble()?.powf(scaling.h);
        }
        match factor.is_finite() && factor != 0.0 {
            true => Ok(factor),
            false => Err(StarsError::Header {
                path: self.path.clone(),
                reason: format!("expected units that make sense, got a factor of {factor}"),
            }),
        }
    }

    /// The mass that all particles of a type have, in the file's unit.
    pub(super) fn mass(&self, kind: usize) -> Option<f64> {
        self.values.get("MassTable")?.get(kind).copied().filter(|mass| *mass > 0.0)
    }

    /// The side of the periodic box in the file's unit.
    pub(super) fn side(&self) -> Option<f64> {
        self.first("BoxSize").filter(|side| *side > 0.0 && side.is_finite())
    }

    /// What Illustris' documentation says of a quantity, in the header's units where it gives them.
    pub(super) fn illustris(&self, quantity: Quantity) -> Scaling {
        let unit =
            |name: &str, usual: f64| self.first(name).filter(|own| *own > 0.0).unwrap_or(usual);
        let (cgs, a, h) = match quantity {
            Quantity::Length => (unit("UnitLength_in_cm", KPC), 1.0, -1.0),
            Quantity::Velocity => (unit("UnitVelocity_in_cm_per_s", 1e5), 0.5, 0.0),
            Quantity::Mass => (unit("UnitMass_in_g", 1e10 * SOLAR_MASS), 0.0, -1.0),
            Quantity::Time | Quantity::Number | Quantity::Fraction => (quantity.cgs(), 0.0, 0.0),
        };
        Scaling { factor: cgs / quantity.cgs(), a, h }
    }

    /// Ages in Gyr at the snapshot from the scale factors at birth.
    pub(super) fn ages(&self, births: &[f64]) -> Result<Vec<f64>, StarsError> {
        let h = self.hubble()?;
        let omega_matter = self.within(&["Omega0"], [1e-3, 1.0])?;
        let omega_lambda = self.within(&["OmegaLambda"], [1e-3, 1.0])?;
        let refuse = |reason: String| StarsError::Header { path: self.path.clone(), reason };
        if (omega_matter + omega_lambda - 1.0).abs() > FLAT {
            return Err(refuse(format!(
                "expected a flat universe for ages, Omega0 + OmegaLambda = 1, got {omega_matter} + \
                 {omega_lambda}; name a column of ages in the layout"
            )));
        }
        let now = self.scale_factor()?;
        if let Some(late) = births.iter().find(|birth| **birth > now * (1.0 + ROUNDING)) {
            return Err(refuse(format!(
                "expected stars born before its scale factor {now}, got one of {late}"
            )));
        }
        let cosmology = Cosmology { h, omega_matter, omega_lambda };
        let end = cosmology.age(now);
        // Of NaN the age is NaN; rounding alone makes one negative.
        let age = |birth: &f64| {
            let age = end - cosmology.age(*birth);
            if age < 0.0 { 0.0 } else { age }
        };
        Ok(births.iter().map(age).collect())
    }
}
