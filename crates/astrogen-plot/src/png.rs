//! Finished 8-bit pictures: copied from a tensor once, encoded as PNG, written whole.

use std::path::Path;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use tch::{Kind, Tensor};

use crate::error::PlotError;
use crate::file;

/// An 8-bit picture in host memory, row by row from the top, channels last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Bytes per pixel: 1 for grey, 3 for RGB.
    pub channels: usize,
    /// `height * width * channels` bytes.
    pub bytes: Vec<u8>,
}

impl Picture {
    /// Copies a tensor `[H, W, 1 or 3]` of unsigned bytes from any device.
    ///
    /// # Errors
    /// [`PlotError::Shape`] or [`PlotError::BadKind`] for any other tensor.
    pub fn from_tensor(pixels: &Tensor) -> Result<Self, PlotError> {
        let size = pixels.size();
        let ([height, width, channels @ (1 | 3)], true) =
            (size[..].try_into().unwrap_or([0; 3]), pixels.numel() > 0)
        else {
            return Err(PlotError::Shape {
                expected: "a picture [H, W, C] with C = 1 (grey) or 3 (RGB) and at least one pixel",
                got: size,
            });
        };
        if pixels.kind() != Kind::Uint8 {
            return Err(PlotError::BadKind { expected: "unsigned bytes", got: pixels.kind() });
        }
        let mut bytes = vec![0; pixels.numel()];
        pixels.f_contiguous()?.f_copy_data(&mut bytes, pixels.numel())?;
        // Sizes of a tensor that exists are small and not negative.
        let [width, height, channels] = [width, height, channels].map(|side| side as usize);
        Ok(Self { width, height, channels, bytes })
    }

    /// The bytes of a PNG file.
    ///
    /// # Errors
    /// [`PlotError::BadPicture`] if sizes and bytes do not belong together.
    pub fn encode(&self) -> Result<Vec<u8>, PlotError> {
        let Self { width, height, channels, ref bytes } = *self;
        let bad = || PlotError::BadPicture { width, height, channels, bytes: bytes.len() };
        let colour = match channels {
            1 => ExtendedColorType::L8,
            3 => ExtendedColorType::Rgb8,
            _ => return Err(bad()),
        };
        let wanted = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(channels));
        let (Ok(columns), Ok(rows)) = (u32::try_from(width), u32::try_from(height)) else {
            return Err(bad());
        };
        if wanted != Some(bytes.len()) || bytes.is_empty() {
            return Err(bad());
        }
        let mut encoded = Vec::new();
        PngEncoder::new(&mut encoded)
            .write_image(bytes, columns, rows, colour)
            .map_err(|error| PlotError::Draw(error.to_string()))?;
        Ok(encoded)
    }

    /// Writes a PNG file, whole or not at all.
    ///
    /// # Errors
    /// [`PlotError::BadExtension`] unless `path` ends in `.png`; [`PlotError::Write`] if the disk
    /// refuses; [`PlotError::BadPicture`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PlotError> {
        let path = path.as_ref();
        require_png(path)?;
        file::write_whole(path, &self.encode()?)
    }
}

/// Refuses a path that does not end in `.png`.
pub(crate) fn require_png(path: &Path) -> Result<(), PlotError> {
    if file::extension(path).as_deref() == Some("png") {
        return Ok(());
    }
    Err(PlotError::BadExtension { path: path.to_owned(), expected: ".png" })
}
