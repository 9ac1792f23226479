//! Pictures.
use super::GalaxyReport;
use super::physics::Named;
use crate::{Forge, ForgeError};
use astrogen_train::RunDir;
pub(super) fn spread(n: usize) -> Vec<usize> {
    (0..n.min(3)).collect()
}
pub(super) fn draw(
    _: &RunDir,
    _: &Forge,
    _: &GalaxyReport,
    _: [&Named<'_>; 2],
) -> Result<Vec<String>, ForgeError> {
    Ok(vec![])
}
