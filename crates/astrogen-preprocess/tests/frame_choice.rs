//! Files that hold more than one frame: which is taken, what is said of the others, and the
//! options that take them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../astrogen-fits/tests/made/mod.rs"]
mod made;

use std::fs;
use std::path::{Path, PathBuf};

use astrogen_fits::Planes;
use astrogen_preprocess::frame::Access;
use astrogen_preprocess::{AxisOrder, Frame, FrameOptions};
use ndarray::{Array3, s};
use tempfile::TempDir;
use tiff::encoder::{TiffEncoder, colortype};

fn write(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn open(path: &Path, options: &FrameOptions) -> Frame {
    let frame = Frame::open(path, options).unwrap();
    let info = Frame::info(path, options).unwrap();
    assert_eq!(frame.pixels.dim(), (info.channels, info.height, info.width));
    assert_eq!(frame.access, Frame::access(path, options).unwrap());
    frame
}

fn refusal(path: &Path, options: &FrameOptions) -> String {
    let message = Frame::open(path, options).unwrap_err().to_string();
    assert_eq!(Frame::info(path, options).unwrap_err().to_string(), message);
    message
}

/// A TIFF of pages of 2 x 1 pixels, the first 2 x 2, that count up.
fn stack(pages: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut file = TiffEncoder::new(&mut bytes).unwrap();
    for page in 0..pages {
        let height = if page == 0 { 2 } else { 1 };
        let samples = vec![51 * page; 2 * height as usize];
        file.write_image::<colortype::Gray8>(2, height, &samples).unwrap();
    }
    bytes.into_inner()
}

#[test]
fn of_a_tiff_the_first_page_is_taken_and_the_others_are_told() {
    let (_folder, path) = write(&stack(4));
    let frame = open(&path, &FrameOptions::default());
    assert_eq!(frame.pixels, Array3::<f32>::zeros((1, 2, 2)));
    let remark = "the first of 4 pages is taken; the option page takes another";
    assert_eq!(frame.remark.as_deref(), Some(remark));
    for page in 0..4 {
        let frame = open(&path, &FrameOptions { page: Some(page), ..FrameOptions::default() });
        assert_eq!(frame.pixels[[0, 0, 0]], page as f32 * 0.2);
        assert_eq!(frame.remark, None);
    }
    let options = FrameOptions { page: Some(3), ..FrameOptions::default() };
    let region = Frame::open_region(&path, &options, 0, 1, 1, 1).unwrap();
    assert_eq!(region.pixels, Array3::from_elem((1, 1, 1), 0.6));
    let message = refusal(&path, &FrameOptions { page: Some(4), ..FrameOptions::default() });
    assert!(message.ends_with("x: no page 4 (from 0); the file has 4"), "{message}");

    let (_folder, path) = write(&stack(1));
    assert_eq!(open(&path, &FrameOptions::default()).remark, None);
}

#[test]
fn pages_that_lead_nowhere_are_damage() {
    let bytes = stack(3);
    // At the end of a directory stands where the next one is.
    let pointer = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let end = |at: u32| {
        let at = at as usize;
        at + 2 + 12 * usize::from(u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap()))
    };
    let second = pointer(end(pointer(4)));
    let third = pointer(end(second));
    for (to, words) in [(second, "page 3 is also an earlier one"), (u32::MAX, "again")] {
        let mut bytes = bytes.clone();
        bytes[end(third)..end(third) + 4].copy_from_slice(&to.to_le_bytes());
        let (_folder, path) = write(&bytes);
        let message = refusal(&path, &FrameOptions::default());
        assert!(message.contains("is damaged: ") && message.contains(words), "{message}");
    }
}

/// An extension of 2 x 1 pixels.
fn extension(name: &str, pixels: [u8; 2]) -> Vec<u8> {
    let name = format!("'{name}'");
    let cards = [
        ("XTENSION", "'IMAGE'"),
        ("BITPIX", "8"),
        ("NAXIS", "2"),
        ("NAXIS1", "2"),
        ("NAXIS2", "1"),
        ("EXTNAME", name.as_str()),
    ];
    made::hdu(&cards, &pixels)
}

#[test]
fn of_a_fits_file_the_images_that_are_left_are_told() {
    let primary = made::hdu(&made::primary("8", &["2", "1"]), &[1, 2]);
    let (_folder, path) = write(&[primary.clone(), extension("MASK", [0, 1])].concat());
    let frame = open(&path, &FrameOptions::default());
    assert_eq!(frame.pixels.into_raw_vec_and_offset().0, [1.0, 2.0]);
    let remark = "HDU 0 is taken and 1 MASK left; the option hdu takes another";
    assert_eq!(frame.remark.as_deref(), Some(remark));
    assert!(
        Frame::open_region(&path, &FrameOptions::default(), 0, 0, 1, 1).unwrap().remark.is_some()
    );

    let empty = made::hdu(&made::primary("8", &[]), &[]);
    let (_folder, path) =
        write(&[empty, extension("MASK", [0, 1]), extension("SCI", [3, 4])].concat());
    let remark = "HDU 1 MASK is taken and 2 SCI left; the option hdu takes another";
    assert_eq!(open(&path, &FrameOptions::default()).remark.as_deref(), Some(remark));
    let options = FrameOptions { hdu: Some("SCI".parse().unwrap()), ..FrameOptions::default() };
    let frame = open(&path, &options);
    assert_eq!((frame.pixels[[0, 0, 0]], frame.remark), (3.0, None));

    let (_folder, path) = write(&primary);
    assert_eq!(open(&path, &FrameOptions::default()).remark, None);
    let many = (1..9).flat_map(|number| extension(&format!("E{number}"), [0, 1]));
    let (_folder, path) = write(&primary.into_iter().chain(many).collect::<Vec<_>>());
    let remark = open(&path, &FrameOptions::default()).remark.unwrap();
    assert!(remark.contains("1 E1, 2 E2, 3 E3, 4 E4, 5 E5 and 3 more left"), "{remark}");
}

#[test]
fn a_cube_whose_colours_come_first_is_read_where_its_order_is_stated() {
    // numpy's [H, W, C] = [6, 5, 3].
    let value = |c: usize, y: usize, x: usize| (100 * c + 10 * y + x) as i16;
    let stored = (0..6).flat_map(|y| (0..5).flat_map(move |x| (0..3).map(move |c| value(c, y, x))));
    let data: Vec<u8> = stored.flat_map(i16::to_be_bytes).collect();
    let (_folder, path) = write(&made::hdu(&made::primary("16", &["3", "5", "6"]), &data));
    let message = refusal(&path, &FrameOptions::default());
    for words in [
        "the axis order of HDU 0 is in doubt: NAXIS1 = 3 is as long as a pixel has colours",
        "state the axis order, hwc for 3 bands of 6 rows and 5 columns, or chw for 6 bands of 5 rows and 3 columns",
    ] {
        assert!(message.contains(words), "{message}");
    }
    let stated = |order| FrameOptions { axis_order: Some(order), ..FrameOptions::default() };
    let want = Array3::from_shape_fn((3, 6, 5), |(c, y, x)| f32::from(value(c, y, x)));
    let options = stated(AxisOrder::Hwc);
    let frame = open(&path, &options);
    assert_eq!(frame.pixels, want);
    assert!(frame.pixels.is_standard_layout());
    assert_eq!(open(&path, &stated(AxisOrder::Chw)).pixels.dim(), (6, 5, 3));
    assert_eq!(Frame::access(&path, &options).unwrap(), Access::Region);

    let options = FrameOptions { planes: Planes::Range(1..3), ..options };
    let region = Frame::open_region(&path, &options, 2, 1, 3, 4).unwrap();
    assert_eq!(region.pixels, want.slice(s![1..3, 2..5, 1..5]));
    let message = Frame::open_region(&path, &options, 4, 0, 3, 1).unwrap_err().to_string();
    assert!(message.contains("inside 6 rows and 5 columns, got 3 rows from 4"), "{message}");
    let message = refusal(&path, &FrameOptions { planes: Planes::One(3), ..options });
    assert!(message.contains("planes from 0 to 2 of the image's 3"), "{message}");
}

#[test]
fn what_has_no_planes_has_no_order() {
    let bytes = made::hdu(&made::primary("8", &["3", "5"]), &[7; 15]);
    let (_folder, path) = write(&bytes);
    for axis_order in [None, Some(AxisOrder::Chw), Some(AxisOrder::Hwc)] {
        let options = FrameOptions { axis_order, ..FrameOptions::default() };
        assert_eq!(open(&path, &options).pixels.dim(), (1, 5, 3));
    }
}

#[test]
fn the_options_come_from_words_and_configurations_also_old_ones() {
    let options: FrameOptions =
        serde_json::from_str(r#"{"page": 2, "axis_order": "hwc"}"#).unwrap();
    assert_eq!((options.page, options.axis_order), (Some(2), Some(AxisOrder::Hwc)));
    let json = serde_json::to_string(&options).unwrap();
    assert_eq!(serde_json::from_str::<FrameOptions>(&json).unwrap(), options);
    let old = r#"{"hdu": null, "planes": "bands"}"#;
    assert_eq!(serde_json::from_str::<FrameOptions>(old).unwrap(), FrameOptions::default());
    for order in [AxisOrder::Chw, AxisOrder::Hwc] {
        assert_eq!(order.to_string().parse::<AxisOrder>().unwrap(), order);
    }
    let message = "whc".parse::<AxisOrder>().unwrap_err().to_string();
    assert!(message.contains("expected chw") && message.contains("whc"), "{message}");
}
