//! Damaged streams of tile-compressed images: cut, changed, crafted to lead a decoder out of
//! its buffers. Each is refused or gives pixels; none brings the program down.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod compressed;

use std::fs;
use std::io::Write;
use std::ops::Range;
use std::sync::LazyLock;

use astrogen_fits::{FitsFile, HduKind, Planes};
use compressed::{Compressed, golden, read};
use ndarray::Array3;
use proptest::prelude::*;

/// Images of every codec, of every way to fall back and of every width of pixels.
const NAMES: [&str; 16] = [
    "I16_RICE_1",
    "U8_RICE_1",
    "I32_RICE_1",
    "F32_DITHER_2",
    "I16_GZIP_1",
    "I16_GZIP_2",
    "F32_GZIP_2",
    "GZIP_F64",
    "RICE_F32",
    "RICE_F64",
    "I16_HCOMPRESS_1",
    "HCOMPRESS_I16",
    "HCOMPRESS_I32",
    "HCOMPRESS_U8",
    "I16_PLIO_1",
    "PLIO_I32",
];

static IMAGES: LazyLock<Vec<Compressed>> =
    LazyLock::new(|| NAMES.into_iter().map(Compressed::of).collect());

fn refusal(bytes: &[u8]) -> String {
    read::<f32>(bytes).unwrap_err().to_string()
}

/// Pixels as bits, so that NaN equals NaN.
fn bits(pixels: impl IntoIterator<Item = f64>) -> Vec<u64> {
    pixels.into_iter().map(f64::to_bits).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// A tile's stream: where its descriptor is (count, then offset), where itself.
struct Stream {
    descriptor: usize,
    bytes: Range<usize>,
    /// Bytes of an element.
    width: usize,
}

impl Compressed {
    fn integer(&self, keyword: &str) -> usize {
        let start = format!("{keyword:<8}=");
        let card = self.bytes.chunks(80).rfind(|card| card.starts_with(start.as_bytes())).unwrap();
        std::str::from_utf8(card).unwrap()[10..].split('/').next().unwrap().trim().parse().unwrap()
    }

    fn streams(&self) -> Vec<Stream> {
        let [row_bytes, rows] = ["NAXIS1", "NAXIS2"].map(|keyword| self.integer(keyword));
        let table = self.table();
        let number =
            |at: usize| u32::from_be_bytes(self.bytes[at..at + 4].try_into().unwrap()) as usize;
        let width = if self.bytes.chunks(80).any(|card| card.starts_with(b"TFORM1  = '1PI")) {
            2
        } else {
            1
        };
        (0..rows)
            .map(|row| {
                // What is not in the first column is in the second.
                let first = table + row * row_bytes;
                let descriptor = if number(first) > 0 { first } else { first + 8 };
                let start = table + rows * row_bytes + number(descriptor + 4);
                Stream { descriptor, bytes: start..start + number(descriptor) * width, width }
            })
            .collect()
    }

    /// The file with another stream for the first tile, which must not be longer.
    fn replaced(&self, stream: &[u8]) -> Vec<u8> {
        let first = &self.streams()[0];
        assert!(stream.len() <= first.bytes.len());
        let mut bytes = self.patched(first.bytes.start, stream);
        let count = (stream.len() / first.width) as u32;
        bytes[first.descriptor..][..4].copy_from_slice(&count.to_be_bytes());
        bytes
    }
}

#[test]
fn images_read_as_they_were_before_compression() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("streams.fits");
    fs::write(&path, golden("streams.fits.gz")).unwrap();
    let mut file = FitsFile::open(&path).unwrap();
    for index in 1..8 {
        let name = file.hdus()[index].name.clone().unwrap();
        assert_eq!(file.hdus()[index + 7].name, Some(format!("{name}_PLAIN")));
        let [packed, plain]: [Array3<f64>; 2] =
            [index, index + 7].map(|index| file.read(index, &Planes::Bands).unwrap());
        assert_eq!(packed, plain, "{name}");
    }
}

#[test]
fn images_of_one_file_read_the_same_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("golden.fits");
    fs::write(&path, golden("fits.fits.gz")).unwrap();
    let mut file = FitsFile::open(&path).unwrap();
    let packed: Vec<usize> = file
        .hdus()
        .iter()
        .filter(|hdu| hdu.kind == HduKind::CompressedImage)
        .map(|hdu| hdu.index)
        .collect();
    let alone = |index| -> Array3<f64> {
        FitsFile::open(&path).unwrap().read(index, &Planes::Bands).unwrap()
    };
    for &before in &packed {
        for &index in &packed {
            file.read::<f32>(before, &Planes::Bands).unwrap();
            let after: Array3<f64> = file.read(index, &Planes::Bands).unwrap();
            assert!(bits(after) == bits(alone(index)), "{index} after {before}");
        }
    }
}

#[test]
fn a_cut_stream_is_refused() {
    for (name, image) in NAMES.iter().zip(&*IMAGES) {
        for (tile, stream) in image.streams().iter().enumerate().step_by(4) {
            let count = stream.bytes.len() / stream.width;
            // Near both ends, and some between.
            let cuts = (1..count).filter(|cut| *cut < 16 || cut % 61 == 0 || cut + 6 > count);
            for cut in cuts {
                let cut = (cut as u32).to_be_bytes();
                let message = refusal(&image.patched(stream.descriptor, &cut));
                assert!(message.contains(&format!("DATA of tile {tile}: ")), "{name}: {message}");
            }
        }
    }
}

#[test]
fn rice_streams_that_end_early() {
    for name in ["I16_RICE_1", "U8_RICE_1", "I32_RICE_1", "F32_DITHER_1"] {
        let rice = Compressed::of(name);
        let length = rice.streams()[0].bytes.len() - 2;
        let message = refusal(&rice.patched(rice.table(), &(length as u32).to_be_bytes()));
        let words =
            format!("COMPRESSED_DATA of tile 0: its RICE stream of {length} bytes ends early");
        assert!(message.contains(&words), "{name}: {message}");
    }
}

#[test]
fn hcompress_streams_that_lie() {
    for (name, words) in [("HCOMPRESS_I16", "at most 31 bit"), ("HCOMPRESS_I32", "at most 63 bit")]
    {
        let image = Compressed::of(name);
        let Range { start, end } = image.streams()[0].bytes.clone();
        let cases: [(usize, &[u8], &str); 6] = [
            (0, b"??", "expected an HCOMPRESS stream, got other"),
            (2, &[0, 0, 0x7f, 0xff], " x 32767"),
            (2, &[0xff, 0xff, 0xff, 0xff], " x -1"),
            (22, &[200], words),
            (25, &[0x70], "format 0 or 15 in its HCOMPRESS stream, got 7"),
            // No trees: plain bits, of which there are too few.
            (25, &vec![0; end - start - 25], "bytes ends early"),
        ];
        for (at, patch, words) in cases {
            let message = refusal(&image.patched(start + at, patch));
            assert!(message.contains(words), "{name}: {message}");
        }
    }
}

#[test]
fn plio_lists_that_lie() {
    let plio = Compressed::of("PLIO_I32");
    let start = plio.streams()[0].bytes.start;
    let cases: [(usize, &[u8], &str); 4] = [
        (6, &[0x7f, 0xff], "it claims 32767"),
        (6, &[0, 0], "it claims 0"),
        (2, &[0xff, 0xff], "expected a PLIO list, got 93 other words"),
        (4, &[0x7f, 0xff], "it claims 32767"),
    ];
    for (at, patch, words) in cases {
        let message = refusal(&plio.patched(start + at, patch));
        assert!(message.contains(words), "{message}");
    }
    // The last instruction wants a word more than there is.
    let list = [0_u16, 7, 0xff9c, 8, 0, 0, 0, 0x1001].map(u16::to_be_bytes).concat();
    let message = refusal(&plio.replaced(&list));
    assert!(message.contains("ends inside an instruction"), "{message}");
}

#[test]
fn gzip_streams_of_another_size_than_their_tile() {
    // 8 bytes per pixel of a tile of 26 x 37, then 26 x 8 in the column for what a codec leaves.
    for (name, pixels, width) in
        [("GZIP_F64", 26 * 37, 8), ("RICE_F64", 26 * 8, 8), ("RICE_F32", 26 * 8, 4)]
    {
        let image = Compressed::of(name);
        let whole = pixels * width;
        assert!(read::<f32>(&image.replaced(&gzip(&vec![0; whole]))).is_ok());
        for bytes in [0, 1, pixels, pixels * 4, pixels * 8, whole - 1] {
            if bytes == whole {
                continue;
            }
            let file = image.replaced(&gzip(&vec![0; bytes]));
            for message in [refusal(&file), read::<f64>(&file).unwrap_err().to_string()] {
                let got = if bytes > whole { "more".to_owned() } else { bytes.to_string() };
                let words = format!("expected {whole} bytes in its GZIP stream, got {got}");
                assert!(message.contains(&words), "{name}: {message}");
            }
        }
        let message = refusal(&image.replaced(&gzip(&[0; 40_000])));
        assert!(message.contains("GZIP stream, got more"), "{message}");
        let message = refusal(&image.replaced(b"no gzip"));
        assert!(message.contains("its GZIP stream cannot be unpacked"), "{message}");
    }
    let image = Compressed::of("I16_GZIP_1");
    let message = refusal(&image.replaced(&gzip(&[0; 240])));
    assert!(message.contains("expected 30 or 60 or 120 bytes"), "{message}");
}

#[test]
fn headers_that_mislead_about_streams() {
    let dither = Compressed::of("F32_DITHER_2");
    let message = refusal(&dither.with("ZDITHER0", "-9999"));
    assert!(message.contains("ZDITHER0: expected a seed from 1 to 10000, got -9999"), "{message}");
    // Quantized pixels that claim not to be.
    let message = refusal(&dither.with("ZQUANTIZ", "'NONE    '"));
    assert!(message.contains("by GZIP_1 or GZIP_2, got RICE_1"), "{message}");
    // A scale of bytes would change each before cfitsio decodes it.
    let scaled = Compressed { bytes: dither.with("ZDITHER0", "2") };
    let card = |text: &str| format!("{text:<80}").into_bytes();
    let at = scaled.bytes.windows(8).rposition(|window| window == b"ZDITHER0").unwrap();
    assert!(read::<f32>(&scaled.patched(at, &card("TSCAL1  =                  1.0"))).is_ok());
    let message = refusal(&scaled.patched(at, &card("TSCAL1  =                    2")));
    assert!(message.contains("TSCAL1: expected 1 for COMPRESSED_DATA"), "{message}");
    // A tile that is in no column: what stood in memory before would be its pixels.
    let empty = Compressed { bytes: dither.with("TTYPE2", "'UNCOMPRESSED_DATA'") };
    assert!(read::<f32>(&empty.bytes).is_ok());
    let message = refusal(&empty.patched(empty.table(), &[0; 4]));
    let words = "UNCOMPRESSED_DATA of tile 0: expected values here or in COMPRESSED_DATA, got none";
    assert!(message.contains(words), "{message}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens to streams, reading them ends in a result.
    #[test]
    fn damaged_streams_end_in_a_result(
        image in 0..NAMES.len(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..8), 1..4),
        start_only in any::<bool>(),
    ) {
        let image = &IMAGES[image];
        let streams = image.streams();
        let mut damaged = image.bytes.clone();
        for (stream, at, bit) in damage {
            let bytes = streams[stream.index(streams.len())].bytes.clone();
            let length = if start_only { bytes.len().min(40) } else { bytes.len() };
            damaged[bytes.start + at.index(length)] ^= 1_u8 << bit;
        }
        let _ = read::<f32>(&damaged);
        let _ = read::<f64>(&damaged);
    }

    /// Nor do damaged descriptors bring anything down.
    #[test]
    fn damaged_tables_end_in_a_result(
        image in 0..NAMES.len(),
        damage in prop::collection::vec((0..500_usize, any::<u8>()), 1..5),
    ) {
        let image = &IMAGES[image];
        let table = image.table();
        let mut bytes = image.bytes.clone();
        for (at, byte) in damage {
            bytes[table + at] = byte;
        }
        let _ = read::<f32>(&bytes);
    }
}
