//! Turns one FITS file into a picture: `cargo run --release --example fits_stretch -- IN.fits OUT.png`

#![allow(clippy::print_stdout, reason = "a program speaks to its user")]

use std::path::PathBuf;

use anyhow::Result;
use astrogen::preprocess::composite::bands_to_rgb;
use astrogen::preprocess::{
    Frame, FrameOptions, Interval, Pipeline, PipelineConfig, Stretch, raster,
};
use clap::Parser;
use ndarray::Axis;

#[derive(Parser)]
#[command(about = "Turns one FITS file into a picture")]
struct Arguments {
    /// The FITS file (or PNG, JPEG, TIFF).
    input: PathBuf,
    /// The PNG to write.
    output: PathBuf,
    /// Which HDU: a number (0 is the primary) or an EXTNAME; the first with an image if left out.
    #[arg(long)]
    hdu: Option<String>,
    /// minmax, zscale, percentile:P, asymmetric:LOW,HIGH, manual:VMIN,VMAX
    #[arg(long, default_value_t = Interval::zscale())]
    interval: Interval,
    /// linear, sqrt, log[:a], asinh[:a], sinh[:a], power:p, histogram, ...
    #[arg(long, default_value_t = PipelineConfig::default().stretch)]
    stretch: Stretch,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let hdu = arguments.hdu.map(|hdu| hdu.parse()).transpose()?;
    let frame = Frame::open(&arguments.input, &FrameOptions { hdu, ..FrameOptions::default() })?;
    let (bands, height, width) = frame.pixels.dim();
    let pipeline = Pipeline::new(PipelineConfig {
        interval: arguments.interval,
        stretch: arguments.stretch,
        ..PipelineConfig::default()
    })?;
    let prepared = pipeline.apply(&frame.pixels)?;
    let mut picture = bands_to_rgb(&prepared.pixels.view());
    if !frame.header.is_empty() {
        picture.invert_axis(Axis(0)); // the rows of a FITS image count from the bottom
    }
    raster::write_png(&arguments.output, &picture)?;
    let [vmin, vmax] = prepared.scaling.limits[0];
    println!("{bands} band(s) of {width} x {height} pixels, the first shown from {vmin} to {vmax}");
    Ok(())
}
