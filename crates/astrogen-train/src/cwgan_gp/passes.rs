//! What both updates minimise and its gradients, by the networks' own passes: a thread takes a
//! block of rows from latents to gradients.

use astrogen_losses::{
    GradientPenaltyConfig, PenaltyDraw, PenaltyKind, interpolate_sample, penalty_points,
    sample_penalty,
};
use astrogen_models::{TabularCritic, TabularGenerator, TabularPass};
use tch::{Kind, Tensor};

use crate::TrainError;
use crate::critic::CriticTerms;
use crate::optim::Adam;

/// Passes of a generator and its critic.
#[derive(Debug)]
pub(super) struct Passes {
    generator: TabularPass,
    critic: TabularPass,
}

/// Where the penalty is taken.
enum Points {
    /// Points that do not depend on the fakes.
    Known(Vec<f32>),
    /// Between reals and fakes, by a weight each.
    Between(Vec<f32>),
}

/// The numbers of a batch, row by row.
fn values(tensor: &Tensor) -> Result<Vec<f32>, TrainError> {
    Ok(Vec::try_from(tensor.to_kind(Kind::Float).flatten(0, -1))?)
}

impl Passes {
    /// The passes of networks that have them, for optimisers of all their parameters.
    pub(super) fn new(
        generator: (&TabularGenerator, &Adam),
        critic: (&TabularCritic, &Adam),
    ) -> Option<Self> {
        let passes = Self { generator: generator.0.pass()?, critic: critic.0.pass()? };
        for (pass, optimizer) in [(&passes.generator, generator.1), (&passes.critic, critic.1)] {
            assert!(pass.names().eq(optimizer.names()), "an optimiser of all parameters by name");
        }
        Some(passes)
    }

    /// What the critic minimises on reals and the fakes of latents, and its gradients.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub(super) fn of_critic(
        &mut self,
        [context, real, latent]: [&Tensor; 3],
        penalty: Option<(&GradientPenaltyConfig, &PenaltyDraw)>,
    ) -> Result<CriticTerms, TrainError> {
        let (n, width) = (real.size()[0] as usize, real.size()[1] as usize);
        let term = match penalty {
            None => None,
            Some((config, draw)) => {
                let points = match config.kind {
                    PenaltyKind::TwoSided | PenaltyKind::OneSided => {
                        Points::Between(values(&draw.weights)?)
                    }
                    PenaltyKind::R2 => Points::Between(vec![0.0; n]),
                    PenaltyKind::Dragan | PenaltyKind::R1 => {
                        Points::Known(values(&penalty_points(config.kind, real, real, draw))?)
                    }
                };
                Some((config, points))
            }
        };
        let [context, real, latent] = [values(context)?, values(real)?, values(latent)?];
        let share = 1.0 / n as f32;
        let passes = [&mut self.generator, &mut self.critic];
        let sums = TabularPass::run(passes, n, |rows, [mut generator, mut critic]| {
            let (context, real) = (rows.of(&context), rows.of(&real));
            generator.forward(&[rows.of(&latent)], context);
            let fake = generator.outputs(0);
            let points = term.as_ref().map(|(_, points)| match points {
                Points::Known(points) => rows.of(points).to_vec(),
                Points::Between(weights) => {
                    let pairs = real.chunks_exact(width).zip(fake.chunks_exact(width));
                    let points = pairs.zip(rows.of(weights));
                    points.flat_map(|((x, y), &w)| interpolate_sample(x, y, w)).collect()
                }
            });
            let sets: Vec<_> = [real, &fake].into_iter().chain(points.as_deref()).collect();
            critic.forward(&sets, context);
            // The signals of mean C(fake) - mean C(real), and those whose inputs' gradient is
            // grad C.
            let signals = [-share, share, 1.0].map(|signal| vec![signal; rows.count()]);
            critic.backward(&signals.each_ref().map(Vec::as_slice)[..sets.len()]);
            let [real, fake] = [0, 1].map(|set| sum(critic.outputs(set)));
            let mut penalty = [0.0; 2];
            let tangent = term.as_ref().map(|(config, _)| {
                let mut gradient = critic.input_gradient(2);
                for gradient in gradient.chunks_exact_mut(width) {
                    let [value, norm] = sample_penalty(gradient, n, config);
                    penalty = [penalty[0] + value, penalty[1] + norm];
                }
                gradient
            });
            critic.weight_gradients(tangent.as_deref());
            [real, fake, penalty[0], penalty[1]]
        });
        let [real, fake, value, norm] = add(sums);
        let wasserstein = (real - fake) / n as f64;
        Ok(CriticTerms {
            loss: scalar(value - wasserstein),
            wasserstein: scalar(wasserstein),
            penalty: term.map(|_| (scalar(value), scalar(norm))),
            gradients: self.critic.gradients(),
        })
    }

    /// What the generator minimises on latents, `-mean C(fake) + mse_weight mean (fake - real)^2`,
    /// and its gradients.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub(super) fn of_generator(
        &mut self,
        [context, real, latent]: [&Tensor; 3],
        mse_weight: f64,
    ) -> Result<(Tensor, Vec<Tensor>), TrainError> {
        let n = real.size()[0] as usize;
        let [context, real, latent] = [values(context)?, values(real)?, values(latent)?];
        let mse_share = mse_weight / real.len() as f64;
        let passes = [&mut self.generator, &mut self.critic];
        let sums = TabularPass::run(passes, n, |rows, [mut generator, mut critic]| {
            let context = rows.of(&context);
            generator.forward(&[rows.of(&latent)], context);
            let fake = generator.outputs(0);
            critic.forward(&[&fake], context);
            critic.backward(&[&vec![-1.0 / n as f32; rows.count()]]);
            let mut signals = critic.input_gradient(0);
            let mut squared = 0.0;
            for ((signal, fake), real) in signals.iter_mut().zip(fake).zip(rows.of(&real)) {
                let apart = fake - real;
                *signal += (2.0 * mse_share) as f32 * apart;
                squared += f64::from(apart) * f64::from(apart);
            }
            generator.backward(&[&signals]);
            generator.weight_gradients(None);
            [sum(critic.outputs(0)), squared]
        });
        let [scores, squared] = add(sums);
        let loss = mse_share * squared - scores / n as f64;
        Ok((scalar(loss), self.generator.gradients()))
    }
}

fn sum(values: Vec<f32>) -> f64 {
    values.into_iter().map(f64::from).sum()
}

/// Sums of the blocks' numbers, one after the other.
fn add<const K: usize>(blocks: Vec<[f64; K]>) -> [f64; K] {
    let mut sums = [0.0; K];
    for block in blocks {
        sums.iter_mut().zip(block).for_each(|(sum, value)| *sum += value);
    }
    sums
}

fn scalar(value: f64) -> Tensor {
    Tensor::from(value as f32)
}
