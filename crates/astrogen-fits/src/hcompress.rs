//! Whether an HCOMPRESS stream is as long as its own codes say.
//!
//! Behind a header of [`START`] bytes come the coefficients of the H-transform in four
//! quadrants, each a number of bit planes, the highest first. A plane starts with four bits
//! that tell its format: 0 for plain bits, four to a block of 2 x 2 coefficients, or 15 for
//! a quadtree, in which a code of four bits says which quarters of a square have any bit
//! set and only these have a code of their own on the next level. Behind the planes come
//! four zeros and then, from a whole byte on, the sign of each coefficient that is not zero
//! (R. White, "High-performance compression of astronomical images", 1992; FITS standard
//! 4.0, section 10.4.4). cfitsio's decoder trusts all of it. Here the codes are walked as
//! it does, and no transform is computed.

use super::bits::window;

/// Bytes of the header: magic, two axes, scale, sum of all pixels, planes of the quadrants.
const START: usize = 25;

/// The parameters of an HCOMPRESS image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hcompress {
    /// The most bit planes that the decoder's integers hold beside a sign.
    pub(super) planes: u8,
}

impl Hcompress {
    /// cfitsio unpacks images of up to 16 bits to integers of 32 bits, others to 64.
    pub(super) fn of(bitpix: i64) -> Hcompress {
        Hcompress { planes: if matches!(bitpix, 8 | 16) { 31 } else { 63 } }
    }

    /// Fails unless unpacking `stream` into `pixels` pixels stays inside both.
    pub(super) fn check(self, stream: &[u8], pixels: usize) -> Result<(), String> {
        let Some(([0xdd, 0x99, start @ ..], codes)) = stream.split_first_chunk::<START>() else {
            return Err("expected an HCOMPRESS stream, got other or too few bytes".to_owned());
        };
        let &[a, b, c, d, e, f, g, h, .., first, both, last] = start;
        let axes = [[a, b, c, d], [e, f, g, h]].map(i32::from_be_bytes);
        let [height, width] = axes.map(|axis| usize::try_from(axis).unwrap_or(0));
        if height as u128 * width as u128 != pixels as u128 {
            return Err(format!(
                "expected {pixels} pixels, its HCOMPRESS stream claims {} x {}",
                axes[1], axes[0]
            ));
        }
        if [first, both, last].into_iter().any(|planes| planes > self.planes) {
            return Err(format!(
                "expected at most {} bit planes in its HCOMPRESS stream, got {first}, {both} and {last}",
                self.planes
            ));
        }
        let early = || format!("its HCOMPRESS stream of {} bytes ends early", stream.len());
        let mut codes = Codes { stream: codes, at: 0 };
        let mut signs = 0;
        let (top, left) = (height.div_ceil(2), width.div_ceil(2));
        for (rows, columns, planes) in [
            (top, left, first),
            (top, width / 2, both),
            (height / 2, left, both),
            (height / 2, width / 2, last),
        ] {
            let mut quadrant = Quadrant::new(rows, columns);
            for _ in 0..planes {
                quadrant.read_plane(&mut codes)?;
                if codes.left().is_none() {
                    return Err(early());
                }
            }
            signs += quadrant.count();
        }
        if codes.four() != 0 {
            return Err("expected four zeros behind the planes of its HCOMPRESS stream".to_owned());
        }
        match codes.left() {
            Some(bytes) if bytes >= signs.div_ceil(8) => Ok(()),
            _ => Err(early()),
        }
    }
}

/// Which coefficients of a quadrant are not zero, as far as its bit planes are read.
struct Quadrant {
    rows: usize,
    columns: usize,
    /// Of each block of 2 x 2 four bits, the highest for its first corner.
    set: Vec<u8>,
    /// Room for two levels of a quadtree.
    levels: [Vec<u8>; 2],
}

impl Quadrant {
    fn new(rows: usize, columns: usize) -> Quadrant {
        let set = vec![0; rows.div_ceil(2) * columns.div_ceil(2)];
        Quadrant { rows, columns, set, levels: [Vec::new(), Vec::new()] }
    }

    fn read_plane(&mut self, codes: &mut Codes<'_>) -> Result<(), String> {
        match codes.four() {
            0 => self.set.iter_mut().for_each(|set| *set |= codes.four()),
            // The root of a tree is written even where there is no room for it.
            15 if !self.set.is_empty() => {
                self.read_tree(codes);
                for (set, plane) in self.set.iter_mut().zip(&self.levels[0]) {
                    *set |= plane;
                }
            }
            format => {
                return Err(format!(
                    "expected bit planes of format 0 or 15 in its HCOMPRESS stream, got {format} in a quadrant of {} x {}",
                    self.columns, self.rows
                ));
            }
        }
        Ok(())
    }

    /// Reads a quadtree down to blocks of 2 x 2, left in the first of the levels.
    fn read_tree(&mut self, codes: &mut Codes<'_>) {
        let [coarse, fine] = &mut self.levels;
        coarse.clear();
        coarse.push(codes.tree());
        let mut coarse_width = 1;
        let depth = self.rows.max(self.columns).next_power_of_two().ilog2();
        for level in (1..depth).rev() {
            let [height, width] = [self.rows, self.columns].map(|n| n.div_ceil(1 << level));
            fine.clear();
            fine.resize(height * width, 0);
            // The last code comes first.
            for (row, fine) in fine.chunks_exact_mut(width).enumerate().rev() {
                let coarse = &coarse[row / 2 * coarse_width..][..coarse_width];
                let upper = 2 * (1 - row % 2);
                for (column, fine) in fine.iter_mut().enumerate().rev() {
                    if coarse[column / 2] >> (upper + 1 - column % 2) & 1 == 1 {
                        *fine = codes.tree();
                    }
                }
            }
            std::mem::swap(coarse, fine);
            coarse_width = width;
        }
    }

    /// How many coefficients are not zero: a block on an odd edge has fewer than four.
    fn count(&self) -> usize {
        let width = self.columns.div_ceil(2);
        let mut count = 0;
        for (row, blocks) in self.set.chunks_exact(width.max(1)).enumerate() {
            let rows = if 2 * row + 1 == self.rows { 0b1100 } else { 0b1111 };
            count += blocks.iter().map(|set| (set & rows).count_ones() as usize).sum::<usize>();
            if self.columns % 2 == 1
                && let Some(last) = blocks.last()
            {
                count -= (last & rows & 0b0101).count_ones() as usize;
            }
        }
        count
    }
}

/// The stream behind the header.
struct Codes<'a> {
    stream: &'a [u8],
    /// The next bit.
    at: usize,
}

impl Codes<'_> {
    fn four(&mut self) -> u8 {
        let bits = window(self.stream, self.at) >> 60;
        self.at += 4;
        bits as u8
    }

    /// A code of a quadtree: four bits, written as three to six.
    #[inline]
    fn tree(&mut self) -> u8 {
        let (value, bits) = TREE[(window(self.stream, self.at) >> 58) as usize];
        self.at += bits as usize;
        value
    }

    /// Whole bytes behind what was read, if so many bits were there.
    fn left(&self) -> Option<usize> {
        self.stream.len().checked_sub(self.at.div_ceil(8))
    }
}

/// For each six bits the value that they start with and how many bits are its code.
const TREE: [(u8, u8); 64] = {
    // The codes of 0 to 15: their bits and how many.
    let codes = [
        (0b111110, 6),
        (0b000, 3),
        (0b001, 3),
        (0b1000, 4),
        (0b010, 3),
        (0b1001, 4),
        (0b11010, 5),
        (0b11011, 5),
        (0b011, 3),
        (0b11100, 5),
        (0b1010, 4),
        (0b11101, 5),
        (0b1011, 4),
        (0b11110, 5),
        (0b111111, 6),
        (0b1100, 4),
    ];
    let mut tree = [(0, 0); 64];
    let mut value = 0;
    while value < 16 {
        let (code, bits) = codes[value];
        let mut rest = 0;
        while rest < 1 << (6 - bits) {
            tree[code << (6 - bits) | rest] = (value as u8, bits as u8);
            rest += 1;
        }
        value += 1;
    }
    tree
};

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    /// A stream of these axes, planes and bits (blanks do not count).
    fn stream(height: u32, width: u32, planes: [u8; 3], bits: &str) -> Vec<u8> {
        let mut bytes = vec![0xdd, 0x99];
        bytes.extend(height.to_be_bytes());
        bytes.extend(width.to_be_bytes());
        bytes.extend([0; 12]);
        bytes.extend(planes);
        let bits: Vec<u8> = bits.bytes().filter(|bit| *bit != b' ').map(|bit| bit & 1).collect();
        let byte = |bits: &[u8]| (0..8).fold(0, |byte, at| byte << 1 | bits.get(at).unwrap_or(&0));
        bytes.extend(bits.chunks(8).map(byte));
        bytes
    }

    /// Fails unless a stream is right as it is and not one byte shorter.
    fn exact(height: u32, width: u32, planes: [u8; 3], bits: &str) {
        let whole = stream(height, width, planes, bits);
        let pixels = (height * width) as usize;
        let codec = Hcompress::of(16);
        assert_eq!(codec.check(&whole, pixels), Ok(()), "{bits}");
        for cut in 0..whole.len() {
            assert!(codec.check(&whole[..cut], pixels).is_err(), "{bits} cut to {cut}");
        }
    }

    #[test]
    fn every_code_of_the_tree_is_complete() {
        assert!(TREE.iter().all(|&(_, bits)| (3..=6).contains(&bits)));
        for value in 0..16 {
            let bits = TREE.iter().find(|entry| entry.0 == value).unwrap().1;
            let entries = TREE.iter().filter(|entry| entry.0 == value).count();
            assert_eq!(entries, 1 << (6 - bits));
        }
    }

    #[test]
    fn streams_end_behind_the_last_sign() {
        // No plane at all: the four zeros only.
        exact(8, 8, [0; 3], "0000");
        // Plain bits: four blocks of the first quadrant, 4 + 16 + 4 bits and 9 signs.
        exact(8, 8, [1, 0, 0], "0000 1111 0000 1000 1111 0000 11111111 1");
        // A coefficient has one sign however many planes set it.
        exact(
            8,
            8,
            [2, 0, 0],
            "0000 1111 0000 0000 1111 0000 1111 0000 0000 1111 0000 0000 11111111",
        );
        // A tree: its root 1010 (both left quarters), each one of which is 1111.
        exact(8, 8, [1, 0, 0], "1111 1010 1100 1100 0000 0000 11111111");
        // The quadrants beside and below the first have the same number of planes.
        exact(4, 4, [0, 1, 0], "0000 0001 1111 001 0000 00000 11");
        exact(4, 4, [0, 0, 1], "1111 111111 0000 00 111");
    }

    #[test]
    fn blocks_on_an_odd_edge_have_fewer_signs() {
        // Of 5 x 5 the first quadrant is 3 x 3: of 16 bits 9 count.
        exact(5, 5, [1, 0, 0], "0000 1111 1111 1111 1111 0000 11111111 1");
        // Of 6 x 5 the one beside it is 3 x 2, the one below it 3 x 3.
        exact(6, 5, [0, 1, 0], "0000 1111 1111 0000 1111 1111 0000 0000 0000 0000 11111111 1111");
        // A tree over 3 x 3: five codes, the last block first.
        exact(5, 5, [1, 0, 0], "1111 1100 1100 1100 1100 1100 0000 0000 11111111 1");
    }

    #[test]
    fn a_quadrant_without_coefficients_has_no_tree() {
        exact(1, 8, [0, 1, 0], "0000 1111 1111 0000 0000 0000 11110000");
        let message =
            Hcompress::of(16).check(&stream(1, 8, [0, 1, 0], "0000 11111111 1111 0011"), 8);
        assert!(message.unwrap_err().contains("got 15 in a quadrant of 4 x 0"));
    }

    #[test]
    fn claims_are_refused() {
        let check = |height, planes, bits| {
            Hcompress::of(16).check(&stream(height, 8, planes, bits), 64).unwrap_err()
        };
        assert!(
            check(9, [0; 3], "0000")
                .contains("expected 64 pixels, its HCOMPRESS stream claims 8 x 9")
        );
        assert!(check(u32::MAX, [0; 3], "0000").contains("claims 8 x -1"));
        assert!(check(8, [0, 32, 0], "0000").contains("at most 31 bit planes"));
        assert!(
            check(8, [1, 0, 0], "0001").contains("format 0 or 15 in its HCOMPRESS stream, got 1")
        );
        assert!(check(8, [0; 3], "0100").contains("expected four zeros behind"));
        let wide = stream(8, 8, [63, 0, 0], &"0000 0000000000000000".repeat(64));
        assert_eq!(Hcompress::of(32).check(&wide, 64), Ok(()));
        assert!(Hcompress::of(16).check(&wide, 64).is_err());
    }
}
