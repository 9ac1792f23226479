//! Lines and areas of a density above a threshold, within the axes.

use std::collections::BTreeMap;

use super::density::{Density, NODES};

/// A place along the axes, each from 0 to `NODES - 1`.
pub(super) type Place = (f64, f64);

/// A side of a square of four nodes: its lower or left node, and whether it runs upwards.
type Side = (usize, usize, bool);

/// The lines at which the density crosses `threshold`, by marching squares: closed unless they
/// leave the axes. Within a side of a square the density runs straight.
pub(super) fn lines(density: &Density, threshold: f64) -> Vec<Vec<Place>> {
    // Every crossed side, with the crossed sides that a line leads on to: two, or one at an axis.
    let mut next: BTreeMap<Side, Vec<Side>> = BTreeMap::new();
    for y in 0..NODES - 1 {
        for x in 0..NODES - 1 {
            for [from, to] in crossings(density, threshold, x, y) {
                next.entry(from).or_default().push(to);
                next.entry(to).or_default().push(from);
            }
        }
    }
    let mut lines = Vec::new();
    let open = |next: &BTreeMap<Side, Vec<Side>>| {
        let end = next.iter().find(|(_, leads)| leads.len() == 1);
        end.or_else(|| next.first_key_value()).map(|(side, _)| *side)
    };
    while let Some(start) = open(&next) {
        let (mut line, mut at) = (vec![crossing(density, threshold, start)], start);
        while let Some(to) = next.get_mut(&at).and_then(Vec::pop) {
            if let Some(back) = next.get_mut(&to) {
                // The way here is used up.
                if let Some(way) = back.iter().position(|side| *side == at) {
                    back.swap_remove(way);
                }
            }
            line.push(crossing(density, threshold, to));
            at = to;
        }
        next.retain(|_, leads| !leads.is_empty());
        lines.push(line);
    }
    lines
}

/// The pieces of lines through one square, each from side to side.
fn crossings(density: &Density, threshold: f64, x: usize, y: usize) -> Vec<[Side; 2]> {
    let above = |x, y| density.at(x, y) > threshold;
    // Counterclockwise from the lower left corner, and the sides that begin there.
    let corners = [above(x, y), above(x + 1, y), above(x + 1, y + 1), above(x, y + 1)];
    let sides = [(x, y, false), (x + 1, y, true), (x, y + 1, false), (x, y, true)];
    let crossed: Vec<Side> = (0..4)
        .filter(|corner| corners[*corner] != corners[(corner + 1) % 4])
        .map(|corner| sides[corner])
        .collect();
    match crossed[..] {
        [from, to] => vec![[from, to]],
        [below, right, over, left] => {
            // Opposite corners are above: the middle says whether they hang together.
            let nodes = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)];
            let middle = nodes.iter().map(|(x, y)| density.at(*x, *y)).sum::<f64>() / 4.0;
            if (middle > threshold) == corners[0] {
                vec![[below, right], [over, left]]
            } else {
                vec![[left, below], [right, over]]
            }
        }
        _ => Vec::new(),
    }
}

/// Where a side is crossed.
fn crossing(density: &Density, threshold: f64, (x, y, upwards): Side) -> Place {
    let (from, x_at, y_at) = (density.at(x, y), x as f64, y as f64);
    let part = |to: f64| (threshold - from) / (to - from);
    if upwards {
        (x_at, y_at + part(density.at(x, y + 1)))
    } else {
        (x_at + part(density.at(x + 1, y)), y_at)
    }
}

/// The stretches along the horizontal line at `y` in which the density is above `threshold`.
pub(super) fn stretches(density: &Density, threshold: f64, y: f64) -> Vec<[f64; 2]> {
    let below = (y.max(0.0) as usize).min(NODES - 2);
    let part = (y - below as f64).clamp(0.0, 1.0);
    let at = |x| density.at(x, below) + part * (density.at(x, below + 1) - density.at(x, below));
    let mut stretches = Vec::new();
    let mut start = (at(0) > threshold).then_some(0.0);
    for x in 0..NODES - 1 {
        let (from, to) = (at(x), at(x + 1));
        let crossing = || x as f64 + (threshold - from) / (to - from);
        match start {
            None if to > threshold => start = Some(crossing()),
            Some(begin) if to <= threshold => {
                stretches.push([begin, crossing()]);
                start = None;
            }
            _ => {}
        }
    }
    stretches.extend(start.map(|begin| [begin, (NODES - 1) as f64]));
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two hills, and one that an axis cuts.
    fn hills(places: &[[f64; 2]]) -> Density {
        Density::new(places.iter().copied(), places.len(), 6.0)
    }

    #[test]
    fn a_hill_has_one_closed_round_line() {
        let density = hills(&[[48.0 / 95.0; 2]]);
        let threshold = density.at(48, 48) * (-0.5f64 * 4.0).exp(); // at two standard deviations
        let lines = lines(&density, threshold);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].first(), lines[0].last());
        for (x, y) in &lines[0] {
            assert!(((x - 48.0).hypot(y - 48.0) - 12.0).abs() < 0.05, "{x} {y}");
        }
        let [[from, to]] = stretches(&density, threshold, 48.0)[..] else { panic!("one stretch") };
        assert!((from - 36.0).abs() < 0.05 && (to - 60.0).abs() < 0.05, "{from} {to}");
        assert!(stretches(&density, threshold, 30.5).is_empty());
    }

    #[test]
    fn hills_have_a_line_each_and_a_cut_one_ends_at_the_axes() {
        let density = hills(&[[0.2, 0.3], [0.7, 0.7], [1.0, 0.2]]);
        let lines = lines(&density, 0.5 * density.at(19, 28));
        assert_eq!(lines.len(), 3);
        let (closed, open): (Vec<_>, Vec<_>) =
            lines.iter().partition(|line| line.first() == line.last());
        assert_eq!((closed.len(), open.len()), (2, 1));
        for end in [open[0].first(), open[0].last()] {
            assert_eq!(end.map(|(x, _)| *x), Some(95.0));
        }
    }

    #[test]
    fn saddles_leave_every_line_whole() {
        // A chessboard of points: every line is closed or ends at an axis on both sides.
        let places: Vec<[f64; 2]> = (0..2000)
            .map(|i| [f64::from(i * 7919 % 1009) / 1009.0, f64::from(i * 104_729 % 997) / 997.0])
            .collect();
        let density = Density::new(places.into_iter(), 2000, 1.0);
        let lines = lines(&density, 1.0 / 9216.0);
        assert!(lines.len() > 20);
        let at_an_axis = |(x, y): &Place| [x, y].iter().any(|at| **at == 0.0 || **at == 95.0);
        for line in lines {
            let (first, last) = (line[0], line[line.len() - 1]);
            assert!(first == last || (at_an_axis(&first) && at_an_axis(&last)));
        }
    }
}
