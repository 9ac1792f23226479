//! What is drawn for a batch, and its application.

use astrogen_runtime::Share;
use tch::{Device, Kind, Tensor};

use super::SkyAugment;
use super::cutout::cut_out;
use super::intensity::{Change, add_offsets, dilate_flux, scale_contrast, scale_saturation};
use super::resampling::resample;
use crate::augment::{dihedral, translation};

/// Draws are made on the host, where seeing that no image was chosen waits for no device.
const HOST: (Kind, Device) = (Kind::Float, Device::Cpu);

/// What is done to the images of one batch: tensors on its device, one for each operation, none
/// where it is off or no image was chosen.
///
/// ```
/// use astrogen_data::augment::SkyDraw;
/// use tch::Tensor;
///
/// let image = Tensor::from_slice(&[1.0f32, -1.0, -0.5, 0.0]).view([1, 1, 2, 2]);
/// let half = SkyDraw { flux: Some(Tensor::from_slice(&[0.5f32])), ..SkyDraw::default() };
/// let fainter = half.apply(&image).view([4]);
/// assert_eq!(Vec::<f32>::try_from(fainter)?, [0.0, -1.0, -0.75, -0.5]);
/// # Ok::<(), tch::TchError>(())
/// ```
#[derive(Debug, Default)]
pub struct SkyDraw {
    /// Numbers in [`Symmetry::ALL`](crate::augment::Symmetry::ALL), int64 `[N]`.
    pub symmetries: Option<Tensor>,
    /// Shifts (dy, dx) in whole pixels, int64 `[N, 2]`.
    pub shifts: Option<Tensor>,
    /// Shifts by parts of a pixel, and scales.
    pub resampling: Option<Resampling>,
    /// Factors on the light above black, `[N]`.
    pub flux: Option<Tensor>,
    /// What is added, `[N]`.
    pub brightness: Option<Tensor>,
    /// Factors about mid grey, `[N]`.
    pub contrast: Option<Tensor>,
    /// Factors on differences of bands, `[N]`.
    pub saturation: Option<Tensor>,
    /// Noise.
    pub noise: Option<Noise>,
    /// The squares' centres (y, x) and their sides, as shares of the image's height and width,
    /// `[N, 3]`; a side of 0 cuts nothing.
    pub cutouts: Option<Tensor>,
}

/// The images of a batch that are resampled, and how.
#[derive(Debug)]
pub struct Resampling {
    /// Which images, int64 `[M]`, each at most once.
    pub images: Tensor,
    /// Shifts (dy, dx) in pixels, `[M, 2]`.
    pub shifts: Tensor,
    /// Magnifications, `[M]`.
    pub scales: Tensor,
}

/// The images of a batch that noise is added to, and their noise.
#[derive(Debug)]
pub struct Noise {
    /// Which images, int64 `[M]`, each at most once.
    pub images: Tensor,
    /// What is added, `[M, C, H, W]`.
    pub values: Tensor,
}

impl SkyAugment {
    /// Draws for images of the shape and on the device of these, `[N, C, H, W]`, from libtorch's
    /// generator: each operation is for each image with this probability (below 0 is none, above
    /// 1 is all). Of several processes that train together each draws for all images, and keeps its own
    /// ([`Share`]).
    ///
    /// # Panics
    /// Where there are not four axes.
    pub fn draw(&self, images: &Tensor, probability: f64) -> SkyDraw {
        let [n, c, h, w] = images.size()[..] else {
            panic!("images to augment must be [N, C, H, W], got {:?}", images.size())
        };
        if probability <= 0.0 {
            return SkyDraw::default();
        }
        let share = Share::present();
        let lots = Lots { n: n * share.of() as i64, probability, device: images.device() };
        lots.draw(self, [c, h, w]).of_share(share)
    }
}

/// Which of `n` images are chosen, and what is drawn for them.
struct Lots {
    n: i64,
    probability: f64,
    device: Device,
}

impl Lots {
    fn draw(&self, strengths: &SkyAugment, [c, h, w]: [i64; 3]) -> SkyDraw {
        let n = self.n;
        let log2_scatter = |scatter: f64| {
            let factors = |mask: &Tensor| (Tensor::randn([n], HOST) * scatter * mask).exp2();
            self.values(scatter > 0.0, factors)
        };
        SkyDraw {
            symmetries: self.values(strengths.symmetries, |mask| {
                Tensor::randint(8, [n], (Kind::Int64, Device::Cpu)) * mask
            }),
            shifts: self.values(strengths.shift > 0.0, |mask| {
                let side = Tensor::from_slice(&[h, w]).to_kind(Kind::Float);
                let shifts =
                    (uniform([n, 2]) * strengths.shift * side).round().to_kind(Kind::Int64);
                shifts * mask.unsqueeze(1)
            }),
            resampling: self.resampling(strengths.subpixel, strengths.scale),
            flux: log2_scatter(strengths.flux),
            brightness: self.values(strengths.brightness > 0.0, |mask| {
                Tensor::randn([n], HOST) * strengths.brightness * mask
            }),
            contrast: log2_scatter(strengths.contrast),
            saturation: log2_scatter(strengths.saturation),
            noise: self.noise(strengths.noise, [c, h, w]),
            cutouts: self.values(strengths.cutout > 0.0, |mask| {
                let centers = Tensor::rand([n, 2], HOST);
                Tensor::cat(&[centers, (mask * strengths.cutout).unsqueeze(1)], 1)
            }),
        }
    }

    /// Whether each image is chosen, bool `[N]`.
    fn choose(&self) -> Tensor {
        Tensor::rand([self.n], HOST).lt(self.probability)
    }

    /// To the device, without waiting for it.
    fn send(&self, values: &Tensor) -> Tensor {
        values.to_device_(self.device, values.kind(), true, false)
    }

    /// What `draw` makes for all images, given which ones are chosen.
    fn values(&self, on: bool, draw: impl Fn(&Tensor) -> Tensor) -> Option<Tensor> {
        let mask = on.then(|| self.choose()).filter(any)?;
        Some(self.send(&draw(&mask)))
    }

    fn resampling(&self, subpixel: f64, scale: f64) -> Option<Resampling> {
        let none = || Tensor::zeros([self.n], (Kind::Bool, Device::Cpu));
        let mask = |on: bool| if on { self.choose() } else { none() };
        let (shifted, scaled) = (mask(subpixel > 0.0), mask(scale > 0.0));
        let chosen = Some(shifted.logical_or(&scaled)).filter(any)?.nonzero().squeeze_dim(1);
        let shifts = uniform([self.n, 2]) * subpixel * shifted.unsqueeze(1);
        let scales = (uniform([self.n]) * scale * scaled).exp2();
        Some(Resampling {
            shifts: self.send(&shifts.index_select(0, &chosen)),
            scales: self.send(&scales.index_select(0, &chosen)),
            images: self.send(&chosen),
        })
    }

    fn noise(&self, scatter: f64, [c, h, w]: [i64; 3]) -> Option<Noise> {
        let mask = (scatter > 0.0).then(|| self.choose()).filter(any)?;
        let chosen = mask.nonzero().squeeze_dim(1);
        let m = chosen.size()[0];
        let deviations = self.send(&(Tensor::randn([m, 1, 1, 1], HOST).abs() * scatter));
        let mut values = Tensor::randn([m, c, h, w], (Kind::Float, self.device));
        Some(Noise { images: self.send(&chosen), values: values.g_mul_(&deviations) })
    }
}

/// `U(-1, 1)` on the host.
fn uniform<const D: usize>(size: [i64; D]) -> Tensor {
    Tensor::rand(size, HOST) * 2.0 - 1.0
}

fn any(mask: &Tensor) -> bool {
    mask.any().int64_value(&[]) != 0
}

impl SkyDraw {
    /// The images `[N, C, H, W]`, signed, changed in the [order of the operations](super); those
    /// that were not chosen stay as they are to the bit. Linear in the images but for what is
    /// added and cut out, so gradients of any order go through.
    ///
    /// # Panics
    /// Where the draw is for another number of images or another device, or where symmetries
    /// meet images that are not square; [`SkyAugment::validate`] checks the settings of draws.
    pub fn apply(&self, images: &Tensor) -> Tensor {
        let [_, _, h, w] = images.size()[..] else {
            panic!("images to augment must be [N, C, H, W], got {:?}", images.size())
        };
        if self.is_empty() {
            return images.shallow_clone();
        }
        // Changed in place from here on: a tensor of its own.
        let mut images = match self.sources(h, w) {
            Some([rows, columns]) => translation::move_pixels(images, &rows, &columns),
            None => images.copy(),
        };
        if let Some(Resampling { images: chosen, shifts, scales }) = &self.resampling {
            let resampled = resample(&images.index_select(0, chosen), shifts, scales);
            let _ = images.index_copy_(0, chosen, &resampled);
        }
        let per_image: [(_, Change); 4] = [
            (&self.flux, dilate_flux),
            (&self.brightness, add_offsets),
            (&self.contrast, scale_contrast),
            (&self.saturation, scale_saturation),
        ];
        for (values, change) in per_image {
            if let Some(values) = values {
                images = change(&images, &values.to_kind(images.kind()).view([-1, 1, 1, 1]));
            }
        }
        if let Some(Noise { images: chosen, values }) = &self.noise {
            let _ = images.index_add_(0, chosen, &values.to_kind(images.kind()));
        }
        if let Some(squares) = &self.cutouts {
            cut_out(&mut images, squares);
        }
        images
    }

    /// Whether no image is changed.
    fn is_empty(&self) -> bool {
        let Self { symmetries, shifts, resampling, noise, .. } = self;
        let per_image = [&self.flux, &self.brightness, &self.contrast, &self.saturation];
        [symmetries, shifts, &self.cutouts].into_iter().chain(per_image).all(Option::is_none)
            && resampling.is_none()
            && noise.is_none()
    }

    /// Where pixels come from: rows, times the width, and columns.
    fn sources(&self, h: i64, w: i64) -> Option<[Tensor; 2]> {
        let turned = self.symmetries.as_ref().map(|numbers| {
            assert!(h == w, "only squares have the eight symmetries, got images of {h}x{w} pixels");
            dihedral::sources(numbers, h)
        });
        let moved = self.shifts.as_ref().map(|shifts| translation::sources(shifts, [h, w]));
        match (turned, moved) {
            (Some([rows, columns]), Some([y, x])) => {
                Some([rows.gather(1, &y, false), columns.gather(1, &x, false)])
            }
            (None, Some([y, x])) => Some([y * w, x]),
            (turned, None) => turned,
        }
    }
}
