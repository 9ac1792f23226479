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

mod pixels;

use std::fs;

use astrogen_data::{Batches, Images};
use astrogen_metrics::memorisation::{
    AuditConfig, Leakage, LeakageConfig, MemorisationAudit, Neighbour, Points, leakage,
    memorisation_audit,
};
use astrogen_metrics::{
    FeatureNetwork, MetricsError, Quality, QualityConfig, QualityNumber, RadialSpectrum,
    RandomFeaturesConfig, image_quality, radial_power_spectrum,
};
use astrogen_plot::{
    Interval, Intervals, LabelledGrid, PlotError, ProfilePanel, Profiles, Series, left_out,
};
use astrogen_train::RunDir;
use tch::Tensor;

use crate::ReportError;
use pixels::pixels;

/// Pixels along the longer side of images whose neighbours are sought.
const SIDE: i64 = 32;

/// Training images that samples are held against, at most.
const TRAINING: i64 = 10_000;

/// Pairs of a sample and its training image that are drawn.
const PAIRS: usize = 8;

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

/// What samples are held against to see whether training images are given back.
#[derive(Debug)]
pub(crate) struct Audit {
    train: Tensor,
    held_out: Tensor,
    /// Held-out images that are nearly training images; none where this cannot be said.
    pub(crate) leakage: Option<Leakage>,
    /// What is to be said of that.
    pub(crate) remarks: Vec<String>,
    /// Whether it was said.
    pub(crate) told: bool,
}

impl Audit {
    /// The images of one pass over either set, up to 10,000 of the training set and up to 1,000 held-out
    /// ones; none for fewer than 20 of either. Held-out images that are nearly training images are drawn into `figures/leakage.png`.
    pub(crate) fn new(
        run: &RunDir,
        [mut train, mut held_out]: [Batches; 2],
    ) -> Result<Option<Self>, ReportError> {
        let (train, held_out) = (all(&mut train, TRAINING)?, all(&mut held_out, 1000)?);
        if [&train, &held_out].iter().any(|set| set.size()[0] < 20) {
            return Ok(None);
        }
        let [of_held_out, of_train] = [Self::points(&held_out)?, Self::points(&train)?];
        let mut audit = Self { train, held_out, leakage: None, remarks: Vec::new(), told: false };
        match leakage(&of_held_out, &of_train, &LeakageConfig::default()) {
            Ok(found) => {
                audit.remarks.extend(said(&found));
                if !found.pairs.is_empty() {
                    let title = "Held-out images that are nearly training images, by distance";
                    let drawn = audit.pairs(
                        run,
                        "leakage",
                        title,
                        ("held out", &audit.held_out),
                        &found.pairs,
                    )?;
                    audit.remarks.extend(left_out("figures/leakage.png", drawn)?);
                }
                audit.leakage = Some(found);
            }
            // Of training images that are mostly alike.
            Err(error @ MetricsError::BadValues { .. }) => {
                audit.remarks.push(format!("leakage is left out: {error}"));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(Some(audit))
    }

    fn points(images: &Tensor) -> Result<Points, MetricsError> {
        Points::images(images, Some(SIDE))
    }

    /// The audit of samples, and the picture of the closest pairs; a line for what is left out, the whole
    /// of it where there are fewer samples than it needs.
    pub(crate) fn of(
        &self,
        run: &RunDir,
        fake: &Tensor,
    ) -> Result<(Option<MemorisationAudit>, Option<String>), ReportError> {
        let [fakes, held_out, train] =
            [Self::points(fake)?, Self::points(&self.held_out)?, Self::points(&self.train)?];
        let audit = match memorisation_audit(&fakes, &held_out, &train, &AuditConfig::default()) {
            Ok(audit) => audit,
            Err(error @ MetricsError::BadValues { .. }) => {
                return Ok((None, Some(format!("memorisation is left out: {error}"))));
            }
            Err(error) => return Err(error.into()),
        };
        let title = "The samples that are nearest to a training image, by distance";
        let drawn = self.pairs(run, "closest", title, ("sampled", fake), &audit.closest)?;
        Ok((Some(audit), left_out("figures/closest.png", drawn)?))
    }

    /// Draws training images above those of a named set that are near to them, the nearest first.
    fn pairs(
        &self,
        run: &RunDir,
        file: &str,
        title: &str,
        (name, set): (&str, &Tensor),
        closest: &[Neighbour],
    ) -> Result<Result<(), PlotError>, ReportError> {
        figures(run)?;
        let closest = &closest[..closest.len().min(PAIRS)];
        let (mut above, mut below, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        for pair in closest {
            above.push(self.train.f_narrow(0, pair.index as i64, 1)?);
            let sample = set.f_narrow(0, pair.query as i64, 1)?;
            below.push(pair.symmetry.apply(&sample)?.f_to_device(self.train.device())?);
            labels.push(format!("{:.2}", pair.distance));
        }
        above.append(&mut below);
        let images = Tensor::f_cat(&above, 0)?;
        let grid = LabelledGrid {
            title: title.into(),
            row_labels: ["training", name].map(String::from).into(),
            column_labels: labels,
            ..LabelledGrid::default()
        };
        Ok(grid.save(&images, run.figures_path().join(format!("{file}.png"))))
    }
}

/// What is to be said of held-out images that are nearly training images; nothing of none.
fn said(leakage: &Leakage) -> Option<String> {
    let nearest = leakage.pairs.first()?;
    let (copies, all) = (leakage.pairs.len(), leakage.held_out);
    let are = if copies == 1 { "is nearly a training image" } else { "are nearly training images" };
    Some(format!(
        "{copies} of {all} held-out images {are} (the nearest at a distance of {:.2}, typically {:.2}): \
         take one of each pair out of the data, figures/leakage.png shows them",
        nearest.distance, leakage.typical
    ))
}

/// Makes the folder of figures of a run.
fn figures(run: &RunDir) -> Result<(), ReportError> {
    let path = run.figures_path();
    let made = fs::create_dir_all(&path);
    Ok(made.map_err(|source| astrogen_train::TrainError::Io { path, source })?)
}

/// The images of one pass over a data set, up to so many.
fn all(batches: &mut Batches, most: i64) -> Result<Tensor, ReportError> {
    batches.seek(0);
    let mut images = Vec::new();
    let mut count = 0;
    for _ in 0..batches.steps_per_epoch() {
        if count >= most {
            break;
        }
        let Images(next) = batches.next_batch()?;
        count += next.size()[0];
        images.push(next);
    }
    Ok(Tensor::f_cat(&images, 0)?.f_slice(0, 0, most, 1)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::sync::Arc;

    use astrogen_data::{ArrayDataset, Augment, BatchConfig};
    use ndarray::Array4;
    use tch::Device;

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

    #[test]
    fn all_images_are_read_once_wherever_they_were_dealt_to() {
        let pixels = Array4::from_shape_fn((130, 1, 1, 1), |(n, ..)| n as f32);
        let config = BatchConfig {
            batch_size: 1,
            augment: Augment::None,
            seed: 3,
            ..BatchConfig::default()
        };
        let data = Arc::new(ArrayDataset::new(pixels).unwrap());
        let mut batches = Batches::new(data, &config, Device::Cpu).unwrap();
        for _ in 0..50 {
            batches.next_batch().unwrap();
        }
        let mut found = Vec::<f64>::try_from(all(&mut batches, 1000).unwrap().view([-1])).unwrap();
        found.sort_by(f64::total_cmp);
        assert_eq!(found, (0..130).map(f64::from).collect::<Vec<_>>());
        assert_eq!(all(&mut batches, 100).unwrap().size(), [100, 1, 1, 1]);
    }
}
