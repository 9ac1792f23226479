//! The real images that samples are looked at beside.

use astrogen_data::{Batches, Images};
use tch::Tensor;

use crate::ReportError;

/// Values of all images together, 256 MB.
const MOST: i64 = 1 << 26;

/// As many real images as the scores take: each of the data set once, up to 1,000, or fewer where
/// they are large. `[N, C, H, W]`, signed.
pub(crate) fn real_images(batches: &mut Batches) -> Result<Tensor, ReportError> {
    let ([channels, height, width], batch) = (batches.shape(), batches.batch_size());
    let images = (MOST / (channels * height * width)).clamp(2, 1000);
    let wanted = (images as u64).div_ceil(batch as u64).min(batches.steps_per_epoch());
    let wanted = wanted.max(2_u64.div_ceil(batch as u64)); // a half is one image at least
    let next = |_| batches.next_batch().map(|Images(images)| images);
    let real = (0..wanted).map(next).collect::<Result<Vec<_>, _>>()?;
    Ok(Tensor::f_cat(&real, 0)?.f_slice(0, 0, images, 1)?)
}
