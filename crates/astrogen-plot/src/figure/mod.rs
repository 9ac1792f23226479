//! What every figure is made of: axes, a row of panels, colours, pixels or an SVG document.

pub(crate) mod canvas;
pub(crate) mod colour;
pub(crate) mod frame;
pub(crate) mod legend;
pub(crate) mod row;

use std::path::Path;

use canvas::Drawing;

use crate::error::PlotError;
use crate::file;

/// Writes a drawing, whole or not at all, as the ending of `path` says, `.png` or `.svg`.
pub(crate) fn save(
    path: &Path,
    width: u32,
    height: u32,
    drawing: &impl Drawing,
) -> Result<(), PlotError> {
    if ![width, height].iter().all(|side| (320..=8192).contains(side)) {
        return Err(PlotError::BadFigureSize { width, height });
    }
    let bytes = match file::extension(path).as_deref() {
        Some("png") => canvas::png(width, height, drawing)?.encode()?,
        Some("svg") => canvas::svg(width, height, drawing)?.into_bytes(),
        _ => {
            let expected = ".png or .svg";
            return Err(PlotError::BadExtension { path: path.to_owned(), expected });
        }
    };
    file::write_whole(path, &bytes)
}
