//! Sets in the space in which neighbours are sought.

use tch::{Kind, TchError, Tensor};

use super::Symmetry;
use crate::MetricsError;
use crate::sliced_wasserstein::{batch_shape, check_finite};

/// A set of things with distances between them, each in one or several views.
///
/// | made from | distance | views of a query |
/// | --- | --- | --- |
/// | [`images`](Self::images) | Euclidean, of pixels | under the flips and turns |
/// | [`rows`](Self::rows) | Euclidean, of features or columns | itself alone |
/// | [`views`](Self::views) | Euclidean, of features | those that are given |
#[derive(Debug)]
pub struct Points {
    held: Held,
    symmetries: &'static [Symmetry],
}

#[derive(Debug)]
enum Held {
    /// `[N, C, H, W]`: views are made of some at a time.
    Images(Tensor),
    /// `[S, N, D]`.
    Views(Tensor),
}

impl Points {
    /// Images `[N, C, H, W]` by their pixels, under the eight flips and quarter turns if they are
    /// square and under the four flips if not.
    ///
    /// With a `side` the longer side of larger images is brought to that many pixels or fewer by
    /// means over squares of pixels, which does to noise what an eye does and takes less time;
    /// `Some(32)` is a good choice. Both sets that are compared must have the same.
    ///
    /// # Errors
    /// [`MetricsError::Shape`], [`MetricsError::BadKind`] or [`MetricsError::NotFinite`] for
    /// images that cannot be compared; [`MetricsError::Setting`] for a side of 0;
    /// [`MetricsError::Torch`].
    pub fn images(images: &Tensor, side: Option<i64>) -> Result<Self, MetricsError> {
        let images = Self::reduce(images, side)?;
        let [_, _, height, width] = batch_shape("given", &images)?;
        let symmetries: &[Symmetry] =
            if height == width { &Symmetry::SQUARE } else { &Symmetry::RECTANGLE };
        Ok(Self { held: Held::Images(images), symmetries })
    }

    /// What [`images`](Self::images) holds of images, float32 `[N, C, h, w]` with their longer side reduced.
    /// Its own points are those of the images, so that a set too large to be held is reduced
    /// batch by batch.
    ///
    /// # Errors
    /// As [`images`](Self::images).
    pub fn reduce(images: &Tensor, side: Option<i64>) -> Result<Tensor, MetricsError> {
        let [_, _, height, width] = batch_shape("given", images)?;
        if !images.is_floating_point() {
            return Err(MetricsError::BadKind { set: "given", got: images.kind() });
        }
        if let Some(got) = side.filter(|side| *side < 1) {
            let got = got.to_string();
            return Err(MetricsError::Setting { name: "side", rule: "1 or more", got });
        }
        let mut images = images.f_detach()?.f_to_kind(Kind::Float)?;
        check_finite("given", &images)?;
        let factor = side.map_or(1, |side| (height.max(width) + side - 1) / side);
        if factor > 1 {
            // Of sides that the factor does not divide, squares overlap: alike from both ends.
            let pooled = [height, width].map(|side| (side + factor - 1) / factor);
            images = images.f_adaptive_avg_pool2d(pooled)?;
        }
        Ok(images)
    }

    /// Rows `[N, D]`, of a table or of any features, as they are.
    ///
    /// # Errors
    /// [`MetricsError::BadValues`] for what is not `[N, D]` of finite floating-point values;
    /// [`MetricsError::Torch`].
    pub fn rows(features: &Tensor) -> Result<Self, MetricsError> {
        if features.dim() != 2 {
            return Err(bad("[N, D] with N, D >= 1", features));
        }
        Self::views(&features.f_unsqueeze(0)?)
    }

    /// Features `[S, N, D]` of the images under `S` symmetries: those of
    /// [`Symmetry::SQUARE`] in their order (8), of [`Symmetry::RECTANGLE`] (4), or of none (1).
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn views(features: &Tensor) -> Result<Self, MetricsError> {
        let symmetries: &[Symmetry] = match features.size()[..] {
            [1, n, d] if n * d > 0 => &[Symmetry::IDENTITY],
            [4, n, d] if n * d > 0 => &Symmetry::RECTANGLE,
            [8, n, d] if n * d > 0 => &Symmetry::SQUARE,
            _ => return Err(bad("[S, N, D] with S 1, 4 or 8 and N, D >= 1", features)),
        };
        if !features.is_floating_point() {
            return Err(bad("floating-point", features));
        }
        let features = features.f_detach()?.f_to_kind(Kind::Float)?;
        let _ = crate::table::finite("features", &features)?;
        Ok(Self { held: Held::Views(features), symmetries })
    }

    /// How many things the set holds, 1 or more.
    pub fn count(&self) -> usize {
        let count = match &self.held {
            Held::Images(images) => images.size()[0],
            Held::Views(views) => views.size()[1],
        };
        count as usize
    }

    /// The symmetries of a query's views.
    pub(super) fn symmetries(&self) -> &'static [Symmetry] {
        self.symmetries
    }

    /// All things as they are, float32 `[N, D]`.
    pub(super) fn as_rows(&self) -> Result<Tensor, TchError> {
        match &self.held {
            Held::Images(images) => images.f_flatten(1, -1),
            Held::Views(views) => views.f_select(0, 0),
        }
    }

    /// All views of some things, float32 `[S, n, D]`.
    pub(super) fn views_of(&self, indices: &Tensor) -> Result<Tensor, TchError> {
        match &self.held {
            Held::Images(images) => {
                let images = images.f_index_select(0, indices)?;
                let views = self.symmetries.iter();
                let views: Result<Vec<_>, _> =
                    views.map(|symmetry| symmetry.apply(&images)?.f_flatten(1, -1)).collect();
                Tensor::f_stack(&views?, 0)
            }
            Held::Views(views) => views.f_index_select(1, indices),
        }
    }

    /// Refuses sets between which there are no distances.
    pub(super) fn check_pair(&self, other: &Self) -> Result<(), MetricsError> {
        let [own, others] = [self, other].map(|points| match &points.held {
            Held::Images(images) => images.size()[1..].to_vec(),
            Held::Views(views) => views.size()[2..].to_vec(),
        });
        if own == others {
            return Ok(());
        }
        let (set, rule) = ("points", "images of one shape and side, or rows of as many columns");
        Err(MetricsError::BadValues { set, rule, got: format!("{own:?} and {others:?}") })
    }

    pub(super) fn device(&self) -> tch::Device {
        match &self.held {
            Held::Images(held) | Held::Views(held) => held.device(),
        }
    }
}

fn bad(rule: &'static str, got: &Tensor) -> MetricsError {
    let got = format!("{:?} {:?}", got.kind(), got.size());
    MetricsError::BadValues { set: "features", rule, got }
}
