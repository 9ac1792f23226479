//! From images to scores.

use astrogen_losses::PiecewiseLinear;
use tch::{Device, Kind, Tensor};

use super::WganConfig;
use crate::Critic;
use crate::layers::Sequential;
use crate::weights::saved_network;

/// From images to scores; see the [module](super).
#[derive(Debug)]
pub struct WganCritic {
    pub(super) config: WganConfig,
    pub(crate) net: Sequential,
}

impl Critic for WganCritic {
    fn image_shape(&self) -> [i64; 3] {
        self.config.image_shape()
    }

    fn options(&self) -> (Kind, Device) {
        self.net.options()
    }

    fn forward_t(&self, images: &Tensor, train: bool) -> Tensor {
        // [N, 1, 1, 1] -> [N]; images of another size have more scores and fail here.
        self.net.forward_t(images, train).reshape([images.size()[0]])
    }

    fn piecewise_linear(&self) -> Option<&dyn PiecewiseLinear> {
        self.net.is_piecewise_linear().then_some(&self.net as _)
    }
}

saved_network!(WganCritic, WganConfig::build_critic, "wgan.critic", "critic");
