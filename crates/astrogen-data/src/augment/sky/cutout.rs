//! Squares without light.

use tch::{Kind, Tensor};

/// No light, in signed range.
const BLACK: f64 = -1.0;

/// Makes images `[N, C, H, W]` black, each in its square `(y, x, side)` of `squares`, `[N, 3]`: where
/// `|(i + 1/2) / H - y| < side / 2` for the row `i`, and the columns alike.
pub(super) fn cut_out(images: &mut Tensor, squares: &Tensor) {
    let size = images.size();
    let half = squares.narrow(1, 2, 1) / 2.0; // [N, 1]
    let within = |axis: i64, side: i64| {
        let places = Tensor::arange(side, (Kind::Float, images.device()));
        let places = (places + 0.5) / side as f64;
        (places - squares.narrow(1, axis, 1)).abs().lt_tensor(&half) // [N, side]
    };
    let (rows, columns) = (within(0, size[2]), within(1, size[3]));
    let square = rows.unsqueeze(2).logical_and(&columns.unsqueeze(1)); // [N, H, W]
    let _ = images.masked_fill_(&square.unsqueeze(1), BLACK);
}
