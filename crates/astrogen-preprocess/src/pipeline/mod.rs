//! Physical pixels to the signed model range and back, one frame at a time.
//!
//! For every band: the sky level is subtracted, the interval's limits (of what is left) take
//! it to the unit range, the stretch bends that, and `2 y - 1` makes it signed:
//!
//! `y = 2 stretch(clip((x - background - vmin) / (vmax - vmin))) - 1`
//!
//! Everything is computed in f64 and stored as f32. What was measured on a frame is its
//! [`Scaling`]; with it, [`Pipeline::inverse`] leads back to physical units, exact to the
//! rounding of f32 wherever the interval did not clip. [`Pipeline::apply_with`] scales any part
//! of the frame to the same numbers as the whole.

mod config;
mod scaling;

use std::iter::repeat_n;

use ndarray::{Array3, CowArray, Ix3};

use crate::PreprocessError;
use crate::interval::Interval;
use crate::mask::Fill;
use crate::quantile::extremes;
use crate::range::{signed_to_unit, unit_to_signed};
use crate::stretch::{Equalization, Stretch};

pub use config::PipelineConfig;
pub use scaling::Scaling;

/// A frame in the signed range and how it got there.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// Signed `[-1, 1]`, `[C, H, W]`, finite everywhere.
    pub pixels: Array3<f32>,
    /// What was measured on the frame.
    pub scaling: Scaling,
    /// Non-finite and saturated pixels over all pixels.
    pub bad_fraction: f64,
}

/// A checked [`PipelineConfig`].
///
/// ```
/// use astrogen_preprocess::pipeline::{Pipeline, PipelineConfig};
/// use ndarray::Array3;
///
/// let frame = Array3::from_shape_fn((1, 32, 32), |(_, y, x)| (x * x + y) as f32);
/// let pipeline = Pipeline::new(PipelineConfig {
///     interval: "minmax".parse()?,
///     stretch: "log:1000".parse()?,
///     ..PipelineConfig::default()
/// })?;
/// let prepared = pipeline.apply(&frame)?;
/// assert!(prepared.pixels.iter().all(|value| (-1.0..=1.0).contains(value)));
/// let back = pipeline.inverse(&prepared.pixels, &prepared.scaling)?;
/// assert!((&back - &frame).iter().all(|difference| difference.abs() < 1e-3));
/// # Ok::<(), astrogen_preprocess::PreprocessError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    config: PipelineConfig,
}

impl Pipeline {
    /// The pipeline of checked settings.
    ///
    /// # Errors
    /// As [`PipelineConfig::validate`].
    pub fn new(config: PipelineConfig) -> Result<Self, PreprocessError> {
        config.validate()?;
        Ok(Pipeline { config })
    }

    /// The parameters.
    #[must_use]
    pub fn config(&self) -> &PipelineConfig {
        &self.config
    }

    /// Physical `[C, H, W]` to signed, with limits found from the frame itself.
    ///
    /// # Errors
    /// An empty array, a band without a good pixel, too many bad pixels, or a frame whose
    /// limits coincide in every band (a constant frame).
    pub fn apply(&self, pixels: &Array3<f32>) -> Result<Prepared, PreprocessError> {
        let pixels = standard(pixels)?;
        let bad_fraction = self.config.mask.bad_fraction(slices(&pixels, 1))?;
        let mut scaling = self.measure(&pixels)?;
        scaling.fill = self.fill(&pixels, &scaling);
        Ok(Prepared { pixels: self.map(&pixels, &scaling)?, scaling, bad_fraction })
    }

    /// Physical `[C, H, W]` to signed, with a scaling measured before. Each pixel is mapped on
    /// its own: with the scaling of a whole frame, a cutout of it becomes what the same cutout
    /// of the scaled frame is, to the bit.
    ///
    /// Nothing is measured, so nothing is refused for its bad pixels
    /// ([`MaskConfig::bad_fraction`](crate::MaskConfig::bad_fraction) does that). The one
    /// exception: where the scaling comes from frames without blank pixels, [`Fill::Median`] is
    /// the median of `pixels`, and the lower limit for a band that has no good one.
    ///
    /// # Errors
    /// An empty array, a scaling for another number of bands, or one with limits that are not
    /// finite or the wrong way round.
    pub fn apply_with(
        &self,
        pixels: &Array3<f32>,
        scaling: &Scaling,
    ) -> Result<Array3<f32>, PreprocessError> {
        self.map(&standard(pixels)?, scaling)
    }

    /// Signed `[C, H, W]` back to physical units; values outside `[-1, 1]` are clipped, NaN
    /// stays NaN.
    ///
    /// # Errors
    /// A scaling for another number of bands or with limits that are not finite or the wrong
    /// way round.
    pub fn inverse(
        &self,
        signed: &Array3<f32>,
        scaling: &Scaling,
    ) -> Result<Array3<f32>, PreprocessError> {
        let curves = scaling.curves(signed.dim().0, self.config.stretch)?;
        let signed = signed.as_standard_layout();
        let mut physical = Array3::zeros(signed.dim());
        let bands = slices(&signed, 1).zip(curves).enumerate();
        for ((index, (source, curve)), target) in bands.zip(slices_mut(&mut physical)) {
            let [vmin, vmax] = scaling.limits[index];
            let offset = scaling.background[index] + vmin;
            map_in_chunks(
                source,
                target,
                |value| signed_to_unit(value.into()),
                |units| curve.inverse_all(units),
                |unit| (offset + (vmax - vmin) * unit) as f32,
            );
        }
        Ok(physical)
    }

    /// Background, limits and, for histogram equalization, the curve of each band.
    fn measure(&self, pixels: &CowArray<'_, f32, Ix3>) -> Result<Scaling, PreprocessError> {
        let channels = pixels.dim().0;
        let background = self.config.background.as_ref();
        let equalized = self.config.stretch == Stretch::HistogramEqualization;
        let mut scaling = Scaling {
            background: Vec::with_capacity(channels),
            limits: Vec::with_capacity(channels),
            equalization: Vec::new(),
            fill: Vec::new(),
        };
        if let (Some(limits), None, false) = (self.config.interval.fixed(), background, equalized) {
            scaling.background = vec![0.0; channels];
            scaling.limits = vec![limits; channels];
            return Ok(scaling);
        }

        // Bands that are linked are measured together, others one by one.
        let group = if self.config.linked { channels } else { 1 };
        let bands: Vec<&[f32]> = slices(pixels, 1).collect();
        for (index, group_pixels) in slices(pixels, group).enumerate() {
            let values = match background {
                None => {
                    scaling.background.extend(repeat_n(0.0, group));
                    self.config.mask.good_values(group_pixels)
                }
                Some(background) => {
                    let mut values = Vec::with_capacity(group_pixels.len());
                    for band in &bands[index * group..][..group] {
                        let good = self.config.mask.good_values(band);
                        let level = background.level(&good)?;
                        let above = |&value: &f32| (f64::from(value) - level) as f32;
                        values.extend(good.iter().map(above));
                        scaling.background.push(level);
                    }
                    values.into()
                }
            };
            let limits = self.limits(&values)?;
            scaling.limits.extend(repeat_n(limits, group));
            if equalized {
                let table = if limits[0] < limits[1] {
                    Equalization::fit(&values, limits)?
                } else {
                    Equalization::identity()
                };
                scaling.equalization.extend(repeat_n(table, group));
            }
        }
        if scaling.limits.iter().all(|[vmin, vmax]| vmin >= vmax) {
            return Err(PreprocessError::Constant {
                value: scaling.limits[0][0] + scaling.background[0],
            });
        }
        Ok(scaling)
    }

    /// The interval's limits; where most values are equal and percentiles coincide, the
    /// extremes, so that only a constant band has limits that coincide.
    fn limits(&self, values: &[f32]) -> Result<[f64; 2], PreprocessError> {
        let limits = self.config.interval.limits_of_finite(values)?;
        match self.config.interval {
            Interval::Manual { .. } => Ok(limits),
            _ if limits[0] < limits[1] => Ok(limits),
            _ => Ok(extremes(values)),
        }
    }

    /// What stands in for each band's blank pixels, where it depends on the frame.
    fn fill(&self, pixels: &CowArray<'_, f32, Ix3>, scaling: &Scaling) -> Vec<f64> {
        let mask = &self.config.mask;
        if mask.fill != Fill::Median || pixels.iter().all(|value| value.is_finite()) {
            return Vec::new();
        }
        let lowest = scaling.background.iter().zip(&scaling.limits);
        let lowest = lowest.map(|(background, [vmin, _])| background + vmin);
        slices(pixels, 1).zip(lowest).map(|(band, lowest)| mask.fill_value(band, lowest)).collect()
    }

    fn map(
        &self,
        pixels: &CowArray<'_, f32, Ix3>,
        scaling: &Scaling,
    ) -> Result<Array3<f32>, PreprocessError> {
        let curves = scaling.curves(pixels.dim().0, self.config.stretch)?;
        let mut signed = Array3::zeros(pixels.dim());
        let bands = slices(pixels, 1).zip(curves).enumerate();
        for ((index, (source, curve)), target) in bands.zip(slices_mut(&mut signed)) {
            let [vmin, vmax] = scaling.limits[index];
            let offset = scaling.background[index] + vmin;
            let gain = if vmin < vmax { 1.0 / (vmax - vmin) } else { 0.0 };
            let unit = |value: f64| (value - offset) * gain;
            let stretch = |units: &mut [f64]| curve.forward_all(units);
            let signed = |unit| unit_to_signed(unit) as f32;
            if source.iter().all(|value| value.is_finite()) {
                map_in_chunks(source, target, |value| unit(value.into()), stretch, signed);
            } else {
                let mask = &self.config.mask;
                let measured = scaling.fill.get(index).copied();
                let fill = measured.unwrap_or_else(|| mask.fill_value(source, offset));
                let filled = |value: f32| {
                    if value.is_finite() { value.into() } else { fill }
                };
                map_in_chunks(source, target, |value| unit(filled(value)), stretch, signed);
            }
        }
        Ok(signed)
    }
}

/// Pixels as one slice, of which there is at least one.
fn standard(pixels: &Array3<f32>) -> Result<CowArray<'_, f32, Ix3>, PreprocessError> {
    if pixels.is_empty() {
        return Err(PreprocessError::Shape {
            what: "frame".to_owned(),
            expected: "[C, H, W] with at least one pixel".to_owned(),
            got: format!("{:?}", pixels.shape()),
        });
    }
    Ok(pixels.as_standard_layout())
}

/// The pixels of an array in standard layout, `group` bands at a time.
fn slices<'a>(pixels: &'a CowArray<'_, f32, Ix3>, group: usize) -> impl Iterator<Item = &'a [f32]> {
    let (_, height, width) = pixels.dim();
    let all = pixels.as_slice().unwrap_or_default();
    all.chunks_exact((group * height * width).max(1))
}

/// The bands of a freshly made array, `[C, H * W]`.
fn slices_mut(pixels: &mut Array3<f32>) -> impl Iterator<Item = &mut [f32]> {
    let (_, height, width) = pixels.dim();
    let all = pixels.as_slice_mut().unwrap_or_default();
    all.chunks_exact_mut((height * width).max(1))
}

/// `source` to `target` through f64, a chunk that stays in the first-level cache at a time.
#[inline(always)]
fn map_in_chunks(
    source: &[f32],
    target: &mut [f32],
    before: impl Fn(f32) -> f64,
    curve: impl Fn(&mut [f64]),
    after: impl Fn(f64) -> f32,
) {
    const CHUNK: usize = 512;
    let mut units = [0.0; CHUNK];
    for (source, target) in source.chunks(CHUNK).zip(target.chunks_mut(CHUNK)) {
        let units = &mut units[..source.len()];
        for (unit, &value) in units.iter_mut().zip(source) {
            *unit = before(value);
        }
        curve(units);
        for (value, &unit) in target.iter_mut().zip(&*units) {
            *value = after(unit);
        }
    }
}
