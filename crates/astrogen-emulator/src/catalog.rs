//! Observed features for a catalogue of any length, chunk by chunk.

use std::path::{Path, PathBuf};

use astrogen_catalog::{CatalogOptions, CatalogWriter, NewColumn, RowCounts, Storage};
use astrogen_fits::Header;
use astrogen_tables::{ContextReader, TableConfig};

use crate::{Emulator, EmulatorError};

/// How a catalogue is emulated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmulateConfig {
    /// The same seed gives the same values, whatever the threads and chunks. Default 0.
    pub seed: u64,
    /// Rows at a time, at least 1: memory grows with it, the values do not change. Default 131,072.
    pub chunk: usize,
    /// Columns of the catalogue that are written again, where it is [the whole
    /// sky's](Emulator::emulate_sky). Default none.
    pub keep: Vec<String>,
}

impl Default for EmulateConfig {
    fn default() -> Self {
        Self { seed: 0, chunk: 1 << 17, keep: Vec::new() }
    }
}

impl EmulateConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`EmulatorError::Setting`] for chunks of no rows.
    pub fn validate(&self) -> Result<(), EmulatorError> {
        match self.chunk {
            0 => Err(EmulatorError::Setting { name: "chunk", rule: "at least 1", got: "0".into() }),
            _ => Ok(()),
        }
    }
}

/// What became of a catalogue's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Emulated {
    /// Rows that were written.
    pub rows: u64,
    /// Rows that were read, and dropped by each rule.
    pub counts: RowCounts,
    /// Partitions that were there already; 0 for catalogues of one file.
    pub skipped: usize,
    /// Whether the catalogue is whole: not where this was a share of the work.
    pub finished: bool,
}

/// The column of the rows' numbers in the catalogue that was read, from 0.
pub(crate) const NUMBER: &str = "ROW";

impl Emulator {
    /// Another catalogue as this emulator reads it: the columns, maps and rules of its own
    /// training data, but no filters. Change in it what is otherwise in the file.
    pub fn table(&self, path: impl Into<PathBuf>) -> TableConfig {
        let data = self.config().data.clone();
        TableConfig { path: path.into(), catalog: CatalogOptions::default(), ..data }
    }

    /// Says in a header which model and seed values are of.
    pub(crate) fn describe(&self, seed: u64, header: &mut Header) -> Result<(), EmulatorError> {
        header.push("MODEL", self.fingerprint()?, "weights of the generator");
        header.push("SEED", seed.to_string(), "seed of the values, as text");
        Ok(())
    }

    /// Generates observed features for the rows of a catalogue of any length, in its units, and
    /// writes them as a FITS table, Parquet or HDF5 by the ending of `out`. Rows are told by their
    /// number in the catalogue, column `ROW`, from 0; the header names the model (`MODEL`, the
    /// [`fingerprint`](Self::fingerprint)) and the seed (`SEED`). Nothing observed is asked of the
    /// catalogue.
    ///
    /// The file appears whole, or not at all.
    ///
    /// # Errors
    /// [`EmulatorError::Setting`]; [`EmulatorError::Exists`] for a file that is there already; [`EmulatorError::Catalog`] where
    /// it cannot be written, [`EmulatorError::Tables`] where the catalogue or a map cannot be read
    /// or has other names than the emulator was trained on.
    pub fn emulate_catalog(
        &self,
        data: &TableConfig,
        out: impl AsRef<Path>,
        config: &EmulateConfig,
    ) -> Result<Emulated, EmulatorError> {
        config.validate()?;
        let out = out.as_ref();
        if out.exists() {
            return Err(EmulatorError::Exists { path: out.to_owned() });
        }
        let number = NewColumn::new(NUMBER, Storage::Int64);
        let observed = data.observed.iter().map(|name| NewColumn::new(name, Storage::Float32));
        let columns: Vec<NewColumn> = std::iter::once(number).chain(observed).collect();
        let mut header = Header::new();
        self.describe(config.seed, &mut header)?;
        let mut writer = CatalogWriter::create(out, &columns, &header)?;

        let scaling = &self.config().scaling;
        let mut contexts = ContextReader::open(data, scaling, config.chunk)?;
        let mut done = 0; // counted in rows that were kept, so that chunks make no difference
        for chunk in contexts.by_ref() {
            let chunk = chunk?;
            let context: Vec<f32> = chunk.context.iter().copied().collect();
            let made = self.emulate(&context, done, config.seed)?;
            done += chunk.rows.len() as u64;
            let made = scaling.observed(chunk.truth.view(), &made)?;
            let rows = chunk.rows.iter().map(|&row| row as f64).collect();
            let values = made.columns().into_iter().map(|column| column.to_vec());
            writer.write(&std::iter::once(rows).chain(values).collect::<Vec<Vec<f64>>>())?;
        }
        Ok(Emulated {
            rows: writer.finish()?,
            counts: contexts.counts(),
            skipped: 0,
            finished: true,
        })
    }
}
