//! Penalties, augmentation, batches, and sums between processes.

use std::sync::Arc;

use astrogen::data::augment::SkyAugment;
use astrogen::data::{ArrayDataset, Augment, BatchConfig, Batches, Images};
use astrogen::distributed::{Group, World};
use astrogen::losses::{
    GradientPenaltyConfig, PiecewiseLinear, gradient_penalty, piecewise_linear_penalty,
};
use astrogen::models::{Critic, Mlp, MlpConfig, WganConfig, WganCritic};
use ndarray::Array4;
use tch::{Device, Kind, Tensor, nn};

use super::{CPU, apart, check, other, turn};

/// A critic on a device, with these weights if there are any.
fn on<C>(
    device: Device,
    init: impl Fn(&nn::Path) -> C,
    weights: Option<&nn::VarStore>,
) -> (nn::VarStore, C) {
    let mut store = nn::VarStore::new(device);
    let critic = init(&store.root());
    if let Some(weights) = weights {
        store.copy(weights).expect("the same variables");
    }
    (store, critic)
}

/// Values and gradients of the penalty at some points, in closed form and by differentiating twice.
fn penalties<C>(
    name: &str,
    points: &Tensor,
    init: impl Fn(&nn::Path) -> C,
    linear: impl Fn(&C) -> Option<&dyn PiecewiseLinear>,
    score: impl Fn(&C, &Tensor) -> Tensor,
) {
    let (store, here) = on(Device::Cpu, &init, None);
    let (there_store, there) = on(other(), &init, Some(&store));
    let config = GradientPenaltyConfig::default();
    let of = |critic: &C, points: &Tensor| {
        piecewise_linear_penalty(linear(critic).expect("piecewise linear"), points, &config)
    };
    let points_there = points.to_device(other());
    let (a, b) = (of(&here, points), of(&there, &points_there));
    let gradients = a.gradients.iter().zip(&b.gradients);
    let worst =
        gradients.map(|((_, a), (_, b))| apart(a, b)).fold(apart(&a.value, &b.value), f64::max);
    check(&format!("{name}, closed form"), worst, 1e-3);
    // The same by double backward on the GPU alone: the two kernels agree there too.
    let twice = gradient_penalty(|points| score(&there, points), &points_there, &config);
    twice.value.backward();
    let variables = there_store.variables();
    let gradients =
        b.gradients.iter().map(|(name, gradient)| apart(gradient, &variables[name].grad()));
    let worst = gradients.fold(apart(&b.value, &twice.value), f64::max);
    check(&format!("{name}, double backward"), worst, 1e-3);
}

#[test]
fn gradient_penalties_agree() {
    let _turn = turn();
    tch::manual_seed(4);
    let model = WganConfig { image_size: 32, critic_features: 8, ..WganConfig::default() };
    penalties(
        "gradient penalty of a convolutional critic",
        &(Tensor::rand([6, 3, 32, 32], CPU) * 2 - 1),
        |path| model.init_critic(path).expect("a critic"),
        WganCritic::piecewise_linear,
        |critic, points| critic.forward_t(points, true),
    );
    penalties(
        "gradient penalty of a fully connected critic",
        &Tensor::randn([50, 12], CPU),
        |path| MlpConfig { inputs: 12, ..MlpConfig::default() }.init(path).expect("a critic"),
        Mlp::piecewise_linear,
        |critic, points| critic.forward(points).flatten(0, -1),
    );
}

#[test]
fn augmentation_agrees() {
    let _turn = turn();
    // Noise is drawn on the device, all else on the host.
    let augment = SkyAugment { noise: 0.0, ..SkyAugment::default() };
    let images = Tensor::rand([16, 3, 32, 32], CPU) * 2 - 1;
    let of = |device| {
        tch::manual_seed(5);
        augment.apply(&images.to_device(device), 0.7)
    };
    check("sky augmentation", apart(&of(Device::Cpu), &of(other())), 1e-4);
}

#[test]
fn batches_are_the_same_numbers() {
    let _turn = turn();
    let images = Array4::from_shape_fn((20, 3, 8, 8), |(n, c, y, x)| {
        (n * 192 + c * 64 + y * 8 + x) as f32 / 3840.0
    });
    let dataset = Arc::new(ArrayDataset::new(images).expect("images"));
    for resident_bytes in [0, u64::MAX] {
        let config = BatchConfig {
            batch_size: 6,
            augment: Augment::Dihedral,
            resident_bytes,
            ..BatchConfig::default()
        };
        let of = |device| -> Vec<Tensor> {
            let mut batches =
                Batches::<Images>::new(dataset.clone(), &config, device).expect("a set");
            (0..5)
                .map(|_| batches.next_batch().expect("a batch").0.to_device(Device::Cpu))
                .collect()
        };
        let (here, there) = (of(Device::Cpu), of(other()));
        let worst = here.iter().zip(&there).map(|(a, b)| apart(a, b)).fold(0.0, f64::max);
        let kept = if resident_bytes == 0 { "streamed" } else { "resident" };
        check(&format!("batches, {kept}"), worst, 0.0);
    }
}

/// One process, whose sums go the way of many: by NCCL from a GPU.
#[test]
fn a_group_of_one_sums_on_its_device() {
    let _turn = turn();
    let port = World::free_port().expect("a port");
    let group = Group::join(&World::on_this_machine(0, 1, port)).expect("a group");
    tch::manual_seed(6);
    for kind in [Kind::Float, Kind::Double] {
        let parts = [Tensor::randn([3, 4], CPU), Tensor::randn([5], CPU)];
        let parts = parts.map(|part| part.to_kind(kind).to_device(other()));
        let sums = group.sum("numbers", &parts).expect("sums");
        assert!(sums.iter().all(|sum| sum.device() == other()));
        let worst = parts.iter().zip(&sums).map(|(part, sum)| apart(part, sum)).fold(0.0, f64::max);
        check(&format!("sums between processes, {kind:?}"), worst, 0.0);
    }
}
