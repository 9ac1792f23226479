//! The settings of a table.

use std::path::PathBuf;

use astrogen_catalog::skymap::{SkyMapDefaults, SplitBy, SplitConfig};
use astrogen_catalog::{CatalogOptions, MagnitudeRange};
use serde::{Deserialize, Serialize};

use super::Condition;
use crate::TablesError;

/// Which columns and maps become training data, and which rows count.
///
/// Relative paths start at the current directory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TableConfig {
    /// The catalogue: a FITS table, CSV, Parquet or HDF5. No default.
    pub path: PathBuf,
    /// The columns of true features; at least one.
    pub truth: Vec<String>,
    /// The columns of observed features, which a model learns to generate; at least one to
    /// train, none is needed to generate.
    pub observed: Vec<String>,
    /// The conditions under which each row was observed; at least one.
    pub conditions: Vec<Condition>,
    /// The column of right ascension, -180 to 360 degrees. Needed with sky maps and to split by
    /// region; then it counts in degrees in whatever unit the file has it
    /// ([`Catalog::with_position`](astrogen_catalog::Catalog::with_position)). Default None.
    pub ra: Option<String>,
    /// The column of declination; as [`TableConfig::ra`].
    pub dec: Option<String>,
    /// A sky map that is 1 where the survey observed; other rows are dropped. Default None.
    pub footprint: Option<PathBuf>,
    /// A sky map that is 0 off stars and near galaxies; other rows are dropped. Default None.
    pub foreground: Option<PathBuf>,
    /// A sky map that is below 2 where the data are good; other rows are dropped. Default
    /// None.
    pub bad_regions: Option<PathBuf>,
    /// What holds of the sky maps whose files do not say it: ordering, coordinates, nside, the
    /// column of pixel numbers. Default: nothing.
    pub maps: SkyMapDefaults,
    /// Which part of the file is the catalogue, and filters on rows. Rows without a finite
    /// value in a column or map that is used cannot train: they are dropped and counted,
    /// whether `missing` says `drop` or `keep`, and refused if it says `refuse`.
    pub catalog: CatalogOptions,
    /// The range that true and observed features have to be in. Default None: any finite
    /// value; [`MagnitudeRange::default`] suits magnitudes.
    pub range: Option<MagnitudeRange>,
    /// Bins of the local scale ([`LocalScale`](astrogen_catalog::LocalScale)) of
    /// each observed feature along the true feature of the same place in the list; there must
    /// be as many of one as of the other. Default None: observed features are standardised as
    /// the others are.
    pub local_bins: Option<usize>,
    /// Which rows are held out, for validation and test. Default: a tenth, by sky region.
    pub split: SplitConfig,
    /// The part of the held-out rows that is kept for the test: what is chosen by the others is
    /// reported on these. Split as the training rows are, by region or by row; by row too where
    /// all held-out rows lie in one region. Default 0: all are for validation.
    pub test_fraction: f64,
}

impl TableConfig {
    /// The names of a context's columns: conditions, then true features.
    pub fn context_names(&self) -> Vec<String> {
        let conditions = self.conditions.iter().map(|condition| condition.name().to_owned());
        conditions.chain(self.truth.iter().cloned()).collect()
    }

    /// Whether a sky map is looked up.
    fn uses_maps(&self) -> bool {
        let selection = [&self.footprint, &self.foreground, &self.bad_regions];
        selection.iter().any(|map| map.is_some()) || self.conditions.iter().any(Condition::is_map)
    }

    pub(super) fn splits_by_region(&self) -> bool {
        matches!(self.split.split, SplitBy::Region { .. })
    }

    /// The columns of ra and dec, if they are needed.
    pub(super) fn position(
        &self,
        for_split: bool,
    ) -> Result<Option<(String, String)>, TablesError> {
        let reason = if self.uses_maps() {
            "sky maps are looked up at positions"
        } else if for_split {
            "rows are split by region of the sky (or split them by row)"
        } else {
            return Ok(None);
        };
        match (&self.ra, &self.dec) {
            (Some(ra), Some(dec)) => Ok(Some((ra.clone(), dec.clone()))),
            (ra, dec) => Err(TablesError::Setting {
                name: "ra, dec",
                rule: format!("the names of both columns, since {reason}"),
                got: format!("ra {ra:?}, dec {dec:?}"),
            }),
        }
    }

    /// Refuses what no catalogue could make possible to train on.
    ///
    /// # Errors
    /// [`TablesError::Setting`] for no truth, observed column or condition, a name twice, no
    /// columns of ra and dec where they are needed, a `test_fraction` outside [0, 1), no local
    /// bin, or local bins for features without a partner; [`TablesError::Catalog`] for a setting of the range
    /// or the split.
    pub fn validate(&self) -> Result<(), TablesError> {
        self.check_training()?;
        self.check_reading(&self.observed)?;
        self.position(self.splits_by_region())?;
        Ok(self.split.validate()?)
    }

    /// Refuses what no catalogue could make possible to read, these observed columns with it.
    pub(super) fn check_reading(&self, observed: &[String]) -> Result<(), TablesError> {
        let some = |name, what: &str, count: usize| match count {
            0 => Err(TablesError::Setting {
                name,
                rule: format!("at least one {what}"),
                got: "none".into(),
            }),
            _ => Ok(()),
        };
        if let Some(range) = &self.range {
            range.validate()?;
        }
        some("truth", "column of true features", self.truth.len())?;
        some("conditions", "column or sky map", self.conditions.len())?;
        for condition in &self.conditions {
            let text = condition.to_string();
            if text.parse::<Condition>().ok().as_ref() != Some(condition) {
                return Err(TablesError::Setting {
                    name: "conditions",
                    rule: "names without '=' and ':' and, for a map, a file".into(),
                    got: format!("{text:?}"),
                });
            }
        }
        let mut names = self.context_names();
        names.extend_from_slice(observed);
        let position = |name: &String| names.iter().position(|own| own == name);
        let odd =
            (0..names.len()).find(|&at| names[at].is_empty() || position(&names[at]) != Some(at));
        match odd {
            None => Ok(()),
            Some(at) => Err(TablesError::Setting {
                name: "conditions, truth, observed",
                rule: "each name once, and none empty".into(),
                got: format!("{:?} in {names:?}", names[at]),
            }),
        }
    }

    /// Refuses what can be read for generation but not trained on.
    fn check_training(&self) -> Result<(), TablesError> {
        if !(0.0..1.0).contains(&self.test_fraction) {
            return Err(TablesError::Setting {
                name: "test_fraction",
                rule: "a part of the held-out rows, at least 0 and below 1".into(),
                got: self.test_fraction.to_string(),
            });
        }
        if self.observed.is_empty() {
            return Err(TablesError::Setting {
                name: "observed",
                rule: "at least one column of observed features to train on".into(),
                got: "none".into(),
            });
        }
        if self.local_bins == Some(0) {
            let (name, rule) = ("local_bins", "at least 1".into());
            return Err(TablesError::Setting { name, rule, got: "0".into() });
        }
        if self.local_bins.is_some() && self.observed.len() != self.truth.len() {
            return Err(TablesError::Setting {
                name: "local_bins",
                rule: "as many observed as true features, each the scatter of its partner, \
                       or no local scale"
                    .into(),
                got: format!("{} and {}", self.observed.len(), self.truth.len()),
            });
        }
        Ok(())
    }
}
