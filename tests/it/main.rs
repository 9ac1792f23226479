//! Integration tests.

mod architecture;
mod augment_scarce;
mod balrog_catalogues;
mod balrog_cwgan_gp;
mod compare_skies;
mod cosmos_wgan_gp;
mod custom_model;
mod downstream;
mod find_anomalies;
mod fits_stretch;
mod flow_density;
mod galactic_forge;
mod gpu;
mod nebula_dcgan;
mod program;
mod together;
