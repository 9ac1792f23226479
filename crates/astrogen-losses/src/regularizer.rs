//! LeCam: a critic's regulariser for small data sets (Tseng et al. 2021, *Regularizing
//! Generative Adversarial Networks under Limited Data*).
//!
//! With running averages `a_real`, `a_fake` of the critic's scores,
//!
//! ```text
//! LeCam = mean relu(D(real) - a_fake)^2 + mean relu(a_real - D(fake))^2
//! ```
//!
//! is added to the critic's loss with a small weight (the authors use 0.01 to 0.3). It pulls
//! the scores of each kind of sample towards the average of the other kind, so that the critic
//! cannot move them ever further apart by learning the few real samples by heart.
//!
//! R1 and R2 are [gradient penalties](mod@crate::gradient_penalty), see
//! [`GradientPenaltyConfig::r1`](crate::GradientPenaltyConfig::r1).
//!
//! ```
//! use astrogen_losses::regularizer::{ScoreAverages, lecam};
//! use tch::Tensor;
//!
//! let scores = |values: &[f32]| Tensor::from_slice(values);
//! let mut averages = ScoreAverages::new(&scores(&[1.0, 3.0]), &scores(&[-1.0, -1.0]));
//! averages.update(&scores(&[4.0, 4.0]), &scores(&[-1.0, -3.0]), 0.5);
//! // The averages are now 3 and -1.5.
//! let penalty = lecam(&scores(&[0.5, -2.0]), &scores(&[2.0, 5.0]), &averages);
//! assert_eq!(penalty.double_value(&[]), 4.0 / 2.0 + 1.0 / 2.0);
//! ```

use tch::{Kind, Tensor, no_grad};

/// Running averages of a critic's scores: the state of [`lecam`], to be saved with a run.
#[derive(Debug)]
pub struct ScoreAverages {
    /// Average score of real samples, a scalar without a graph.
    pub real: Tensor,
    /// Average score of generated samples, a scalar without a graph.
    pub fake: Tensor,
}

impl ScoreAverages {
    /// Averages that start at the means of these scores `[N]`.
    pub fn new(real_scores: &Tensor, fake_scores: &Tensor) -> Self {
        no_grad(|| Self {
            real: real_scores.mean(None::<Kind>),
            fake: fake_scores.mean(None::<Kind>),
        })
    }

    /// `average = decay * average + (1 - decay) * mean score`, with `decay` in [0, 1), usually
    /// 0.99. No value comes back to the host.
    pub fn update(&mut self, real_scores: &Tensor, fake_scores: &Tensor, decay: f64) {
        let now = Self::new(real_scores, fake_scores);
        self.real = self.real.lerp(&now.real, 1.0 - decay);
        self.fake = self.fake.lerp(&now.fake, 1.0 - decay);
    }
}

/// `mean relu(D(real) - a_fake)^2 + mean relu(a_real - D(fake))^2`, a scalar, on scores `[N]`.
pub fn lecam(real_scores: &Tensor, fake_scores: &Tensor, averages: &ScoreAverages) -> Tensor {
    let real = (real_scores - &averages.fake).relu().square().mean(None::<Kind>);
    let fake = (&averages.real - fake_scores).relu().square().mean(None::<Kind>);
    real + fake
}
