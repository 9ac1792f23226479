//! The light of the gas in three lines, dimmed by dust on its way to us.
//!
//! Every line shines with `n^2` times the share of its ion. The shares follow from the spent
//! part `t` of the photons, `h(t) = 1 / (1 + t^4)` being a soft front at `t = 1`:
//!
//! ```text
//! H+   h(t)                   O++  h(t) h(t / hardness)      S+   h(t) (1 - h(t / 0.5))
//! ```
//!
//! O++ takes photons of 35 eV, which are spent first, so \[O III\] lies near the stars; S is
//! twice ionised (23 eV) there too, so \[S II\] shines just inside the fronts (Osterbrock &
//! Ferland 2006, Astrophysics of Gaseous Nebulae). Dust of column `N` dims a band by
//! `exp(-k N)`, with `k` from the extinction law of Cardelli, Clayton & Mathis (1989),
//! ApJ 345, 245, for R_V = 3.1.

use super::cloud::Cloud;
use super::config::NebulaConfig;
use super::ionisation::spent;
use super::region::Region;
use ndarray::{Array2, Array3, Axis};

/// The names of the bands, in the order of the planes.
pub const BANDS: [&str; 3] = ["[S II]", "H-alpha", "[O III]"];

/// The wave lengths of the bands, in nanometres; of the two \[S II\] lines the mean.
pub const WAVELENGTHS: [f64; 3] = [672.4, 656.3, 500.7];

/// Extinction of the bands relative to H-alpha's.
const EXTINCTION: [f32; 3] = [0.965, 1.0, 1.375];

/// The spent share of photons at which half of the sulphur is twice ionised.
const SULPHUR: f32 = 0.5;

/// Gas with a smaller share of ions is left out, to save time.
const DARK: f32 = 1e-4;

/// The nebula's light and the dust, for every pixel of the box.
pub(super) struct Emission {
    /// Light of each band `[3, y, x]`, dimmed by all dust in front of it; relative units.
    pub(super) light: Array3<f32>,
    /// Optical depth at H-alpha in front of each layer's far side, `[layer, y, x]`.
    pub(super) depth: Array3<f32>,
}

/// A front: near 1 while less than all photons are spent (`t < 1`), near 0 beyond.
fn front(t: f32) -> f32 {
    let squared = t * t;
    1.0 / (1.0 + squared * squared)
}

/// How much of its light reaches us through the optical depth `tau` (at H-alpha), by band.
pub(super) fn transmission(tau: f32) -> [f32; 3] {
    EXTINCTION.map(|k| (-k * tau).exp())
}

/// Ionises the cloud by stars of the given places and shares of the photons (sum 1), and
/// adds up the light along the line of sight.
pub(super) fn shine(
    config: &NebulaConfig,
    region: &Region,
    cloud: &Cloud,
    stars: &[([usize; 3], f32)],
) -> Emission {
    // The photons which the sphere of radius `reach` uses up at the mean squared density.
    let mean_squared = cloud.density.iter().map(|n| f64::from(n * n)).sum::<f64>()
        / cloud.density.len().max(1) as f64;
    let radius = config.reach * region.frame as f64;
    let photons = (mean_squared * radius.powi(3) / 3.0) as f32;

    // Where several stars shine, their supplies Q / S add up to 1 / t.
    let mut supply = Array3::<f32>::zeros(cloud.density.raw_dim());
    for &(place, share) in stars {
        let spent = spent(&cloud.density, region.spacing, place);
        supply.zip_mut_with(&spent, |sum, s| *sum += share * photons / s.max(1e-20));
    }

    let [layers, height, width] = region.shape;
    let dust = config.dust as f32 / layers as f32;
    // Stronger lines would sum up beyond what f32 holds.
    let lines = config.lines.map(|line| line.min(1e25) as f32);
    let (oxygen, sulphur) = (1.0 / config.hardness as f32, 1.0 / SULPHUR);
    let mut light = Array3::zeros((3, height, width));
    let mut depth = Array3::zeros((layers, height, width));
    let mut column: Array2<f32> = cloud.lanes.mapv(|tau| tau * config.lanes as f32);
    let (mut red, mut middle, mut blue) = light.multi_slice_mut((
        ndarray::s![0, .., ..],
        ndarray::s![1, .., ..],
        ndarray::s![2, .., ..],
    ));
    for layer in 0..layers {
        let density = cloud.density.index_axis(Axis(0), layer);
        let supply = supply.index_axis(Axis(0), layer);
        for (((((pixel, n), u), s2), ha), o3) in
            column.iter_mut().zip(density).zip(supply).zip(&mut red).zip(&mut middle).zip(&mut blue)
        {
            let t = 1.0 / u;
            let ionised = front(t);
            let emission = n * n * ionised;
            let through = n * dust;
            if ionised > DARK {
                // Half of the layer's own dust lies in front of its light.
                let seen = transmission(*pixel + through / 2.0);
                *s2 += lines[0] * emission * (1.0 - front(t * sulphur)) * seen[0];
                *ha += lines[1] * emission * seen[1];
                *o3 += lines[2] * emission * front(t * oxygen) * seen[2];
            }
            *pixel += through;
        }
        depth.index_axis_mut(Axis(0), layer).assign(&column);
    }
    Emission { light, depth }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uniform(region: &Region) -> Cloud {
        let [layers, height, width] = region.shape;
        Cloud {
            density: Array3::ones((layers, height, width)),
            lanes: Array2::ones((height, width)),
        }
    }

    #[test]
    fn oxygen_shines_near_the_star_and_sulphur_at_the_front() {
        let config =
            NebulaConfig { size: 64, dust: 0.0, lanes: 0.0, reach: 0.4, ..Default::default() };
        let region = Region::new(64);
        let centre = region.shape.map(|length| length / 2);
        let light = shine(&config, &region, &uniform(&region), &[(centre, 1.0)]).light;
        let (y, x) = (centre[1], centre[2]);
        let at = |radius: usize| [0, 1, 2].map(|band| light[[band, y, x + radius]]);
        let ratios: Vec<f32> = [2, 8, 14, 20].map(|r| at(r)[2] / at(r)[0]).to_vec();
        assert!(ratios.windows(2).all(|pair| pair[0] > pair[1]), "{ratios:?}");
        // Outside the Stroemgren radius of 26 pixels little is left.
        assert!(at(34)[1] < 0.05 * at(10)[1], "{:?} {:?}", at(34), at(10));
        assert!(at(22)[1] > 0.2 * at(10)[1]);
    }

    #[test]
    fn dust_only_dims_and_dims_blue_light_most() {
        let clear = NebulaConfig { size: 32, dust: 0.0, lanes: 0.0, ..Default::default() };
        let region = Region::new(32);
        let mut cloud = uniform(&region);
        for (index, n) in cloud.density.iter_mut().enumerate() {
            *n = 0.2 + (index * 7919 % 100) as f32 / 50.0;
        }
        let hot = [(region.shape.map(|length| length / 2), 1.0)];
        let seen = |config: &NebulaConfig| shine(config, &region, &cloud, &hot).light;
        let bright = seen(&clear);
        for dusty in [
            NebulaConfig { dust: 1.0, ..clear.clone() },
            NebulaConfig { lanes: 1.0, ..clear.clone() },
        ] {
            let dim = seen(&dusty);
            assert!(dim.iter().zip(&bright).all(|(dim, bright)| dim <= bright));
            let kept: Vec<f32> = (0..3)
                .map(|band| {
                    dim.index_axis(Axis(0), band).sum() / bright.index_axis(Axis(0), band).sum()
                })
                .collect();
            assert!(kept[0] < 0.9 && kept[2] < kept[1], "{kept:?}");
        }
        assert_eq!(transmission(0.0), [1.0; 3]);
    }

    #[test]
    fn depth_grows_from_layer_to_layer() {
        let config = NebulaConfig { size: 16, dust: 1.0, lanes: 0.5, ..Default::default() };
        let region = Region::new(16);
        let depth = shine(&config, &region, &uniform(&region), &[([1, 8, 8], 1.0)]).depth;
        let last = region.shape[0] - 1;
        assert!((depth[[last, 4, 4]] - 1.5).abs() < 1e-4);
        assert!(depth[[0, 4, 4]] > 0.5 && depth[[0, 4, 4]] < depth[[1, 4, 4]]);
    }
}
