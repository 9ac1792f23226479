//! How a nebula is written down: its FITS file and what the header says.

use super::{BANDS, Nebula, NebulaConfig, WAVELENGTHS};
use crate::error::SkyError;
use astrogen_fits::{Header, Value, write_image};
use std::path::Path;

impl Nebula {
    /// The cards of the file: unit, bands, seed, and every setting twice, as it was given
    /// (`SLOPE`) and as it was drawn for this nebula (`D_SLOPE`).
    pub fn header(&self) -> Header {
        let mut header = Header::new();
        header.push("BUNIT", "electron", "unit of the pixels");
        for (index, (band, wavelength)) in BANDS.into_iter().zip(WAVELENGTHS).enumerate() {
            let plane = index + 1;
            header.push(format!("BAND{plane}"), band, "emission line of the plane");
            header.push(format!("WAVE{plane}"), wavelength, "[nm] its wave length");
        }
        header.push("ORIGIN", "astrogen-sky", "simulated, not observed");
        header.push("SEED", self.seed.to_string(), "seed of the simulation, as text");
        for (keyword, value, comment) in cards(&self.config) {
            header.push(keyword, value, comment);
        }
        for (keyword, value, _) in cards(&self.drawn) {
            header.push(format!("D_{keyword}"), value, "as drawn for this nebula");
        }
        header
    }

    /// Writes the bands as one 32-bit float cube with [`header`](Self::header); the file
    /// appears only when it is whole.
    ///
    /// # Errors
    /// [`SkyError::Fits`] if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), SkyError> {
        Ok(write_image(path, &self.bands, &self.header())?)
    }
}

/// Every setting as a card; keywords of six letters at most leave room for a prefix.
fn cards(config: &NebulaConfig) -> Vec<(&'static str, Value, &'static str)> {
    let real = Value::Real;
    let whole = |count: usize| Value::Integer(count as i64);
    vec![
        ("SIZE", whole(config.size), "[pix] side of the frame"),
        ("DIVERS", real(config.diversity), "spread of the settings"),
        ("SLOPE", real(config.slope), "slope of the density spectrum"),
        ("DRIVE", real(config.driving_scale), "largest eddies / frame"),
        ("MACH", real(config.mach), "Mach number"),
        ("FORCE", real(config.forcing), "forcing parameter b"),
        ("STIR", real(config.stirring), "stirring / frame"),
        ("GRAD", real(config.gradient), "density gradient, e-foldings / frame"),
        ("CAVITY", real(config.cavity), "wind-blown hole / frame"),
        ("NHOT", whole(config.ionising_stars), "ionising stars"),
        ("REACH", real(config.reach), "Stroemgren radius / frame"),
        ("HARD", real(config.hardness), "share of photons that make O++"),
        ("LINE1", real(config.lines[0]), "relative strength of band 1"),
        ("LINE2", real(config.lines[1]), "relative strength of band 2"),
        ("LINE3", real(config.lines[2]), "relative strength of band 3"),
        ("BRIGHT", real(config.brightness), "[electron] nebula, 99th percentile"),
        ("DUST", real(config.dust), "optical depth within the gas"),
        ("LANES", real(config.lanes), "mean optical depth in front"),
        ("STARS", real(config.star_density), "field stars in 1000 pixels"),
        ("STARSL", real(config.star_slope), "slope of the luminosity function"),
        ("FAINT", real(config.star_flux[0]), "[electron] faintest star"),
        ("BRGHST", real(config.star_flux[1]), "[electron] brightest star"),
        ("FWHM", real(config.fwhm), "[pix] point spread function"),
        ("BETA", real(config.moffat_beta), "Moffat exponent"),
        ("SKY", real(config.sky), "[electron] sky in each pixel"),
        ("RNOISE", real(config.read_noise), "[electron] read noise"),
    ]
}
