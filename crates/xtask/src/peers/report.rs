//! What was measured: medians by pair, as a table and as a file.

use std::fmt;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Error, Result};
use atomic_write_file::AtomicWriteFile;
use serde::Serialize;

/// All rows, with the machine they were measured on.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) rows: Vec<Row>,
    /// Rows that could not be timed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) left_out: Vec<LeftOut>,
}

/// A row without a time.
#[derive(Debug, Serialize)]
pub(crate) struct LeftOut {
    name: String,
    /// The peer that it was to be timed beside.
    pub(crate) peer: String,
    why: String,
}

impl LeftOut {
    /// By the first line of an error.
    pub(crate) fn new(name: &str, peer: &str, why: &Error) -> Self {
        let why = format!("{why:#}");
        let why = why.lines().next().unwrap_or_default().to_owned();
        Self { name: name.to_owned(), peer: peer.to_owned(), why }
    }
}

/// What the times depend on besides the code.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    /// The processor's model.
    pub(crate) cpu: String,
    /// Processors that this process may use.
    pub(crate) cores: usize,
    /// Threads that libtorch computed with, on both sides.
    pub(crate) threads: usize,
    /// The GPU that both sides computed on, if they did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gpu: Option<String>,
    /// libtorch's version, on both sides.
    pub(crate) libtorch: String,
}

/// One algorithm against one peer.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    name: String,
    peer: String,
    /// The median of our seconds.
    ours_s: f64,
    /// The median of the peer's seconds.
    peer_s: f64,
    /// The median over the pairs of peer / ours: above 1 where ours is faster.
    ratio: f64,
    /// How many pairs were timed.
    pairs: usize,
}

impl Row {
    /// The medians of pairs of seconds, ours first. There must be a pair.
    pub(crate) fn new(name: &str, peer: &str, pairs: &[[f64; 2]]) -> Self {
        let over = |value: fn(&[f64; 2]) -> f64| median(pairs.iter().map(value).collect());
        Self {
            name: name.to_owned(),
            peer: peer.to_owned(),
            ours_s: over(|[ours, _]| *ours),
            peer_s: over(|[_, peer]| *peer),
            ratio: over(|[ours, peer]| peer / ours),
            pairs: pairs.len(),
        }
    }
}

/// The middle value, or the mean of the two middle ones; NaN of nothing.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match (values.len() / 2, values.len() % 2) {
        (0, 0) => f64::NAN,
        (half, 0) => f64::midpoint(values[half - 1], values[half]),
        (half, _) => values[half],
    }
}

impl Report {
    /// Writes the report as JSON, whole or not at all.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let mut json = serde_json::to_string_pretty(self).context("a report is JSON")?;
        json.push('\n');
        write_whole(path, json.as_bytes())
    }
}

/// Writes a file, whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    AtomicWriteFile::open(path)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.commit()
        })
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The table, one line per row.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { cpu, cores, threads, gpu, libtorch } = &self.machine;
        if let Some(gpu) = gpu {
            write!(f, "{gpu}; ")?;
        }
        writeln!(f, "{cpu}, {cores} cores, {threads} threads, libtorch {libtorch}\n")?;
        let heads = ["row", "peer", "ours", "peer's", "ratio", "pairs"].map(str::to_owned);
        let lines: Vec<[String; 6]> = std::iter::once(heads)
            .chain(self.rows.iter().map(|row| {
                [
                    row.name.clone(),
                    row.peer.clone(),
                    duration(row.ours_s),
                    duration(row.peer_s),
                    format!("{:.2}", row.ratio),
                    row.pairs.to_string(),
                ]
            }))
            .collect();
        let widths = [0, 1, 2, 3, 4, 5]
            .map(|column| lines.iter().map(|line| line[column].len()).max().unwrap_or_default());
        for line in &lines {
            for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
                match column {
                    0 => write!(f, "{cell:<width$}")?,
                    1 => write!(f, "  {cell:<width$}")?,
                    _ => write!(f, "  {cell:>width$}")?,
                }
            }
            writeln!(f)?;
        }
        for LeftOut { name, peer, why } in &self.left_out {
            writeln!(f, "{name} against {peer} is left out: {why}")?;
        }
        Ok(())
    }
}

/// Seconds in a unit that leaves three to four digits.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 0.1 => format!("{:.0} ms", s * 1e3),
        s if s >= 1e-3 => format!("{:.2} ms", s * 1e3),
        s => format!("{:.0} us", s * 1e6),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::fs;

    use super::*;

    fn report() -> Report {
        let machine = Machine {
            cpu: "A CPU".into(),
            cores: 4,
            threads: 2,
            gpu: None,
            libtorch: "2.13.0".into(),
        };
        // The machine was slow in the second pair: the ratio by pair does not see it.
        let pairs = [[0.25, 0.5], [2.0, 4.5], [0.5, 1.0]];
        let rows = vec![
            Row::new("dcgan_step_64px_b64", "pytorch eager", &pairs),
            Row::new("gan", "torch.compile", &[[2e-5, 1e-5]]),
        ];
        Report { machine, rows, left_out: Vec::new() }
    }

    #[test]
    fn medians_of_odd_and_even_counts() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(vec![7.0]), 7.0);
        assert!(median(vec![]).is_nan());
    }

    #[test]
    fn the_ratio_is_of_pairs_and_not_of_medians() {
        let row = Row::new("row", "peer", &[[1.0, 2.0], [10.0, 30.0], [100.0, 20.0]]);
        assert_eq!((row.ours_s, row.peer_s, row.ratio, row.pairs), (10.0, 20.0, 2.0, 3));
        let row = Row::new("row", "peer", &[[1.0, 4.0], [2.0, 2.0], [4.0, 12.0]]);
        assert_eq!((row.ours_s, row.peer_s, row.ratio), (2.0, 4.0, 3.0));
    }

    #[test]
    fn the_table_is_aligned() {
        let expected = "A CPU, 4 cores, 2 threads, libtorch 2.13.0\n\n\
            row                  peer             ours  peer's  ratio  pairs\n\
            dcgan_step_64px_b64  pytorch eager  500 ms  1.00 s   2.00      3\n\
            gan                  torch.compile   20 us   10 us   0.50      1\n";
        assert_eq!(report().to_string(), expected);
    }

    #[test]
    fn what_is_left_out_is_told_below() {
        let why = anyhow::anyhow!("no memory\nof 3 GB");
        let left_out = vec![LeftOut::new("gan", "torch.compile", &why)];
        let text = Report { left_out, ..report() }.to_string();
        assert!(text.ends_with("gan against torch.compile is left out: no memory\n"), "{text}");
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(
            [2.5, 0.25, 0.012, 2e-5].map(duration),
            ["2.50 s", "250 ms", "12.00 ms", "20 us"]
        );
    }

    #[test]
    fn the_file_has_every_field_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        fs::write(&path, "an older report").unwrap();
        report().write(&path).unwrap();
        let read: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let expected = serde_json::json!({
            "machine": {"cpu": "A CPU", "cores": 4, "threads": 2, "libtorch": "2.13.0"},
            "rows": [
                {"name": "dcgan_step_64px_b64", "peer": "pytorch eager",
                 "ours_s": 0.5, "peer_s": 1.0, "ratio": 2.0, "pairs": 3},
                {"name": "gan", "peer": "torch.compile",
                 "ours_s": 2e-5, "peer_s": 1e-5, "ratio": 0.5, "pairs": 1},
            ],
        });
        assert_eq!(read, expected);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let message =
            report().write(&folder.path().join("no/report.json")).unwrap_err().to_string();
        assert!(message.contains("cannot write"), "{message}");
    }
}
