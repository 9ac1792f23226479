//! FITS images of every pixel type and every compression.

use std::io::{Read, Write};

use astrogen_fits::{Header, write_image};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use ndarray::Array3;

use super::{Files, golden, written};

const BLOCK: usize = 2880;

pub(super) fn images() -> Files {
    let mut files = Vec::new();
    for shape in [(1, 16, 24), (3, 12, 9)] {
        let pixels = Array3::from_shape_fn(shape, |(c, y, x)| ((7 * c + 3 * y + x) % 23) as f32);
        let mut header = Header::new();
        header.push("OBJECT", "M 42", "");
        header.push("EXPTIME", 1.5, "seconds");
        files.push(written("m42.fits", |path| write_image(path, &pixels, &header))?);
    }
    let gzip = gzip(&files[0])?;
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(&files[0])?;
    files.extend([gzip, bzip2.finish()?, golden("astrogen-fits", "ramp.fits.Z")?]);
    for name in ["fits.fits.gz", "streams.fits.gz"] {
        files.extend(hdus(&gunzip(&golden("astrogen-fits", name)?)?));
    }
    Ok(files)
}

/// A file for each extension, behind the primary HDU.
fn hdus(bytes: &[u8]) -> Vec<Vec<u8>> {
    let is_start = |at: &usize| bytes[*at..].starts_with(b"XTENSION");
    let mut starts: Vec<usize> = (0..bytes.len()).step_by(BLOCK).filter(is_start).collect();
    starts.push(bytes.len());
    let primary = &bytes[..starts[0]];
    starts.windows(2).map(|ends| [primary, &bytes[ends[0]..ends[1]]].concat()).collect()
}

pub(super) fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes)?;
    packer.finish()
}

pub(super) fn gunzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut unpacked = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut unpacked)?;
    Ok(unpacked)
}
