//! What a simulated nebula is made from: the settings, their rules and their spread.

use crate::error::SkyError;
use crate::psf::Moffat;
use crate::stars::LuminosityFunction;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// The settings of [`simulate`](NebulaConfig::simulate); plain data.
///
/// `diversity` spreads the other settings from nebula to nebula, so that a data set shows
/// many kinds of nebulae. With `d` the diversity and `u` a fresh uniform number in [-1, 1],
///
/// | setting | drawn for each nebula |
/// | --- | --- |
/// | `slope` | plus `0.25 d u`, at least 0 |
/// | `mach`, `driving_scale`, `reach`, `sky` | times `2^(0.5 d u)` |
/// | `stirring`, `gradient`, `cavity`, `ionising_stars`, `hardness`, `brightness`, `dust`, `lanes`, `star_density` | times `2^(d u)` |
/// | `lines`, each | times `2^(0.5 d u)` |
/// | `fwhm` | times `2^(0.2 d u)` |
/// | `size`, `forcing`, `star_slope`, `star_flux`, `moffat_beta`, `read_noise` | as set |
///
/// Places and directions are drawn even when the diversity is 0. Lengths are in pixels or
/// in fractions of the frame's side, light is in electrons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NebulaConfig {
    /// Side of the square frame, in pixels, 8 to 2048. Default 128. The gas is simulated in
    /// three dimensions: about 10 MB at 128 pixels, half a gigabyte at 512.
    pub size: usize,
    /// How much nebulae differ, 0 (all alike but for places) to 2. Default 1.
    pub diversity: f64,

    /// Slope of the density logarithm's power spectrum in three dimensions, at least 0.
    /// Default 4; see [`turbulence`](crate::turbulence).
    pub slope: f64,
    /// The largest eddies, as a fraction of the frame's side, 0.01 to 100.
    /// Default 0.7.
    pub driving_scale: f64,
    /// Mach number of the turbulence, at least 0: larger is more contrast. Default 4.
    pub mach: f64,
    /// Forcing parameter `b`, 1/3 (solenoidal) to 1 (compressive). Default 0.5.
    pub forcing: f64,
    /// How far the gas has been stirred, as a fraction of the frame's side (root mean
    /// square), at least 0: it draws clouds out to filaments. Default 0.06.
    pub stirring: f64,
    /// Density gradient across the cloud, in powers of e over the frame's side, at least 0:
    /// it gives open, lopsided nebulae with a bright wall. Default 1.5.
    pub gradient: f64,
    /// Radius of the hole which the first star's wind has blown into the gas, as a fraction
    /// of the frame's side, at least 0. Default 0.1.
    pub cavity: f64,

    /// Number of ionising stars, at least 1. Default 2.
    pub ionising_stars: usize,
    /// Radius of the sphere that the stars together could ionise in gas without structure
    /// along the way but of the same mean squared density, as a fraction of the frame's
    /// side, above 0. Default 0.45.
    pub reach: f64,
    /// Share of the ionising photons that can make O++, in (0, 1]. Default 0.2.
    pub hardness: f64,
    /// Strengths of \[S II\], H-alpha and \[O III\] where their ions are, at least 0 and not
    /// all 0: emissivity times exposure. Default 1.5, 1, 1.5, as observers expose the two
    /// fainter lines longer.
    pub lines: [f64; 3],
    /// The nebula's light where it is bright (99th percentile over all pixels and bands),
    /// in electrons, above 0. Default 12000.
    pub brightness: f64,

    /// Optical depth (at H-alpha) of the dust within the gas, through the whole cloud at
    /// mean density, at least 0. Default 0.6.
    pub dust: f64,
    /// Mean optical depth (at H-alpha) of the dark lanes in front of the cloud, at least 0.
    /// Default 0.6.
    pub lanes: f64,

    /// Field stars in 1000 pixels, at least 0. Default 2.
    pub star_density: f64,
    /// Slope of the field stars' luminosity function `N(> F) ~ F^-slope`, above 0.
    /// Default 0.8; see [`stars`](crate::stars).
    pub star_slope: f64,
    /// Faintest and brightest field star, in electrons at H-alpha. Default 1000, 1e6. The
    /// first ionising star is as bright, the others up to ten times fainter.
    pub star_flux: [f64; 2],

    /// Full width of the point spread function at half maximum, in pixels, above 0.
    /// Default 2.
    pub fwhm: f64,
    /// Moffat exponent of the point spread function, above 1. Default 3.5.
    pub moffat_beta: f64,
    /// Light of the sky in every band, in electrons per pixel, at least 0. Default 12.
    pub sky: f64,
    /// Read noise (root mean square), in electrons, at least 0. Default 2.
    pub read_noise: f64,
}

impl Default for NebulaConfig {
    fn default() -> Self {
        Self {
            size: 128,
            diversity: 1.0,
            slope: 4.0,
            driving_scale: 0.7,
            mach: 4.0,
            forcing: 0.5,
            stirring: 0.06,
            gradient: 1.5,
            cavity: 0.1,
            ionising_stars: 2,
            reach: 0.45,
            hardness: 0.2,
            lines: [1.5, 1.0, 1.5],
            brightness: 12_000.0,
            dust: 0.6,
            lanes: 0.6,
            star_density: 2.0,
            star_slope: 0.8,
            star_flux: [1000.0, 1e6],
            fwhm: 2.0,
            moffat_beta: 3.5,
            sky: 12.0,
            read_noise: 2.0,
        }
    }
}

impl NebulaConfig {
    /// Checks every setting against its rule.
    ///
    /// # Errors
    /// [`SkyError::Setting`] with the first setting that breaks its rule.
    pub fn validate(&self) -> Result<(), SkyError> {
        let within = |name, value: f64, rule, low: f64, high: f64| {
            SkyError::check(name, rule, value, (low..=high).contains(&value))
        };
        let not_negative = |name, value: f64| {
            let fine = value.is_finite() && value >= 0.0;
            SkyError::check(name, "a finite number >= 0", value, fine)
        };
        let electrons = |name, value| within(name, value, "from 0 to 1e9", 0.0, 1e9);
        let positive = |name, value: f64| {
            let fine = value.is_finite() && value > 0.0;
            SkyError::check(name, "a finite number > 0", value, fine)
        };
        let size = (8..=2048).contains(&self.size);
        SkyError::check("size", "8 to 2048 pixels", self.size, size)?;
        within("diversity", self.diversity, "from 0 to 2", 0.0, 2.0)?;
        within("slope", self.slope, "from 0 to 10", 0.0, 10.0)?;
        let scale = self.driving_scale;
        within("driving_scale", scale, "from 0.01 to 100", 0.01, 100.0)?;
        within("mach", self.mach, "from 0 to 50", 0.0, 50.0)?;
        within("forcing", self.forcing, "from 0 to 1", 0.0, 1.0)?;
        within("stirring", self.stirring, "from 0 to 1", 0.0, 1.0)?;
        within("gradient", self.gradient, "from 0 to 20", 0.0, 20.0)?;
        not_negative("cavity", self.cavity)?;
        let stars = (1..=100).contains(&self.ionising_stars);
        SkyError::check("ionising_stars", "1 to 100", self.ionising_stars, stars)?;
        positive("reach", self.reach)?;
        let hard = self.hardness > 0.0 && self.hardness <= 1.0;
        SkyError::check("hardness", "above 0 and at most 1", self.hardness, hard)?;
        for line in self.lines {
            not_negative("lines", line)?;
        }
        let lit = self.lines.iter().any(|&line| line > 0.0);
        SkyError::check("lines", "above 0 for one line at least", "0, 0, 0", lit)?;
        positive("brightness", self.brightness)?;
        electrons("brightness", self.brightness)?;
        not_negative("dust", self.dust)?;
        not_negative("lanes", self.lanes)?;
        within("star_density", self.star_density, "from 0 to 1000", 0.0, 1000.0)?;
        LuminosityFunction::new(self.star_flux[0], self.star_flux[1], self.star_slope)?;
        let finite = self.star_flux[1] <= 1e12;
        SkyError::check("star_flux[1]", "at most 1e12", self.star_flux[1], finite)?;
        positive("fwhm", self.fwhm)?;
        let wings = self.moffat_beta.is_finite() && self.moffat_beta > 1.0;
        SkyError::check("moffat_beta", "a finite number > 1", self.moffat_beta, wings)?;
        electrons("sky", self.sky)?;
        electrons("read_noise", self.read_noise)
    }

    /// Draws the settings of one nebula, as the table above says; their diversity is 0.
    pub(crate) fn draw<R: Rng>(&self, rng: &mut R) -> Self {
        let mut spread = || self.diversity * rng.random_range(-1.0..=1.0);
        let mut drawn = self.clone();
        drawn.diversity = 0.0;
        drawn.slope = (self.slope + 0.25 * spread()).max(0.0);
        for value in [&mut drawn.mach, &mut drawn.driving_scale, &mut drawn.reach, &mut drawn.sky] {
            *value *= (0.5 * spread()).exp2();
        }
        for value in [
            &mut drawn.stirring,
            &mut drawn.gradient,
            &mut drawn.cavity,
            &mut drawn.hardness,
            &mut drawn.brightness,
            &mut drawn.dust,
            &mut drawn.lanes,
            &mut drawn.star_density,
        ] {
            *value *= spread().exp2();
        }
        drawn.hardness = drawn.hardness.min(1.0);
        let stars = self.ionising_stars as f64 * spread().exp2();
        drawn.ionising_stars = (stars.round() as usize).max(1);
        for line in &mut drawn.lines {
            *line *= (0.5 * spread()).exp2();
        }
        drawn.fwhm *= (0.2 * spread()).exp2();
        drawn
    }

    pub(super) fn psf(&self) -> Moffat {
        let (fwhm, beta) = (self.fwhm, self.moffat_beta);
        Moffat { fwhm, beta }
    }
}
