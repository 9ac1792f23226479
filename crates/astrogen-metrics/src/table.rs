//! The sliced Wasserstein distance between two tables: sets of points with `D` columns each,
//! magnitudes and colours of galaxies, say.
//!
//! Both tables are standardised with the real one's column means `m` and deviations `s`, then
//! projected on random unit directions `u_j`:
//!
//! ```text
//! mean over j and i of |sort_i((real - m) / s . u_j) - sort_i((fake - m) / s . u_j)|
//! ```
//!
//! which is the mean Wasserstein-1 distance of the clouds' shadows, in the real columns' standard
//! deviations. Along single columns one sees each quantity by itself; other directions see how
//! they go together. Where columns are nearly copies of each other, as magnitudes in
//! neighbouring bands are, few directions fall along their small difference: give the colours as
//! columns of their own. Reference: Rabin et al. 2011, *Wasserstein Barycenter and Its
//! Application to Texture Mixing*.
//!
//! Two tables drawn from one distribution are at a floor that falls as one over the square root
//! of `N`. Compare numbers at equal `N`, and measure the floor between two real tables.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tch::{Kind, TchError, Tensor};

use crate::MetricsError;
use crate::sliced_wasserstein::{draws, projections};

/// The distance between tables `[N, D]` of equal sizes along so many random directions (128
/// do for three columns, more cost in proportion).
///
/// Directions come from a ChaCha generator of the seed; libtorch's generators are left alone.
/// The work is on the real table's device: statistics in float64, projections in float32.
///
/// ```
/// use tch::{Device, Kind, Tensor};
///
/// let real = Tensor::randn([500, 3], (Kind::Double, Device::Cpu));
/// let near = Tensor::randn([500, 3], (Kind::Double, Device::Cpu));
/// let distance = |fake: &Tensor| astrogen_metrics::sliced_wasserstein_table(&real, fake, 64, 7);
/// assert_eq!(distance(&real)?, 0.0);
/// assert!(distance(&near)? < distance(&(near + 0.5))?);
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::BadValues`] for tables that are not `[N, D]` of one shape with finite
/// floating-point values, no direction, or a real column that is constant;
/// [`MetricsError::Torch`] most likely for want of memory.
pub fn sliced_wasserstein_table(
    real: &Tensor,
    fake: &Tensor,
    directions: usize,
    seed: u64,
) -> Result<f64, MetricsError> {
    let columns = check(real, fake, directions)?;
    let (real, fake) = (real.f_detach()?, fake.f_detach()?.f_to_device(real.device())?);
    let real = finite("real table", &real)?;
    let fake = finite("fake table", &fake)?;
    let mean = real.f_mean_dim(&[0i64][..], true, None)?; // [1, D]
    let centred = real.f_sub(&mean)?;
    let deviation = centred.f_square()?.f_mean_dim(&[0i64][..], true, None)?.f_sqrt()?;
    let rounding = mean.f_abs()?.f_mul_scalar(1e-12)?;
    if let Some(column) = first_true(&deviation.f_le_tensor(&rounding)?)? {
        let (set, rule) = ("columns of the real table", "spread: drop a constant one");
        return Err(MetricsError::BadValues {
            set,
            rule,
            got: format!("column {column} constant"),
        });
    }
    let standard = |table: &Tensor| table.f_div(&deviation)?.f_to_kind(Kind::Float);
    let (real, fake) = (standard(&centred)?, standard(&fake.f_sub(&mean)?)?);
    let _ = finite("fake table in deviations of the real one", &fake)?; // float32 ends earlier
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let rows = directions as i64;
    let drawn: Vec<f32> = (0..rows).flat_map(|_| draws::direction(columns, &mut rng)).collect();
    let drawn = Tensor::f_from_slice(&drawn)?.f_view([rows, columns])?;
    Ok(projections::mean_distance(&real, &fake, &drawn.f_to_device(real.device())?)?)
}

/// The number of columns of two tables that can be compared.
fn check(real: &Tensor, fake: &Tensor, directions: usize) -> Result<i64, MetricsError> {
    let size = real.size();
    let good = matches!(size[..], [n, d] if n > 0 && d > 0) && fake.size() == size;
    if !good || !real.is_floating_point() || !fake.is_floating_point() {
        let (set, rule) = ("tables", "floating-point, [N, D] and of one shape with N, D >= 1");
        let of = |table: &Tensor| format!("{:?} {:?}", table.kind(), table.size());
        let got = format!("real {}, fake {}", of(real), of(fake));
        return Err(MetricsError::BadValues { set, rule, got });
    }
    if !(1..=1 << 16).contains(&directions) {
        let (set, rule) = ("number of directions", "1 to 65536");
        return Err(MetricsError::BadValues { set, rule, got: directions.to_string() });
    }
    Ok(size[1])
}

/// The table in float64, all of whose values are finite.
pub(crate) fn finite(set: &'static str, table: &Tensor) -> Result<Tensor, MetricsError> {
    let table = table.f_to_kind(Kind::Double)?;
    let good = table.f_isfinite()?.f_sum(Kind::Int64)?.f_int64_value(&[])?;
    let total = table.numel() as i64;
    if good == total {
        return Ok(table);
    }
    let got = format!("{total} values, {} of them not finite", total - good);
    Err(MetricsError::BadValues { set, rule: "finite numbers", got })
}

/// The place of the first true value in `[1, D]`.
pub(crate) fn first_true(values: &Tensor) -> Result<Option<i64>, TchError> {
    if values.f_any()?.f_int64_value(&[])? == 0 {
        return Ok(None);
    }
    Ok(Some(values.f_to_kind(Kind::Int64)?.f_argmax(1, false)?.f_int64_value(&[0])?))
}
