//! Search for better settings: trials of a grid, or drawn at random.
//!
//! A [`SearchSpace`] names settings by their path in a config, and the values each may take. It
//! makes [`Trial`]s, each of which [applies](Trial::apply) to a config of any kind; a
//! [`SearchTable`] keeps their scores in a file, from which a stopped search goes on.
//!
//! ```
//! use astrogen_train::cwgan_gp::CwganGpStepConfig;
//! use astrogen_train::search::{SearchSpace, SearchTable};
//!
//! let space = SearchSpace::from_json(
//!     r#"{
//!         "critic_optimizer.lr": {"log_uniform": [1e-5, 1e-3]},
//!         "penalty.weight": [1, 10],
//!         "n_critic": {"integer": [1, 8]}
//!     }"#,
//! )?;
//! # let folder = tempfile::tempdir().unwrap();
//! let mut table = SearchTable::open(folder.path().join("search.csv"), space.trials(Some(20), 7)?)?;
//! while let Some(trial) = table.next_trial().cloned() {
//!     let config = trial.apply(&CwganGpStepConfig::default())?;
//!     // Train with it, and judge what came of it: lower is better.
//!     let score: Result<f64, astrogen_train::TrainError> = Ok(config.critic_optimizer.lr);
//!     table.record(trial.number, score)?; // the file is whole after each trial
//! }
//! let (best, score) = table.best().expect("every trial has a score");
//! assert_eq!(best.settings[0].1, score);
//! let printed = table.to_string(); // the best first
//! assert!(printed.contains("20 of 20 trials done"));
//! # Ok::<(), astrogen_train::TrainError>(())
//! ```

mod choices;
mod display;
mod space;
mod table;
mod trial;

pub use choices::Choices;
pub use space::SearchSpace;
pub use table::SearchTable;
pub use trial::Trial;
