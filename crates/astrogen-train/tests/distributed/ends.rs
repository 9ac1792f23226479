//! Groups that do not come to their end.

use std::fs;
use std::time::Duration;

use astrogen_flows::Member;
use astrogen_train::{Checkpoint, Event, FitConfig, FlowStep, FlowStepConfig, RunDir, StopSignal};
use tch::Device;

use crate::{config, folder, outputs, rows, run, start_all, text, train};

fn flow(width: i64) -> FlowStep {
    tch::manual_seed(3);
    let flow = astrogen_flows::FlowConfig {
        transforms: 1,
        hidden: vec![width],
        ..Member::Maf.config(2, 1)
    };
    FlowStep::new(&flow, &FlowStepConfig::default(), Device::Cpu).unwrap()
}

fn rank() -> usize {
    std::env::var("RANK").unwrap().parse().unwrap()
}

/// What one of a test's processes trains, and what it does when the first is told of a step.
fn process(
    settings: &FitConfig,
    (width, batch_size): (i64, usize),
    stop: &StopSignal,
    mut at: impl FnMut(u64),
) -> u64 {
    let mut observer = |_: &FlowStep, event: &Event| {
        if let Event::Logged { step, .. } = event {
            at(*step);
        }
        Ok(())
    };
    let folder = folder().unwrap();
    let outcome =
        train(&folder, &mut flow(width), &mut rows(batch_size), settings, (stop, &mut observer));
    outcome.unwrap_or_else(|error| panic!("{error}")).step
}

/// What all processes of a test say, which have to fail or not.
fn say(test: &str, size: usize, succeed: bool) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let outputs = outputs(start_all(test, folder.path(), size));
    let texts = outputs.iter().map(text).collect();
    assert!(outputs.iter().all(|output| output.status.success() == succeed), "{texts:#?}");
    texts
}

#[test]
fn a_killed_process_ends_all_and_the_last_checkpoint_resumes() {
    let test = "ends::a_killed_process_ends_all_and_the_last_checkpoint_resumes";
    let Some(folder) = folder() else {
        let folder = tempfile::tempdir().unwrap();
        let mut processes = start_all(test, folder.path(), 3);
        let run_dir = folder.path().join("run");
        let first = (0..600).find(|_| {
            std::thread::sleep(Duration::from_millis(50));
            RunDir::open(&run_dir)
                .is_ok_and(|run| run.checkpoints().is_ok_and(|all| !all.is_empty()))
        });
        assert!(first.is_some(), "a checkpoint");
        processes[1].kill().unwrap();
        for (rank, output) in outputs(processes).iter().enumerate().filter(|(rank, _)| *rank != 1) {
            let text = text(output);
            assert!(!output.status.success(), "{text}");
            assert!(
                text.contains("process 1 of 3 has not come to exchange"),
                "process {rank}: {text}"
            );
        }
        let last = RunDir::open(&run_dir).unwrap().checkpoints().unwrap().pop().unwrap();
        fs::write(folder.path().join("again"), (last + 5).to_string()).unwrap();
        run(test, folder.path(), 3);
        let path = RunDir::open(&run_dir).unwrap().checkpoint_path(last + 5);
        assert_eq!(Checkpoint::inspect(&path).unwrap().step, last + 5);
        return;
    };
    let again = fs::read_to_string(folder.join("again")).ok().and_then(|steps| steps.parse().ok());
    let settings = config(again.unwrap_or(1_000_000));
    // Slowly, so that there is a middle.
    let slow = |_| std::thread::sleep(Duration::from_millis(20));
    process(&settings, (8, 24), &StopSignal::default(), slow);
}

#[test]
fn other_settings_are_refused_before_the_first_step() {
    let test = "ends::other_settings_are_refused_before_the_first_step";
    if folder().is_none() {
        for said in say(test, 2, false) {
            assert!(
                said.contains("process 1 of 2 does not have the settings of process 0"),
                "{said}"
            );
            assert!(said.contains(r#"`"seed": 8`, not `"seed": 7`"#), "{said}");
            assert!(!said.contains("a step"), "{said}");
        }
        return;
    }
    let settings = FitConfig { seed: 7 + rank() as u64, ..config(3) };
    process(&settings, (8, 24), &StopSignal::default(), |_| println!("a step"));
}

#[test]
fn other_networks_and_other_batches_are_refused_before_the_first_step() {
    let test = "ends::other_networks_and_other_batches_are_refused_before_the_first_step";
    if folder().is_none() {
        for said in say(test, 2, false) {
            assert!(
                said.contains("process 1 of 2 does not have the training of process 0"),
                "{said}"
            );
            assert!(said.contains("`batch_size 12`, not `batch_size 24`"), "{said}");
            assert!(!said.contains("a step"), "{said}");
        }
        return;
    }
    let batch_size = if rank() == 0 { 24 } else { 12 };
    let stop = StopSignal::default();
    process(&config(3), (8, batch_size), &stop, |_| println!("a step"));
}

#[test]
fn a_batch_that_cannot_be_shared_is_refused() {
    let test = "ends::a_batch_that_cannot_be_shared_is_refused";
    if folder().is_none() {
        for said in say(test, 3, false) {
            assert!(
                said.contains("expected a multiple of the 3 processes that share a batch, got 16"),
                "{said}"
            );
        }
        return;
    }
    process(&config(3), (8, 16), &StopSignal::default(), |_| ());
}

/// Every process is sent SIGTERM, as Slurm does when time is up, a little before it kills.
#[test]
fn a_polite_kill_of_all_saves_and_ends() {
    let test = "ends::a_polite_kill_of_all_saves_and_ends";
    if folder().is_none() {
        let folder = tempfile::tempdir().unwrap();
        let processes = start_all(test, folder.path(), 2);
        let begun = (0..600).find(|_| {
            std::thread::sleep(Duration::from_millis(50));
            folder.path().join("run/history.csv").exists()
        });
        assert!(begun.is_some(), "a history");
        for process in &processes {
            let pid = process.id().to_string();
            assert!(std::process::Command::new("kill").arg(&pid).status().unwrap().success());
        }
        let texts: Vec<String> = outputs(processes)
            .iter()
            .map(|output| {
                assert!(output.status.success(), "{}", text(output));
                text(output)
            })
            .collect();
        let step = |said: &String| {
            let line = said.lines().find_map(|line| line.split_once("stopped at ")).unwrap().1;
            line.trim().parse::<u64>().unwrap()
        };
        let steps: Vec<u64> = texts.iter().map(step).collect();
        assert_eq!(steps[0], steps[1]);
        let run = RunDir::open(&folder.path().join("run")).unwrap();
        assert_eq!(run.checkpoints().unwrap().pop(), Some(steps[0]));
        return;
    }
    let stop = StopSignal::on_ctrl_c().unwrap();
    let slow = |_| std::thread::sleep(Duration::from_millis(5));
    let step = process(&config(1_000_000), (8, 24), &stop, slow);
    println!("stopped at {step}");
}
