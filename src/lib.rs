//! Generative models of the sky, in Rust, on libtorch.
//!
//! This crate only gathers the others under one name; depend on a single one of them if
//! that is all you need.
//!
//! | module | crate | what it does |
//! | --- | --- | --- |
//! | [`fits`] | `astrogen-fits` | FITS files: headers, images, tables, writers |
//! | [`catalog`] | `astrogen-catalog` | catalogues and sky maps as named columns |
//! | [`preprocess`] | `astrogen-preprocess` | pixels of FITS files and pictures to model-ready arrays, and back |
//! | [`sky`] | `astrogen-sky` | simulated skies whose truth is known |
//! | [`runtime`] | `astrogen-runtime` | devices, seeds, threads, memory settings |
//! | [`data`] | `astrogen-data` | data sets to seeded, prefetched batches |
//! | [`images`] | `astrogen-images` | folders of images as data sets, and samples back to FITS in physical units |
//! | [`tables`] | `astrogen-tables` | catalogue rows as data sets, and their scaling |
//! | [`losses`] | `astrogen-losses` | from tensors to a scalar |
//! | [`nn`] | `astrogen-nn` | what networks are made of, and how they are saved |
//! | [`models`] | `astrogen-models` | the networks, their weights named as PyTorch's |
//! | [`metrics`] | `astrogen-metrics` | how close samples are to the sky, in numbers |
//! | [`train`] | `astrogen-train` | one step an algorithm, one loop for all, hyperparameter search |
//! | [`emulator`] | `astrogen-emulator` | a survey's measurement, learnt and judged |
//! | [`plot`] | `astrogen-plot` | sample grids, loss curves, density maps, calibration histograms |
//!
//! `examples/nebula_dcgan.rs` composes them, from files to pictures; `examples/balrog_cwgan_gp.rs`
//! from catalogues to catalogues.

pub use astrogen_catalog as catalog;
pub use astrogen_data as data;
pub use astrogen_emulator as emulator;
pub use astrogen_fits as fits;
pub use astrogen_images as images;
pub use astrogen_losses as losses;
pub use astrogen_metrics as metrics;
pub use astrogen_models as models;
pub use astrogen_nn as nn;
pub use astrogen_plot as plot;
pub use astrogen_preprocess as preprocess;
pub use astrogen_runtime as runtime;
pub use astrogen_sky as sky;
pub use astrogen_tables as tables;
pub use astrogen_train as train;

/// The names that most programs need.
pub mod prelude {
    pub use astrogen_data::{BatchConfig, Batches};
    pub use astrogen_images::{FolderConfig, ImageFolder};
    pub use astrogen_models::dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator};
    pub use astrogen_models::traits::{Discriminator, Generator};
    pub use astrogen_preprocess::{Frame, Interval, Pipeline, PipelineConfig, Stretch};
    pub use astrogen_runtime::{DeviceChoice, seed_everything};
    pub use astrogen_train::fit::{Event, FitConfig, Observer, fit};
    pub use astrogen_train::gan::{DcganStep, DcganStepConfig};
    pub use astrogen_train::run_dir::RunDir;
}
