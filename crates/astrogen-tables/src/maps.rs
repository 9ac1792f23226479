//! The sky maps of a configuration: those that select rows, and those that are conditions.

use std::path::Path;

use astrogen_catalog::CatalogError;
use astrogen_catalog::skymap::{Coordinates, Grid, Selection, SkyMap, SkyMapOptions};

use super::{Condition, TableConfig};
use crate::TablesError;

/// The maps, opened.
pub(super) struct Maps {
    pub(super) selection: Selection,
    pub(super) conditions: Vec<ConditionMap>,
}

/// A condition that is a map.
pub(super) struct ConditionMap {
    /// The condition's name.
    pub(super) name: String,
    /// The condition as written, under which its values stand among the columns: no column
    /// that is asked for is called so.
    pub(super) column: String,
    map: SkyMap,
}

impl Maps {
    pub(super) fn open(config: &TableConfig) -> Result<Maps, TablesError> {
        let options = SkyMapOptions { defaults: config.maps.clone(), ..SkyMapOptions::default() };
        let selected =
            |path: Option<&Path>| path.map(|path| SkyMap::open(path, &options)).transpose();
        let selection = Selection {
            footprint: selected(config.footprint.as_deref())?,
            foreground: selected(config.foreground.as_deref())?,
            bad_regions: selected(config.bad_regions.as_deref())?,
        };
        let mut conditions = Vec::new();
        for condition in &config.conditions {
            let Condition::Map { name, map, path } = condition else {
                continue;
            };
            let columns = map.iter().cloned().collect();
            let map = SkyMap::open(path, &SkyMapOptions { columns, ..options.clone() })?;
            if map.names().len() != 1 {
                return Err(TablesError::Setting {
                    name: "conditions",
                    rule: format!("one map of {0}, as in {name}:MAP={0}", path.display()),
                    got: format!("a file of {:?}", map.names()),
                });
            }
            conditions.push(ConditionMap {
                name: name.clone(),
                column: condition.to_string(),
                map,
            });
        }
        Ok(Maps { selection, conditions })
    }

    /// The values of each condition's map at positions in degrees, NaN where it has none.
    pub(super) fn values(&self, ra: &[f64], dec: &[f64]) -> Result<Vec<Vec<f64>>, CatalogError> {
        // Maps are mostly of one grid, which then is looked up once.
        let mut known: Option<(Grid, Coordinates, Vec<u64>)> = None;
        let mut values = Vec::new();
        for ConditionMap { map, .. } in &self.conditions {
            let key = (map.grid(), map.coordinates());
            let pixels = match known.take() {
                Some((grid, coordinates, pixels)) if (grid, coordinates) == key => pixels,
                _ => map.pixels(ra, dec)?,
            };
            values.push(pixels.iter().map(|&pixel| map.value(0, pixel)).collect());
            known = Some((key.0, key.1, pixels));
        }
        Ok(values)
    }
}
