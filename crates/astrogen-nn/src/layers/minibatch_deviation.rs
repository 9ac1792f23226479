//! How much the images of a group differ.

use tch::{Kind, Tensor};

/// Images whose differences are looked at together, if the batch can be parted so.
const GROUP: i64 = 4;

/// One more channel, which tells how much each image's group differs:
/// `[N, C, H, W] -> [N, C + 1, H, W]`.
///
/// Its value, the same at all pixels of all images of a group, is the standard deviation over the
/// group, averaged over features:
///
/// ```text
/// d = mean over c, y, x of sqrt(1e-8 + mean over n of (x[n, c, y, x] - mean over n of x[n, c, y, x])^2)
/// ```
///
/// Groups are of 4 images, or of the next greater number that divides the batch; one of less than 4
/// is one group. Of `g` groups the one of image `n` is `n mod g`. A discriminator that sees it finds
/// out a generator whose images are all alike. (Karras et al. 2018, *Progressive Growing of GANs*;
/// the groups are those of StyleGAN2.) Its scores of an image depend on the others of the batch.
///
/// # Panics
/// Where there are not four axes.
///
/// ```
/// use astrogen_nn::layers::minibatch_deviation;
/// use tch::Tensor;
///
/// let images = Tensor::from_slice(&[1.0f32, 3.0, 1.0, 3.0]).view([4, 1, 1, 1]);
/// let seen = minibatch_deviation(&images);
/// assert_eq!(seen.size(), [4, 2, 1, 1]);
/// assert_eq!(seen.double_value(&[2, 0, 0, 0]), 1.0);
/// assert!((seen.double_value(&[2, 1, 0, 0]) - 1.0).abs() < 1e-6);
/// ```
pub fn minibatch_deviation(images: &Tensor) -> Tensor {
    let [n, _, h, w] = images.size()[..] else {
        panic!("images must be [N, C, H, W], got {:?}", images.size())
    };
    let size = (GROUP..=n).find(|size| n % size == 0).unwrap_or(n).max(1);
    let groups = n / size;
    let parted = images.unflatten(0, [size, groups]);
    let variances = parted.var_dim([0i64].as_slice(), false, false);
    let deviations =
        (variances + 1e-8).sqrt().mean_dim([1i64, 2, 3].as_slice(), false, None::<Kind>);
    let channel = deviations.repeat([size]).view([n, 1, 1, 1]).expand([n, 1, h, w], false);
    Tensor::cat(&[images, &channel], 1)
}
