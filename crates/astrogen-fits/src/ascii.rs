//! Text in the characters that a FITS header may have.

/// Characters that have others for them, each of the first.
const PLAIN: [(&str, &str); 36] = [
    ("\u{a0}", " "),
    ("ÀÁÂÃÄÅ\u{212b}", "A"),
    ("àáâãäå", "a"),
    ("Ç", "C"),
    ("ç", "c"),
    ("ÈÉÊË", "E"),
    ("èéêë", "e"),
    ("ÌÍÎÏ", "I"),
    ("ìíîï", "i"),
    ("Ñ", "N"),
    ("ñ", "n"),
    ("ÒÓÔÕÖØ", "O"),
    ("òóôõöø", "o"),
    ("ÙÚÛÜ", "U"),
    ("ùúûü\u{b5}\u{3bc}", "u"),
    ("Ý", "Y"),
    ("ýÿ", "y"),
    ("Æ", "AE"),
    ("æ", "ae"),
    ("ß", "ss"),
    ("°", "deg"),
    ("′‘’", "'"),
    ("″“”", "\""),
    ("−–—⁻", "-"),
    ("±", "+-"),
    ("×", "x"),
    ("·⋅", "."),
    ("⁰", "0"),
    ("¹", "1"),
    ("²", "2"),
    ("³", "3"),
    ("⁴", "4"),
    ("⁵", "5"),
    ("⁶", "6"),
    ("…", "..."),
    ("Ω\u{2126}", "Ohm"),
];

/// Whether all characters are those that a header may have.
pub(crate) fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

/// The text in these characters: letters without their accents, `u` for `µ` and `A` for `Å`, blanks
/// for control characters, `?` for what has no other.
pub(crate) fn ascii(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            ' '..='~' => plain.push(character),
            _ if character.is_control() => plain.push(' '),
            _ => {
                let known = PLAIN.iter().find(|(from, _)| from.contains(character));
                plain.push_str(known.map_or("?", |(_, to)| to));
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_beyond_ascii_have_others_for_them() {
        for (text, plain) in [
            ("it's 100 % ~", "it's 100 % ~"),
            ("\u{b5}Jy \u{3bc}m", "uJy um"),
            ("Zoë Ångström", "Zoe Angstrom"),
            ("10\u{207b}\u{b2} ±\t2°", "10-2 +- 2deg"),
            ("星", "?"),
        ] {
            assert_eq!(ascii(text), plain);
            assert!(is_printable(plain));
        }
    }
}
