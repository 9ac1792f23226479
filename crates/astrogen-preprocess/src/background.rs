//! The sky level of a band, from its pixels after iterative sigma clipping.
//!
//! Clipping drops values farther than `sigma` standard deviations from the median and starts
//! again with the rest, until nothing is dropped or `max_iterations` is reached (as
//! `astropy.stats.sigma_clip`). What is left gives the level; by default SExtractor's estimate
//! of the mode, `2.5 median - 1.5 mean` (Bertin & Arnouts 1996, as in photutils).

use serde::{Deserialize, Serialize};

use crate::PreprocessError;
use crate::quantile::quantile;

/// How the clipped values become one level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackgroundMethod {
    /// `2.5 median - 1.5 mean`; the median where mean and median differ by 0.3 standard
    /// deviations or more, as in a crowded field. The default.
    #[default]
    Sextractor,
    /// The median.
    Median,
    /// The mean.
    Mean,
}

/// The estimate of a band's sky level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackgroundConfig {
    /// How the clipped values become one level. Default SExtractor's mode.
    pub method: BackgroundMethod,
    /// Clipping distance in standard deviations. Default 3.
    pub sigma: f64,
    /// Largest number of clippings. Default 10.
    pub max_iterations: usize,
}

impl Default for BackgroundConfig {
    fn default() -> Self {
        BackgroundConfig { method: BackgroundMethod::Sextractor, sigma: 3.0, max_iterations: 10 }
    }
}

impl BackgroundConfig {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`PreprocessError::Setting`] unless `sigma` is a finite number above 0.
    pub fn validate(&self) -> Result<(), PreprocessError> {
        if self.sigma > 0.0 && self.sigma.is_finite() {
            return Ok(());
        }
        Err(PreprocessError::Setting {
            name: "background sigma",
            rule: "a finite number greater than 0",
            got: self.sigma.to_string(),
        })
    }

    /// The sky level of `values` in their own units; values that are not finite are left out.
    ///
    /// ```
    /// # use astrogen_preprocess::background::BackgroundConfig;
    /// let sky_with_a_star = [9.0, 10.0, 11.0, 10.0, 9.0, 11.0, 10.0, 10.0, 9.0, 11.0, 9000.0];
    /// let level = BackgroundConfig::default().level(&sky_with_a_star)?;
    /// assert!((level - 10.0).abs() < 1e-9);
    /// # Ok::<(), astrogen_preprocess::PreprocessError>(())
    /// ```
    ///
    /// # Errors
    /// A bad parameter, or no finite value at all.
    pub fn level(&self, values: &[f32]) -> Result<f64, PreprocessError> {
        self.validate()?;
        let mut kept: Vec<f32> = values.iter().copied().filter(|v| v.is_finite()).collect();
        if kept.is_empty() {
            return Err(PreprocessError::NoGoodPixels { band: 0 });
        }
        let mut moments = Moments::of(&kept);
        for _ in 0..self.max_iterations {
            let reach = self.sigma * moments.deviation;
            let (low, high) = (moments.median - reach, moments.median + reach);
            let before = kept.len();
            kept.retain(|&value| (low..=high).contains(&f64::from(value)));
            if kept.len() == before {
                break;
            }
            moments = Moments::of(&kept);
        }
        Ok(moments.level(self.method))
    }
}

/// Median, mean and population standard deviation.
struct Moments {
    median: f64,
    mean: f64,
    deviation: f64,
}

impl Moments {
    /// One pass, the sums taken about the median so that a high sky costs no digits.
    fn of(values: &[f32]) -> Moments {
        let median = quantile(values, 0.5);
        // Several sums side by side, so that no addition waits for the one before it.
        let (mut sums, mut squares) = ([0.0; 8], [0.0; 8]);
        for chunk in values.chunks(8) {
            for ((sum, square), &value) in sums.iter_mut().zip(&mut squares).zip(chunk) {
                let offset = f64::from(value) - median;
                *sum += offset;
                *square += offset * offset;
            }
        }
        let [sum, squares] = [sums, squares].map(|parts| parts.into_iter().sum::<f64>());
        let count = values.len() as f64;
        let shift = sum / count;
        Moments {
            median,
            mean: median + shift,
            deviation: (squares / count - shift * shift).max(0.0).sqrt(),
        }
    }

    fn level(&self, method: BackgroundMethod) -> f64 {
        let skew = (self.mean - self.median).abs();
        match method {
            BackgroundMethod::Mean => self.mean,
            BackgroundMethod::Median => self.median,
            BackgroundMethod::Sextractor if self.deviation == 0.0 => self.mean,
            BackgroundMethod::Sextractor if skew / self.deviation < 0.3 => {
                2.5 * self.median - 1.5 * self.mean
            }
            BackgroundMethod::Sextractor => self.median,
        }
    }
}
