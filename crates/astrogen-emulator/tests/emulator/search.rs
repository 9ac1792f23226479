//! A search is stopped, goes on, and is refused where it would go on as another one.

use std::fs;

use astrogen_emulator::{EmulatorError, SearchConfig, Watch, judge_best, search};
use astrogen_train::{Event, RunDir, StopSignal, TrainError};
use serde_json::json;
use tch::Device;

use crate::{settings, turn};

#[test]
fn the_best_trial_of_a_search_is_judged() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let (base, table) = settings(folder.path());
    let space = json!({"algorithm.n_critic": [2, 3]});
    let mut config = SearchConfig { space, trials: None, base };
    let run = RunDir::create(&folder.path().join("search")).unwrap();
    let search =
        |stop: &StopSignal| search(&run, &config, &table, Device::Cpu, stop, &mut ()).unwrap();

    let stop = StopSignal::default();
    stop.raise();
    let results = search(&stop);
    assert!(results.next_trial().is_some());
    assert!(judge_best(&run, &config, &table, &results).unwrap().is_none());
    let results = search(&StopSignal::default());
    let (best, judgement) = judge_best(&run, &config, &table, &results).unwrap().expect("done");
    assert_eq!(results.best().map(|(best, _)| best), Some(&best));
    assert_eq!(judgement.folder, run.join(format!("trial-{:03}", best.number)));
    assert_eq!(judgement.reports.len(), 2, "a trial has no baseline");

    config.space = json!({"data.test_fraction": [0.2, 0.3]});
    let told = config.trials().unwrap_err().to_string();
    assert!(told.contains("settings of the data stay as they are"), "{told}");
}

#[test]
fn a_search_that_cannot_go_on_is_refused_before_its_settings_change() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let (base, table) = settings(folder.path());
    let of = |space, trials| SearchConfig { space, trials, base: base.clone() };
    let go_on = |run: &RunDir, config: &SearchConfig, stop: &StopSignal| {
        search(run, config, &table, Device::Cpu, stop, &mut ())
    };
    let stopped = StopSignal::default();
    stopped.raise();

    // Fewer trials than are done.
    let drawn = RunDir::create(&folder.path().join("drawn")).unwrap();
    let range = json!({"algorithm.n_critic": {"integer": [1, 2]}});
    let two = of(range.clone(), Some(2));
    assert!(go_on(&drawn, &two, &StopSignal::default()).unwrap().next_trial().is_none());
    let before = fs::read(drawn.config_path()).unwrap();
    let told = go_on(&drawn, &of(range.clone(), Some(1)), &stopped).unwrap_err().to_string();
    assert!(told.contains("it holds trial \"2\", which this search has not"), "{told}");
    assert!(fs::read(drawn.config_path()).unwrap() == before);
    assert_eq!(
        go_on(&drawn, &of(range, Some(3)), &stopped).unwrap().next_trial().unwrap().number,
        3
    );

    // Another trial 1 than the one that was stopped, before there was a table.
    let listed = RunDir::create(&folder.path().join("listed")).unwrap();
    let mut config = of(json!({"algorithm.n_critic": [2, 3]}), None);
    assert!(go_on(&listed, &config, &stopped).unwrap().next_trial().is_some());
    let trial = listed.join("trial-001/config.json");
    let before = fs::read(&trial).unwrap();
    let other = of(json!({"algorithm.n_critic": [3, 2]}), None);
    let told = go_on(&listed, &other, &stopped).unwrap_err().to_string();
    let expected = "expected the settings of trial 1: algorithm.n_critic 3, and config.json in it has \
                    others";
    assert!(told.contains(expected), "{told}");
    assert!(fs::read(&trial).unwrap() == before);
    config.base.fit.checkpoint_interval = 4;
    assert!(go_on(&listed, &config, &stopped).is_ok(), "what changes no result may change");
    assert!(fs::read(&trial).unwrap() != before);
}

/// A disk that is full as soon as something is saved.
struct FullDisk;

impl Watch for FullDisk {
    fn observe(&mut self, event: &Event) -> Result<(), TrainError> {
        match event {
            Event::Saved { path, .. } => {
                let source = std::io::ErrorKind::StorageFull.into();
                Err(TrainError::Io { path: path.to_path_buf(), source })
            }
            _ => Ok(()),
        }
    }
}

#[test]
fn a_trial_fails_by_its_settings_and_goes_on_where_the_machine_failed() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let (base, table) = settings(folder.path());
    let space = json!({"algorithm.critic_optimizer.lr": [1e30, 1e-4, -1]});
    let config = SearchConfig { space, trials: None, base };
    let run = RunDir::create(&folder.path().join("search")).unwrap();
    let go_on = |watch: &mut dyn Watch| {
        search(&run, &config, &table, Device::Cpu, &StopSignal::default(), watch)
    };

    let error = go_on(&mut FullDisk).unwrap_err();
    assert!(matches!(error, EmulatorError::Train(TrainError::Io { .. })), "{error}");
    assert!(!run.join("search.csv").exists(), "the machine's failure is no result");
    let results = go_on(&mut ()).unwrap();
    assert!(results.outcome(1).unwrap().unwrap_err().contains("is not finite"), "{results}");
    assert!(results.outcome(2).unwrap().is_ok(), "{results}");
    assert!(results.outcome(3).unwrap().unwrap_err().contains("lr must be"), "{results}");
}
