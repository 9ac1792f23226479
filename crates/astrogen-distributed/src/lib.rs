#![doc = include_str!("../README.md")]
//!
//! | module | what it has |
//! | --- | --- |
//! | [`world`] | what the launcher's variables say |
//! | [`group`] | the processes: means, copies, barriers, and one word for all |
//! | [`error`] | who is missing, who left and why |

pub mod error;
pub mod group;
pub mod world;

#[cfg(feature = "engine")]
mod engine;
#[cfg(not(feature = "engine"))]
#[path = "no_engine.rs"]
mod engine;
mod launcher;
#[cfg(feature = "engine")]
mod nccl;
mod processes;
mod pulse;
mod roll;
mod slurm;

pub use error::DistributedError;
pub use group::Group;
pub use world::World;
