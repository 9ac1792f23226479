//! One door for FITS and pictures: format by content, alpha, grey and colour, 8 and 16
//! bits, float TIFF, regions.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use astrogen_fits::{Header, Planes, write_image};
use astrogen_preprocess::{Frame, FrameInfo, FrameOptions, raster};
use image::{DynamicImage, ImageBuffer, ImageFormat};
use ndarray::{Array3, s};
use tiff::encoder::{TiffEncoder, colortype};

const SIZE: (u32, u32) = (5, 4);

fn open(path: &Path) -> Array3<f32> {
    let options = FrameOptions::default();
    let frame = Frame::open(path, &options).unwrap();
    assert!(frame.header.is_empty());
    let (channels, height, width) = frame.pixels.dim();
    assert_eq!(Frame::info(path, &options).unwrap(), FrameInfo { channels, height, width });
    assert_eq!(frame.access, Frame::access(path, &options).unwrap());
    frame.pixels
}

/// A picture each pixel of which differs from all others in every channel.
fn sample(x: u32, y: u32, channel: u32) -> u16 {
    (1 + x + 5 * y + 20 * channel) as u16
}

#[test]
fn pictures_of_every_depth_and_channel_count() {
    let folder = tempfile::tempdir().unwrap();
    let (width, height) = SIZE;
    let byte = |x, y, c| sample(x, y, c) as u8;
    let word = |x, y, c| sample(x, y, c) * 700;
    let pictures: Vec<(DynamicImage, usize, f32)> = vec![
        (ImageBuffer::from_fn(width, height, |x, y| image::Luma([byte(x, y, 0)])).into(), 1, 255.0),
        (
            ImageBuffer::from_fn(width, height, |x, y| image::LumaA([byte(x, y, 0), 9])).into(),
            1,
            255.0,
        ),
        (
            ImageBuffer::from_fn(width, height, |x, y| {
                image::Rgb([0, 1, 2].map(|c| byte(x, y, c)))
            })
            .into(),
            3,
            255.0,
        ),
        (
            ImageBuffer::from_fn(width, height, |x, y| {
                image::Rgba([byte(x, y, 0), byte(x, y, 1), byte(x, y, 2), 9])
            })
            .into(),
            3,
            255.0,
        ),
        (
            ImageBuffer::from_fn(width, height, |x, y| image::Luma([word(x, y, 0)])).into(),
            1,
            65535.0 / 700.0,
        ),
        (
            ImageBuffer::from_fn(width, height, |x, y| image::LumaA([word(x, y, 0), 9])).into(),
            1,
            65535.0 / 700.0,
        ),
        (
            ImageBuffer::from_fn(width, height, |x, y| {
                image::Rgb([0, 1, 2].map(|c| word(x, y, c)))
            })
            .into(),
            3,
            65535.0 / 700.0,
        ),
        (
            ImageBuffer::from_fn(width, height, |x, y| {
                image::Rgba([word(x, y, 0), word(x, y, 1), word(x, y, 2), 9])
            })
            .into(),
            3,
            65535.0 / 700.0,
        ),
    ];
    for (number, (picture, channels, scale)) in pictures.into_iter().enumerate() {
        for format in [ImageFormat::Png, ImageFormat::Tiff] {
            if format == ImageFormat::Tiff && picture.color().has_alpha() && channels == 1 {
                continue; // the writer of these tests has no such TIFF
            }
            // A name that lies: the content decides.
            let path = folder.path().join(format!("{number}.fits"));
            picture.save_with_format(&path, format).unwrap();
            let pixels = open(&path);
            assert_eq!(pixels.dim(), (channels, 4, 5), "{number} {format:?}");
            for ((c, y, x), pixel) in pixels.indexed_iter() {
                let want = f32::from(sample(x as u32, y as u32, c as u32)) / scale;
                assert!((pixel - want).abs() < 1e-6, "{number} {format:?}: {pixel} for {want}");
            }
        }
    }
}

#[test]
fn a_jpeg_is_read_in_colour_and_grey() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    for (picture, channels) in [
        (DynamicImage::from(ImageBuffer::from_pixel(16, 8, image::Rgb([200_u8, 100, 50]))), 3),
        (DynamicImage::from(ImageBuffer::from_pixel(16, 8, image::Luma([200_u8]))), 1),
    ] {
        picture.save_with_format(&path, ImageFormat::Jpeg).unwrap();
        let pixels = open(&path);
        assert_eq!(pixels.dim(), (channels, 8, 16));
        for (pixel, want) in pixels.slice(s![.., 3, 3]).iter().zip([200.0, 100.0, 50.0]) {
            assert!((pixel * 255.0 - want).abs() < 3.0, "{pixel} for {want}");
        }
    }
}

fn tiff<C: colortype::ColorType>(path: &Path, samples: &[C::Inner])
where
    [C::Inner]: tiff::encoder::TiffValue,
{
    let mut file = fs::File::create(path).unwrap();
    TiffEncoder::new(&mut file).unwrap().write_image::<C>(SIZE.0, SIZE.1, samples).unwrap();
}

#[test]
fn floating_point_and_deep_tiffs_keep_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tif");
    let grey: Vec<f32> = (0..20).map(|n| n as f32 * 1e4 - 7.5).collect();
    tiff::<colortype::Gray32Float>(&path, &grey);
    assert_eq!(open(&path).into_raw_vec_and_offset().0, grey);

    let mut blank = grey.clone();
    blank[3] = f32::NAN;
    tiff::<colortype::Gray32Float>(&path, &blank);
    assert!(open(&path)[[0, 0, 3]].is_nan());

    let double: Vec<f64> = grey.iter().map(|pixel| f64::from(*pixel)).collect();
    tiff::<colortype::Gray64Float>(&path, &double);
    assert_eq!(open(&path).into_raw_vec_and_offset().0, grey);

    let colour: Vec<f32> = (0..60).map(|n| n as f32).collect();
    tiff::<colortype::RGB32Float>(&path, &colour);
    let pixels = open(&path);
    assert_eq!(pixels.dim(), (3, 4, 5));
    assert_eq!(pixels[[2, 1, 3]], f32::from((5 + 3) as u8 * 3 + 2));

    tiff::<colortype::Gray32>(&path, &[u32::MAX; 20]);
    assert_eq!(open(&path), Array3::<f32>::ones((1, 4, 5)));

    tiff::<colortype::GrayI16>(&path, &[-3; 20]);
    let message = raster::read(&path).unwrap_err().to_string();
    assert!(message.contains("is not supported: expected unsigned or floating"), "{message}");
    assert!(!message.contains("again"), "{message}");
}

#[test]
fn a_planar_tiff_reads_like_an_interleaved_one() {
    // Little-endian, 2 x 1 pixels, three 8-bit planes of one strip each.
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    let tags: [(u16, u16, u32, u32); 10] = [
        (256, 3, 1, 2),
        (257, 3, 1, 1),
        (258, 3, 3, 134),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 3, 140),
        (277, 3, 1, 3),
        (278, 3, 1, 1),
        (279, 4, 3, 152),
        (284, 3, 1, 2),
    ];
    bytes.extend(10_u16.to_le_bytes());
    for (tag, kind, count, value) in tags {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(0_u32.to_le_bytes());
    assert_eq!(bytes.len(), 134);
    bytes.extend([8_u16; 3].iter().flat_map(|bits| bits.to_le_bytes()));
    bytes.extend([164_u32, 166, 168].iter().flat_map(|at| at.to_le_bytes()));
    bytes.extend([2_u32; 3].iter().flat_map(|count| count.to_le_bytes()));
    bytes.extend([0, 51, 102, 153, 204, 255]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tif");
    fs::write(&path, bytes).unwrap();
    assert_eq!(open(&path).into_raw_vec_and_offset().0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
}

#[test]
fn a_fits_file_behind_the_same_door() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("looks-like.png");
    let pixels = Array3::from_shape_fn((3, 6, 7), |(c, y, x)| (c * 100 + y * 10 + x) as f32);
    let mut header = Header::new();
    header.push("OBJECT", "M 42", "");
    write_image(&path, &pixels, &header).unwrap();

    let options = FrameOptions::default();
    let frame = Frame::open(&path, &options).unwrap();
    assert_eq!(frame.pixels, pixels);
    assert_eq!(frame.header.get("OBJECT"), Some("M 42"));
    let region = Frame::open_region(&path, &options, 1, 2, 3, 4).unwrap();
    assert_eq!(region.pixels, pixels.slice(s![.., 1..4, 2..6]));

    let options = FrameOptions { planes: Planes::One(1), ..options };
    assert_eq!(Frame::open(&path, &options).unwrap().pixels, pixels.slice(s![1..2, .., ..]));
    let info = Frame::info(&path, &options).unwrap();
    assert_eq!((info.channels, info.height, info.width), (1, 6, 7));
}

#[test]
fn regions_and_channels_of_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.png");
    let pixels = Array3::from_shape_fn((6, 7, 3), |(y, x, c)| (c * 70 + y * 10 + x) as u8);
    raster::write_png(&path, &pixels).unwrap();
    let whole = open(&path);
    assert_eq!((whole[[2, 5, 6]] * 255.0).round(), 196.0);
    let options = FrameOptions { planes: Planes::Range(0..2), ..FrameOptions::default() };
    let region = Frame::open_region(&path, &options, 1, 2, 3, 4).unwrap();
    assert_eq!(region.pixels, whole.slice(s![..2, 1..4, 2..6]));
    assert_eq!(Frame::info(&path, &options).unwrap().channels, 2);
    let message = Frame::open_region(&path, &options, 4, 0, 3, 1).unwrap_err().to_string();
    assert!(message.contains("inside 6 rows and 7 columns, got 3 rows from 4"), "{message}");
}

#[test]
fn what_is_written_as_png_is_grey_or_colour() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.png");
    raster::write_png(&path, &Array3::from_elem((2, 3, 1), 51)).unwrap();
    assert_eq!(open(&path), Array3::from_elem((1, 2, 3), 0.2));
    for shape in [(2, 3, 2), (0, 3, 3)] {
        let message = raster::write_png(&path, &Array3::zeros(shape)).unwrap_err().to_string();
        assert!(message.contains("expected [H, W, 1] or [H, W, 3]"), "{message}");
    }
    for name in ["x.jpg", "x.png.tif", "png"] {
        let other = folder.path().join(name);
        let message = raster::write_png(&other, &Array3::zeros((2, 3, 1))).unwrap_err().to_string();
        assert!(message.contains("ends in .png") && message.contains(name), "{message}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn options_come_from_configurations() {
    let options: FrameOptions =
        serde_json::from_str(r#"{"hdu": {"name": "SCI"}, "planes": {"one": 2}}"#).unwrap();
    assert_eq!(options.planes, Planes::One(2));
    assert_eq!(serde_json::from_str::<FrameOptions>("{}").unwrap(), FrameOptions::default());
    let message = serde_json::from_str::<FrameOptions>(r#"{"plane": 2}"#).unwrap_err().to_string();
    assert!(message.contains("unknown field `plane`"), "{message}");
}
