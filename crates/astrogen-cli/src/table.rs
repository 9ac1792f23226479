//! Which catalogue, which of its columns, and which sky maps.

use std::path::{Path, PathBuf};

use astrogen_catalog::skymap::{SkyMapDefaults, SplitBy, SplitConfig};
use astrogen_catalog::{ColumnFilter, MagnitudeRange};
use astrogen_tables::{Condition, TableConfig};
use clap::{Args, ValueEnum};

use crate::error::absolute;
use crate::survey::simulated;
use crate::{CatalogArguments, CliError};

/// Which catalogue, which of its columns, and which sky maps; a simulated survey if none is given.
#[derive(Debug, Args)]
pub struct TableArguments {
    /// The matched catalogue: a FITS table, CSV, Parquet or HDF5; a simulated survey if left out.
    #[arg(long, requires_all = ["true_columns", "observed", "condition"])]
    catalog: Option<PathBuf>,
    /// Columns of true features; a magnitude beyond --magnitudes drops its row.
    #[arg(long = "true", id = "true_columns", value_name = "COLUMN", num_args = 1..)]
    #[arg(requires = "catalog")]
    truth: Vec<String>,
    /// Columns of observed features, which the emulator learns to generate.
    #[arg(long, value_name = "COLUMN", num_args = 1.., requires = "catalog")]
    observed: Vec<String>,
    /// What was observed under: a COLUMN, or a sky map as NAME=FILE or NAME:MAP=FILE.
    #[arg(long, num_args = 1.., requires = "catalog")]
    condition: Vec<Condition>,
    /// The column of right ascension; needed with sky maps and to split by region. In degrees,
    /// unless the file says another unit.
    #[arg(long, value_name = "COLUMN", requires_all = ["catalog", "dec"])]
    ra: Option<String>,
    /// The column of declination.
    #[arg(long, value_name = "COLUMN", requires_all = ["catalog", "ra"])]
    dec: Option<String>,
    /// A sky map that is 1 where the survey observed.
    #[arg(long, requires = "catalog")]
    footprint: Option<PathBuf>,
    /// A sky map that is 0 away from foreground objects.
    #[arg(long, requires = "catalog")]
    foreground: Option<PathBuf>,
    /// A sky map that is below 2 where the data are good.
    #[arg(long, requires = "catalog")]
    bad_regions: Option<PathBuf>,
    #[command(flatten)]
    files: CatalogArguments,
    /// Rows to train on and to judge, as "flags==0"; any number.
    #[arg(long = "where", value_name = "FILTER", num_args = 1..)]
    filters: Vec<ColumnFilter>,
    /// The range LOW,HIGH of features that are believed; 0,50 suits magnitudes. If left out,
    /// any finite number.
    #[arg(long, value_name = "LOW,HIGH", value_parser = range, allow_hyphen_values = true)]
    magnitudes: Option<MagnitudeRange>,
    /// Bins along each true feature in which the scatter of the observed one is its unit; 32
    /// (residual recipe) or no such unit (original) if left out.
    #[arg(long)]
    local_bins: Option<usize>,
    /// What is held out together: regions of the sky or single rows. If left out, regions
    /// where --ra and --dec are given.
    #[arg(long, value_enum)]
    split: Option<Split>,
    /// The nside of the regions, 32 if left out.
    #[arg(long)]
    split_nside: Option<u32>,
    /// The part of the rows that is held out; a tenth, or a third of the simulated survey, if
    /// left out.
    #[arg(long, allow_negative_numbers = true)]
    held_out: Option<f64>,
    /// The part of the held-out rows that the report is on. The best epoch is chosen by the
    /// others, so that it cannot be the luckiest one on these. With 0 both are done on all.
    #[arg(long, default_value_t = 0.5, allow_negative_numbers = true)]
    test_fraction: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
enum Split {
    Region,
    Row,
}

impl TableArguments {
    /// The table that was asked for, or a simulated survey in the cache; `local_bins` are those of
    /// a table for which none were given.
    ///
    /// # Errors
    /// [`CliError::Usage`] for options that do not go together, or where there is no cache folder;
    /// [`CliError::Sky`] where a survey cannot be written there.
    pub fn config(&self, local_bins: Option<usize>) -> Result<TableConfig, CliError> {
        let mut table = match &self.catalog {
            Some(path) => self.files(path)?,
            None => simulated()?,
        };
        let by_region = match self.split {
            Some(split) => split == Split::Region,
            None => table.ra.is_some(),
        };
        if !by_region && self.split_nside.is_some() {
            let what =
                "--split-nside is of a split by region: give --ra and --dec, or leave it out";
            return Err(CliError::Usage(what.to_owned()));
        }
        table.split.split = match (by_region, self.split_nside) {
            (true, Some(nside)) => SplitBy::Region { nside },
            (true, None) => SplitConfig::default().split,
            (false, _) => SplitBy::Row,
        };
        table.split.fraction = self.held_out.unwrap_or(table.split.fraction);
        table.test_fraction = self.test_fraction;
        table.catalog.filters = self.filters.clone();
        table.range = self.magnitudes;
        table.local_bins = self.local_bins.or(local_bins);
        Ok(table)
    }

    /// The files and columns that were named.
    fn files(&self, path: &Path) -> Result<TableConfig, CliError> {
        let map = |path: &Option<PathBuf>| path.as_deref().map(absolute).transpose();
        Ok(TableConfig {
            path: absolute(path)?,
            truth: self.truth.clone(),
            observed: self.observed.clone(),
            conditions: self.condition.iter().map(absolute_condition).collect::<Result<_, _>>()?,
            ra: self.ra.clone(),
            dec: self.dec.clone(),
            footprint: map(&self.footprint)?,
            foreground: map(&self.foreground)?,
            bad_regions: map(&self.bad_regions)?,
            maps: self.files.maps(SkyMapDefaults::default()),
            catalog: self.files.catalog(),
            ..TableConfig::default()
        })
    }
}

fn absolute_condition(condition: &Condition) -> Result<Condition, CliError> {
    Ok(match condition {
        Condition::Column(_) => condition.clone(),
        Condition::Map { name, map, path } => {
            Condition::Map { name: name.clone(), map: map.clone(), path: absolute(path)? }
        }
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
