//! What is kept of a folder of images with a run: counts, what was skipped, and how pixels lie.

use std::path::PathBuf;

use astrogen_data::Dataset;
use ndarray::Axis;
use rayon::prelude::*;
use serde::Serialize;

use super::ImageFolder;
use super::report::FolderReport;

/// How many skipped files are named.
const NAMED: usize = 100;
/// How many files the histograms are of.
const FILES: usize = 32;
/// How many pixels of a band the histograms take of one file.
const PIXELS: usize = 1 << 16;
/// Bins of a histogram.
const BINS: usize = 64;
/// The share of pixels on either side that the range of physical values leaves out.
const TAIL: f64 = 0.002;

/// A folder of images in numbers, for whoever looks at a run later.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FolderSummary {
    /// The folder.
    pub folder: PathBuf,
    /// Image files found, used or not.
    pub image_files: usize,
    /// Those that give samples.
    pub used: usize,
    /// Those that give none.
    pub skipped: usize,
    /// Files that are no images.
    pub other_files: usize,
    /// Training samples.
    pub training_samples: usize,
    /// Validation samples.
    pub validation_samples: usize,
    /// Squares of used files that were dropped as blank or constant.
    pub dropped_squares: usize,
    /// The shape `[C, H, W]` of the samples.
    pub shape: [i64; 3],
    /// What else used files have than what was taken.
    pub remarks: Vec<String>,
    /// The first hundred skipped files, and why.
    pub skipped_files: Vec<SkippedFile>,
    /// How the pixels of some training files lie; none where they cannot be read again.
    pub histograms: Option<PixelHistograms>,
}

/// A skipped file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedFile {
    /// The file.
    pub file: PathBuf,
    /// Why it gives no sample.
    pub reason: String,
}

/// How the pixels of training files lie before and after scaling.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PixelHistograms {
    /// How many files, evenly spread over all.
    pub files: usize,
    /// The unit of physical pixels, if the files name one.
    pub unit: Option<String>,
    /// Each band in physical units, before interval and stretch.
    pub physical: Vec<PixelHistogram>,
    /// Each band in signed range [-1, 1], as networks see it.
    pub signed: Vec<PixelHistogram>,
}

/// The pixels of a band in equal bins.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PixelHistogram {
    /// The lower end of the first bin.
    pub low: f64,
    /// The upper end of the last one.
    pub high: f64,
    /// The share of pixels below.
    pub below: f64,
    /// The share of pixels above.
    pub above: f64,
    /// Pixels in each bin.
    pub counts: Vec<u64>,
}

impl ImageFolder {
    /// The folder in numbers. For the histograms some files are read once more; one that changed
    /// meanwhile is left out of them.
    pub fn summary(&self) -> FolderSummary {
        let report: &FolderReport = self.report();
        let skipped_files = report.skipped.iter().take(NAMED).map(|skipped| SkippedFile {
            file: skipped.path.clone(),
            reason: skipped.reason.to_string(),
        });
        FolderSummary {
            folder: report.folder.clone(),
            image_files: report.files,
            used: report.used(),
            skipped: report.skipped.len(),
            other_files: report.other,
            training_samples: report.train_samples,
            validation_samples: report.validation_samples,
            dropped_squares: report.dropped_squares,
            shape: report.shape,
            remarks: report.remarks.iter().map(ToString::to_string).collect(),
            skipped_files: skipped_files.collect(),
            histograms: self.histograms(),
        }
    }

    /// How the pixels of some training files lie, which are read once more for it; none where they
    /// cannot be.
    pub fn histograms(&self) -> Option<PixelHistograms> {
        // The first sample of each training file.
        let mut firsts: Vec<usize> = (0..self.train.samples.len()).collect();
        firsts.dedup_by_key(|&mut number| self.train.samples[number].file);
        let spread =
            (0..FILES.min(firsts.len())).map(|at| at * firsts.len() / FILES.min(firsts.len()));
        let chosen: Vec<usize> = spread.map(|at| firsts[at]).collect();
        let bands = chosen.par_iter().filter_map(|&number| self.bands(number));
        let bands: Vec<[Vec<Vec<f32>>; 2]> = bands.collect();
        let [physical, signed] = [0, 1].map(|side| {
            let channels = bands.first().map_or(0, |first| first[side].len());
            let pool = |band: usize| {
                let of = bands.iter().filter_map(|file| file[side].get(band));
                of.flatten().copied().collect::<Vec<f32>>()
            };
            (0..channels).map(pool).collect::<Vec<_>>()
        });
        let of = |bands: Vec<Vec<f32>>, range: fn(&mut [f32]) -> Option<[f64; 2]>| {
            let histogram = |mut values: Vec<f32>| {
                range(&mut values).map(|range| PixelHistogram::new(&values, range))
            };
            bands.into_iter().map(histogram).collect::<Option<Vec<_>>>()
        };
        let physical = of(physical, robust_range)?;
        let signed = of(signed, |_| Some([-1.0, 1.0]))?;
        let unit = self.unit().map(str::to_owned);
        (!physical.is_empty()).then_some(PixelHistograms {
            files: bands.len(),
            unit,
            physical,
            signed,
        })
    }

    /// Physical and signed values of the bands of a training sample, or of a part of them; none of a
    /// file that cannot be read, or is of the other kind than those that the scaling is of.
    fn bands(&self, number: usize) -> Option<[Vec<Vec<f32>>; 2]> {
        let sample = self.train.samples.get(number)?;
        let file = self.files.files.get(sample.file)?;
        let (physical, is_fits) =
            self.files.decoder.physical(&file.path, sample.origin, file.access).ok()?;
        let signed = self.train.sample(number).ok()?;
        let own = physical.len_of(Axis(0)); // a single band is seen as often as there are channels
        (is_fits == self.is_fits).then(|| {
            [physical, signed].map(|pixels| {
                let step =
                    pixels.len().div_ceil(pixels.len_of(Axis(0)).max(1)).div_ceil(PIXELS).max(1);
                let band = |band: ndarray::ArrayView2<f32>| {
                    let finite =
                        band.iter().step_by(step).copied().filter(|value| value.is_finite());
                    finite.collect()
                };
                pixels.outer_iter().take(own).map(band).collect()
            })
        })
    }
}

impl PixelHistogram {
    /// That of finite values, in equal bins from `low` to `high`, which belongs to the last one.
    fn new(values: &[f32], [low, high]: [f64; 2]) -> Self {
        let mut counts = vec![0; BINS];
        let (mut below, mut above) = (0_u64, 0_u64);
        for value in values.iter().map(|&value| f64::from(value)) {
            match value {
                value if value < low => below += 1,
                value if value > high => above += 1,
                value => {
                    let bin = (value - low) / (high - low) * BINS as f64;
                    counts[(bin as usize).min(BINS - 1)] += 1;
                }
            }
        }
        let share = |count: u64| count as f64 / values.len().max(1) as f64;
        Self { low, high, below: share(below), above: share(above), counts }
    }
}

/// From one quantile near the end of finite values to that at the other; none without values.
fn robust_range(values: &mut [f32]) -> Option<[f64; 2]> {
    let last = values.len().checked_sub(1)?;
    let at = |share: f64| (share * last as f64).round() as usize;
    values.sort_unstable_by(f32::total_cmp);
    let [low, high] = [values[at(TAIL)], values[at(1.0 - TAIL)]].map(f64::from);
    // Of equal values a range around them.
    Some(if low < high { [low, high] } else { [low - 0.5, low + 0.5] })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use astrogen_fits::{Header, write_image};
    use ndarray::Array3;

    use super::*;
    use crate::FolderConfig;

    #[test]
    fn a_histogram_counts_every_value_once() {
        let values: Vec<f32> = (0..=1000).map(|value| value as f32).collect();
        let range = robust_range(&mut values.clone()).unwrap();
        assert_eq!(range, [2.0, 998.0]);
        let histogram = PixelHistogram::new(&values, range);
        assert_eq!(histogram.counts.iter().sum::<u64>(), 997);
        assert!((histogram.below - 2.0 / 1001.0).abs() < 1e-12);
        assert_eq!(histogram.below, histogram.above);
        assert_eq!(robust_range(&mut [3.0, 3.0]), Some([2.5, 3.5]));
        assert_eq!(robust_range(&mut []), None);
    }

    #[test]
    fn a_folder_is_summed_up_with_its_pixels_before_and_after_scaling() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..40 {
            let frame = Array3::from_shape_fn((2, 16, 16), |(c, y, x)| {
                (c * 100 + y * 16 + x + number) as f32
            });
            let path = folder.path().join(format!("{number:02}.fits"));
            write_image(path, &frame, &Header::new()).unwrap();
        }
        std::fs::write(folder.path().join("broken.fits"), "SIMPLE").unwrap();
        let path = folder.path().to_owned();
        let config = FolderConfig { path, image_size: 8, channels: 2, ..FolderConfig::default() };
        let summary = ImageFolder::open(&config).unwrap().summary();
        assert_eq!((summary.image_files, summary.used, summary.skipped), (41, 40, 1));
        assert!(summary.skipped_files[0].file.ends_with("broken.fits"));
        let histograms = summary.histograms.unwrap();
        assert_eq!(histograms.files, FILES);
        assert_eq!(histograms.physical.len(), 2);
        assert!(histograms.physical[1].low >= 100.0 && histograms.physical[0].low >= 0.0);
        for signed in &histograms.signed {
            assert_eq!((signed.low, signed.high), (-1.0, 1.0));
            assert_eq!(signed.counts.iter().sum::<u64>(), 32 * 64);
        }
    }
}
