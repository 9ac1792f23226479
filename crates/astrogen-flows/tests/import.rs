//! Flows from state_dicts: every member, both layouts of zuko's, a trained checkpoint, and what is
//! no flow.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "a test that skips says so")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use astrogen_flows::{
    Affine, Architecture, Flow, FlowConfig, FlowError, Import, Member, Spline, UnivariateConfig,
};
use astrogen_nn::{NnError, weights};
use tch::{Device, Kind, Tensor};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn state_dict(name: &str) -> BTreeMap<String, Tensor> {
    weights::read(golden("state_dicts").join(name)).unwrap().tensors
}

fn named(member: Member) -> Import {
    Import { member: Some(member), ..Import::default() }
}

fn log_prob(flow: &Flow, x: &Tensor, context: &Tensor) -> Tensor {
    flow.given(context).unwrap().log_prob(x).unwrap()
}

#[track_caller]
fn assert_near(got: &Tensor, expected: &Tensor, tolerance: f64, what: &str) {
    let (got, expected) = (got.to_kind(Kind::Double), expected.to_kind(Kind::Double));
    assert_eq!(got.size(), expected.size(), "{what}");
    let error = ((&got - &expected).abs() / expected.abs().clamp_min(1.0)).max().double_value(&[]);
    assert!(error <= tolerance, "{what}: {error:e} of at most {tolerance:e}\n{got}\n{expected}");
}

#[track_caller]
fn refusal(result: Result<Flow, FlowError>) -> String {
    let error = result.err().unwrap();
    assert!(matches!(error, FlowError::Import { .. }), "{error}");
    error.to_string()
}

#[test]
fn every_member_comes_from_a_file_of_torch() {
    let golden_values = weights::read(golden("flows.safetensors")).unwrap().tensors;
    for (name, member) in Member::ALL {
        let (case, size, hidden) = match member {
            Member::Galactic => (format!("{name}.4x2"), [4, 2], vec![10, 10]),
            _ => (format!("{name}.3x2"), [3, 2], vec![16, 12]),
        };
        // Bernstein polynomials of 17 parameters could be splines of 6 bins.
        let import = if member == Member::Bpf { named(member) } else { Import::default() };
        let path = golden("state_dicts").join(format!("{name}.pth"));
        let flow = import.open(&path, Device::Cpu).unwrap();
        let expected = FlowConfig { transforms: 2, hidden, ..member.config(size[0], size[1]) };
        assert_eq!(flow.config(), &expected, "{name}");
        let at = |what: &str| &golden_values[&format!("{case}.{what}")];
        let (kind, tolerance) = match member {
            Member::Maf => (Kind::Double, 1e-10),
            _ => (Kind::Float, 1e-5),
        };
        assert_eq!(flow.options().0, kind, "{name}");
        let density = log_prob(&flow, at("x"), at("context"));
        assert_near(&density, at("log_prob"), tolerance, name);

        // The same from what the flow writes, under a name that says nothing, and as its own.
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("flow.safetensors");
        weights::save(&own, &flow.named_tensors(), &BTreeMap::new()).unwrap();
        let again = named(member).open(&own, Device::Cpu).unwrap();
        assert_eq!(log_prob(&again, at("x"), at("context")), density, "{name}");
        flow.save(&own).unwrap();
        let message = refusal(import.open(&own, Device::Cpu));
        assert!(message.contains("it was saved by this library as `flow`"), "{message}");
    }
}

#[test]
fn older_files_have_the_densities_that_they_were_trained_with() {
    let values = weights::read(golden("older.safetensors")).unwrap().tensors;
    for (name, member, slope, tolerance) in [
        ("maf", Member::Maf, 1e-4, 1e-10),
        ("nice", Member::RealNvp, 1e-4, 1e-10),
        ("nsf", Member::Nsf, 1e-4, 1e-10),
        ("ncsf", Member::Ncsf, 1e-4, 1e-10),
        ("sospf", Member::Sospf, 1e-9, 1e-7), // of none, which a bijection may not have
    ] {
        let tensors = state_dict(&format!("older_{name}.pth"));
        assert!(tensors.contains_key("base._0"));
        let import = Import { slope: Some(slope), ..Import::default() };
        let flow = import.flow(&tensors, Device::Cpu).unwrap();
        assert_eq!(flow.config().base, member.config(3, 2).base, "{name}");
        let (x, context) = (&values["x"], &values["context"]);
        let density = log_prob(&flow, x, context);
        assert_near(&density, &values[&format!("{name}.log_prob")], tolerance, name);
        let given = flow.given(context).unwrap();
        let z = given.call_and_ladj(x).unwrap().0;
        assert_near(&given.inverse(&z).unwrap(), x, 1e-6, name);

        // The file does not say the slope, and it counts.
        let message = refusal(Import::default().flow(&tensors, Device::Cpu));
        assert!(message.contains("zuko 1.0 to 1.5 (`base._0`)"), "{message}");
        assert!(message.contains("name the `slope`, 1e-"), "{message}");
    }
}

#[test]
fn a_trained_checkpoint_has_zukos_densities() {
    let Some(data) = std::env::var_os("ASTROGEN_REAL_DATA").map(PathBuf::from) else {
        eprintln!("skipped: ASTROGEN_REAL_DATA is not set");
        return;
    };
    let path = data.join("galforge/maf_checkpoint_epoch_29_step_921000.pth");
    let values = weights::read(golden("checkpoint.safetensors")).unwrap().tensors;
    for (version, slope) in [("1.6.0", 1e-3), ("1.3.1", 1e-4)] {
        let import = Import { slope: Some(slope), ..Import::default() };
        let flow = import.open(&path, Device::Cpu).unwrap();
        let expected = FlowConfig {
            transforms: 10,
            hidden: vec![128, 128],
            univariate: UnivariateConfig::Affine(Affine { slope }),
            ..FlowConfig::maf(10, 20)
        };
        assert_eq!(flow.config(), &expected);
        let density = log_prob(&flow, &values["x"], &values["context"]);
        assert_near(&density, &values[&format!("log_prob.{version}")], 1e-5, version);
    }
}

#[test]
fn what_is_left_open_is_named() {
    let bpf = state_dict("bpf.pth");
    let message = refusal(Import::default().flow(&bpf, Device::Cpu));
    assert!(message.starts_with("the set of tensors given cannot be imported: auto"), "{message}");
    assert!(message.contains("17 parameters per feature, which fits `nsf` and `bpf`"), "{message}");
    let nsf = Import { bound: Some(2.0), slope: Some(1e-2), ..named(Member::Nsf) };
    let flow = nsf.flow(&bpf, Device::Cpu).unwrap();
    let spline = Spline { bins: 6, bound: 2.0, slope: 1e-2 };
    assert_eq!(flow.config().univariate, UnivariateConfig::Spline(spline));

    for (name, member, words) in [
        ("maf", Member::Nsf, "no `nsf`: autoregressive transforms of 2 parameters per feature"),
        ("maf", Member::Galactic, "it is no `galactic`"),
        ("nsf", Member::Sospf, "fits `nsf` and `bpf`"),
        ("nice", Member::RealNvp, "couplings of 1 parameters per feature, which fits `nice`"),
        ("ncsf", Member::Nsf, "and a box for angles, which fits `ncsf`"),
        ("galactic", Member::Maf, "GalacticFlow's layers, not of `Maf`"),
    ] {
        let tensors = state_dict(&format!("{name}.pth"));
        let message = refusal(named(member).flow(&tensors, Device::Cpu));
        assert!(message.contains(words), "{message}");
    }

    // 15 coefficients are 3 polynomials of degree 4 unless it is said otherwise.
    let sospf = state_dict("sospf.pth");
    for (polynomials, degree) in [(None, Some(4)), (Some(5), Some(2)), (Some(1), Some(14))] {
        let import = Import { polynomials, ..Import::default() };
        let flow = import.flow(&sospf, Device::Cpu).unwrap();
        let UnivariateConfig::SumOfSquares(function) = flow.config().univariate else {
            panic!("{:?}", flow.config())
        };
        assert_eq!(Some(function.degree), degree);
    }
    for polynomials in [0, -3, 4, 15] {
        let import = Import { polynomials: Some(polynomials), ..Import::default() };
        let message = refusal(import.flow(&sospf, Device::Cpu));
        assert!(message.contains("polynomials of one degree"), "{message}");
    }
}

#[test]
fn a_single_feature_is_transformed_by_itself() {
    let weight = |size: &[i64]| Tensor::rand(size, (Kind::Double, Device::Cpu));
    let base = [("base.loc", weight(&[1]) * 0.0), ("base.scale", weight(&[1]))];
    let with = |tensors: Vec<(&str, Tensor)>| -> BTreeMap<String, Tensor> {
        let base = base.iter().map(|(name, tensor)| (name.to_string(), tensor.shallow_clone()));
        tensors.into_iter().map(|(name, tensor)| (name.to_owned(), tensor)).chain(base).collect()
    };
    let phi = with(vec![
        ("transform.transforms.0.phi.0", weight(&[1])),
        ("transform.transforms.0.phi.1", weight(&[1])),
    ]);
    let flow = Import::default().flow(&phi, Device::Cpu).unwrap();
    assert_eq!([flow.config().features, flow.config().context], [1, 0]);
    assert_eq!(flow.config().architecture, Architecture::Autoregressive { passes: None });
    let hyper = with(vec![
        ("transform.transforms.0.hyper.0.weight", weight(&[7, 4])),
        ("transform.transforms.0.hyper.0.bias", weight(&[7])),
        ("transform.transforms.0.hyper.2.weight", weight(&[23, 7])),
        ("transform.transforms.0.hyper.2.bias", weight(&[23])),
    ]);
    let flow = Import::default().flow(&hyper, Device::Cpu).unwrap();
    assert_eq!([flow.config().features, flow.config().context], [1, 4]);
    assert_eq!(flow.config().hidden, [7]);
}

/// A state_dict with one of its tensors changed, or taken away.
fn with(name: &str, tensor: &str, change: impl Fn(&Tensor) -> Option<Tensor>) -> String {
    let mut tensors = state_dict(name);
    let old = tensors.remove(tensor).unwrap();
    if let Some(new) = change(&old) {
        tensors.insert(tensor.to_owned(), new);
    }
    Import::default().flow(&tensors, Device::Cpu).err().unwrap().to_string()
}

#[test]
fn tensors_that_do_not_fit_are_named() {
    const ORDER: &str = "transform.transforms.1.order";
    const MASK: &str = "transform.transforms.1.mask";
    const HIDDEN: &str = "transform.transforms.1.hyper.2.weight";
    let ones = |tensor: &Tensor| Some(tensor.ones_like());
    for (message, words) in [
        (with("maf.pth", HIDDEN, |_| None), "transform.transforms.1: `hyper.` has layers [0, 4]"),
        (
            with("maf.pth", HIDDEN, |w| Some(w.narrow(0, 0, 5))),
            "`hyper.4.weight` takes 12 inputs, but the layer before has 5",
        ),
        (with("maf.pth", HIDDEN, |w| Some(w.flatten(0, 1))), "has shape [192], expected [M, N]"),
        (
            with("maf.pth", "transform.transforms.1.hyper.2.mask", ones),
            "transform.transforms.1: its masks let feature",
        ),
        (with("maf.pth", ORDER, |order| Some(order + 1)), "`order` has 4 places for 3 features"),
        (with("maf.pth", ORDER, |order| Some(order.flip([0]))), "against its `order`"),
        (
            with("maf.pth", ORDER, |order| Some(order.to_kind(Kind::Double))),
            "`order` is of Double, expected Int64",
        ),
        (
            with("maf.pth", ORDER, |order| Some(order.narrow(0, 0, 0))),
            "of 0 features, expected 2 or more",
        ),
        (with("maf.pth", ORDER, |_| None), "neither an `order` nor a `mask`"),
        (with("maf.pth", "base.loc", |_| None), "missing (1):\n    base.loc Float [3]"),
        (
            with("maf.pth", "base.loc", |loc| Some(Tensor::cat(&[loc, loc], 0))),
            "base.loc: expected",
        ),
        (with("nice.pth", MASK, ones), "`mask` lets 3 of 3 features stay"),
        (
            with("nice.pth", MASK, |mask| Some(mask.logical_not())),
            "its `mask` lets 2 features stay, but its network is for 3 inputs",
        ),
        (with("nice.pth", MASK, |mask| Some(mask.narrow(0, 0, 1))), "`mask` lets"),
        (with("galactic.pth", "layers.2.P", ones), "layers.2: its `P` is no permutation"),
        (with("galactic.pth", "layers.0.S", |_| None), "`layers.0.S` is missing"),
        (with("galactic.pth", "layers.2.U", |_| None), "missing (1):\n    layers.2.U Float [4, 4]"),
        (
            with("galactic.pth", "layers.0.S", |s| Some(s.narrow(0, 0, 1))),
            "outputs do not fit 0 features",
        ),
        (
            with("galactic.pth", "layers.3.net1.network.0.weight", |_| None),
            "layers.3: `net1.network.` has layers [2, 4]",
        ),
    ] {
        assert!(message.contains(words), "{message}\nexpected {words}");
    }
}

#[test]
fn other_layouts_are_refused_in_words() {
    let renamed = |from: &str, to: &str| -> String {
        let tensors = state_dict("maf.pth").into_iter();
        let tensors = tensors.map(|(name, tensor)| (name.replace(from, to), tensor)).collect();
        Import::default().flow(&tensors, Device::Cpu).err().unwrap().to_string()
    };
    for (message, words) in [
        (renamed("transform.transforms.", "transforms."), "those of zuko before 1.0"),
        (
            renamed("transform.", "module.flow."),
            "neither zuko's names (`transform.transforms.0.hyper",
        ),
        (
            renamed("transforms.1.", "transforms.3."),
            "has the transforms [0, 3], expected each from 0",
        ),
        (renamed("transforms.1.", "transforms.x."), "is in no transform"),
        (renamed("hyper.2.", "hyper.2.0."), "`hyper.2.0.weight` is a layer within a layer"),
        (renamed("hyper.0.bias", "hyper.0.offset"), "unexpected (2)"),
    ] {
        assert!(message.contains(words), "{message}\nexpected {words}");
    }
    let empty = refusal(Import::default().flow(&BTreeMap::new(), Device::Cpu));
    assert!(empty.contains("but 0 tensors"), "{empty}");
    let missing = Import::default().open("/no/such.pth", Device::Cpu).err().unwrap();
    assert!(matches!(missing, FlowError::Nn(NnError::Io { .. })), "{missing}");
}

#[test]
fn small_files_do_not_ask_for_large_flows() {
    let zeros = |size: &[i64]| Tensor::zeros(size, (Kind::Float, Device::Cpu));
    let flow = |hidden: [Tensor; 2], order: Tensor| {
        let [first, last] = hidden;
        let name = |below: &str| format!("transform.transforms.0.{below}");
        let tensors = [
            (name("order"), order),
            (name("hyper.0.weight"), first),
            (name("hyper.2.weight"), last),
        ];
        Import::default().flow(&BTreeMap::from(tensors), Device::Cpu).err().unwrap().to_string()
    };
    // A million hidden units by tensors without columns, and which of so many features see which.
    let few = Tensor::arange(2, (Kind::Int64, Device::Cpu));
    let message = flow([zeros(&[1 << 20, 2]), zeros(&[4, 1 << 20])], few.shallow_clone());
    assert!(message.contains("hidden must be from 1 to 65536"), "{message}");
    let message = flow([zeros(&[1 << 20, 0]), zeros(&[0, 1 << 20])], few);
    assert!(message.contains("a network of 0 inputs and 0 outputs"), "{message}");
    let many = Tensor::arange(40_000, (Kind::Int64, Device::Cpu));
    let message = flow([zeros(&[1, 40_000]), zeros(&[80_000, 1])], many);
    assert!(message.contains("too many for networks of 160000 numbers"), "{message}");
}

#[test]
fn no_tensor_of_another_shape_or_type_aborts() {
    const SIZES: [&[i64]; 10] =
        [&[], &[0], &[1], &[3], &[0, 0], &[16, 0], &[1, 1], &[16, 5], &[3, 3], &[2, 3, 4]];
    let context = Tensor::zeros([1, 2], (Kind::Float, Device::Cpu));
    for name in ["maf.pth", "nice.pth", "sospf.pth", "ncsf.pth", "older_maf.pth", "galactic.pth"] {
        let tensors = state_dict(name);
        let import = Import { slope: Some(1e-3), ..Import::default() };
        for changed in tensors.keys() {
            for (size, kind) in
                SIZES.iter().flat_map(|s| [Kind::Float, Kind::Int64, Kind::Bool].map(|k| (*s, k)))
            {
                let mut tensors: BTreeMap<_, _> =
                    tensors.iter().map(|(name, of)| (name.clone(), of.shallow_clone())).collect();
                tensors.insert(changed.clone(), Tensor::ones(size, (kind, Device::Cpu)));
                if let Ok(flow) = import.flow(&tensors, Device::Cpu) {
                    let x = Tensor::zeros([1, flow.config().features], (Kind::Float, Device::Cpu));
                    assert_eq!(log_prob(&flow, &x, &context).size(), [1]);
                }
            }
        }
    }
}
