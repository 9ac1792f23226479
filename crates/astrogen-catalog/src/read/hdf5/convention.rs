//! What attributes say of the numbers of a data set, as netCDF has it: which stand for no value, and
//! how others were packed.

use std::collections::HashMap;

use hdf5_pure::AttrValue;

use super::values::{Meaning, Missing, Stored};

impl Stored {
    /// The same with what attributes say: `_FillValue` and each `missing_value` stand for no value,
    /// others are `add_offset + scale_factor * stored`. Fails where an attribute of the packing is
    /// several numbers; texts say nothing of numbers.
    pub(super) fn with(
        mut self,
        attributes: &HashMap<String, AttrValue>,
    ) -> Result<Stored, String> {
        if matches!(self.meaning, Meaning::Text | Meaning::LongText) {
            return Ok(self);
        }
        let missing = ["_FillValue", "missing_value"].map(|name| attributes.get(name));
        for value in missing.into_iter().flatten() {
            if self.meaning == Meaning::Real {
                // A number of 64 bits may stand beside numbers of 32.
                let stored = |own| if self.size == 4 { f64::from(own as f32) } else { own };
                self.missing.extend(reals(value).into_iter().map(stored).map(Missing::Real));
            } else {
                self.missing.extend(wholes(value).into_iter().map(Missing::Whole));
            }
        }
        let packed = |name: &str, neutral: f64| match attributes.get(name) {
            Some(value) if value.as_strings().is_none() => match reals(value).as_slice() {
                &[number] => Ok(number),
                _ => Err(format!("has an attribute {name} that is not one number")),
            },
            _ => Ok(neutral),
        };
        let (scale, offset) = (packed("scale_factor", 1.0)?, packed("add_offset", 0.0)?);
        self.packing = ((scale, offset) != (1.0, 0.0)).then_some([scale, offset]);
        Ok(self)
    }
}

/// The numbers of an attribute.
fn reals(value: &AttrValue) -> Vec<f64> {
    let whole = || wholes(value).into_iter().map(|whole| whole as f64).collect();
    value.to_f64s().unwrap_or_else(whole)
}

/// The whole numbers of an attribute.
fn wholes(value: &AttrValue) -> Vec<i128> {
    /// Up to here every whole number has its own real.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Some(signed) = value.to_i64s() {
        return signed.into_iter().map(i128::from).collect();
    }
    if let Some(unsigned) = value.to_u64s() {
        return unsigned.into_iter().map(i128::from).collect();
    }
    let reals = value.to_f64s().unwrap_or_default().into_iter();
    let whole = reals.filter(|real| real.fract() == 0.0 && real.abs() <= EXACT);
    whole.map(|real| real as i128).collect()
}
