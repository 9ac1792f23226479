//! Which catalogue, which of its columns, and which sky maps.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use astrogen::data::{Condition, TableConfig};
use astrogen::preprocess::catalog::{CatalogOptions, ColumnFilter, MagnitudeRange};
use astrogen::preprocess::skymap::{SplitBy, SplitConfig};
use astrogen::sky::survey::{BANDS, CATALOGUE, CONDITIONS, SELECTION};
use astrogen::sky::{Survey, SurveyConfig};
use clap::{Args, ValueEnum};

#[derive(Args)]
pub(crate) struct TableArguments {
    /// The matched catalogue: a FITS table, CSV or Parquet; a simulated survey if left out.
    #[arg(long, requires_all = ["true_columns", "observed", "condition"])]
    catalog: Option<PathBuf>,
    /// Columns of true features; a magnitude beyond --magnitudes drops its row.
    #[arg(long = "true", id = "true_columns", value_name = "COLUMN", num_args = 1..)]
    truth: Vec<String>,
    /// Columns of observed features, which the emulator learns to generate.
    #[arg(long, value_name = "COLUMN", num_args = 1..)]
    observed: Vec<String>,
    /// What was observed under: a COLUMN, or a sky map as NAME=FILE or NAME:MAP=FILE.
    #[arg(long, num_args = 1..)]
    condition: Vec<Condition>,
    /// The column of right ascension in degrees; needed with sky maps and to split by region.
    #[arg(long, value_name = "COLUMN")]
    ra: Option<String>,
    /// The column of declination in degrees.
    #[arg(long, value_name = "COLUMN")]
    dec: Option<String>,
    /// A sky map that is 1 where the survey observed.
    #[arg(long)]
    footprint: Option<PathBuf>,
    /// A sky map that is 0 away from foreground objects.
    #[arg(long)]
    foreground: Option<PathBuf>,
    /// A sky map that is below 2 where the data are good.
    #[arg(long)]
    bad_regions: Option<PathBuf>,
    /// Rows to keep, as "flags==0"; any number.
    #[arg(long = "where", value_name = "FILTER", num_args = 1..)]
    filters: Vec<ColumnFilter>,
    /// The range LOW,HIGH of features that are believed; 0,50 suits magnitudes. If left out,
    /// any finite number.
    #[arg(long, value_name = "LOW,HIGH", value_parser = range)]
    magnitudes: Option<MagnitudeRange>,
    /// What is held out together: regions of the sky (nside 32) or single rows. If left out,
    /// regions where --ra and --dec are given.
    #[arg(long, value_enum)]
    split: Option<Split>,
    /// The part of the rows that is held out.
    #[arg(long, default_value_t = 0.1)]
    held_out: f64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Split {
    Region,
    Row,
}

impl TableArguments {
    /// The table that was asked for, or a simulated survey in the cache.
    pub(crate) fn config(&self, local_bins: Option<usize>) -> Result<TableConfig> {
        let Some(path) = &self.catalog else { return simulated(local_bins) };
        let split = match self.split {
            Some(Split::Row) => SplitBy::Row,
            None if self.ra.is_none() => SplitBy::Row,
            Some(Split::Region) | None => SplitConfig::default().split,
        };
        let absolute = |path: &PathBuf| std::path::absolute(path); // a resume may start elsewhere
        Ok(TableConfig {
            path: absolute(path)?,
            truth: self.truth.clone(),
            observed: self.observed.clone(),
            conditions: self.condition.iter().map(absolute_condition).collect::<Result<_>>()?,
            ra: self.ra.clone(),
            dec: self.dec.clone(),
            footprint: self.footprint.as_ref().map(absolute).transpose()?,
            foreground: self.foreground.as_ref().map(absolute).transpose()?,
            bad_regions: self.bad_regions.as_ref().map(absolute).transpose()?,
            catalog: CatalogOptions { filters: self.filters.clone(), ..CatalogOptions::default() },
            range: self.magnitudes,
            local_bins,
            split: SplitConfig { split, fraction: self.held_out, ..SplitConfig::default() },
            ..TableConfig::default()
        })
    }
}

/// Galaxies of the simulated survey: 200,000 are left for training, 100,000 held out.
const GALAXIES: usize = 340_000;

/// The simulated survey, written to the cache where it is not there yet.
fn simulated(local_bins: Option<usize>) -> Result<TableConfig> {
    let cache = dirs::cache_dir().context("no cache folder; give --catalog")?;
    let folder = cache.join("astrogen").join(format!("survey-{GALAXIES}"));
    println!("simulating a survey of {GALAXIES} galaxies into {} (once)", folder.display());
    let config = SurveyConfig { galaxies: GALAXIES, ..SurveyConfig::default() };
    Survey::simulate(&config, 1)?.save(&folder)?;
    Ok(survey_table(&folder, local_bins))
}

/// The table of a survey's files.
fn survey_table(folder: &Path, local_bins: Option<usize>) -> TableConfig {
    let map = |name: &str| folder.join(format!("{name}.fits"));
    let columns = |kind: &str| BANDS.map(|band| format!("{kind}_MAG_{}", band.to_uppercase()));
    let condition =
        |name: &&str| Condition::Map { name: (*name).to_owned(), map: None, path: map(name) };
    TableConfig {
        path: folder.join(CATALOGUE),
        truth: columns("TRUE").into(),
        observed: columns("MEAS").into(),
        conditions: CONDITIONS.iter().map(condition).collect(),
        ra: Some("RA".into()),
        dec: Some("DEC".into()),
        footprint: Some(map(SELECTION[0])),
        foreground: Some(map(SELECTION[1])),
        bad_regions: Some(map(SELECTION[2])),
        local_bins,
        split: SplitConfig { fraction: 1.0 / 3.0, ..SplitConfig::default() },
        ..TableConfig::default()
    }
}

fn absolute_condition(condition: &Condition) -> Result<Condition> {
    Ok(match condition {
        Condition::Column(_) => condition.clone(),
        Condition::Map { name, map, path } => Condition::Map {
            name: name.clone(),
            map: map.clone(),
            path: std::path::absolute(path)?,
        },
    })
}

fn range(text: &str) -> Result<MagnitudeRange, String> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    match text.split_once(',').map(|(low, high)| (number(low), number(high))) {
        Some((Some(min), Some(max))) if min < max => {
            Ok(MagnitudeRange { min, max, ..MagnitudeRange::default() })
        }
        _ => Err("expected two numbers LOW,HIGH, the lower one first".to_owned()),
    }
}
