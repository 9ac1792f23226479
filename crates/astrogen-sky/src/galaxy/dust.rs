//! A layer of dust in the disc's plane, and how much of it lies in front of a star.
//!
//! ```text
//! tau_V = dust int exp(-R / L) sech^2(z / 2h) / (4 h) ds       from the star to the observer
//! ```
//!
//! `dust` is the optical depth through the centre, seen face-on; `L` is 1.4 thin-disc lengths
//! and `h` half the thin disc's height (Xilouris et al. 1999, A&A 344, 868).

use super::config::Disc;

/// Points at which the layer is summed along a line of sight.
const POINTS: usize = 32;

/// Where the layer ends, in its lengths and heights.
const EDGE: f64 = 8.0;

/// The layer, seen at an inclination.
pub(super) struct Dust {
    depth: f64,
    length: f64,
    height: f64,
    sin: f64,
    cos: f64,
}

impl Dust {
    /// The layer of a disc with an optical depth, for an observer in the direction
    /// `(0, sin, cos)`.
    pub(super) fn new(depth: f64, disc: &Disc, (sin, cos): (f64, f64)) -> Self {
        Self { depth, length: 1.4 * disc.length, height: 0.5 * disc.height, sin, cos }
    }

    /// The optical depth in V between a place and the observer.
    pub(super) fn in_front(&self, [x, y, z]: [f64; 3]) -> f64 {
        if self.depth == 0.0 {
            return 0.0;
        }
        // The part of the line of sight, from the star on, that lies inside the layer.
        let mut ends = [0.0, f64::MAX];
        for (place, step, edge) in
            [(y, self.sin, EDGE * self.length), (z, self.cos, EDGE * self.height)]
        {
            if step.abs() > 1e-9 {
                let crossings = [(-edge - place) / step, (edge - place) / step];
                ends[0] = crossings[0].min(crossings[1]).max(ends[0]);
                ends[1] = crossings[0].max(crossings[1]).min(ends[1]);
            } else if place.abs() > edge {
                return 0.0;
            }
        }
        let step = (ends[1] - ends[0]) / POINTS as f64;
        if step <= 0.0 {
            return 0.0;
        }
        let density = |index: usize| {
            let along = ends[0] + step * (index as f64 + 0.5);
            let radius = x.hypot(y + along * self.sin);
            let layer = ((z + along * self.cos) / (2.0 * self.height)).cosh();
            (-radius / self.length).exp() / (layer * layer)
        };
        let sum: f64 = (0..POINTS).map(density).sum();
        self.depth * sum * step / (4.0 * self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::GalaxyConfig;
    use super::*;

    #[test]
    fn a_star_behind_the_disc_is_dimmed_and_one_before_it_is_not() {
        let disc = GalaxyConfig::default().thin;
        let face_on = Dust::new(2.0, &disc, (0.0, 1.0));
        let at = |x: f64, z: f64| face_on.in_front([x, 0.0, z]);
        assert!((at(0.0, -3.0) - 2.0).abs() < 2e-3, "{}", at(0.0, -3.0));
        assert!((at(0.0, 0.0) - 1.0).abs() < 2e-3);
        assert!(at(0.0, 3.0) < 1e-3);
        assert!((at(1.4 * disc.length, -3.0) - 2.0 / 1_f64.exp()).abs() < 2e-3);
        assert_eq!(Dust::new(0.0, &disc, (0.0, 1.0)).in_front([0.0, 0.0, -3.0]), 0.0);
    }

    #[test]
    fn a_slanted_path_is_longer_and_an_edge_on_disc_hides_its_far_side() {
        let disc = GalaxyConfig::default().thin;
        let depth = |inclination: f64, place| {
            Dust::new(1.0, &disc, inclination.to_radians().sin_cos()).in_front(place)
        };
        // Through the plane at the same point, 5 kpc from the centre.
        let slanted = depth(60.0, [5.0, -3.0_f64.sqrt(), -1.0]);
        assert!((slanted / depth(0.0, [5.0, 0.0, -1.0]) - 2.0).abs() < 0.02, "{slanted}");
        let [far, near] = [-5.0, 5.0].map(|y| depth(90.0, [0.0, y, 0.0]));
        assert!(far > 5.0 * near && near > 0.0, "{far} {near}");
        assert!(depth(90.0, [0.0, -5.0, 1.5]) < 0.01 * far);
    }
}
