//! A trained flow over stars, and what is known of the galaxies that it was trained on.

use std::path::Path;

use astrogen_flows::{Flow, Given};
use astrogen_train::RunDir;
use tch::{Device, Tensor};

use crate::conditions::{Conditions, Outside};
use crate::train::CONDITIONS;
use crate::{ForgeConfig, ForgeError};

/// A trained flow over stars.
#[derive(Debug)]
pub struct Forge {
    config: ForgeConfig,
    conditions: Conditions,
    flow: Flow,
}

/// A galaxy that stars are sampled for.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Its conditions, in the order of [`Conditions::names`], in physical units.
    pub values: Vec<f64>,
    /// The mass of all its stars together, in solar masses; without it they have none.
    pub mass: Option<f64>,
}

impl Forge {
    /// The flow of a run: the state that made stars of validation most likely.
    ///
    /// # Errors
    /// [`ForgeError::Train`] for a folder that is no run, [`ForgeError::Unfinished`] for one without a
    /// flow, [`ForgeError::Setting`], [`ForgeError::Flow`] and [`ForgeError::Unusable`] for files that
    /// are damaged or do not fit each other.
    pub fn load(folder: impl AsRef<Path>, device: Device) -> Result<Self, ForgeError> {
        let run = RunDir::open(folder.as_ref())?;
        let config = run.read_config()?;
        Self::of(&run, config, device)
    }

    /// The flow of an open run with these settings.
    pub(crate) fn of(
        run: &RunDir,
        config: ForgeConfig,
        device: Device,
    ) -> Result<Self, ForgeError> {
        let folders = [run.best_path(), run.path().to_owned()];
        let folder = folders.into_iter().find(|folder| folder.join(Flow::FILE).exists());
        let Some(folder) = folder else {
            return Err(ForgeError::Unfinished { run: run.path().to_owned() });
        };
        config.validate()?;
        let file = folder.join(Flow::FILE);
        let flow = Flow::load(&file, device).map_err(astrogen_flows::FlowError::from)?;
        let conditions: Conditions = run.read_json(CONDITIONS)?;
        let (features, names) = (&config.galaxies.features, conditions.names());
        let sizes = [features.len() as i64, names.len() as i64];
        if [flow.config().features, flow.config().context] != sizes {
            let [features, names] = [features, names].map(|names| names.join(", "));
            let reason = format!(
                "expected a flow of the features {features} given {names}, as {} and {CONDITIONS} \
                 have them, got one of {} features given {} conditions",
                run.config_path().display(),
                flow.config().features,
                flow.config().context
            );
            return Err(ForgeError::Unusable { path: file, reason });
        }
        Ok(Self { config, conditions, flow })
    }

    /// The settings of the run.
    pub fn config(&self) -> &ForgeConfig {
        &self.config
    }

    /// What is known of the galaxies of the run.
    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// The flow.
    pub fn flow(&self) -> &Flow {
        &self.flow
    }

    /// A galaxy of the run, as if it were to be made anew.
    ///
    /// # Errors
    /// [`ForgeError::Galaxy`] for an id that is not there.
    pub fn like(&self, id: &str) -> Result<Wanted, ForgeError> {
        let galaxy = self.conditions.galaxy(id)?;
        Ok(Wanted { values: galaxy.values.clone(), mass: galaxy.mass })
    }

    /// A galaxy `share` of the way from one to another, as [`Conditions::between`].
    ///
    /// # Errors
    /// Those of [`Conditions::between`].
    pub fn between(&self, [from, to]: [&str; 2], share: f64) -> Result<Wanted, ForgeError> {
        let units = &self.flow.config().context_units;
        let values = self.conditions.between([from, to], share, units)?;
        let masses = [self.like(from)?.mass, self.like(to)?.mass];
        let mass = match masses {
            [Some(a), Some(b)] => Some(a.powf(1.0 - share) * b.powf(share)),
            _ => None,
        };
        self.wanted(Wanted { values, mass })
    }

    /// A galaxy whose image has these latents: its parameters are those of the training galaxy whose
    /// latents are nearest, whose id comes with it.
    ///
    /// # Errors
    /// [`ForgeError::Setting`] for another number of latents than those of the run.
    pub fn with_latents(&self, latents: &[f32]) -> Result<(Wanted, String), ForgeError> {
        let names = self.conditions.names();
        let parameters = self.config.galaxies.parameters.len();
        let own: Vec<usize> = (parameters..names.len()).collect();
        if latents.len() != own.len() {
            let rule = format!("{}, as in the run", own.len());
            let got = latents.len().to_string();
            return Err(ForgeError::Setting { name: "latents", rule, got });
        }
        // Only latents are compared, so that any parameters will do.
        let any = self.conditions.galaxies().first().map_or(&[][..], |galaxy| &galaxy.values);
        let any = any.iter().copied().take(parameters);
        let values: Vec<f64> = any.chain(latents.iter().map(|&value| f64::from(value))).collect();
        let units = &self.flow.config().context_units;
        let nearest = self.conditions.nearest(&values, &own, units)?;
        let mut wanted = Wanted { values: nearest.values.clone(), mass: nearest.mass };
        wanted.values[parameters..].copy_from_slice(&values[parameters..]);
        Ok((wanted, nearest.id.clone()))
    }

    /// The galaxy with one condition set to a value; `m_stars` is the mass of its stars too.
    ///
    /// # Errors
    /// [`ForgeError::Setting`] for a condition that is not there.
    pub fn set(&self, mut wanted: Wanted, name: &str, value: f64) -> Result<Wanted, ForgeError> {
        let names = self.conditions.names();
        let place = names.iter().position(|known| known == name).ok_or_else(|| {
            let rule = format!("one of {}", names.join(", "));
            ForgeError::Setting { name: "condition", rule, got: name.to_owned() }
        })?;
        wanted.values[place] = value;
        self.wanted(wanted)
    }

    /// Which conditions are outside the range of the training galaxies: what is sampled there is a
    /// guess.
    pub fn outside(&self, wanted: &Wanted) -> Vec<Outside> {
        self.conditions.outside(&wanted.values)
    }

    /// The distribution of the stars of a galaxy.
    ///
    /// # Errors
    /// [`ForgeError::Setting`] for another number of conditions, or one that has no place in the
    /// flow's units.
    pub fn given(&self, wanted: &Wanted) -> Result<Given<'_>, ForgeError> {
        let names = self.conditions.names();
        if wanted.values.len() != names.len() {
            let rule = format!("{}: {}", names.len(), names.join(", "));
            let got = wanted.values.len().to_string();
            return Err(ForgeError::Setting { name: "conditions", rule, got });
        }
        let log10 = &self.config.galaxies.log10_parameters;
        for (name, &value) in names.iter().zip(&wanted.values) {
            let log10 = log10.contains(name);
            if !value.is_finite() || (log10 && value <= 0.0) {
                let rule = if log10 { "finite and above 0" } else { "finite" };
                let (rule, got) = (rule.to_owned(), format!("{name} = {value}"));
                return Err(ForgeError::Setting { name: "condition", rule, got });
            }
        }
        let context = Tensor::from_slice(&wanted.values);
        let has_context = !names.is_empty();
        Ok(self.flow.given(has_context.then_some(&context))?)
    }

    /// The galaxy, its mass that of its conditions where these have one.
    fn wanted(&self, wanted: Wanted) -> Result<Wanted, ForgeError> {
        let place = self.conditions.names().iter().position(|name| name == "m_stars");
        let mass = place.map(|place| wanted.values[place]).or(wanted.mass);
        Ok(Wanted { mass, ..wanted })
    }
}
