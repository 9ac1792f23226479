//! Adam against its formulas, by every way that it takes.

use super::*;
use crate::schedule::Schedule;

/// The one-pass kernel and the tensor operations are two ways to the same numbers.
#[test]
fn kernel_agrees_with_tensor_operations() {
    tch::manual_seed(3);
    let options = (Kind::Float, Device::Cpu);
    for update_clipping in [None, Some(1.0), Some(0.1)] {
        let mut fused = [
            Tensor::randn([37, 191], options),
            Tensor::zeros([37, 191], options),
            Tensor::zeros([37, 191], options),
        ];
        let mut plain: Vec<Tensor> = fused.iter().map(Tensor::copy).collect();
        let betas = [0.5, 0.999];
        let config = AdamConfig { lr: 2e-3, betas, update_clipping, ..AdamConfig::default() };
        for t in 1..=20 {
            let c = Coefficients::new(&config, config.lr, t);
            let gradient = Tensor::randn([37, 191], options) * 10f64.powi((t % 5) as i32 - 3);
            let [w, m, v] = &mut fused;
            assert!(adam_kernel::update_in_one_pass(w, &gradient, m, v, &c));
            let [w, m, v] = plain.as_mut_slice() else { unreachable!() };
            let mut change = change(&gradient, m, v, &c);
            shorten(&mut change, &c);
            let _ = w.g_add_(&change);
        }
        for (ours, reference) in fused.iter().zip(&plain) {
            let worst = (ours - reference).abs().max().double_value(&[]);
            assert!(worst < 2e-6, "{update_clipping:?}: {worst}");
        }
    }
}

/// Numbers in [-1, 1] of every size, other ones for another phase; tests draw beside each other.
fn wave(like: &Tensor, phase: i64) -> Tensor {
    let places = Tensor::arange(like.numel() as i64, (like.kind(), Device::Cpu));
    (places * 0.7 + 1.3 * phase as f64).sin().view(&like.size()[..])
}

/// Two parameters that hardly move for 200 steps, and then one batch with gradients a thousand times as
/// large: what that step and the next do to each, as root mean squares in learning rates.
fn steps_after_a_shock(update_clipping: Option<f64>, kind: Kind) -> [[f64; 2]; 2] {
    let options = (kind, Device::Cpu);
    let parameters = [Tensor::zeros([5000], options), Tensor::zeros([3, 4], options)];
    let named = parameters.iter().enumerate().map(|(i, p)| (i.to_string(), p.shallow_clone()));
    let (lr, betas) = (0.01, [0.0, 0.99]);
    let config = AdamConfig { lr, betas, update_clipping, ..AdamConfig::default() };
    let mut adam = Adam::new(named.collect(), config).unwrap();
    let mut step = |factors: [f64; 2]| {
        let before = parameters.each_ref().map(Tensor::copy);
        let phase = adam.steps() as i64;
        let gradient = |i: usize| wave(&parameters[i], phase) * factors[i];
        adam.step(&[gradient(0), gradient(1)]).unwrap();
        [0, 1].map(|i| {
            let change = (&parameters[i] - &before[i]).to_kind(Kind::Double);
            change.square().mean(Kind::Double).sqrt().double_value(&[]) / lr
        })
    };
    for _ in 0..200 {
        step([1e-3, 1e-3]);
    }
    [step([1.0, 1e-3]), step([1e-3, 1e-3])]
}

#[test]
fn a_clipped_update_is_no_longer_than_its_limit_and_others_are_what_they_were() {
    for kind in [Kind::Float, Kind::Double] {
        let [plain, plain_after] = steps_after_a_shock(None, kind);
        let [clipped, after] = steps_after_a_shock(Some(1.5), kind);
        // Nearly 1 / sqrt(1 - 0.99), whatever an element's gradient is.
        assert!((9.0..10.0).contains(&plain[0]), "{plain:?}");
        assert!((clipped[0] - 1.5).abs() < 1e-4, "{clipped:?}");
        // The other parameter's update is its own matter, and moments are those of the gradients.
        assert_eq!(clipped[1], plain[1]);
        assert_eq!(after[1], plain_after[1]);
        assert!((after[0] - plain_after[0]).abs() < 1e-5, "{after:?} {plain_after:?}");
    }
}

#[test]
fn a_limit_that_is_not_reached_changes_no_bit() {
    let weights = |update_clipping| {
        let weight = Tensor::zeros([70, 90], (Kind::Float, Device::Cpu));
        let config = AdamConfig { update_clipping, ..AdamConfig::default() };
        let mut adam = Adam::new(vec![("weight".into(), weight.shallow_clone())], config).unwrap();
        for phase in 0..5 {
            adam.step(&[wave(&weight, phase)]).unwrap();
        }
        weight
    };
    assert_eq!(weights(Some(1e3)), weights(None));
}

#[test]
fn a_clipped_update_is_the_same_on_any_number_of_threads() {
    let weight = |threads| {
        let before = tch::get_num_threads();
        tch::set_num_threads(threads);
        let weight = Tensor::zeros([200_000], (Kind::Float, Device::Cpu));
        let config = AdamConfig { update_clipping: Some(0.3), ..AdamConfig::default() };
        let mut adam = Adam::new(vec![("weight".into(), weight.shallow_clone())], config).unwrap();
        adam.step(&[wave(&weight, 1)]).unwrap();
        tch::set_num_threads(before);
        weight
    };
    let alone = weight(1);
    for threads in [2, 3, 5] {
        assert_eq!(weight(threads), alone, "{threads}");
    }
}

/// The same numbers, in memory with the channels last.
fn channels_last(tensor: &Tensor) -> Tensor {
    tensor.permute([0, 2, 3, 1]).contiguous().copy().permute([0, 3, 1, 2])
}

#[test]
fn parameters_with_channels_last_get_the_numbers_of_contiguous_ones() {
    let options = (Kind::Float, Device::Cpu);
    // One input or output channel has a stride that means nothing.
    for size in [[8, 6, 4, 4], [8, 1, 4, 4], [1, 6, 4, 4]] {
        let weight = Tensor::randn(size, options);
        let config = AdamConfig { betas: [0.5, 0.9], ..AdamConfig::default() };
        let adam = |weight: Tensor| Adam::new(vec![("weight".into(), weight)], config).unwrap();
        let mut plain = adam(weight.copy());
        let mut last = [adam(channels_last(&weight)), adam(channels_last(&weight))];
        let strides = channels_last(&weight).stride();
        for _ in 0..5 {
            let gradient = Tensor::randn(size, options);
            plain.step(&[gradient.copy()]).unwrap();
            // In the parameter's own layout, and in another.
            last[0].step(&[channels_last(&gradient)]).unwrap();
            last[1].step(&[gradient]).unwrap();
        }
        for adam in &last {
            assert_eq!(adam.parameters()[0].stride(), strides);
            let expected = [("weight".to_owned(), plain.parameters()[0].shallow_clone())];
            let expected = expected.into_iter().chain(plain.state());
            let got = [("weight".to_owned(), adam.parameters()[0].shallow_clone())];
            for ((name, got), (_, expected)) in got.into_iter().chain(adam.state()).zip(expected) {
                let worst = (got - expected).abs().max().double_value(&[]);
                assert!(worst < 1e-6, "{size:?}, {name}: {worst:e}");
            }
        }
    }
}

#[test]
fn only_one_common_layout_without_gaps_is_updated_in_one_pass() {
    let options = (Kind::Float, Device::Cpu);
    let c = Coefficients::new(&AdamConfig::default(), 1e-3, 1);
    let ones = || Tensor::ones([8, 6, 4, 4], options);
    let taken = |layout: fn(&Tensor) -> Tensor, gradient: &Tensor| {
        let mut w = layout(&ones());
        let (mut m, mut v) = (layout(&ones()), layout(&ones()));
        let taken = adam_kernel::update_in_one_pass(&mut w, gradient, &mut m, &mut v, &c);
        let untouched = [w, m, v].iter().all(|tensor| *tensor == ones());
        assert_eq!(untouched, !taken);
        taken
    };
    assert!(taken(Tensor::copy, &ones()));
    assert!(taken(channels_last, &channels_last(&ones())));
    assert!(!taken(channels_last, &ones()));
    assert!(!taken(Tensor::copy, &channels_last(&ones())));
    assert!(!taken(Tensor::copy, &ones().to_kind(Kind::Double)));
    // What a sum's gradient looks like: one number, seen everywhere.
    let seen = Tensor::ones([1, 1, 1, 1], options).expand([8, 6, 4, 4], false);
    assert!(!taken(Tensor::copy, &seen));
    let with_gaps = |tensor: &Tensor| Tensor::cat(&[tensor, tensor], 3).narrow(3, 0, 4);
    assert!(!taken(with_gaps, &with_gaps(&ones())));
    // Weights of 1x1 convolutions, whose strides along axes of one element mean nothing.
    let sheet = Tensor::ones([8, 6], options);
    let [mut w, mut m, mut v] = [0, 1, 2].map(|_| sheet.copy().view([8, 6, 1, 1]));
    let gradient = sheet.as_strided([8, 6, 1, 1], [6, 1, 6, 6], 0);
    assert_ne!(gradient.stride(), w.stride());
    assert!(adam_kernel::update_in_one_pass(&mut w, &gradient, &mut m, &mut v, &c));
    let turned = Tensor::ones([6, 8], options).transpose(0, 1).view([8, 6, 1, 1]);
    assert!(!adam_kernel::update_in_one_pass(&mut w, &turned, &mut m, &mut v, &c));
    // A gradient that is the parameter itself.
    let mut w = ones();
    let [mut m, mut v] = [ones(), ones()];
    let gradient = w.shallow_clone();
    assert!(!adam_kernel::update_in_one_pass(&mut w, &gradient, &mut m, &mut v, &c));
    let mut none = [0, 1, 2].map(|_| Tensor::ones([0, 3], options));
    let [w, m, v] = &mut none;
    assert!(adam_kernel::update_in_one_pass(w, &Tensor::ones([0, 3], options), m, v, &c));
}

/// The gradients of a network's own convolutions need no slower way.
#[test]
fn gradients_of_convolutions_have_the_layout_of_their_weights() {
    let options = (Kind::Float, Device::Cpu);
    let c = Coefficients::new(&AdamConfig::default(), 1e-3, 1);
    for (inputs, outputs, side) in [(6, 8, 4), (1, 8, 4), (6, 1, 4), (3, 32, 4), (6, 8, 1)] {
        let weight = channels_last(&Tensor::randn([outputs, inputs, side, side], options));
        let mut weight = weight.set_requires_grad(true);
        let images = Tensor::randn([2, inputs, 16, 16], options);
        let scores = images.conv2d(&weight, None::<&Tensor>, [2, 2], [1, 1], [1, 1], 1);
        let loss = scores.square().sum(Kind::Float);
        let gradient = Tensor::run_backward(&[loss], &[&weight], false, false).remove(0);
        let [mut m, mut v] = [0, 1].map(|_| weight.detach().zeros_like());
        let taken =
            no_grad(|| adam_kernel::update_in_one_pass(&mut weight, &gradient, &mut m, &mut v, &c));
        assert!(
            taken,
            "{inputs} -> {outputs}: {:?} {:?} {:?}",
            weight.stride(),
            gradient.stride(),
            m.stride()
        );
    }
}

#[test]
fn the_first_layers_stay_as_they_are_when_frozen() {
    let parameter = |value: f32| Tensor::from_slice(&[value]).set_requires_grad(true);
    let named = ["net.0.weight", "net.2.weight", "net.10.weight"].map(str::to_owned);
    let parameters = [1.0, 2.0, 3.0].map(parameter);
    let shared = parameters.iter().map(Tensor::shallow_clone);
    let mut adam =
        Adam::new(named.into_iter().zip(shared).collect(), AdamConfig::default()).unwrap();
    adam.freeze_first(2).unwrap();
    let gradients = [1.0, 1.0, 1.0].map(|value: f32| Tensor::from_slice(&[value]));
    adam.step(&gradients).unwrap();
    let now = parameters.each_ref().map(|parameter| parameter.double_value(&[0]));
    assert_eq!(now[..2], [1.0, 2.0]);
    assert!((now[2] - 2.999).abs() < 1e-6, "{}", now[2]);
    let message = adam.freeze_first(3).unwrap_err().to_string();
    assert!(message.contains("nothing is left to learn, got 3"), "{message}");
    adam.freeze_first(0).unwrap();
    adam.step(&gradients).unwrap();
    assert!(parameters[0].double_value(&[0]) < 1.0);
}

#[test]
fn minimising_is_a_step_with_the_losss_gradients() {
    let options = (Kind::Float, Device::Cpu);
    let new = || {
        let weight = Tensor::ones([3], options).set_requires_grad(true);
        Adam::new(vec![("weight".into(), weight)], AdamConfig::default()).unwrap()
    };
    let loss = |adam: &Adam, other: &Tensor| {
        ((adam.parameters()[0].square() - 0.5).square() * other).sum(Kind::Float)
    };
    let other = Tensor::from_slice(&[1.0f32, 2.0, 3.0]).set_requires_grad(true);
    let [mut by_hand, mut ours] = [new(), new()];
    for _ in 0..3 {
        let expected = loss(&by_hand, &other);
        let gradients = Tensor::run_backward(&[&expected], by_hand.parameters(), false, false);
        by_hand.step(&gradients).unwrap();
        let got = ours.minimize(&loss(&ours, &other)).unwrap();
        assert_eq!(got, expected.detach());
        assert!(!got.requires_grad());
    }
    assert_eq!(ours.parameters(), by_hand.parameters());
    assert!(!other.grad().defined() && !ours.parameters()[0].grad().defined());

    // What is no scalar, or has no graph to the parameters, changes nothing.
    let before = ours.parameters()[0].copy();
    for (bad, words) in [
        (ours.parameters()[0].square(), "a loss must have shape [], one number, got [3]"),
        (other.sum(Kind::Float), "the loss does not depend on `weight`"),
        (Tensor::from(1.0f32), "the loss has no graph"),
    ] {
        let message = ours.minimize(&bad).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
    assert_eq!((ours.steps(), &ours.parameters()[0]), (3, &before));
}

#[test]
fn a_schedule_counts_its_own_steps_until_it_is_told_of_others() {
    let schedule = Schedule::Linear { steps: 4, end: 0.5 };
    let config = AdamConfig { lr: 0.1, schedule, ..AdamConfig::default() };
    let weight = || vec![("weight".into(), Tensor::zeros([1], (Kind::Float, Device::Cpu)))];
    let mut adam = Adam::new(weight(), config).unwrap();
    let mut rates = vec![adam.lr()];
    for _ in 0..2 {
        adam.step(&[Tensor::ones([1], (Kind::Float, Device::Cpu))]).unwrap();
        rates.push(adam.lr());
    }
    assert_eq!(rates, [0.1, 0.1 * 0.875, 0.1 * 0.75]);
    // Adam's steps along a gradient that stays are as long as the rates.
    let way = adam.parameters()[0].double_value(&[0]);
    assert!((way + 0.1 + 0.0875).abs() < 1e-6, "{way}");
    adam.set_progress(4);
    assert_eq!(adam.lr(), 0.05);
    let zero = AdamConfig { schedule: Schedule::Cosine { steps: 0, end: 0.0 }, ..config };
    assert!(zero.validate().unwrap_err().to_string().starts_with("schedule steps"));
}
