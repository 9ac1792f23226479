//! Observed features for a catalogue of the whole sky, partition by partition.

use std::path::Path;

use astrogen_catalog::hats::{
    HatsCatalog, HatsConfig, HatsPartition, HatsWriter, INDEX, healpix_index,
};
use astrogen_catalog::{
    Catalog, CatalogError, CatalogOptions, Columns, NewColumn, RowCounts, Storage,
};
use astrogen_fits::Header;
use astrogen_runtime::{Share, derive_seed};
use astrogen_tables::{ContextReader, TableConfig};

use crate::catalog::{EmulateConfig, Emulated, NUMBER};
use crate::{Emulator, EmulatorError};

/// Columns of a catalogue that is emulated, and that are written again.
struct Carried {
    ra: String,
    dec: String,
    /// All of them, the position first.
    columns: Vec<NewColumn>,
    has_index: bool,
}

impl Emulator {
    /// Generates observed features for the rows of a [HATS](astrogen_catalog::hats) catalogue,
    /// `data.path`, into another one, partition by partition: the index, the position, the row's number in
    /// its partition (`ROW`), the columns that are to be kept, and what is generated.
    ///
    /// A partition appears whole, and one that is there is skipped: work that was stopped goes on when this is
    /// called again, and several programs may each do a `share` of the partitions. The values are a function
    /// of the seed, the partition and the number of the row among those that pass the rules. Who has the
    /// whole share makes a catalogue of it in the end; a partition of which no row passes is left out.
    /// `told` hears of each partition that is done: how many of this share's are, and of how many.
    ///
    /// # Errors
    /// [`EmulatorError::Setting`]; [`EmulatorError::Catalog`] and [`EmulatorError::Tables`] where a
    /// partition or a map cannot be read, where the folder holds something else or was begun otherwise, and
    /// where no row at all passes.
    pub fn emulate_sky(
        &self,
        data: &TableConfig,
        out: impl AsRef<Path>,
        config: &EmulateConfig,
        share: Share,
        told: &mut dyn FnMut(usize, usize),
    ) -> Result<Emulated, EmulatorError> {
        config.validate()?;
        let sky = HatsCatalog::open(&data.path)?;
        let Some(first) = sky.partitions().first() else {
            let reason = format!("{} has no partition", data.path.display());
            return Err(CatalogError::Rows { reason }.into());
        };
        let carried = Carried::of(&sky, data, first, &config.keep)?;
        let data = TableConfig {
            path: first.path.clone(),
            ra: Some(carried.ra.clone()),
            dec: Some(carried.dec.clone()),
            ..data.clone()
        };
        let writer = self.writer(&sky, &data, out.as_ref(), &carried, config)?;
        let partitions = sky.partitions().iter().skip(share.part()).step_by(share.of());
        let todo: Vec<&HatsPartition> = partitions.collect();
        let mut contexts = ContextReader::open(&data, &self.config().scaling, config.chunk)?;
        let mut emulated =
            Emulated { rows: 0, counts: RowCounts::default(), skipped: 0, finished: false };
        for (done, partition) in todo.iter().enumerate() {
            if writer.has(partition.pixel) {
                emulated.skipped += 1;
            } else {
                contexts.turn_to(&partition.path)?;
                emulated.rows += self.emulate_partition(
                    partition,
                    &data,
                    &mut contexts,
                    &carried,
                    (&writer, config),
                )?;
                emulated.counts.add(&contexts.counts());
            }
            told(done + 1, todo.len());
        }
        if share == Share::WHOLE {
            writer.finish()?;
            emulated.finished = true;
        }
        Ok(emulated)
    }

    fn writer(
        &self,
        sky: &HatsCatalog,
        data: &TableConfig,
        out: &Path,
        carried: &Carried,
        config: &EmulateConfig,
    ) -> Result<HatsWriter, EmulatorError> {
        let mut header = Header::new();
        self.describe(config.seed, &mut header)?;
        let number = NewColumn::new(NUMBER, Storage::Int64);
        let observed = data.observed.iter().map(|name| NewColumn::new(name, Storage::Float32));
        let columns = carried.columns.iter().cloned().chain([number]).chain(observed);
        let columns: Vec<NewColumn> = columns.collect();
        let properties =
            [("astrogen_model", self.fingerprint()?), ("astrogen_seed", config.seed.to_string())];
        let hats = HatsConfig {
            name: format!("{}_observed", sky.name().unwrap_or("catalog")),
            position: [carried.ra.clone(), carried.dec.clone()],
            properties: properties.map(|(key, value)| (key.to_owned(), value)).into(),
        };
        Ok(HatsWriter::create(out, &hats, &columns, &header)?)
    }

    /// The rows of a partition that were written.
    fn emulate_partition(
        &self,
        partition: &HatsPartition,
        data: &TableConfig,
        contexts: &mut ContextReader,
        carried: &Carried,
        (writer, config): (&HatsWriter, &EmulateConfig),
    ) -> Result<u64, EmulatorError> {
        let seed = derive_seed(config.seed, "partition", partition.pixel.unique());
        let mut numbers: Vec<u64> = Vec::new();
        let mut observed: Vec<Vec<f64>> = vec![Vec::new(); data.observed.len()];
        for chunk in contexts.by_ref() {
            let chunk = chunk?;
            let context: Vec<f32> = chunk.context.iter().copied().collect();
            let made = self.emulate(&context, numbers.len() as u64, seed)?;
            let made = self.config().scaling.observed(chunk.truth.view(), &made)?;
            for (all, column) in observed.iter_mut().zip(made.columns()) {
                all.extend(column);
            }
            numbers.extend(chunk.rows);
        }
        if numbers.is_empty() {
            return Ok(0);
        }
        let mut rows = carried.read(partition, &numbers)?;
        rows.push(NUMBER, numbers.iter().map(|&number| number as f64).collect())?;
        for (name, values) in data.observed.iter().zip(observed) {
            rows.push(name, values)?;
        }
        rows.sort_by_integers(INDEX)?;
        let mut written = writer.partition(partition.pixel)?;
        written.write_columns(&rows)?;
        Ok(written.finish()?)
    }
}

impl Carried {
    /// What is carried of a catalogue: the position that the settings name, or else the catalogue itself.
    fn of(
        sky: &HatsCatalog,
        data: &TableConfig,
        first: &HatsPartition,
        keep: &[String],
    ) -> Result<Self, EmulatorError> {
        let own = sky.position();
        let named =
            |given: &Option<String>, own: Option<&str>| given.clone().or(own.map(str::to_owned));
        let ra = named(&data.ra, own.map(|(ra, _)| ra));
        let dec = named(&data.dec, own.map(|(_, dec)| dec));
        let (Some(ra), Some(dec)) = (ra, dec) else {
            return Err(EmulatorError::Setting {
                name: "ra, dec",
                rule: "named, as the catalogue does not name its position",
                got: "none".to_owned(),
            });
        };
        let catalog = Catalog::open(&first.path, &CatalogOptions::default())?;
        let stored = |name: &str| {
            let column = catalog.columns().iter().find(|column| column.name == name);
            column.map(|column| (column.storage, column.unit.clone()))
        };
        // Read in whatever unit, written in degrees.
        let position = |name| NewColumn::new(name, Storage::Float64).with_unit("deg");
        let mut columns = [&ra, &dec].map(position).to_vec();
        for name in keep.iter().filter(|name| **name != ra && **name != dec && *name != INDEX) {
            let Some((storage, unit)) = stored(name) else {
                // Refused in the words of whoever knows the columns.
                catalog.chunks(&[name], 1)?;
                return Err(EmulatorError::Setting {
                    name: "keep",
                    rule: "names of whole columns as they stand in the catalogue",
                    got: name.clone(),
                });
            };
            columns.push(NewColumn { unit, ..NewColumn::new(name, storage) });
        }
        Ok(Self { has_index: stored(INDEX).is_some(), ra, dec, columns })
    }

    /// The columns of these rows of a partition, and the index.
    fn read(&self, partition: &HatsPartition, numbers: &[u64]) -> Result<Columns, EmulatorError> {
        let catalog = Catalog::open(&partition.path, &CatalogOptions::default())?;
        let catalog = catalog.with_position(&self.ra, &self.dec)?;
        let names = self.columns.iter().map(|column| column.name.as_str());
        let names: Vec<&str> = names.chain(self.has_index.then_some(INDEX)).collect();
        let (mut columns, _) = catalog.read(&names)?;
        let mut wanted = vec![false; columns.len()];
        for &number in numbers {
            if let Some(wanted) = wanted.get_mut(number as usize) {
                *wanted = true;
            }
        }
        columns.retain(|row| wanted[row]);
        if !self.has_index {
            let positions = columns.column(&self.ra)?.iter().zip(columns.column(&self.dec)?);
            let index: Vec<_> =
                positions.map(|(&ra, &dec)| healpix_index(ra, dec).map(i128::from)).collect();
            columns.push_integers(INDEX, index)?;
        }
        Ok(columns)
    }
}
