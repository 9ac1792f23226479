//! The simulated survey, which is taken where no catalogue is given.

use std::path::Path;

use astrogen_catalog::skymap::SplitConfig;
use astrogen_sky::survey::{BANDS, CATALOGUE, CONDITIONS, SELECTION};
use astrogen_sky::{SkyError, cached_survey};
use astrogen_tables::{Condition, TableConfig};

use crate::{CliError, say};

/// Galaxies of the survey: 200,000 are left for training, 100,000 held out.
const GALAXIES: usize = 340_000;

/// The table of a simulated survey, written to the cache where it is not there yet.
pub(crate) fn simulated() -> Result<TableConfig, CliError> {
    let tell = |folder: &Path| {
        let folder = folder.display();
        say(format_args!("simulating a survey of {GALAXIES} galaxies into {folder} (once)"));
    };
    match cached_survey(GALAXIES, 1, tell) {
        Ok(folder) => Ok(survey_table(&folder)),
        Err(SkyError::NoCache) => {
            Err(CliError::Usage("no cache folder; give --catalog".to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The table of a survey's files.
fn survey_table(folder: &Path) -> TableConfig {
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
        split: SplitConfig { fraction: 1.0 / 3.0, ..SplitConfig::default() },
        ..TableConfig::default()
    }
}
