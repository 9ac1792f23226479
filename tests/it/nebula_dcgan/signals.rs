//! Runs that are stopped, by whom and however often, and read while they train.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use astrogen::train::run_dir::RunDir;

use super::{example, train, words};
use crate::program::{nebulae, text, utf8};

/// The example in the middle of a run without end, with everything it says piped here, started
/// by `env` with these settings of its signals.
fn running(data: &Path, out: &Path, signals: &[&str]) -> Child {
    let arguments = train(data, out, "1000000");
    let program = example().command(&words(&arguments));
    let mut command = Command::new("env"); // which becomes the program
    command.args(signals).arg(program.get_program()).args(program.get_args());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the example starts");
    while !out.join("history.csv").exists() {
        assert!(child.try_wait().expect("a child").is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

/// Whatever started these tests ignores.
const DEFAULT: [&str; 1] = ["--default-signal=INT,HUP"];

/// Sends a signal to a program, `times` in a row.
fn send(signal: &str, child: &Child, times: usize) {
    let kill = format!("kill -{signal} {};", child.id()).repeat(times);
    assert!(Command::new("bash").args(["-c", &kill]).status().expect("bash runs").success());
}

/// The number of steps that it says it stopped after.
fn stopped_after(child: Child) -> (u64, String) {
    let output = child.wait_with_output().expect("it ends");
    let told = text(&output);
    assert!(output.status.success(), "{told}");
    let steps = told.split("stopped after ").nth(1).expect("it says so").split(' ').next();
    (steps.expect("a number").parse().expect("a number"), told)
}

#[test]
fn ctrl_c_finishes_the_step_saves_and_leaves() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("run");
    let child = running(&nebulae(folder.path(), 48), &out, &DEFAULT);
    send("INT", &child, 1);
    let (step, told) = stopped_after(child);
    assert!(out.join(format!("checkpoints/step-{step:08}.safetensors")).is_file(), "{told}");
    assert!(out.join("generator.safetensors").is_file());
    // Nobody who stops a run waits for a minute of statistics.
    assert!(told.contains("all numbers of quality are for the end of the run"), "{told}");
    assert!(!told.contains("power spectrum"), "{told}");
}

#[test]
fn under_nohup_a_run_outlives_its_terminal_and_still_stops_on_ctrl_c() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("run");
    let signals = ["--ignore-signal=HUP", "--default-signal=INT"];
    let child = running(&nebulae(folder.path(), 48), &out, &signals);
    let rows = || fs::read_to_string(out.join("history.csv")).expect("a history").lines().count();
    send("HUP", &child, 1);
    let before = rows();
    while rows() < before + 5 {
        std::thread::sleep(Duration::from_millis(20));
    }
    send("INT", &child, 1);
    let (step, _) = stopped_after(child);
    assert!(step >= 10 * (before as u64 + 3), "{step} steps, {before} rows before");
}

#[test]
fn a_run_is_sampled_while_it_trains_and_has_one_session() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = nebulae(folder.path(), 48);
    let out = folder.path().join("run");
    let child = running(&data, &out, &DEFAULT);
    let told = example().refuse(&["--resume", utf8(&out), "--steps", "1000000"]);
    assert!(told.contains(&format!("another session, process {},", child.id())), "{told}");
    while !out.join("generator.safetensors").exists() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let samples = folder.path().join("samples");
    example().succeed(&["sample", utf8(&out), "--count", "2", "--out", utf8(&samples)]);
    send("INT", &child, 1);
    stopped_after(child);
    assert!(samples.join("grid.png").is_file());
}

#[test]
fn ctrl_c_handed_on_twice_to_a_run_that_nobody_reads_loses_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("run");
    let mut child = running(&nebulae(folder.path(), 48), &out, &DEFAULT);
    drop((child.stdout.take(), child.stderr.take())); // as `| tee log`, killed by the same key
    std::thread::sleep(Duration::from_secs(2)); // past some lines that nobody takes
    send("INT", &child, 2);
    assert!(child.wait().expect("it ends").success());
    let history = fs::read_to_string(out.join("history.csv")).expect("a history");
    let logged = history.lines().last().expect("rows").split(',').next().expect("a step");
    let run = RunDir::open(&out).expect("a run");
    let saved = *run.checkpoints().expect("checkpoints").last().expect("one at least");
    assert!(saved >= logged.parse().expect("a number"), "{saved} of {logged} steps were saved");
}
