//! The shapes of what images show: how much light, how compact, how lopsided, how clumpy.
//!
//! Of each image `[C, H, W]` the mean over its channels is taken, less the level of the sky, and
//! one object is measured, with the definitions of `statmorph` (Rodriguez-Gomez et al. 2019;
//! Conselice 2003; Lotz, Primack and Madau 2004). Pixel `(x, y)` is the square about those
//! coordinates, and circles cut pixels exactly.
//!
//! # The object
//!
//! The sky's level is the median, and its noise the deviation of neighbouring pixels'
//! differences over `sqrt 2`, both of the pixels along the frame's border and clipped at 3
//! deviations; or they are given ([`MorphologyConfig::sky`]). Differences do not take a gradient
//! or a cloud for noise; noise that is smooth over pixels they take for less than it is. The image
//! is smoothed by a Gaussian, its parts (neighbours also over corners) above `threshold` times
//! the noise, and above a thousandth of the brightest smoothed pixel (for images without noise),
//! are found, and that of most pixels is the object's segment. The other parts, of
//! `least_pixels` or more, are other objects and become sky.
//!
//! # The numbers
//!
//! ```text
//! centre         where the asymmetry is least, sought from the segment's centroid
//! r_petro        Petrosian radius about it: the mean in an annulus one pixel wide is 0.2 of the mean within
//! flux           the sum within 1.5 r_petro
//! r20, r50, r80  radii that hold 20, 50 and 80 per cent of it; r50 is the half-light radius
//! concentration  5 log10(r80 / r20)
//! asymmetry      (sum of |I - I180| - area A_sky) / sum of |I|, within 1.5 Petrosian radii about the centroid
//! gini           sum over i of (2 i - n - 1) |I_i| / ((n - 1) sum of |I_i|), the n pixels of the segment ascending
//! m20            log10(sum of I d^2 over the brightest pixels, which hold 20 per cent of the light, over that of all)
//! ```
//!
//! `I180` is the image turned by 180 degrees about the centre, between pixels by straight lines;
//! `A_sky = 2 s / sqrt(pi)` is what noise of deviation `s` adds to each pixel of `|I - I180|`;
//! `d` is the distance to the centroid of the segment's light.
//!
//! The segment is that of all numbers, also of `gini` and `m20`, where statmorph draws another
//! one by an elliptical Petrosian radius. The centre is sought by steps to the best of eight
//! neighbours, halved from one pixel to a thousandth, so that turned, mirrored and shifted images
//! have the same numbers; statmorph's simplex ends in a neighbouring dip at times where there is
//! noise. With [`segment_morphology`] both can be given.
//!
//! # What has no object, or too much of it
//!
//! An image in which nothing stands out (a constant one, say) has no numbers: all are NaN, and
//! [`morphology_distances`] counts it.
//!
//! Where light fills the frame, as in nebulae, the border is no sky: what is measured is what
//! stands out above the border's median level. Where the Petrosian radius is beyond the frame it
//! counts as the frame's diagonal, so that circles hold the whole frame. The numbers stay
//! comparable between sets of such images; they are not those of an object. If black is known,
//! -1 in model range say, give `sky` with that level and everything brighter is the object.

mod aperture;
mod asymmetry;
mod distances;
mod light;
mod segment;

pub(crate) use distances::ks_of_all;
pub use distances::{MorphologyDistance, morphology_distances, table_distances};

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::MetricsError;
use crate::power_spectrum::{chunks, float_shape};

/// What is known of the sky around an object.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sky {
    /// Its level, in the images' unit.
    pub level: f64,
    /// The standard deviation of its noise from pixel to pixel, 0 or more, in the same unit.
    pub deviation: f64,
}

/// How the object of an image is found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MorphologyConfig {
    /// The sky of all images; by default each image's own, from its border.
    pub sky: Option<Sky>,
    /// Width in pixels of the border that is taken for sky, 1 or more; 4 by default.
    pub border: usize,
    /// The Gaussian's standard deviation in pixels, 0 (no smoothing) to 100; 1 by default.
    pub smoothing: f64,
    /// How far the object's smoothed light is above the sky, in deviations of the sky's noise, 0
    /// or more; 1.5 by default.
    pub threshold: f64,
    /// Pixels of the smallest object, 1 or more; 5 by default.
    pub least_pixels: usize,
}

impl Default for MorphologyConfig {
    fn default() -> Self {
        Self { sky: None, border: 4, smoothing: 1.0, threshold: 1.5, least_pixels: 5 }
    }
}

impl MorphologyConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`MetricsError::Setting`] for one outside its range.
    pub fn validate(&self) -> Result<(), MetricsError> {
        let setting = |name, rule, got| Err(MetricsError::Setting { name, rule, got });
        if let Some(sky) = self.sky {
            check_sky(sky)?;
        }
        if self.border < 1 {
            return setting("border", "1 or more", self.border.to_string());
        }
        if !(0.0..=100.0).contains(&self.smoothing) {
            return setting("smoothing", "0 to 100", self.smoothing.to_string());
        }
        if !(0.0..f64::INFINITY).contains(&self.threshold) {
            return setting("threshold", "0 or more and finite", self.threshold.to_string());
        }
        if self.least_pixels < 1 {
            return setting("least_pixels", "1 or more", self.least_pixels.to_string());
        }
        Ok(())
    }
}

fn check_sky(sky: Sky) -> Result<(), MetricsError> {
    if sky.level.is_finite() && (0.0..f64::INFINITY).contains(&sky.deviation) {
        return Ok(());
    }
    let rule = "a finite level and a finite deviation of 0 or more";
    Err(MetricsError::Setting { name: "sky", rule, got: format!("{sky:?}") })
}

/// The numbers of one image; see the [module](self). NaN where one has no value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Morphology {
    /// Light within 1.5 Petrosian radii, in the images' unit times pixels, mean over channels.
    pub flux: f64,
    /// Radius that holds half of it, in pixels.
    pub half_light_radius: f64,
    /// `5 log10(r80 / r20)`.
    pub concentration: f64,
    /// 0 is the same turned by 180 degrees; below 0 at times, by noise.
    pub asymmetry: f64,
    /// 0 is light spread evenly over the segment, 1 is all light in one pixel.
    pub gini: f64,
    /// The more below 0, the more the brightest pixels lie together in the middle.
    pub m20: f64,
    /// The Petrosian radius, in pixels.
    pub petrosian_radius: f64,
    /// Radius that holds 20 per cent of the flux, in pixels.
    pub r20: f64,
    /// Radius that holds 80 per cent of the flux, in pixels.
    pub r80: f64,
    /// `[x, y]` of the centre in pixels, from the middle of the first pixel.
    pub centre: [f64; 2],
    /// Pixels of the segment, 0 if there is none.
    pub pixels: usize,
}

/// One of the numbers of an image.
pub type Statistic = fn(&Morphology) -> f64;

impl Morphology {
    /// What two sets are compared by, each with its name.
    pub const STATISTICS: [(&'static str, Statistic); 6] = [
        ("flux", |of| of.flux),
        ("half_light_radius", |of| of.half_light_radius),
        ("concentration", |of| of.concentration),
        ("asymmetry", |of| of.asymmetry),
        ("gini", |of| of.gini),
        ("m20", |of| of.m20),
    ];

    /// That of an image in which nothing stands out.
    pub const NONE: Self = Self {
        flux: f64::NAN,
        half_light_radius: f64::NAN,
        concentration: f64::NAN,
        asymmetry: f64::NAN,
        gini: f64::NAN,
        m20: f64::NAN,
        petrosian_radius: f64::NAN,
        r20: f64::NAN,
        r80: f64::NAN,
        centre: [f64::NAN; 2],
        pixels: 0,
    };

    /// The [`STATISTICS`](Self::STATISTICS) of many images, float64 `[N, 6]`, NaN where an image
    /// has none: what [`table_distances`] compares.
    ///
    /// # Errors
    /// [`MetricsError::Torch`] most likely for want of memory.
    pub fn table(images: &[Self]) -> Result<Tensor, MetricsError> {
        let of = |image| Self::STATISTICS.iter().map(move |(_, statistic)| statistic(image));
        let values: Vec<f64> = images.iter().flat_map(of).collect();
        let shape = [images.len() as i64, Self::STATISTICS.len() as i64];
        Ok(Tensor::f_from_slice(&values)?.f_view(shape)?)
    }
}

/// The morphology of each of the images `[N, C, H, W]`, in their order; see the [module](self).
///
/// The work is on the host, one to three milliseconds an image of 64 x 64 pixels.
///
/// ```
/// use astrogen_metrics::{MorphologyConfig, morphology};
/// use tch::{Device, Kind, Tensor};
///
/// let along = Tensor::arange(48, (Kind::Double, Device::Cpu)) - 24.0;
/// let line = (-along.square() / (2.0 * 3.0 * 3.0)).exp();
/// let round = (line.unsqueeze(1) * line).view([1, 1, 48, 48]);
/// let nothing = round.zeros_like();
/// let found = morphology(&Tensor::cat(&[round, nothing], 0), &MorphologyConfig::default())?;
/// assert!((found[0].half_light_radius / (3.0 * 1.1774) - 1.0).abs() < 0.05);
/// assert!(found[0].asymmetry.abs() < 1e-6);
/// assert!(found[1].flux.is_nan());
/// # Ok::<(), astrogen_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// [`MetricsError::Setting`]; [`MetricsError::Shape`], [`MetricsError::BadKind`] or
/// [`MetricsError::NotFinite`] for images that cannot be measured; [`MetricsError::Torch`].
pub fn morphology(
    images: &Tensor,
    config: &MorphologyConfig,
) -> Result<Vec<Morphology>, MetricsError> {
    morphology_of("given", images, config)
}

/// The morphology of one image `[H, W]` whose segment `[H, W]` (true or above 0 where the object
/// is), sky and, if given, centre `[x, y]` are known.
///
/// # Errors
/// [`MetricsError::Setting`] for a sky or a centre that is none; [`MetricsError::BadValues`] for
/// tensors that are not `[H, W]` of one shape; [`MetricsError::BadKind`] or
/// [`MetricsError::NotFinite`] for an image that cannot be measured; [`MetricsError::Torch`].
pub fn segment_morphology(
    image: &Tensor,
    segment: &Tensor,
    sky: Sky,
    centre: Option<[f64; 2]>,
) -> Result<Morphology, MetricsError> {
    check_sky(sky)?;
    if image.dim() != 2 || image.size() != segment.size() {
        let (set, rule) = ("image and segment", "[H, W] of one shape");
        let got = format!("{:?} and {:?}", image.size(), segment.size());
        return Err(MetricsError::BadValues { set, rule, got });
    }
    let batch = image.f_unsqueeze(0)?.f_unsqueeze(0)?;
    float_shape("given", &batch)?;
    let Some(batch) = chunks("given", &batch)?.next() else { return Ok(Morphology::NONE) };
    let Some(plane) = planes(&batch?)?.pop() else { return Ok(Morphology::NONE) };
    let segment = segment.f_detach()?.f_gt(0.0)?.f_to_kind(Kind::Uint8)?.f_reshape([-1])?;
    let segment = Vec::<u8>::try_from(segment)?.into_iter().map(|inside| inside > 0).collect();
    let plane = plane.less(sky.level);
    if centre.is_some_and(|centre| !plane.holds(centre)) {
        let (name, rule) = ("centre", "[x, y] within the image");
        let got = format!("{centre:?} for {} x {}", plane.height, plane.width);
        return Err(MetricsError::Setting { name, rule, got });
    }
    Ok(segment::Object { plane, segment, noise: sky.deviation }.measure(centre))
}

fn morphology_of(
    set: &'static str,
    images: &Tensor,
    config: &MorphologyConfig,
) -> Result<Vec<Morphology>, MetricsError> {
    config.validate()?;
    let [n, ..] = float_shape(set, images)?;
    let mut found = Vec::with_capacity(n as usize);
    for images in chunks(set, images)? {
        for plane in planes(&images?)? {
            let object = segment::find(plane, config);
            found.push(object.map_or(Morphology::NONE, |object| object.measure(None)));
        }
    }
    Ok(found)
}

/// The mean over channels of each of the images `[N, C, H, W]`.
fn planes(images: &Tensor) -> Result<Vec<Plane>, MetricsError> {
    let (_, _, height, width) = images.size4()?;
    let images = images.f_mean_dim(&[1i64][..], false, Kind::Double)?.f_reshape([-1])?;
    let values = Vec::<f64>::try_from(images)?;
    let [height, width] = [height as usize, width as usize];
    let plane = |values: &[f64]| Plane { height, width, values: values.to_vec() };
    Ok(values.chunks(height * width).map(plane).collect())
}

/// An image of one channel on the host, row by row.
struct Plane {
    height: usize,
    width: usize,
    values: Vec<f64>,
}

impl Plane {
    fn less(mut self, level: f64) -> Self {
        self.values.iter_mut().for_each(|value| *value -= level);
        self
    }

    fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks(self.width)
    }

    /// Whether this is a place in the frame.
    fn holds(&self, [x, y]: [f64; 2]) -> bool {
        (0.0..self.width as f64).contains(&x) && (0.0..self.height as f64).contains(&y)
    }
}
