//! The galaxies of a folder: their stars, cleaned, and what is known of each of them.

mod config;
mod dataset;
mod reading;
mod report;
mod store;

use std::sync::Arc;

use astrogen_data::{Dataset, RowDataset};
use astrogen_stars::{GalaxyFile, GalaxyParameter};
use ndarray::{Array1, Array2};

use crate::ForgeError;
use crate::conditions::Conditions;
use crate::encoder::Latents;
pub use config::GalaxiesConfig;
pub use dataset::{Deal, StarDataset};
pub use report::GalaxiesReport;

use dataset::Span;
use reading::{Reading, parameters, unfit};
use store::Store;

/// The galaxies of a folder: their stars, cleaned, and what is known of each of them.
#[derive(Debug)]
pub struct Galaxies {
    conditions: Conditions,
    store: Arc<Store>,
    /// Stars that train, that choose, and that are judged, of each galaxy that has some.
    spans: [Vec<Span>; 3],
    /// Least and greatest value of each feature of the stars that train.
    ranges: Vec<[f64; 2]>,
    report: GalaxiesReport,
}

/// What a star is there for, as places in [`Galaxies::spans`].
const TRAIN: usize = 0;
const CHOOSE: usize = 1;
const JUDGE: usize = 2;

impl Galaxies {
    /// Reads all galaxies of a folder, one after the other.
    ///
    /// # Errors
    /// As [`open_with`](Self::open_with).
    pub fn open(config: &GalaxiesConfig) -> Result<Self, ForgeError> {
        Self::open_with(config, &[])
    }

    /// Reads all galaxies of a folder; `own` are parameters by functions of one's own, for the names
    /// in the settings that are none of [`Parameter`](astrogen_stars::Parameter).
    ///
    /// # Errors
    /// [`ForgeError::Setting`] for settings that do not [hold](GalaxiesConfig::validate), and for a
    /// parameter that nobody knows; [`ForgeError::Stars`] for a file that cannot be read;
    /// [`ForgeError::Galaxy`] for ids that are not there, for galaxies without a column that a feature
    /// or a parameter takes, for features that have no logarithm, and where no galaxy is left to train
    /// on; [`ForgeError::Io`] where stars exceed the memory and there
    /// is no room for a file.
    pub fn open_with(
        config: &GalaxiesConfig,
        own: &[&dyn GalaxyParameter],
    ) -> Result<Self, ForgeError> {
        config.validate()?;
        let parameters = parameters(&config.parameters, own)?;
        let latents = config.latents.as_ref().map(Latents::open).transpose()?;
        let files = GalaxyFile::find(&config.path)?;
        if let Some(id) = config
            .leave_out
            .iter()
            .chain(&config.validation)
            .find(|id| !files.iter().any(|file| file.id == **id))
        {
            let reason = format!("it has no stars in {}", config.path.display());
            return Err(ForgeError::Galaxy { id: id.clone(), reason });
        }
        let mut reading = Reading::new(config);
        if let Some(latents) = &latents {
            let has_stars = |id: &&String| files.iter().any(|file| file.id == **id);
            reading.report.without_stars =
                latents.ids.iter().filter(|id| !has_stars(id)).cloned().collect();
        }
        for file in &files {
            let Some(galaxy) = config.read(file, &mut reading.report)? else { continue };
            let own = match &latents {
                Some(latents) => match latents.get(&galaxy.id) {
                    Some(own) => own.to_vec(),
                    None => {
                        reading.report.without_latents.push(galaxy.id);
                        continue;
                    }
                },
                None => Vec::new(),
            };
            let values = parameters.iter().map(|parameter| {
                parameter.of(&galaxy.stars).map_err(|error| unfit(&galaxy, &error))
            });
            let values = values.chain(own.into_iter().map(|latent| Ok(f64::from(latent))));
            let values = values.collect::<Result<_, _>>()?;
            reading.add(galaxy, values)?;
        }
        let latents = (1..=latents.map_or(0, |latents| latents.values.ncols()))
            .map(|number| format!("latent_{number}"));
        reading.finish(config.parameters.iter().cloned().chain(latents).collect())
    }

    /// The ids of the galaxies of a folder that have stars enough after cleaning, latents or not. All
    /// files are read for it.
    ///
    /// # Errors
    /// [`ForgeError::Stars`] for settings of the files and of cleaning that do not hold, and for a
    /// file that cannot be read.
    pub fn kept(config: &GalaxiesConfig) -> Result<Vec<String>, ForgeError> {
        config.layout.validate()?;
        config.cleaning.validate()?;
        let mut report = GalaxiesReport::default();
        let files = GalaxyFile::find(&config.path)?;
        let read = files.iter().map(|file| config.read(file, &mut report));
        let kept = read.filter_map(|galaxy| galaxy.map(|of| of.map(|of| of.id)).transpose());
        kept.collect()
    }

    /// What is known of each galaxy.
    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// Least and greatest value of each feature among the stars that train.
    pub fn ranges(&self) -> &[[f64; 2]] {
        &self.ranges
    }

    /// What became of the files.
    pub fn report(&self) -> &GalaxiesReport {
        &self.report
    }

    /// The stars that train.
    pub fn training(&self, deal: Deal) -> StarDataset {
        StarDataset::new(Arc::clone(&self.store), self.spans[TRAIN].clone(), deal)
    }

    /// Updates by batches of so many stars in an epoch, as [`Deal`] has it; at least 1.
    pub fn steps_per_epoch(&self, deal: Deal, batch_size: usize) -> u64 {
        (self.training(deal).len() / batch_size.max(1)).max(1) as u64
    }

    /// Stars that choose the state of the flow that is kept, about as many, spread evenly over
    /// their galaxies, with the conditions of their galaxies.
    ///
    /// # Errors
    /// [`ForgeError::Io`] where stars cannot be read back.
    pub fn validation(&self, at_most: usize) -> Result<RowDataset, ForgeError> {
        let each = at_most.div_ceil(self.spans[CHOOSE].len());
        let (mut features, mut galaxies) = (Vec::new(), Vec::new());
        for span in &self.spans[CHOOSE] {
            let rows = self.spread(*span, each)?;
            galaxies.extend(std::iter::repeat_n(span.galaxy, rows.nrows()));
            features.extend(rows.iter().map(|&value| value as f32));
        }
        let values = self.conditions.values();
        let context = Array2::from_shape_fn((galaxies.len(), values.ncols()), |(row, column)| {
            values[[galaxies[row], column]] as f32
        });
        let features = Array1::from(features);
        // As many features of each star as the store has columns.
        let features = features
            .into_shape_with_order((galaxies.len(), self.store.columns()))
            .map_err(astrogen_data::DataError::source)?;
        Ok(RowDataset::new(context, features)?)
    }

    /// The rows in the table of conditions of the galaxies that are judged.
    pub fn judged(&self) -> impl Iterator<Item = usize> {
        self.spans[JUDGE].iter().map(|span| span.galaxy)
    }

    /// Stars that a galaxy is judged by, `[N, features]`, at most so many, spread evenly over them;
    /// none where it is not judged.
    ///
    /// # Errors
    /// [`ForgeError::Io`] where stars cannot be read back.
    pub fn judged_stars(&self, galaxy: usize, at_most: usize) -> Result<Array2<f64>, ForgeError> {
        self.stars_of(JUDGE, Some(galaxy), at_most)
    }

    /// Stars that train, `[N, features]`, of one galaxy or of all of them, about so many at most,
    /// spread evenly.
    ///
    /// # Errors
    /// [`ForgeError::Io`] where stars cannot be read back.
    pub fn training_stars(
        &self,
        galaxy: Option<usize>,
        at_most: usize,
    ) -> Result<Array2<f64>, ForgeError> {
        self.stars_of(TRAIN, galaxy, at_most)
    }

    fn stars_of(
        &self,
        what: usize,
        galaxy: Option<usize>,
        at_most: usize,
    ) -> Result<Array2<f64>, ForgeError> {
        let wanted = |span: &&Span| galaxy.is_none_or(|galaxy| span.galaxy == galaxy);
        let spans: Vec<Span> = self.spans[what].iter().filter(wanted).copied().collect();
        let each = at_most.div_ceil(spans.len().max(1));
        let mut all = Array2::zeros((0, self.store.columns()));
        for span in spans {
            let rows = self.spread(span, each)?;
            // As many columns as the others.
            all.append(ndarray::Axis(0), rows.view()).map_err(astrogen_data::DataError::source)?;
        }
        Ok(all)
    }

    /// At most so many stars of a span, evenly spread over it.
    fn spread(&self, span: Span, at_most: usize) -> Result<Array2<f64>, ForgeError> {
        let (columns, count) = (self.store.columns(), span.count.min(at_most));
        let values = self.store.read(span.first, span.count)?;
        Ok(Array2::from_shape_fn((count, columns), |(row, column)| {
            f64::from(values[row * span.count / count * columns + column])
        }))
    }
}
