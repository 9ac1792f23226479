//! From the files of galaxies to their cleaned stars, one galaxy after the other.

use std::sync::Arc;

use astrogen_data::Grouped;
use astrogen_stars::{Galaxy, GalaxyFile, GalaxyParameter, Parameter, rotate_to_principal_axis};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::dataset::Span;
use super::store::Collector;
use super::{CHOOSE, Galaxies, GalaxiesConfig, GalaxiesReport, JUDGE, TRAIN};
use crate::ForgeError;
use crate::conditions::{Conditions, GalaxyConditions, Part};

/// Galaxies while they are read.
pub(super) struct Reading<'a> {
    config: &'a GalaxiesConfig,
    store: Collector,
    galaxies: Vec<GalaxyConditions>,
    spans: [Vec<Span>; 3],
    /// Stars in the store so far.
    stars: usize,
    ranges: Vec<[f64; 2]>,
    pub(super) report: GalaxiesReport,
}

impl<'a> Reading<'a> {
    pub(super) fn new(config: &'a GalaxiesConfig) -> Self {
        let columns = config.features.len();
        Self {
            config,
            store: Collector::new(columns, config.memory, config.scratch.as_deref()),
            galaxies: Vec::new(),
            spans: [const { Vec::new() }; 3],
            stars: 0,
            ranges: vec![[f64::INFINITY, f64::NEG_INFINITY]; columns],
            report: GalaxiesReport::default(),
        }
    }

    /// A galaxy, and the values of its conditions.
    pub(super) fn add(&mut self, galaxy: Galaxy, values: Vec<f64>) -> Result<(), ForgeError> {
        let columns = self.ranges.len();
        let part = self.config.part(&galaxy.id);
        let parts = self.config.split(&galaxy, part, self.galaxies.len())?;
        for (row, column) in parts[TRAIN].iter().zip((0..columns).cycle()) {
            let [low, high] = &mut self.ranges[column];
            *low = low.min(f64::from(*row));
            *high = high.max(f64::from(*row));
        }
        for (what, rows) in parts.into_iter().enumerate() {
            let count = rows.len() / columns;
            if count > 0 {
                let (galaxy, first) = (self.galaxies.len(), self.stars);
                self.spans[what].push(Span { galaxy, first, count });
                self.store.push(&rows)?;
                self.stars += count;
                self.report.stars[what] += count;
            }
        }
        self.report.parts[part as usize] += 1;
        self.galaxies.push(GalaxyConditions {
            stars: galaxy.stars.len() as u64,
            mass: galaxy.stars.column("mass").ok().map(|masses| masses.iter().sum()),
            id: galaxy.id,
            part,
            values,
        });
        Ok(())
    }

    /// All of them, with the names of their conditions.
    pub(super) fn finish(mut self, names: Vec<String>) -> Result<Galaxies, ForgeError> {
        for (what, list) in ["train on", "choose by", "judge by"].into_iter().zip(&self.spans) {
            if list.is_empty() {
                let (folder, report) = (self.config.path.display(), &self.report);
                let reason = format!("there is none to {what} in {folder}\n{report}");
                return Err(ForgeError::Galaxy { id: "any".to_owned(), reason });
            }
        }
        if self.galaxies.len() > Grouped::MOST_GROUPS {
            let rule = format!("at most {}", Grouped::MOST_GROUPS);
            let got = self.galaxies.len().to_string();
            return Err(ForgeError::Setting { name: "galaxies", rule, got });
        }
        let store = self.store.finish()?;
        self.report.in_file = store.is_in_file();
        Ok(Galaxies {
            conditions: Conditions::new(names, self.galaxies)?,
            store: Arc::new(store),
            spans: self.spans,
            ranges: self.ranges,
            report: self.report,
        })
    }
}

impl GalaxiesConfig {
    /// A galaxy with its stars cleaned; none where too few are left.
    pub(super) fn read(
        &self,
        file: &GalaxyFile,
        report: &mut GalaxiesReport,
    ) -> Result<Option<Galaxy>, ForgeError> {
        let mut galaxy = file.read(&self.layout)?;
        let cleaning = self.cleaning.clean(&mut galaxy)?;
        let dropped = cleaning.dropped(&self.cleaning);
        report.cleaning.push(cleaning);
        if dropped {
            report.dropped.push(galaxy.id);
            return Ok(None);
        }
        if self.rotate {
            rotate_to_principal_axis(&mut galaxy.stars)?;
        }
        Ok(Some(galaxy))
    }

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
pub(super) fn unfit(galaxy: &Galaxy, reason: &impl ToString) -> ForgeError {
    ForgeError::Galaxy { id: galaxy.id.clone(), reason: reason.to_string() }
}

/// The functions of these names.
pub(super) fn parameters<'a>(
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
