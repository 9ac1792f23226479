//! One 80-byte header card: taken apart, and put together.

use super::ascii::{ascii, is_printable};
use super::value::Value;
use crate::FitsError;

/// Bytes in a card.
pub(super) const CARD: usize = 80;
/// Characters between the quotes of a one-card string value.
const STRING: usize = 68;
/// Characters of text on a `COMMENT` or `HISTORY` card.
const COMMENTARY: usize = 72;

/// A keyword with its typed value and comment.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The keyword, without a leading `HIERARCH`.
    pub keyword: String,
    /// The value; for `COMMENT`, `HISTORY` and blank keywords the text.
    pub value: Value,
    /// The comment behind the slash.
    pub comment: String,
}

/// Whether a keyword carries free text instead of a value.
pub(super) fn is_commentary(keyword: &str) -> bool {
    matches!(keyword, "COMMENT" | "HISTORY" | "")
}

fn text(bytes: &[u8]) -> String {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    };
    text.replace(|c: char| c.is_ascii_control(), " ")
}

impl Card {
    /// Reads one card of 80 bytes. Bytes above ASCII are taken as UTF-8 where they are that,
    /// else as Latin-1; control characters as blanks.
    pub(super) fn parse(bytes: &[u8]) -> Card {
        let (keyword, after_keyword) = bytes.split_at(bytes.len().min(8));
        let keyword = text(keyword).trim_end().to_owned();
        let after_keyword = text(after_keyword);

        let (keyword, field) = if is_commentary(&keyword) {
            let value = Value::Text(after_keyword.trim_end().to_owned());
            return Card { keyword, value, comment: String::new() };
        } else if let Some(field) = after_keyword.strip_prefix('=') {
            (keyword, field.to_owned())
        } else if keyword == "CONTINUE" {
            (keyword, after_keyword)
        } else if let ("HIERARCH", Some((name, field))) =
            (keyword.as_str(), after_keyword.split_once('='))
        {
            (name.trim().to_owned(), field.to_owned())
        } else {
            let comment = after_keyword.trim().to_owned();
            return Card { keyword, value: Value::Undefined, comment };
        };
        let (value, comment) = Value::parse(&field);
        Card { keyword, value, comment }
    }

    /// Appends this card to `out` as one or more cards of 80 bytes, or nothing where it is refused.
    /// A comment is cut where its card ends; keyword and value never are. Both are written in ASCII.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), FitsError> {
        if !is_printable(&self.keyword) {
            return Err(self.refuse("a keyword of printable ASCII", format!("{:?}", self.keyword)));
        }
        if is_commentary(&self.keyword) {
            return self.write_commentary(out);
        }
        let start = self.start()?;
        let room = CARD - start.len();
        let value = match &self.value {
            Value::Text(text) => return self.write_text(start, &ascii(text), out),
            Value::Logical(value) => if *value { "T" } else { "F" }.to_owned(),
            Value::Integer(value) => value.to_string(),
            Value::Real(value) => self.real(*value)?,
            Value::Complex(re, im) => format!("({}, {})", self.real(*re)?, self.real(*im)?),
            Value::Undefined => String::new(),
        };
        if value.len() > room {
            return Err(self.refuse("a keyword short enough for its value", self.keyword.clone()));
        }
        // The fixed format: numbers end in column 30 where they fit.
        let width = room.min(20);
        push_card(out, &self.with_comment(format!("{start}{value:>width$}")));
        Ok(())
    }

    /// The card up to and with its value indicator: `KEYWORD = `.
    fn start(&self) -> Result<String, FitsError> {
        let standard = |byte: u8| {
            byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
        };
        let keyword = self.keyword.as_str();
        if matches!(keyword, "END" | "CONTINUE" | "HIERARCH") {
            return Err(self.refuse("a keyword without a meaning of its own", keyword.to_owned()));
        }
        if keyword.len() <= 8 && keyword.bytes().all(standard) {
            return Ok(format!("{keyword:<8}= "));
        }
        // Room for at least one number of 20 characters.
        if keyword.contains('=') || keyword.trim() != keyword || keyword.len() > 48 {
            let rule = "at most 48 characters, no '=', no blanks at the ends";
            return Err(self.refuse(rule, format!("{} characters", keyword.len())));
        }
        Ok(format!("HIERARCH {keyword} = "))
    }

    /// The shortest decimal that reads back as the same number.
    fn real(&self, value: f64) -> Result<String, FitsError> {
        if !value.is_finite() {
            return Err(self.refuse("a finite number", value.to_string()));
        }
        let text = format!("{value:?}").replace('e', "E");
        Ok(match text.split_once('E') {
            Some((mantissa, exponent)) if !mantissa.contains('.') => {
                format!("{mantissa}.0E{exponent}")
            }
            _ => text,
        })
    }

    /// A string value, over `CONTINUE` cards where one card is too short.
    fn write_text(&self, start: String, text: &str, out: &mut Vec<u8>) -> Result<(), FitsError> {
        let mut start = start;
        let mut pieces = Vec::new();
        let mut piece = String::new();
        let mut room = (CARD - start.len() - 2).min(STRING);
        let characters: Vec<char> = text.chars().collect();
        for (index, &character) in characters.iter().enumerate() {
            let width = if character == '\'' { 2 } else { 1 };
            // The last character may use the column kept for the sign of continuation.
            let reserve = usize::from(index + 1 < characters.len());
            if piece.len() + width + reserve > room {
                pieces.push(std::mem::take(&mut piece));
                room = STRING;
            }
            for _ in 0..width {
                piece.push(character);
            }
        }
        pieces.push(piece);
        let last = pieces.len() - 1;
        for (index, piece) in pieces.into_iter().enumerate() {
            if index < last {
                push_card(out, &format!("{start}'{piece}&'"));
                "CONTINUE  ".clone_into(&mut start);
            } else {
                push_card(out, &self.with_comment(format!("{start}'{piece:<8}'")));
            }
        }
        Ok(())
    }

    fn write_commentary(&self, out: &mut Vec<u8>) -> Result<(), FitsError> {
        let Value::Text(text) = &self.value else {
            return Err(self.refuse("a text", format!("{:?}", self.value)));
        };
        let text = ascii(text);
        let mut rest = text.as_str();
        loop {
            let (line, after) = rest.split_at(rest.len().min(COMMENTARY));
            push_card(out, &format!("{:<8}{line}", self.keyword));
            rest = after;
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    /// A card with its comment behind it.
    fn with_comment(&self, card: String) -> String {
        match self.comment.as_str() {
            "" => card,
            comment => format!("{card:<30} / {}", ascii(comment)),
        }
    }

    fn refuse(&self, rule: &'static str, got: String) -> FitsError {
        FitsError::Card { keyword: self.keyword.clone(), rule, got }
    }
}

/// Appends a card, cut or padded with blanks to 80 bytes. The caller has checked that
/// `card` is ASCII.
pub(super) fn push_card(out: &mut Vec<u8>, card: &str) {
    let bytes = card.as_bytes();
    let end = out.len() + CARD;
    out.extend_from_slice(&bytes[..bytes.len().min(CARD)]);
    out.resize(end, b' ');
}
