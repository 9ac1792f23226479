//! Frames whose values are known, and the settings that read them.

use std::io::Write;
use std::path::{Path, PathBuf};

use astrogen_data::{Dataset, Images};
use astrogen_fits::{Header, write_image};
use astrogen_images::FolderConfig;
use astrogen_preprocess::PipelineConfig;
use ndarray::Array3;

/// From physical [0, 1000] to signed, in a straight line: values can be foretold.
pub(crate) fn straight() -> PipelineConfig {
    PipelineConfig {
        interval: "manual:0,1000".parse().unwrap(),
        stretch: "linear".parse().unwrap(),
        ..PipelineConfig::default()
    }
}

pub(crate) fn config(folder: &Path, image_size: usize, channels: usize) -> FolderConfig {
    let pipeline = straight();
    FolderConfig { path: folder.into(), image_size, channels, pipeline, ..Default::default() }
}

/// Values in [0, 1000] that differ from pixel to pixel and from `tag` to `tag`.
pub(crate) fn scene(tag: usize, bands: usize, height: usize, width: usize) -> Array3<f32> {
    Array3::from_shape_fn((bands, height, width), |(c, y, x)| {
        ((tag * 131 + c * 57 + y * 29 + x * 17) % 1000) as f32
    })
}

pub(crate) fn write_fits(folder: &Path, name: &str, pixels: &Array3<f32>) -> PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    write_image(&path, pixels, &Header::new()).unwrap();
    path
}

pub(crate) fn all(dataset: &dyn Dataset<Batch = Images>) -> Vec<Array3<f32>> {
    (0..dataset.len()).map(|index| dataset.sample(index).unwrap()).collect()
}

/// Signed values of `straight`.
pub(crate) fn signed(physical: &Array3<f32>) -> Array3<f32> {
    physical.mapv(|value| value / 500.0 - 1.0)
}

pub(crate) fn assert_near(got: &Array3<f32>, expected: &Array3<f32>) {
    assert_eq!(got.shape(), expected.shape());
    let worst = (got - expected).iter().fold(0.0, |worst: f32, d| worst.max(d.abs()));
    assert!(worst < 1e-5, "differs by {worst}");
}

/// Ten tiled frames whose values tell the file.
pub(crate) fn frames(folder: &Path) {
    for tag in 0..10 {
        let frame = scene(0, 1, 50, 60).mapv(|value| value * 0.09 + 100.0 * tag as f32 + 5.0);
        write_fits(folder, &format!("{tag}.fits"), &frame);
    }
}

/// A path below `folder` where no folder can be made, not even by root.
pub(crate) fn no_folder(folder: &Path) -> PathBuf {
    let file = folder.join("a file");
    std::fs::write(&file, "").unwrap();
    file
}

/// A file packed as a whole by gzip.
pub(crate) fn write_gzip(folder: &Path, name: &str, pixels: &Array3<f32>) -> PathBuf {
    let plain = write_fits(folder, "plain.tmp", pixels);
    let path = folder.join(name);
    std::fs::write(&path, gzip(&std::fs::read(&plain).unwrap())).unwrap();
    std::fs::remove_file(plain).unwrap();
    path
}

/// Planes of 16-bit integers, NaN as -32768, each row of a plane a tile packed by gzip (FITS
/// standard 4.0, section 10).
pub(crate) fn write_tiles(folder: &Path, name: &str, pixels: &Array3<f32>) -> PathBuf {
    let (planes, height, width) = pixels.dim();
    let stored = |value: f32| if value.is_nan() { i16::MIN } else { value as i16 };
    let (mut rows, mut heap) = (Vec::new(), Vec::new());
    for row in pixels.rows() {
        let bytes: Vec<u8> = row.iter().flat_map(|&value| stored(value).to_be_bytes()).collect();
        let packed = gzip(&bytes);
        rows.extend([packed.len() as u32, heap.len() as u32].map(u32::to_be_bytes).concat());
        heap.extend(packed);
    }
    let cards = [
        "SIMPLE  = T".into(),
        "BITPIX  = 8".into(),
        "NAXIS   = 0".into(),
        "END".into(),
        "XTENSION= 'BINTABLE'".into(),
        "BITPIX  = 8".into(),
        "NAXIS   = 2".into(),
        "NAXIS1  = 8".into(),
        format!("NAXIS2  = {}", planes * height),
        format!("PCOUNT  = {}", heap.len()),
        "GCOUNT  = 1".into(),
        "TFIELDS = 1".into(),
        "TTYPE1  = 'COMPRESSED_DATA'".into(),
        format!("TFORM1  = '1PB({})'", heap.len()),
        "ZIMAGE  = T".into(),
        "ZCMPTYPE= 'GZIP_1  '".into(),
        "ZBITPIX = 16".into(),
        "ZNAXIS  = 3".into(),
        format!("ZNAXIS1 = {width}"),
        format!("ZNAXIS2 = {height}"),
        format!("ZNAXIS3 = {planes}"),
        format!("ZTILE1  = {width}"),
        "ZTILE2  = 1".into(),
        "ZTILE3  = 1".into(),
        format!("ZBLANK  = {}", i16::MIN),
        "END".into(),
    ];
    let headers = cards.split_inclusive(|card: &String| card == "END");
    let headers = headers.map(|cards| {
        let cards: String = cards.iter().map(|card| format!("{card:80}")).collect();
        format!("{cards:2880}")
    });
    let mut bytes = headers.collect::<String>().into_bytes();
    bytes.extend([rows, heap].concat());
    bytes.resize(bytes.len().next_multiple_of(2880), 0);
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}
