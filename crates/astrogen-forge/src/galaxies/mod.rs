//! The galaxies of a folder: their stars, cleaned, and what is known of each of them.

mod config;
mod dataset;
mod report;
mod store;

use std::sync::Arc;

use astrogen_data::{Dataset, Grouped, RowDataset};
use astrogen_stars::{Galaxy, GalaxyFile, GalaxyParameter, Parameter, rotate_to_principal_axis};
use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::ForgeError;
use crate::conditions::{Conditions, GalaxyConditions, Part};
use crate::encoder::Latents;
pub use config::GalaxiesConfig;
pub use dataset::{Deal, StarDataset};
pub use report::GalaxiesReport;

use dataset::Span;
use store::{Collector, Store};

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
    /// in the settings that are none of [`Parameter`].
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
        let mut files = GalaxyFile::find(&config.path)?;
        if let Some(id) = config
            .leave_out
            .iter()
            .chain(&config.validation)
            .find(|id| !files.iter().any(|file| file.id == **id))
        {
            let reason = format!("it has no stars in {}", config.path.display());
            return Err(ForgeError::Galaxy { id: id.clone(), reason });
        }
        let mut report = GalaxiesReport::default();
        if let Some(latents) = &latents {
            let has_stars = |id: &&String| files.iter().any(|file| file.id == **id);
            report.without_stars =
                latents.ids.iter().filter(|id| !has_stars(id)).cloned().collect();
            files.retain(|file| {
                let there = latents.get(&file.id).is_some();
                if !there {
                    report.without_latents.push(file.id.clone());
                }
                there
            });
        }

        let columns = config.features.len();
        let mut store = Collector::new(columns, config.memory, config.scratch.as_deref());
        let mut ranges = vec![[f64::INFINITY, f64::NEG_INFINITY]; columns];
        let (mut galaxies, mut spans, mut first) = (Vec::new(), [const { Vec::new() }; 3], 0);
        for file in files {
            let mut galaxy = file.read(&config.layout)?;
            let cleaning = config.cleaning.clean(&mut galaxy)?;
            let dropped = cleaning.dropped(&config.cleaning);
            report.cleaning.push(cleaning);
            if dropped {
                report.dropped.push(galaxy.id);
                continue;
            }
            if config.rotate {
                rotate_to_principal_axis(&mut galaxy.stars)?;
            }
            let mut values = Vec::new();
            for parameter in &parameters {
                let value = parameter.of(&galaxy.stars).map_err(|error| unfit(&galaxy, &error))?;
                values.push(value);
            }
            if let Some(own) = latents.as_ref().and_then(|latents| latents.get(&galaxy.id)) {
                values.extend(own.iter().map(|&value| f64::from(value)));
            }
            let part = config.part(&galaxy.id);
            for (what, rows) in config.split(&galaxy, part, galaxies.len())?.into_iter().enumerate()
            {
                let count = rows.len() / columns;
                if what == TRAIN {
                    let values = rows.iter().zip((0..columns).cycle());
                    values.for_each(|(&value, column)| {
                        let [low, high] = &mut ranges[column];
                        *low = low.min(f64::from(value));
                        *high = high.max(f64::from(value));
                    });
                }
                if count > 0 {
                    spans[what].push(Span { galaxy: galaxies.len(), first, count });
                    store.push(&rows)?;
                    first += count;
                    report.stars[what] += count;
                }
            }
            report.parts[part as usize] += 1;
            galaxies.push(GalaxyConditions {
                stars: galaxy.stars.len() as u64,
                mass: galaxy.stars.column("mass").ok().map(|masses| masses.iter().sum()),
                id: galaxy.id,
                part,
                values,
            });
        }
        for (what, list) in ["train on", "choose by", "judge by"].into_iter().zip(&spans) {
            if list.is_empty() {
                let reason =
                    format!("there is none to {what} in {}\n{report}", config.path.display());
                return Err(ForgeError::Galaxy { id: "any".to_owned(), reason });
            }
        }
        if galaxies.len() > Grouped::MOST_GROUPS {
            let rule = format!("at most {}", Grouped::MOST_GROUPS);
            let got = galaxies.len().to_string();
            return Err(ForgeError::Setting { name: "galaxies", rule, got });
        }
        let latents = (1..=latents.map_or(0, |latents| latents.values.ncols()))
            .map(|number| format!("latent_{number}"));
        let names = config.parameters.iter().cloned().chain(latents).collect();
        let store = store.finish()?;
        report.in_file = store.is_in_file();
        let conditions = Conditions::new(names, galaxies)?;
        Ok(Self { conditions, store: Arc::new(store), spans, ranges, report })
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

impl GalaxiesConfig {
    /// What a galaxy is there for.
    fn part(&self, id: &str) -> Part {
        let named = |list: &[String]| list.iter().any(|name| name == id);
        if named(&self.leave_out) {
            Part::LeftOut
        } else if named(&self.validation) {
            Part::Validation
        } else {
            Part::Train
        }
    }

    /// The stars of a galaxy that train, that choose, and that are judged, as rows of features.
    fn split(
        &self,
        galaxy: &Galaxy,
        part: Part,
        number: usize,
    ) -> Result<[Vec<f32>; 3], ForgeError> {
        let mut columns = Vec::new();
        for feature in &self.features {
            let values = galaxy.stars.column(feature).map_err(|error| unfit(galaxy, &error))?;
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            if self.log10.contains(feature) && low as f32 <= 0.0 {
                let reason = format!(
                    "the logarithm of {feature} is learnt, and it is {low} for some stars: give it a \
                     floor above 0 in the cleaning, or learn {feature} itself"
                );
                return Err(unfit(galaxy, &reason));
            }
            columns.push(values);
        }
        // Which end a star's number falls in: first those that choose, then those that are judged.
        let [choose, held_out] = match (self.validation.is_empty(), self.leave_out.is_empty()) {
            (true, true) => [0.5 * self.held_out, self.held_out],
            (true, false) => [self.held_out, self.held_out],
            (false, true) => [0.0, self.held_out],
            (false, false) => [0.0, 0.0],
        };
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(number as u64);
        let mut parts = [const { Vec::new() }; 3];
        for star in 0..galaxy.stars.len() {
            let drawn: f64 = rng.random();
            let what = match part {
                Part::LeftOut => JUDGE,
                Part::Validation => CHOOSE,
                Part::Train if drawn < choose => CHOOSE,
                Part::Train if drawn < held_out => JUDGE,
                Part::Train => TRAIN,
            };
            parts[what].extend(columns.iter().map(|values| values[star] as f32));
        }
        Ok(parts)
    }
}

/// The error of a galaxy that does not fit.
fn unfit(galaxy: &Galaxy, reason: &impl ToString) -> ForgeError {
    ForgeError::Galaxy { id: galaxy.id.clone(), reason: reason.to_string() }
}

/// The functions of these names.
fn parameters<'a>(
    names: &[String],
    own: &[&'a dyn GalaxyParameter],
) -> Result<Vec<&'a dyn GalaxyParameter>, ForgeError> {
    let one = |name: &String| -> Result<&'a dyn GalaxyParameter, ForgeError> {
        if let Some(own) = own.iter().find(|own| own.name() == name) {
            return Ok(*own);
        }
        let known = name.parse::<Parameter>()?;
        let place = Parameter::ALL.iter().position(|parameter| *parameter == known);
        Ok(&Parameter::ALL[place.unwrap_or_default()]) // every parameter is among all of them
    };
    names.iter().map(one).collect()
}
