//! What fits a cell, and how single numbers are written with their errors and intervals.

use super::super::json::Json;
use super::super::words::{rounded, with_error};

/// Fields of an object that stands in the table of another one.
const GROUP: usize = 12;
/// Letters of a name that is not broken.
const WORD: usize = 24;

/// Whether a value fits a cell: it is plain, an estimate, or a list of such.
pub(super) fn is_cell(value: &Json) -> bool {
    match value {
        Json::Object(_) => estimate(value).is_some(),
        Json::List(items) => items.iter().all(is_cell),
        _ => true,
    }
}

/// Whether an object is small enough for rows of its own in the table of another one.
pub(super) fn is_group(value: &Json) -> bool {
    match value {
        Json::Object(fields) => {
            fields.len() <= GROUP && fields.iter().all(|(_, value)| is_cell(value))
        }
        _ => false,
    }
}

pub(super) fn is_number(value: &Json) -> bool {
    value.number().is_some() || estimate(value).is_some()
}

/// Whether a value is a name that a narrow window need not break.
pub(super) fn is_word(value: &Json) -> bool {
    matches!(value, Json::Text(text) if text.chars().count() <= WORD)
}

/// A number with its error, `{mean, error}`, or with its interval, `{value, low, high}`, and perhaps
/// the same number between halves of what it is held against, `floor`.
pub(super) fn estimate(value: &Json) -> Option<String> {
    let Json::Object(fields) = value else { return None };
    let known = |allowed: &[&str]| fields.iter().all(|(key, _)| allowed.contains(&key.as_str()));
    let number = |key: &str| match value.get(key)? {
        Json::Null => Some(f64::NAN),
        other => other.number(),
    };
    if known(&["mean", "error"]) {
        return Some(with_error(number("mean")?, number("error")?));
    }
    if !known(&["value", "low", "high", "floor"]) {
        return None;
    }
    let (middle, low, high) = (number("value")?, number("low")?, number("high")?);
    // As many digits as tell the ends apart.
    let span = (high - low).abs() / low.abs().max(high.abs());
    let digits =
        if span.is_normal() { (2.0 - span.log10().floor()).clamp(3.0, 7.0) as usize } else { 4 };
    let [middle, low, high] = [middle, low, high].map(|value| rounded(value, digits));
    let floor = match value.get("floor") {
        None | Some(Json::Null) => String::new(),
        Some(floor) => match floor.number() {
            Some(floor) => format!(", floor {}", rounded(floor, digits)),
            None => format!(", floor {}", estimate(floor)?),
        },
    };
    Some(format!("{middle} ({low} to {high}){floor}"))
}
