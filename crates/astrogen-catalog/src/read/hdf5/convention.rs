//! What attributes say of the numbers of a data set, as netCDF has it: which stand for no value, and
//! how others were packed.

use std::collections::HashMap;

use hdf5_pure::AttrValue;

use super::values::{Meaning, Missing, Stored};

impl Stored {
    /// The same with what attributes say: `_FillValue` and `missing_value` stand for no value, others
    /// are `add_offset + scale_factor * stored`. Fails for attributes of other kinds.
    pub(super) fn with(
        mut self,
        attributes: &HashMap<String, AttrValue>,
    ) -> Result<Stored, String> {
        if matches!(self.meaning, Meaning::Text | Meaning::LongText) {
            return Ok(self);
        }
        let fill = attributes.get("_FillValue").and_then(|value| missing(value, self.meaning));
        let other = match attributes.get("missing_value") {
            Some(value) if number(value).is_none() && value.as_strings().is_none() => {
                return Err("has an attribute missing_value that is not one number".to_owned());
            }
            value => value.and_then(|value| missing(value, self.meaning)),
        };
        let packed = |name: &str, neutral: f64| match attributes.get(name) {
            Some(value) => {
                number(value).ok_or(format!("has an attribute {name} that is not one number"))
            }
            None => Ok(neutral),
        };
        let (scale, offset) = (packed("scale_factor", 1.0)?, packed("add_offset", 0.0)?);
        self.missing = [fill, other];
        self.packing = ((scale, offset) != (1.0, 0.0)).then_some([scale, offset]);
        Ok(self)
    }
}

/// A value that stands for none, if it is one of a column's.
fn missing(value: &AttrValue, meaning: Meaning) -> Option<Missing> {
    match meaning {
        Meaning::Real => number(value).map(Missing::Real),
        Meaning::Whole { .. } => whole(value).map(Missing::Whole),
        Meaning::Text | Meaning::LongText => None,
    }
}

/// A number that is alone.
fn number(value: &AttrValue) -> Option<f64> {
    value.as_f64().or_else(|| whole(value).map(|whole| whole as f64))
}

fn whole(value: &AttrValue) -> Option<i128> {
    /// Up to here every whole number has its own real.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let real = || value.as_f64().filter(|real| real.fract() == 0.0 && real.abs() <= EXACT);
    let signed = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
    signed.or_else(|| real().map(|real| real as i128))
}
