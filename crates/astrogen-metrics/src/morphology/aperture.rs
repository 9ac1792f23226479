//! Circles on pixels, to the exact part of every pixel that they cover.

use std::f64::consts::FRAC_PI_4;
use std::ops::Range;

use super::Plane;

/// Half of a pixel's diagonal, and a little.
const CORNER: f64 = 0.7072;

/// The Petrosian radius is where the mean on the circle is this part of the mean within.
const PETROSIAN: f64 = 0.2;

/// The width of the annulus on the circle, in pixels.
const ANNULUS: f64 = 1.0;

/// Steps in which a radius is sought before it is refined.
const STEPS: usize = 100;

/// A circle over a frame.
pub(super) struct Circle {
    centre: [f64; 2],
    radius: f64,
    columns: Vec<Edge>,
    rows: Vec<Edge>,
}

/// An edge between pixels: its signed distance from the centre, and the area of the quarter circle
/// between the centre and it.
struct Edge {
    distance: f64,
    area: f64,
}

impl Circle {
    pub(super) fn new(plane: &Plane, centre: [f64; 2], radius: f64) -> Self {
        let edges = |count: usize, centre: f64| {
            let edge = |index: usize| {
                let distance = index as f64 - 0.5 - centre;
                let d = distance.abs().min(radius);
                let turned = radius * radius * (d / radius).clamp(0.0, 1.0).asin();
                let area = 0.5 * (d * (radius * radius - d * d).max(0.0).sqrt() + turned);
                Edge { distance, area }
            };
            (0..=count).map(edge).collect()
        };
        let (columns, rows) = (edges(plane.width, centre[0]), edges(plane.height, centre[1]));
        Self { centre, radius, columns, rows }
    }

    /// The columns of a row that it may touch, and those of them that it covers whole.
    pub(super) fn columns(&self, y: usize) -> [Range<usize>; 2] {
        let down = y as f64 - self.centre[1];
        let within = |radius: f64| {
            let reach = (radius.max(0.0).powi(2) - down * down).sqrt(); // NaN beyond it
            let first = (self.centre[0] - reach).ceil().max(0.0) as usize; // 0 of NaN
            let end = ((self.centre[0] + reach).floor() + 1.0).max(0.0) as usize;
            first..end.min(self.columns.len() - 1)
        };
        let (touched, covered) = (within(self.radius + CORNER), within(self.radius - CORNER));
        let end = touched.end;
        [touched, if covered.is_empty() { end..end } else { covered }]
    }

    /// The part of pixel `(x, y)` within the circle, 0 to 1.
    pub(super) fn part(&self, x: usize, y: usize) -> f64 {
        let ([left, right], [top, bottom]) =
            ([&self.columns[x], &self.columns[x + 1]], [&self.rows[y], &self.rows[y + 1]]);
        self.corner(right, bottom) - self.corner(left, bottom) - self.corner(right, top)
            + self.corner(left, top)
    }

    /// The area of the circle between the centre and two edges, with the sign of both distances.
    fn corner(&self, column: &Edge, row: &Edge) -> f64 {
        let (x, y) = (column.distance, row.distance);
        if x * x + y * y <= self.radius * self.radius {
            return x * y;
        }
        let quarter = FRAC_PI_4 * self.radius * self.radius;
        let area = column.area + row.area - quarter;
        if (x < 0.0) == (y < 0.0) { area } else { -area }
    }
}

/// The light of an image within growing circles about one centre.
pub(super) struct Growth<'a> {
    plane: &'a Plane,
    centre: [f64; 2],
    /// Distances of pixels from the centre, ascending.
    distances: Vec<f64>,
    /// Their places in the image.
    places: Vec<usize>,
    /// The light of the pixels before each.
    light: Vec<f64>,
}

impl<'a> Growth<'a> {
    pub(super) fn new(plane: &'a Plane, centre: [f64; 2]) -> Self {
        let mut pixels: Vec<(f64, usize)> = Vec::with_capacity(plane.values.len());
        for y in 0..plane.height {
            for x in 0..plane.width {
                let distance = (x as f64 - centre[0]).hypot(y as f64 - centre[1]);
                pixels.push((distance, y * plane.width + x));
            }
        }
        pixels.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut sum = 0.0;
        let mut light = vec![0.0];
        light.extend(pixels.iter().map(|(_, place)| {
            sum += plane.values[*place];
            sum
        }));
        let (distances, places) = pixels.into_iter().unzip();
        Self { plane, centre, distances, places, light }
    }

    /// Light and area within a radius, those parts of the circle that lie in the frame.
    fn within(&self, radius: f64) -> [f64; 2] {
        if radius <= 0.0 {
            return [0.0; 2];
        }
        let inner = self.distances.partition_point(|distance| *distance <= radius - CORNER);
        let outer = self.distances.partition_point(|distance| *distance < radius + CORNER);
        let circle = Circle::new(self.plane, self.centre, radius);
        let mut sum = [self.light[inner], inner as f64];
        for place in &self.places[inner..outer] {
            let part = circle.part(place % self.plane.width, place / self.plane.width);
            sum[0] += part * self.plane.values[*place];
            sum[1] += part;
        }
        sum
    }

    pub(super) fn light(&self, radius: f64) -> f64 {
        self.within(radius)[0]
    }

    /// The Petrosian radius, from the annulus' width to the frame's diagonal.
    pub(super) fn petrosian_radius(&self) -> f64 {
        let mean = |[light, area]: [f64; 2]| if area > 0.0 { (light / area).abs() } else { 0.0 };
        let excess = |radius: f64| {
            let within = self.within(radius);
            let [low, high] =
                [radius - 0.5 * ANNULUS, radius + 0.5 * ANNULUS].map(|radius| self.within(radius));
            let annulus = [high[0] - low[0], high[1] - low[1]];
            let (on, within) = (mean(annulus), mean(within));
            if on > 0.0 { (on / within).min(1.0) - PETROSIAN } else { -PETROSIAN }
        };
        let diagonal = (self.plane.width as f64).hypot(self.plane.height as f64);
        let step = (diagonal - ANNULUS) / (STEPS - 1) as f64;
        let mut previous = None;
        for index in 0..STEPS {
            let radius = ANNULUS + step * index as f64;
            let value = excess(radius);
            match (value > 0.0, previous) {
                (true, _) => previous = Some((radius, value)),
                (false, None) => return ANNULUS,
                (false, Some(low)) => return root(low, (radius, value), excess),
            }
        }
        diagonal
    }

    /// The radius that holds a part of the light within `outer`.
    pub(super) fn radius_of(&self, part: f64, outer: f64) -> f64 {
        let total = self.light(outer).abs();
        let excess = |radius: f64| self.light(radius).abs() / total - part;
        let mut low = (0.0, -part);
        for index in 1..STEPS {
            let radius = outer * index as f64 / (STEPS - 1) as f64;
            let value = excess(radius);
            if value > 0.0 {
                return root(low, (radius, value), excess);
            }
            low = (radius, value);
        }
        f64::NAN
    }
}

/// Where a function changes sign between two points, to some 1e-11: by false position, with
/// the value of an end that stays halved (Illinois).
fn root(mut a: (f64, f64), mut b: (f64, f64), function: impl Fn(f64) -> f64) -> f64 {
    while (b.0 - a.0).abs() > 1e-11 {
        let x = (a.0 * b.1 - b.0 * a.1) / (b.1 - a.1);
        let value = function(x);
        if value.abs() < 1e-14 || x == a.0 || x == b.0 {
            return x;
        }
        // `b` is the newest point, and the root is between the two.
        if (value > 0.0) == (b.1 > 0.0) {
            a.1 *= 0.5;
        } else {
            a = b;
        }
        b = (x, value);
    }
    b.0
}
