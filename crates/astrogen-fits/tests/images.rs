//! Reading images: every way to store pixels, every packing, sub-images, names, threads.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod made;

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use astrogen_fits::{FitsFile, Hdu, HduKind, HduSelector, Planes, Value};
use ndarray::{Array3, s};
use proptest::prelude::*;
use serde_json::Value as Json;
use tempfile::TempDir;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn expected() -> Json {
    serde_json::from_slice(&fs::read(golden("fits.json")).unwrap()).unwrap()
}

fn number(json: &Json) -> f64 {
    json.as_f64().unwrap_or_else(|| json.as_str().unwrap().parse().unwrap())
}

/// The golden file unpacked into a folder of its own.
fn plain() -> (TempDir, PathBuf) {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(golden("fits.fits.gz")).unwrap())
        .read_to_end(&mut bytes)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("golden.fits");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn close(got: f64, want: f64, tolerance: f64) -> bool {
    got == want || got.is_nan() && want.is_nan() || (got - want).abs() <= tolerance * want.abs()
}

/// Compares every image of the golden file with what astropy reads in it.
fn check_golden(path: &Path) {
    let expected = expected();
    let expected = expected["hdus"].as_array().unwrap();
    let mut file = FitsFile::open(path).unwrap();
    assert_eq!(file.hdus().len(), expected.len());
    let mut images = 0;
    for (index, want) in expected.iter().enumerate() {
        let hdu: Hdu = file.hdus()[index].clone();
        assert_eq!(hdu.name.as_deref().unwrap_or("PRIMARY"), want["name"]);
        let Some(values) = want["values"].as_array() else {
            continue;
        };
        let axes: Vec<u64> =
            want["axes"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
        assert_eq!(hdu.axes, axes, "{index}");
        let kind =
            if want["kind"] == "CompImageHDU" { HduKind::CompressedImage } else { HduKind::Image };
        assert_eq!(hdu.kind, kind);

        let double: Array3<f64> = file.read(index, &Planes::Bands).unwrap();
        let single: Array3<f32> = file.read(index, &Planes::Bands).unwrap();
        assert_eq!(double.len(), values.len());
        assert_eq!(double.dim(), single.dim());
        for ((double, single), want) in double.iter().zip(&single).zip(values) {
            let want = number(want);
            assert!(close(*double, want, 1e-7), "{index} {:?}: {double} for {want}", hdu.name);
            let want = f64::from(want as f32);
            assert!(
                close((*single).into(), want, 2e-7),
                "{index} {:?}: {single} for {want}",
                hdu.name
            );
        }
        images += 1;
    }
    assert_eq!(images, 30);
}

#[test]
fn every_way_to_store_pixels_reads_as_in_astropy() {
    let (_folder, path) = plain();
    check_golden(&path);
}

#[test]
fn packed_files_are_told_by_content_not_by_name() {
    let (folder, path) = plain();
    let bytes = fs::read(&path).unwrap();
    let name = folder.path().join("no-suffix");
    fs::copy(golden("fits.fits.gz"), &name).unwrap();
    check_golden(&name);

    let mut packer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    packer.write_all(&bytes).unwrap();
    let name = folder.path().join("says-gzip.fits.gz");
    fs::write(&name, packer.finish().unwrap()).unwrap();
    check_golden(&name);

    let name = folder.path().join("plain.fits.bz2");
    fs::write(&name, bytes).unwrap();
    check_golden(&name);
}

#[test]
fn compress_files_with_and_without_clearing_are_unpacked() {
    let expected = expected();
    for name in ["noise", "ramp"] {
        let mut file = FitsFile::open(golden(&format!("{name}.fits.Z"))).unwrap();
        let pixels: Array3<f64> = file.read(0, &Planes::Bands).unwrap();
        let [pixel, sum] = [0, 1].map(|index| expected["packed"][name][index].as_f64().unwrap());
        assert_eq!((pixels[[0, 3, 5]], pixels.sum()), (pixel, sum), "{name}");
    }
}

#[test]
fn hdus_are_chosen_by_position_name_version_or_default() {
    let (_folder, path) = plain();
    let file = FitsFile::open(&path).unwrap();
    let index =
        |text: &str| file.hdu(Some(&text.parse::<HduSelector>().unwrap())).map(|hdu| hdu.index);
    assert_eq!(index("3").unwrap(), 3);
    assert_eq!(index("U16").unwrap(), 7);
    assert_eq!(index("u16").unwrap(), 7);
    assert_eq!(index("PRIMARY").unwrap(), 0);
    assert_eq!(index("CUBE").unwrap(), 15);
    assert_eq!(index("CUBE,2").unwrap(), 18);
    // The primary HDU is empty, so the first image is the first extension.
    assert_eq!(file.hdu(None).unwrap().index, 1);
    for (selector, words) in
        [("CUBE,3", "no HDU CUBE,3"), ("99", "no HDU 99"), ("SCI", "no HDU SCI")]
    {
        let message = index(selector).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
        assert!(message.contains("1 U8: image of 14 x 11"), "{message}");
        assert!(message.contains("and 12 more"), "{message}");
    }
}

#[test]
fn what_is_no_image_says_what_it_is() {
    let (_folder, path) = plain();
    let mut file = FitsFile::open(&path).unwrap();
    for (index, words) in
        [(0, "HDU 0 is empty (NAXIS = 0)"), (19, "HDU 19 holds no image but a binary table")]
    {
        let message = file.read::<f32>(index, &Planes::Bands).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn planes_of_a_cube_are_bands_or_chosen() {
    let (_folder, path) = plain();
    let mut file = FitsFile::open(&path).unwrap();
    // Three planes: a cube, one with a degenerate axis before and one with one behind.
    for hdu in [15, 16, 17, 31] {
        let all: Array3<f32> = file.read(hdu, &Planes::Bands).unwrap();
        assert_eq!(all.dim(), (3, 11, 14));
        assert_eq!(all[[2, 1, 3]], 2017.0);
        let one: Array3<f32> = file.read(hdu, &Planes::One(1)).unwrap();
        assert_eq!(one, all.slice(s![1..2, .., ..]));
        let two: Array3<f32> = file.read(hdu, &Planes::Range(1..3)).unwrap();
        assert_eq!(two, all.slice(s![1..3, .., ..]));
        let region: Array3<f32> = file.read_region(hdu, &Planes::Range(1..3), 2, 3, 4, 5).unwrap();
        assert_eq!(region, all.slice(s![1..3, 2..6, 3..8]));
        let message = file.read::<f32>(hdu, &Planes::One(3)).unwrap_err().to_string();
        assert!(message.contains("planes from 0 to 2 of the image's 3, got 3"), "{message}");
    }
}

#[test]
fn cards_are_typed() {
    let (_folder, path) = plain();
    let file = FitsFile::open(&path).unwrap();
    let header = &file.hdus()[0].header;
    assert_eq!(header.get("OBJECT"), Some("M 13's core"));
    assert_eq!(
        header.get::<String>("LONGSTR").unwrap(),
        "a long string & more ".repeat(8).trim_end()
    );
    assert_eq!(header.get("ESO DET DIT"), Some(1.5));
    assert_eq!(header.get("YES"), Some(true));
    assert_eq!(header.get("WHOLE"), Some(-42_i64));
    assert_eq!(header.get("SMALL"), Some(1.25e-300));
    assert_eq!(header.value("PAIR"), Some(&Value::Complex(1.5, -2.0)));
    assert_eq!(header.value("NOTHING"), Some(&Value::Undefined));
    assert_eq!(header.commentary("HISTORY").collect::<Vec<_>>(), ["first", "second"]);
    assert_eq!(header.commentary("COMMENT").last(), Some("a remark"));
    let comment =
        |keyword: &str| header.iter().find(|card| card.keyword == keyword).unwrap().comment.clone();
    assert_eq!(comment("OBJECT"), "with a quote");
    assert_eq!(comment("LONGSTR"), "over several cards");

    // A compressed image shows the header of the image, not of its table.
    let header = &file.hdus()[20].header;
    assert_eq!(header.get("BITPIX"), Some(16_i64));
    assert_eq!((header.get("NAXIS1"), header.get("NAXIS2")), (Some(14_i64), Some(11_i64)));
    for keyword in ["TFIELDS", "TTYPE1", "ZCMPTYPE", "ZTILE1", "ZBITPIX"] {
        assert_eq!(header.value(keyword), None, "{keyword}");
    }
}

/// Reads a plain and a compressed image of a copy of the golden file: two readers, neither
/// of which may find a meaning in the file's name.
fn check_name(path: &Path) {
    let mut file = FitsFile::open(path).unwrap();
    let plain: Array3<f32> = file.read(1, &Planes::Bands).unwrap();
    assert_eq!(plain[[0, 1, 0]], 14.0, "{path:?}");
    let compressed: Array3<f32> = file.read(26, &Planes::Bands).unwrap();
    assert_eq!(compressed, plain, "{path:?}");
}

#[test]
fn a_name_is_only_a_name() {
    let (folder, golden) = plain();
    let names = [
        "m51[1].fits",
        "m51[1:2,3:4].fits",
        "a+1.fits",
        "a|b.fits",
        "!x.fits",
        "-",
        "~",
        " blank ",
        "http:x.fits",
        "mem:",
        "x.fits(y.fits)",
        "gsiftp:",
        "@list",
        "x.fits[col a=b]",
        "émü.fits",
        "a\nb",
        &"long".repeat(60),
    ];
    for name in names {
        let path = folder.path().join(name);
        fs::copy(&golden, &path).unwrap();
        check_name(&path);
    }
    // Nothing was made beside the copies.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), names.len() + 1);
}

#[cfg(unix)]
#[test]
fn names_that_are_not_utf8_or_very_long_open() {
    use std::os::unix::ffi::OsStrExt;
    let (folder, path) = plain();
    let name = folder.path().join(std::ffi::OsStr::from_bytes(b"\xff\xfe.fits"));
    let deep = (0..6).fold(folder.path().to_owned(), |folder, _| folder.join("d".repeat(200)));
    fs::create_dir_all(&deep).unwrap();
    let deep = deep.join("x.fits");
    for name in [&name, &deep] {
        fs::copy(&path, name).unwrap();
        check_name(name);
    }
    // A short name may stand for a long one.
    let link = folder.path().join("link.fits");
    std::os::unix::fs::symlink(&deep, &link).unwrap();
    check_name(&link);
}

#[cfg(unix)]
#[test]
fn a_relative_path_is_a_file_too() {
    // No test changes the working directory, so the path is made relative to it.
    let (folder, golden) = plain();
    let here = std::env::current_dir().unwrap().canonicalize().unwrap();
    let up: PathBuf = here.components().skip(1).map(|_| "..").collect();
    let name = folder.path().canonicalize().unwrap().join("-");
    fs::copy(golden, &name).unwrap();
    let relative = up.join(name.strip_prefix("/").unwrap());
    assert!(relative.is_relative());
    check_name(&relative);
}

#[test]
fn a_compressed_image_without_its_last_padding_reads() {
    let (_folder, path) = plain();
    let mut bytes = fs::read(&path).unwrap();
    let whole: Array3<f32> = FitsFile::open(&path).unwrap().read(31, &Planes::Bands).unwrap();
    assert!(bytes.ends_with(&[0; 100]));
    bytes.truncate(bytes.len() - 100);
    fs::write(&path, bytes).unwrap();
    let cut: Array3<f32> = FitsFile::open(&path).unwrap().read(31, &Planes::Bands).unwrap();
    assert_eq!(cut, whole);
}

#[test]
fn a_file_without_its_last_padding_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("short.fits");
    let mut bytes = made::header(&made::primary("16", &["3", "2"]));
    for value in [1_i16, 2, 3, 4, 5, -6] {
        bytes.extend(value.to_be_bytes());
    }
    fs::write(&path, bytes).unwrap();
    let pixels: Array3<f32> = FitsFile::open(&path).unwrap().read(0, &Planes::Bands).unwrap();
    assert_eq!(pixels.into_raw_vec_and_offset().0, [1.0, 2.0, 3.0, 4.0, 5.0, -6.0]);
}

#[test]
fn zeros_behind_the_end_of_a_header_are_blanks() {
    let (_folder, path) = plain();
    let mut bytes = fs::read(&path).unwrap();
    let is_end = |at: &usize| bytes[*at..].starts_with(b"END     ");
    let ends: Vec<usize> = (0..bytes.len()).step_by(80).filter(is_end).collect();
    for end in ends {
        bytes[end + 3..(end + 80).next_multiple_of(2880)].fill(0);
    }
    fs::write(&path, bytes).unwrap();
    check_golden(&path);
}

#[test]
fn large_integers_are_exact_where_the_type_allows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("u64.fits");
    let mut cards = made::primary("64", &["4", "1"]);
    cards.extend([("BZERO", "9223372036854775808"), ("BLANK", "-1")]);
    let stored = [i64::MIN, i64::MIN + 5, i64::MAX, -1];
    let data: Vec<u8> = stored.iter().flat_map(|stored| stored.to_be_bytes()).collect();
    fs::write(&path, made::hdu(&cards, &data)).unwrap();
    let pixels: Array3<f64> = FitsFile::open(&path).unwrap().read(0, &Planes::Bands).unwrap();
    let pixels: Vec<f64> = pixels.into_iter().collect();
    assert_eq!(pixels[..3], [0.0, 5.0, u64::MAX as f64]);
    assert!(pixels[3].is_nan());
}

#[test]
fn what_follows_the_last_hdu_is_not_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tail.fits");
    let mut bytes = made::hdu(&made::primary("8", &["2", "2"]), &[1, 2, 3, 4]);
    bytes.extend(b"special records of any kind".repeat(300));
    fs::write(&path, bytes).unwrap();
    let mut file = FitsFile::open(&path).unwrap();
    assert_eq!(file.hdus().len(), 1);
    assert_eq!(file.read::<f32>(0, &Planes::Bands).unwrap()[[0, 1, 1]], 4.0);
}

#[test]
fn many_threads_read_many_files_and_the_same_one() {
    let (_folder, path) = plain();
    let packed = golden("fits.fits.gz");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (path, packed) = (&path, &packed);
            scope.spawn(move || {
                for _ in 0..5 {
                    check_golden(if thread % 2 == 0 { path } else { packed });
                }
            });
        }
    });
}

#[test]
fn an_open_file_may_move_to_another_thread() {
    let (_folder, path) = plain();
    let mut file = FitsFile::open(&path).unwrap();
    let here: Array3<f32> = file.read(20, &Planes::Bands).unwrap();
    let there = std::thread::spawn(move || file.read::<f32>(20, &Planes::Bands).unwrap());
    assert_eq!(there.join().unwrap(), here);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// A region is the same part of the whole, whatever stores it.
    #[test]
    fn a_region_is_a_part_of_the_whole(
        hdu in prop::sample::select((1..32).filter(|hdu| *hdu != 19).collect::<Vec<usize>>()),
        y in 0..11_usize, x in 0..14_usize, h in 1..12_usize, w in 1..15_usize,
    ) {
        let (_folder, path) = plain();
        let mut file = FitsFile::open(&path).unwrap();
        let whole: Array3<f64> = file.read(hdu, &Planes::Bands).unwrap();
        let region = file.read_region::<f64>(hdu, &Planes::Bands, y, x, h, w);
        if y + h <= 11 && x + w <= 14 {
            let bits = |pixels: Array3<f64>| pixels.mapv(|pixel| if pixel.is_nan() { 0 } else { pixel.to_bits() });
            let part = whole.slice(s![.., y..y + h, x..x + w]).to_owned();
            prop_assert_eq!(bits(region.unwrap()), bits(part));
        } else {
            let message = region.unwrap_err().to_string();
            prop_assert!(message.contains("inside 11 rows and 14 columns"), "{}", message);
        }
    }
}
