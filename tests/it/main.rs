//! Integration tests.

mod architecture;
mod cosmos_wgan_gp;
mod downstream;
mod nebula_dcgan;
mod program;
