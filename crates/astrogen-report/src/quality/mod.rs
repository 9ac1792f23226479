//! How good samples are: all numbers that are known of images, and whether training images are given
//! back, with their pictures in the folder `figures` of a run.
//!
//! | picture | what is seen |
//! | --- | --- |
//! | `quality.png` | every number with its interval, in half-widths of it from the floor of reals |
//! | `power.png` | power by scale, and its scatter over images |
//! | `pixels.png` | the values of pixels |
//! | `closest.png` | the samples that are nearest to a training image, each below it |
//! | `leakage.png` | held-out images that are nearly training images, each below it |

mod audit;
mod pixels;

use std::fs;

use astrogen_metrics::{
    FeatureNetwork, MetricsError, Quality, QualityConfig, QualityNumber, RadialSpectrum,
    RandomFeaturesConfig, image_quality, radial_power_spectrum,
};
use astrogen_plot::{Interval, Intervals, PlotError, ProfilePanel, Profiles, Series, left_out};
use astrogen_train::RunDir;
use tch::Tensor;

use crate::ReportError;
pub(crate) use audit::Audit;
use pixels::pixels;

/// The network that features are taken by, of images `[C, H, W]`: a random one with as many levels
/// as they have room for; none of images below 4 pixels.
pub(crate) fn network(
    [channels, height, width]: [i64; 3],
) -> Result<Option<FeatureNetwork>, ReportError> {
    let mut config = RandomFeaturesConfig { channels, ..RandomFeaturesConfig::default() };
    let levels = height.min(width).max(1).ilog2().saturating_sub(1) as usize;
    config.widths.truncate(levels);
    match levels {
        0 => Ok(None),
        _ => Ok(Some(FeatureNetwork::random(&config)?)),
    }
}

/// What samples and reals are called in pictures.
pub(crate) const NAMES: [&str; 2] = ["real", "sampled"];

/// The numbers of a second set beside a first, samples beside reals say, `[N, C, H, W]`, signed, with
/// pictures in which they have these names; a line for each picture that was left out.
pub(crate) fn measure(
    run: &RunDir,
    network: &FeatureNetwork,
    sets: [&Tensor; 2],
    names: [&str; 2],
) -> Result<(Quality, Vec<String>), ReportError> {
    let quality = image_quality(sets[0], sets[1], network, &QualityConfig::default())?;
    let mut lines: Vec<String> = draw_quality(run, &quality, names)?.into_iter().collect();
    match power(run, sets, names) {
        Ok(drawn) => lines.extend(left_out("figures/power.png", drawn)?),
        // Of a channel that is constant in all images.
        Err(ReportError::Metrics(error @ MetricsError::BadValues { .. })) => {
            lines.push(format!("figures/power.png is left out: {error}"));
        }
        Err(error) => return Err(error),
    }
    lines.extend(left_out("figures/pixels.png", pixels(run, sets, names)?)?);
    Ok((quality, lines))
}

/// Draws all numbers of the second of two named sets beside the first into `figures/quality.png` of a
/// run's folder: each with its interval, in half-widths of it from the floor of the first. A line that
/// says why where there is nothing to be drawn.
///
/// # Errors
/// [`ReportError::Train`] and [`ReportError::Plot`] where the file cannot be written.
pub fn draw_quality(
    run: &RunDir,
    quality: &Quality,
    [first, second]: [&str; 2],
) -> Result<Option<String>, ReportError> {
    figures(run)?;
    let figure = Intervals {
        title: format!("{second} beside {first}, {} each", quality.count),
        x_label: format!("distance from the floor of {first}, in half-widths of the interval"),
        reference_scatters: true,
        ..Intervals::default()
    };
    let drawn = figure.save(run.figures_path().join("quality.png"), &rows(quality));
    Ok(left_out("figures/quality.png", drawn)?)
}

fn rows(quality: &Quality) -> Vec<Interval> {
    quality.numbers.iter().map(row).collect()
}

/// A number beside its floor.
pub(crate) fn row(number: &QualityNumber) -> Interval {
    Interval {
        name: number.name.replace('_', " "),
        text: number.estimate.to_string(),
        value: number.estimate.value,
        low: number.estimate.low,
        high: number.estimate.high,
        reference: number.estimate.floor,
    }
}

fn power(
    run: &RunDir,
    sets: [&Tensor; 2],
    names: [&str; 2],
) -> Result<Result<(), PlotError>, ReportError> {
    let spectra = [radial_power_spectrum(sets[0])?, radial_power_spectrum(sets[1])?];
    // The mean over channels.
    let mean = |of: &[Vec<f64>], bin: usize| {
        of.iter().map(|channel| channel[bin]).sum::<f64>() / of.len() as f64
    };
    let line = |name: &str, spectrum: &RadialSpectrum, of: &[Vec<f64>]| {
        let points = spectrum.frequencies.iter().enumerate();
        Series::new(name, points.map(|(bin, frequency)| (*frequency, mean(of, bin))))
    };
    let both = |of: fn(&RadialSpectrum) -> &[Vec<f64>]| -> Vec<Series> {
        let lines = spectra.iter().zip(names);
        lines.map(|(spectrum, name)| line(name, spectrum, of(spectrum))).collect()
    };
    let panel = |y_label: &str, series| ProfilePanel {
        x_label: "cycles per pixel".into(),
        y_label: y_label.into(),
        series,
        ..ProfilePanel::default()
    };
    let panels = [
        panel("mean log10 power", both(|of| &of.log_power)),
        panel("its scatter over images [dex]", both(|of| &of.scatter)),
    ];
    let title = "Power by scale".into();
    Ok(Profiles { title, ..Profiles::default() }.save(run.join("figures/power.png"), &panels))
}

/// Makes the folder of figures of a run.
fn figures(run: &RunDir) -> Result<(), ReportError> {
    let path = run.figures_path();
    let made = fs::create_dir_all(&path);
    Ok(made.map_err(|source| astrogen_train::TrainError::Io { path, source })?)
}

#[cfg(test)]
mod tests {
    use astrogen_metrics::Estimate;

    use super::*;

    #[test]
    fn a_floor_is_called_so_whatever_the_sets_are() {
        let estimate = Estimate { value: 0.047, low: 0.041, high: 0.053, floor: 0.024 };
        assert_eq!(estimate.to_string(), "0.047 (0.041 to 0.053; floor 0.024)");
        let number = QualityNumber { name: "half_light_radius".into(), estimate };
        let row = row(&number);
        assert_eq!(
            (&row.name[..], &row.text[..]),
            ("half light radius", &estimate.to_string()[..])
        );
    }
}
