//! A rule that the configs of several networks share.

use crate::ModelError;

/// Refuses an image size that is no power of two between two others.
pub(crate) fn check_image_size(size: i64, [least, greatest]: [i64; 2]) -> Result<(), ModelError> {
    if (least..=greatest).contains(&size) && size.cast_unsigned().is_power_of_two() {
        return Ok(());
    }
    let allowed = (least.ilog2()..=greatest.ilog2()).map(|exponent| 1i64 << exponent);
    let below = allowed.clone().rfind(|&allowed| allowed <= size);
    let above = allowed.clone().find(|&allowed| allowed >= size);
    let nearest: Vec<_> = below.into_iter().chain(above).map(|size| size.to_string()).collect();
    Err(ModelError::Setting {
        name: "image_size",
        rule: format!(
            "a power of two from {least} to {greatest} (nearest: {})",
            nearest.join(" and ")
        ),
        got: size.to_string(),
    })
}
