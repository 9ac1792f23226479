//! The chosen image of a FITS file, its axes in the stated order.

use super::{Access, AxisOrder, Frame, FrameOptions};
use crate::PreprocessError;
use astrogen_fits::format::{Format, OpenedFile};
use astrogen_fits::{FitsFile, Hdu, HduKind, MEMORY_LIMIT, Planes, check_region};

/// Images that a remark lists by name.
const LISTED: usize = 5;

/// An HDU that holds the frame.
pub(super) struct SkyImage {
    file: FitsFile,
    /// Whether the file as a whole is packed.
    is_packed: bool,
    hdu: usize,
    order: AxisOrder,
    /// `[planes, rows, columns]` as if the order were [`AxisOrder::Chw`].
    stored: [usize; 3],
    remark: Option<String>,
}

impl SkyImage {
    pub(super) fn open(
        opened: OpenedFile,
        options: &FrameOptions,
    ) -> Result<SkyImage, PreprocessError> {
        let is_packed = opened.format() != Some(Format::Fits);
        let file = FitsFile::from_opened(opened, MEMORY_LIMIT)?;
        let hdu = file.hdu(options.hdu.as_ref())?.index;
        let stored = file.shape(hdu)?;
        let order = match options.axis_order {
            // Without planes there is nothing to order.
            _ if stored[0] == 1 => AxisOrder::Chw,
            Some(order) => order,
            None if looks_like_hwc(stored) => return Err(ask_order(&file, hdu, stored)),
            None => AxisOrder::Chw,
        };
        let remark = if options.hdu.is_none() { remark(&file, hdu) } else { None };
        Ok(SkyImage { file, is_packed, hdu, order, stored, remark })
    }

    /// `[C, H, W]`.
    pub(super) fn shape(&self) -> [usize; 3] {
        let [first, second, third] = self.stored;
        match self.order {
            AxisOrder::Chw => [first, second, third],
            AxisOrder::Hwc => [third, first, second],
        }
    }

    /// What reading a region of it decodes.
    pub(super) fn access(&self) -> Access {
        match self.file.hdus()[self.hdu].kind {
            _ if self.is_packed => Access::Whole,
            HduKind::CompressedImage => Access::Tiles,
            _ => Access::Region,
        }
    }

    /// Reads a region `[y0, x0, height, width]` of the chosen planes.
    pub(super) fn read(
        &mut self,
        planes: &Planes,
        region: [usize; 4],
    ) -> Result<Frame, PreprocessError> {
        let [channels, rows, columns] = self.shape();
        let [y0, x0, height, width] = region;
        let pixels = match self.order {
            AxisOrder::Chw => self.file.read_region(self.hdu, planes, y0, x0, height, width)?,
            AxisOrder::Hwc => {
                let bands = planes.of(channels)?;
                check_region(region, [rows, columns])?;
                // In the file a row of the image is a plane, and a column a row of that.
                let rows = Planes::Range(y0..y0 + height);
                let pixels =
                    self.file.read_region(self.hdu, &rows, x0, bands.start, width, bands.len())?;
                pixels.permuted_axes([2, 0, 1]).as_standard_layout().into_owned()
            }
        };
        let header = self.file.hdus()[self.hdu].header.clone();
        Ok(Frame { pixels, header, access: self.access(), remark: self.remark.clone() })
    }
}

/// Whether the first axis of a cube is as long as a pixel has colours, and the others longer.
fn looks_like_hwc([planes, rows, columns]: [usize; 3]) -> bool {
    matches!(columns, 3 | 4) && rows > 4 && planes > 4
}

fn ask_order(file: &FitsFile, hdu: usize, stored: [usize; 3]) -> PreprocessError {
    let [planes, rows, columns] = stored;
    file.refuse(format!(
        "the axis order of HDU {hdu} is in doubt: NAXIS1 = {columns} is as long as a pixel has \
         colours; state the axis order, hwc for {columns} bands of {planes} rows and {rows} \
         columns, or chw for {planes} bands of {rows} rows and {columns} columns"
    ))
    .into()
}

/// Which image was taken of several, and which were left.
fn remark(file: &FitsFile, taken: usize) -> Option<String> {
    let images = file.hdus().iter().filter(|hdu| hdu.image_shape().is_some());
    let left: Vec<String> = images.filter(|hdu| hdu.index != taken).map(name).collect();
    let more = match left.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!left.is_empty()).then(|| {
        format!(
            "HDU {} is taken and {}{more} left; the option hdu takes another",
            name(&file.hdus()[taken]),
            left[..left.len().min(LISTED)].join(", ")
        )
    })
}

/// `1 SCI`
fn name(hdu: &Hdu) -> String {
    match &hdu.name {
        Some(name) => format!("{} {name}", hdu.index),
        None => hdu.index.to_string(),
    }
}
