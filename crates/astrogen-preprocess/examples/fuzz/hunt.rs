//! Has inputs opened by child processes and collects what goes wrong.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, BufReader};
use std::ops::Range;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use crate::Arguments;
use crate::child::{HANG, SECONDS};
use crate::inputs::Inputs;

/// Inputs kept of one kind of failure.
const KEPT: u64 = 3;
/// How often progress is shown.
const PROGRESS: u64 = 10_000;

/// What came of all inputs.
#[derive(Default)]
pub(crate) struct Summary {
    opened: u64,
    refused: u64,
    /// How often each kind of failure was seen.
    failures: BTreeMap<String, u64>,
    took: Duration,
}

impl Summary {
    pub(crate) fn is_clean(&self) -> bool {
        self.failures.is_empty()
    }

    fn inputs(&self) -> u64 {
        self.opened + self.refused + self.failures.values().sum::<u64>()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, count) in &self.failures {
            writeln!(f, "{count} x {kind}")?;
        }
        let Summary { opened, refused, took, .. } = self;
        let failed: u64 = self.failures.values().sum();
        write!(
            f,
            "{} inputs in {:.0} s: {opened} opened, {refused} refused, {failed} failed",
            self.inputs(),
            took.as_secs_f64()
        )
    }
}

pub(crate) fn run(
    arguments: &Arguments,
    inputs: &Inputs,
    mut range: Range<u64>,
) -> io::Result<Summary> {
    println!("{} files to mutate, door {}", inputs.seeds(), arguments.door.name());
    let started = Instant::now();
    let mut summary = Summary::default();
    while !range.is_empty() {
        let (last, status) = open(arguments, range.clone(), |index, outcome| match outcome {
            "opened" => summary.opened += 1,
            "refused" => summary.refused += 1,
            failure => note(&mut summary, arguments, inputs, index, failure),
        })?;
        let Some(index) = last else {
            if status.success() {
                break;
            }
            return Err(io::Error::other(format!(
                "a child ended before its first input: {status}"
            )));
        };
        // The heap may have been damaged by an earlier input.
        let alone = open(arguments, index..index + 1, |_, _| {})?.1 == status;
        let alone = if alone { "" } else { ", not when opened alone" };
        let how = if status.code() == Some(HANG) {
            format!("more than {SECONDS} s{alone}")
        } else {
            format!("the process ended ({status}){alone}")
        };
        note(&mut summary, arguments, inputs, index, &how);
        range.start = index + 1;
    }
    summary.took = started.elapsed();
    Ok(summary)
}

/// Opens a range of inputs in a child and tells `each` what came of them. Returns the one that
/// ended the child, if one did, and how the child ended.
fn open(
    arguments: &Arguments,
    range: Range<u64>,
    mut each: impl FnMut(u64, &str),
) -> io::Result<(Option<u64>, ExitStatus)> {
    let mut child = Command::new(env::current_exe()?);
    child.args(["--child", "--door", arguments.door.name()]);
    child.arg("--seed").arg(arguments.seed.to_string());
    child.arg("--first").arg(range.start.to_string());
    child.arg("--count").arg((range.end - range.start).to_string());
    for folder in &arguments.seeds {
        child.arg("--seeds").arg(folder);
    }
    let mut child = child.stdout(Stdio::piped()).spawn()?;
    let mut begun = None;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line?;
            match (line.parse(), begun) {
                (Ok(index), _) => begun = Some(index),
                (Err(_), Some(index)) => {
                    each(index, &line);
                    begun = None;
                    if (index + 1) % PROGRESS == 0 {
                        println!("{} inputs", index + 1);
                    }
                }
                (Err(_), None) => {}
            }
        }
    }
    Ok((begun, child.wait()?))
}

/// Counts a failure and keeps the first inputs of its kind.
fn note(summary: &mut Summary, arguments: &Arguments, inputs: &Inputs, index: u64, how: &str) {
    let kind: String = how.chars().filter(|letter| !letter.is_ascii_digit()).collect();
    let seen = summary.failures.entry(kind).or_default();
    *seen += 1;
    if *seen > KEPT {
        return;
    }
    let name = format!("{}-{}-{index}", arguments.door.name(), arguments.seed);
    let path = arguments.keep.join(name);
    let kept = fs::create_dir_all(&arguments.keep)
        .and_then(|()| fs::write(&path, inputs.bytes(index)))
        .map_or_else(|error| format!("not kept: {error}"), |()| path.display().to_string());
    println!("input {index}: {how} ({kept})");
}
