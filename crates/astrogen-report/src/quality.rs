//! How good samples are: all numbers that are known of images, and whether training images are given
//! back, with their pictures in the folder `figures` of a run.
//!
//! | picture | what is seen |
//! | --- | --- |
//! | `quality.png` | every number with its interval, in half-widths of it from the floor of reals |
//! | `power.png` | power by scale, and its scatter over images |
//! | `pixels.png` | the values of pixels |
//! | `closest.png` | the samples that are nearest to a training image, each below it |

use std::fs;

use astrogen_data::{Batches, Images};
use astrogen_metrics::memorisation::{AuditConfig, MemorisationAudit, Points, memorisation_audit};
use astrogen_metrics::{
    FeatureNetwork, Quality, QualityConfig, RadialSpectrum, RandomFeaturesConfig, image_quality,
    radial_power_spectrum,
};
use astrogen_plot::{
    Histograms, Interval, Intervals, LabelledGrid, Panel, PlotError, ProfilePanel, Profiles,
    Series, Values, left_out,
};
use astrogen_train::RunDir;
use tch::{Device, Kind, Tensor};

use crate::ReportError;

/// Pixels along the longer side of images whose neighbours are sought.
const SIDE: i64 = 32;

/// Training images that samples are held against, at most.
const TRAINING: i64 = 10_000;

/// Pairs of a sample and its training image that are drawn.
const PAIRS: usize = 8;

/// Pixels whose histogram is drawn, at most, of either set.
const PIXELS: i64 = 200_000;

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
    let folder = run.join("figures");
    fs::create_dir_all(&folder)
        .map_err(|source| astrogen_train::TrainError::Io { path: folder.clone(), source })?;
    let drawn = [
        (
            "quality.png",
            intervals(&quality, names).save(run.join("figures/quality.png"), &rows(&quality)),
        ),
        ("power.png", power(run, sets, names)?),
        ("pixels.png", pixels(run, sets, names)?),
    ];
    let mut lines = Vec::new();
    for (name, drawn) in drawn {
        lines.extend(left_out(&format!("figures/{name}"), drawn)?);
    }
    Ok((quality, lines))
}

fn intervals(quality: &Quality, [first, second]: [&str; 2]) -> Intervals {
    Intervals {
        title: format!("{second} beside {first}, {} images each", quality.images),
        x_label: format!("distance from the floor of {first}, in half-widths of the interval"),
        ..Intervals::default()
    }
}

fn rows(quality: &Quality) -> Vec<Interval> {
    let row = |number: &astrogen_metrics::QualityNumber| Interval {
        name: number.name.replace('_', " "),
        text: number.estimate.to_string(),
        value: number.estimate.value,
        low: number.estimate.low,
        high: number.estimate.high,
        reference: number.estimate.floor,
    };
    quality.numbers.iter().map(row).collect()
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

fn pixels(
    run: &RunDir,
    sets: [&Tensor; 2],
    names: [&str; 2],
) -> Result<Result<(), PlotError>, ReportError> {
    let channels = sets[0].size()[1];
    let values = |set: &Tensor, channel: i64| -> Result<Vec<f64>, ReportError> {
        let pixels = set.f_select(1, channel)?.f_reshape([-1])?;
        let every = 1 + pixels.numel() as i64 / PIXELS;
        let pixels = pixels.f_slice(0, None, None, every)?.f_to_kind(Kind::Double)?;
        Ok(Vec::try_from(pixels.f_to_device(Device::Cpu)?.f_contiguous()?)?)
    };
    // Three bands have room beside each other.
    let shown = channels.min(3);
    let mut all = Vec::new();
    for channel in 0..shown {
        all.push([values(sets[0], channel)?, values(sets[1], channel)?]);
    }
    let titles: Vec<String> = (0..shown).map(|channel| format!("band {channel}")).collect();
    let panels: Vec<Panel<'_, Values<'_>>> = all
        .iter()
        .zip(&titles)
        .map(|(sets, title)| {
            let samples = [0, 1].map(|set| Values::new(names[set], &sets[set]));
            Panel::new(title, samples.to_vec())
        })
        .collect();
    let figure = Histograms {
        title: "Values of pixels".into(),
        x_label: "value in [-1, 1]".into(),
        range: Some((-1.0, 1.0)),
        ..Histograms::default()
    };
    Ok(figure.save(run.join("figures/pixels.png"), &panels))
}

/// What samples are held against to see whether training images are given back.
#[derive(Debug)]
pub(crate) struct Audit {
    train: Tensor,
    held_out: Tensor,
}

impl Audit {
    /// Each image of both sets once, up to 10,000 of the training set and up to 1,000 held-out ones;
    /// none for fewer than 20 of either.
    pub(crate) fn new(
        train: &mut Batches,
        held_out: &mut Batches,
    ) -> Result<Option<Self>, ReportError> {
        let audit = Self { train: all(train, TRAINING)?, held_out: all(held_out, 1000)? };
        let enough = [&audit.train, &audit.held_out].iter().all(|set| set.size()[0] >= 20);
        Ok(enough.then_some(audit))
    }

    /// The audit of samples, and the picture of the closest pairs.
    pub(crate) fn of(
        &self,
        run: &RunDir,
        fake: &Tensor,
    ) -> Result<(MemorisationAudit, Option<String>), ReportError> {
        let points = |images: &Tensor| Points::images(images, Some(SIDE));
        let [fakes, held_out, train] =
            [points(fake)?, points(&self.held_out)?, points(&self.train)?];
        let audit = memorisation_audit(&fakes, &held_out, &train, &AuditConfig::default())?;
        let drawn = self.pairs(run, fake, &audit)?;
        Ok((audit, left_out("figures/closest.png", drawn)?))
    }

    fn pairs(
        &self,
        run: &RunDir,
        fake: &Tensor,
        audit: &MemorisationAudit,
    ) -> Result<Result<(), PlotError>, ReportError> {
        let closest = &audit.closest[..audit.closest.len().min(PAIRS)];
        let (mut above, mut below, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        for pair in closest {
            above.push(self.train.f_narrow(0, pair.index as i64, 1)?);
            let sample = fake.f_narrow(0, pair.query as i64, 1)?;
            below.push(pair.symmetry.apply(&sample)?.f_to_device(self.train.device())?);
            labels.push(format!("{:.2}", pair.distance));
        }
        above.append(&mut below);
        let images = Tensor::f_cat(&above, 0)?;
        let grid = LabelledGrid {
            title: "The samples that are nearest to a training image, by distance".into(),
            row_labels: ["training", "sampled"].map(String::from).into(),
            column_labels: labels,
            ..LabelledGrid::default()
        };
        Ok(grid.save(&images, run.join("figures/closest.png")))
    }
}

/// The images of a data set, once each, up to so many.
fn all(batches: &mut Batches, most: i64) -> Result<Tensor, ReportError> {
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
