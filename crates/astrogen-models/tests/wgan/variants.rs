//! Normalised critics and nearest-neighbour doubling are PyTorch's.

use crate::turn::alone;
use astrogen_losses::{GradientPenaltyConfig, gradient_penalty};
use astrogen_models::{Critic, CriticNormalization, Generator, Upsampling, WganConfig};
use tch::{Device, Kind, Tensor};

use crate::{
    NARROW, Named, assert_all_close, assert_close, below, critic, golden, golden_critic,
    golden_generator, gradients,
};

const SPECTRAL: WganConfig = WganConfig { spectral_norm: true, ..NARROW };

fn normalized(critic_normalization: CriticNormalization) -> WganConfig {
    WganConfig { critic_normalization, ..NARROW }
}

#[test]
fn layer_and_instance_normalisation_are_group_norms() {
    let _alone = alone(1);
    let golden = golden();
    let real = golden["reals"].get(0);
    for (name, normalization) in
        [("layer", CriticNormalization::Layer), ("instance", CriticNormalization::Instance)]
    {
        let config = normalized(normalization);
        let (store, critic) = golden_critic(&config, &golden, &format!("{name}.state."));
        assert!(critic.piecewise_linear().is_none());
        let scores = critic.forward_t(&real, true);
        assert_close(name, &scores, &golden[&format!("{name}.scores")], 1e-5);

        let score = |images: &Tensor| critic.forward_t(images, true);
        let penalty = gradient_penalty(score, &real, &GradientPenaltyConfig::default());
        assert_close(name, &penalty.value, &golden[&format!("{name}.penalty")], 1e-4);
        let mut expected = below(&golden, &format!("{name}.grad."));
        let mut got = gradients(&store, &penalty.value);
        if normalization == CriticNormalization::Instance {
            // The normalisation takes these biases away again: what is left is rounding.
            for bias in ["net.2.bias", "net.5.bias", "net.8.bias"] {
                let scale = got["net.2.weight"].abs().max().double_value(&[]);
                let rest = got.remove(bias).unwrap().abs().max().double_value(&[]);
                assert!(rest < 1e-4 * scale, "{bias}: {rest:e}");
                expected.remove(bias);
            }
        }
        assert_all_close(name, &got, &expected, 1e-4);
    }
}

#[test]
fn spectral_normalisation_is_that_of_pytorchs_parametrizations() {
    let _alone = alone(1);
    let golden = golden();
    let (store, critic) = golden_critic(&SPECTRAL, &golden, "spectral.state.");
    assert!(critic.piecewise_linear().is_none());
    let vectors = || -> Named {
        let variables = store.variables().into_iter();
        variables
            .filter(|(_, variable)| !variable.requires_grad())
            .map(|(name, variable)| (name, variable.copy()))
            .collect()
    };
    let real = golden["reals"].get(0);
    let before = critic.score(&real).unwrap();
    assert_all_close(
        "eval moves no vector",
        &vectors(),
        &{
            let mut expected = below(&golden, "spectral.state.");
            expected.retain(|name, _| name.ends_with("._u") || name.ends_with("._v"));
            expected
        },
        0.0,
    );

    // One pass in train mode is one power iteration, and it counts for that pass already.
    let scores = critic.forward_t(&real, true);
    assert_close("train", &scores, &golden["spectral.scores"], 1e-5);
    assert!(crate::agreement::distance(&before, &golden["spectral.scores"]) > 1e-3);
    assert_all_close("vectors", &vectors(), &below(&golden, "spectral.after."), 1e-5);
    let gradients = gradients(&store, &scores.mean(Kind::Float));
    assert_all_close("gradients", &gradients, &below(&golden, "spectral.grad."), 1e-4);
    let scores = critic.score(&real).unwrap();
    assert_close("eval", &scores, &golden["spectral.eval_scores"], 1e-5);
}

#[test]
fn a_pass_between_does_not_spoil_the_gradients_of_another() {
    let _alone = alone(1);
    let (store, critic) = critic(&SPECTRAL);
    let images = || Tensor::randn([2, 1, 64, 64], (Kind::Float, Device::Cpu));
    let (first, second) = (images(), images());
    let scores = critic.forward_t(&first, true).mean(Kind::Float);
    let _ = critic.forward_t(&second, true);
    let gradients = gradients(&store, &scores);
    let finite = |tensor: &Tensor| tensor.isfinite().all().int64_value(&[]) == 1;
    assert!(gradients.values().all(finite));
}

#[test]
fn fresh_vectors_are_close_to_the_leading_singular_ones() {
    let _alone = alone(1);
    let (store, _) = critic(&WganConfig { spectral_norm: true, ..Default::default() });
    let variables = store.variables();
    for i in [0, 2, 4, 6, 8, 10] {
        let of = |name: &str| &variables[&format!("net.{i}.parametrizations.weight.{name}")];
        let matrix = of("original").detach().flatten(1, -1);
        let sigma = of("0._u").dot(&matrix.mv(of("0._v"))).double_value(&[]);
        let largest = matrix.svd(true, false).1.max().double_value(&[]);
        let ratio = sigma / largest;
        assert!((0.9..1.0 + 1e-5).contains(&ratio), "net.{i}: {sigma} of {largest}");
    }
}

#[test]
fn nearest_neighbour_doubling_is_pytorchs() {
    let _alone = alone(1);
    let golden = golden();
    let config = WganConfig { upsampling: Upsampling::Nearest, ..NARROW };
    let (_, generator) = golden_generator(&config, &golden, "nearest.state.");
    let fakes = generator.forward_t(&golden["latents"].get(0), true);
    assert_close("fakes", &fakes, &golden["nearest.fakes"], 1e-5);
}

#[test]
fn a_score_does_not_depend_on_the_other_images() {
    let _alone = alone(1);
    let images = Tensor::randn([5, 1, 64, 64], (Kind::Float, Device::Cpu));
    let normalizations =
        [CriticNormalization::None, CriticNormalization::Layer, CriticNormalization::Instance];
    let configs = normalizations.map(normalized);
    for config in configs.iter().chain([&SPECTRAL]) {
        let (_, critic) = critic(config);
        let together = critic.forward_t(&images, false);
        for n in 0..5 {
            let alone = critic.forward_t(&images.narrow(0, n, 1), false);
            assert_close(&format!("{config:?}"), &alone, &together.narrow(0, n, 1), 1e-4);
        }
    }
}
