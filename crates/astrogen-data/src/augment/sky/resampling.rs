//! Shifts by parts of a pixel and changes of scale, in one resampling.
//!
//! ```text
//! out[y, x] = sum_ij rows[y, i] columns[x, j] in[i, j]
//! ```
//!
//! Neither turns the axes, so each is resampled by a matrix of its own, which is fast, can be
//! differentiated any number of times and costs the same for any kernel.

use std::f64::consts::PI;

use tch::{Kind, Tensor};

use crate::augment::translation::mirror;

/// Images `[N, C, H, W]`, magnified about their centre by `scales`, `[N]`, and shifted by (dy, dx) of
/// `shifts`, `[N, 2]`, in pixels:
///
/// ```text
/// out[n, c, y, x] = in[n, c, cy + (y - cy) / scale + dy, cx + (x - cx) / scale + dx]
/// ```
///
/// by Lanczos' kernel of six pixels, its weights normalised to sum 1, with what lies beyond the
/// border mirrored about the border pixels. Shifts by whole pixels are exact.
pub(super) fn resample(images: &Tensor, shifts: &Tensor, scales: &Tensor) -> Tensor {
    let (size, kind) = (images.size(), images.kind());
    let (shifts, scales) = (shifts.to_kind(kind), scales.to_kind(kind).unsqueeze(1));
    let along = |axis: i64, side: i64| matrix(&shifts.narrow(1, axis, 1), &scales, side);
    let (rows, columns) = (along(0, size[2]), along(1, size[3]));
    let across = images.flatten(1, 2).bmm(&columns.transpose(1, 2)); // [N, C * H, W]
    rows.unsqueeze(1).matmul(&across.view_as(images))
}

/// What takes an axis of `side` pixels to the resampled one, `[N, to, from]`, for shifts and scales
/// `[N, 1]`.
fn matrix(shifts: &Tensor, scales: &Tensor, side: i64) -> Tensor {
    let options = (shifts.kind(), shifts.device());
    let center = (side - 1) as f64 / 2.0;
    let places = (Tensor::arange(side, options) - center) / scales + shifts + center;
    let nearest = places.round(); // [N, side]
    let taps = Tensor::arange_start(-3, 4, options);
    let weights = lanczos(&(&places - &nearest).unsqueeze(2), &taps); // [N, side, 7]
    let weights = &weights / weights.sum_dim_intlist(2, true, None::<Kind>);
    let sources = mirror(&(nearest.unsqueeze(2) + taps).to_kind(Kind::Int64), side);
    Tensor::zeros([shifts.size()[0], side, side], options).scatter_add(2, &sources, &weights)
}

/// `sinc(t) sinc(t / 3)` for `|t| < 3`, else 0, at `t = part - tap` for parts of a pixel in
/// [-1/2, 1/2] and whole taps.
fn lanczos(parts: &Tensor, taps: &Tensor) -> Tensor {
    let offsets = parts - taps;
    // sin(pi t) = (-1)^tap sin(pi part): exactly 0 where the part is.
    let signs: Tensor = 1.0 - taps.remainder(2) * 2.0;
    let sines = (parts * PI).sin() * signs * (&offsets * (PI / 3.0)).sin();
    let beside = sines * (3.0 / (PI * PI)) / offsets.square();
    let within = parts.sinc() * (parts / 3.0).sinc(); // at tap 0
    beside.where_self(&taps.ne(0), &within) * offsets.abs().lt(3)
}
