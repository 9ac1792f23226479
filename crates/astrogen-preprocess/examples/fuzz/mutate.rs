//! What is done to a file: a few mutations, of bytes and of what formats have in common.

use std::io::{Read, Write};

use flate2::write::GzEncoder;
use flate2::{Compression, Crc};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::cards;

/// The longest piece that is taken out, doubled or put in.
const LONGEST_PIECE: usize = 6000;

/// Whole numbers at which something changes.
const NUMBERS: [i64; 16] = [
    0,
    1,
    -1,
    2,
    127,
    128,
    255,
    256,
    32_767,
    32_768,
    65_535,
    65_536,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    i64::MAX,
];

/// What texts may trip over.
const WORDS: [&str; 20] = [
    "\"",
    ",",
    "\n",
    "\r\n",
    ";",
    "\t",
    "#",
    "NaN",
    "-inf",
    "1e999",
    "-",
    "18446744073709551616",
    "[1,2",
    "]",
    "\u{feff}",
    "\0",
    "# %ECSV 1.0\n# ---\n",
    "# - {name: a, datatype: float64}\n",
    "&a [*a]",
    "12:34:56.7",
];

/// `one` mutated, with pieces of `other`.
pub(crate) fn mutate(one: &[u8], other: &[u8], rng: &mut ChaCha8Rng) -> Vec<u8> {
    // Behind a check sum nothing would be reached: half of the packed files are mutated
    // inside, and half of the PNGs get their sums corrected.
    let inside = rng.random_bool(0.5);
    if inside && let Some(mut bytes) = unpacked(one) {
        mutate_some(&mut bytes, other, rng);
        return packed(&bytes);
    }
    let mut bytes = one.to_vec();
    mutate_some(&mut bytes, other, rng);
    if inside {
        correct_png(&mut bytes);
    }
    bytes
}

fn mutate_some(bytes: &mut Vec<u8>, other: &[u8], rng: &mut ChaCha8Rng) {
    // One change says more than many, most of the time.
    for _ in 0..[1, 1, 2, 4][rng.random_range(0..4)] {
        let is_fits = bytes.starts_with(b"SIMPLE");
        if is_fits && rng.random_bool(0.6) {
            cards::mutate(bytes, rng);
        } else {
            mutate_once(bytes, other, rng);
        }
    }
}

fn mutate_once(bytes: &mut Vec<u8>, other: &[u8], rng: &mut ChaCha8Rng) {
    let at = place(bytes.len(), rng);
    let piece = at..bytes.len().min(at + rng.random_range(1..=LONGEST_PIECE));
    match rng.random_range(0..10) {
        0..3 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
        3..5 => overwrite(bytes, at, rng),
        5 => bytes.truncate(at),
        6 => drop(bytes.drain(piece)),
        7 => {
            let piece = bytes[piece].to_vec();
            let to = place(bytes.len(), rng);
            drop(bytes.splice(to..to, piece));
        }
        8 => {
            let word = WORDS[rng.random_range(0..WORDS.len())];
            drop(bytes.splice(at..at, word.bytes()));
        }
        // The tail of another file, from anywhere or from the same place on.
        _ => {
            let from = if rng.random_bool(0.5) { at } else { place(other.len(), rng) };
            bytes.truncate(at);
            bytes.extend(other.get(from..).unwrap_or_default());
        }
    }
}

/// A place in a file, often near its start or its end, where formats keep what describes it.
fn place(length: usize, rng: &mut ChaCha8Rng) -> usize {
    const NEAR: usize = 1000;
    match rng.random_range(0..4) {
        0 => rng.random_range(0..=length.min(NEAR)),
        1 => length - rng.random_range(0..=length.min(NEAR)),
        _ => rng.random_range(0..=length),
    }
}

/// Writes a number over some bytes, in either order.
fn overwrite(bytes: &mut [u8], at: usize, rng: &mut ChaCha8Rng) {
    let number = NUMBERS[rng.random_range(0..NUMBERS.len())];
    let width = [1, 2, 4, 8][rng.random_range(0..4)];
    let (big, little) = (number.to_be_bytes(), number.to_le_bytes());
    let number = if rng.random_bool(0.5) { &big[8 - width..] } else { &little[..width] };
    for (byte, &new) in bytes[at..].iter_mut().zip(number) {
        *byte = new;
    }
}

/// What a gzip file unpacks to, if it is one.
fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    let is_gzip = bytes.starts_with(b"\x1f\x8b");
    let read = is_gzip.then(|| flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut unpacked));
    read?.ok().map(|_| unpacked)
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    // Memory does not refuse.
    packer.write_all(bytes).and_then(|()| packer.finish()).unwrap_or_default()
}

/// Gives the chunks of a PNG file the check sums of what they hold now.
fn correct_png(bytes: &mut [u8]) {
    let mut at = 8;
    while bytes.starts_with(b"\x89PNG")
        && let Some(&length) = bytes.get(at..).and_then(|rest| rest.first_chunk())
    {
        let end = (at + 8).saturating_add(u32::from_be_bytes(length) as usize);
        let Some(body) = bytes.get(at + 4..end) else { return };
        let mut sum = Crc::new();
        sum.update(body);
        let Some(old) = bytes.get_mut(end..end + 4) else { return };
        old.copy_from_slice(&sum.sum().to_be_bytes());
        at = end + 4;
    }
}
