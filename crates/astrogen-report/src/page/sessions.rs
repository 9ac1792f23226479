//! The sessions that a run was trained in, and what was said meanwhile: its `log.jsonl`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;

use super::json::Json;

/// A session from its start to its last line.
#[derive(Debug)]
pub(super) struct Session {
    /// The step that it began after, and the last that it told of; of one that came to its end the step
    /// whose state it ended with.
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
    /// Before all steps were done: nothing became better, or training had failed.
    Early,
    Stopped,
}

impl End {
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Early => "ended early",
            Self::Stopped => "stopped",
        }
    }
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
            // One that diverged went back to its best state.
            session.steps[1] = line.step.unwrap_or(session.steps[1]);
            session.end = Some(match line.interrupted {
                Some(true) => End::Stopped,
                _ if session.steps[1] < session.wanted => End::Early,
                _ => End::Finished,
            });
        }
        let said = [line.message, line.remark].into_iter().flatten();
        self.remarks.extend(said.map(|text| (session.steps[1], text)));
    }

    /// Seconds of all sessions together.
    pub(super) fn seconds(&self) -> f64 {
        self.sessions.iter().map(|session| session.time[1] - session.time[0]).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(lines: &[&str]) -> Session {
        let mut log = Log::default();
        lines
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .for_each(|line| log.add(line));
        log.sessions.remove(0)
    }

    #[test]
    fn a_session_ends_with_the_step_of_its_last_state() {
        let start = r#"{"event": "started", "step": 0, "steps": 6400, "time": 1}"#;
        let logged = r#"{"event": "logged", "step": 4990, "time": 2}"#;
        let end = |step: u64, interrupted: bool| {
            format!(r#"{{"event": "finished", "step": {step}, "interrupted": {interrupted}}}"#)
        };
        let diverged = session(&[start, logged, &end(4000, false)]);
        assert_eq!((diverged.steps, diverged.end), ([0, 4000], Some(End::Early)));
        let done = session(&[start, logged, &end(6400, false)]);
        assert_eq!((done.steps, done.end), ([0, 6400], Some(End::Finished)));
        let stopped = session(&[start, logged, &end(4995, true)]);
        assert_eq!((stopped.steps, stopped.end), ([0, 4995], Some(End::Stopped)));
        let killed = session(&[start, logged]);
        assert_eq!((killed.steps, killed.end), ([0, 4990], None));
    }
}
