//! Mutations of the cards of FITS headers.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

const CARD: usize = 80;

/// Values that no writer means.
const VALUES: [&str; 32] = [
    "0",
    "1",
    "-1",
    "2",
    "3",
    "8",
    "-32",
    "-64",
    "255",
    "999",
    "1000",
    "65536",
    "2147483647",
    "2147483648",
    "-2147483648",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "99999999999999999999",
    "1.5",
    "1E400",
    "-1D-300",
    "NaN",
    "T",
    "F",
    "",
    "(1.0, 2.0)",
    "''",
    "'a text  '",
    "'it''s",
    "INF",
    "-0.0",
];

/// Texts that mean something in other cards.
const TEXTS: [&str; 16] = [
    "1E",
    "0D",
    "99999999J",
    "2147483647X",
    "7X",
    "1PB(9)",
    "1QE(9)",
    "16A",
    "1K",
    "C",
    "RICE_1",
    "GZIP_2",
    "HCOMPRESS_1",
    "PLIO_1",
    "NESTED",
    "EXPLICIT",
];

/// Keywords that change what a file is.
const KEYWORDS: [&str; 24] = [
    "NAXIS", "NAXIS1", "NAXIS2", "NAXIS3", "BITPIX", "BSCALE", "BZERO", "BLANK", "PCOUNT",
    "GCOUNT", "GROUPS", "TFIELDS", "TFORM1", "TNULL1", "TZERO1", "THEAP", "ZTILE1", "ZBITPIX",
    "ZNAXIS1", "ZCMPTYPE", "ZQUANTIZ", "ZVAL1", "NSIDE", "END",
];

/// Changes a card of a FITS file, if it has any.
pub(crate) fn mutate(bytes: &mut [u8], rng: &mut ChaCha8Rng) {
    let cards: Vec<usize> =
        (0..bytes.len()).step_by(CARD).filter(|&at| is_card(&bytes[at..])).collect();
    if cards.is_empty() {
        return;
    }
    let mut any = || cards[rng.random_range(0..cards.len())];
    let (at, other) = (any(), any());
    match rng.random_range(0..10) {
        0..5 => {
            let value = if rng.random_bool(0.8) {
                VALUES[rng.random_range(0..VALUES.len())].to_owned()
            } else {
                format!("'{:<8}'", TEXTS[rng.random_range(0..TEXTS.len())])
            };
            write(&mut bytes[at + 10..at + CARD], &format!("{value:>20}"));
        }
        // A number near the one that is there.
        5 => {
            let text = String::from_utf8_lossy(&bytes[at + 10..at + 30]).trim().to_owned();
            if let Ok(number) = text.parse::<i64>().map(i128::from) {
                let number = [number - 1, number + 1, 2 * number, -number][rng.random_range(0..4)];
                write(&mut bytes[at + 10..at + CARD], &format!("{number:>20}"));
            }
        }
        6 => {
            let keyword = KEYWORDS[rng.random_range(0..KEYWORDS.len())];
            write(&mut bytes[at..at + 8], keyword);
        }
        7 => bytes.copy_within(other..other + 8, at),
        8 => bytes.copy_within(other + 10..other + CARD, at + 10),
        _ => bytes.copy_within(other..other + CARD, at),
    }
}

/// Whether bytes start with `KEYWORD = `.
fn is_card(bytes: &[u8]) -> bool {
    let keyword = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b' ';
    bytes.len() >= CARD
        && &bytes[8..10] == b"= "
        && bytes[0] != b' '
        && bytes[..8].iter().all(keyword)
}

/// A text and blanks behind it.
fn write(field: &mut [u8], text: &str) {
    let blanks = std::iter::repeat(b' ');
    for (byte, new) in field.iter_mut().zip(text.bytes().chain(blanks)) {
        *byte = new;
    }
}
