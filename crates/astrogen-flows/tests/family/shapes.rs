//! What does not fit is refused, and the message says what would.

use astrogen_flows::{Architecture, Flow, FlowConfig, FlowError, Member, Spline, UnivariateConfig};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

fn new(config: &FlowConfig) -> Result<Flow, FlowError> {
    config.init(&VarStore::new(Device::Cpu).root())
}

#[test]
fn contexts_and_features_of_another_shape_are_refused() {
    let flow = new(&FlowConfig::maf(3, 2)).unwrap();
    let zeros = |size: &[i64]| Tensor::zeros(size, (Kind::Float, Device::Cpu));
    let refused = |context: Option<&Tensor>| flow.given(context).unwrap_err().to_string();
    let message = "the flow takes 2 context values, got none: give a tensor of shape [N, C] or [C]";
    assert_eq!(refused(None), message);
    let message = "the context must have shape [N, 2] or [2], got [4, 3]";
    assert_eq!(refused(Some(&zeros(&[4, 3]))), message);
    assert_eq!(refused(Some(&zeros(&[1, 4, 2]))), message.replace("[4, 3]", "[1, 4, 2]"));

    let context = zeros(&[4, 2]);
    let given = flow.given(&context).unwrap();
    for (size, got) in [(vec![4, 2], "[4, 2]"), (vec![5, 3], "[5, 3]"), (vec![3], "[3]")] {
        let message = given.log_prob(&zeros(&size)).unwrap_err().to_string();
        assert_eq!(message, format!("features must have shape [4, 3], got {got}"));
    }
    let message = given.sample(-1).unwrap_err().to_string();
    assert_eq!(message, "n must be 0 or more, got -1");

    let flow = new(&FlowConfig::maf(3, 0)).unwrap();
    let message = flow.given(&context).unwrap_err().to_string();
    assert_eq!(message, "the flow takes 0 context values, got some: give None");
    assert!(flow.given(None).unwrap().log_prob(&zeros(&[0, 3])).unwrap().size() == [0]);
}

#[test]
fn settings_out_of_range_are_refused_with_their_rule() {
    let refused = |config: FlowConfig| new(&config).unwrap_err().to_string();
    let maf = FlowConfig::maf(3, 2);
    assert_eq!(refused(FlowConfig::maf(0, 2)), "features must be from 1 to 65536, got 0");
    assert_eq!(refused(FlowConfig::maf(3, -1)), "context must be from 0 to 65536, got -1");
    assert_eq!(
        refused(FlowConfig { transforms: 0, ..maf.clone() }),
        "transforms must be from 1 to 256, got 0"
    );
    assert_eq!(
        refused(FlowConfig { hidden: vec![0], ..maf.clone() }),
        "hidden must be from 1 to 65536, got 0"
    );
    let spline = |spline| UnivariateConfig::Spline(spline);
    let with = |univariate| FlowConfig { univariate, ..maf.clone() };
    assert_eq!(
        refused(with(spline(Spline { bins: 1, ..Spline::default() }))),
        "bins must be from 2 to 1024, got 1"
    );
    assert_eq!(
        refused(with(spline(Spline { bound: 0.0, ..Spline::default() }))),
        "bound must be a finite number above 0, got 0"
    );
    assert_eq!(
        refused(with(spline(Spline { slope: 1.0, ..Spline::default() }))),
        "slope must be between 0 and 1, got 1"
    );
    assert_eq!(
        refused(FlowConfig::galactic(3, 2)),
        "features must be an even number, 2 or more, for GalacticFlow's couplings, got 3"
    );
    let message = "flow".parse::<Member>().unwrap_err().to_string();
    assert!(message.starts_with("flow must be one of nice, real_nvp, maf"), "{message}");
}

/// Refused by the settings alone: a file's word must not take memory.
#[test]
fn galactic_flows_out_of_measure_are_refused() {
    let galactic = |features, bins| FlowConfig {
        transforms: 1,
        hidden: vec![8],
        architecture: Architecture::Galactic { bins, bound: 3.0 },
        ..FlowConfig::galactic(features, 0)
    };
    // Three matrices of 65536 x 65536 would be 51 GB.
    let message = galactic(65536, 8).validate().unwrap_err().to_string();
    assert_eq!(
        message,
        "hidden, with features, context and transforms, must be such that a flow has at most \
         268435456 weights, got [8] with 65536 features and 0 context values in 1 transforms"
    );
    // Networks of as many outputs as their own splines take, a half of the features each.
    let wide = |bins| FlowConfig { hidden: vec![128], ..galactic(2000, bins) };
    assert!(wide(8).validate().is_ok());
    let message = wide(1024).validate().unwrap_err().to_string();
    assert!(message.contains("268435456 weights, got [128] with 2000 features"), "{message}");
    let message = wide(i64::MAX).validate().unwrap_err().to_string();
    assert!(message.starts_with("bins must be from 2 to 1024"), "{message}");
}

#[test]
fn a_singular_linear_map_is_no_bijection() {
    let store = VarStore::new(Device::Cpu);
    let flow =
        FlowConfig { transforms: 1, ..FlowConfig::galactic(2, 0) }.init(&store.root()).unwrap();
    let _ = tch::no_grad(|| store.variables()["layers.0.S"].get(1).zero_());
    let message = flow.given(None).unwrap().sample(1).unwrap_err().to_string();
    assert_eq!(
        message,
        "transform 0 cannot be inverted: its diagonal `S` holds a zero, or a number that is not finite"
    );
}
