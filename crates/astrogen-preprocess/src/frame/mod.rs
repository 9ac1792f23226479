//! One door for every image file: FITS, PNG, JPEG or TIFF, told by content.

mod options;
mod sky;

use std::path::Path;

use ndarray::{Array3, Axis, Slice, s};

use crate::{PreprocessError, raster};
pub use astrogen_fits::Planes;
use astrogen_fits::format::{Format, OpenedFile, describe};
use astrogen_fits::{Header, check_region};
pub use options::{AxisOrder, FrameOptions};
use sky::SkyImage;

/// The shape of a frame, known without reading its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameInfo {
    /// Bands, after the choice of planes.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

/// What has to be decoded for a region of a frame, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Access {
    /// The region's own pixels: a plain FITS image.
    Region,
    /// The tiles that it touches, rows as a rule: a tile-compressed FITS image.
    Tiles,
    /// The whole file: a picture, or a FITS file packed by gzip, bzip2 or compress.
    Whole,
}

/// An image file in memory.
///
/// ```
/// use astrogen_preprocess::{Frame, FrameOptions, frame::Access};
/// use ndarray::Array3;
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("m42.fits");
/// # let mut header = astrogen_fits::Header::new();
/// # header.push("OBJECT", "M 42", "");
/// # astrogen_fits::write_image(&path, &Array3::ones((3, 20, 30)), &header).unwrap();
/// let options = FrameOptions::default();
/// let info = Frame::info(&path, &options).unwrap();
/// assert_eq!((info.channels, info.height, info.width), (3, 20, 30));
///
/// let frame = Frame::open(&path, &options).unwrap();
/// assert_eq!(frame.header.get("OBJECT"), Some("M 42"));
///
/// let corner = Frame::open_region(&path, &options, 0, 0, 8, 8).unwrap();
/// assert_eq!(corner.pixels.dim(), (3, 8, 8));
/// assert_eq!(frame.access, Access::Region);
/// ```
#[derive(Debug, Clone)]
pub struct Frame {
    /// `[C, H, W]`. From FITS in physical units, NaN where blank, row 0 the first of the
    /// file; from a picture in unit range (see [`raster`]), row 0 the top.
    pub pixels: Array3<f32>,
    /// The cards of the HDU; empty for a picture.
    pub header: Header,
    /// What has to be decoded to read a region of it again ([`Frame::open_region`]).
    pub access: Access,
    /// What else of its kind the file has, and the option that takes it; `None` where there
    /// is nothing else or the choice was stated.
    pub remark: Option<String>,
}

impl Frame {
    /// Reads a whole frame.
    ///
    /// # Errors
    /// `Format` for a file that is no image, `Hdu` for an HDU or page that it lacks or for a
    /// cube whose axis order has to be stated, and all errors of
    /// [`FitsFile::read`](astrogen_fits::FitsFile::read) and [`raster::read`].
    pub fn open(path: impl AsRef<Path>, options: &FrameOptions) -> Result<Frame, PreprocessError> {
        match ImageFile::open(path.as_ref(), options)? {
            ImageFile::Sky(mut image) => {
                let [_, height, width] = image.shape();
                image.read(&options.planes, [0, 0, height, width])
            }
            ImageFile::Picture(opened) => Frame::read_picture(opened, options),
        }
    }

    fn read_picture(opened: OpenedFile, options: &FrameOptions) -> Result<Frame, PreprocessError> {
        let (mut pixels, pages) = raster::read_page(opened, options.page.unwrap_or(0))?;
        let bands = options.planes.of(pixels.dim().0)?;
        if bands.len() < pixels.dim().0 {
            pixels = pixels.slice_axis(Axis(0), Slice::from(bands)).to_owned();
        }
        let remark = (pages > 1 && options.page.is_none())
            .then(|| format!("the first of {pages} pages is taken; the option page takes another"));
        Ok(Frame { pixels, header: Header::new(), access: Access::Whole, remark })
    }

    /// The shape that [`Frame::open`] would give, from the file's headers alone.
    ///
    /// # Errors
    /// As [`Frame::open`], but for damage to the pixels themselves.
    pub fn info(
        path: impl AsRef<Path>,
        options: &FrameOptions,
    ) -> Result<FrameInfo, PreprocessError> {
        let [planes, height, width] = match ImageFile::open(path.as_ref(), options)? {
            ImageFile::Sky(image) => image.shape(),
            ImageFile::Picture(opened) => raster::shape_of_page(opened, options.page.unwrap_or(0))?,
        };
        let channels = options.planes.of(planes)?.len();
        Ok(FrameInfo { channels, height, width })
    }

    /// Reads rows `y0..y0 + height` and columns `x0..x0 + width` only, and of the rest of the
    /// file as little as it allows ([`Frame::access`]).
    ///
    /// # Errors
    /// As [`Frame::open`], and `Shape` for a region that is empty or reaches outside.
    pub fn open_region(
        path: impl AsRef<Path>,
        options: &FrameOptions,
        y0: usize,
        x0: usize,
        height: usize,
        width: usize,
    ) -> Result<Frame, PreprocessError> {
        let whole = match ImageFile::open(path.as_ref(), options)? {
            ImageFile::Sky(mut image) => {
                return image.read(&options.planes, [y0, x0, height, width]);
            }
            ImageFile::Picture(opened) => Frame::read_picture(opened, options)?,
        };
        let (_, rows, columns) = whole.pixels.dim();
        check_region([y0, x0, height, width], [rows, columns])?;
        let region = s![.., y0..y0 + height, x0..x0 + width];
        Ok(Frame { pixels: whole.pixels.slice(region).to_owned(), ..whole })
    }

    /// What [`Frame::open_region`] has to decode, from the file's headers alone.
    ///
    /// # Errors
    /// As [`Frame::info`].
    pub fn access(
        path: impl AsRef<Path>,
        options: &FrameOptions,
    ) -> Result<Access, PreprocessError> {
        Ok(match ImageFile::open(path.as_ref(), options)? {
            ImageFile::Sky(image) => image.access(),
            ImageFile::Picture(_) => Access::Whole,
        })
    }
}

/// An image file, opened and told by its content; of FITS the headers are read.
enum ImageFile {
    Sky(Box<SkyImage>),
    Picture(OpenedFile),
}

impl ImageFile {
    fn open(path: &Path, options: &FrameOptions) -> Result<ImageFile, PreprocessError> {
        let opened = OpenedFile::open(path)?;
        match opened.format() {
            Some(Format::Fits | Format::Gzip | Format::Bzip2 | Format::Compress) => {
                SkyImage::open(opened, options).map(|image| ImageFile::Sky(Box::new(image)))
            }
            Some(Format::Png | Format::Jpeg | Format::Tiff) => Ok(ImageFile::Picture(opened)),
            Some(Format::Parquet | Format::Hdf5 | Format::Npy) | None => {
                Err(PreprocessError::Format {
                    path: path.to_owned(),
                    expected: "FITS (plain or packed by gzip, bzip2 or compress), PNG, JPEG or TIFF",
                    got: describe(&opened.start),
                })
            }
        }
    }
}
