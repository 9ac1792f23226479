//! What training and sampling need to know of a network.

use std::fmt::Debug;

use astrogen_losses::PiecewiseLinear;
use astrogen_nn::layers::Passes;
use astrogen_runtime::draw_rows;
use tch::{Device, Kind, Tensor};

use crate::ModelError;

/// Latents that [`Generator::sample`] takes through the network at a time.
const SAMPLE_CHUNK: i64 = 100;

/// A network from latents to images.
pub trait Generator: Debug + Send {
    /// The size of a latent vector.
    fn latent_dim(&self) -> i64;

    /// The shape of one image, `[C, H, W]`.
    fn image_shape(&self) -> [i64; 3];

    /// The element type and the device of the weights.
    fn options(&self) -> (Kind, Device);

    /// Images `[N, C, H, W]`, signed ([-1, 1]), from latents `[N, latent_dim]` or
    /// `[N, latent_dim, 1, 1]`. In train mode normalisations use the batch's own
    /// statistics and update their running ones.
    ///
    /// # Panics
    /// Where the latents have another shape, element type or device than the network;
    /// [`Generator::sample`] checks them.
    fn forward_t(&self, latent: &Tensor, train: bool) -> Tensor;

    /// The network's passes without a graph, from latents `[N, latent_dim, 1, 1]` to images, in train mode,
    /// if it has them: training takes them in place of autograd. Default none.
    fn passes(&self) -> Option<Passes<'_>> {
        None
    }

    /// `n` latents `[n, latent_dim]` from the standard normal distribution, drawn from
    /// libtorch's generator of the weights' device.
    ///
    /// # Panics
    /// Where `n` is negative.
    fn latent(&self, n: i64) -> Tensor {
        draw_rows(n, |n| Tensor::randn([n, self.latent_dim()], self.options()))
    }

    /// Images `[N, C, H, W]`, signed ([-1, 1]), in eval mode and without gradients, from
    /// latents `[N, latent_dim]` or `[N, latent_dim, 1, 1]` of any device and float type.
    ///
    /// Latents go through the network in chunks, so that many need little more memory than
    /// their images. A network with inputs of noise, such as
    /// [`SharpGenerator`](crate::SharpGenerator), draws it from libtorch's generator of the
    /// weights' device.
    ///
    /// # Errors
    /// [`ModelError::Shape`] where the latents have another shape, and
    /// [`ModelError::Torch`] where they cannot be brought to the weights' device.
    fn sample(&self, latent: &Tensor) -> Result<Tensor, ModelError> {
        let (shape, dim) = (latent.size(), self.latent_dim());
        let fits = match shape[..] {
            [_, d] | [_, d, 1, 1] => d == dim,
            _ => false,
        };
        if !fits {
            return Err(ModelError::Shape {
                what: "latents",
                expected: format!("[N, {dim}] or [N, {dim}, 1, 1]"),
                got: shape,
            });
        }
        let latent = bring(latent, self.options())?;
        let mut images = Vec::new();
        for start in (0..shape[0]).step_by(SAMPLE_CHUNK as usize) {
            let chunk = latent.narrow(0, start, SAMPLE_CHUNK.min(shape[0] - start));
            images.push(tch::no_grad(|| self.forward_t(&chunk, false)));
        }
        match images.len() {
            0 => Ok(tch::no_grad(|| self.forward_t(&latent, false))),
            1 => Ok(images.remove(0)),
            _ => Tensor::f_cat(&images, 0)
                .map_err(|error| ModelError::torch("join the samples", &error)),
        }
    }
}

/// A network from images to one logit each: the log-odds that the image is real.
pub trait Discriminator: Debug + Send {
    /// The shape of one image, `[C, H, W]`.
    fn image_shape(&self) -> [i64; 3];

    /// The element type and the device of the weights.
    fn options(&self) -> (Kind, Device);

    /// Logits `[N]` of images `[N, C, H, W]`, signed ([-1, 1]). In train mode
    /// normalisations use the batch's own statistics and update their running ones.
    ///
    /// # Panics
    /// Where the images have another shape, element type or device than the network;
    /// [`Discriminator::probability`] checks them.
    fn forward_t(&self, images: &Tensor, train: bool) -> Tensor;

    /// What the network decides by: features `[N, F]` of images `[N, C, H, W]`, signed, in eval mode
    /// and with the graph to the images; none where it does not tell, which is the default.
    ///
    /// # Panics
    /// As [`forward_t`](Self::forward_t).
    fn features(&self, _images: &Tensor) -> Option<Tensor> {
        None
    }

    /// The network's passes without a graph, from images to `[N, 1, 1, 1]`, in train mode, if it has them:
    /// training takes them in place of autograd. Default none.
    fn passes(&self) -> Option<Passes<'_>> {
        None
    }

    /// Whether the logit of an image in eval mode is the same whatever images are beside it. Default true;
    /// not so where the network looks at [how much they differ](crate::DcganConfig::minibatch_deviation).
    fn judges_alone(&self) -> bool {
        true
    }

    /// The probability `[N]` that each image `[N, C, H, W]`, signed ([-1, 1]), is real:
    /// the sigmoid of its logit, in eval mode and without gradients.
    ///
    /// # Errors
    /// [`ModelError::Shape`] where the images have another shape, and
    /// [`ModelError::Torch`] where they cannot be brought to the weights' device.
    fn probability(&self, images: &Tensor) -> Result<Tensor, ModelError> {
        Ok(self.logit(images)?.sigmoid())
    }

    /// Logits `[N]` of images `[N, C, H, W]`, signed ([-1, 1]), of any device and float type, in eval
    /// mode and without gradients.
    ///
    /// # Errors
    /// Those of [`probability`](Self::probability).
    fn logit(&self, images: &Tensor) -> Result<Tensor, ModelError> {
        let images = bring(check_images(images, self.image_shape())?, self.options())?;
        Ok(tch::no_grad(|| self.forward_t(&images, false)))
    }
}

/// A network from images to one score each, without bounds: how much more real one image is
/// than another. Under a gradient penalty or another bound on its slopes the difference of
/// mean scores estimates the Wasserstein-1 distance (Arjovsky et al. 2017).
///
/// A critic scores each image by itself: a network with batch normalisation, such as the
/// [`DcganDiscriminator`](crate::DcganDiscriminator), makes the score of one image depend on
/// the others, the norm of one image's gradient loses its meaning, and so it is no `Critic`:
///
/// ```compile_fail
/// fn needs_a_critic(_: impl astrogen_models::Critic) {}
/// fn refused(discriminator: astrogen_models::DcganDiscriminator) {
///     needs_a_critic(discriminator);
/// }
/// ```
pub trait Critic: Debug + Send {
    /// The shape of one image, `[C, H, W]`.
    fn image_shape(&self) -> [i64; 3];

    /// The element type and the device of the weights.
    fn options(&self) -> (Kind, Device);

    /// Scores `[N]` of images `[N, C, H, W]`, signed ([-1, 1]). In train mode a spectral
    /// normalisation brings its vectors up to date.
    ///
    /// # Panics
    /// Where the images have another shape, element type or device than the network;
    /// [`Critic::score`] checks them.
    fn forward_t(&self, images: &Tensor, train: bool) -> Tensor;

    /// What the network decides by: features `[N, F]` of images `[N, C, H, W]`, signed, in eval mode
    /// and with the graph to the images; none where it does not tell, which is the default.
    ///
    /// # Panics
    /// As [`forward_t`](Self::forward_t).
    fn features(&self, _images: &Tensor) -> Option<Tensor> {
        None
    }

    /// The network's passes without a graph, from images to `[N, 1, 1, 1]`, in train mode, if it has them:
    /// training takes them in place of autograd. Default none.
    fn passes(&self) -> Option<Passes<'_>> {
        None
    }

    /// The critic as what a gradient penalty in closed form takes, if it is piecewise linear
    /// in its images; else the penalty takes double backward. Default none.
    fn piecewise_linear(&self) -> Option<&dyn PiecewiseLinear> {
        None
    }

    /// Scores `[N]` of images `[N, C, H, W]`, signed ([-1, 1]), of any device and float
    /// type, in eval mode and without gradients.
    ///
    /// # Errors
    /// Those of [`Discriminator::probability`].
    fn score(&self, images: &Tensor) -> Result<Tensor, ModelError> {
        let images = bring(check_images(images, self.image_shape())?, self.options())?;
        Ok(tch::no_grad(|| self.forward_t(&images, false)))
    }
}

/// What a network of images `[C, H, W]` asks of those that nobody has checked: of another size some would
/// pass through its convolutions all the same.
///
/// # Panics
/// Where they are not `[N, C, H, W]`.
pub(crate) fn assert_images(images: &Tensor, shape: [i64; 3]) {
    if let Err(error) = check_images(images, shape) {
        panic!("{error}");
    }
}

fn check_images(images: &Tensor, [c, h, w]: [i64; 3]) -> Result<&Tensor, ModelError> {
    let shape = images.size();
    if shape.len() == 4 && shape[1..] == [c, h, w] {
        return Ok(images);
    }
    let expected = format!("[N, {c}, {h}, {w}]");
    Err(ModelError::Shape { what: "images", expected, got: shape })
}

/// The tensor with the element type and on the device of the weights.
pub(crate) fn bring(tensor: &Tensor, (kind, device): (Kind, Device)) -> Result<Tensor, ModelError> {
    tensor
        .f_to_device(device)
        .and_then(|tensor| tensor.f_to_kind(kind))
        .map_err(|error| ModelError::torch(format!("bring the input to {device:?}"), &error))
}
