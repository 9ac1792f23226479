#![doc = include_str!("../README.md")]
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`Recipe`], [`DensityConfig`] | settings in few words, and all of them |
//! | [`train()`] | from a table to a judged density |
//! | [`Density`] | a trained one: samples, likelihoods, posteriors as catalogues |
//! | [`judge()`], [`PosteriorJudgement`] | how far it can be trusted |

mod catalog;
mod config;
mod density;
mod error;
mod judge;
mod posterior;
mod recipe;
mod train;

pub use astrogen_metrics::LogLikelihood;
pub use catalog::{Along, Errors, Rows, Written};
pub use config::DensityConfig;
pub use density::Density;
pub use error::DensityError;
pub use judge::{DensityReport, Judgement, judge};
pub use posterior::{PointErrors, PosteriorJudgement, PosteriorReport};
pub use recipe::{Length, Recipe};
pub use train::{criteria, train};

use judge::judge_rows;
