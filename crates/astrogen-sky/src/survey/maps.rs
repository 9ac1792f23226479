//! The survey's sky: HEALPix maps of where it looked and under which conditions.

use super::SurveyConfig;
use super::field::SmoothField;
use super::sphere::{Cap, Direction, direction, dot, ra_dec, separation};
use crate::error::SkyError;
use crate::random::{seed_of, stream};
use astrogen_catalog::skymap::{Coordinates, Grid, Ordering, SkyMap};
use cdshealpix::nested::cone_coverage_approx;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, Poisson};
use rayon::prelude::*;

/// The conditions of a galaxy, in order: sky noise (flux per arcsec of aperture side) and
/// seeing (FWHM in arcsec) in r, i, z.
pub const CONDITIONS: [&str; 6] =
    ["skyvar_r", "skyvar_i", "skyvar_z", "fwhm_r", "fwhm_i", "fwhm_z"];

/// The maps that select the clean pixels, in order.
///
/// `footprint` is the share of a pixel that was covered (1 is clean); `foreground` is 1 around
/// stars, 2 around bright ones (0 is clean); `badregions` is 2 in bad regions and 1 close to
/// them (below 2 is clean).
pub const SELECTION: [&str; 3] = ["footprint", "foreground", "badregions"];

/// The share of the variance that bands have in common.
const COMMON: f64 = 0.6;

/// The steepness with which a condition follows its field.
const STEEPNESS: f64 = 1.5;

/// What lies around a bad region, in its radii.
const RIM: f64 = 1.5;

/// The HEALPix maps of a survey, for the pixels of its footprint.
///
/// The footprint is a round patch. A pixel at the angle `d` from its centre is covered to the
/// share `1 - S((d - radius) / edge + 1/2)`, with the smooth step `S(x) = 3 x^2 - 2 x^3` from 0
/// to 1: fully inside, and not at all beyond half an edge outside the radius. Every map is
/// known where the share is above zero.
///
/// A condition moves within its range, `low + (high - low) / (1 + exp(-1.5 f))`, along a
/// smooth Gaussian random field `f` of variance 1 whose covariance at the angle `a` is
/// `exp(-a^2 / (2 coherence^2))`. The three bands of the noise share three fifths of the
/// variance, being taken under one sky; so do the three bands of the seeing.
#[derive(Clone, Debug)]
pub struct SurveyMaps {
    grid: Grid,
    pixels: Vec<u64>,
    conditions: Vec<[f32; 6]>,
    selection: Vec<[f32; 3]>,
}

impl SurveyMaps {
    /// Draws the maps of checked settings.
    pub(super) fn draw(config: &SurveyConfig, seed: u64) -> Result<Self, SkyError> {
        let grid = Grid::new(config.nside)?;
        let patch = config.patch();
        let pixels = within(grid, patch);
        let weather = Weather::draw(config, seed_of(seed, 0));
        let centre = direction(config.centre);
        let (conditions, selection) = pixels
            .par_iter()
            .map(|&pixel| {
                let here = centre_of(grid, pixel);
                let covered = config.coverage(separation(here, centre).to_degrees());
                (weather.at(here), [covered as f32, 0.0, 0.0])
            })
            .unzip();
        let mut maps = Self { grid, pixels, conditions, selection };

        let [mut stars, mut spots] = [1, 2].map(|purpose| stream(seed, purpose));
        let largest = config.star_radius;
        for centre in places(patch, config.star_density, largest, &mut stars) {
            // Bright stars are rare.
            let share = 0.25 + 0.75 * stars.random_range(0.0_f64..1.0).powi(3);
            let value = if share > 0.5 { 2.0 } else { 1.0 };
            maps.mark(1, Cap { centre, radius: (share * largest).to_radians() }, value);
        }
        let largest = config.bad_radius;
        for centre in places(patch, config.bad_density, RIM * largest, &mut spots) {
            let radius = (largest * spots.random_range(0.5..=1.0)).to_radians();
            maps.mark(2, Cap { centre, radius }, 2.0);
            maps.mark(2, Cap { centre, radius: RIM * radius }, 1.0);
        }
        Ok(maps)
    }

    /// Raises the selecting map `map` to `value` in all pixels with their centre in the cap.
    fn mark(&mut self, map: usize, cap: Cap, value: f32) {
        for pixel in within(self.grid, cap) {
            if let Ok(row) = self.pixels.binary_search(&pixel) {
                self.selection[row][map] = self.selection[row][map].max(value);
            }
        }
    }

    /// The HEALPix pixels, in equatorial coordinates.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// The pixels of the footprint in NESTED order, rising.
    pub fn pixels(&self) -> &[u64] {
        &self.pixels
    }

    /// The six conditions of each of these pixels, in the order of [`CONDITIONS`].
    pub fn conditions(&self) -> &[[f32; 6]] {
        &self.conditions
    }

    /// The selecting maps' values for each of these pixels, in the order of [`SELECTION`].
    pub fn selection(&self) -> &[[f32; 3]] {
        &self.selection
    }

    /// The map of a name in [`CONDITIONS`] or [`SELECTION`].
    ///
    /// # Errors
    /// [`SkyError::Setting`] for another name.
    pub fn map(&self, name: &str) -> Result<SkyMap, SkyError> {
        let at = |names: &[&str]| names.iter().position(|known| *known == name);
        let values: Vec<f32> = match (at(&CONDITIONS), at(&SELECTION)) {
            (Some(map), _) => self.conditions.iter().map(|values| values[map]).collect(),
            (_, Some(map)) => self.selection.iter().map(|values| values[map]).collect(),
            (None, None) => {
                let (setting, rule) = ("the map's name", "one of CONDITIONS or SELECTION");
                return Err(SkyError::Setting { name: setting, rule, got: format!("{name:?}") });
            }
        };
        Ok(SkyMap::partial(
            self.grid.nside(),
            Ordering::Nested,
            Coordinates::Equatorial,
            &self.pixels,
            vec![(name.to_uppercase(), values)],
        )?)
    }

    /// The position among [`pixels`](Self::pixels) of the one that holds a right ascension
    /// and declination in degrees, if it belongs to the footprint.
    pub(super) fn find(&self, [ra, dec]: [f64; 2]) -> Option<usize> {
        self.pixels.binary_search(&self.grid.pixel(ra, dec)).ok()
    }

    /// Whether the pixel at a position is clean: covered, no foreground, no bad region.
    pub(super) fn is_clean(&self, position: usize) -> bool {
        let [footprint, foreground, bad] = self.selection[position];
        footprint == 1.0 && foreground == 0.0 && bad < 2.0
    }
}

/// The fields behind the six conditions.
struct Weather {
    common: [SmoothField; 2],
    own: [SmoothField; 6],
    ranges: [[f64; 2]; 6],
}

impl Weather {
    fn draw(config: &SurveyConfig, seed: u64) -> Self {
        let length = config.coherence.to_radians();
        let field = |number| SmoothField::draw(length, &mut stream(seed, number));
        let [noise, seeing] = [config.noise, config.seeing];
        Self {
            common: [0, 1].map(field),
            own: [2, 3, 4, 5, 6, 7].map(field),
            ranges: std::array::from_fn(|at| if at < 3 { noise[at] } else { seeing[at - 3] }),
        }
    }

    fn at(&self, here: Direction) -> [f32; 6] {
        let common = self.common.each_ref().map(|field| COMMON.sqrt() * field.at(here));
        std::array::from_fn(|at| {
            let field = common[at / 3] + (1.0 - COMMON).sqrt() * self.own[at].at(here);
            let [low, high] = self.ranges[at];
            (low + (high - low) / (1.0 + (-STEEPNESS * field).exp())) as f32
        })
    }
}

/// Where discs of up to `largest` degrees that touch the patch have their centres.
fn places<R: Rng>(patch: Cap, density: f64, largest: f64, rng: &mut R) -> Vec<Direction> {
    let around = Cap { radius: patch.radius + largest.to_radians(), ..patch };
    let mean = density * around.area();
    let count = Poisson::new(mean).map_or(0.0, |poisson| poisson.sample(rng)) as usize;
    (0..count).map(|_| around.draw(rng)).collect()
}

/// The pixels with their centre inside a cap, rising.
fn within(grid: Grid, cap: Cap) -> Vec<u64> {
    if cap.radius <= 0.0 {
        return Vec::new();
    }
    let [ra, dec] = ra_dec(cap.centre).map(f64::to_radians);
    let nearest = cap.radius.cos();
    let touched = cone_coverage_approx(grid.nside().trailing_zeros() as u8, ra, dec, cap.radius);
    let inside = |&pixel: &u64| dot(centre_of(grid, pixel), cap.centre) > nearest;
    let mut pixels: Vec<u64> = touched.flat_iter().filter(inside).collect();
    pixels.sort_unstable();
    pixels
}

fn centre_of(grid: Grid, pixel: u64) -> Direction {
    let (ra, dec) = grid.centre(pixel);
    direction([ra, dec])
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use cdshealpix::nested;

    fn config() -> SurveyConfig {
        SurveyConfig { nside: 128, coherence: 2.0, ..Default::default() }
    }

    #[test]
    fn the_patch_has_its_area_its_edge_and_its_holes() {
        let config = config();
        let maps = SurveyMaps::draw(&config, 4).unwrap();
        let side = (4.0 * std::f64::consts::PI / 12.0).sqrt().to_degrees() / 128.0;
        let covered: f64 = maps.selection().iter().map(|values| f64::from(values[0])).sum();
        let area = Cap { radius: config.radius.to_radians(), ..config.patch() }.area();
        assert!((covered * side * side / area - 1.0).abs() < 0.02, "{covered}");
        assert!(maps.pixels().is_sorted_by(|a, b| a < b));
        let centre = direction(config.centre);
        for (&pixel, &[footprint, foreground, bad]) in maps.pixels().iter().zip(maps.selection()) {
            let angle = separation(centre_of(maps.grid(), pixel), centre).to_degrees();
            assert!(
                footprint > 0.0 && footprint <= 1.0 && angle < config.radius + config.edge / 2.0
            );
            let into = angle - (config.radius - config.edge / 2.0);
            assert!(if into <= 0.0 { footprint == 1.0 } else { footprint < 1.0 || into < 1e-3 });
            assert!([0.0, 1.0, 2.0].contains(&foreground) && [0.0, 1.0, 2.0].contains(&bad));
        }
        let share = |wanted: &dyn Fn(&[f32; 3]) -> bool| {
            maps.selection().iter().filter(|v| wanted(v)).count() as f64
                / maps.pixels().len() as f64
        };
        assert!((0.002..0.1).contains(&share(&|v| v[1] == 1.0)));
        assert!((0.002..0.1).contains(&share(&|v| v[1] == 2.0)));
        assert!((0.002..0.1).contains(&share(&|v| v[2] == 2.0)));
        assert!((0.002..0.1).contains(&share(&|v| v[2] == 1.0)));
        let clean = (0..maps.pixels().len()).filter(|&at| maps.is_clean(at)).count();
        assert!((0.8..0.97).contains(&(clean as f64 / maps.pixels().len() as f64)), "{clean}");

        let none = SurveyConfig { star_density: 0.0, bad_density: 0.0, edge: 0.0, ..config };
        let maps = SurveyMaps::draw(&none, 4).unwrap();
        assert!(maps.selection().iter().all(|&values| values == [1.0, 0.0, 0.0]));
    }

    #[test]
    fn conditions_are_smooth_inside_their_ranges_and_alike_in_all_bands() {
        let config = config();
        let maps = SurveyMaps::draw(&config, 9).unwrap();
        let ranges: Vec<[f64; 2]> = config.noise.into_iter().chain(config.seeing).collect();
        let layer = nested::get(7);
        let mut spread = [0.0; 6];
        for (&pixel, values) in maps.pixels().iter().zip(maps.conditions()) {
            for (at, (&value, range)) in values.iter().zip(&ranges).enumerate() {
                assert!((range[0]..=range[1]).contains(&f64::from(value)), "{value} {range:?}");
                spread[at] += ((f64::from(value) - range[0]) / (range[1] - range[0]) - 0.5).powi(2)
                    / maps.pixels().len() as f64;
            }
            for next in layer.neighbours(pixel, false).values_vec() {
                if let Ok(row) = maps.pixels().binary_search(&next) {
                    for ((one, other), range) in
                        values.iter().zip(&maps.conditions()[row]).zip(&ranges)
                    {
                        // The field's slope is 1 / L in each direction: within five of its
                        // deviations, and the logistic curve's slope is at most 1.5 / 4.
                        let steps = f64::from((one - other).abs()) / (range[1] - range[0]);
                        assert!(steps < 5.0 * (0.46 * 2_f64.sqrt() / 2.0) * 1.5 / 4.0, "{steps}");
                    }
                }
            }
        }
        // They use their ranges: a deviation between a tenth and a half of them.
        assert!(spread.iter().all(|square| (0.1..0.5).contains(&square.sqrt())), "{spread:?}");

        // Bands of one kind go together, over many skies.
        let here = direction(config.centre);
        let (mut same, mut others) = (0.0, 0.0);
        for seed in 0..400 {
            let values = Weather::draw(&config, seed).at(here);
            let unit = |at: usize| {
                (f64::from(values[at]) - ranges[at][0]) / (ranges[at][1] - ranges[at][0]) - 0.5
            };
            same += unit(0) * unit(1) + unit(3) * unit(4);
            others += unit(0) * unit(3) + unit(1) * unit(4);
        }
        assert!(same / 800.0 > 0.03 && (others / 800.0).abs() < 0.015, "{same} {others}");
    }

    #[test]
    fn a_place_is_found_in_its_pixel_and_nowhere_else() {
        let config = SurveyConfig { centre: [0.0, 85.0], ..config() };
        let maps = SurveyMaps::draw(&config, 1).unwrap();
        for (row, &pixel) in maps.pixels().iter().enumerate() {
            let (ra, dec) = maps.grid().centre(pixel);
            assert_eq!(maps.find([ra, dec]), Some(row));
        }
        assert_eq!(maps.find([0.0, -30.0]), None);
        assert_eq!(maps.find([0.0, 60.0]), None);

        // Every pixel with its centre in the patch is there, found the slow way.
        let patch = config.patch();
        let all = 0..maps.grid().len();
        let inside =
            |pixel: &u64| separation(centre_of(maps.grid(), *pixel), patch.centre) < patch.radius;
        assert_eq!(maps.pixels(), all.filter(inside).collect::<Vec<u64>>());
    }
}
