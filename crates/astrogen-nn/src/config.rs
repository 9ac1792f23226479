//! Rules that the configs of several networks share.
//!
//! ```
//! use astrogen_nn::config::check_counts;
//!
//! let error = check_counts(&[("features", 8), ("latent_dim", 0)]).unwrap_err();
//! assert_eq!(error.to_string(), "latent_dim must be from 1 to 65536, got 0");
//! ```

use crate::NnError;

/// The greatest number of channels, features or latents.
const MOST: i64 = 65536;

/// The greatest number of layers in a list of widths.
const MOST_LAYERS: usize = 256;

/// Refuses the first count, given with its setting's name, that is not from 1 to 65536.
///
/// # Errors
/// [`NnError::Setting`].
pub fn check_counts(counts: &[(&'static str, i64)]) -> Result<(), NnError> {
    check_range(counts, 1, MOST, format!("from 1 to {MOST}"))
}

/// Refuses widths of layers that are not from 1 to 65536, or more than 256 of them.
///
/// # Errors
/// [`NnError::Setting`].
pub fn check_widths(name: &'static str, widths: &[i64]) -> Result<(), NnError> {
    if widths.len() > MOST_LAYERS {
        let rule = format!("a list of at most {MOST_LAYERS} widths");
        return Err(NnError::Setting { name, rule, got: widths.len().to_string() });
    }
    widths.iter().try_for_each(|&width| check_counts(&[(name, width)]))
}

/// Refuses the first number of a layer that is below `least`.
pub(crate) fn check_least(numbers: &[(&'static str, i64)], least: i64) -> Result<(), NnError> {
    check_range(numbers, least, i64::MAX, format!("at least {least}"))
}

fn check_range(
    numbers: &[(&'static str, i64)],
    least: i64,
    most: i64,
    rule: String,
) -> Result<(), NnError> {
    match numbers.iter().find(|(_, got)| !(least..=most).contains(got)) {
        None => Ok(()),
        Some(&(name, got)) => Err(NnError::Setting { name, rule, got: got.to_string() }),
    }
}
