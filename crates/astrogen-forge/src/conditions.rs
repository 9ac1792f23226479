//! What is known of each galaxy: the table that its stars point into.

use std::collections::BTreeSet;
use std::fmt;

use astrogen_data::{table_of, tensor_of};
use astrogen_flows::{Transform, Units};
use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::ForgeError;

/// Conditions of galaxies, in physical units: a row for each galaxy, a column for each parameter
/// and each latent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Conditions {
    names: Vec<String>,
    galaxies: Vec<GalaxyConditions>,
}

/// Conditions as a file has them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    names: Vec<String>,
    galaxies: Vec<GalaxyConditions>,
}

impl TryFrom<Unchecked> for Conditions {
    type Error = ForgeError;

    fn try_from(file: Unchecked) -> Result<Self, ForgeError> {
        Self::new(file.names, file.galaxies)
    }
}

/// What is known of one galaxy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GalaxyConditions {
    /// The galaxy's id.
    pub id: String,
    /// What it is there for.
    pub part: Part,
    /// How many stars it has after cleaning.
    pub stars: u64,
    /// Mass of those stars, in solar masses; none where its file has no masses.
    pub mass: Option<f64>,
    /// Its conditions, in the order of the names.
    pub values: Vec<f64>,
}

/// What a galaxy is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Its stars train the flow.
    Train,
    /// Its stars choose the state of the flow that is kept.
    Validation,
    /// Left out of both; the flow is judged on it.
    LeftOut,
}

/// A condition outside the range of the training galaxies.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Outside {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Least and greatest value of the training galaxies.
    pub range: [f64; 2],
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, range: [low, high] } = self;
        write!(
            f,
            "{name} = {value:.6e} is outside {low:.6e} to {high:.6e}, the range of the training \
             galaxies: what is sampled there is a guess"
        )
    }
}

impl Conditions {
    /// A table of these columns.
    ///
    /// # Errors
    /// [`ForgeError::Setting`] for two galaxies of one id, and for a galaxy with another number of
    /// values than there are names or with a value that is not finite.
    pub fn new(names: Vec<String>, galaxies: Vec<GalaxyConditions>) -> Result<Self, ForgeError> {
        let mut ids = BTreeSet::new();
        for galaxy in &galaxies {
            let refuse = |rule: String, got: String| {
                Err(ForgeError::Setting { name: "conditions", rule, got })
            };
            if !ids.insert(&galaxy.id) {
                return refuse("of each galaxy once".to_owned(), format!("{} twice", galaxy.id));
            }
            if galaxy.values.len() != names.len() {
                let rule = format!("{} of each galaxy: {}", names.len(), names.join(", "));
                return refuse(rule, format!("{} of {}", galaxy.values.len(), galaxy.id));
            }
            let mut of = names.iter().zip(&galaxy.values);
            if let Some((name, value)) = of.find(|(_, value)| !value.is_finite()) {
                let got = format!("{name} = {value} of galaxy {}", galaxy.id);
                return refuse("finite numbers".to_owned(), got);
            }
        }
        Ok(Self { names, galaxies })
    }

    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// All galaxies, in order of their ids.
    pub fn galaxies(&self) -> &[GalaxyConditions] {
        &self.galaxies
    }

    /// The conditions of a galaxy.
    ///
    /// # Errors
    /// [`ForgeError::Galaxy`] for an id that is not there.
    pub fn galaxy(&self, id: &str) -> Result<&GalaxyConditions, ForgeError> {
        self.galaxies.iter().find(|galaxy| galaxy.id == id).ok_or_else(|| ForgeError::Galaxy {
            id: id.to_owned(),
            reason: format!("it is none of those of the run, {}", self.some_ids()),
        })
    }

    /// The values of all galaxies, `[G, C]`.
    pub fn values(&self) -> Array2<f64> {
        let size = (self.galaxies.len(), self.names.len());
        Array2::from_shape_fn(size, |(galaxy, column)| self.galaxies[galaxy].values[column])
    }

    /// The galaxies of a part.
    pub fn part(&self, part: Part) -> impl Iterator<Item = &GalaxyConditions> {
        self.galaxies.iter().filter(move |galaxy| galaxy.part == part)
    }

    /// The standard deviation of each condition over the training galaxies, `[C]`; 0 where there are
    /// none.
    pub fn deviations(&self) -> Vec<f64> {
        let galaxies = self.part(Part::Train).count().max(1) as f64;
        let mean = |of: &dyn Fn(&GalaxyConditions) -> f64| {
            self.part(Part::Train).map(of).sum::<f64>() / galaxies
        };
        let deviation = |column: usize| {
            let middle = mean(&|galaxy| galaxy.values[column]);
            mean(&|galaxy| (galaxy.values[column] - middle).powi(2)).sqrt()
        };
        (0..self.names.len()).map(deviation).collect()
    }

    /// Which values are outside the range of the training galaxies.
    pub fn outside(&self, values: &[f64]) -> Vec<Outside> {
        let columns = self.names.iter().zip(values).enumerate();
        let beyond = columns.filter_map(|(column, (name, &value))| {
            let of = self.part(Part::Train).map(|galaxy| galaxy.values[column]);
            let ends = [f64::INFINITY, f64::NEG_INFINITY];
            let range = of.fold(ends, |[low, high], x| [low.min(x), high.max(x)]);
            let inside = (range[0]..=range[1]).contains(&value);
            (!inside).then(|| Outside { name: name.clone(), value, range })
        });
        beyond.collect()
    }

    /// The conditions `share` of the way from one galaxy to another: straight in each condition, or
    /// in its logarithm where `units`, those of the flow's networks, have that.
    ///
    /// # Errors
    /// [`ForgeError::Galaxy`] for ids that are not there, [`ForgeError::Setting`] for a share outside
    /// 0 to 1.
    pub fn between(
        &self,
        [from, to]: [&str; 2],
        share: f64,
        units: &Units,
    ) -> Result<Vec<f64>, ForgeError> {
        if !(0.0..=1.0).contains(&share) {
            let rule = "from 0 to 1".to_owned();
            return Err(ForgeError::Setting { name: "share", rule, got: share.to_string() });
        }
        let ends = [self.galaxy(from)?, self.galaxy(to)?].map(|galaxy| &galaxy.values[..]);
        let ends = [tensor_of(&row(ends[0]))?, tensor_of(&row(ends[1]))?];
        let logarithms = units.logarithms();
        let [a, b] = ends.map(|end| logarithms.call_and_ladj(&end).0);
        let between: Tensor = a * (1.0 - share) + b * share;
        Ok(table_of(&logarithms.inverse(&between))?.into_raw_vec_and_offset().0)
    }

    /// The training galaxy whose conditions are nearest to these in the columns `among`, in the units
    /// of the flow's networks.
    ///
    /// # Errors
    /// [`ForgeError::Galaxy`] where there is none.
    pub fn nearest(
        &self,
        values: &[f64],
        among: &[usize],
        units: &Units,
    ) -> Result<&GalaxyConditions, ForgeError> {
        let scaled = |values: &[f64]| -> Result<Array1<f64>, ForgeError> {
            let scaled = table_of(&units.call_and_ladj(&tensor_of(&row(values))?).0)?;
            Ok(among.iter().map(|&column| scaled[[0, column]]).collect())
        };
        let here = scaled(values)?;
        let distance = |there: ArrayView1<f64>| (&here - &there).mapv(|x| x * x).sum();
        let mut nearest: Option<(f64, &GalaxyConditions)> = None;
        for galaxy in self.part(Part::Train) {
            let found = distance(scaled(&galaxy.values)?.view());
            if nearest.is_none_or(|(least, _)| found < least) {
                nearest = Some((found, galaxy));
            }
        }
        nearest.map(|(_, galaxy)| galaxy).ok_or_else(|| ForgeError::Galaxy {
            id: "nearest".to_owned(),
            reason: "the run has no training galaxies".to_owned(),
        })
    }

    /// A few of the ids, for messages.
    fn some_ids(&self) -> String {
        let few: Vec<&str> = self.galaxies.iter().take(5).map(|galaxy| &galaxy.id[..]).collect();
        let more = self.galaxies.len().saturating_sub(few.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", few.join(", "))
    }
}

/// One row of a table.
fn row(values: &[f64]) -> Array2<f64> {
    Array2::from_shape_fn((1, values.len()), |(_, column)| values[column])
}
