//! Labels of images: a table of text with an id and a class for each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::ScarceError;

/// Which columns of a table of labels are taken. By default those of a table of Galaxy Zoo classes:
/// `objid` and `class_name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelColumns {
    /// The id: the name of an image's file, with or without its ending.
    pub id: String,
    /// The class.
    pub class: String,
}

impl Default for LabelColumns {
    fn default() -> Self {
        Self { id: "objid".into(), class: "class_name".into() }
    }
}

/// The class of each id, as texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    path: PathBuf,
    classes: BTreeMap<String, String>,
}

impl Labels {
    /// Reads a CSV file with a line of column names. A row without a class is as good as none; an id
    /// may stand twice with the same class.
    ///
    /// # Errors
    /// [`ScarceError::Labels`] for a file that cannot be read or is no table, a column that it does
    /// not have, an id of two classes, and a table without a label.
    pub fn read(path: impl AsRef<Path>, columns: &LabelColumns) -> Result<Self, ScarceError> {
        let path = path.as_ref();
        let refuse = |reason: String| ScarceError::Labels { path: path.to_owned(), reason };
        let of_csv = |error: csv::Error| refuse(described(&error));
        let mut reader = csv::ReaderBuilder::new();
        let mut reader = reader.trim(csv::Trim::All).from_path(path).map_err(of_csv)?;
        let names = reader.headers().map_err(of_csv)?.clone();
        let column = |name: &str| {
            let at = names.iter().position(|own| own.trim_start_matches('\u{feff}') == name);
            at.ok_or_else(|| {
                let known: Vec<&str> = names.iter().collect();
                refuse(format!("there is no column {name:?}, but {}", known.join(", ")))
            })
        };
        let (id, class) = (column(&columns.id)?, column(&columns.class)?);
        let mut classes = BTreeMap::new();
        for row in reader.records() {
            let row = row.map_err(of_csv)?;
            // All rows have as many cells as there are names: the reader sees to that.
            let (id, class) = (row[id].to_owned(), row[class].to_owned());
            if id.is_empty() || class.is_empty() {
                continue;
            }
            match classes.get(&id) {
                Some(own) if *own != class => {
                    let line = row.position().map_or(0, csv::Position::line);
                    return Err(refuse(format!(
                        "{id} is {own} and, in line {line}, {class}: one class for each id"
                    )));
                }
                _ => drop(classes.insert(id, class)),
            }
        }
        if classes.is_empty() {
            return Err(refuse("it has no row with an id and a class".to_owned()));
        }
        Ok(Self { path: path.to_owned(), classes })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many ids have a class.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Never: a table without a label is refused.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// The names of all classes, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.classes.values().map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The id of a file and its class, by its name without the ending, or else with it.
    pub(crate) fn of(&self, file: &Path) -> Option<(&str, &str)> {
        let names = [file.file_stem(), file.file_name()].into_iter().flatten();
        let mut found =
            names.filter_map(|name| self.classes.get_key_value(name.to_string_lossy().as_ref()));
        found.next().map(|(id, class)| (id.as_str(), class.as_str()))
    }
}

/// What is wrong with a table, without the words of the reader's own kinds of errors.
fn described(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(source) => source.to_string(),
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => format!(
            "line {} has {len} cells where the first one has {expected_len}",
            pos.as_ref().map_or(0, csv::Position::line)
        ),
        csv::ErrorKind::Utf8 { pos, .. } => format!(
            "line {} is no text of UTF-8: is it a table of comma-separated values?",
            pos.as_ref().map_or(0, csv::Position::line)
        ),
        _ => error.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<Labels, ScarceError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.csv");
        std::fs::write(&path, text).unwrap();
        Labels::read(&path, &LabelColumns::default())
    }

    #[test]
    fn files_are_found_by_their_name_with_or_without_its_ending() {
        let text =
            b"objid,class,class_name\n587722982286229752, 0, Elliptical\nb.png,1,Spiral\nc,2,\n";
        let labels = read(text).unwrap();
        assert_eq!((labels.len(), labels.names()), (2, vec!["Elliptical", "Spiral"]));
        let of = |file: &str| labels.of(file.as_ref()).map(|(_, class)| class.to_owned());
        assert_eq!(of("sky/587722982286229752.jpeg").unwrap(), "Elliptical");
        assert_eq!(of("sky/b.png").unwrap(), "Spiral");
        assert_eq!(of("sky/c.png"), None, "a row without a class is as good as none");
    }

    #[test]
    fn faults_are_told_in_words() {
        let refusal = |text: &[u8]| read(text).unwrap_err().to_string();
        let told = refusal(b"id,kind\n1,a\n");
        assert!(told.ends_with("there is no column \"objid\", but id, kind"), "{told}");
        let told = refusal(b"objid,class_name\n1,a\n2,b\n1,b\n");
        assert!(told.ends_with("1 is a and, in line 4, b: one class for each id"), "{told}");
        let told = refusal(b"objid,class_name\n1\n");
        assert!(told.ends_with("line 2 has 1 cells where the first one has 2"), "{told}");
        let told = refusal(b"objid,class_name\n1,\xff\n");
        assert!(told.contains("line 2 is no text"), "{told}");
        let told = refusal(b"objid,class_name\n");
        assert!(told.ends_with("no row with an id and a class"), "{told}");
        let told = Labels::read("nowhere.csv", &LabelColumns::default()).unwrap_err().to_string();
        assert!(told.starts_with("labels nowhere.csv: "), "{told}");
        assert!(read(b"objid,class_name\n1,a\n1,a\n").is_ok(), "the same twice is no fault");
    }
}
