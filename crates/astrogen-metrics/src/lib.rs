#![doc = include_str!("../README.md")]
//!
//! A metric compares two sets: float images of any channel count, or the columns of two tables.
//! It needs no downloaded network, has a random generator of its own where it draws, and never
//! touches libtorch's: measuring in the middle of a training run does not change the run.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`sliced_wasserstein`](mod@sliced_wasserstein) | the distance between the local structure of two sets of images, scale by scale |
//! | [`power_spectrum`](mod@power_spectrum) | power by frequency, the mesh at the Nyquist frequency, and the distance between the power of two sets by scale |
//! | [`pixel_intensities`](mod@pixel_intensities) | the values of pixels, by channel and together, in model range or in physical units |
//! | [`morphology`](mod@morphology) | flux, half-light radius, concentration, asymmetry, Gini and M20 of each image, and how they compare |
//! | [`features`] | features of images by a network, a random one or that of a file, and what is measured on them: Frechet distance, kernel distance, MIND, precision and recall, density and coverage |
//! | [`quality`] | all that is said of images, and all that is said of tables, each number with its interval and its floor |
//! | [`table`] | two tables: every column by itself, and the joint distance of all columns along random directions or by a kernel |
//! | [`one_dimensional`] | one quantity of two samples: Kolmogorov-Smirnov, Wasserstein-1, widths, also in bins of another quantity; profiles |
//! | [`calibration`] | whether a conditional sampler is as wide as the truth: probability integral transform, coverage, also by condition |
//! | [`grid_density`] | densities on a grid beside what was observed: PIT, CRPS, the loss of the conditional density |
//! | [`redshift`] | point estimates of photometric redshifts: bias, scatter, outliers |
//! | [`roc`] | how well a score finds what it should |
//! | [`gaussian_mixture`] | the baseline of density estimates: mixtures of Gaussians, their marginal and conditional densities |
//! | [`LogLikelihood`] | what a density makes of rows that it was not trained on |
//! | [`emulation`] | generated observations of a survey beside the real ones: all of the above by band, colour, magnitude and condition |
//! | [`memorisation`] | nearest training neighbours under flips and turns, the test of data copying, leakage between splits |
//! | [`diversity`] | how far samples are from each other, and the alarm of a collapse |
//! | [`mean_interval`] | the mean of a few numbers with Student's interval |
//! | [`mod@estimate`] | any of these numbers with an interval, and with its floor between two halves of the reals |
//! | [`error`] | [`MetricsError`] |

pub mod calibration;
pub mod diversity;
pub mod emulation;
pub mod error;
pub mod estimate;
pub mod features;
pub mod gaussian_mixture;
pub mod grid_density;
mod log_likelihood;
pub mod mean_interval;
pub mod memorisation;
pub mod morphology;
pub mod one_dimensional;
pub mod pixel_intensities;
pub mod power_spectrum;
pub mod quality;
pub mod redshift;
pub mod roc;
pub mod sliced_wasserstein;
pub mod table;

pub use calibration::{CalibratedBin, Calibration, Pit, pit_values};
pub use emulation::{EmulatedQuantity, Emulation, EmulationConfig, EmulationReport};
pub use error::MetricsError;
pub use estimate::{Estimate, EstimateConfig, estimate, estimate_all};
pub use features::FeatureNetwork;
pub use features::frechet::{FrechetDistance, frechet_distance};
pub use features::kernel::{
    KernelDistance, KernelDistanceConfig, KernelSubset, kernel_distance, kernel_distance_with,
};
pub use features::mind::{mind, mind_with};
pub use features::prdc::{Prdc, PrdcConfig, prdc};
pub use features::random::RandomFeaturesConfig;
pub use features::torch_script::TorchScriptConfig;
pub use gaussian_mixture::{GaussianMixture, GaussianMixtureConfig, GaussianMixtureFit};
pub use grid_density::GridDensities;
pub use log_likelihood::LogLikelihood;
pub use mean_interval::MeanInterval;
pub use morphology::{
    Morphology, MorphologyConfig, MorphologyDistance, morphology, morphology_distances,
    segment_morphology,
};
pub use one_dimensional::binned::{Bin, Binned, Comparison, binned, quantile_edges};
pub use one_dimensional::mann_whitney::MannWhitney;
pub use one_dimensional::profile::{Profile, profile};
pub use one_dimensional::{
    KolmogorovSmirnov, Sorted, kolmogorov_smirnov, quantiles, wasserstein_1,
};
pub use pixel_intensities::{PixelIntensities, pixel_intensities};
pub use power_spectrum::radial::{
    RadialSpectrum, SpectrumDistance, radial_power_spectrum, radial_spectrum_distance,
};
pub use power_spectrum::{nyquist_ratio, power_spectrum};
pub use quality::{
    Quality, QualityConfig, QualityNumber, TableQualityConfig, image_quality, paired_table_quality,
    table_quality,
};
pub use redshift::RedshiftResiduals;
pub use roc::Roc;
pub use sliced_wasserstein::halves::RealHalves;
pub use sliced_wasserstein::{SlicedWasserstein, SlicedWassersteinConfig, sliced_wasserstein};
pub use table::{
    ClassifierConfig, ClassifierTwoSample, Correlation, CorrelationDistance, EnergyConfig, Mmd,
    MmdConfig, Standardisation, between_halves, classifier_two_sample, compare_columns,
    correlation_distance, energy_distance, maximum_mean_discrepancy, mean_difference,
    sliced_wasserstein_table,
};
