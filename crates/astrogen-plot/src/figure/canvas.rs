//! What a figure is drawn on: pixels or an SVG document, each with its way of lines and letters.

use std::sync::OnceLock;

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, DashedPathElement, PathElement, Polygon, Rectangle};
use plotters::style::text_anchor::VPos;
use plotters::style::{
    BLACK, Color, FontStyle, IntoFont, IntoTextStyle, RGBAColor, RGBColor, ShapeStyle, TextStyle,
    WHITE, register_font,
};

use crate::error::PlotError;
use crate::png::Picture;

/// The family every text names: in PNG the embedded font, in SVG whatever the viewer has.
const FAMILY: &str = "sans-serif";

/// The size of the font for letters of size 1.
const LETTERS: f64 = 1.24;

/// PNG is drawn so much larger and averaged down, for smooth lines and letters, and for slanting lines as thick
/// as level ones: plotters rounds their thickness to whole pixels along each axis. Large figures, whose
/// pixels would fill the memory, half as much.
fn oversampling(width: u32, height: u32) -> u32 {
    if width.saturating_mul(height) <= 1 << 22 { 4 } else { 2 }
}

/// How much wider than the embedded font another may be, which a viewer of SVG chooses.
pub(crate) const BREADTH: f64 = 1.18;

/// A point of the canvas, in its own pixels, from the top left.
pub(crate) type Pixel = (i32, i32);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Medium {
    Pixels,
    Document,
}

/// An area to draw on. Sizes of text, strokes and distances are given in pixels of the finished
/// figure, places in pixels of the canvas.
pub(crate) struct Canvas<'a, DB: DrawingBackend> {
    area: &'a DrawingArea<DB, Shift>,
    medium: Medium,
    scale: f64,
    pub(crate) width: i32,
    pub(crate) height: i32,
}

/// A drawing that works on either medium.
pub(crate) trait Drawing {
    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError>;
}

/// Draws on pixels.
pub(crate) fn png(width: u32, height: u32, drawing: &impl Drawing) -> Result<Picture, PlotError> {
    let times = oversampling(width, height);
    let (wide, high) = (width * times, height * times);
    let mut pixels = vec![255; (wide * high * 3) as usize];
    let area = BitMapBackend::with_buffer(&mut pixels, (wide, high)).into_drawing_area();
    let canvas = Canvas::new(&area, Medium::Pixels, f64::from(times))?;
    drawing.draw(&canvas)?;
    area.present().map_err(refused)?;
    drop(area);
    let large = image::RgbImage::from_raw(wide, high, pixels)
        .ok_or_else(|| PlotError::Draw("the pixels do not fill the picture".into()))?;
    let bytes = image::imageops::thumbnail(&large, width, height).into_raw();
    let (width, height) = (width as usize, height as usize);
    Ok(Picture { width, height, channels: 3, bytes })
}

/// Draws an SVG document.
pub(crate) fn svg(width: u32, height: u32, drawing: &impl Drawing) -> Result<String, PlotError> {
    let mut document = String::new();
    let area = SVGBackend::with_string(&mut document, (width, height)).into_drawing_area();
    drawing.draw(&Canvas::new(&area, Medium::Document, 1.0)?)?;
    area.present().map_err(refused)?;
    drop(area);
    Ok(document)
}

impl<'a, DB: DrawingBackend> Canvas<'a, DB> {
    fn new(
        area: &'a DrawingArea<DB, Shift>,
        medium: Medium,
        scale: f64,
    ) -> Result<Self, PlotError> {
        embed_font()?;
        area.fill(&WHITE).map_err(refused)?;
        let (width, height) = area.dim_in_pixel();
        Ok(Self { area, medium, scale, width: width as i32, height: height as i32 })
    }

    /// The rectangle from its upper left corner up to, and without, its lower right one, as a
    /// canvas of its own.
    pub(crate) fn part(
        &self,
        from: Pixel,
        to: Pixel,
        draw: impl FnOnce(&Canvas<'_, DB>) -> Result<(), PlotError>,
    ) -> Result<(), PlotError> {
        let (width, height) = ((to.0 - from.0).max(0), (to.1 - from.1).max(0));
        let area = self.area.clone().shrink(from, (width, height));
        draw(&Canvas { area: &area, medium: self.medium, scale: self.scale, width, height })
    }

    /// A distance of the finished figure in pixels of the canvas.
    pub(crate) fn px(&self, size: f64) -> i32 {
        (size * self.scale).round() as i32
    }

    /// The reverse of [`Canvas::px`].
    pub(crate) fn finished(&self, pixels: i32) -> f64 {
        f64::from(pixels) / self.scale
    }

    pub(crate) fn stroke(&self, colour: RGBColor, opacity: f64, width: f64) -> ShapeStyle {
        let width = (width * self.scale).round().max(1.0);
        colour.mix(opacity).stroke_width(width as u32)
    }

    pub(crate) fn text(&self, size: f64, opacity: f64) -> TextStyle<'static> {
        let font = (FAMILY, size * LETTERS * self.scale).into_font();
        font.color(&BLACK.mix(opacity)).into_text_style(self.area)
    }

    /// The width of a text, in SVG that of a wider font.
    pub(crate) fn width_of(&self, text: &str, style: &TextStyle) -> Result<i32, PlotError> {
        let (width, _) = self.area.estimate_text_size(&clean(text), style).map_err(refused)?;
        let breadth = if self.medium == Medium::Pixels { 1.0 } else { BREADTH };
        Ok((f64::from(width) * breadth).ceil() as i32)
    }

    /// Writes a text, or as much of its beginning as has room, with an ellipsis.
    pub(crate) fn write_within(
        &self,
        room: i32,
        text: &str,
        style: &TextStyle,
        at: Pixel,
    ) -> Result<(), PlotError> {
        if self.width_of(text, style)? <= room {
            return self.write(text, style, at);
        }
        let mut kept: Vec<char> = text.chars().collect();
        while kept.pop().is_some() {
            let shorter: String = kept.iter().chain(&['\u{2026}']).collect();
            if self.width_of(&shorter, style)? <= room {
                return self.write(&shorter, style, at);
            }
        }
        Ok(())
    }

    pub(crate) fn write(
        &self,
        text: &str,
        style: &TextStyle,
        (x, mut y): Pixel,
    ) -> Result<(), PlotError> {
        if text.is_empty() {
            return Ok(());
        }
        if self.medium == Medium::Pixels && matches!(style.pos.v_pos, VPos::Center) {
            y += (0.18 * style.font.get_size()) as i32; // plotters centres above the letters' middle
        }
        self.area.draw_text(&clean(text), style, (x, y)).map_err(refused)
    }

    /// A line through all points. As pixels each stretch is drawn by itself: the joints that
    /// plotters makes shoot far beyond sharp corners.
    pub(crate) fn line(&self, points: Vec<Pixel>, style: ShapeStyle) -> Result<(), PlotError> {
        if self.medium == Medium::Document {
            return self.area.draw(&PathElement::new(points, style)).map_err(refused);
        }
        for pair in points.windows(2) {
            self.area.draw(&PathElement::new(pair, style)).map_err(refused)?;
        }
        Ok(())
    }

    pub(crate) fn dashes(&self, points: Vec<Pixel>, style: ShapeStyle) -> Result<(), PlotError> {
        self.broken(points, [7.0, 5.0], style)
    }

    pub(crate) fn dots(&self, points: Vec<Pixel>, style: ShapeStyle) -> Result<(), PlotError> {
        self.broken(points, [2.0, 3.0], style)
    }

    /// A line of dashes with gaps, so long each.
    fn broken(
        &self,
        points: Vec<Pixel>,
        lengths: [f64; 2],
        style: ShapeStyle,
    ) -> Result<(), PlotError> {
        let [dash, gap] = lengths.map(|length| self.px(length));
        self.area.draw(&DashedPathElement::new(points, dash, gap, style)).map_err(refused)
    }

    /// A rectangle from its upper left corner up to, and without, its lower right one.
    pub(crate) fn rectangle(
        &self,
        from: Pixel,
        to: Pixel,
        colour: RGBAColor,
    ) -> Result<(), PlotError> {
        self.area.draw(&Rectangle::new([from, to], colour.filled())).map_err(refused)
    }

    /// A filled area within a closed line.
    pub(crate) fn polygon(&self, corners: Vec<Pixel>, colour: RGBAColor) -> Result<(), PlotError> {
        self.area.draw(&Polygon::new(corners, colour.filled())).map_err(refused)
    }

    pub(crate) fn dot(&self, at: Pixel, colour: RGBColor) -> Result<(), PlotError> {
        self.area.draw(&Circle::new(at, self.px(3.0), colour.filled())).map_err(refused)
    }
}

/// The width of a text as pixels, in the size that [`Canvas::text`] is given.
pub(crate) fn text_width(text: &str, size: f64) -> Result<u32, PlotError> {
    embed_font()?;
    let font = (FAMILY, size * LETTERS).into_font();
    Ok(font.box_size(&clean(text)).map_err(refused)?.0)
}

fn refused(error: impl std::fmt::Display) -> PlotError {
    PlotError::Draw(error.to_string())
}

/// Makes the embedded font known to plotters, once.
fn embed_font() -> Result<(), PlotError> {
    static READY: OnceLock<bool> = OnceLock::new();
    let font = epaint_default_fonts::UBUNTU_LIGHT;
    if *READY.get_or_init(|| register_font(FAMILY, FontStyle::Normal, font).is_ok()) {
        return Ok(());
    }
    Err(PlotError::Draw("the embedded font is broken".into()))
}

/// Line breaks and other control characters have no picture, and some no place in SVG.
fn clean(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    /// A line of the usual thickness from one corner region to the other.
    struct Line(f64);

    impl Drawing for Line {
        fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), PlotError> {
            let (size, half) = (f64::from(canvas.width), 0.35 * f64::from(canvas.width));
            let (x, y) = (half * self.0.cos(), half * self.0.sin());
            let at = |sign: f64| ((size / 2.0 + sign * x) as i32, (size / 2.0 + sign * y) as i32);
            canvas.line(vec![at(-1.0), at(1.0)], canvas.stroke(BLACK, 1.0, 2.2))
        }
    }

    #[test]
    fn a_slanting_line_is_as_thick_as_a_level_one() {
        let ink = |degrees: f64| {
            let picture = png(400, 400, &Line(degrees.to_radians())).unwrap();
            picture.bytes.iter().map(|&value| 255.0 - f64::from(value)).sum::<f64>()
        };
        let level = ink(0.0);
        for degrees in [15.0, 30.0, 45.0, 60.0, 75.0, 90.0] {
            let share = ink(degrees) / level;
            assert!((share - 1.0).abs() < 0.15, "{degrees}: {share}");
        }
    }
}
