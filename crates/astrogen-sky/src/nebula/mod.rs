//! Emission nebulae: turbulent gas lit by hot stars, seen through dust and a telescope.
//!
//! One frame is made in five steps, each in a file of its own:
//!
//! 1. a box of gas with a log-normal density and a power-law spectrum, stirred, with a
//!    gradient and a wind-blown bubble;
//! 2. ionisation of it by hot stars: ragged Stroemgren spheres with shadows;
//! 3. light of \[S II\], H-alpha and \[O III\], summed along the line of sight through the
//!    dust in the gas and through dark lanes in front of it;
//! 4. the hot stars and a field of stars, before and behind the cloud;
//! 5. a Moffat point spread function, the sky, photon noise and read noise.
//!
//! ```
//! use astrogen_sky::NebulaConfig;
//!
//! let config = NebulaConfig { size: 32, ..Default::default() };
//! let nebula = config.simulate(7)?;
//! assert_eq!(nebula.bands().dim(), (3, 32, 32)); // [C, H, W], electrons
//! assert_eq!(nebula.bands(), config.simulate(7)?.bands());
//! # Ok::<(), astrogen_sky::SkyError>(())
//! ```

mod cloud;
mod config;
mod emission;
mod fits;
mod folder;
mod ionisation;
mod region;

pub use config::NebulaConfig;
pub use emission::{BANDS, WAVELENGTHS};
pub(crate) use folder::is_complete;
pub use folder::{MANIFEST, simulate_nebulae};

use crate::error::SkyError;
use crate::noise::expose;
use crate::random::stream;
use crate::stars::{LuminosityFunction, add_point, colour};
use cloud::Cloud;
use emission::{Emission, shine, transmission};
use ndarray::{Array3, Axis};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, Poisson};
use region::Region;

/// Temperature of the ionising stars, in kelvin.
const HOT: f64 = 35_000.0;

/// One simulated frame with everything it was made from.
#[derive(Clone, Debug)]
pub struct Nebula {
    bands: Array3<f32>,
    config: NebulaConfig,
    drawn: NebulaConfig,
    seed: u64,
}

impl Nebula {
    /// The pixels `[3, H, W]` in electrons, in the order of [`BANDS`]; read noise makes some
    /// of them negative where nothing shines.
    pub fn bands(&self) -> &Array3<f32> {
        &self.bands
    }

    /// The settings as they were given.
    pub fn config(&self) -> &NebulaConfig {
        &self.config
    }

    /// The settings as they were drawn for this nebula (diversity 0).
    pub fn drawn(&self) -> &NebulaConfig {
        &self.drawn
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }
}

impl NebulaConfig {
    /// Simulates one nebula: the same settings and seed give the same bytes, whatever the
    /// number of threads. (Other processor types may differ in the last bit, as their
    /// Fourier transforms add up in another order.)
    ///
    /// # Errors
    /// [`SkyError::Setting`] if a setting breaks its rule.
    pub fn simulate(&self, seed: u64) -> Result<Nebula, SkyError> {
        self.validate()?;
        // One stream of numbers for each purpose: more stars leave the cloud as it is.
        let [mut settings, mut gas, mut points, mut noise] =
            [0, 1, 2, 3].map(|number| stream(seed, number));
        let drawn = self.draw(&mut settings);
        let region = Region::new(drawn.size);
        let hot = hot_stars(&drawn, &region, &mut settings);
        let cloud = Cloud::draw(&drawn, &region, hot[0].0, &mut gas);
        let emission = shine(&drawn, &region, &cloud, &hot);
        let mut sky = light_up(&drawn, &region, &emission, &hot, &mut points)?;
        drawn.psf().blur(&mut sky);
        let expected = region.cut(&sky.view()) + drawn.sky as f32;
        let bands = expose(&expected, drawn.read_noise, &mut noise);
        let config = self.clone();
        Ok(Nebula { bands, config, drawn, seed })
    }
}

/// Draws cells and shares of the ionising photons (sum 1) for the hot stars: the first near
/// the frame's centre, the others around it.
fn hot_stars<R: Rng>(
    config: &NebulaConfig,
    region: &Region,
    rng: &mut R,
) -> Vec<([usize; 3], f32)> {
    let mut place = |centre: [f64; 3], spread: f64| -> [f64; 3] {
        std::array::from_fn(|axis| {
            let offset = spread * rng.random_range(-1.0..=1.0);
            (centre[axis] + offset).clamp(0.02, 0.98)
        })
    };
    let first = place([0.5; 3], 0.25);
    let mut places = vec![first];
    places.extend((1..config.ionising_stars).map(|_| place(first, 0.2)));
    // The first star leads; each further one has half of the photons of the one before.
    let total: f32 = (0..places.len()).map(|rank| 0.5_f32.powi(rank as i32)).sum();
    let cell = |place: [f64; 3]| {
        std::array::from_fn(|axis| (place[axis] * region.shape[axis] as f64) as usize)
    };
    let share = |rank: usize| 0.5_f32.powi(rank as i32) / total;
    places.into_iter().enumerate().map(|(rank, place)| (cell(place), share(rank))).collect()
}

/// The electrons `[3, y, x]` that the nebula (at its brightness) and the stars send over the
/// whole box, before the telescope blurs them.
fn light_up<R: Rng>(
    config: &NebulaConfig,
    region: &Region,
    emission: &Emission,
    hot: &[([usize; 3], f32)],
    rng: &mut R,
) -> Result<Array3<f32>, SkyError> {
    let mut ordered: Vec<f32> = region.cut(&emission.light.view()).into_iter().collect();
    let rank = ordered.len() * 99 / 100;
    let bright = f64::from(*ordered.select_nth_unstable_by(rank, f32::total_cmp).1);
    let scale = if bright > 0.0 { config.brightness / bright } else { 0.0 };
    let mut bands = emission.light.mapv(|light| (f64::from(light) * scale) as f32);

    let mut add = |y: f64, x: f64, flux: f64, temperature: f64, depth: f32| {
        for (band, (mut plane, seen)) in bands.outer_iter_mut().zip(transmission(depth)).enumerate()
        {
            let tint = colour(temperature, WAVELENGTHS[band], WAVELENGTHS[1]);
            add_point(&mut plane, y, x, flux * tint * f64::from(seen));
        }
    };
    let [layers, height, width] = region.shape;
    let brightest = config.star_flux[1];
    for (rank, &([layer, y, x], _)) in hot.iter().enumerate() {
        let fainter = if rank == 0 { 0.0 } else { rng.random_range(0.0..1.0) };
        let flux = brightest * 10.0_f64.powf(-fainter);
        add(y as f64, x as f64, flux, HOT, emission.depth[[layer, y, x]]);
    }
    let law = LuminosityFunction::new(config.star_flux[0], brightest, config.star_slope)?;
    let mean = config.star_density * (height * width) as f64 / 1000.0;
    let count = Poisson::new(mean).map_or(0.0, |poisson| poisson.sample(rng)) as usize;
    let back = emission.depth.index_axis(Axis(0), layers - 1);
    for _ in 0..count {
        let y = rng.random_range(0.0..(height - 1) as f64);
        let x = rng.random_range(0.0..(width - 1) as f64);
        let flux = law.sample(rng);
        let temperature = 3500.0 * rng.random_range(0.0_f64..2.0).exp2();
        let behind: bool = rng.random();
        let depth = if behind { back[[y.round() as usize, x.round() as usize]] } else { 0.0 };
        add(y, x, flux, temperature, depth);
    }
    Ok(bands)
}
