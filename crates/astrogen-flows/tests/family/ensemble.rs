//! Several flows as one density.

use astrogen_flows::{Density, Ensemble, Flow, FlowConfig, Posterior};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use crate::{alone, flow};

fn ensemble() -> (Vec<VarStore>, Ensemble) {
    let config = FlowConfig { hidden: vec![12], ..FlowConfig::nsf(2, 1) };
    let (stores, flows): (Vec<_>, Vec<_>) =
        (1..=3).map(|seed| flow(&config, Kind::Float, seed)).unzip();
    (stores, Ensemble::new(flows).unwrap())
}

#[test]
fn its_density_is_the_mean_of_the_flows() {
    let _alone = alone();
    let (_stores, ensemble) = ensemble();
    let (x, c) = (
        Tensor::randn([50, 2], (Kind::Float, Device::Cpu)),
        Tensor::randn([50, 1], (Kind::Float, Device::Cpu)),
    );
    let of = |flow: &Flow| flow.given(&c).unwrap().log_prob(&x).unwrap().exp();
    let mean = ensemble.flows().iter().map(of).reduce(|sum, one| sum + one).unwrap() / 3.0;
    let density = ensemble.given(&c).unwrap().log_prob(&x).unwrap().exp();
    assert!((density - &mean).abs().max().double_value(&[]) < 1e-6);

    let grid: Vec<f64> = (0..400).map(|i| i as f64 / 20.0 - 10.0).collect();
    let posterior: Posterior = ensemble.given(&c).unwrap().posterior(&x, 1, &grid).unwrap();
    assert_eq!(posterior.density().size(), [50, 400]);
}

#[test]
fn its_samples_are_those_of_the_flows_in_equal_parts() {
    let _alone = alone();
    let (_stores, ensemble) = ensemble();
    let c = Tensor::from_slice(&[0.3f32]);
    let given = ensemble.given(&c).unwrap();
    // Each flow gives its own mean; theirs is the ensemble's.
    let mean = |samples: &Tensor| samples.mean_dim([0_i64].as_slice(), false, Kind::Double);
    let own =
        ensemble.flows().iter().map(|flow| mean(&flow.given(&c).unwrap().sample(20_000).unwrap()));
    let own = Tensor::stack(&own.collect::<Vec<_>>(), 0);
    let expected = mean(&own);
    let apart = (own.select(0, 0) - own.select(0, 1)).abs().max().double_value(&[]);
    assert!(apart > 0.1, "flows that can be told apart: {apart}");
    let samples = given.sample(20_000).unwrap();
    assert_eq!(samples.size(), [20_000, 2]);
    assert!((mean(&samples) - &expected).abs().max().double_value(&[]) < 0.05);
    let many = ensemble.given(&Tensor::zeros([4, 1], (Kind::Float, Device::Cpu))).unwrap();
    assert_eq!(many.sample(5).unwrap().size(), [5, 4, 2]);

    let mut table = vec![0.0; 2 * 20_000];
    given.sample_rows(0, 3, &mut table).unwrap();
    let rows = Tensor::from_slice(&table).view([-1, 2]);
    assert!((mean(&rows) - &expected).abs().max().double_value(&[]) < 0.05);
    let mut piece = vec![0.0; 2 * 300];
    given.sample_rows(500, 3, &mut piece).unwrap();
    assert_eq!(piece, table[1000..1600]);
}

#[test]
fn neighbouring_seeds_have_no_stream_in_common() {
    let _alone = alone();
    // One flow as three: rows of one latent are the same.
    let config = FlowConfig { hidden: vec![12], ..FlowConfig::nsf(2, 1) };
    let (_stores, flows): (Vec<_>, Vec<_>) = (0..3).map(|_| flow(&config, Kind::Float, 1)).unzip();
    let ensemble = Ensemble::new(flows).unwrap();
    let c = Tensor::from_slice(&[0.3f32]);
    let given = ensemble.given(&c).unwrap();
    let [one, next] = [0, 1].map(|seed| {
        let mut rows = vec![0.0; 2 * 3000];
        given.sample_rows(0, seed, &mut rows).unwrap();
        rows
    });
    let same = one.chunks(2).zip(next.chunks(2)).filter(|(one, next)| one == next);
    assert_eq!(same.count(), 0);
}

#[test]
fn flows_that_do_not_go_together_are_refused() {
    let _alone = alone();
    let message = Ensemble::new(Vec::new()).unwrap_err().to_string();
    let rule = "flows must be one or more, of the same features and context values";
    assert_eq!(message, format!("{rule}, got [] (features, context)"));
    let stores = [(); 2].map(|()| VarStore::new(Device::Cpu));
    let flows = vec![
        FlowConfig::maf(2, 0).init(&stores[0].root()).unwrap(),
        FlowConfig::maf(3, 0).init(&stores[1].root()).unwrap(),
    ];
    let message = Ensemble::new(flows).unwrap_err().to_string();
    assert!(message.ends_with("got [[2, 0], [3, 0]] (features, context)"), "{message}");
}
