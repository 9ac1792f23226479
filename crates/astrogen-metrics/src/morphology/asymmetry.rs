//! What an image and itself turned by 180 degrees differ in, and where they do least.

use std::f64::consts::PI;

use super::Plane;
use super::aperture::Circle;

/// The last step of the search for the centre, in pixels.
const LAST_STEP: f64 = 1.0 / 1024.0;

/// An image within a circle of fixed radius about any centre.
pub(super) struct Asymmetry<'a> {
    pub(super) plane: &'a Plane,
    pub(super) radius: f64,
    /// Standard deviation of the sky's noise.
    pub(super) noise: f64,
}

impl Asymmetry<'_> {
    /// `(sum of |I - I180| - area A_sky) / sum of |I|` about a centre in the frame; infinite
    /// outside it and where there is no light.
    pub(super) fn about(&self, centre: [f64; 2]) -> f64 {
        if !self.plane.holds(centre) {
            return f64::INFINITY;
        }
        let (width, circle) = (self.plane.width, Circle::new(self.plane, centre, self.radius));
        let [mut light, mut difference, mut area] = [0.0; 3];
        let mut turned = TurnedRow::new(width, centre);
        for y in 0..self.plane.height {
            let [touched, covered] = circle.columns(y);
            if touched.is_empty() {
                continue;
            }
            let row = &self.plane.values[y * width..(y + 1) * width];
            let turned = turned.of(self.plane, y);
            for x in (touched.start..covered.start).chain(covered.end..touched.end) {
                let part = circle.part(x, y);
                light += part * row[x].abs();
                difference += part * (row[x] - turned[x]).abs();
                area += part;
            }
            area += covered.len() as f64;
            let sums = sums_of(&row[covered.clone()], &turned[covered]);
            light += sums[0];
            difference += sums[1];
        }
        if light > 0.0 {
            (difference - area * 2.0 * self.noise / PI.sqrt()) / light
        } else {
            f64::INFINITY
        }
    }

    /// Where it is least, sought downhill from a place: to the best of eight neighbours at one
    /// pixel, and at half as much each time that none is better.
    pub(super) fn least_from(&self, start: [f64; 2]) -> [f64; 2] {
        let (mut centre, mut least, mut step) = (start, self.about(start), 1.0);
        let mut moved = None;
        while step >= LAST_STEP {
            let mut best = None;
            for neighbour in NEIGHBOURS {
                // Neighbours of the last place too, which were worse than this one.
                let known = |moved: [f64; 2]| {
                    (0..2).all(|axis| (neighbour[axis] + moved[axis]).abs() <= 1.0)
                };
                if moved.is_some_and(known) {
                    continue;
                }
                let value = self.about([0, 1].map(|axis| centre[axis] + step * neighbour[axis]));
                if value < least {
                    (best, least) = (Some(neighbour), value);
                }
            }
            match best {
                Some(best) => centre = [0, 1].map(|axis| centre[axis] + step * best[axis]),
                None => step *= 0.5,
            }
            moved = best;
        }
        centre
    }
}

/// Rows of an image turned by 180 degrees about a centre, 0 where it was beyond the frame.
struct TurnedRow {
    /// By axis: what is at `x` lay between the pixels `turn - x` and the next one,
    turn: [isize; 2],
    /// and so far from the former.
    beyond: [f64; 2],
    /// A row of the image from between two, and a 0 on either side.
    row: Vec<f64>,
    turned: Vec<f64>,
}

impl TurnedRow {
    fn new(width: usize, centre: [f64; 2]) -> Self {
        let turn = centre.map(|along| (2.0 * along).floor() as isize);
        let beyond = centre.map(|along| 2.0 * along - (2.0 * along).floor());
        Self { turn, beyond, row: vec![0.0; width + 2], turned: vec![0.0; width] }
    }

    fn of(&mut self, plane: &Plane, y: usize) -> &[f64] {
        let width = plane.width;
        let place = self.turn[1] - y as isize;
        self.row.fill(0.0);
        for (place, weight) in [(place, 1.0 - self.beyond[1]), (place + 1, self.beyond[1])] {
            if (0..plane.height as isize).contains(&place) {
                let from = &plane.values[place as usize * width..][..width];
                self.row[1..].iter_mut().zip(from).for_each(|(to, from)| *to += weight * from);
            }
        }
        let within = |column: isize| column.clamp(0, width as isize) as usize;
        let columns = within(self.turn[0] + 1 - width as isize)..within(self.turn[0] + 2);
        let place = (self.turn[0] + 2) as usize - columns.end; // in `row`, of the last column
        let [near, next] = [place, place + 1].map(|place| &self.row[place..place + columns.len()]);
        self.turned.fill(0.0);
        let pairs = near.iter().rev().zip(next.iter().rev());
        for (to, (near, next)) in self.turned[columns].iter_mut().zip(pairs) {
            *to = (1.0 - self.beyond[0]) * near + self.beyond[0] * next;
        }
        &self.turned
    }
}

/// Sums of `|row|` and of `|row - turned|`, four at a time.
fn sums_of(row: &[f64], turned: &[f64]) -> [f64; 2] {
    let mut sums = [[0.0; 4]; 2];
    let [(rows, last_row), (turns, last_turned)] = [row.as_chunks::<4>(), turned.as_chunks::<4>()];
    for (row, turned) in rows.iter().zip(turns) {
        for lane in 0..4 {
            sums[0][lane] += row[lane].abs();
            sums[1][lane] += (row[lane] - turned[lane]).abs();
        }
    }
    for (row, turned) in last_row.iter().zip(last_turned) {
        sums[0][0] += row.abs();
        sums[1][0] += (row - turned).abs();
    }
    sums.map(|lanes| lanes.iter().sum())
}

const NEIGHBOURS: [[f64; 2]; 8] = [
    [1.0, 0.0],
    [0.0, 1.0],
    [-1.0, 0.0],
    [0.0, -1.0],
    [1.0, 1.0],
    [-1.0, 1.0],
    [-1.0, -1.0],
    [1.0, -1.0],
];
