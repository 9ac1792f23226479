//! What a telescope makes of a galaxy's stars.
//!
//! Every star particle shines by its age and metals, is dimmed by the dust in front of it, and
//! is spread over the distance to its neighbours on the sky, so that a smooth disc looks smooth
//! with few particles too. Then come the point spread function, the sky and the noise.

use super::config::within;
use super::dust::Dust;
use super::light::{BANDS, EXTINCTION, luminosity};
use super::smooth::{Canvas, Point};
use super::{Galaxy, table};
use crate::error::SkyError;
use crate::noise::expose;
use crate::psf::Moffat;
use crate::random::{seed_of, stream};
use astrogen_fits::{Header, write_image};
use astrogen_preprocess::raster::write_png;
use astrogen_preprocess::{LuptonConfig, lupton_rgb};
use ndarray::{Array2, Array3, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Neighbours over whose distance a particle younger than 1 Gyr and an older one are spread:
/// old stars have left the places of their birth, and lie smoothly.
const YOUNG: f64 = 16.0;
const OLD: f64 = 64.0;

/// How a galaxy is looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ViewConfig {
    /// Side of the square frame in pixels, 8 to 2048. Default 448.
    pub size: usize,
    /// Side of the frame in kpc, 1e-3 to 1e5. Default 40.
    pub field: f64,
    /// Angle between the line of sight and the galaxy's axis, 0 (face-on) to 180 degrees.
    /// Default 0.
    pub inclination: f64,
    /// Direction of the galaxy's x axis, about which it is inclined, -360 to 360 degrees from
    /// the top of the frame anticlockwise. Default 0.
    pub position_angle: f64,
    /// Optical depth in V of the dust through the centre, seen face-on, 0 (none) to 100.
    /// Default 1.
    pub dust: f64,
    /// Electrons in a pixel for one solar luminosity in a square parsec, in every band, 1e-6 to
    /// 1e6. Default 20.
    pub exposure: f64,
    /// The sky's light, in solar luminosities in a square parsec, 0 to 1e9. Default 100 (about
    /// 21.2 magnitudes in r in a square arcsecond); it is subtracted, its noise stays.
    pub sky: f64,
    /// Read noise (root mean square), 0 to 1e6 electrons. Default 5.
    pub read_noise: f64,
    /// Full width at half maximum of the point spread function, 0.1 to 1000 pixels. Default 2.
    pub fwhm: f64,
    /// Its Moffat exponent, above 1, at most 100. Default 3.5.
    pub moffat_beta: f64,
    /// Surface brightness up to which the picture's brightness rises about linearly, 1e-6 to
    /// 1e9 solar luminosities in a square parsec. Default 60.
    pub stretch: f64,
    /// Softening of the picture's stretch, 1e-3 to 1e6. Default 8.
    pub q: f64,
}

impl Default for ViewConfig {
    fn default() -> Self {
        Self {
            size: 448,
            field: 40.0,
            inclination: 0.0,
            position_angle: 0.0,
            dust: 1.0,
            exposure: 20.0,
            sky: 100.0,
            read_noise: 5.0,
            fwhm: 2.0,
            moffat_beta: 3.5,
            stretch: 60.0,
            q: 8.0,
        }
    }
}

impl ViewConfig {
    /// Checks every setting against its rule.
    ///
    /// # Errors
    /// [`SkyError::Setting`] with the first setting that breaks its rule.
    pub fn validate(&self) -> Result<(), SkyError> {
        let size = (8..=2048).contains(&self.size);
        SkyError::check("size", "8 to 2048 pixels", self.size, size)?;
        within("field", "from 1e-3 to 1e5 kpc", self.field, 1e-3, 1e5)?;
        within("inclination", "from 0 to 180 degrees", self.inclination, 0.0, 180.0)?;
        let rule = "from -360 to 360 degrees";
        within("position_angle", rule, self.position_angle, -360.0, 360.0)?;
        within("dust", "from 0 to 100", self.dust, 0.0, 100.0)?;
        within("exposure", "from 1e-6 to 1e6", self.exposure, 1e-6, 1e6)?;
        within("sky", "from 0 to 1e9", self.sky, 0.0, 1e9)?;
        within("read_noise", "from 0 to 1e6", self.read_noise, 0.0, 1e6)?;
        within("fwhm", "from 0.1 to 1000 pixels", self.fwhm, 0.1, 1000.0)?;
        let beta = self.moffat_beta > 1.0 && self.moffat_beta <= 100.0;
        SkyError::check("moffat_beta", "above 1 and at most 100", self.moffat_beta, beta)?;
        within("stretch", "from 1e-6 to 1e9", self.stretch, 1e-6, 1e9)?;
        within("q", "from 1e-3 to 1e6", self.q, 1e-3, 1e6)
    }

    /// Side of a pixel in kpc.
    pub fn pixel(&self) -> f64 {
        self.field / self.size as f64
    }
}

/// A galaxy as a telescope sees it.
#[derive(Clone, Debug)]
pub struct GalaxyImage {
    bands: Array3<f32>,
    view: ViewConfig,
    seed: u64,
}

impl Galaxy {
    /// Looks at `stars` `[11, n]` of this galaxy.
    ///
    /// ```
    /// use astrogen_sky::galaxy::ViewConfig;
    /// use astrogen_sky::{Galaxy, GalaxyConfig};
    ///
    /// let galaxy = Galaxy::new(&GalaxyConfig::default(), 7)?;
    /// let view = ViewConfig { size: 64, inclination: 60.0, ..ViewConfig::default() };
    /// let image = galaxy.image(&galaxy.stars(5000), &view)?;
    /// assert_eq!(image.bands().dim(), (3, 64, 64)); // electrons
    /// assert_eq!(image.rgb()?.dim(), (64, 64, 3));
    /// # Ok::<(), astrogen_sky::SkyError>(())
    /// ```
    ///
    /// # Errors
    /// [`SkyError::Setting`] if a setting breaks its rule or the stars have another number of
    /// rows.
    pub fn image(&self, stars: &Array2<f32>, view: &ViewConfig) -> Result<GalaxyImage, SkyError> {
        view.validate()?;
        table::check(stars)?;
        let (sin, cos) = view.inclination.to_radians().sin_cos();
        let (up, right) = (view.position_angle.to_radians() + 0.5 * std::f64::consts::PI).sin_cos();
        let dust = Dust::new(view.dust, &self.config().thin, (sin, cos));
        let points: Vec<Point> = (0..stars.ncols())
            .into_par_iter()
            .map(|index| {
                let star = stars.column(index);
                let [x, y, z] = [0, 1, 2].map(|row| f64::from(star[row]));
                let depth = dust.in_front([x, y, z]);
                let age = f64::from(star[10]);
                let light = luminosity(age, f64::from(star[6]));
                let across = y * cos - z * sin;
                let place = [x * right - across * up, x * up + across * right];
                let light = [0, 1, 2].map(|band| {
                    light[band] * f64::from(star[9]) * (-depth * EXTINCTION[band]).exp()
                });
                let neighbours = if age < 1.0 { YOUNG } else { OLD };
                Point { place, light, neighbours }
            })
            .collect();
        let mut bands = Canvas::new(view.size, view.pixel()).spread(&points);
        Moffat { fwhm: view.fwhm, beta: view.moffat_beta }.blur(&mut bands);
        let mut bands = Canvas::new(view.size, view.pixel()).cut(&bands);
        let pixel = (1e3 * view.pixel()).powi(2); // in square parsecs
        let sky = view.sky * view.exposure;
        bands.mapv_inplace(|light| (f64::from(light) / pixel * view.exposure + sky) as f32);
        let mut noise = stream(seed_of(self.seed(), 3), 0);
        let bands = expose(&bands, view.read_noise, &mut noise) - sky as f32;
        Ok(GalaxyImage { bands, view: view.clone(), seed: self.seed() })
    }
}

impl GalaxyImage {
    /// The pixels `[3, H, W]` in electrons in the order of [`BANDS`], without the sky; row 0 is
    /// the top of the frame.
    pub fn bands(&self) -> &Array3<f32> {
        &self.bands
    }

    /// How the galaxy was looked at.
    pub fn view(&self) -> &ViewConfig {
        &self.view
    }

    /// The bands as a colour picture `[H, W, 3]` with an asinh stretch (Lupton et al. 2004).
    ///
    /// # Errors
    /// [`SkyError::Picture`] for a stretch that breaks its rule.
    pub fn rgb(&self) -> Result<Array3<u8>, SkyError> {
        let brightness = self.bands.mapv(|electrons| electrons / self.view.exposure as f32);
        let [red, green, blue] = [0, 1, 2].map(|band| brightness.index_axis(Axis(0), band));
        let ViewConfig { stretch, q, .. } = self.view;
        let config = LuptonConfig { stretch, q, ..LuptonConfig::default() };
        Ok(lupton_rgb(&red, &green, &blue, &config)?)
    }

    /// Writes the picture as PNG, whole or not at all.
    ///
    /// # Errors
    /// [`SkyError::Picture`] if the disk refuses, or for a name that does not end in `.png`.
    pub fn save_png(&self, path: impl AsRef<Path>) -> Result<(), SkyError> {
        Ok(write_png(path, &self.rgb()?)?)
    }

    /// Writes the bands as a FITS image, whole or not at all; its first row is the bottom of
    /// the frame, as FITS has it, and the header says how the galaxy was looked at.
    ///
    /// # Errors
    /// [`SkyError::Fits`] if the disk refuses.
    pub fn save_fits(&self, path: impl AsRef<Path>) -> Result<(), SkyError> {
        let view = &self.view;
        let mut header = Header::new();
        header.push("BUNIT", "electron", "unit of the pixels");
        for (index, band) in BANDS.into_iter().enumerate() {
            header.push(format!("BAND{}", index + 1), band, "band of the plane");
        }
        header.push("ORIGIN", "astrogen-sky", "simulated, not observed");
        header.push("SEED", self.seed.to_string(), "seed of the galaxy, as text");
        header.push("FIELD", view.field, "[kpc] side of the frame");
        header.push("INCL", view.inclination, "[deg] 0 is face-on");
        header.push("POSANG", view.position_angle, "[deg] from the top, anticlockwise");
        header.push("DUST", view.dust, "optical depth in V through the centre");
        header.push("EXPOSURE", view.exposure, "[electron] for 1 solLum / pc2");
        header.push("SKY", view.sky, "[solLum / pc2] subtracted");
        header.push("RNOISE", view.read_noise, "[electron] read noise");
        header.push("FWHM", view.fwhm, "[pix] point spread function");
        header.push("BETA", view.moffat_beta, "Moffat exponent");
        let bottom_up = self.bands.slice(ndarray::s![.., ..;-1, ..]);
        write_image(path, &bottom_up.as_standard_layout().into_owned(), &header)?;
        Ok(())
    }
}
