//! Integration tests.

mod architecture;
mod downstream;
mod nebula_dcgan;
