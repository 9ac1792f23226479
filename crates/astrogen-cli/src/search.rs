//! Which settings of an emulator are tried.

use std::path::PathBuf;

use astrogen_emulator::SearchConfig;
use astrogen_tables::{Table, TableConfig};
use astrogen_train::search::SearchSpace;
use clap::Args;

use crate::{CliError, EmulatorArguments, Fitting};

/// Which settings are tried, and what the trials have in common.
#[derive(Debug, Args)]
pub struct SearchArguments {
    /// The settings to try, as JSON: paths in a run's config.json, each with a list of values
    /// or a range, {"algorithm.n_critic": [2, 5], "algorithm.critic_optimizer.lr":
    /// {"log_uniform": [1e-4, 1e-3]}, "batches.batch_size": {"integer": [100, 1000]}}. Not
    /// needed to --resume.
    #[arg(long, required_unless_present = "resume", conflicts_with = "resume")]
    space: Option<PathBuf>,
    /// How many settings are drawn; all combinations if left out and there are only lists. With --resume
    /// of a search that draws, as many in all.
    #[arg(long)]
    trials: Option<u64>,
    /// What the trials have in common, and where they are.
    #[command(flatten)]
    pub train: EmulatorArguments,
}

impl SearchArguments {
    /// The settings of a new search on this table, which was opened with `data`.
    ///
    /// # Errors
    /// [`CliError::Usage`] without a space, [`CliError::Read`] and [`CliError::Json`] for a file
    /// that is none, [`CliError::Train`] for one that breaks a rule.
    pub fn config(&self, data: TableConfig, table: &Table) -> Result<SearchConfig, CliError> {
        let Some(path) = &self.space else {
            return Err(CliError::Usage("a search needs --space FILE".to_owned()));
        };
        let text = std::fs::read_to_string(path)
            .map_err(|source| CliError::Read { path: path.clone(), source })?;
        let space = serde_json::from_str(&text)
            .map_err(|source| CliError::Json { path: path.clone(), source })?;
        // Of a name that stands twice the JSON above keeps one.
        SearchSpace::from_json(&text)?;
        let base = self.train.config(data, table);
        Ok(SearchConfig { space, trials: self.trials, base })
    }

    /// The settings of a search that goes on, with as many trials as are asked for, if any are;
    /// `fitting` is how their loops are asked to go.
    ///
    /// # Errors
    /// [`CliError::Usage`] for trials of another length, patience or precision, which could not be
    /// compared with those before; for a number of trials where all combinations are tried.
    pub fn longer(
        &self,
        config: SearchConfig,
        fitting: &Fitting,
    ) -> Result<SearchConfig, CliError> {
        let refuse = |hint: &str| Err(CliError::Usage(hint.to_owned()));
        if self.train.run.steps(1).is_some() {
            return refuse(
                "--steps and --epochs: a search goes on with trials as long as those before; begin a new one",
            );
        }
        let (before, mut fit) = (&config.base.fit, config.base.fit.clone());
        fitting.enter(&mut fit);
        if (fit.patience, fit.precision) != (before.patience, before.precision) {
            return refuse(
                "--patience and --precision: a search goes on with trials by the rules of those before; leave \
                 them out, or begin a new one",
            );
        }
        if config.trials.is_none() && self.trials.is_some() {
            return refuse(
                "--trials: this search tries all combinations of its lists, and draws none; leave it out, or \
                 begin a new one",
            );
        }
        Ok(SearchConfig { trials: self.trials.or(config.trials), ..config })
    }
}

#[cfg(test)]
mod tests {
    use astrogen_emulator::criteria;
    use clap::Parser;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        search: SearchArguments,
    }

    /// What becomes of a search, with trials of patience 50, that goes on with these options.
    fn longer(trials: Option<u64>, typed: &str) -> Result<SearchConfig, String> {
        let scaling = json!({
            "standardize": {"names": [], "mean": [], "deviation": []},
            "observed": 0, "local": [], "limit": [],
        });
        let base = json!({
            "data": {}, "scaling": scaling, "batches": {}, "whiten": true, "model": {},
            "algorithm": {}, "fit": {"patience": 50}, "compare": "residuals", "judged": 10,
        });
        let config = json!({"space": {}, "trials": trials, "base": base});
        let config = serde_json::from_value(config).expect("settings of a search");
        let words = ["program", "--resume", "search"].into_iter().chain(typed.split_whitespace());
        let Program { search } = Program::try_parse_from(words).expect("options");
        let fitting = search.train.run.fitting(&criteria()).expect("numbers that there are");
        search.longer(config, &fitting).map_err(|error| error.to_string())
    }

    #[test]
    fn a_search_goes_on_by_the_rules_of_the_trials_before() {
        for typed in [
            "--steps 9",
            "--epochs 2",
            "--patience 9",
            "--precision tf32",
            "--trials 7 --precision bf16",
        ] {
            let told = longer(Some(3), typed).err().unwrap_or_default();
            let option = typed.split_whitespace().rev().nth(1).unwrap_or_default();
            assert!(told.contains(option) && told.contains("begin a new one"), "{typed}: {told}");
        }
        let kept = longer(Some(3), "--checkpoint-every 5 --precision f32").map(|kept| kept.trials);
        assert_eq!(kept, Ok(Some(3)), "what changes no trial is taken");
        assert_eq!(longer(Some(3), "--trials 7").map(|longer| longer.trials), Ok(Some(7)));
        let told = longer(None, "--trials 7").err().unwrap_or_default();
        assert!(told.contains("this search tries all combinations of its lists"), "{told}");
    }
}
