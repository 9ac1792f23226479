#![doc = include_str!("../README.md")]
//!
//! A flow is a list of [`LazyTransform`]s and a [`Base`]. [Given](Flow::given) a context, or
//! none, it is a distribution: the transforms' parameters are computed from the context (and from
//! those features that they may see), `z = f(x | c)` is a bijection, and
//!
//! ```text
//! log p(x | c) = log p_base(z) + log |det df/dx|
//! ```
//!
//! The mathematics and the names of the weights are those of zuko, so that weights travel both
//! ways; GalacticFlow's layers keep their own names.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`flow`] | the flow, and the distribution that it is once given a context |
//! | [`zoo`] | its config: NICE, RealNVP, MAF, NSF, circular splines, polynomials, GalacticFlow's |
//! | [`base`] | what `z` is distributed like |
//! | [`transform`] | what a transform is, before and after it is given a context |
//! | [`univariate`] | increasing functions of one feature: affine, splines, polynomials |
//! | [`masked`] | the network whose outputs see only some of its inputs |
//! | [`autoregressive`], [`coupling`], [`elementwise`] | which features a feature's parameters may see |
//! | [`linear`], [`actnorm`], [`permutation`] | transforms of all features at once |
//! | [`galactic`] | GalacticFlow's pair of spline couplings |
//! | [`FlowPass`] | the crate's own passes forward and back, without autograd |
//! | [`units`] | fixed transforms from physical units, so that densities are in these |
//! | [`whitening`] | a fixed transform that takes the correlations out of features |
//! | [`import`] | flows from state_dicts of zuko's and of GalacticFlow |
//! | [`density`], [`ensemble`] | what flows are used as, and several of them as one |
//! | [`measured`] | densities of rows measured with errors, or in part |
//! | [`posterior`] | the density of one feature given all others, on a grid |
//! | [`error`] | the one error of this crate |

pub mod actnorm;
pub mod autoregressive;
pub mod base;
mod conditioner;
pub mod coupling;
pub mod density;
pub mod elementwise;
pub mod ensemble;
pub mod error;
pub mod flow;
pub mod galactic;
pub mod given;
pub mod import;
pub mod linear;
pub mod masked;
pub mod measured;
#[allow(
    clippy::excessive_precision,
    clippy::large_enum_variant,
    clippy::needless_range_loop,
    clippy::too_many_arguments,
    reason = "loops over lanes that the compiler makes vectors of"
)]
mod passes;
pub mod permutation;
pub mod posterior;
mod proposal;
pub mod transform;
pub mod units;
pub mod univariate;
pub mod whitening;
pub mod zoo;

pub use base::{Base, BaseConfig};
pub use density::{Conditional, Density};
pub use ensemble::{Ensemble, GivenEnsemble};
pub use error::FlowError;
pub use flow::Flow;
pub use given::Given;
pub use import::Import;
pub use measured::{Measured, MeasuredConfig};
pub use passes::{FlowPass, Plan};
pub use posterior::Posterior;
pub use transform::{LazyTransform, Transform};
pub use units::{Unit, Units};
pub use univariate::{
    Additive, Affine, Bernstein, CircularSpline, Elementwise, Softclip, Spline, SumOfSquares,
    Univariate, UnivariateConfig,
};
pub use whitening::Whitening;
pub use zoo::{Architecture, FlowConfig, Member};
