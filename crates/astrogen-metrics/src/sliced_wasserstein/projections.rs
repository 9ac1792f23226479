//! The Wasserstein distance along many directions: project, sort, subtract.
//!
//! On the CPU the sort is a radix sort here, row by row on as many threads as libtorch uses,
//! some ten times faster than libtorch's, which also carries the order along. Elsewhere
//! libtorch sorts.

use tch::{Device, Kind, TchError, Tensor};

use super::radix::Sorter;

/// Projections held at a time for each set, 64 MiB of float32.
const CHUNK: i64 = 1 << 24;

/// Mean over directions of `mean |sort(real . direction) - sort(fake . direction)|^POWER`, for
/// points `[M, values]` (patches, or rows of a table) and directions `[D, values]`, float32 on one
/// device.
pub(crate) fn mean_distance<const POWER: i32>(
    real: &Tensor,
    fake: &Tensor,
    directions: &Tensor,
) -> Result<f64, TchError> {
    let (count, patches) = (directions.size()[0], real.size()[0]);
    let chunk = (CHUNK / patches).max(1);
    let mut sum = 0.0;
    for start in (0..count).step_by(chunk as usize) {
        let directions = directions.f_narrow(0, start, chunk.min(count - start))?;
        let project = |patches: &Tensor| directions.f_matmul(&patches.f_tr()?); // [chunk, M]
        let (real, fake) = (project(real)?, project(fake)?);
        sum += match real.device() {
            Device::Cpu => sum_on_threads::<POWER>(&real, &fake)?,
            _ => sum_by_libtorch::<POWER>(&real, &fake)?,
        };
    }
    Ok(sum / (count * patches) as f64)
}

/// Sum over all of `|sort(real) - sort(fake)|^POWER`, sorted along rows.
fn sum_by_libtorch<const POWER: i32>(real: &Tensor, fake: &Tensor) -> Result<f64, TchError> {
    let sorted = |rows: &Tensor| Ok::<_, TchError>(rows.f_sort(-1, false)?.0);
    let distances = sorted(real)?.f_sub(&sorted(fake)?)?.f_abs()?.f_to_kind(Kind::Double)?;
    distances.f_pow_tensor_scalar(i64::from(POWER))?.f_sum(Kind::Double)?.f_double_value(&[])
}

/// The same for tensors on the CPU. The result does not depend on the number of threads.
fn sum_on_threads<const POWER: i32>(real: &Tensor, fake: &Tensor) -> Result<f64, TchError> {
    let (rows, width) = real.size2()?;
    let (rows, width) = (rows as usize, width as usize);
    let on_host = |rows: &Tensor| Vec::<f32>::try_from(rows.f_flatten(0, -1)?);
    let (real, fake) = (on_host(real)?, on_host(fake)?);
    let threads = usize::try_from(tch::get_num_threads()).unwrap_or(1).max(1);
    let share = rows.div_ceil(threads);
    let mut sums = vec![0.0; rows];
    std::thread::scope(|scope| {
        let shares = real.chunks(share * width).zip(fake.chunks(share * width));
        for ((real, fake), sums) in shares.zip(sums.chunks_mut(share)) {
            scope.spawn(move || {
                let mut sorter = Sorter::default();
                let pairs = real.chunks_exact(width).zip(fake.chunks_exact(width));
                for ((real, fake), sum) in pairs.zip(sums) {
                    let (real, fake) = (sorter.sorted(real), sorter.sorted(fake));
                    let distances = real.iter().zip(&fake).map(|(r, f)| f64::from((r - f).abs()));
                    *sum = distances.map(|distance| distance.powi(POWER)).sum();
                }
            });
        }
    });
    Ok(sums.iter().sum())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    /// Values in [-1, 1] that look like none in particular.
    fn scattered(rows: i64, width: i64, step: f64) -> Tensor {
        (Tensor::arange(rows * width, (Kind::Double, Device::Cpu)) * step)
            .sin()
            .to_kind(Kind::Float)
            .view([rows, width])
    }

    #[test]
    fn both_ways_to_sort_give_the_same_sum() {
        for (rows, width) in [(1, 1), (1, 500), (7, 33), (64, 129)] {
            let (real, fake) = (scattered(rows, width, 1.7), scattered(rows, width, 2.9));
            let here = sum_on_threads::<1>(&real, &fake).unwrap();
            let there = sum_by_libtorch::<1>(&real, &fake).unwrap();
            assert!((here - there).abs() <= 1e-9 * there, "{here} against {there}");
            let here = sum_on_threads::<2>(&real, &fake).unwrap();
            let there = sum_by_libtorch::<2>(&real, &fake).unwrap();
            assert!((here - there).abs() <= 1e-9 * there, "{here} against {there} squared");
        }
    }

    #[test]
    fn a_shift_along_a_direction_is_its_length() {
        let real = scattered(50, 4, 1.3);
        let fake = real.flip([0]) + 0.25;
        let directions = Tensor::from_slice(&[1.0f32, 0.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5]);
        let distance = mean_distance::<1>(&real, &fake, &directions.view([2, 4])).unwrap();
        assert!((distance - (0.25 + 0.5) / 2.0).abs() < 1e-6, "{distance}");
    }
}
