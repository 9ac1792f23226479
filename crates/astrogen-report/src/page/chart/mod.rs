//! Lines over an axis as an SVG picture in the page: its colours are the page's, so it is as readable
//! in the dark.

mod axis;
mod line;

use astrogen_plot::Scale;
use maud::{Markup, html};

use super::words::{human, short};
use axis::{across, place, upward};
pub(super) use line::Line;

/// The picture, in its own units: small enough that its writing can be read on a telephone.
const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 252.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 22.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 40.0;
/// Values that reach over more than this are drawn over powers of ten.
const RATIO: f64 = 40.0;

/// A chart with a title above it, and a legend if it has several lines.
#[derive(Debug)]
pub(super) struct Chart<'a> {
    pub(super) title: String,
    /// What is counted along the horizontal axis.
    pub(super) horizontal: &'a str,
    /// What is along the vertical one, where the title does not say it.
    pub(super) vertical: &'a str,
    pub(super) lines: Vec<Line>,
}

impl Chart<'_> {
    /// The chart; nothing where no line has two points.
    pub(super) fn draw(&self) -> Option<Markup> {
        let lines: Vec<&Line> = self.lines.iter().filter(|line| line.points.len() > 1).collect();
        let reach = range(lines.iter().flat_map(|line| line.points.iter().map(|point| point[0])))?;
        let (limits, cut) = limits(&lines)?;
        let [x, y] = [across(reach)?, upward(limits, RATIO)?];
        let [width, height] = [WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
        let point = |[right, up]: [f64; 2]| {
            Some([place(&x, right)? * width, (1.0 - place(&y, up)?) * height])
        };
        let gathered = lines.iter().map(|line| line.gathered()).max().unwrap_or(1);
        let spoken = lines.iter().map(|line| line.spoken()).collect::<Vec<_>>().join("; ");
        Some(html! {
            figure.chart {
                figcaption {
                    strong { (self.title) }
                    @if !self.vertical.is_empty() { span.quiet { " · " (self.vertical) } }
                    @if y.scale() == Scale::Log { span.quiet { " · powers of ten" } }
                    @if lines.len() > 1 {
                        ul.legend { @for line in &lines { li {
                            svg.key viewBox="0 0 20 8" aria-hidden="true" {
                                path class=(line.class()) d="M0 4H20" {}
                            }
                            (human(&line.name))
                        } } }
                    }
                }
                svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img"
                    aria-label=(format!("{}: {spoken}", self.title)) {
                    g.grid {
                        @for tick in y.ticks(5) {
                            @if let Some(at) = place(&y, tick.value) {
                                @let down = TOP + (1.0 - at) * height;
                                path d=(format!("M{LEFT} {down:.1}h{width}")) {}
                                text.upright x=(LEFT - 6.0) y=(format!("{:.1}", down + 4.0)) { (tick.label) }
                            }
                        }
                        @for tick in x.ticks(5) {
                            @if let Some(at) = place(&x, tick.value) {
                                @let right = LEFT + at * width;
                                path d=(format!("M{right:.1} {}v5", TOP + height)) {}
                                text x=(format!("{right:.1}")) y=(TOP + height + 18.0) { (tick.label) }
                            }
                        }
                        path.axis d=(format!("M{LEFT} {}h{width}", TOP + height)) {}
                        text x=(LEFT + width / 2.0) y=(HEIGHT - 5.0) { (self.horizontal) }
                    }
                    // An inner picture, which cuts what is beyond the axes.
                    svg x=(LEFT) y=(TOP) width=(width) height=(height) {
                        @for line in &lines { (line.draw(point)) }
                    }
                }
                @if gathered > 1 {
                    p.note { "Means of up to " (gathered) " neighbouring values, shaded from their least to their largest." }
                }
                @if let Some(largest) = cut {
                    p.note { "Values as far as " (short(largest)) " are beyond the picture." }
                }
            }
        })
    }
}

/// Charts beside each other where there is room.
pub(super) fn charts(charts: &[Markup]) -> Markup {
    html! { div.charts { @for chart in charts { (chart) } } }
}

/// The smallest and the largest finite value.
fn range(values: impl Iterator<Item = f64>) -> Option<[f64; 2]> {
    values.filter(|value| value.is_finite()).fold(None, |range, value| {
        let [low, high] = range.unwrap_or([value, value]);
        Some([value.min(low), value.max(high)])
    })
}

/// The values that are drawn, and the most remote of those that are not: where a few are far from all
/// others, these alone fill the picture.
fn limits(lines: &[&Line]) -> Option<([f64; 2], Option<f64>)> {
    let values = lines.iter().flat_map(|line| line.points.iter().map(|point| point[1]));
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let (low, high) = (*values.first()?, *values.last()?);
    let at = |share: f64| values[(share * (values.len() - 1) as f64).round() as usize];
    let (inner, span) = ([at(0.01), at(0.99)], at(0.99) - at(0.01));
    let is_log = low > 0.0 && high / low > RATIO;
    if is_log || values.len() < 50 || span <= 0.0 || high - low < 6.0 * span {
        return Some(([low, high], None));
    }
    let kept = [low.max(inner[0] - span), high.min(inner[1] + span)];
    let far = if high - kept[1] > kept[0] - low { high } else { low };
    Some((kept, Some(far)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn chart(values: Vec<f64>) -> Option<String> {
        let points = (0_u32..).zip(values).map(|(at, value)| [f64::from(at), value]).collect();
        let lines = vec![Line::new("validation_nll", points, 0)];
        let chart = Chart { title: "NLL <b>".into(), horizontal: "step", vertical: "", lines };
        chart.draw().map(|markup| markup.into_string())
    }

    #[test]
    fn a_chart_says_what_it_shows() {
        let html = chart(vec![3.0, 2.0, 1.5]).unwrap();
        assert!(html.contains("Validation NLL from 3 to 1.5"), "{html}");
        assert!(html.contains("NLL &lt;b&gt;") && !html.contains("<b>"), "{html}");
        assert!(!html.contains("powers of ten") && !html.contains("NaN"), "{html}");
    }

    #[test]
    fn values_of_many_sizes_are_over_powers_of_ten() {
        let html = chart(vec![100.0, 1.0, 0.01]).unwrap();
        assert!(html.contains("powers of ten") && html.contains(">0.01<"), "{html}");
    }

    #[test]
    fn nothing_is_drawn_of_nothing_and_of_no_numbers() {
        assert_eq!(chart(vec![]), None);
        assert_eq!(chart(vec![1.0]), None);
        assert_eq!(chart(vec![f64::NAN, f64::INFINITY]), None);
        let html = chart(vec![1.0, f64::NAN, 2.0, 3.0]).unwrap();
        assert!(!html.contains("NaN"), "{html}");
    }

    #[test]
    fn many_values_are_gathered_and_it_is_said() {
        let values = |count: u32| (0..count).map(|at| f64::from(at % 7)).collect();
        let html = chart(values(1000)).unwrap();
        assert!(html.contains("Means of up to 5 neighbouring values, shaded"), "{html}");
        assert!(!chart(values(400)).unwrap().contains("Means of"));
    }

    #[test]
    fn a_value_between_two_gaps_is_a_dot() {
        let html = chart(vec![1.0, f64::NAN, 2.0, f64::NAN, 3.0, 2.5]).unwrap();
        assert_eq!(html.matches("<circle").count(), 2, "the first and the third: {html}");
        assert!(!chart(vec![1.0, 2.0, f64::NAN, 3.0, 2.5]).unwrap().contains("<circle"));
    }

    #[test]
    fn a_few_far_values_do_not_flatten_all_others() {
        let mut values: Vec<f64> = (0..300).map(|at| (f64::from(at) * 0.1).sin()).collect();
        values[7] = -1000.0;
        let html = chart(values).unwrap();
        assert!(html.contains("Values as far as -1000 are beyond the picture"), "{html}");
    }
}
