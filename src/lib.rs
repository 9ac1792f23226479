//! Generative models of the sky, in Rust, on libtorch.
//!
//! This crate only gathers the others under one name; depend on a single one of them if
//! that is all you need.
//!
//! | module | crate | what it does |
//! | --- | --- | --- |
//! | [`preprocess`] | `astrogen-preprocess` | FITS, pictures, catalogues and sky maps in, model-ready arrays out, and back |
//! | [`sky`] | `astrogen-sky` | simulated skies whose truth is known |
//! | [`runtime`] | `astrogen-runtime` | devices, seeds, threads, memory settings |
//! | [`data`] | `astrogen-data` | folders of images and catalogues to seeded, prefetched batches |
//! | [`losses`] | `astrogen-losses` | from tensors to a scalar |
//! | [`nn`] | `astrogen-nn` | what networks are made of, and how they are saved |
//! | [`models`] | `astrogen-models` | the networks, their weights named as PyTorch's |
//! | [`metrics`] | `astrogen-metrics` | how close samples are to the sky, in numbers |
//! | [`train`] | `astrogen-train` | one step an algorithm, one loop for all, hyperparameter search |
//! | [`plot`] | `astrogen-plot` | sample grids, loss curves, density maps, calibration histograms |
//!
//! `examples/nebula_dcgan/` composes them, from files to pictures; `examples/balrog_cwgan_gp/`
//! from catalogues to catalogues.

pub use astrogen_data as data;
pub use astrogen_losses as losses;
pub use astrogen_metrics as metrics;
pub use astrogen_models as models;
pub use astrogen_nn as nn;
pub use astrogen_plot as plot;
pub use astrogen_preprocess as preprocess;
pub use astrogen_runtime as runtime;
pub use astrogen_sky as sky;
pub use astrogen_train as train;

/// The names that most programs need.
pub mod prelude {
    pub use astrogen_data::{BatchConfig, Batches, FolderConfig, ImageFolder};
    pub use astrogen_models::dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator};
    pub use astrogen_models::traits::{Discriminator, Generator};
    pub use astrogen_preprocess::{Frame, Interval, Pipeline, PipelineConfig, Stretch};
    pub use astrogen_runtime::{DeviceChoice, seed_everything};
    pub use astrogen_train::fit::{Event, FitConfig, Observer, fit};
    pub use astrogen_train::gan::{DcganStep, DcganStepConfig};
    pub use astrogen_train::run_dir::RunDir;
}
