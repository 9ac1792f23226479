//! How a flow is trained on galaxies, in few words.

use astrogen_data::{BatchConfig, tensor_of};
use astrogen_flows::{FlowConfig, Member, Transform, Unit, Units, Whitening};
use astrogen_metrics::Sorted;
use astrogen_train::{AdamConfig, FitConfig, FlowStepConfig, Schedule};
use ndarray::{Array2, ArrayView1};

use crate::conditions::Part;
use crate::config::check;
use crate::galaxies::{Deal, Galaxies, GalaxiesConfig};
use crate::{ForgeConfig, ForgeError};

/// Stars that a feature's units are taken from, at most.
const MEASURED: usize = 200_000;

/// Shares of values that stand for where most are: the median and the ends of the central 68 %.
const SHARES: [f64; 3] = [0.15865525393145707, 0.5, 0.8413447460685429];

/// The settings that matter most; [`config`](Self::config) makes all of them for galaxies.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// Which flow. Default [`Member::Nsf`].
    pub member: Member,
    /// How many transforms. By default GalacticForge's, 10 of maf and sospf, 30 of nice; 5 of nsf; of
    /// others their own number.
    pub transforms: Option<i64>,
    /// Widths of the hidden layers. Default 128, 128.
    pub hidden: Vec<i64>,
    /// Whether correlations are taken out of features before the first transform that is learnt.
    /// Default yes.
    pub whiten: bool,
    /// Adam's learning rate, which falls to 0 along a half cosine. Default 3e-3.
    pub lr: f64,
    /// Stars of a batch. Default 1024.
    pub batch_size: usize,
    /// Updates. Default 6000.
    pub steps: u64,
    /// How often stars of a galaxy are dealt. Default: galaxies alike.
    pub deal: Deal,
    /// The deviation of the [noise](crate::StarStep::with_noise) on latents in training, in those of
    /// the training galaxies: without it, hundreds of galaxies are learnt by heart. Default 1.
    pub latent_noise: f64,
    /// Components of the Gaussian mixtures beside it. Default 32.
    pub components: usize,
    /// The seed of everything. Default 0.
    pub seed: u64,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            member: Member::Nsf,
            transforms: None,
            hidden: vec![128; 2],
            whiten: true,
            lr: 3e-3,
            batch_size: 1024,
            steps: 6000,
            deal: Deal::default(),
            latent_noise: 1.0,
            components: 32,
            seed: 0,
        }
    }
}

impl Recipe {
    /// All settings for galaxies that are open. The first transforms of the flow are the way of each
    /// column from its physical unit, measured on what trains: a logarithm where the settings say so,
    /// then [`Unit::around`] its median.
    ///
    /// # Errors
    /// [`ForgeError::Setting`] for a feature that has one value, and for a logarithm of what is not
    /// above 0; those of [`ForgeConfig::validate`].
    pub fn config(
        &self,
        galaxies: GalaxiesConfig,
        open: &Galaxies,
    ) -> Result<ForgeConfig, ForgeError> {
        let stars = open.training_stars(None, MEASURED)?;
        let names = open.conditions().names();
        let known: Vec<&Vec<f64>> =
            open.conditions().part(Part::Train).map(|galaxy| &galaxy.values).collect();
        let known =
            Array2::from_shape_fn((known.len(), names.len()), |(row, column)| known[row][column]);
        let feature_units = units(&galaxies.features, &stars, &galaxies.log10, |name, value| {
            let rule = "of more than one value in what trains, or left out".to_owned();
            let got = format!("{name} = {value} everywhere");
            Err(ForgeError::Setting { name: "column", rule, got })
        })?;
        let whitening = match self.whiten {
            true => Some(Whitening::of(&feature_units.call_and_ladj(&tensor_of(&stars)?).0)?),
            false => None,
        };
        // A condition of one value, as all are of a single galaxy, tells nothing apart and becomes 0.
        let alone = |_: &str, value| Ok(Unit::Standardize { loc: value, scale: 1.0 });
        let context_units = units(names, &known, &galaxies.log10_parameters, alone)?;
        let flow = self.flow(galaxies.features.len(), names.len());
        let flow = FlowConfig { feature_units, context_units, whitening, ..flow };
        let config = ForgeConfig {
            galaxies,
            flow,
            algorithm: self.algorithm(),
            deal: self.deal,
            latent_noise: self.latent_noise,
            batches: BatchConfig {
                batch_size: self.batch_size.min(open.report().stars[0]),
                seed: self.seed,
                ..BatchConfig::default()
            },
            fit: FitConfig {
                steps: self.steps,
                checkpoint_interval: (self.steps / 50).max(1),
                sample_interval: self.steps.max(1),
                return_to_best: true,
                seed: self.seed,
                ..FitConfig::default()
            },
            ranges: open.ranges().to_vec(),
            components: self.components,
        };
        config.validate()?;
        Ok(config)
    }

    /// Checks what needs no galaxies, for stars of so many features: before minutes go into their images.
    ///
    /// # Errors
    /// Those of [`ForgeConfig::validate`] that are the recipe's own.
    pub fn validate(&self, features: usize) -> Result<(), ForgeError> {
        check(self.components, self.latent_noise)?;
        for (name, got) in [("steps", self.steps), ("batch_size", self.batch_size as u64)] {
            if got == 0 {
                let (rule, got) = ("at least 1".to_owned(), "0".to_owned());
                return Err(ForgeError::Setting { name, rule, got });
            }
        }
        self.algorithm().validate()?;
        Ok(self.flow(features, 1).validate()?)
    }

    /// The flow without its units.
    fn flow(&self, features: usize, conditions: usize) -> FlowConfig {
        let flow = self.member.config(features as i64, conditions as i64);
        let transforms = self.transforms.unwrap_or(match self.member {
            Member::Maf | Member::Sospf => 10,
            Member::Nice => 30,
            Member::Nsf => 5,
            _ => flow.transforms,
        });
        FlowConfig { transforms, hidden: self.hidden.clone(), ..flow }
    }

    fn algorithm(&self) -> FlowStepConfig {
        let schedule = Schedule::Cosine { steps: self.steps, end: 0.0 };
        let optimizer = AdamConfig { lr: self.lr, schedule, ..AdamConfig::default() };
        FlowStepConfig { optimizer, ..FlowStepConfig::default() }
    }
}

/// The way of a column that has one value, by its name.
type Alone = fn(&str, f64) -> Result<Unit, ForgeError>;

/// The way of each column to the flow.
fn units(
    names: &[String],
    rows: &Array2<f64>,
    log10: &[String],
    alone: Alone,
) -> Result<Units, ForgeError> {
    let columns = names.iter().zip(rows.columns());
    let steps = columns.map(|(name, values)| unit(name, values, log10.contains(name), alone));
    Ok(Units(steps.collect::<Result<_, _>>()?))
}

fn unit(
    name: &str,
    values: ArrayView1<f64>,
    log10: bool,
    alone: Alone,
) -> Result<Vec<Unit>, ForgeError> {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    if log10 && low <= 0.0 {
        let rule = "above 0 where its logarithm is learnt".to_owned();
        return Err(ForgeError::Setting { name: "column", rule, got: format!("{name} = {low}") });
    }
    let values: Vec<f64> =
        values.iter().map(|&value| if log10 { value.log10() } else { value }).collect();
    let sorted = Sorted::new("a column", &values)?;
    let quantiles = SHARES.map(|share| sorted.quantile(share));
    let square = values.iter().map(|value| (value - quantiles[1]).powi(2)).sum::<f64>();
    let steps = match Unit::around(quantiles, (square / values.len() as f64).sqrt()) {
        Some(steps) => steps.to_vec(),
        None => vec![alone(name, quantiles[1])?],
    };
    Ok(log10.then_some(Unit::Log10).into_iter().chain(steps).collect())
}
