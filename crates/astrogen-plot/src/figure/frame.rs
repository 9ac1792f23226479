//! One panel: where values lie in it, its grid lines and the values written beside its axes.

use plotters::backend::DrawingBackend;
use plotters::style::BLACK;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::canvas::{Canvas, Pixel};
use crate::axis::{Axis, Tick};
use crate::error::PlotError;

/// How far from its panel a place lies at most, in pixels of the canvas: far outside, and no number
/// overflows.
const FAR: f64 = 1e5;

/// The rectangle of a panel in pixels of the canvas, with its axes.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) left: i32,
    pub(crate) right: i32,
    pub(crate) top: i32,
    pub(crate) bottom: i32,
    pub(crate) x_axis: Axis,
    pub(crate) y_axis: Axis,
}

impl Frame {
    pub(crate) fn x(&self, value: f64) -> i32 {
        self.left + along(&self.x_axis, value, self.right - self.left)
    }

    pub(crate) fn y(&self, value: f64) -> i32 {
        self.bottom - along(&self.y_axis, value, self.bottom - self.top)
    }

    pub(crate) fn at(&self, (x, y): (f64, f64)) -> Pixel {
        (self.x(x), self.y(y))
    }

    /// Grid lines over the panel, and below it the values of its horizontal axis: those that have room
    /// within `room` and beside their neighbours.
    pub(super) fn draw_grid<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        y_ticks: &[Tick],
        room: (i32, i32),
    ) -> Result<(), PlotError> {
        let Self { left, right, top, bottom, x_axis, .. } = *self;
        let grid = canvas.stroke(BLACK, 0.12, 1.0);
        for tick in y_ticks {
            let y = self.y(tick.value);
            canvas.line(vec![(left, y), (right, y)], grid)?;
        }
        let style = canvas.text(17.0, 0.85).pos(Pos::new(HPos::Center, VPos::Top));
        let wanted = (canvas.finished(right - left) / 80.0).max(2.0);
        let (mut from, to) = room;
        for tick in readable(&x_axis, wanted) {
            let x = self.x(tick.value);
            canvas.line(vec![(x, top), (x, bottom)], grid)?;
            let half = canvas.width_of(&tick.label, &style)? / 2;
            if x - half >= from && x + half <= to {
                canvas.write(&tick.label, &style, (x, bottom + canvas.px(9.0)))?;
                from = x + half + canvas.px(6.0);
            }
        }
        Ok(())
    }

    /// The values of the vertical axis, left of the panel.
    pub(super) fn draw_y_labels<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        y_ticks: &[Tick],
    ) -> Result<(), PlotError> {
        let beside = canvas.text(17.0, 0.85).pos(Pos::new(HPos::Right, VPos::Center));
        for tick in y_ticks {
            let at = (self.left - canvas.px(8.0), self.y(tick.value));
            canvas.write(&tick.label, &beside, at)?;
        }
        Ok(())
    }
}

/// How far along an axis of so many pixels a value lies.
fn along(axis: &Axis, value: f64, pixels: i32) -> i32 {
    (axis.position(value) * f64::from(pixels)).round().clamp(-FAR, FAR) as i32
}

/// About so many round values; more where there would be no three of them, and more still where
/// there would be no two.
pub(super) fn readable(axis: &Axis, wanted: f64) -> Vec<Tick> {
    let mut ticks = axis.ticks(wanted as usize);
    for (least, more) in [(3, 1.6), (2, 2.2)] {
        if ticks.len() < least {
            ticks = axis.ticks((more * wanted) as usize);
        }
    }
    ticks
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::axis::Scale;

    #[test]
    fn what_is_endlessly_far_lies_outside_on_its_side() {
        let axis = Axis::between(0.0, 1e-9, Scale::Linear).unwrap();
        let frame =
            Frame { left: 50, right: 250, top: 20, bottom: 120, x_axis: axis, y_axis: axis };
        assert_eq!(frame.at((0.0, 1e-9)), (50, 20));
        for far in [1e12, 1e299] {
            assert!(frame.y(far) < 0 && frame.y(-far) > 10_000, "{far}");
            assert!(frame.x(far) > 10_000 && frame.x(-far) < 0, "{far}");
        }
    }
}
