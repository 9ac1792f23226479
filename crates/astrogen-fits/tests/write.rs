//! Writing images: what was written reads back, files are whole, bytes are determined.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;

use astrogen_fits::FitsError;
use astrogen_fits::{FitsFile, Header, Planes, Value, write_image};
use ndarray::Array3;
use proptest::prelude::*;

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Logical),
        any::<i64>().prop_map(Value::Integer),
        prop::num::f64::NORMAL.prop_map(Value::Real),
        prop::num::f64::SUBNORMAL.prop_map(Value::Real),
        (-1e9..1e9, -1e-9..1e-9).prop_map(|(re, im)| Value::Complex(re, im)),
        "[ -~]{0,300}".prop_map(|text| Value::Text(text.trim_end().to_owned())),
        "['&]{0,100}".prop_map(Value::Text),
        Just(Value::Undefined),
    ]
}

fn keyword() -> impl Strategy<Value = String> {
    // Standard ones, and ones that need HIERARCH; no word with a meaning of its own.
    prop_oneof!["X[A-Z0-9_-]{0,7}", "[a-z][a-zA-Z0-9 ]{0,8}[a-z]", "ESO [A-Z]{1,4} [A-Z]{1,4}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cards_and_pixels_read_back(
        cards in prop::collection::vec((keyword(), value(), "[!-~]{0,5}"), 0..40),
        shape in (1..4_usize, 1..6_usize, 1..40_usize),
        seed in any::<u32>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.fits");
        let mut header = Header::new();
        for (keyword, value, comment) in &cards {
            header.push(keyword.as_str(), value.clone(), comment.as_str());
        }
        // Any bit pattern is a pixel: NaNs, infinities and denormals too.
        let mut bits = seed;
        let pixels = Array3::from_shape_simple_fn(shape, || {
            bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from_bits(bits)
        });
        write_image(&path, &pixels, &header).unwrap();

        let mut file = FitsFile::open(&path).unwrap();
        let read: Array3<f32> = file.read(0, &Planes::Bands).unwrap();
        prop_assert_eq!(read.dim(), pixels.dim());
        for (read, pixel) in read.iter().zip(&pixels) {
            prop_assert!(read.to_bits() == pixel.to_bits() || read.is_nan() && pixel.is_nan());
        }
        let axes = if shape.0 == 1 { 2 } else { 3 };
        let read: Vec<_> = file.hdus()[0].header.iter().skip(3 + axes).collect();
        prop_assert_eq!(read.len(), cards.len());
        for (read, (keyword, value, comment)) in read.into_iter().zip(cards) {
            prop_assert_eq!(&read.keyword, &keyword);
            prop_assert_eq!(&read.value, &value);
            prop_assert!(comment.starts_with(&read.comment));
        }
    }
}

#[test]
fn one_band_is_an_image_and_more_are_a_cube() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.fits");
    for (shape, axes) in [((1, 2, 3), vec![3, 2]), ((4, 2, 3), vec![3, 2, 4])] {
        write_image(&path, &Array3::zeros(shape), &Header::new()).unwrap();
        assert_eq!(FitsFile::open(&path).unwrap().hdus()[0].axes, axes);
        assert_eq!(fs::metadata(&path).unwrap().len(), 2 * 2880);
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
    let mut header = Header::new();
    header.push("SEED", 7, "");
    for path in [&a, &b] {
        write_image(path, &Array3::ones((3, 50, 60)), &header).unwrap();
    }
    let bytes = fs::read(&a).unwrap();
    assert_eq!(bytes, fs::read(&b).unwrap());
    assert_eq!(bytes.len() % 2880, 0);
    assert!(!String::from_utf8_lossy(&bytes).contains("DATE"));
}

#[test]
fn a_read_header_is_written_without_the_cards_of_its_layout() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.fits");
    let mut header = Header::new();
    for (keyword, value) in
        [("BITPIX", 16), ("NAXIS", 3), ("NAXIS3", 9), ("BSCALE", 2), ("BLANK", -1)]
    {
        header.push(keyword, value, "");
    }
    header.push("NAXISX", 5, "not an axis");
    header.push("COMMENT", "kept ".repeat(40), "");
    write_image(&path, &Array3::ones((1, 2, 2)), &header).unwrap();
    let mut file = FitsFile::open(&path).unwrap();
    assert_eq!(file.read::<f32>(0, &Planes::Bands).unwrap(), Array3::ones((1, 2, 2)));
    let header = &file.hdus()[0].header;
    assert_eq!(header.get("BITPIX"), Some(-32_i64));
    assert_eq!(header.value("BSCALE"), None);
    assert_eq!(header.get("NAXISX"), Some(5_i64));
    assert_eq!(header.commentary("COMMENT").count(), 3);
}

#[test]
fn odd_names_are_written_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["m51[1].fits", "a|b.fits", "a+1.fits", "!x.fits", "-", "mem:", "x.gz"] {
        let path = folder.path().join(name);
        write_image(&path, &Array3::ones((1, 2, 2)), &Header::new()).unwrap();
        assert!(FitsFile::open(&path).unwrap().read::<f32>(0, &Planes::Bands).is_ok());
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 7);
}

#[test]
fn a_refused_write_leaves_the_old_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.fits");
    let pixels = Array3::ones((1, 2, 2));
    write_image(&path, &pixels, &Header::new()).unwrap();
    let before = fs::read(&path).unwrap();

    let card = |keyword: &str, value: Value| {
        let mut header = Header::new();
        header.push(keyword, value, "");
        header
    };
    for (header, words) in [
        (card("X", Value::Real(f64::NAN)), "expected a finite number, got NaN"),
        (card("X\n", Value::Logical(true)), "expected a keyword of printable ASCII"),
        (card("É", Value::Logical(true)), "expected a keyword of printable ASCII"),
        (card("A = B", Value::Logical(true)), "no '='"),
        (card("CONTINUE", Value::Logical(true)), "a keyword without a meaning of its own"),
        (card("COMMENT", Value::Logical(true)), "expected a text"),
        (card(&"long ".repeat(12), Value::Logical(true)), "at most 48 characters"),
    ] {
        let error = write_image(&path, &pixels, &header).unwrap_err();
        assert!(matches!(error, FitsError::Card { .. }));
        assert!(error.to_string().contains(words), "{error}");
    }
    let error = write_image(&path, &Array3::zeros((0, 2, 2)), &Header::new()).unwrap_err();
    assert!(error.to_string().contains("no length 0, got [0, 2, 2]"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

    let nowhere = folder.path().join("missing/x.fits");
    let error = write_image(&nowhere, &pixels, &Header::new()).unwrap_err();
    assert!(error.to_string().starts_with("cannot write"), "{error}");
    let error = write_image(folder.path(), &pixels, &Header::new()).unwrap_err();
    assert!(matches!(error, FitsError::Io { .. }), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_written_file_may_be_read_by_whom_other_files_may() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let [ours, other] = ["x.fits", "other"].map(|name| folder.path().join(name));
    write_image(&ours, &Array3::ones((1, 2, 2)), &Header::new()).unwrap();
    fs::write(&other, "").unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&ours), mode(&other));
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_takes_nothing_is_said() {
    // A folder that takes no new file stands for a disk that takes no byte.
    let error = write_image("/proc/x.fits", &Array3::ones((1, 2, 2)), &Header::new()).unwrap_err();
    assert!(error.to_string().starts_with("cannot write /proc/x.fits"), "{error}");
}

#[test]
fn a_folder_of_the_name_is_refused_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("taken.fits");
    fs::create_dir(&path).unwrap();
    let image = write_image(&path, &ndarray::Array3::ones((1, 2, 3)), &Header::new());
    assert!(image.unwrap_err().to_string().contains("cannot write"));
    let columns = [astrogen_fits::table::NewColumn::new("x", Default::default())];
    let table = astrogen_fits::table::TableWriter::create(&path, &columns, &Header::new());
    assert!(table.unwrap_err().to_string().contains("cannot write"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
