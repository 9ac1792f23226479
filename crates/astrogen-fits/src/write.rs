//! Writes an image as one 32-bit floating-point FITS file.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use ndarray::Array3;

use super::Header;
use super::card::push_card;
use super::layout::is_layout;
use super::source::BLOCK;
use crate::{FitsError, create_whole};

/// Writes pixels of shape `[C, H, W]` with the cards of `header`: a 2-D image if `C` is 1,
/// else a cube with `NAXIS3 = C`.
///
/// The file appears whole or not at all, and replaces one of the same name only then.
/// Cards that describe the layout of the data (`BITPIX`, `NAXISn`, `BSCALE`, ...) are the
/// writer's own and left out of `header`, so a header that was read can be passed on: texts and
/// comments beyond ASCII are written in it (`µJy` as `uJy`, what has no other letter as `?`), and
/// cards of it that the standard forbids are left out, such as a lone `CONTINUE` or `1E400`. The
/// same input gives the same bytes. Reals are written with the fewest digits that read
/// back as the same number, keywords the standard has no room for as `HIERARCH` cards, and
/// long strings over `CONTINUE` cards.
///
/// ```
/// use astrogen_fits::{FitsFile, Header, Planes, write_image};
/// use ndarray::Array3;
///
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("m51[1].fits");
/// let pixels = Array3::from_shape_fn((3, 4, 5), |(c, y, x)| (100 * c + 10 * y + x) as f32);
/// let mut header = Header::new();
/// header.push("BUNIT", "electron", "unit of the pixels");
/// write_image(&path, &pixels, &header).unwrap();
///
/// let mut file = FitsFile::open(&path).unwrap();
/// assert_eq!(file.hdus()[0].header.get("BUNIT"), Some("electron"));
/// assert_eq!(file.read::<f32>(0, &Planes::Bands).unwrap(), pixels);
/// ```
///
/// # Errors
/// `Shape` for an array without pixels, `Card` for a pushed card that the standard forbids, `Io`
/// if the disk refuses.
pub fn write_image(
    path: impl AsRef<Path>,
    pixels: &Array3<f32>,
    header: &Header,
) -> Result<(), FitsError> {
    let head = head(pixels.dim(), header)?;
    let write = |path: &Path| -> io::Result<()> {
        let mut file = BufWriter::new(create_whole(path)?);
        file.write_all(&head)?;
        // A few thousand pixels at a time through a small buffer of big-endian bytes.
        let mut bytes = Vec::with_capacity(4 * BLOCK);
        for pixel in pixels {
            bytes.extend_from_slice(&pixel.to_be_bytes());
            if bytes.len() == 4 * BLOCK {
                file.write_all(&bytes)?;
                bytes.clear();
            }
        }
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        file.write_all(&bytes)?;
        file.into_inner()?.commit()
    };
    let path = path.as_ref();
    write(path).map_err(|source| FitsError::io("write", path, source))
}

/// The header blocks of an image of shape `(C, H, W)`.
fn head(
    (channels, height, width): (usize, usize, usize),
    header: &Header,
) -> Result<Vec<u8>, FitsError> {
    if channels == 0 || height == 0 || width == 0 {
        return Err(FitsError::Shape {
            what: "pixels".to_owned(),
            expected: "[C, H, W] with no length 0".to_owned(),
            got: format!("[{channels}, {height}, {width}]"),
        });
    }
    let axes: &[usize] = if channels == 1 { &[width, height] } else { &[width, height, channels] };
    let mut layout = Header::new();
    layout.push("SIMPLE", true, "conforms to the FITS standard");
    layout.push("BITPIX", -32, "32-bit floating point");
    layout.push("NAXIS", axes.len() as i64, "number of axes");
    for (number, &length) in (1..).zip(axes) {
        layout.push(format!("NAXIS{number}"), length as i64, "");
    }
    let mut head = Vec::new();
    layout.write(&mut head)?;
    header.renamed(|card| (!is_layout(card)).then(|| card.keyword.clone())).write(&mut head)?;
    push_card(&mut head, "END");
    let blocks = head.len().next_multiple_of(BLOCK);
    head.resize(blocks, b' ');
    Ok(head)
}
