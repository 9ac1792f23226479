//! The numbers of one object.

use super::aperture::Growth;
use super::asymmetry::Asymmetry;
use super::segment::Object;
use super::{Morphology, Plane};

/// Radius of the circle that numbers are of, in Petrosian radii.
const EXTENT: f64 = 1.5;

/// How far the centre may be from where the search began, in Petrosian radii.
const DRIFT: f64 = 0.25;

impl Object {
    /// The numbers, about a centre that is given or sought.
    pub(super) fn measure(&self, centre: Option<[f64; 2]>) -> Morphology {
        let Some(pixels) = Pixels::of(&self.plane, &self.segment) else {
            return Morphology::NONE;
        };
        let centroid = pixels.centroid;
        if !self.plane.holds(centroid) {
            return Morphology::NONE;
        }
        let petrosian_radius = Growth::new(&self.plane, centroid).petrosian_radius();
        let radius = EXTENT * petrosian_radius;
        let asymmetry = Asymmetry { plane: &self.plane, radius, noise: self.noise };
        let centre = centre.unwrap_or_else(|| {
            let near = |place: [f64; 2], start: [f64; 2]| {
                (place[0] - start[0]).hypot(place[1] - start[1]) <= DRIFT * petrosian_radius
            };
            let starts = [centroid, pixels.brightest()];
            let found = starts.into_iter().map(|start| (start, asymmetry.least_from(start)));
            let mut found = found.filter(|(start, place)| near(*place, *start));
            found.next().map_or(centroid, |(_, place)| place)
        });
        let growth = Growth::new(&self.plane, centre);
        let petrosian_radius = growth.petrosian_radius();
        let outer = EXTENT * petrosian_radius;
        let flux = growth.light(outer);
        let radius = |part| if flux > 0.0 { growth.radius_of(part, outer) } else { f64::NAN };
        let [r20, half_light_radius, r80] = [0.2, 0.5, 0.8].map(radius);
        let asymmetry = asymmetry.about(centre);
        Morphology {
            flux: if flux > 0.0 { flux } else { f64::NAN },
            half_light_radius,
            concentration: 5.0 * (r80 / r20).log10(),
            asymmetry: if asymmetry.is_finite() { asymmetry } else { f64::NAN },
            gini: pixels.gini(),
            m20: pixels.m20(),
            petrosian_radius,
            r20,
            r80,
            centre,
            pixels: pixels.ascending.len(),
        }
    }
}

/// The pixels of a segment that has light.
struct Pixels {
    /// `[value, x, y]`, by ascending value.
    ascending: Vec<[f64; 3]>,
    light: f64,
    centroid: [f64; 2],
}

impl Pixels {
    /// Those of a segment, unless their sum is 0 or below.
    fn of(plane: &Plane, segment: &[bool]) -> Option<Self> {
        let places = segment.iter().enumerate().filter(|(_, inside)| **inside);
        let mut ascending: Vec<[f64; 3]> = places
            .map(|(place, _)| {
                let [x, y] = [place % plane.width, place / plane.width];
                [plane.values[place], x as f64, y as f64]
            })
            .collect();
        ascending.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let light: f64 = ascending.iter().map(|[value, ..]| value).sum();
        let moment = |axis: usize| ascending.iter().map(|of| of[0] * of[axis]).sum::<f64>() / light;
        let centroid = [moment(1), moment(2)];
        (light > 0.0).then_some(Self { ascending, light, centroid })
    }

    fn brightest(&self) -> [f64; 2] {
        self.ascending.last().map_or(self.centroid, |[_, x, y]| [*x, *y])
    }

    fn gini(&self) -> f64 {
        let mut values: Vec<f64> = self.ascending.iter().map(|[value, ..]| value.abs()).collect();
        values.sort_unstable_by(f64::total_cmp);
        let n = values.len() as f64; // of one pixel NaN, by 0 / 0
        let rank = |(index, value): (usize, &f64)| (2.0 * index as f64 + 1.0 - n) * value;
        let ranked: f64 = values.iter().enumerate().map(rank).sum();
        ranked / ((n - 1.0) * values.iter().sum::<f64>())
    }

    fn m20(&self) -> f64 {
        let [x0, y0] = self.centroid;
        let moment = |pixels: &[[f64; 3]]| -> f64 {
            let of = |[value, x, y]: &[f64; 3]| value * ((x - x0).powi(2) + (y - y0).powi(2));
            pixels.iter().map(of).sum()
        };
        let mut sum = 0.0;
        let least = self.ascending.iter().find(|[value, ..]| {
            sum += value;
            sum / self.light >= 0.8
        });
        let least = least.map_or(f64::INFINITY, |[value, ..]| *value);
        // With all pixels as bright as the faintest of them.
        let first = self.ascending.partition_point(|[value, ..]| *value < least);
        let (brightest, all) = (moment(&self.ascending[first..]), moment(&self.ascending));
        if brightest > 0.0 && all > 0.0 { (brightest / all).log10() } else { f64::NAN }
    }
}
