//! Rules that the configs of several networks share.

use crate::ModelError;

/// The greatest number of channels, features or latents.
const MOST: i64 = 65536;

/// The greatest number of layers in a list of widths.
const MOST_LAYERS: usize = 256;

/// Refuses an image size that is no power of two between two others.
pub(crate) fn check_image_size(size: i64, [least, greatest]: [i64; 2]) -> Result<(), ModelError> {
    if (least..=greatest).contains(&size) && size.cast_unsigned().is_power_of_two() {
        return Ok(());
    }
    let allowed = (least.ilog2()..=greatest.ilog2()).map(|exponent| 1i64 << exponent);
    let below = allowed.clone().rfind(|&allowed| allowed <= size);
    let above = allowed.clone().find(|&allowed| allowed >= size);
    let nearest: Vec<_> = below.into_iter().chain(above).map(|size| size.to_string()).collect();
    Err(ModelError::InvalidConfig {
        field: "image_size",
        rule: format!(
            "a power of two from {least} to {greatest} (nearest: {})",
            nearest.join(" and ")
        ),
        got: size,
    })
}

/// Refuses the first count that is not from 1 to 65536.
pub(crate) fn check_counts(counts: &[(&'static str, i64)]) -> Result<(), ModelError> {
    match counts.iter().find(|(_, got)| !(1..=MOST).contains(got)) {
        None => Ok(()),
        Some(&(field, got)) => {
            Err(ModelError::InvalidConfig { field, rule: format!("from 1 to {MOST}"), got })
        }
    }
}

/// Refuses widths of layers that are not from 1 to 65536, or more than 256 of them.
pub(crate) fn check_widths(field: &'static str, widths: &[i64]) -> Result<(), ModelError> {
    if widths.len() > MOST_LAYERS {
        let rule = format!("a list of at most {MOST_LAYERS} widths");
        return Err(ModelError::InvalidConfig { field, rule, got: widths.len() as i64 });
    }
    widths.iter().try_for_each(|&width| check_counts(&[(field, width)]))
}
