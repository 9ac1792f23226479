//! The members of the family, as one config: how features depend on each other, and by which
//! functions they are transformed.
//!
//! | member | architecture | function | in zuko |
//! | --- | --- | --- | --- |
//! | [`nice`](FlowConfig::nice) (Dinh et al. 2014) | coupling | additive | - |
//! | [`real_nvp`](FlowConfig::real_nvp) (Dinh et al. 2016) | coupling | affine | `NICE`, `RealNVP` |
//! | [`maf`](FlowConfig::maf) (Papamakarios et al. 2017) | autoregressive | affine | `MAF` |
//! | [`nsf`](FlowConfig::nsf) (Durkan et al. 2019) | autoregressive | spline | `NSF` |
//! | [`nsf_coupling`](FlowConfig::nsf_coupling) | autoregressive in two passes | spline | `NSF(passes=2)` |
//! | [`ncsf`](FlowConfig::ncsf) (Rezende et al. 2020) | autoregressive | circular spline | `NCSF` |
//! | [`sospf`](FlowConfig::sospf) (Jaini et al. 2019) | autoregressive | sum of squares | `SOSPF` |
//! | [`bpf`](FlowConfig::bpf) (Sick et al. 2020) | autoregressive | Bernstein | `BPF` |
//! | [`galactic`](FlowConfig::galactic) (Wolf et al. 2023) | linear and double coupling | spline | - |
//!
//! Defaults are zuko's: 3 transforms, networks of 64-64 with ReLU, features in ascending and
//! descending order in turn.

mod limits;

use std::f64::consts::PI;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tch::Tensor;
use tch::nn::Path;

use crate::autoregressive::Autoregressive;
use crate::coupling::Coupling;
use crate::galactic::GalacticCoupling;
use crate::linear::PluLinear;
use crate::masked::Activation;
use crate::transform::{LazyTransform, Transform};
use crate::units::Units;
use crate::univariate::{Affine, Bernstein, CircularSpline, Softclip, Spline, SumOfSquares};
use crate::{Base, BaseConfig, Flow, FlowError, UnivariateConfig, Whitening};

/// Where sums of squares are clipped softly between transforms.
const SOSPF_BOUND: f64 = 11.0;

/// How features depend on each other in a transform.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// [Masked autoregressive](crate::autoregressive): each on those before it.
    Autoregressive {
        /// Passes of the inverse; as many as features if `None`, 2 for a coupling.
        passes: Option<i64>,
    },
    /// [Coupling](crate::coupling): every other feature on the rest.
    Coupling,
    /// GalacticFlow's: a [linear map](crate::linear), then two [couplings](crate::galactic), whose
    /// splines are given here.
    Galactic {
        /// Bins of the splines.
        bins: i64,
        /// Their box is `[-bound, bound]`.
        bound: f64,
    },
}

/// The settings of a flow; see the [module](self).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowConfig {
    /// Features `D`, 1 or more.
    pub features: i64,
    /// Context values `C`; 0 for a density without conditions.
    pub context: i64,
    /// How many transforms, 1 to 256.
    pub transforms: i64,
    /// How features depend on each other.
    pub architecture: Architecture,
    /// By which functions they are transformed (those of GalacticFlow are its own).
    pub univariate: UnivariateConfig,
    /// Widths of the hidden layers.
    pub hidden: Vec<i64>,
    /// What is between them.
    #[serde(default)]
    pub activation: Activation,
    /// What transformed features are distributed like.
    #[serde(default)]
    pub base: BaseConfig,
    /// Whether training begins from the identity: last layers that give zeros.
    #[serde(default)]
    pub identity: bool,
    /// The features' way from physical units; none for features that are scaled already.
    #[serde(default)]
    pub feature_units: Units,
    /// The same of the context.
    #[serde(default)]
    pub context_units: Units,
    /// What takes the correlations out of features in those units; none by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whitening: Option<Whitening>,
}

impl FlowConfig {
    fn new(
        [features, context]: [i64; 2],
        architecture: Architecture,
        univariate: UnivariateConfig,
    ) -> Self {
        Self {
            features,
            context,
            transforms: 3,
            architecture,
            univariate,
            hidden: vec![64, 64],
            activation: Activation::Relu,
            base: BaseConfig::Normal,
            identity: false,
            feature_units: Units::default(),
            context_units: Units::default(),
            whitening: None,
        }
    }

    /// Non-linear independent components estimation: additive couplings.
    pub fn nice(features: i64, context: i64) -> Self {
        Self::new([features, context], Architecture::Coupling, UnivariateConfig::Additive)
    }

    /// Real-valued non-volume preserving flow: affine couplings.
    pub fn real_nvp(features: i64, context: i64) -> Self {
        let affine = UnivariateConfig::Affine(Affine::default());
        Self::new([features, context], Architecture::Coupling, affine)
    }

    /// Masked autoregressive flow.
    pub fn maf(features: i64, context: i64) -> Self {
        let affine = UnivariateConfig::Affine(Affine::default());
        Self::new([features, context], Architecture::Autoregressive { passes: None }, affine)
    }

    /// Neural spline flow, autoregressive. Features should be standardised: beyond 5 they are not
    /// transformed.
    pub fn nsf(features: i64, context: i64) -> Self {
        let spline = UnivariateConfig::Spline(Spline::default());
        Self::new([features, context], Architecture::Autoregressive { passes: None }, spline)
    }

    /// Neural spline flow in two passes: a coupling.
    pub fn nsf_coupling(features: i64, context: i64) -> Self {
        let architecture = Architecture::Autoregressive { passes: Some(2) };
        Self { architecture, ..Self::nsf(features, context) }
    }

    /// Neural circular spline flow: features are angles in `[-pi, pi)`.
    pub fn ncsf(features: i64, context: i64) -> Self {
        Self {
            univariate: UnivariateConfig::CircularSpline(CircularSpline::default()),
            base: BaseConfig::Uniform { bound: PI + 1e-5 },
            ..Self::nsf(features, context)
        }
    }

    /// Sum-of-squares polynomial flow.
    pub fn sospf(features: i64, context: i64) -> Self {
        let polynomials = UnivariateConfig::SumOfSquares(SumOfSquares::default());
        Self { univariate: polynomials, ..Self::maf(features, context) }
    }

    /// Bernstein polynomial flow. Features should be standardised: beyond 5 they are not
    /// transformed.
    pub fn bpf(features: i64, context: i64) -> Self {
        let polynomial = UnivariateConfig::Bernstein(Bernstein::default());
        Self { univariate: polynomial, ..Self::maf(features, context) }
    }

    /// GalacticFlow at its defaults: 14 pairs of layers, 8 bins in a box of 3, networks of
    /// 128-128-128.
    pub fn galactic(features: i64, context: i64) -> Self {
        let architecture = Architecture::Galactic { bins: 8, bound: 3.0 };
        Self { transforms: 14, architecture, hidden: vec![128; 3], ..Self::nsf(features, context) }
    }

    /// Features in the units of the networks, and what that does to the density.
    pub(crate) fn scaled(&self, x: &Tensor) -> (Tensor, Tensor) {
        let (x, ladj) = self.feature_units.call_and_ladj(x);
        match &self.whitening {
            None => (x, ladj),
            Some(whitening) => {
                let (x, own) = whitening.call_and_ladj(&x);
                (x, ladj + own)
            }
        }
    }

    /// Features in their own units, from those of the networks.
    pub(crate) fn unscaled(&self, x: &Tensor) -> Tensor {
        match &self.whitening {
            None => self.feature_units.inverse(x),
            Some(whitening) => self.feature_units.inverse(&whitening.inverse(x)),
        }
    }

    /// A flow with new weights below `path`, drawn from libtorch's generator of its device.
    ///
    /// # Errors
    /// [`FlowError::Setting`], and [`FlowError::Nn`] where the path holds a flow already or the
    /// memory is not to be had.
    pub fn init(&self, path: &Path) -> Result<Flow, FlowError> {
        let flow = self.build(path)?;
        flow.init()?;
        Ok(flow)
    }

    /// A flow that has no memory for its weights yet.
    pub(crate) fn build(&self, path: &Path) -> Result<Flow, FlowError> {
        self.validate()?;
        let base = Base::build(&(path / "base"), self.base, self.features)?;
        if let Architecture::Galactic { bins, bound } = self.architecture {
            let layers = path / "layers";
            let mut transforms: Vec<Box<dyn LazyTransform>> = Vec::new();
            let sizes = [self.features, self.context];
            for i in 0..self.transforms {
                let linear = PluLinear::build(&(&layers / (2 * i)), self.features)?;
                let path = &layers / (2 * i + 1);
                let spline = (bins, bound);
                let coupling = GalacticCoupling::build(&path, sizes, spline, &self.hidden)?;
                transforms.push(Box::new(linear));
                transforms.push(Box::new(coupling));
            }
            return Ok(Flow::new(self.clone(), "layers", transforms, base));
        }
        let clipped = matches!(self.univariate, UnivariateConfig::SumOfSquares(_));
        let list = path / "transform" / "transforms";
        let mut transforms: Vec<Box<dyn LazyTransform>> = Vec::new();
        for i in 0..self.transforms {
            if clipped && i > 0 {
                transforms.push(Box::new(Softclip { bound: SOSPF_BOUND }));
            }
            transforms.push(self.transform(&(&list / transforms.len()), i)?);
        }
        Ok(Flow::new(self.clone(), "transform.transforms", transforms, base))
    }

    /// The transform of this number, counted from 0.
    fn transform(&self, path: &Path, number: i64) -> Result<Box<dyn LazyTransform>, FlowError> {
        let network = (&self.hidden[..], self.activation);
        let univariate = self.univariate.init();
        match self.architecture {
            Architecture::Coupling => {
                let mask: Vec<bool> = (0..self.features).map(|i| i % 2 == number % 2).collect();
                Coupling::build(path, univariate, (&mask, self.context), network)
            }
            Architecture::Autoregressive { passes } => {
                let mut order: Vec<i64> = (0..self.features).collect();
                if number % 2 == 1 {
                    order.reverse();
                }
                let passes = passes.unwrap_or(self.features);
                Autoregressive::build(path, univariate, (&order, self.context), passes, network)
            }
            // Built above, as its layers are two to a transform.
            Architecture::Galactic { .. } => unreachable!("GalacticFlow has layers of its own"),
        }
    }
}

/// A member of the family by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Member {
    /// [`FlowConfig::nice`]
    Nice,
    /// [`FlowConfig::real_nvp`]
    RealNvp,
    /// [`FlowConfig::maf`]
    Maf,
    /// [`FlowConfig::nsf`]
    Nsf,
    /// [`FlowConfig::nsf_coupling`]
    NsfCoupling,
    /// [`FlowConfig::ncsf`]
    Ncsf,
    /// [`FlowConfig::sospf`]
    Sospf,
    /// [`FlowConfig::bpf`]
    Bpf,
    /// [`FlowConfig::galactic`]
    Galactic,
}

impl Member {
    /// All members and their names.
    pub const ALL: [(&str, Self); 9] = [
        ("nice", Self::Nice),
        ("real_nvp", Self::RealNvp),
        ("maf", Self::Maf),
        ("nsf", Self::Nsf),
        ("nsf_coupling", Self::NsfCoupling),
        ("ncsf", Self::Ncsf),
        ("sospf", Self::Sospf),
        ("bpf", Self::Bpf),
        ("galactic", Self::Galactic),
    ];

    /// Its config, with its defaults.
    pub fn config(self, features: i64, context: i64) -> FlowConfig {
        let member = match self {
            Self::Nice => FlowConfig::nice,
            Self::RealNvp => FlowConfig::real_nvp,
            Self::Maf => FlowConfig::maf,
            Self::Nsf => FlowConfig::nsf,
            Self::NsfCoupling => FlowConfig::nsf_coupling,
            Self::Ncsf => FlowConfig::ncsf,
            Self::Sospf => FlowConfig::sospf,
            Self::Bpf => FlowConfig::bpf,
            Self::Galactic => FlowConfig::galactic,
        };
        member(features, context)
    }
}

impl FromStr for Member {
    type Err = FlowError;

    fn from_str(name: &str) -> Result<Self, FlowError> {
        let known = Self::ALL.iter().find(|(known, _)| *known == name);
        known.map(|(_, member)| *member).ok_or_else(|| FlowError::Setting {
            name: "flow",
            rule: format!("one of {}", Self::ALL.map(|(name, _)| name).join(", ")),
            got: name.to_owned(),
        })
    }
}
