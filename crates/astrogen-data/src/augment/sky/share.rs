//! What is drawn for a batch that several processes share.

use astrogen_runtime::Share;
use tch::Tensor;

use super::{Noise, Resampling, SkyDraw};

impl SkyDraw {
    /// What is drawn for these rows of a batch.
    pub(super) fn of_share(self, share: Share) -> Self {
        if share == Share::WHOLE {
            return self;
        }
        let rows = |values: Option<Tensor>| values.map(|values| share.of_rows(&values));
        Self {
            symmetries: rows(self.symmetries),
            shifts: rows(self.shifts),
            resampling: self.resampling.and_then(|Resampling { images, shifts, scales }| {
                let [images, shifts, scales] = own_images(share, &images, [&shifts, &scales])?;
                Some(Resampling { images, shifts, scales })
            }),
            flux: rows(self.flux),
            brightness: rows(self.brightness),
            contrast: rows(self.contrast),
            saturation: rows(self.saturation),
            noise: self.noise.and_then(|Noise { images, values }| {
                let [images, values] = own_images(share, &images, [&values])?;
                Some(Noise { images, values })
            }),
            cutouts: rows(self.cutouts),
        }
    }
}

/// Of what is drawn for these images, int64 `[M]`: the numbers that the share's have in it, and what is
/// theirs; none where there are none of them.
fn own_images<const D: usize, const E: usize>(
    share: Share,
    images: &Tensor,
    drawn: [&Tensor; D],
) -> Option<[Tensor; E]> {
    let of = share.of() as i64;
    let own = images.remainder(of).eq(share.part() as i64);
    let places = own.nonzero().squeeze_dim(1);
    if places.numel() == 0 {
        return None;
    }
    let images = images.index_select(0, &places).divide_scalar_mode(of, "floor");
    let drawn = drawn.into_iter().map(|values| values.index_select(0, &places));
    let all: Vec<Tensor> = std::iter::once(images).chain(drawn).collect();
    all.try_into().ok()
}
