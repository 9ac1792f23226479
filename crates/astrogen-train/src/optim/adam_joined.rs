//! Adam's update of all parameters together, by tensor operations: ten of them, and none that is of one
//! parameter.

use tch::{Kind, TchError, Tensor};

use super::coefficients::Coefficients;
use super::flat::Flat;

/// Parameters and their moments, each in one memory.
#[derive(Debug)]
pub(super) struct Joined {
    parameters: Flat,
    first: Flat,
    second: Flat,
    /// Which elements stay as they are; none where all move.
    frozen: Option<Tensor>,
}

impl Joined {
    /// Zero moments, for parameters that [can be joined](Flat::on_gpu); none for others.
    pub(super) fn of(parameters: &[Tensor]) -> Result<Option<Self>, TchError> {
        Flat::on_gpu(parameters)?.map(Self::new).transpose()
    }

    fn new(parameters: Flat) -> Result<Self, TchError> {
        let [first, second] = [parameters.zeros()?, parameters.zeros()?];
        Ok(Self { parameters, first, second, frozen: None })
    }

    /// The first and second moments of each parameter, in its shape; they share this memory.
    pub(super) fn moments(&self, parameters: &[Tensor]) -> Result<[Vec<Tensor>; 2], TchError> {
        Ok([self.first.parts(parameters)?, self.second.parts(parameters)?])
    }

    /// Keeps these of the parameters as they are from now on, and no others.
    pub(super) fn freeze(&mut self, parameters: &[Tensor], frozen: &[bool]) {
        if !frozen.contains(&true) {
            self.frozen = None;
            return;
        }
        let all = parameters.iter().zip(frozen);
        let marks: Vec<Tensor> = all
            .map(|(parameter, &frozen)| {
                parameter.full_like(f64::from(u8::from(frozen))).to_kind(Kind::Bool)
            })
            .collect();
        // Of the sizes and the device that were joined before.
        self.frozen = Some(self.parameters.joined(&marks).expect("a mask of the parameters"));
    }

    /// The gradients of all parameters as one.
    pub(super) fn gather(&self, gradients: &[Tensor]) -> Result<Tensor, TchError> {
        self.parameters.joined(gradients)
    }

    /// Updates every parameter that moves from the [gathered](Self::gather) gradients.
    pub(super) fn update(
        &mut self,
        gradient: &Tensor,
        coefficients: &Coefficients,
    ) -> Result<(), TchError> {
        let mut change = change(gradient, &mut self.first.all, &mut self.second.all, coefficients);
        if coefficients.longest.is_some() {
            for part in &mut self.parameters.parts_of(&change)? {
                shorten(part, coefficients);
            }
        }
        if let Some(frozen) = &self.frozen {
            let _ = change.f_masked_fill_(frozen, 0.0)?;
        }
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

/// Makes a parameter's change shorter where its root mean square is above what it may be.
pub(super) fn shorten(change: &mut Tensor, c: &Coefficients) {
    let Some(longest) = c.longest else { return };
    let elements = change.numel().max(1) as f64;
    // A change of no length is not to be divided by it.
    let length = change.norm() / elements.sqrt() + f64::from(f32::MIN_POSITIVE);
    let _ = change.g_mul_(&(longest / length).clamp_max(1.0));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use tch::{Device, no_grad};

    use super::*;
    use crate::optim::AdamConfig;

    /// Joined on the CPU here, where each could be updated by itself. Norms are of elements in another
    /// order where a parameter's memory is.
    #[test]
    fn parameters_together_get_the_numbers_of_each_alone() {
        for (update_clipping, tolerance) in [(None, 0.0), (Some(0.8), 1e-6)] {
            let config =
                AdamConfig { betas: [0.5, 0.99], update_clipping, ..AdamConfig::default() };
            for [together, alone] in updated_together_and_alone(&config) {
                let worst = (together - alone).abs().sum(Kind::Double).double_value(&[]);
                assert!(worst <= tolerance, "{update_clipping:?}: {worst}");
            }
        }
    }

    /// Parameters and moments after five updates.
    fn updated_together_and_alone(config: &AdamConfig) -> Vec<[Tensor; 2]> {
        tch::manual_seed(5);
        let options = (Kind::Float, Device::Cpu);
        let sizes: [&[i64]; 4] = [&[4, 3, 2, 2], &[5], &[], &[0, 3]];
        let mut together: Vec<Tensor> =
            sizes.iter().map(|size| Tensor::randn(*size, options)).collect();
        // One whose memory is in another order.
        together[0] = together[0].permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]);
        let mut alone: Vec<Tensor> = together.iter().map(Tensor::copy).collect();
        let zeros = || alone.iter().map(Tensor::zeros_like).collect::<Vec<_>>();
        let (mut m, mut v) = (zeros(), zeros());
        let mut joined = Joined::new(Flat::of(&together).unwrap()).unwrap();
        for t in 1..=5 {
            let c = Coefficients::new(config, 0.1, t);
            let gradients: Vec<Tensor> = together.iter().map(Tensor::randn_like).collect();
            no_grad(|| {
                joined.update(&joined.gather(&gradients).unwrap(), &c).unwrap();
                for (i, gradient) in gradients.iter().enumerate() {
                    let mut change = change(gradient, &mut m[i], &mut v[i], &c);
                    shorten(&mut change, &c);
                    let _ = alone[i].g_add_(&change);
                }
            });
        }
        let [first, second] = joined.moments(&together).unwrap();
        let ours = together.into_iter().chain(first).chain(second);
        ours.zip(alone.into_iter().chain(m).chain(v)).map(|(ours, one)| [ours, one]).collect()
    }

    #[test]
    fn moments_that_are_restored_are_those_of_the_next_update() {
        let parameters = [Tensor::ones([3], (Kind::Float, Device::Cpu))];
        let joined = Joined::new(Flat::of(&parameters).unwrap()).unwrap();
        let [first, _] = joined.moments(&parameters).unwrap();
        first[0].shallow_clone().copy_(&Tensor::from_slice(&[1.0f32, 2.0, 3.0]));
        assert_eq!(joined.first.all, Tensor::from_slice(&[1.0f32, 2.0, 3.0]));
    }

    #[test]
    fn what_is_frozen_stays_whatever_its_moments_are() {
        let options = (Kind::Float, Device::Cpu);
        let parameters = [Tensor::ones([3], options), Tensor::ones([2], options)];
        let mut joined = Joined::new(Flat::of(&parameters).unwrap()).unwrap();
        let c = Coefficients::new(&AdamConfig::default(), 0.1, 1);
        let gradient = joined.gather(&parameters.each_ref().map(Tensor::ones_like)).unwrap();
        joined.update(&gradient, &c).unwrap();
        let before = parameters.each_ref().map(Tensor::copy);
        joined.freeze(&parameters, &[true, false]);
        joined.update(&gradient, &c).unwrap();
        assert_eq!(parameters[0], before[0]);
        assert_ne!(parameters[1], before[1]);
        joined.freeze(&parameters, &[false, false]);
        assert!(joined.frozen.is_none(), "a mask of nothing is not looked through in every update");
    }
}
