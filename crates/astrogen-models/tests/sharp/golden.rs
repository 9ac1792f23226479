//! Names, shapes, images and gradients are PyTorch's.

use astrogen_models::{Generator, SharpGenerator, weights};
use tch::nn::VarStore;
use tch::{Kind, Tensor};

use crate::agreement::{
    Named, assert_all_close, assert_close, below, forms, golden_file, gradients, parameters,
};
use crate::turn::alone;
use crate::{CONFIG, critic, generator};

fn golden() -> Named {
    golden_file("sharp.safetensors")
}

fn golden_generator(golden: &Named, prefix: &str) -> (VarStore, SharpGenerator) {
    let (store, generator) = generator(&CONFIG);
    weights::load_into(&store, &below(golden, prefix)).unwrap();
    (store, generator)
}

fn noise(golden: &Named) -> Vec<Tensor> {
    (0..2).map(|i| golden[&format!("noise.{i}")].shallow_clone()).collect()
}

#[test]
fn names_and_shapes_are_those_of_the_state_dict() {
    let _alone = alone(1);
    let golden = golden();
    let expected = |network: &str| forms(&below(&golden, &format!("initial.{network}.")));
    let (store, generator) = generator(&CONFIG);
    assert_eq!(forms(&store.variables()), expected("generator"));
    let named: Named = generator.named_tensors().into_iter().collect();
    assert_eq!(forms(&named), expected("generator"));
    assert_eq!(forms(&critic(&CONFIG).0.variables()), expected("critic"));
}

#[test]
fn images_gradients_and_statistics_in_train_mode_are_pytorchs() {
    let _alone = alone(1);
    let golden = golden();
    let (store, generator) = golden_generator(&golden, "initial.generator.");
    let fakes = generator.forward_with(&golden["latent"], &noise(&golden), true);
    assert_close("fakes", &fakes, &golden["fakes"], 1e-5);
    let value = (&fakes * &golden["direction"]).sum(Kind::Float);
    assert_all_close("gradients", &gradients(&store, &value), &below(&golden, "grad."), 1e-4);
    let after: Named = generator.named_tensors().into_iter().collect();
    assert_all_close("statistics", &after, &below(&golden, "after."), 1e-5);
    assert!(parameters(&store).keys().all(|name| !name.contains("running")));
}

#[test]
fn samples_in_eval_mode_are_pytorchs() {
    let _alone = alone(1);
    let golden = golden();
    let (_, generator) = golden_generator(&golden, "after.");
    let samples = generator.forward_with(&golden["latent"], &noise(&golden), false);
    assert_close("samples", &samples, &golden["samples"], 1e-5);
    // The noise that is drawn is the noise that can be given.
    tch::manual_seed(5);
    let drawn = generator.sample(&golden["latent"]).unwrap();
    tch::manual_seed(5);
    let given = generator.forward_with(&golden["latent"], &generator.noise(3), false);
    assert_eq!(drawn, given);
}
