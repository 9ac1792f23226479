//! What the survey measures of a galaxy: the physical model behind p(observed | true, conditions).

use crate::error::SkyError;
use crate::random::stream;
use astrogen_catalog::Magnitudes;
use ndarray::{Array2, ArrayView1, ArrayView2};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::f64::consts::{LN_2, PI};

/// The magnitude of a flux of 1.
pub const ZERO_POINT: f64 = 30.0;

/// The bias grows by this many decades a magnitude, from its value at `BIAS_AT`.
const BIAS_SLOPE: f64 = 0.3;
const BIAS_AT: f64 = 23.0;

/// The band that says whether a galaxy is blended: the middle one, i.
const BLENDED_IN: usize = 1;

/// How a galaxy's true magnitudes become observed ones.
///
/// A galaxy of true magnitude `m` in a band sends the flux `f = 10^(-0.4 (m - 30))`. In a
/// band with sky noise `s` (flux per arcsec of aperture side, at the zero point of 30) and
/// seeing `t` (FWHM in arcsec) it is measured so, all other numbers being settings:
///
/// 1. **Aperture.** Its diameter `d` has a fixed part and one that follows the seeing,
///    `d^2 = a_0^2 + (a_1 t)^2`; its area is `A = pi d^2 / 4`. The image is a Gaussian of
///    FWHM `w`, `w^2 = t^2 + size^2`, of which the aperture holds the share
///    `T(t) = 1 - 2^(-(d / w)^2)`. The survey corrects for the loss at its reference seeing,
///    so that `T(t) / T(t_ref)` is left.
/// 2. **Bias.** Faint galaxies lose their outskirts: `b(m) = bias 10^(0.3 (m - 23))`
///    magnitudes are added.
/// 3. **Blending.** With the probability
///    `p = share (t_i / t_ref)^2 / (1 + exp(-(m_i - m_0) / width))`, which rises with depth
///    and with the blurred area, a neighbour lies in the aperture. Its flux relative to the
///    galaxy's is log-normal in each band, `ln x = ln(median) + scatter g`, the Gaussians `g`
///    of the bands being correlated.
/// 4. **Noise.** The expected flux `F = f T / T_ref 10^(-0.4 b) (1 + x)` has the deviation
///    `sigma^2 = A s^2 + F / gain + (floor F)^2`: sky, photons and calibration. The bands'
///    Gaussian errors are correlated, `e = sqrt(rho) u + sqrt(1 - rho) u_band`.
/// 5. **Heavy tails.** With the probability `tail_share` the errors of all bands are
///    `tail_scale` times as large. The flux `F + sigma k e`, with `k` 1 or `tail_scale`, has
///    the variance `sigma^2 (1 + tail_share (tail_scale^2 - 1))`.
/// 6. **Magnitudes.** An asinh magnitude, `m = 30 - 2.5 / ln(10) (asinh(F / 2B) + ln B)`
///    with the softening flux `B` of the band, is finite for every flux, negative ones too
///    ([`Magnitudes`]), and is the logarithmic one where the flux is much larger than `B`.
///
/// ```
/// use astrogen_sky::survey::Measurement;
/// use ndarray::array;
///
/// let measurement = Measurement::default();
/// let galaxies = array![[22.5, 22.1, 21.9], [24.4, 24.0, 23.8]]; // true r, i, z
/// let conditions = array![[12.0, 16.0, 30.0, 1.1, 1.0, 1.0], [14.0, 18.0, 33.0, 1.2, 1.1, 1.1]];
/// let observed = measurement.draw_many(galaxies.view(), conditions.view(), 7)?;
/// assert_eq!(observed.dim(), (2, 3));
/// # Ok::<(), astrogen_sky::SkyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Measurement {
    /// The aperture's diameter: the fixed part in arcsec and the part that follows the
    /// seeing, in FWHM. Default: 1.5 and 1.5.
    pub aperture: [f64; 2],
    /// FWHM of a galaxy before the seeing blurs it, in arcsec. Default: 0.6.
    pub size: f64,
    /// The seeing for which the aperture loss is corrected, FWHM in arcsec. Default: 1.1.
    pub reference_seeing: f64,
    /// Photons counted for a flux of 1. Default: 10.
    pub gain: f64,
    /// Error of the calibration, as a share of the flux. Default: 0.01.
    pub floor: f64,
    /// Magnitudes added to a galaxy of magnitude 23. Default: 0.02.
    pub bias: f64,
    /// Correlation of the errors of any two bands, from 0 to 1. Default: 0.3.
    pub correlation: f64,
    /// Share of galaxies with large errors. Default: 0.05.
    pub tail_share: f64,
    /// How many times as large. Default: 3.
    pub tail_scale: f64,
    /// Share of blended galaxies at the faint end, at the reference seeing. Default: 0.06.
    pub blend_share: f64,
    /// Magnitude in i at which half of that share is reached, and the magnitudes over which
    /// it rises. Default: 22.5 and 0.8.
    pub blend_depth: [f64; 2],
    /// Median of the neighbour's flux relative to the galaxy's. Default: 0.25.
    pub blend_flux: f64,
    /// Scatter of its logarithm (natural). Default: 0.8.
    pub blend_scatter: f64,
    /// Correlation of that scatter in any two bands, from 0 to 1. Default: 0.8.
    pub blend_correlation: f64,
    /// Softening fluxes `B` of the asinh magnitudes in r, i, z. Default: 27, 36 and 68, about
    /// the noise of the default survey's sky.
    pub softening: [f64; 3],
}

impl Default for Measurement {
    fn default() -> Self {
        Self {
            aperture: [1.5, 1.5],
            size: 0.6,
            reference_seeing: 1.1,
            gain: 10.0,
            floor: 0.01,
            bias: 0.02,
            correlation: 0.3,
            tail_share: 0.05,
            tail_scale: 3.0,
            blend_share: 0.06,
            blend_depth: [22.5, 0.8],
            blend_flux: 0.25,
            blend_scatter: 0.8,
            blend_correlation: 0.8,
            softening: [27.0, 36.0, 68.0],
        }
    }
}

impl Measurement {
    /// Checks every setting against its rule.
    ///
    /// # Errors
    /// [`SkyError::Setting`] with the first setting that breaks its rule.
    pub fn validate(&self) -> Result<(), SkyError> {
        let positive = |name, value: f64| {
            let fine = (1e-6..=1e6).contains(&value);
            SkyError::check(name, "from 1e-6 to 1e6", value, fine)
        };
        let within = |name, rule, value: f64, high: f64| {
            SkyError::check(name, rule, value, (0.0..=high).contains(&value))
        };
        let share = |name, value| within(name, "from 0 to 1", value, 1.0);
        positive("measurement.aperture[0]", self.aperture[0])?;
        within("measurement.aperture[1]", "from 0 to 100", self.aperture[1], 100.0)?;
        within("measurement.size", "from 0 to 100 arcsec", self.size, 100.0)?;
        positive("measurement.reference_seeing", self.reference_seeing)?;
        positive("measurement.gain", self.gain)?;
        share("measurement.floor", self.floor)?;
        within("measurement.bias", "from 0 to 10", self.bias, 10.0)?;
        share("measurement.correlation", self.correlation)?;
        share("measurement.tail_share", self.tail_share)?;
        positive("measurement.tail_scale", self.tail_scale)?;
        share("measurement.blend_share", self.blend_share)?;
        let depth = self.blend_depth[0];
        let finite = depth.is_finite();
        SkyError::check("measurement.blend_depth[0]", "a finite number", depth, finite)?;
        positive("measurement.blend_depth[1]", self.blend_depth[1])?;
        positive("measurement.blend_flux", self.blend_flux)?;
        within("measurement.blend_scatter", "from 0 to 10", self.blend_scatter, 10.0)?;
        share("measurement.blend_correlation", self.blend_correlation)?;
        self.softening.iter().try_for_each(|&flux| positive("measurement.softening", flux))
    }

    /// The flux that is expected in each band of a galaxy with no neighbour.
    ///
    /// `true_magnitudes` are r, i, z; `conditions` are the sky noise in r, i, z, then the
    /// seeing in r, i, z, as in [`CONDITIONS`](super::CONDITIONS).
    pub fn expected_flux(&self, true_magnitudes: [f64; 3], conditions: [f64; 6]) -> [f64; 3] {
        std::array::from_fn(|band| {
            let magnitude = true_magnitudes[band];
            let bias = self.bias * 10_f64.powf(BIAS_SLOPE * (magnitude - BIAS_AT));
            let held =
                self.share_held(conditions[3 + band]) / self.share_held(self.reference_seeing);
            Magnitudes::Logarithmic { zero_point: ZERO_POINT }.to_flux(magnitude + bias) * held
        })
    }

    /// The deviation of the Gaussian errors (those of the tails are `tail_scale` times as
    /// large) around an expected flux, neighbours included, in each band.
    pub fn deviation(&self, expected_flux: [f64; 3], conditions: [f64; 6]) -> [f64; 3] {
        std::array::from_fn(|band| {
            let [sky, seeing] = [conditions[band], conditions[3 + band]];
            let area = PI / 4.0 * self.diameter_squared(seeing);
            let flux = expected_flux[band];
            (area * sky * sky + flux / self.gain + (self.floor * flux).powi(2)).sqrt()
        })
    }

    /// The probability that a neighbour lies in the aperture.
    pub fn blend_probability(&self, true_magnitudes: [f64; 3], conditions: [f64; 6]) -> f64 {
        let [depth, width] = self.blend_depth;
        let risen = 1.0 / (1.0 + ((depth - true_magnitudes[BLENDED_IN]) / width).exp());
        let blur = (conditions[3 + BLENDED_IN] / self.reference_seeing).powi(2);
        (self.blend_share * blur * risen).min(1.0)
    }

    /// The asinh magnitudes of fluxes in r, i, z.
    pub fn magnitudes(&self, fluxes: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|band| {
            let softening = self.softening[band];
            Magnitudes::Asinh { zero_point: ZERO_POINT, softening }.of_flux(fluxes[band])
        })
    }

    /// Draws the observed magnitudes r, i, z of one galaxy: one sample of
    /// p(observed | true, conditions).
    ///
    /// The arguments are those of [`expected_flux`](Self::expected_flux); they and the
    /// settings are taken as they are, and the result is finite for whatever
    /// [`draw_many`](Self::draw_many) accepts.
    pub fn draw<R: Rng>(
        &self,
        true_magnitudes: [f64; 3],
        conditions: [f64; 6],
        rng: &mut R,
    ) -> [f64; 3] {
        // Drawn whether they are needed or not, so that a setting changes what it says alone.
        let [blended, far]: [f64; 2] = [rng.random(), rng.random()];
        let neighbour = correlated(self.blend_correlation, rng);
        let errors = correlated(self.correlation, rng);

        let mut expected = self.expected_flux(true_magnitudes, conditions);
        if blended < self.blend_probability(true_magnitudes, conditions) {
            for (flux, normal) in expected.iter_mut().zip(neighbour) {
                *flux *= 1.0 + self.blend_flux * (self.blend_scatter * normal).exp();
            }
        }
        let deviation = self.deviation(expected, conditions);
        let scale = if far < self.tail_share { self.tail_scale } else { 1.0 };
        self.magnitudes(std::array::from_fn(|band| {
            expected[band] + scale * deviation[band] * errors[band]
        }))
    }

    /// Draws the observed magnitudes `[N, 3]` of galaxies with true magnitudes `[N, 3]` under
    /// conditions `[N, 6]`, on all threads of rayon's pool.
    ///
    /// Row `i` depends on the settings, the seed, `i` and the row's own values alone: not on
    /// the number of threads, nor on the other rows. Another seed draws another sample of the
    /// same conditional distribution.
    ///
    /// # Errors
    /// [`SkyError::Setting`] if a setting breaks its rule, if the shapes are others, or if a row
    /// holds a magnitude outside 0 to 60 or a condition that is not from 1e-6 to 1e6.
    pub fn draw_many(
        &self,
        true_magnitudes: ArrayView2<f32>,
        conditions: ArrayView2<f32>,
        seed: u64,
    ) -> Result<Array2<f32>, SkyError> {
        self.validate()?;
        let count = true_magnitudes.nrows();
        for (name, rule, table, columns) in [
            ("the shape of the true magnitudes", "[N, 3]", true_magnitudes, 3),
            ("the shape of the conditions", "[N, 6] with the galaxies' N", conditions, 6),
        ] {
            let fine = table.dim() == (count, columns);
            SkyError::check(name, rule, format!("{:?}", table.shape()), fine)?;
        }
        let rows: Vec<[f32; 3]> = (0..count)
            .into_par_iter()
            .map(|row| {
                let galaxy: [f64; 3] = numbers(true_magnitudes.row(row));
                let around: [f64; 6] = numbers(conditions.row(row));
                let refuse = |name, rule, row_values: &[f64]| {
                    let got = format!("{row_values:?} in row {row}");
                    Err(SkyError::Setting { name, rule, got })
                };
                if !galaxy.iter().all(|magnitude| (0.0..=60.0).contains(magnitude)) {
                    return refuse("true magnitudes", "numbers from 0 to 60", &galaxy);
                }
                if !around.iter().all(|value| (1e-6..=1e6).contains(value)) {
                    return refuse("conditions", "numbers from 1e-6 to 1e6", &around);
                }
                let drawn = self.draw(galaxy, around, &mut stream(seed, row as u64));
                Ok(drawn.map(|magnitude| magnitude as f32))
            })
            .collect::<Result<_, SkyError>>()?;
        Ok(Array2::from(rows))
    }

    /// The aperture's diameter, squared, in arcsec^2.
    fn diameter_squared(&self, seeing: f64) -> f64 {
        self.aperture[0].powi(2) + (self.aperture[1] * seeing).powi(2)
    }

    /// The share of the light that the aperture holds.
    fn share_held(&self, seeing: f64) -> f64 {
        let width_squared = seeing * seeing + self.size * self.size;
        -(-self.diameter_squared(seeing) / width_squared * LN_2).exp_m1()
    }
}

/// Three Gaussian numbers of variance 1, any two of them with the given correlation.
fn correlated<R: Rng>(correlation: f64, rng: &mut R) -> [f64; 3] {
    let [shared, own @ ..]: [f64; 4] = std::array::from_fn(|_| StandardNormal.sample(rng));
    own.map(|own| correlation.sqrt() * shared + (1.0 - correlation).sqrt() * own)
}

/// A row as an array; the caller has checked its length.
fn numbers<const COLUMNS: usize>(row: ArrayView1<f32>) -> [f64; COLUMNS] {
    std::array::from_fn(|column| f64::from(row[column]))
}
