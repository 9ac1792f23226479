//! The keywords that say how data are laid out in the file, which a writer decides.

use super::card::Card;

/// Whether a keyword is `stem` with a number behind it.
pub(super) fn indexed(keyword: &str, stem: &str) -> bool {
    keyword
        .strip_prefix(stem)
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a keyword describes a column of a table.
pub(super) fn is_of_column(keyword: &str) -> bool {
    const STEMS: [&str; 8] =
        ["TTYPE", "TFORM", "TUNIT", "TNULL", "TSCAL", "TZERO", "TDISP", "TDIM"];
    STEMS.iter().any(|stem| indexed(keyword, stem))
}

/// Whether a card describes how data are stored.
pub(super) fn is_layout(card: &Card) -> bool {
    const WORDS: [&str; 19] = [
        "SIMPLE", "XTENSION", "BITPIX", "NAXIS", "EXTEND", "PCOUNT", "GCOUNT", "GROUPS", "BSCALE",
        "BZERO", "BLANK", "CHECKSUM", "DATASUM", "END", "BLOCKED", "TFIELDS", "THEAP", "DATAMIN",
        "DATAMAX",
    ];
    let keyword = card.keyword.as_str();
    WORDS.contains(&keyword) || indexed(keyword, "NAXIS")
}
