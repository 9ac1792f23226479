//! A line of a chart.

use maud::{Markup, html};

use super::super::words::{human, short};

/// Points that are drawn one by one; more are gathered.
const POINTS: usize = 400;
/// How many are left of those that are gathered.
const BUCKETS: usize = 220;
/// Colours that the page has for lines.
const COLOURS: usize = 6;

/// A line with its name.
#[derive(Debug)]
pub(crate) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<[f64; 2]>,
    colour: usize,
    /// Whether it is what others are compared with.
    dashed: bool,
}

impl Line {
    /// A line in a colour of the page.
    pub(crate) fn new(name: &str, points: Vec<[f64; 2]>, colour: usize) -> Self {
        Self { name: name.to_owned(), points, colour: colour % COLOURS, dashed: false }
    }

    /// The same, drawn as what others are compared with.
    pub(crate) fn dashed(self) -> Self {
        Self { dashed: true, ..self }
    }

    /// The upper edge of bars between `low` and `high`.
    pub(crate) fn bars(name: &str, [low, high]: [f64; 2], bars: &[f64], colour: usize) -> Self {
        let width = (high - low) / bars.len().max(1) as f64;
        let edges = |(at, value): (usize, &f64)| {
            [at, at + 1].map(|edge| [low + width * edge as f64, *value])
        };
        Self::new(name, bars.iter().enumerate().flat_map(edges).collect(), colour)
    }

    pub(super) fn class(&self) -> String {
        format!("line c{}{}", self.colour, if self.dashed { " dashed" } else { "" })
    }

    /// Where it begins and ends, in words.
    pub(super) fn spoken(&self) -> String {
        let mut finite = self.points.iter().map(|point| point[1]).filter(|value| value.is_finite());
        let first = finite.next();
        match (first, finite.next_back()) {
            (Some(first), Some(last)) => {
                format!("{} from {} to {}", human(&self.name), short(first), short(last))
            }
            _ => human(&self.name),
        }
    }

    /// How many points make one of the line as it is drawn: 1 unless there are many.
    pub(super) fn gathered(&self) -> usize {
        match self.points.len() {
            0..=POINTS => 1,
            many => many.div_ceil(BUCKETS),
        }
    }

    /// The line, by where its points are; of many points their means with the range around them.
    pub(super) fn draw(&self, place: impl Fn([f64; 2]) -> Option<[f64; 2]>) -> Markup {
        let size = self.gathered();
        if size == 1 {
            return self.trace(self.points.iter().map(|at| place(*at)));
        }
        let buckets: Vec<[f64; 4]> = self.points.chunks(size).filter_map(bucket).collect();
        let side = |of: usize| buckets.iter().map(move |bucket| [bucket[0], bucket[of]]);
        let around = side(2).chain(side(3).rev()).filter_map(&place);
        html! {
            path class=(format!("range c{}", self.colour)) d=(path(around.map(Some)).0 + "Z") {}
            (self.trace(side(1).map(&place)))
        }
    }

    /// The line through places, and a dot at each that is between two gaps.
    fn trace(&self, places: impl Iterator<Item = Option<[f64; 2]>>) -> Markup {
        let (line, alone) = path(places);
        html! {
            path class=(self.class()) d=(line) {}
            @for [x, y] in alone {
                circle class=(format!("c{}", self.colour)) cx=(format!("{x:.1}"))
                    cy=(format!("{y:.1}")) r="2.5" {}
            }
        }
    }
}

/// Where the points of a bucket lie, and their mean, least and largest value.
fn bucket(points: &[[f64; 2]]) -> Option<[f64; 4]> {
    let values: Vec<f64> =
        points.iter().map(|point| point[1]).filter(|value| value.is_finite()).collect();
    let (least, most) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| {
            (value.min(least), value.max(most))
        });
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let along = points.iter().map(|point| point[0]).sum::<f64>() / points.len() as f64;
    (count > 0.0).then_some([along, mean, least, most])
}

/// The path through places, with a gap where there is none, and the places between two gaps, of which a
/// path shows nothing.
fn path(places: impl Iterator<Item = Option<[f64; 2]>>) -> (String, Vec<[f64; 2]>) {
    let (mut path, mut alone) = (String::new(), Vec::new());
    let mut run = Vec::new();
    for place in places.chain([None]) {
        if let Some(place) = place {
            run.push(place);
            continue;
        }
        match run[..] {
            [one] => alone.push(one),
            _ => {
                for (at, [x, y]) in run.iter().enumerate() {
                    let pen = if at == 0 { 'M' } else { 'L' };
                    path += &format!("{pen}{x:.1} {y:.1}");
                }
            }
        }
        run.clear();
    }
    (path, alone)
}
