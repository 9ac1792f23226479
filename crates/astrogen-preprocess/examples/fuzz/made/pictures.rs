//! PNG, JPEG and TIFF files of every kind of sample that the libraries write.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat};
use tiff::encoder::colortype::{Gray8, Gray16, Gray32Float, RGB8};
use tiff::encoder::compression::DeflateLevel;
use tiff::encoder::{Compression, Predictor, TiffEncoder};

use super::Files;

const SIZE: (u32, u32) = (20, 14);

pub(super) fn all() -> Files {
    let (width, height) = SIZE;
    let mut colour = DynamicImage::new_rgb8(width, height).into_rgb8();
    for (x, y, pixel) in colour.enumerate_pixels_mut() {
        pixel.0 = [x * 12, y * 18, (x * y) % 256].map(|sample| sample as u8);
    }
    let colour = DynamicImage::ImageRgb8(colour);
    let mut files = Vec::new();
    let pngs = [
        colour.clone(),
        colour.to_luma8().into(),
        colour.to_luma_alpha8().into(),
        colour.to_rgb16().into(),
        colour.to_rgba16().into(),
    ];
    let jpegs = [colour.clone(), colour.to_luma8().into()];
    let formats = pngs.iter().map(|png| (png, ImageFormat::Png));
    for (picture, format) in formats.chain(jpegs.iter().map(|jpeg| (jpeg, ImageFormat::Jpeg))) {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format)?;
        files.push(bytes.into_inner());
    }
    files.extend(tiffs(&colour)?);
    Ok(files)
}

fn tiffs(colour: &DynamicImage) -> Files {
    let (width, height) = SIZE;
    let (bytes, grey) = (colour.to_rgb8(), colour.to_luma8());
    let words: Vec<u16> = grey.iter().map(|&sample| u16::from(sample) << 8).collect();
    let reals: Vec<f32> = grey.iter().map(|&sample| f32::from(sample)).collect();
    let mut files = Vec::new();
    for compression in [
        Compression::Uncompressed,
        Compression::Lzw,
        Compression::Deflate(DeflateLevel::Fast),
        Compression::Packbits,
    ] {
        let mut file = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut file)?.with_compression(compression);
        encoder.write_image::<RGB8>(width, height, &bytes)?;
        encoder.write_image::<Gray8>(width, height, &grey)?;
        files.push(file.into_inner());

        let mut file = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new_big(&mut file)?.with_compression(compression);
        encoder.write_image::<Gray32Float>(width, height, &reals)?;
        files.push(file.into_inner());

        let mut file = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut file)?
            .with_compression(compression)
            .with_predictor(Predictor::Horizontal);
        encoder.write_image::<Gray16>(width, height, &words)?;
        files.push(file.into_inner());
    }
    Ok(files)
}
