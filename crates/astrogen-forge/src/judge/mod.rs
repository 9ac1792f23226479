//! How good a flow over stars is, on galaxies that it was not trained on.

mod display;
mod figures;
mod likelihood;
mod physics;
mod pooled;
mod samples;

use std::path::PathBuf;

use astrogen_data::tensor_of;
use astrogen_metrics::{LogLikelihood, Quality, between_halves};
use astrogen_report::draw_quality;
use astrogen_runtime::derive_seed;
use astrogen_stars::GalaxyParameter;
use astrogen_train::RunDir;
use serde::Serialize;
use tch::Device;

use crate::galaxies::Galaxies;
use crate::{Forge, ForgeConfig, ForgeError};
pub use likelihood::Comparison;
use likelihood::{Baseline, by_flow};
use physics::Named;
pub use physics::Physics;
use pooled::Pooled;
pub use samples::SampleDistances;

/// Stars that mixtures are fitted to, at most.
const FITTED: usize = 100_000;

/// Stars that a galaxy is judged by, at most.
const JUDGED: usize = 20_000;

/// How good a flow is on one galaxy.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GalaxyReport {
    /// The galaxy.
    pub id: String,
    /// True stars that it is judged by; as many are sampled.
    pub stars: usize,
    /// The log-likelihood of its stars by the flow, in nats per star, in physical units.
    pub flow: LogLikelihood,
    /// By a Gaussian that is fitted to all training stars.
    pub gaussian: Comparison,
    /// By a mixture of Gaussians that is fitted to all training stars.
    pub mixture: Comparison,
    /// By a mixture of as many Gaussians that is fitted to the stars of the training galaxy whose
    /// parameters are nearest.
    pub nearest: Comparison,
    /// That galaxy.
    pub nearest_id: String,
    /// Sampled stars beside the true ones.
    pub distances: SampleDistances,
    /// The same between the halves of the true stars. They have half as many stars, so that it is an upper
    /// limit of the floor: [`ForgeReport::quality`] has numbers and floors of as many.
    pub floor: SampleDistances,
    /// Profiles of true and sampled stars.
    pub physics: Option<Physics>,
}

/// How good a flow over stars is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ForgeReport {
    /// The features of a star.
    pub features: Vec<String>,
    /// Components of the mixtures.
    pub components: usize,
    /// Whether the galaxies were left out of training; if not, only these stars of theirs were.
    pub left_out: bool,
    /// Each galaxy that is judged.
    pub galaxies: Vec<GalaxyReport>,
    /// Sampled stars beside true ones as tables, of all galaxies that are judged, with the parameters
    /// of their galaxies where there are several; the logarithm of what is learnt by its logarithm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
}

/// How good a flow over stars is, and what was drawn. Printed, it is the summary in words.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Judgement {
    /// The run's folder, with report.json and the folder `figures`.
    pub folder: PathBuf,
    /// The numbers.
    pub report: ForgeReport,
    /// A line for each figure that could not be drawn, with the reason.
    pub left_out: Vec<String>,
}

/// Judges the flow of a run on the galaxies, or the stars, that were held out: report.json and figures
/// in the run's folder.
///
/// # Errors
/// [`ForgeError::Unfinished`] for a run without a flow; what its stars, flow and files report.
pub fn judge(run: &RunDir) -> Result<Judgement, ForgeError> {
    judge_with(run, &[])
}

/// Judges the flow of a run as [`judge`] does; `own` are the parameters of one's own that its galaxies
/// were [opened with](Galaxies::open_with).
///
/// # Errors
/// Those of [`judge`].
pub fn judge_with(run: &RunDir, own: &[&dyn GalaxyParameter]) -> Result<Judgement, ForgeError> {
    let config: ForgeConfig = run.read_config()?;
    let galaxies = Galaxies::open_with(&config.galaxies, own)?;
    judge_galaxies(run, &config, &galaxies)
}

/// Judges a run on its galaxies, which are open.
pub(crate) fn judge_galaxies(
    run: &RunDir,
    config: &ForgeConfig,
    galaxies: &Galaxies,
) -> Result<Judgement, ForgeError> {
    let forge = Forge::of(run, config.clone(), Device::Cpu)?;
    let all = galaxies.training_stars(None, FITTED)?;
    let gaussian = Baseline::fit(&forge, &all, 1)?;
    let mixture = Baseline::fit(&forge, &all, config.components)?;
    let parameters: Vec<usize> = (0..config.galaxies.parameters.len()).collect();
    let units = &forge.flow().config().context_units;
    let names = &config.galaxies.features;
    let mut report = ForgeReport {
        features: names.clone(),
        components: config.components,
        left_out: !config.galaxies.leave_out.is_empty(),
        galaxies: Vec::new(),
        quality: None,
    };
    let mut left_out = Vec::new();
    let table = galaxies.conditions();
    let judged: Vec<usize> = galaxies.judged().collect();
    let drawn = figures::spread(judged.len());
    let mut pooled = Pooled::new(config, judged.len());
    for (number, &row) in judged.iter().enumerate() {
        let known = &table.galaxies()[row];
        let wanted = forge.like(&known.id)?;
        let truth = galaxies.judged_stars(row, JUDGED)?;
        // Each galaxy by draws of its own: the stars of all are judged as one table, too.
        let own = derive_seed(config.fit.seed, "judged", row as u64);
        let sampled = forge.stars(&wanted, truth.nrows(), own)?;
        let nearest = table.nearest(&known.values, &parameters, units)?.id.clone();
        let place = table.galaxies().iter().position(|galaxy| galaxy.id == nearest);
        let of_nearest = galaxies.training_stars(place, FITTED)?;
        let seed = config.fit.seed;
        pooled.add(&known.values, [&truth, &sampled]);
        let [a, b] = [&truth, &sampled].map(|stars| Named { names, stars });
        let flow = by_flow(&forge, &wanted, &truth)?;
        let tables = [tensor_of(&truth)?, tensor_of(&sampled)?];
        let judged = || -> Result<GalaxyReport, ForgeError> {
            Ok(GalaxyReport {
                id: known.id.clone(),
                stars: truth.nrows(),
                flow: LogLikelihood::of(&flow),
                gaussian: gaussian.beside(&flow, &truth)?,
                mixture: mixture.beside(&flow, &truth)?,
                nearest: Baseline::fit(&forge, &of_nearest, config.components)?
                    .beside(&flow, &truth)?,
                nearest_id: nearest.clone(),
                distances: SampleDistances::of(&tables[0], &tables[1], seed)?,
                floor: between_halves(&tables[0], seed, |a, b| SampleDistances::of(a, b, seed))?,
                physics: Physics::of(&a, &b)?,
            })
        };
        let galaxy = match judged() {
            Ok(galaxy) => galaxy,
            // Of a few stars, or of a feature that is one for all of them.
            Err(ForgeError::Metrics(error)) => {
                let LogLikelihood { mean, .. } = LogLikelihood::of(&flow);
                left_out.push(format!(
                    "galaxy {} is not judged by itself, but for the flow's log-likelihood, {mean:.4} \
                     nats per star: {error}",
                    known.id
                ));
                continue;
            }
            Err(error) => return Err(error),
        };
        if drawn.contains(&number) {
            left_out.extend(figures::draw(run, &config.galaxies.log10, &galaxy, [&a, &b])?);
        }
        report.galaxies.push(galaxy);
    }
    let quality = pooled.quality(config.fit.seed)?;
    left_out.extend(draw_quality(run, &quality, figures::NAMES)?);
    report.quality = Some(quality);
    run.write_json("report.json", &report)?;
    Ok(Judgement { folder: run.path().to_owned(), report, left_out })
}

/// The median; NaN of nothing.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => 0.5 * (values[n / 2 - 1] + values[n / 2]),
    }
}
