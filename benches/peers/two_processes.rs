//! A row that two processes compute, each its share of a batch: this one, and the same program started
//! again, which makes a run whenever a byte comes.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context, Result};
use astrogen::distributed::{Group, World};
use astrogen::runtime::{set_threads, threads};
use astrogen::train::Step;

use crate::dcgan::DcganRow;
use crate::inputs::Inputs;
use crate::row::{Outputs, Row};

/// The file of inputs, for the second process.
const FILE: &str = "ASTROGEN_PEERS_FILE";

/// The threads of one process, for the second.
const THREADS: &str = "ASTROGEN_PEERS_THREADS";

/// Both processes of a row.
pub(crate) struct TwoProcesses {
    row: DcganRow,
    second: Child,
    go: Option<ChildStdin>,
    /// Those of other rows.
    threads: usize,
}

impl TwoProcesses {
    /// Starts the second process, and shares a batch and the threads with it.
    pub(crate) fn start(inputs: &Inputs) -> Result<Self> {
        let threads = threads::current();
        let port = World::free_port()?;
        let own = set_threads(Some((threads / 2).max(1)));
        let mut second = Command::new(std::env::current_exe()?)
            .arg("--serve")
            .envs(World::on_this_machine(1, 2, port).variables())
            .env(FILE, inputs.path())
            .env(THREADS, own.to_string())
            .stdin(Stdio::piped())
            .spawn()?;
        let go = second.stdin.take();
        let group = Group::join(&World::on_this_machine(0, 2, port))?;
        Ok(Self { row: share(inputs, &group)?, second, go, threads })
    }

    fn go(&mut self) -> Result<()> {
        let go = self.go.as_mut().context("the second process was stopped")?;
        go.write_all(&[1])?;
        Ok(go.flush()?)
    }
}

/// The row of one process of the group.
fn share(inputs: &Inputs, group: &Group) -> Result<DcganRow> {
    let mut row = DcganRow::new(inputs)?;
    let share = astrogen::runtime::Share::new(group.rank(), group.size()).context("a rank")?;
    row.real = share.of_rows(&row.real);
    row.latent = share.of_rows(&row.latent);
    row.step.join(group)?;
    Ok(row)
}

impl Row for TwoProcesses {
    fn check(&mut self) -> Result<Outputs> {
        self.go()?;
        self.go()?; // two steps
        self.row.check()
    }

    fn run(&mut self) -> Result<()> {
        self.go()?;
        self.row.run()
    }
}

impl Drop for TwoProcesses {
    fn drop(&mut self) {
        self.go = None; // which ends it
        let _ = self.second.wait();
        set_threads(Some(self.threads));
    }
}

/// Whether this is the second of two processes.
pub(crate) fn is_second() -> bool {
    std::env::var_os(FILE).is_some()
}

/// The second process: a step for every byte, until there are no more.
pub(crate) fn follow() -> Result<()> {
    set_threads(std::env::var(THREADS)?.parse().ok());
    let inputs = Inputs::read(Path::new(&std::env::var(FILE)?))?;
    let mut row = share(&inputs, &Group::from_environment()?)?;
    let mut go = std::io::stdin().lock();
    while go.read_exact(&mut [0]).is_ok() {
        row.run()?;
    }
    Ok(())
}
