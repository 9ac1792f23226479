//! MIND, the Monge distance of two tables of features: a sliced squared Wasserstein-2 distance.
//!
//! With random unit directions `u_j` in `D` dimensions
//!
//! ```text
//! MIND = 3 D * mean over j and i of (sort_i(real . u_j) - sort_i(fake . u_j))^2
//! ```
//!
//! It sees all of the distributions, not their means and covariances alone, and needs no more rows
//! than features. A shift of all rows by `s` gives `3 |s|^2` on average over directions. Reference:
//! Berthet et al. 2026, *MIND: Monge Inception Distance for Generative Models Evaluation*
//! (arXiv:2605.06797).

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tch::{Kind, Tensor};

use crate::MetricsError;
use crate::sliced_wasserstein::{draws, projections};
use crate::table;

/// The distance between tables of features `[N, D]` and `[M, D]` along so many random directions,
/// 1000 as published. Of the larger table as many rows are drawn as the smaller has.
///
/// Rows and directions come from a ChaCha generator of the seed; libtorch's generators are left
/// alone. The work is on the real table's device: means in float64, projections in float32. Between
/// finite sets of one distribution it is above 0, by about a constant over the number of rows.
///
/// ```
/// use astrogen_metrics::mind;
/// use tch::{Device, Kind, Tensor};
///
/// tch::manual_seed(1);
/// let real = Tensor::randn([500, 8], (Kind::Double, Device::Cpu));
/// let near = Tensor::randn([400, 8], (Kind::Double, Device::Cpu));
/// let shifted = mind(&real, &(&real + 1.0), 1000, 7)?; // by 1 along eight axes
/// assert!((shifted / 24.0 - 1.0).abs() < 0.3);
/// assert!(mind(&real, &near, 1000, 7)? < 0.1 * shifted);
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::BadValues`] for tables that are not `[N, D]` and `[M, D]` of finite
/// floating-point values, no direction, or more than 65,536; [`MetricsError::Torch`] most likely
/// for want of memory.
pub fn mind(
    real: &Tensor,
    fake: &Tensor,
    directions: usize,
    seed: u64,
) -> Result<f64, MetricsError> {
    let [real, fake] = table::pair(real, fake)?;
    if !(1..=1 << 16).contains(&directions) {
        let (set, rule) = ("number of directions", "1 to 65536");
        return Err(MetricsError::BadValues { set, rule, got: directions.to_string() });
    }
    let (n, d) = real.size2()?;
    let m = fake.size()[0];
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let real = if n > m { table::some_rows(&real, m, &mut rng)? } else { real };
    let fake = if m > n { table::some_rows(&fake, n, &mut rng)? } else { fake };
    let drawn: Vec<f32> = (0..directions).flat_map(|_| draws::direction(d, &mut rng)).collect();
    along(&real, &fake, &Tensor::f_from_slice(&drawn)?.f_view([directions as i64, d])?)
}

/// [`mind`] along given directions `[J, D]`, unit vectors by rows, of tables of as many rows each.
///
/// # Errors
/// As [`mind`]; [`MetricsError::BadDraws`] for directions of another shape,
/// [`MetricsError::BadValues`] for tables of different counts.
pub fn mind_with(real: &Tensor, fake: &Tensor, directions: &Tensor) -> Result<f64, MetricsError> {
    let [real, fake] = table::pair(real, fake)?;
    let ((n, d), m) = (real.size2()?, fake.size()[0]);
    if n != m {
        let (set, rule) = ("tables", "of as many rows each");
        return Err(MetricsError::BadValues { set, rule, got: format!("{n} real and {m} fake") });
    }
    if !matches!(directions.size()[..], [j, e] if j > 0 && e == d) {
        let expected = format!("directions [J, {d}]");
        return Err(MetricsError::BadDraws { expected, got: format!("{:?}", directions.size()) });
    }
    along(&real, &fake, directions)
}

fn along(real: &Tensor, fake: &Tensor, directions: &Tensor) -> Result<f64, MetricsError> {
    // Of numbers near 0 float32 loses least.
    let mean = real.f_mean_dim(&[0i64][..], true, None)?;
    let centred = |table: &Tensor| table.f_sub(&mean)?.f_to_kind(Kind::Float);
    let (real, fake) = (centred(real)?, centred(fake)?);
    for table in [&real, &fake] {
        let _ = table::finite("features in float32", table)?; // which ends earlier
    }
    let directions = directions.f_to_device(real.device())?.f_to_kind(Kind::Float)?;
    let squared = projections::mean_distance::<2>(&real, &fake, &directions)?;
    Ok(3.0 * real.size()[1] as f64 * squared)
}
