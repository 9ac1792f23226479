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
use tch::{Kind, Tensor};

use super::{Standardisation, bad_pair, finite, on_one_device};
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
/// tch::manual_seed(1);
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
    let [real, fake] = on_one_device(real, fake)?;
    let units = Standardisation::of(&real)?;
    let (real, fake) =
        (units.apply(&real)?.f_to_kind(Kind::Float)?, units.apply(&fake)?.f_to_kind(Kind::Float)?);
    let _ = finite("fake table in deviations of the real one", &fake)?; // float32 ends earlier
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let rows = directions as i64;
    let drawn: Vec<f32> = (0..rows).flat_map(|_| draws::direction(columns, &mut rng)).collect();
    let drawn = Tensor::f_from_slice(&drawn)?.f_view([rows, columns])?;
    Ok(projections::mean_distance::<1>(&real, &fake, &drawn.f_to_device(real.device())?)?)
}

/// The number of columns of two tables that can be compared.
fn check(real: &Tensor, fake: &Tensor, directions: usize) -> Result<i64, MetricsError> {
    let size = real.size();
    let good = matches!(size[..], [n, d] if n > 0 && d > 0) && fake.size() == size;
    if !good || !real.is_floating_point() || !fake.is_floating_point() {
        let rule = "floating-point, [N, D] and of one shape with N, D >= 1";
        return Err(bad_pair(rule, real, fake));
    }
    if !(1..=1 << 16).contains(&directions) {
        let (set, rule) = ("number of directions", "1 to 65536");
        return Err(MetricsError::BadValues { set, rule, got: directions.to_string() });
    }
    Ok(size[1])
}
