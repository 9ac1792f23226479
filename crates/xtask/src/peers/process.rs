//! A child that is kept alive and spoken to by lines of JSON.
//!
//! A request is an object with its name under `request`; the answer is `{"ok": value}` or
//! `{"error": "message"}`. What the child writes to standard error goes to a file, whose end
//! is shown when the child fails.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How much of a child's standard error a message shows.
const SHOWN_LINES: usize = 30;

/// A running child; it is killed when this is dropped.
pub(crate) struct Process {
    name: String,
    child: Child,
    requests: ChildStdin,
    answers: Receiver<std::io::Result<String>>,
    log: PathBuf,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Ok(Value),
    Error(String),
}

impl Process {
    /// Starts a command; messages call it `name`, and its standard error goes to `log`.
    pub(crate) fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let errors =
            File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .with_context(|| format!("cannot run {name}: {}", command.get_program().display()))?;
        let (Some(requests), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("{name} was started without pipes");
        };
        let (sender, answers) = mpsc::channel();
        // Ends with the child's output or with the receiver.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { name: name.to_owned(), child, requests, answers, log: log.to_owned() })
    }

    /// Sends a request and waits for its answer for at most `limit`. After an error that is
    /// not the child's own answer the child is no longer in step and must be dropped.
    pub(crate) fn ask<T: DeserializeOwned>(
        &mut self,
        request: &impl Serialize,
        limit: Duration,
    ) -> Result<T> {
        let request = serde_json::to_string(request).context("a request is JSON")?;
        let name = &self.name;
        if writeln!(self.requests, "{request}").and_then(|()| self.requests.flush()).is_err() {
            return Err(self.ended(&request));
        }
        let line = match self.answers.recv_timeout(limit) {
            Ok(Ok(line)) => line,
            Ok(Err(error)) => {
                return Err(self.failed(anyhow!("{name} cannot be read: {error}")));
            }
            Err(RecvTimeoutError::Disconnected) => return Err(self.ended(&request)),
            Err(RecvTimeoutError::Timeout) => {
                let seconds = limit.as_secs_f64();
                return Err(self
                    .failed(anyhow!("{name} gave no answer to {request} within {seconds:.0} s")));
            }
        };
        let nonsense = |error| self.failed(anyhow!("{name} answered {request} by {line}: {error}"));
        match serde_json::from_str(&line).map_err(nonsense)? {
            Answer::Ok(value) => serde_json::from_value(value).map_err(nonsense),
            Answer::Error(message) => bail!("{name} refused {request}: {message}"),
        }
    }

    /// The error of a child that has closed its output.
    fn ended(&mut self, request: &str) -> Error {
        // It may have closed its pipes and live on.
        let _ = self.child.kill();
        let status = self.child.wait().map_or_else(|e| e.to_string(), |status| status.to_string());
        self.failed(anyhow!("{} ended ({status}) instead of answering {request}", self.name))
    }

    /// Adds the end of the child's standard error to a message.
    fn failed(&self, error: Error) -> Error {
        let bytes = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
        if shown.is_empty() {
            return anyhow!("{error}\nIts standard error is empty");
        }
        anyhow!(
            "{error}\nIts standard error ({}) ends with:\n{}",
            self.log.display(),
            shown.join("\n")
        )
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(200);
    const LATE: Duration = Duration::from_secs(60);

    /// A shell script as the child.
    fn child(folder: &Path, script: &str) -> Process {
        let mut command = Command::new("sh");
        Process::start("the peer", command.arg("-c").arg(script), &folder.join("log")).unwrap()
    }

    fn refusal(script: &str, limit: Duration) -> String {
        let folder = tempfile::tempdir().unwrap();
        child(folder.path(), script).ask::<f64>(&"time", limit).unwrap_err().to_string()
    }

    #[test]
    fn requests_and_answers_take_turns() {
        let folder = tempfile::tempdir().unwrap();
        let mut echo =
            child(folder.path(), "while read line; do echo \"{\\\"ok\\\": $line}\"; done");
        for number in [1.5, -2.0] {
            assert_eq!(echo.ask::<f64>(&number, LATE).unwrap(), number);
        }
    }

    #[test]
    fn a_child_that_dies_is_named_with_its_status_and_its_last_words() {
        let message = refusal("read line; echo no memory >&2; exit 3", LATE);
        assert!(message.contains("the peer ended (exit status: 3)"), "{message}");
        assert!(message.contains("instead of answering \"time\""), "{message}");
        assert!(message.ends_with("ends with:\nno memory"), "{message}");
        let message = refusal("exec 0<&-; sleep 0.1; exit 4", LATE);
        assert!(message.contains("the peer ended") && message.contains("is empty"), "{message}");
    }

    #[test]
    fn a_silent_child_is_an_error_and_killed() {
        let folder = tempfile::tempdir().unwrap();
        let mut silent = child(folder.path(), "echo thinking >&2; exec sleep 600");
        let id = silent.child.id();
        let message = silent.ask::<f64>(&"time", SOON).unwrap_err().to_string();
        assert!(message.contains("no answer to \"time\" within 0 s"), "{message}");
        assert!(message.ends_with("thinking"), "{message}");
        drop(silent);
        assert!(!Path::new(&format!("/proc/{id}")).exists());
    }

    #[test]
    fn nonsense_is_shown() {
        for answer in ["hello", "{\"ok\": \"fast\"}", "{\"ok\": NaN}", "{}"] {
            let message = refusal(&format!("read line; echo '{answer}'; read line"), LATE);
            assert!(
                message.contains(&format!("the peer answered \"time\" by {answer}")),
                "{message}"
            );
        }
    }

    #[test]
    fn the_childs_own_refusal_keeps_it_in_step() {
        let folder = tempfile::tempdir().unwrap();
        let script =
            "read line; echo '{\"error\": \"no such row\"}'; read line; echo '{\"ok\": 2}'";
        let mut child = child(folder.path(), script);
        let message = child.ask::<f64>(&"time", LATE).unwrap_err().to_string();
        assert_eq!(message, "the peer refused \"time\": no such row");
        assert_eq!(child.ask::<f64>(&"time", LATE).unwrap(), 2.0);
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("/no/such/program");
        let error = Process::start("ours", &mut command, &folder.path().join("log")).err().unwrap();
        assert_eq!(error.to_string(), "cannot run ours: /no/such/program");
    }
}
