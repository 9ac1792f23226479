//! The ordered, typed cards of one HDU.

use super::card::{CARD, Card, is_commentary};
use super::layout::{is_layout, is_of_column};
use super::value::{OtherType, Value};
use crate::FitsError;

/// An ordered list of header cards.
///
/// ```
/// use astrogen_fits::{Header, Value};
///
/// let mut header = Header::new();
/// header.push("EXPTIME", 30.0, "[s] exposure time");
/// header.push("OBJECT", "M 13", "");
/// assert_eq!(header.get::<f64>("EXPTIME"), Some(30.0));
/// assert_eq!(header.value("OBJECT"), Some(&Value::Text("M 13".to_owned())));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Header {
    cards: Vec<Card>,
    /// How many of them, the first, were read from a file.
    read: usize,
}

/// Headers with the same cards are the same, wherever these come from.
impl PartialEq for Header {
    fn eq(&self, other: &Header) -> bool {
        self.cards == other.cards
    }
}

impl Header {
    /// A header without cards.
    pub fn new() -> Header {
        Header::default()
    }

    /// The value of the first card with this keyword. Case and a leading `HIERARCH` do
    /// not matter.
    pub fn value(&self, keyword: &str) -> Option<&Value> {
        let keyword = keyword.strip_prefix("HIERARCH ").unwrap_or(keyword);
        self.cards
            .iter()
            .find(|card| card.keyword.eq_ignore_ascii_case(keyword))
            .map(|card| &card.value)
    }

    /// The value of the first card with this keyword as a `bool`, `i64`, `f64`, `&str` or
    /// `String`; `None` where there is no such card or its value is of another type.
    pub fn get<'a, T: TryFrom<&'a Value>>(&'a self, keyword: &str) -> Option<T> {
        self.value(keyword).and_then(|value| T::try_from(value).ok())
    }

    /// As [`Header::get`], but a value of another type is an error: for a card whose meaning
    /// must not be lost. `None` where there is no such card, or one without a value.
    ///
    /// ```
    /// # use astrogen_fits::Header;
    /// let mut header = Header::new();
    /// header.push("BSCALE", "2.0", "");
    /// let error = header.try_get::<f64>("BSCALE").unwrap_err().to_string();
    /// assert_eq!(error, "header card \"BSCALE\": expected a number, got the text '2.0'");
    /// assert_eq!(header.try_get::<f64>("BZERO").unwrap(), None);
    /// ```
    ///
    /// # Errors
    /// [`FitsError::Card`], which names the card, its value and what was expected.
    pub fn try_get<'a, T>(&'a self, keyword: &str) -> Result<Option<T>, FitsError>
    where
        T: TryFrom<&'a Value, Error = OtherType>,
    {
        let value = self.value(keyword).filter(|value| **value != Value::Undefined);
        let read = |value: &'a Value| {
            T::try_from(value).map_err(|OtherType { expected }| FitsError::Card {
                keyword: keyword.to_owned(),
                rule: expected,
                got: value.to_string(),
            })
        };
        value.map(read).transpose()
    }

    /// The texts of all `COMMENT` or `HISTORY` cards, in order.
    pub fn commentary<'a>(&'a self, keyword: &'a str) -> impl Iterator<Item = &'a str> {
        self.cards.iter().filter_map(move |card| match &card.value {
            Value::Text(text) if card.keyword == keyword && is_commentary(keyword) => {
                Some(text.as_str())
            }
            _ => None,
        })
    }

    /// Appends a card. What the standard forbids is refused when the header is written, but for
    /// characters of texts and comments: these are written in ASCII, `µJy` as `uJy`.
    pub fn push(
        &mut self,
        keyword: impl Into<String>,
        value: impl Into<Value>,
        comment: impl Into<String>,
    ) {
        let keyword = keyword.into();
        let keyword = keyword.strip_prefix("HIERARCH ").map_or(keyword.clone(), str::to_owned);
        self.cards.push(Card { keyword, value: value.into(), comment: comment.into() });
    }

    /// All cards in order.
    pub fn iter(&self) -> impl Iterator<Item = &Card> {
        self.cards.iter()
    }

    /// How many cards there are.
    pub fn len(&self) -> usize {
        self.cards.len()
    }

    /// Whether there are no cards.
    pub fn is_empty(&self) -> bool {
        self.cards.is_empty()
    }

    /// The cards that say nothing of how data are stored: without `BITPIX`, `NAXISn`, `BSCALE`,
    /// `TTYPEn`, `TFORMn` and the like, which whoever writes data decides.
    #[must_use]
    pub fn without_layout(&self) -> Header {
        let is_kept = |card: &Card| !is_layout(card) && !is_of_column(&card.keyword);
        self.renamed(|card| is_kept(card).then(|| card.keyword.clone()))
    }

    /// Reads the cards of a header up to its `END`, joining long strings.
    pub(super) fn parse(bytes: &[u8]) -> Header {
        let mut cards: Vec<Card> = Vec::new();
        for bytes in bytes.chunks(CARD) {
            if is_end(bytes) {
                break;
            }
            let card = Card::parse(bytes);
            if let (Some(last), "CONTINUE", Value::Text(more)) =
                (cards.last_mut(), card.keyword.as_str(), &card.value)
                && let Value::Text(text) = &mut last.value
                && text.ends_with('&')
                && !is_commentary(&last.keyword)
            {
                text.pop();
                text.push_str(more);
                // Blanks at the end mean nothing, unless more follows.
                text.truncate(text.trim_end_matches(' ').len());
                if !card.comment.is_empty() {
                    if !last.comment.is_empty() {
                        last.comment.push(' ');
                    }
                    last.comment.push_str(&card.comment);
                }
                continue;
            }
            cards.push(card);
        }
        while cards.last().is_some_and(is_blank) {
            cards.pop();
        }
        let read = cards.len();
        Header { cards, read }
    }

    /// Appends all cards, but no `END`, to `out`. Cards that were read, but cannot be written, are
    /// left out.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), FitsError> {
        for (number, card) in self.cards.iter().enumerate() {
            match card.write(out) {
                Err(error) if number >= self.read => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// The cards for which `rename` returns a keyword, under that keyword.
    pub(super) fn renamed(&self, rename: impl Fn(&Card) -> Option<String>) -> Header {
        let rename = |card: &Card| rename(card).map(|keyword| Card { keyword, ..card.clone() });
        let (read, own) = self.cards.split_at(self.read);
        let mut cards: Vec<Card> = read.iter().filter_map(rename).collect();
        let read = cards.len();
        cards.extend(own.iter().filter_map(rename));
        Header { cards, read }
    }
}

/// Whether 80 bytes are the card that closes a header. Some writers put zeros behind it where
/// blanks belong.
pub(super) fn is_end(bytes: &[u8]) -> bool {
    let (word, rest) = bytes.split_at(bytes.len().min(3));
    word == b"END" && rest.iter().take(5).all(|byte| matches!(byte, b' ' | 0))
}

fn is_blank(card: &Card) -> bool {
    card.keyword.is_empty() && card.value == Value::Text(String::new())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn cards(lines: &[&str]) -> Header {
        let bytes: Vec<u8> =
            lines.iter().flat_map(|line| format!("{line:<80}").into_bytes()).collect();
        Header::parse(&bytes)
    }

    #[test]
    fn long_strings_hierarch_and_commentary_are_read() {
        let header = cards(&[
            "LONG    = 'first &'",
            "CONTINUE  'second &' / begun",
            "CONTINUE  'third'    / and done",
            "HIERARCH ESO DET DIT = 1.5 / [s]",
            "COMMENT  = not a value",
            "HISTORY   one",
            "HISTORY   two",
            "CONTINUE  'stray'",
            "ODD      text without a value",
            "END",
            "AFTER   = 1",
        ]);
        assert_eq!(header.get::<&str>("LONG"), Some("first second third"));
        assert_eq!(header.iter().next().unwrap().comment, "begun and done");
        assert_eq!(header.get::<f64>("ESO DET DIT"), Some(1.5));
        assert_eq!(header.get::<f64>("HIERARCH ESO DET DIT"), Some(1.5));
        assert_eq!(header.get::<&str>("COMMENT"), Some(" = not a value"));
        assert_eq!(header.commentary("HISTORY").collect::<Vec<_>>(), ["  one", "  two"]);
        assert_eq!(header.value("ODD"), Some(&Value::Undefined));
        assert_eq!(header.value("AFTER"), None);
        assert_eq!(header.len(), 7);
    }

    #[test]
    fn a_value_of_another_type_is_none() {
        let header = cards(&["N       = 3", "S       = 'x'"]);
        assert_eq!(header.get::<f64>("N"), Some(3.0));
        assert_eq!(header.get::<bool>("N"), None);
        assert_eq!(header.get::<i64>("S"), None);
        assert_eq!(header.get::<i64>("n"), Some(3));
    }

    #[test]
    fn where_it_matters_a_value_of_another_type_is_refused_by_name() {
        let header = cards(&["N       = 3.0", "H       = 3.5", "S       = '2.0'", "U       ="]);
        assert_eq!(header.try_get::<i64>("N").unwrap(), Some(3));
        assert_eq!(header.try_get::<f64>("N").unwrap(), Some(3.0));
        assert_eq!(header.try_get::<f64>("U").unwrap(), None);
        assert_eq!(header.try_get::<f64>("NONE").unwrap(), None);
        let message = |error: FitsError| error.to_string();
        for (error, expected) in [
            (
                header.try_get::<f64>("S").unwrap_err(),
                "\"S\": expected a number, got the text '2.0'",
            ),
            (header.try_get::<i64>("H").unwrap_err(), "\"H\": expected a whole number, got 3.5"),
            (header.try_get::<bool>("N").unwrap_err(), "\"N\": expected T or F, got 3.0"),
            (header.try_get::<&str>("N").unwrap_err(), "\"N\": expected a text in quotes, got 3.0"),
        ] {
            let error = message(error);
            assert!(error.ends_with(expected), "{error}");
        }
    }
}
