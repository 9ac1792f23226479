//! Integration tests.

mod architecture;
mod balrog_cwgan_gp;
mod cosmos_wgan_gp;
mod downstream;
mod nebula_dcgan;
mod program;
