//! Whether a PLIO line list is as long as it says and ends behind a whole instruction.
//!
//! A list is a header and then instructions, all words of 16 bits (FITS standard 4.0,
//! section 10.4.3). The high four bits of an instruction say what it does, the low twelve
//! by how much: fill a run of pixels (0, 4, 5), change the level and write one pixel
//! (6, 7), change the level (2, 3) or set it, with a second word for its high bits (1).
//! cfitsio's decoder stops at the end of the tile, but believes the length in the header
//! and that the second word is there.

/// Fails unless unpacking `stream` into `pixels` pixels stays inside the stream.
pub(super) fn check(stream: &[u8], pixels: usize) -> Result<(), String> {
    let words = stream.chunks_exact(2).map(|word| i16::from_be_bytes([word[0], word[1]]));
    let words: Vec<i16> = words.collect();
    // Short headers have a positive third word, the length; in long ones the second word
    // is where instructions start, the fourth and fifth are the length.
    let (start, length) = match words.as_slice() {
        [_, _, length, ..] if *length > 0 => (3, i64::from(*length)),
        [_, start, _, low, high, ..] if *start >= 0 => {
            (*start as usize, (i64::from(*high) << 15) + i64::from(*low))
        }
        _ => return Err(format!("expected a PLIO list, got {} other words", words.len())),
    };
    let length = match usize::try_from(length) {
        Ok(claimed @ 1..) if claimed <= words.len() => claimed,
        _ => {
            let held = words.len();
            return Err(format!("expected a PLIO list of 1 to {held} words, it claims {length}"));
        }
    };
    let mut left = pixels;
    let mut instructions = words.get(start..length).unwrap_or_default().iter();
    while left > 0
        && let Some(&word) = instructions.next()
    {
        // Division as in C: small negative words are runs too.
        match word / 4096 {
            0 | 4 | 5 => left = left.saturating_sub((word & 0xfff) as usize),
            1 if instructions.next().is_none() => {
                return Err(format!("its PLIO list of {length} words ends inside an instruction"));
            }
            6 | 7 => left -= 1,
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn list(words: &[i16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// A list with the long header that writers make.
    fn long(instructions: &[i16]) -> Vec<i16> {
        let length = 7 + instructions.len() as i16;
        [&[0, 7, -100, length, 0, 0, 0], instructions].concat()
    }

    #[test]
    fn a_list_is_as_long_as_it_says() {
        let whole = long(&[0x4005, 0x2001, 0x5003]);
        assert_eq!(check(&list(&whole), 8), Ok(()));
        // Words behind the list do no harm.
        assert_eq!(check(&list(&[whole.as_slice(), &[1, 2]].concat()), 8), Ok(()));
        for cut in 0..whole.len() * 2 {
            assert!(check(&list(&whole)[..cut], 8).is_err(), "{cut}");
        }
        let claims = |length: i16, high: i16| {
            let mut words = whole.clone();
            (words[3], words[4]) = (length, high);
            check(&list(&words), 8)
        };
        assert_eq!(claims(10, 0), Ok(()));
        for (length, high, claimed) in [(11, 0, 11), (0, 0, 0), (-1, 0, -1), (10, 1, 32778)] {
            let message = format!("expected a PLIO list of 1 to 10 words, it claims {claimed}");
            assert_eq!(claims(length, high), Err(message));
        }
    }

    #[test]
    fn short_headers_have_their_length_in_the_third_word() {
        assert_eq!(check(&list(&[0, 0, 4, 0x4008]), 8), Ok(()));
        assert!(check(&list(&[0, 0, 5, 0x4008]), 8).unwrap_err().contains("it claims 5"));
        // Instructions before the list: what cfitsio would do is read them there.
        assert!(check(&list(&[0, -1, -100, 5, 0, 0, 0]), 8).unwrap_err().contains("7 other"));
    }

    #[test]
    fn an_instruction_of_two_words_needs_both() {
        assert_eq!(check(&list(&long(&[0x1001, 1, 0x4008])), 8), Ok(()));
        let message = check(&list(&long(&[0x4004, 0x1001])), 8).unwrap_err();
        assert_eq!(message, "its PLIO list of 9 words ends inside an instruction");
        // Behind the last pixel nothing is read.
        assert_eq!(check(&list(&long(&[0x4008, 0x1001])), 8), Ok(()));
        assert_eq!(check(&list(&long(&[0x6001, 0x7001, -4090, 0x1001])), 8), Ok(()));
        assert!(check(&list(&long(&[-4097, 0x2fff, 0x3fff, 0x4007, 0x1001])), 8).is_err());
        // The second word of an instruction is none itself.
        assert!(check(&list(&long(&[0x1001, 0x4008, 0x1001])), 8).is_err());
    }
}
