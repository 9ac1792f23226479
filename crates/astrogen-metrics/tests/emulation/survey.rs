//! A made survey whose noise is known, and emulators of it.

use astrogen_metrics::emulation::Partition;
use astrogen_metrics::{Emulation, EmulationConfig, EmulationReport};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{ChiSquared, Distribution, StandardNormal};

pub(crate) const ROWS: usize = 20_000;
pub(crate) const BANDS: [&str; 3] = ["r", "i", "z"];
pub(crate) const CONDITIONS: [&str; 2] = ["seeing", "sky"];

/// True magnitudes in three bands, and two conditions of every galaxy.
pub(crate) struct Survey {
    pub(crate) truth: Vec<f32>,
    pub(crate) conditions: Vec<f32>,
}

/// The noise of one galaxy: in every band Student's t of 4 degrees, at its width and correlated
/// with the other bands by 0.64.
pub(crate) struct Noise {
    pub(crate) width: [f64; 3],
    /// Normal deviates, each by itself, and mixed with a common one.
    pub(crate) own: [f64; 3],
    pub(crate) normal: [f64; 3],
    /// `1 / sqrt(chi^2 / 4)`, which makes normal deviates Student's.
    pub(crate) heavy: f64,
    pub(crate) seeing: f64,
    pub(crate) magnitude: [f64; 3],
}

impl Noise {
    pub(crate) fn right(&self) -> [f64; 3] {
        std::array::from_fn(|band| self.width[band] * self.normal[band] * self.heavy)
    }
}

impl Survey {
    pub(crate) fn new(rows: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (mut truth, mut conditions) = (Vec::new(), Vec::new());
        for _ in 0..rows {
            let i: f32 = 18.0 + 6.0 * rng.random::<f32>().sqrt();
            truth.extend([i + 0.3 + 0.5 * rng.random::<f32>(), i, i - 0.4 * rng.random::<f32>()]);
            conditions.extend([rng.random_range(0.7..1.5), rng.random_range(2e-12..9e-12f32)]);
        }
        Self { truth, conditions }
    }

    /// Observed magnitudes with the noise that `model` makes of its parts.
    pub(crate) fn observe(&self, seed: u64, model: impl Fn(&Noise) -> [f64; 3]) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let chi_squared = ChiSquared::new(4.0).unwrap();
        let rows = self.truth.chunks_exact(3).zip(self.conditions.chunks_exact(2));
        rows.flat_map(|(truth, conditions)| {
            let seeing = f64::from(conditions[0]);
            let magnitude: [f64; 3] = std::array::from_fn(|band| f64::from(truth[band]));
            let width = magnitude.map(|m| 0.05 * seeing * 10f64.powf(0.2 * (m - 22.0)));
            let mut deviate = || -> f64 { StandardNormal.sample(&mut rng) };
            let common = 0.8 * deviate();
            let own = std::array::from_fn(|_| deviate());
            let normal = own.map(|own: f64| common + 0.6 * own);
            let heavy = (4f64 / chi_squared.sample(&mut rng)).sqrt();
            let noise = model(&Noise { width, own, normal, heavy, seeing, magnitude });
            std::array::from_fn::<f32, 3, _>(|band| (magnitude[band] + noise[band]) as f32)
        })
        .collect()
    }

    pub(crate) fn emulation<'a>(
        &'a self,
        observed: &'a [f32],
        generated: &'a [f32],
    ) -> Emulation<'a, f32> {
        Emulation {
            bands: &BANDS,
            truth: Some(&self.truth),
            observed,
            generated,
            condition_names: &CONDITIONS,
            conditions: &self.conditions,
            draws: None,
        }
    }

    /// The report on an emulator, with so many draws for its calibration.
    pub(crate) fn judge(&self, draws: u64, model: impl Fn(&Noise) -> [f64; 3]) -> EmulationReport {
        let observed = self.observe(10, Noise::right);
        let generated = self.observe(11, &model);
        let drawn: Vec<f32> =
            (0..draws).flat_map(|pass| self.observe(100 + pass, &model)).collect();
        let draws = (draws > 0).then_some(&drawn[..]);
        let emulation = Emulation { draws, ..self.emulation(&observed, &generated) };
        emulation.evaluate(&EmulationConfig::default()).unwrap()
    }
}

/// The statistics of the bins, all of which are compared.
pub(crate) fn ks(partition: &Partition) -> Vec<f64> {
    partition.bins.iter().map(|bin| bin.comparison.unwrap().ks).collect()
}

pub(crate) fn widths(partition: &Partition) -> Vec<f64> {
    partition.bins.iter().map(|bin| bin.comparison.unwrap().width_ratio()).collect()
}

pub(crate) fn assert_close(got: f64, expected: f64) {
    assert!((got - expected).abs() < 1e-6 * expected.abs().max(1.0), "{got} is not {expected}");
}
