//! Directions on the sky as unit vectors.

use rand::{Rng, RngExt};
use std::f64::consts::TAU;

/// A unit vector: x towards right ascension 0, z towards the north pole.
pub(super) type Direction = [f64; 3];

/// The scalar product.
pub(super) fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// The direction of right ascension and declination in degrees.
pub(super) fn direction([ra, dec]: [f64; 2]) -> Direction {
    let ((sin_ra, cos_ra), (sin_dec, cos_dec)) =
        (ra.to_radians().sin_cos(), dec.to_radians().sin_cos());
    [cos_dec * cos_ra, cos_dec * sin_ra, sin_dec]
}

/// Right ascension in [0, 360) and declination in [-90, 90], in degrees.
pub(super) fn ra_dec([x, y, z]: Direction) -> [f64; 2] {
    let ra = y.atan2(x).to_degrees().rem_euclid(360.0);
    // A tiny negative angle plus 360 rounds to 360.
    [if ra < 360.0 { ra } else { 0.0 }, z.atan2(x.hypot(y)).to_degrees()]
}

/// The angle between two directions, in radians.
pub(super) fn separation(a: Direction, b: Direction) -> f64 {
    let chord = (a[0] - b[0]).hypot(a[1] - b[1]).hypot(a[2] - b[2]);
    2.0 * (chord / 2.0).min(1.0).asin()
}

/// All directions within an angle of a centre.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cap {
    /// The middle.
    pub(super) centre: Direction,
    /// The angle in radians.
    pub(super) radius: f64,
}

impl Cap {
    /// The area in square degrees.
    pub(super) fn area(&self) -> f64 {
        TAU * self.height() * 1.0_f64.to_degrees().powi(2)
    }

    /// `1 - cos(radius)`, exact for small caps too.
    fn height(&self) -> f64 {
        2.0 * (self.radius / 2.0).sin().powi(2)
    }

    /// A direction drawn evenly over the cap.
    pub(super) fn draw<R: Rng>(&self, rng: &mut R) -> Direction {
        let below = rng.random_range(0.0..1.0) * self.height();
        let (sin, cos) = ((below * (2.0 - below)).sqrt(), 1.0 - below);
        let (sin_angle, cos_angle) = rng.random_range(0.0..TAU).sin_cos();
        // Any two axes at right angles to the centre and to each other.
        let [x, y, z] = self.centre;
        let across = x.hypot(y);
        let east = if across > 0.0 { [-y / across, x / across, 0.0] } else { [0.0, 1.0, 0.0] };
        let north = [-z * east[1], z * east[0], x * east[1] - y * east[0]];
        std::array::from_fn(|axis| {
            cos * self.centre[axis] + sin * (cos_angle * east[axis] + sin_angle * north[axis])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;

    #[test]
    fn angles_come_back_from_directions() {
        for point in [[0.0, 0.0], [359.9, -30.0], [120.0, 89.0], [10.0, -89.999], [180.0, 45.0]] {
            let [ra, dec] = ra_dec(direction(point));
            assert!((ra - point[0]).abs() < 1e-9 && (dec - point[1]).abs() < 1e-12, "{ra} {dec}");
        }
        assert!((0.0..360.0).contains(&ra_dec([1.0, -1e-300, 0.0])[0]));
        let angle = separation(direction([40.0, -30.0]), direction([40.0, -31.0]));
        assert!((angle.to_degrees() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn directions_are_spread_evenly_over_the_cap() {
        for centre in [[0.3, -30.0], [200.0, 90.0], [10.0, -90.0]] {
            let cap = Cap { centre: direction(centre), radius: 10_f64.to_radians() };
            assert!((cap.area() - 313.36).abs() < 0.01, "{}", cap.area());
            let mut rng = stream(1, 0);
            let mut inner = 0;
            let mut sum = [0.0; 3];
            for _ in 0..20_000 {
                let drawn = cap.draw(&mut rng);
                assert!((dot(drawn, drawn) - 1.0).abs() < 1e-12);
                let angle = separation(drawn, cap.centre);
                assert!(angle <= cap.radius * (1.0 + 1e-9));
                inner += i32::from(angle < cap.radius / 2_f64.sqrt());
                (0..3).for_each(|axis| sum[axis] += drawn[axis] / 20_000.0);
            }
            // Half the area lies within 1/sqrt(2) of the radius, and no side is preferred.
            assert!((f64::from(inner) / 20_000.0 - 0.5).abs() < 0.02, "{inner}");
            let norm = dot(sum, sum).sqrt();
            assert!(separation(sum.map(|v| v / norm), cap.centre) < 0.005);
        }
    }
}
