//! The settings of a simulated survey.

use super::measurement::Measurement;
use super::sphere::{Cap, direction};
use crate::error::SkyError;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Side of a pixel of nside 1, in degrees: the square root of a twelfth of the sky.
const PIXEL: f64 = 58.632_3;

/// What the survey is: where it looked, under which sky, at which galaxies, and how it
/// measured them. Angles are in degrees; pairs are `[low, high]`, triples are r, i, z.
///
/// ```
/// use astrogen_sky::SurveyConfig;
///
/// let config: SurveyConfig = serde_json::from_str(r#"{"galaxies": 1000, "nside": 128}"#)?;
/// assert!(config.validate().is_ok());
/// let message = SurveyConfig { nside: 100, ..config }.validate().unwrap_err().to_string();
/// assert_eq!(message, "nside must be a power of two from 2 to 8192, but got 100");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SurveyConfig {
    /// Galaxies in the catalogue, clean or not, from 1 to 1e9. Default: 300,000, of which
    /// about nine tenths are clean.
    pub galaxies: usize,
    /// Pixels along the side of a HEALPix base cell: a power of two from 2 to 8192. Default: 512
    /// (pixels of 6.9 arcmin).
    pub nside: u32,
    /// Right ascension and declination of the patch's centre. Default: 40, -30.
    pub centre: [f64; 2],
    /// Radius of the patch, at least two pixels and at most 60. Default: 10 (314 square
    /// degrees).
    pub radius: f64,
    /// Width of the edge over which the coverage falls to zero, at most the radius.
    /// Default: 0.5.
    pub edge: f64,
    /// Foreground stars with a hole around them, in a square degree. Default: 0.3.
    pub star_density: f64,
    /// Radius of the largest holes; the smallest have a quarter of it. Default: 0.3.
    pub star_radius: f64,
    /// Bad regions in a square degree. Default: 0.05.
    pub bad_density: f64,
    /// Radius of the largest bad regions; the smallest have half of it. Default: 0.3.
    pub bad_radius: f64,
    /// Length over which the conditions change, at least two pixels. Default: 2.5.
    pub coherence: f64,
    /// Range of the sky noise in each band, in flux per arcsec of aperture side.
    /// Default: 10-17, 13-23 and 24-43.
    pub noise: [[f64; 2]; 3],
    /// Range of the seeing in each band, FWHM in arcsec. Default: 0.85-1.4, 0.8-1.3 and
    /// 0.8-1.25.
    pub seeing: [[f64; 2]; 3],
    /// Bright and faint limit of the true magnitude in i. Default: 17.5 and 24.3.
    pub magnitudes: [f64; 2],
    /// Decades by which the counts rise with each magnitude. Default: 0.35.
    pub counts_slope: f64,
    /// Share of red galaxies at the bright and at the faint limit. Default: 0.55 and 0.25.
    pub red_share: [f64; 2],
    /// How the survey measures.
    pub measurement: Measurement,
}

impl Default for SurveyConfig {
    fn default() -> Self {
        Self {
            galaxies: 300_000,
            nside: 512,
            centre: [40.0, -30.0],
            radius: 10.0,
            edge: 0.5,
            star_density: 0.3,
            star_radius: 0.3,
            bad_density: 0.05,
            bad_radius: 0.3,
            coherence: 2.5,
            noise: [[10.0, 17.0], [13.0, 23.0], [24.0, 43.0]],
            seeing: [[0.85, 1.4], [0.8, 1.3], [0.8, 1.25]],
            magnitudes: [17.5, 24.3],
            counts_slope: 0.35,
            red_share: [0.55, 0.25],
            measurement: Measurement::default(),
        }
    }
}

impl SurveyConfig {
    /// Checks every setting against its rule.
    ///
    /// # Errors
    /// [`SkyError::Setting`] with the first setting that breaks its rule.
    pub fn validate(&self) -> Result<(), SkyError> {
        let within = |name, rule, value: f64, low: f64, high: f64| {
            SkyError::check(name, rule, value, (low..=high).contains(&value))
        };
        let galaxies = (1..=1_000_000_000).contains(&self.galaxies);
        SkyError::check("galaxies", "from 1 to 1e9", self.galaxies, galaxies)?;
        let nside = self.nside.is_power_of_two() && (2..=8192).contains(&self.nside);
        SkyError::check("nside", "a power of two from 2 to 8192", self.nside, nside)?;
        within("centre[0]", "a right ascension from 0 to 360", self.centre[0], 0.0, 360.0)?;
        within("centre[1]", "a declination from -90 to 90", self.centre[1], -90.0, 90.0)?;
        let pixels = 2.0 * PIXEL / f64::from(self.nside);
        let rule = "from two pixels (117.3 / nside) to 60 degrees";
        within("radius", rule, self.radius, pixels, 60.0)?;
        within("edge", "from 0 to the radius", self.edge, 0.0, self.radius)?;
        for (density, radius, number, reach) in [
            ("star_density", "star_radius", self.star_density, self.star_radius),
            ("bad_density", "bad_radius", self.bad_density, self.bad_radius),
        ] {
            within(density, "from 0 to 1000 in a square degree", number, 0.0, 1000.0)?;
            within(radius, "from 0 to 10 degrees", reach, 0.0, 10.0)?;
            let rule = "so small that pi radius^2 density is at most 2: something has to be left";
            SkyError::check(radius, rule, reach, PI * reach * reach * number <= 2.0)?;
        }
        let rule = "from two pixels (117.3 / nside) to 180 degrees";
        within("coherence", rule, self.coherence, pixels, 180.0)?;
        for (name, ranges) in [("noise", self.noise), ("seeing", self.seeing)] {
            for range in ranges {
                let got = format!("[{}, {}]", range[0], range[1]);
                let fine = range[0] >= 0.01 && range[0] <= range[1] && range[1] <= 1e4;
                SkyError::check(name, "[low, high] between 0.01 and 1e4", got, fine)?;
            }
        }
        let [bright, faint] = self.magnitudes;
        within("magnitudes[0]", "from 10 to 40", bright, 10.0, 40.0)?;
        within("magnitudes[1]", "from 10 to 40", faint, 10.0, 40.0)?;
        let rule = "above magnitudes[0]";
        SkyError::check("magnitudes[1]", rule, faint, faint > bright)?;
        within("counts_slope", "from 0.01 to 10", self.counts_slope, 0.01, 10.0)?;
        for share in self.red_share {
            within("red_share", "from 0 to 1", share, 0.0, 1.0)?;
        }
        self.measurement.validate()
    }

    /// Everything that is covered at all.
    pub(super) fn patch(&self) -> Cap {
        let radius = (self.radius + self.edge / 2.0).to_radians();
        Cap { centre: direction(self.centre), radius }
    }

    /// The covered share of the sky, `angle` degrees from the centre.
    pub(super) fn coverage(&self, angle: f64) -> f64 {
        if self.edge == 0.0 {
            return 1.0;
        }
        let x = ((angle - self.radius) / self.edge + 0.5).clamp(0.0, 1.0);
        1.0 - x * x * (3.0 - 2.0 * x)
    }
}
