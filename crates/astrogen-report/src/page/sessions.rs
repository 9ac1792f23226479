//! The sessions that a run was trained in, and what was said meanwhile: its `log.jsonl`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;

use super::json::Json;

/// A session from its start to its last line.
#[derive(Debug)]
pub(super) struct Session {
    /// The step that it began after, and the last that it told of.
    pub(super) steps: [u64; 2],
    /// When it began and when it was last heard of, in seconds since 1970.
    pub(super) time: [f64; 2],
    /// The steps that it was to come to.
    pub(super) wanted: u64,
    /// The device that it trained on; earlier versions did not write that down.
    pub(super) device: Option<String>,
    /// Where it ran; earlier versions did not write that down.
    pub(super) environment: Option<Json>,
    /// Whether it came to its end, and was stopped there.
    pub(super) end: Option<End>,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Finished,
    Stopped,
}

/// A run's log.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) sessions: Vec<Session>,
    /// What was said, and after which step.
    pub(super) remarks: Vec<(u64, String)>,
}

#[derive(Deserialize)]
struct Line {
    event: String,
    step: Option<u64>,
    steps: Option<u64>,
    #[serde(default)]
    time: f64,
    device: Option<String>,
    environment: Option<Json>,
    interrupted: Option<bool>,
    message: Option<String>,
    remark: Option<String>,
}

impl Log {
    /// Reads its whole lines; none of a file that is not there.
    pub(super) fn read(path: &Path) -> Self {
        let mut log = Self::default();
        let Ok(file) = File::open(path) else { return log };
        let lines = BufReader::new(file).split(b'\n').map_while(Result::ok);
        for line in lines.filter_map(|line| serde_json::from_slice::<Line>(&line).ok()) {
            log.add(line);
        }
        log
    }

    fn add(&mut self, line: Line) {
        if line.event == "started" {
            let step = line.step.unwrap_or(0);
            self.sessions.push(Session {
                steps: [step, step],
                time: [line.time, line.time],
                wanted: line.steps.unwrap_or(0),
                device: line.device,
                environment: line.environment,
                end: None,
            });
        }
        let Some(session) = self.sessions.last_mut() else { return };
        session.time[1] = session.time[1].max(line.time);
        session.steps[1] = session.steps[1].max(line.step.unwrap_or(0));
        if line.event == "finished" {
            let stopped = line.interrupted == Some(true);
            session.end = Some(if stopped { End::Stopped } else { End::Finished });
        }
        let said = [line.message, line.remark].into_iter().flatten();
        self.remarks.extend(said.map(|text| (session.steps[1], text)));
    }

    /// Seconds of all sessions together.
    pub(super) fn seconds(&self) -> f64 {
        self.sessions.iter().map(|session| session.time[1] - session.time[0]).sum()
    }
}
