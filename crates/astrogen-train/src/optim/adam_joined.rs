//! Adam's update of all parameters together, by tensor operations: ten of them, and none that is of one
//! parameter.

use tch::{TchError, Tensor};

use super::adam_kernel::Coefficients;
use super::flat::Flat;

/// Parameters and their moments, each in one memory.
#[derive(Debug)]
pub(super) struct Joined {
    parameters: Flat,
    first: Flat,
    second: Flat,
}

impl Joined {
    /// Zero moments, for parameters that [can be joined](Flat::on_gpu); none for others.
    pub(super) fn of(parameters: &[Tensor]) -> Result<Option<Self>, TchError> {
        Flat::on_gpu(parameters)?.map(Self::new).transpose()
    }

    fn new(parameters: Flat) -> Result<Self, TchError> {
        Ok(Self { first: parameters.zeros()?, second: parameters.zeros()?, parameters })
    }

    /// The first and second moments of each parameter, in its shape; they share this memory.
    pub(super) fn moments(&self, parameters: &[Tensor]) -> Result<[Vec<Tensor>; 2], TchError> {
        Ok([self.first.parts(parameters)?, self.second.parts(parameters)?])
    }

    /// Updates every parameter from the [joined](Flat::joined) gradients.
    pub(super) fn update(
        &mut self,
        gradient: &Tensor,
        coefficients: &Coefficients,
    ) -> Result<(), TchError> {
        let change = change(gradient, &mut self.first.all, &mut self.second.all, coefficients);
        let _ = self.parameters.all.f_add_(&change)?;
        Ok(())
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
    use tch::{Device, Kind, no_grad};

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
        let mut joined = Joined::new(Flat::of(&together).unwrap()).unwrap();
        for t in 1..=5 {
            let c = Coefficients::new(&config, 0.1, t);
            let gradients: Vec<Tensor> = together.iter().map(Tensor::randn_like).collect();
            no_grad(|| {
                joined.update(&Flat::joined(&gradients).unwrap(), &c).unwrap();
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
        let joined = Joined::new(Flat::of(&parameters).unwrap()).unwrap();
        let [first, _] = joined.moments(&parameters).unwrap();
        first[0].shallow_clone().copy_(&Tensor::from_slice(&[1.0f32, 2.0, 3.0]));
        assert_eq!(joined.first.all, Tensor::from_slice(&[1.0f32, 2.0, 3.0]));
    }
}
