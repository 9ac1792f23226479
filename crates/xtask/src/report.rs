//! The doctor's list of findings.

use std::fmt;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grade {
    Fine,
    Note,
    Wrong,
}

#[derive(Debug)]
struct Finding {
    grade: Grade,
    topic: &'static str,
    text: String,
    mend: Option<String>,
}

/// Findings in the order in which they were made; `Display` prints one per line, and
/// below what is wrong its mend.
#[derive(Debug, Default)]
pub(crate) struct Report {
    findings: Vec<Finding>,
}

impl Report {
    /// Adds something that is as it should be.
    pub(crate) fn fine(&mut self, topic: &'static str, text: impl Into<String>) {
        self.add(Grade::Fine, topic, text.into(), None);
    }

    /// Adds something worth knowing that stops nothing.
    pub(crate) fn note(&mut self, topic: &'static str, text: impl Into<String>) {
        self.add(Grade::Note, topic, text.into(), None);
    }

    /// Adds something that keeps the workspace from building or running.
    pub(crate) fn wrong(&mut self, topic: &'static str, text: impl Into<String>, mend: &str) {
        self.add(Grade::Wrong, topic, text.into(), Some(mend.to_owned()));
    }

    fn add(&mut self, grade: Grade, topic: &'static str, text: String, mend: Option<String>) {
        self.findings.push(Finding { grade, topic, text, mend });
    }

    /// How many findings are wrong.
    pub(crate) fn wrongs(&self) -> usize {
        self.findings.iter().filter(|finding| finding.grade == Grade::Wrong).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { grade, topic, text, mend } in &self.findings {
            let mark = match grade {
                Grade::Fine => "ok",
                Grade::Note => "note",
                Grade::Wrong => "WRONG",
            };
            writeln!(f, "{mark:<6}{topic:<16}{text}")?;
            for (index, line) in mend.iter().flat_map(|mend| mend.lines()).enumerate() {
                let label = if index == 0 { "mend:" } else { "" };
                writeln!(f, "{:<6}{label:<16}{line}", "")?;
            }
        }
        match self.wrongs() {
            0 => write!(f, "Nothing is wrong."),
            1 => write!(f, "1 thing is wrong; its mend stands below it."),
            n => write!(f, "{n} things are wrong; their mends stand below them."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_counted_and_shown_with_its_mend() {
        let mut report = Report::default();
        report.fine("make", "GNU Make 4.3");
        report.note("cuda", "no driver");
        assert_eq!(report.wrongs(), 0);
        assert!(report.to_string().ends_with("Nothing is wrong."));
        report.wrong("C compiler", "cc does not run", "install it:\n  apt");
        assert_eq!(report.wrongs(), 1);
        let expected = "ok    make            GNU Make 4.3\n\
                        note  cuda            no driver\n\
                        WRONG C compiler      cc does not run\n      \
                        mend:           install it:\n                        apt\n\
                        1 thing is wrong; its mend stands below it.";
        assert_eq!(report.to_string(), expected);
    }
}
