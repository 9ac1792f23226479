#![doc = include_str!("../README.md")]
//!
//! What a program does first, in this order, before any other use of libtorch:
//!
//! | module | what it owns |
//! | --- | --- |
//! | [`device`] | the choice `auto`, `cpu`, `cuda`, `cuda:N` and what it comes to on this machine |
//! | [`cuda`] | libtorch's CUDA library, opened at run time, and the NVIDIA driver |
//! | [`precision`] | how many digits a GPU's steps compute with |
//! | [`seed`] | libtorch's random numbers and the sub-seeds of everything else |
//! | [`share`] | whose rows of a batch this process computes, where several train together |
//! | [`threads`] | how many threads libtorch computes with |
//! | [`allocator`] | glibc settings that keep libtorch's memory from being faulted in again at every step |
//! | [`libtorch`] | the loaded libtorch: version, path, C++ ABI, CPU capability |
//! | [`mod@environment`] | what of all that is written down of a run |
//! | [`mod@doctor`] | all of the above as one report, each fault with its mend |

pub mod allocator;
pub mod cuda;
pub mod device;
pub mod doctor;
pub mod environment;
pub mod error;
pub mod libtorch;
pub mod precision;
pub mod seed;
pub mod share;
pub mod threads;

pub use allocator::{Allocator, tune_allocator};
pub use device::{DeviceChoice, device_name};
pub use doctor::{Report, doctor};
pub use environment::{Environment, environment};
pub use error::RuntimeError;
pub use precision::{Precision, in_full};
pub use seed::{derive_seed, seed_everything};
pub use share::{Share, draw_rows, draw_rows_like};
pub use threads::set_threads;
