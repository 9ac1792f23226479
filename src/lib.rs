//! Generative models of the sky, in Rust, on libtorch.
//!
//! ```
//! use astrogen::prelude::*;
//! use astrogen::sky::{NebulaConfig, simulate_nebulae};
//! use tch::nn::VarStore;
//!
//! let folder = tempfile::tempdir()?;
//! let nebula = NebulaConfig { size: 32, ..NebulaConfig::default() };
//! simulate_nebulae(folder.path(), &nebula, 4, 7)?; // FITS files, as telescopes make them
//! let config = FolderConfig { path: folder.path().into(), image_size: 32, ..Default::default() };
//! let images = ImageFolder::open(&config)?;
//! assert_eq!(images.report().train_samples, 4);
//!
//! let store = VarStore::new(DeviceChoice::Cpu.resolve()?);
//! let config = DcganConfig { image_size: 32, ..DcganConfig::default() };
//! let generator = config.init_generator(&store.root())?;
//! let samples = generator.sample(&generator.latent(4))?; // in [-1, 1]; not trained yet
//! astrogen::plot::save_grid(&samples, None, folder.path().join("samples.png"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
//! | [`distributed`] | `astrogen-distributed` | processes that train together, on libtorch's own engine |
//! | [`data`] | `astrogen-data` | data sets to seeded, prefetched batches |
//! | [`stars`] | `astrogen-stars` | star particles of simulated galaxies: read, cleaned, measured, written |
//! | [`images`] | `astrogen-images` | folders of images as data sets, and samples back to FITS in physical units |
//! | [`tables`] | `astrogen-tables` | catalogue rows as data sets, and their scaling |
//! | [`losses`] | `astrogen-losses` | from tensors to a scalar |
//! | [`nn`] | `astrogen-nn` | what networks are made of, and how they are saved |
//! | [`models`] | `astrogen-models` | the networks, their weights named as PyTorch's |
//! | [`flows`] | `astrogen-flows` | conditional normalizing flows |
//! | [`metrics`] | `astrogen-metrics` | how close samples are to the sky, in numbers |
//! | [`train`] | `astrogen-train` | one step per algorithm, one loop for all, hyperparameter search |
//! | [`report`] | `astrogen-report` | a look at samples while they train, and what is said of a run |
//! | [`density`] | `astrogen-density` | the density of a catalogue's columns, learnt by flows and used |
//! | [`emulator`] | `astrogen-emulator` | a survey's measurement, learnt and judged |
//! | [`forge`] | `astrogen-forge` | galaxies sampled star by star, given images and parameters |
//! | [`scarce`] | `astrogen-scarce` | whether generated images help a classifier that has few labelled ones |
//! | [`anomaly`] | `astrogen-anomaly` | odd images, found by what a trained generator and its opponent make of them |
//! | [`plot`] | `astrogen-plot` | sample grids, loss curves, density maps, corner plots, calibration histograms |
//!
//! `examples/nebula_dcgan.rs` composes them, from files to pictures; `examples/balrog_cwgan_gp.rs`
//! from catalogues to catalogues.

pub use astrogen_anomaly as anomaly;
pub use astrogen_catalog as catalog;
pub use astrogen_data as data;
pub use astrogen_density as density;
pub use astrogen_distributed as distributed;
pub use astrogen_emulator as emulator;
pub use astrogen_fits as fits;
pub use astrogen_flows as flows;
pub use astrogen_forge as forge;
pub use astrogen_images as images;
pub use astrogen_losses as losses;
pub use astrogen_metrics as metrics;
pub use astrogen_models as models;
pub use astrogen_nn as nn;
pub use astrogen_plot as plot;
pub use astrogen_preprocess as preprocess;
pub use astrogen_report as report;
pub use astrogen_runtime as runtime;
pub use astrogen_scarce as scarce;
pub use astrogen_sky as sky;
pub use astrogen_stars as stars;
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
    pub use astrogen_train::{DcganStep, DcganStepConfig};
    pub use astrogen_train::{
        Evaluation, Event, FitConfig, Observer, RunDir, RunLog, StopSignal, fit,
    };
}
