//! `hats.properties`: what a HATS catalogue says of itself, a line `key=value` each.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::CatalogError;

/// Keys and values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Properties(pub(super) BTreeMap<String, String>);

impl Properties {
    /// Reads a file of them, as Java writes it.
    pub(super) fn read(path: &Path) -> Result<Self, CatalogError> {
        let text =
            fs::read_to_string(path).map_err(|source| CatalogError::io("read", path, source))?;
        Ok(Self::parse(&text))
    }

    fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim_start);
        let lines = lines.filter(|line| !line.starts_with(['#', '!']));
        let pairs = lines.filter_map(|line| {
            let at = separator(line)?;
            let value = line[at..].trim_start_matches([' ', '\t']);
            let value = value.strip_prefix(['=', ':']).unwrap_or(value);
            Some((unescaped(line[..at].trim_end()), unescaped(value.trim())))
        });
        Self(pairs.collect())
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn set(&mut self, key: &str, value: impl ToString) {
        self.0.insert(key.to_owned(), value.to_string());
    }

    /// The file's text.
    pub(super) fn text(&self) -> String {
        let mut text = "#HATS catalog\n".to_owned();
        for (key, value) in &self.0 {
            // A text takes all that is written.
            let _ = writeln!(text, "{}={}", escaped(key), escaped(value));
        }
        text
    }
}

/// Where a key ends: at the first separator that is not escaped.
fn separator(line: &str) -> Option<usize> {
    let mut escaped = false;
    line.char_indices().find_map(|(at, letter)| {
        let ends = !escaped && matches!(letter, '=' | ':' | ' ' | '\t');
        escaped = letter == '\\' && !escaped;
        ends.then_some(at)
    })
}

fn unescaped(text: &str) -> String {
    let mut letters = text.chars();
    let mut plain = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n') => plain.push('\n'),
                Some('t') => plain.push('\t'),
                Some('u') => {
                    let digits: String = letters.by_ref().take(4).collect();
                    let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                    plain.extend(code);
                }
                other => plain.extend(other),
            },
            letter => plain.push(letter),
        }
    }
    plain
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, letter| {
        match letter {
            '\n' => escaped.push_str("\\n"),
            '\\' | '=' | ':' | '#' | '!' => escaped.extend(['\\', letter]),
            letter => escaped.push(letter),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_java_writes_is_read() {
        let text = "#HATS catalog\n! more\nobs_collection=small\\:sky\n  hats_nrows : 131\n\
                    title a b\nempty=\n\n odd\\=key=1\\u00e9\n";
        let properties = Properties::parse(text);
        let got = |key| properties.get(key);
        assert_eq!(got("obs_collection"), Some("small:sky"));
        assert_eq!(got("hats_nrows"), Some("131"));
        assert_eq!(got("title"), Some("a b"));
        assert_eq!((got("empty"), got("odd=key")), (None, Some("1\u{e9}")));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut properties = Properties::default();
        properties.set("a=b:c", "1\n#2\\");
        properties.set("hats_nrows", 7);
        assert_eq!(Properties::parse(&properties.text()), properties);
    }
}
