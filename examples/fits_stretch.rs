//! Turns one FITS file into a picture: `cargo run --release --example fits_stretch -- IN.fits OUT.png`

use std::path::PathBuf;

use anyhow::{Result, bail};
use astrogen::preprocess::{
    Frame, Interval, Pipeline, PipelineConfig, Stretch, bands_to_rgb, raster,
};
use astrogen_cli::{FrameArguments, say};
use clap::Parser;
use ndarray::Axis;

#[derive(Parser)]
#[command(about = "Turns one FITS file into a picture")]
struct Arguments {
    /// The FITS file (or PNG, JPEG, TIFF).
    input: PathBuf,
    /// The picture to write; its name has to end in .png.
    output: PathBuf,
    #[command(flatten)]
    frame: FrameArguments,
    /// minmax, zscale, percentile:P, asymmetric:LOW,HIGH, manual:VMIN,VMAX
    #[arg(long, default_value_t = Interval::zscale())]
    interval: Interval,
    /// linear, sqrt, log[:a], asinh[:a], sinh[:a], power:p, histogram_equalization, ...
    #[arg(long, default_value_t = PipelineConfig::default().stretch)]
    stretch: Stretch,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let [input, output] = [&arguments.input, &arguments.output].map(|path| path.canonicalize());
    if output.is_ok_and(|output| input.is_ok_and(|input| input == output)) {
        bail!("{} would be overwritten: name another picture", arguments.input.display());
    }
    let frame = Frame::open(&arguments.input, &arguments.frame.options())?;
    let (bands, height, width) = frame.pixels.dim();
    let pipeline = Pipeline::new(PipelineConfig {
        mask: arguments.frame.mask(),
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
    say(format_args!("{bands} band(s) of {width} x {height} pixels"));
    say(format_args!("the first is shown from {vmin} to {vmax}"));
    if let Some(remark) = frame.remark {
        say(remark);
    }
    Ok(())
}
