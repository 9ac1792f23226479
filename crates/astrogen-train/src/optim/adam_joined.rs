//! Adam's update of all parameters together, by tensor operations.
//!
//! A GPU starts an operation in about the time that it computes one of a small network. So the
//! moments of all parameters lie in one tensor, their gradients are joined to another, and eight
//! operations serve them all, with one more for each parameter to take its share.

use tch::{Device, TchError, Tensor};

use super::adam_kernel::Coefficients;

/// The moments of all parameters, one after the other: `[elements]` each.
#[derive(Debug)]
pub(super) struct Joined {
    first: Tensor,
    second: Tensor,
    /// Elements of each parameter.
    lengths: Vec<i64>,
}

impl Joined {
    /// Zero moments, for parameters that are not on the CPU, of one kind and on one device; none
    /// for others.
    pub(super) fn of(parameters: &[Tensor]) -> Result<Option<Self>, TchError> {
        let options = |parameter: &Tensor| (parameter.kind(), parameter.device());
        let Some(first) = parameters.first() else { return Ok(None) };
        let alike = parameters.iter().all(|parameter| options(parameter) == options(first));
        if first.device() == Device::Cpu || !alike {
            return Ok(None);
        }
        Self::new(parameters).map(Some)
    }

    fn new(parameters: &[Tensor]) -> Result<Self, TchError> {
        let lengths: Vec<i64> = parameters.iter().map(|of| of.numel() as i64).collect();
        let options = (parameters[0].kind(), parameters[0].device());
        let zeros = || Tensor::f_zeros([lengths.iter().sum()], options);
        Ok(Self { first: zeros()?, second: zeros()?, lengths })
    }

    /// The first and second moments of each parameter, in its shape; they share this memory.
    pub(super) fn moments(&self, parameters: &[Tensor]) -> Result<[Vec<Tensor>; 2], TchError> {
        let parts = |of: &Tensor| -> Result<Vec<Tensor>, TchError> {
            let parts = of.f_split_with_sizes(&self.lengths, 0)?;
            parts.iter().zip(parameters).map(|(part, of)| part.f_view(&of.size()[..])).collect()
        };
        Ok([parts(&self.first)?, parts(&self.second)?])
    }

    /// Updates every parameter from its gradient, of the same shape.
    pub(super) fn update(
        &mut self,
        parameters: &mut [Tensor],
        gradients: &[Tensor],
        coefficients: &Coefficients,
    ) {
        let flat: Vec<Tensor> = gradients.iter().map(|of| of.reshape([-1])).collect();
        let gradient = Tensor::cat(&flat, 0);
        let change = change(&gradient, &mut self.first, &mut self.second, coefficients);
        let changes = change.split_with_sizes(&self.lengths, 0);
        for (parameter, change) in parameters.iter_mut().zip(changes) {
            let _ = parameter.g_add_(&change.view(&parameter.size()[..]));
        }
    }
}

/// What is added to a parameter, after its moments are moved: any device, any float kind, any
/// memory layout.
pub(super) fn change(
    gradient: &Tensor,
    m: &mut Tensor,
    v: &mut Tensor,
    c: &Coefficients,
) -> Tensor {
    let _ = m.lerp_(gradient, c.one_minus_beta1);
    let _ = v.g_mul_scalar_(c.beta2).addcmul_(&(gradient * c.one_minus_beta2), gradient);
    let mut denominator = v.sqrt() / c.bias_correction2_sqrt;
    (&*m * -c.step_size).g_div_(&denominator.g_add_scalar_(c.eps))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use tch::{Kind, no_grad};

    use super::*;
    use crate::optim::AdamConfig;

    /// Joined on the CPU here, where each could be updated by itself.
    #[test]
    fn parameters_together_get_the_numbers_of_each_alone() {
        tch::manual_seed(5);
        let options = (Kind::Float, Device::Cpu);
        let sizes: [&[i64]; 4] = [&[4, 3, 2, 2], &[5], &[], &[0, 3]];
        let config = AdamConfig { betas: [0.5, 0.99], ..AdamConfig::default() };
        let mut together: Vec<Tensor> =
            sizes.iter().map(|size| Tensor::randn(*size, options)).collect();
        // One whose memory is in another order.
        together[0] = together[0].permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]);
        let mut alone: Vec<Tensor> = together.iter().map(Tensor::copy).collect();
        let zeros = || alone.iter().map(Tensor::zeros_like).collect::<Vec<_>>();
        let (mut m, mut v) = (zeros(), zeros());
        let mut joined = Joined::new(&together).unwrap();
        for t in 1..=5 {
            let c = Coefficients::new(&config, 0.1, t);
            let gradients: Vec<Tensor> = together.iter().map(Tensor::randn_like).collect();
            no_grad(|| {
                joined.update(&mut together, &gradients, &c);
                for (i, gradient) in gradients.iter().enumerate() {
                    let _ = alone[i].g_add_(&change(gradient, &mut m[i], &mut v[i], &c));
                }
            });
        }
        assert_eq!(together, alone);
        assert_eq!(joined.moments(&together).unwrap(), [m, v]);
    }

    #[test]
    fn moments_that_are_restored_are_those_of_the_next_update() {
        let parameters = [Tensor::ones([3], (Kind::Float, Device::Cpu))];
        let joined = Joined::new(&parameters).unwrap();
        let [first, _] = joined.moments(&parameters).unwrap();
        first[0].shallow_clone().copy_(&Tensor::from_slice(&[1.0f32, 2.0, 3.0]));
        assert_eq!(joined.first, Tensor::from_slice(&[1.0f32, 2.0, 3.0]));
        assert!(Joined::of(&parameters).unwrap().is_none(), "on the CPU each is by itself");
        assert!(Joined::of(&[]).unwrap().is_none());
    }
}
