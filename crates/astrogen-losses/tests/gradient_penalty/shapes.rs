//! What the kernels refuse, and what they leave alone.

use astrogen_losses::{GradientPenaltyConfig, gradient_penalty, piecewise_linear_penalty};
use tch::{Kind, Tensor, no_grad};

use crate::stack::{Layer, Stack, linear, values};

fn critic() -> Stack {
    Stack(vec![linear(3, 4, 1), Layer::LeakyRelu(0.2), linear(4, 1, 2)])
}

fn config() -> GradientPenaltyConfig {
    GradientPenaltyConfig::default()
}

#[test]
fn nothing_behind_the_points_gets_a_gradient() {
    let (critic, points) = (critic(), values(&[2, 3], 3).set_requires_grad(true));
    let penalty = gradient_penalty(|x| critic.forward(x), &(&points * 2.0), &config());
    penalty.value.backward();
    assert!(!points.grad().defined());
    assert!(critic.weights().iter().all(|(_, weight)| weight.grad().defined()));
    assert!(!penalty.norm.requires_grad());
}

#[test]
fn the_closed_form_builds_no_graph_and_leaves_autograd_on() {
    let (critic, points) = (critic(), values(&[2, 3], 3));
    let penalty = piecewise_linear_penalty(&critic, &points, &config());
    assert!(!penalty.value.requires_grad() && !penalty.norm.requires_grad());
    assert!(critic.forward(&points).requires_grad());
}

#[test]
fn a_value_that_is_not_finite_is_passed_on() {
    let critic = critic();
    let points = Tensor::from_slice2(&[[0.1, 0.2, f64::NAN], [0.1, 0.2, 0.3]]);
    let square = |x: &Tensor| critic.forward(x).square();
    let penalty = gradient_penalty(square, &points, &config());
    assert!(penalty.value.double_value(&[]).is_nan());
}

#[test]
#[should_panic(expected = "points [N, ...] with N at least 1, got the shape [0, 3]")]
fn an_empty_batch_is_refused_by_double_backward() {
    let critic = critic();
    gradient_penalty(|x| critic.forward(x), &values(&[0, 3], 1), &config());
}

#[test]
#[should_panic(expected = "points [N, ...] with N at least 1, got the shape [0, 3]")]
fn an_empty_batch_is_refused_by_the_closed_form() {
    piecewise_linear_penalty(&critic(), &values(&[0, 3], 1), &config());
}

#[test]
#[should_panic(expected = "points [N, ...] with N at least 1, got the shape [3]")]
fn points_without_a_batch_axis_are_refused() {
    let critic = critic();
    gradient_penalty(|x| critic.forward(&x.view([1, 3])), &values(&[3], 1), &config());
}

#[test]
#[should_panic(expected = "one score a sample: expected the shape [2], got [2, 1]")]
fn scores_of_another_shape_are_refused() {
    let critic = critic();
    gradient_penalty(|x| critic.forward(x).view([2, 1]), &values(&[2, 3], 1), &config());
}

#[test]
#[should_panic(expected = "needs scores that depend on the points")]
fn a_critic_run_without_gradients_is_refused() {
    let critic = critic();
    gradient_penalty(|x| no_grad(|| critic.forward(x)), &values(&[2, 3], 1), &config());
}

#[test]
#[should_panic(expected = "the critic's scores do not depend on the points")]
fn a_critic_that_ignores_its_input_is_refused() {
    let bias = values(&[1], 1).set_requires_grad(true);
    let scores = |x: &Tensor| &bias * Tensor::ones([x.size()[0]], (Kind::Double, x.device()));
    gradient_penalty(scores, &values(&[2, 3], 1), &config());
}
