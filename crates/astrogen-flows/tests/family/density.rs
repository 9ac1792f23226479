//! Densities are densities, and samples are theirs.

use tch::{Device, Kind, Tensor};

use crate::{alone, flow, members};

/// Points in the middle of cells of a box, `[n^d, d]`, and a cell's volume.
fn cells(name: &str, d: i64, n: i64) -> (Tensor, f64) {
    let half = if name == "ncsf" { std::f64::consts::PI } else { 40.0 };
    // Cells are smaller near the middle, where the density is: x = half sinh(s) / sinh(1) ...
    let s = (Tensor::arange(n, (Kind::Double, Device::Cpu)) + 0.5) / n as f64 * 2.0 - 1.0;
    let (x, jacobian) = if name == "ncsf" {
        (&s * half, s.ones_like() * half)
    } else {
        let k = 5.0_f64;
        ((&s * k).sinh() * (half / k.sinh()), (&s * k).cosh() * (half * k / k.sinh()))
    };
    let side = 2.0 / n as f64;
    let weight = jacobian * side;
    if d == 1 {
        return (Tensor::stack(&[x, weight], 1), 1.0);
    }
    let grid = |of: &Tensor| -> [Tensor; 2] {
        let across = of.unsqueeze(1).expand([n, n], false).reshape([-1]);
        let down = of.unsqueeze(0).expand([n, n], false).reshape([-1]);
        [across, down]
    };
    let ([a, b], [u, v]) = (grid(&x), grid(&weight));
    (Tensor::stack(&[a, b, u * v], 1), 1.0)
}

#[test]
fn densities_integrate_to_one() {
    let _alone = alone();
    for (d, n, tolerance) in [(1, 4000, 1e-3), (2, 240, 1e-2)] {
        for (name, config) in members(d, 0) {
            let (_store, flow) = flow(&config, Kind::Double, 8);
            let (points, _) = cells(name, d, n);
            let (x, weight) = (points.narrow(1, 0, d), points.select(1, d));
            let log_prob = flow.given(None).unwrap().log_prob(&x.contiguous()).unwrap();
            let integral = (log_prob.exp() * weight).sum(Kind::Double).double_value(&[]);
            // What a soft clip leaves out has no density anywhere.
            let expected =
                if name == "sospf" { 0.98..=1.001 } else { 1.0 - tolerance..=1.0 + tolerance };
            assert!(expected.contains(&integral), "{name} in {d} dimensions: {integral}");
        }
    }
}

#[test]
fn samples_have_the_density_that_they_are_given_with() {
    let _alone = alone();
    for (name, config) in members(2, 1) {
        let (_store, flow) = flow(&config, Kind::Double, 4);
        let context = Tensor::from_slice(&[0.3]);
        let given = flow.given(&context).unwrap();
        let (samples, log_prob) = given.sample_and_log_prob(3).unwrap();
        assert_eq!((samples.size(), log_prob.size()), (vec![3, 2], vec![3]), "{name}");
        let again = given.log_prob(&samples).unwrap();
        assert!(crate::largest(&(again - log_prob)) < 1e-9, "{name}");

        // The mean log-density of samples is minus the entropy, which a grid has too.
        tch::manual_seed(2);
        let samples = given.sample(4000).unwrap();
        let by_samples = -given.log_prob(&samples).unwrap().mean(Kind::Double).double_value(&[]);
        let (points, _) = cells(name, 2, 240);
        let (x, weight) = (points.narrow(1, 0, 2).contiguous(), points.select(1, 2));
        let log_prob = given.log_prob(&x).unwrap();
        let by_grid = -(log_prob.exp() * log_prob.clamp_min(-700.0) * weight).sum(Kind::Double);
        let by_grid = by_grid.double_value(&[]);
        assert!((by_samples - by_grid).abs() < 0.1, "{name}: {by_samples} {by_grid}");
    }
}

#[test]
fn contexts_come_in_turn() {
    let _alone = alone();
    for (name, config) in members(2, 2) {
        let (_store, flow) = flow(&config, Kind::Double, 4);
        let contexts = Tensor::randn([3, 2], (Kind::Double, Device::Cpu));
        let (samples, log_prob) = flow.given(&contexts).unwrap().sample_and_log_prob(5).unwrap();
        assert_eq!((samples.size(), log_prob.size()), (vec![5, 3, 2], vec![5, 3]), "{name}");
        for i in 0..3 {
            let one = contexts.get(i);
            let own = flow.given(&one).unwrap().log_prob(&samples.select(1, i)).unwrap();
            assert!(crate::largest(&(own - log_prob.select(1, i))) < 1e-9, "{name}");
        }
        let given = flow.given(&contexts).unwrap();
        let few = |n| {
            tch::manual_seed(6);
            given.sample(n).unwrap()
        };
        assert_eq!(few(0).size(), [0, 3, 2]);
        assert_eq!(few(1000).size(), [1000, 3, 2]);
    }
}
