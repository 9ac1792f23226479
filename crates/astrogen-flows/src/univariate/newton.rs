//! The inverse of an increasing function without a formula for it.

use tch::{Kind, Tensor, no_grad};

/// Steps after which every start has converged: each halves its bracket, or better.
const STEPS: usize = 80;

/// `x` in `[low, high]` with `f(x) = y`, by Newton's steps where they stay in the bracket and
/// halving where they do not; elementwise. `f` gives the function and its slope, which is above 0.
///
/// Gradients by `y` and by what `f` is made of are those of the implicit function.
pub(super) fn solve(
    y: &Tensor,
    [low, high]: [&Tensor; 2],
    f: impl Fn(&Tensor) -> (Tensor, Tensor),
) -> Tensor {
    let x = no_grad(|| {
        let [mut low, mut high] = [low.shallow_clone(), high.shallow_clone()];
        let mut x = (&low + &high) * 0.5;
        for _ in 0..STEPS {
            let (value, slope) = f(&x);
            let above = value.ge_tensor(y);
            high = x.where_self(&above, &high);
            low = low.where_self(&above, &x);
            let newton = &x - (value - y) / slope;
            let middle = (&low + &high) * 0.5;
            let inside = newton.gt_tensor(&low).logical_and(&newton.lt_tensor(&high));
            let next = newton.where_self(&inside, &middle);
            let still = (&next - &x).abs().le_tensor(&(x.abs() * epsilon(x.kind())));
            x = next;
            if still.all().int64_value(&[]) == 1 {
                break;
            }
        }
        x
    });
    // One more step of Newton's changes nothing but has the gradients.
    let (value, slope) = f(&x);
    &x - (value - y) / slope.detach()
}

/// The distance of 1 to the next number.
fn epsilon(kind: Kind) -> f64 {
    match kind {
        Kind::Double => f64::EPSILON,
        _ => f64::from(f32::EPSILON),
    }
}
