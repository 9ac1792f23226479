//! `cargo xtask peers`: our programs and PyTorch's timed in turn on this machine.
//!
//! Two programs are kept alive: ours (`benches/peers/main.rs`, built with cargo's release
//! profile) and the peer's (`benches/peers/peers.py`, in the environment of [`python`]). They
//! compute with the same libtorch version and thread count on the same inputs and weights:
//! for each row the Python side writes a safetensors file, both read it, and their first
//! outputs must agree. Then one repetition of ours and one of the peer's are timed in turn,
//! each by its own clock, while the other waits for its next line. OpenMP's threads spin for
//! some milliseconds after their last work, alike on both sides, which is left as users have
//! it: a pause between turns outlasts it, and a waiting side was measured to take less than
//! 0.01 s of the processors in a second.

mod process;
mod report;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use self::process::Process;
use self::report::{LeftOut, Machine, Row};
pub(crate) use self::report::{Report, write_whole};
use crate::libtorch::Libtorch;
use crate::say::{note, say};
use crate::setup::{self, Request as Setup};
use crate::{cargo, cuda, machine, python, workspace};

/// How long one side may take to start, or to make a row ready to be timed, compilation
/// included, or to time a repetition.
const PATIENCE: Duration = Duration::from_secs(300);
/// Between one side's work and the other's.
const PAUSE: Duration = Duration::from_millis(50);
/// The peer that need not run everywhere, nor on every row.
pub(crate) const OPTIONAL_PEER: &str = "torch.compile";
/// The device on which every row runs.
const CPU: &str = "cpu";

/// What to time.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only rows whose name holds this text
    #[arg(long)]
    only: Option<String>,
    /// How often ours and the peer are timed in turn
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    pairs: u16,
    /// Threads that both sides compute with; default: one per core
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Where both sides compute: cpu, cuda or cuda:N
    #[arg(long, default_value = CPU)]
    device: String,
}

impl Options {
    /// All rows that a GPU computes, on the first one.
    pub(crate) fn on_gpu() -> Self {
        Self { only: None, pairs: 7, threads: None, device: "cuda".to_owned() }
    }
}

#[derive(Serialize)]
#[serde(tag = "request", rename_all = "lowercase")]
enum Request<'a> {
    /// Asks for [`Hello`].
    Hello { threads: usize, device: &'a str },
    /// Asks ours for a list of [`OurRow`], the peer for the peers of each row.
    Rows,
    /// Makes a row ready; the peer writes the file of tensors that ours reads.
    Prepare { row: &'a str, peer: &'a str, file: &'a Path },
    /// Asks for the first outputs, by name.
    Check,
    /// Runs until everything is in its place.
    Warm,
    /// Asks for the seconds of one run.
    Time,
}

/// What a side computes with.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Hello {
    libtorch: String,
    threads: usize,
}

#[derive(Deserialize)]
struct OurRow {
    name: String,
    /// How far the first outputs may be apart, relative to the larger one.
    tolerance: f64,
}

/// The first outputs of a row.
type Outputs = BTreeMap<String, f64>;

/// Times the rows, prints the table and writes `target/peers/report.json`.
pub(crate) fn run(options: &Options) -> Result<()> {
    let libtorch = setup::run(Setup::Any)?;
    let report = measure(options, libtorch.as_ref())?;
    let path = folder().join("report.json");
    report.write(&path)?;
    say(&report);
    note(format_args!("Written to {}", path.display()));
    Ok(())
}

/// Where what is measured is kept.
pub(crate) fn folder() -> PathBuf {
    workspace::root().join("target/peers")
}

/// Times the rows, ours with this libtorch.
pub(crate) fn measure(options: &Options, libtorch: Option<&Libtorch>) -> Result<Report> {
    let interpreter = python::environment()?;
    note(
        "Building our side. The first time this takes several minutes: torch-sys compiles its C++ \
         glue once for the release profile.",
    );
    let program = cargo::bench(libtorch, "peers")?;
    let root = workspace::root();
    let folder = folder();
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;

    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = options.threads.map_or(cores, usize::from);
    let mut ours = Command::new(program);
    ours.arg("--serve");
    cargo::find_libtorch(&mut ours, libtorch);
    let mut theirs = Command::new(interpreter);
    theirs
        .arg("-B")
        .arg(root.join("benches/peers/peers.py"))
        // What torch.compile makes stays inside the clone, and no worker process of its
        // takes the processors while ours is timed.
        .env("TORCHINDUCTOR_CACHE_DIR", folder.join("inductor"))
        .env("TORCHINDUCTOR_COMPILE_THREADS", "1");
    let device = &options.device;
    let mut bench = Bench::start(ours, theirs, folder, threads, device)?;

    let mut rows: Vec<OurRow> = bench.ours.ask(&Request::Rows, PATIENCE)?;
    let peers: BTreeMap<String, Vec<String>> = bench.theirs()?.ask(&Request::Rows, PATIENCE)?;
    choose(&mut rows, options.only.as_deref().unwrap_or_default())?;

    let libtorch = bench.hello.libtorch.clone();
    let gpu = (device != CPU).then(|| cuda::device(device));
    let machine = Machine { cpu: machine::cpu(), cores, threads, gpu, libtorch };
    let mut report = Report { machine, rows: Vec::new(), left_out: Vec::new() };
    for row in &rows {
        let peers =
            peers.get(&row.name).with_context(|| format!("peers.py has no row {}", row.name))?;
        for peer in peers {
            note(format_args!("{} against {peer}", row.name));
            match bench.ready(row, peer).and_then(|()| bench.time(options.pairs)) {
                Ok(pairs) => report.rows.push(Row::new(&row.name, peer, &pairs)),
                Err(why) if peer == OPTIONAL_PEER || device != CPU => {
                    note(format_args!("{} against {peer} is left out: {why:#}", row.name));
                    report.left_out.push(LeftOut::new(&row.name, peer, &why));
                    // Whatever state they are in, the next row gets new ones.
                    bench.renew()?;
                }
                Err(why) => return Err(why.context(format!("{} against {peer}", row.name))),
            }
        }
    }
    Ok(report)
}

/// Leaves the rows whose name holds `only`; having none is an error that lists all.
fn choose(rows: &mut Vec<OurRow>, only: &str) -> Result<()> {
    let all: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
    rows.retain(|row| row.name.contains(only));
    ensure!(!rows.is_empty(), "no row's name holds {only:?}; there are: {}", all.join(", "));
    Ok(())
}

/// The two sides.
struct Bench {
    ours: Process,
    our_command: Command,
    /// What ours computes with.
    hello: Hello,
    device: String,
    /// None until it is needed: it is started anew where the last one failed.
    theirs: Option<Process>,
    command: Command,
    folder: PathBuf,
}

impl Bench {
    /// Starts our side; `theirs` is the command of the other.
    fn start(
        mut our_command: Command,
        theirs: Command,
        folder: PathBuf,
        threads: usize,
        device: &str,
    ) -> Result<Self> {
        let (ours, hello) = start(&mut our_command, &folder, threads, device)?;
        let device = device.to_owned();
        Ok(Self { ours, our_command, hello, device, theirs: None, command: theirs, folder })
    }

    /// Both sides anew, the peer's when it is needed.
    fn renew(&mut self) -> Result<()> {
        self.theirs = None;
        let threads = self.hello.threads;
        (self.ours, self.hello) =
            start(&mut self.our_command, &self.folder, threads, &self.device)?;
        Ok(())
    }

    /// The peer's process, which is started if there is none and must compute with what
    /// ours does.
    fn theirs(&mut self) -> Result<&mut Process> {
        let theirs = match self.theirs.take() {
            Some(theirs) => theirs,
            None => {
                let log = self.folder.join("python.log");
                let mut theirs = Process::start("PyTorch", &mut self.command, &log)?;
                let hello = Request::Hello { threads: self.hello.threads, device: &self.device };
                same(&self.hello, &theirs.ask(&hello, PATIENCE)?)?;
                theirs
            }
        };
        Ok(self.theirs.insert(theirs))
    }

    /// Prepares a row on both sides, compares their first outputs and warms both up.
    fn ready(&mut self, row: &OurRow, peer: &str) -> Result<()> {
        let file = self.folder.join("inputs.safetensors");
        let prepare = Request::Prepare { row: &row.name, peer, file: &file };
        let started = Instant::now();
        let left = || PATIENCE.saturating_sub(started.elapsed());
        let theirs = self.theirs()?;
        theirs.ask::<()>(&prepare, left())?;
        let their_outputs: Outputs = theirs.ask(&Request::Check, left())?;
        theirs.ask::<()>(&Request::Warm, left())?;
        self.ours.ask::<()>(&prepare, PATIENCE)?;
        let our_outputs: Outputs = self.ours.ask(&Request::Check, PATIENCE)?;
        self.ours.ask::<()>(&Request::Warm, PATIENCE)?;
        agree(&our_outputs, &their_outputs, row.tolerance)
    }

    /// Seconds of ours and of the peer, in turn.
    fn time(&mut self, pairs: u16) -> Result<Vec<[f64; 2]>> {
        let timed = |process: &mut Process| {
            std::thread::sleep(PAUSE);
            process.ask::<f64>(&Request::Time, PATIENCE)
        };
        (0..pairs)
            .map(|_| {
                let ours = timed(&mut self.ours)?;
                let theirs = timed(self.theirs.as_mut().context("a row is ready")?)?;
                ensure!(ours > 0.0 && theirs > 0.0, "times of {ours} s and {theirs} s");
                Ok([ours, theirs])
            })
            .collect()
    }
}

/// Our side, and what it computes with.
fn start(
    command: &mut Command,
    folder: &Path,
    threads: usize,
    device: &str,
) -> Result<(Process, Hello)> {
    let mut ours = Process::start("ours", command, &folder.join("ours.log"))?;
    let hello: Hello = ours.ask(&Request::Hello { threads, device }, PATIENCE)?;
    ensure!(
        hello.threads == threads,
        "{threads} threads were asked for, and libtorch took {}",
        hello.threads
    );
    Ok((ours, hello))
}

/// Both sides must have one libtorch version and one thread count.
fn same(ours: &Hello, theirs: &Hello) -> Result<()> {
    ensure!(
        ours == theirs,
        "the sides differ: ours computes with libtorch {} on {} threads, the peer with {} on {}",
        ours.libtorch,
        ours.threads,
        theirs.libtorch,
        theirs.threads
    );
    Ok(())
}

/// The first outputs must have the same names and, within the tolerance, the same values.
fn agree(ours: &Outputs, theirs: &Outputs, tolerance: f64) -> Result<()> {
    ensure!(
        ours.keys().eq(theirs.keys()),
        "the sides check different outputs: ours {:?}, the peer {:?}",
        ours.keys(),
        theirs.keys()
    );
    for ((name, ours), theirs) in ours.iter().zip(theirs.values()) {
        // Written so that a NaN does not agree.
        let close = (ours - theirs).abs() <= tolerance * ours.abs().max(theirs.abs());
        ensure!(
            close,
            "the sides disagree: {name} is {ours} with ours and {theirs} with the peer, which may \
             differ by {tolerance} of the larger"
        );
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn outputs(values: &[(&str, f64)]) -> Outputs {
        values.iter().map(|&(name, value)| (name.to_owned(), value)).collect()
    }

    #[test]
    fn outputs_agree_within_the_tolerance() {
        let ours = outputs(&[("loss", 1.0), ("norm", -2.0), ("zero", 0.0)]);
        let theirs = outputs(&[("loss", 1.000_09), ("norm", -2.000_1), ("zero", 0.0)]);
        agree(&ours, &theirs, 1e-4).unwrap();
        let message = agree(&ours, &theirs, 1e-5).unwrap_err().to_string();
        assert!(message.contains("loss is 1 with ours and 1.00009 with the peer"), "{message}");
        let nan = outputs(&[("loss", f64::NAN), ("norm", -2.0), ("zero", 0.0)]);
        assert!(agree(&nan, &nan, 1e-4).is_err());
    }

    #[test]
    fn outputs_of_other_names_do_not_agree() {
        let message = agree(&outputs(&[("a", 1.0)]), &outputs(&[("b", 1.0)]), 1.0).unwrap_err();
        assert!(message.to_string().contains("ours [\"a\"], the peer [\"b\"]"), "{message}");
    }

    #[test]
    fn another_version_or_thread_count_is_refused() {
        let hello = |libtorch: &str, threads| Hello { libtorch: libtorch.into(), threads };
        same(&hello("2.13.0", 2), &hello("2.13.0", 2)).unwrap();
        for other in [hello("2.12.1", 2), hello("2.13.0", 1)] {
            let message = same(&hello("2.13.0", 2), &other).unwrap_err().to_string();
            assert!(
                message.contains("ours computes with libtorch 2.13.0 on 2 threads"),
                "{message}"
            );
        }
    }

    #[test]
    fn rows_are_chosen_by_name() {
        let rows = || {
            ["gan_step", "gan_sample"].map(|n| OurRow { name: n.into(), tolerance: 1e-4 }).into()
        };
        let mut chosen: Vec<OurRow> = rows();
        choose(&mut chosen, "step").unwrap();
        assert_eq!(chosen.len(), 1);
        let message = choose(&mut rows(), "flow").unwrap_err().to_string();
        assert_eq!(message, "no row's name holds \"flow\"; there are: gan_step, gan_sample");
    }

    #[test]
    fn requests_are_objects_with_a_name() {
        let prepare = Request::Prepare { row: "r", peer: "p", file: Path::new("/f") };
        let json = serde_json::to_string(&prepare).unwrap();
        assert_eq!(json, r#"{"request":"prepare","row":"r","peer":"p","file":"/f"}"#);
        assert_eq!(serde_json::to_string(&Request::Check).unwrap(), r#"{"request":"check"}"#);
    }
}
