//! Which positions a survey's own maps leave clean.

use super::coordinates::Coordinates;
use super::grid::Grid;
use super::map::SkyMap;
use crate::CatalogError;
use crate::RowCounts;

/// The maps that say where a survey is clean, as the Dark Energy Survey keeps them: inside
/// the footprint (its map is 1), off the foreground (0) and out of bad regions (below 2). Of
/// each the first map counts. A position at which a map has no value does not pass it.
///
/// ```
/// use astrogen_catalog::RowCounts;
/// use astrogen_catalog::skymap::{Coordinates, Ordering, Selection, SkyMap};
///
/// // Only the northern cap is in the footprint.
/// let footprint = SkyMap::partial(
///     1, Ordering::Nested, Coordinates::Equatorial, &[0, 1, 2, 3], vec![("I".into(), vec![1.0; 4])],
/// ).unwrap();
/// let selection = Selection { footprint: Some(footprint), ..Selection::default() };
///
/// let mut counts = RowCounts::new(2);
/// let clean = selection.clean(&[10.0, 10.0], &[60.0, -60.0], &mut counts).unwrap();
/// assert_eq!(clean, [true, false]);
/// assert_eq!(counts.to_string(), "1 of 2 rows kept; dropped: 1 by outside the footprint");
/// counts.ensure_some().unwrap();
/// ```
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// 1 where the survey observed.
    pub footprint: Option<SkyMap>,
    /// 0 where no star or near galaxy is in the way.
    pub foreground: Option<SkyMap>,
    /// Below 2 where the data are good.
    pub bad_regions: Option<SkyMap>,
}

impl Selection {
    /// Which positions (ra and dec in degrees) are clean. Adds to `counts` how many were
    /// dropped, each under the first map that it does not pass; once all chunks are through,
    /// [`RowCounts::ensure_some`] fails where none was clean.
    ///
    /// # Errors
    /// As [`SkyMap::pixels`].
    pub fn clean(
        &self,
        ra: &[f64],
        dec: &[f64],
        counts: &mut RowCounts,
    ) -> Result<Vec<bool>, CatalogError> {
        type Rule = (&'static str, fn(f64) -> bool);
        let rules: [(&Option<SkyMap>, Rule); 3] = [
            (&self.footprint, ("outside the footprint", |value| value == 1.0)),
            (&self.foreground, ("on the foreground", |value| value == 0.0)),
            (&self.bad_regions, ("in bad regions", |value| value < 2.0)),
        ];
        let mut clean = vec![true; ra.len()];
        // Maps are mostly of one grid, which then is looked up once.
        let mut known: Option<(Grid, Coordinates, Vec<u64>)> = None;
        for (map, (rule, passes)) in rules {
            let Some(map) = map else {
                continue;
            };
            let key = (map.grid(), map.coordinates());
            let pixels = match known.take() {
                Some((grid, coordinates, pixels)) if (grid, coordinates) == key => pixels,
                _ => map.pixels(ra, dec)?,
            };
            let mut dropped = 0;
            for (clean, &pixel) in clean.iter_mut().zip(&pixels) {
                if *clean && !passes(map.value(0, pixel)) {
                    *clean = false;
                    dropped += 1;
                }
            }
            counts.drop_rows(rule, dropped);
            known = Some((key.0, key.1, pixels));
        }
        Ok(clean)
    }
}
