//! The classifier two-sample test: can anyone tell real from fake rows?
//!
//! A classifier learns to tell half of the rows of both tables apart and is asked about the other
//! half. Rows of one distribution cannot be told apart, whatever the classifier: its accuracy on
//! rows that it has not seen is then 1/2, give or take `1 / (2 sqrt(rows))`, and one that is better
//! than that is a proof of a difference (Lopez-Paz & Oquab 2017, *Revisiting Classifier Two-Sample
//! Tests*). A half and not several folds: classifiers of overlapping folds share their luck, which
//! the binomial does not know of, and it then calls some twice as many equal pairs different as it
//! says.
//!
//! The classifier is a logistic regression with a ridge on
//!
//! - the columns in deviations of the reals, cut at 5 of them;
//! - their squares and products, of up to 32 columns: these see a wrong width and a wrong correlation;
//! - 96 random waves `cos(w . x + b)` with `w` normal of deviation 1, 2 and 4 over `sqrt(D)` (Rahimi
//!   & Recht 2007), which see any other difference of shape.
//!
//! The loss is convex and Newton's steps find its one minimum, so that there is no learning rate,
//! no number of epochs and no start to choose, and the result is a function of data and seed.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use tch::{Kind, TchError, Tensor};

use super::{Standardisation, pair, some_rows};
use crate::one_dimensional::mann_whitney::normal_survival;
use crate::{MetricsError, Sorted};

/// The least rows of either table.
const LEAST: i64 = 20;
/// Where columns are cut, in deviations of the reals: squares of outliers would decide alone.
const CUT: f64 = 5.0;
/// The most columns whose products are taken, 528 of them.
const PRODUCTS: i64 = 32;
/// Random waves.
const WAVES: i64 = 96;
/// Weight of the ridge, and the waves' amplitude, by which it holds them down more.
const RIDGE: f64 = 30.0;
const AMPLITUDE: f64 = 0.7;
/// Newton's steps at most, and where they end: the largest change of a weight.
const STEPS: usize = 30;
const SMALL: f64 = 1e-8;

/// Settings of the classifier two-sample test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClassifierConfig {
    /// The most rows of either table, 20 or more; of more, so many are drawn by the seed. 10,000
    /// by default: a second or two for up to 32 columns.
    pub rows: i64,
    /// Of the rows, the halves and the waves; 0 by default.
    pub seed: u64,
}

impl Default for ClassifierConfig {
    fn default() -> Self {
        Self { rows: 10_000, seed: 0 }
    }
}

impl ClassifierConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`MetricsError::Setting`] for one outside its range.
    pub fn validate(&self) -> Result<(), MetricsError> {
        if self.rows < LEAST {
            let got = self.rows.to_string();
            return Err(MetricsError::Setting { name: "rows", rule: "20 or more", got });
        }
        Ok(())
    }
}

/// How well real and fake rows can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassifierTwoSample {
    /// The part of unseen rows that were told rightly, half of them real: 0.5 where nothing can be
    /// told, 1 where every row can.
    pub accuracy: f64,
    /// The accuracy's standard error, `sqrt(accuracy (1 - accuracy) / rows)`.
    pub standard_error: f64,
    /// How often an unseen fake row looks more like a fake than an unseen real row does: the area
    /// under the curve of rates, 0.5 where nothing can be told.
    pub auc: f64,
    /// How often guessing is as accurate, by the normal limit of the binomial distribution with
    /// its correction for continuity.
    pub p_value: f64,
    /// Unseen rows that were told, real and fake together.
    pub rows: i64,
}

/// Tells the rows of tables `[N, D]` and `[M, D]` apart, as many of each: those of the larger table
/// are drawn by the seed. Half of them train the classifier and half test it.
///
/// The work is on the real table's device in float64; waves and rows come from a ChaCha generator,
/// and libtorch's generators are left alone.
///
/// ```
/// use astrogen_metrics::table::{ClassifierConfig, classifier_two_sample};
/// use tch::{Device, Kind, Tensor};
///
/// tch::manual_seed(1);
/// let rows = || Tensor::randn([1000, 3], (Kind::Double, Device::Cpu));
/// let told = |fake: &Tensor| classifier_two_sample(&rows(), fake, &ClassifierConfig::default());
/// assert!(told(&rows())?.accuracy < 0.58);
/// assert!(told(&(rows() * 2.0))?.p_value < 1e-6); // too wide, at the right place
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::Setting`]; [`MetricsError::BadValues`] for tables that are not `[N, D]` and
/// `[M, D]` with 20 rows or more each of finite floating-point values, and for a real column that
/// is constant; [`MetricsError::Torch`] most likely for want of memory.
pub fn classifier_two_sample(
    real: &Tensor,
    fake: &Tensor,
    config: &ClassifierConfig,
) -> Result<ClassifierTwoSample, MetricsError> {
    config.validate()?;
    let [real, fake] = pair(real, fake)?;
    let rows = [&real, &fake].map(|table| table.size()[0]);
    let each = rows[0].min(rows[1]).min(config.rows) / 2; // of each table, in each half
    if 2 * each < LEAST {
        let (set, rule) = ("tables", "of 20 rows or more each to train and test a classifier");
        let got = format!("{} real and {} fake", rows[0], rows[1]);
        return Err(MetricsError::BadValues { set, rule, got });
    }
    let units = Standardisation::of(&real)?;
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    let mut drawn = |table: &Tensor| -> Result<Tensor, MetricsError> {
        let table = units.apply(&some_rows(table, 2 * each, &mut rng)?)?;
        Ok(table.f_clamp(-CUT, CUT)?)
    };
    let (real, fake) = (drawn(&real)?, drawn(&fake)?);
    let half = |start| -> Result<Tensor, TchError> {
        let [real, fake] = [&real, &fake].map(|table| table.f_narrow(0, start, each));
        Tensor::f_cat(&[real?, fake?], 0) // the reals first
    };
    let waves = Waves::draw(real.size()[1], &real, &mut rng)?;
    let weights = fit(&waves.features(&half(0)?)?)?;
    let scores = waves.features(&half(each)?)?.f_matmul(&weights)?;
    let scores = Vec::<f64>::try_from(scores.f_view([-1])?)?;
    let (real, fake) = scores.split_at(each as usize);

    let right = real.iter().filter(|score| **score <= 0.0).count()
        + fake.iter().filter(|score| **score > 0.0).count();
    let rows = 2 * each;
    let accuracy = right as f64 / rows as f64;
    let z = (right as f64 - 0.5 - each as f64) / (0.25 * rows as f64).sqrt();
    let area =
        Sorted::new("fake scores", fake)?.mann_whitney(&Sorted::new("real scores", real)?)?;
    Ok(ClassifierTwoSample {
        accuracy,
        standard_error: (accuracy * (1.0 - accuracy) / rows as f64).sqrt(),
        auc: area.area,
        p_value: normal_survival(z)?,
        rows,
    })
}

/// The random waves of a classifier.
struct Waves {
    frequencies: Tensor, // [D, WAVES]
    phases: Tensor,      // [WAVES]
}

impl Waves {
    /// Waves for rows of so many columns, on the device of `like`.
    fn draw(columns: i64, like: &Tensor, rng: &mut ChaCha8Rng) -> Result<Self, TchError> {
        let scale = (columns as f64).sqrt().recip();
        let frequencies: Vec<f64> = (0..columns * WAVES)
            .map(|at| [1.0, 2.0, 4.0][(at % WAVES) as usize % 3] * scale)
            .map(|deviation| deviation * Distribution::<f64>::sample(&StandardNormal, rng))
            .collect();
        let phases: Vec<f64> =
            (0..WAVES).map(|_| rng.random_range(0.0..std::f64::consts::TAU)).collect();
        let tensor = |values: &[f64]| Tensor::f_from_slice(values)?.f_to_device(like.device());
        let frequencies = tensor(&frequencies)?.f_view([columns, WAVES])?;
        Ok(Self { frequencies, phases: tensor(&phases)? })
    }

    /// What the classifier sees of rows `[N, D]`: a column of ones, the columns, their squares and
    /// products, the waves.
    fn features(&self, rows: &Tensor) -> Result<Tensor, TchError> {
        let (count, columns) = rows.size2()?;
        let mut parts = vec![Tensor::f_ones([count, 1], (Kind::Double, rows.device()))?];
        parts.push(rows.shallow_clone());
        if columns <= PRODUCTS {
            let half = std::f64::consts::FRAC_1_SQRT_2; // the deviation of a normal square is 1 / half
            parts.push(rows.f_square()?.f_sub_scalar(1.0)?.f_mul_scalar(half)?);
            for column in 0..columns - 1 {
                let rest = rows.f_narrow(1, column + 1, columns - column - 1)?;
                parts.push(rest.f_mul(&rows.f_narrow(1, column, 1)?)?);
            }
        }
        let waves = rows.f_matmul(&self.frequencies)?.f_add(&self.phases)?.f_cos()?;
        parts.push(waves.f_mul_scalar(AMPLITUDE)?);
        Tensor::f_cat(&parts, 1)
    }
}

/// The weights `[P, 1]` of the logistic regression of features `[N, P]` (the first one a constant,
/// which the ridge leaves alone), the first half of the rows real (0) and the second fake (1).
fn fit(features: &Tensor) -> Result<Tensor, TchError> {
    let (count, width) = features.size2()?;
    let options = (Kind::Double, features.device());
    let [zeros, ones] =
        [Tensor::f_zeros, Tensor::f_ones].map(|filled| filled([count / 2, 1], options));
    let labels = Tensor::f_cat(&[zeros?, ones?], 0)?;
    let ridge = Tensor::f_full([width], RIDGE, options)?;
    let _ = ridge.f_narrow(0, 0, 1)?.f_fill_(1e-6)?;
    let mut weights = Tensor::f_zeros([width, 1], options)?;
    for _ in 0..STEPS {
        let chance = features.f_matmul(&weights)?.f_sigmoid()?; // of being fake, [N, 1]
        let slope = features.f_tr()?.f_matmul(&chance.f_sub(&labels)?)?;
        let slope = slope.f_add(&ridge.f_unsqueeze(1)?.f_mul(&weights)?)?;
        let spread = chance.f_mul(&chance.f_neg()?.f_add_scalar(1.0)?)?;
        let bend = features.f_tr()?.f_matmul(&features.f_mul(&spread)?)?;
        let bend = bend.f_add(&ridge.f_diag(0)?)?;
        let step = Tensor::f_linalg_solve(&bend, &slope, true)?;
        weights = weights.f_sub(&step)?;
        if step.f_abs()?.f_max()?.f_double_value(&[])? < SMALL {
            break;
        }
    }
    Ok(weights)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_scikit_learn() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/two_sample.safetensors");
        let tensors = Tensor::read_safetensors(path).unwrap();
        let of = |wanted| &tensors.iter().find(|(name, _)| name == wanted).unwrap().1;
        let got = fit(of("features")).unwrap().view([-1]);
        let off = (got - of("weights")).abs().max().double_value(&[]);
        assert!(off < 1e-6, "{off}");
    }
}
