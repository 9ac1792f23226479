//! A network at work on a batch: what it makes of it, and the gradients of a loss of that.
//!
//! A network that has [passes](astrogen_models::Passes) of its own is computed by them, without a
//! graph; any other one by autograd. A pass whose network is not to be borrowed meanwhile is
//! [put aside](Pass::put_aside).

use astrogen_models::{Passes, Tape};
use astrogen_runtime::in_full;
use tch::{Kind, Tensor, with_grad};

use crate::TrainError;
use crate::critic::lined_up;
use crate::optim::Adam;
use crate::step::{check_size, widened};

/// A pass forward, of which one goes back at most.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    outputs: Tensor,
    way: Way<'a>,
}

#[derive(Debug)]
enum Way<'a> {
    /// From inputs to outputs.
    Graph([Tensor; 2]),
    Own(&'a Passes<'a>, Tape),
}

/// A pass that is put aside until its network goes back.
#[derive(Debug)]
pub(crate) struct PassAside {
    outputs: Tensor,
    way: WayAside,
}

#[derive(Debug)]
enum WayAside {
    Graph([Tensor; 2]),
    Own(Tape),
}

impl PassAside {
    /// What the network made: a leaf.
    pub(crate) fn outputs(&self) -> &Tensor {
        &self.outputs
    }

    /// The pass again, of a network whose weights are what they were; its passes, if it has them.
    ///
    /// # Panics
    /// Where the network had passes and has none.
    pub(crate) fn take_up<'a>(self, passes: Option<&'a Passes<'a>>) -> Pass<'a> {
        let way = match (self.way, passes) {
            (WayAside::Graph(tensors), _) => Way::Graph(tensors),
            (WayAside::Own(tape), Some(passes)) => Way::Own(passes, tape),
            (WayAside::Own(_), None) => panic!("the passes of the same network"),
        };
        Pass { outputs: self.outputs, way }
    }
}

impl<'a> Pass<'a> {
    /// What a network in train mode makes of inputs, by its own passes if it has them, else by `forward`;
    /// `what` of this size.
    ///
    /// # Errors
    /// [`TrainError::Model`] where it makes another size of them.
    pub(crate) fn new(
        passes: Option<&'a Passes<'a>>,
        inputs: &Tensor,
        forward: impl FnOnce(&Tensor) -> Tensor,
        (what, size): (&'static str, &[i64]),
    ) -> Result<Self, TrainError> {
        let inputs = inputs.detach();
        let (outputs, way) = match passes {
            Some(passes) => {
                let tape = passes.forward(&inputs);
                let outputs = tape.outputs().shallow_clone();
                // Scores come as images of one pixel.
                let outputs = if size.len() == 1 { outputs.flatten(0, -1) } else { outputs };
                (outputs, Way::Own(passes, tape))
            }
            None => {
                let inputs = inputs.set_requires_grad(true);
                let outputs = widened(forward(&inputs));
                (outputs.detach(), Way::Graph([inputs, outputs]))
            }
        };
        check_size(what, &outputs, size)?;
        Ok(Self { outputs: outputs.set_requires_grad(true), way })
    }

    /// The same without a claim on the network.
    pub(crate) fn put_aside(self) -> PassAside {
        let way = match self.way {
            Way::Graph(tensors) => WayAside::Graph(tensors),
            Way::Own(_, tape) => WayAside::Own(tape),
        };
        PassAside { outputs: self.outputs, way }
    }

    /// What the network made, to compute a loss from: a leaf.
    pub(crate) fn outputs(&self) -> &Tensor {
        &self.outputs
    }

    /// The gradients of the parameters, from that of the outputs.
    ///
    /// # Errors
    /// Those of [`Adam::gradients`], and [`TrainError::Network`] where its own passes have gradients that
    /// the optimiser does not know, or lack some.
    pub(crate) fn weight_gradients(
        self,
        signal: &Tensor,
        optimizer: &Adam,
    ) -> Result<Vec<Tensor>, TrainError> {
        match self.way {
            Way::Graph([_, outputs]) => {
                optimizer.gradients(&with_grad(|| (outputs * signal).sum(Kind::Float)))
            }
            Way::Own(passes, tape) => {
                let signal = signal.view_as(tape.outputs());
                let named = passes.backward(tape, &signal, true, false).weights;
                whole(optimizer, named)
            }
        }
    }

    /// The gradient of the inputs, from that of the outputs.
    ///
    /// # Errors
    /// [`TrainError::Torch`] where libtorch refuses.
    pub(crate) fn input_gradient(self, signal: &Tensor) -> Result<Tensor, TrainError> {
        match self.way {
            Way::Graph([inputs, outputs]) => {
                let [gradient] =
                    signals(&with_grad(|| (outputs * signal).sum(Kind::Float)), [&inputs])?;
                Ok(gradient)
            }
            Way::Own(passes, tape) => {
                let signal = signal.view_as(tape.outputs());
                let inputs = passes.backward(tape, &signal, false, true).inputs;
                // They were asked for.
                Ok(inputs.expect("a gradient of the inputs"))
            }
        }
    }
}

/// Gradients that come by name, one for each parameter of the optimiser.
///
/// # Errors
/// [`TrainError::Network`] for one that the optimiser does not know, and where one is missing.
pub(crate) fn whole(
    optimizer: &Adam,
    named: Vec<(String, Tensor)>,
) -> Result<Vec<Tensor>, TrainError> {
    let gradients = lined_up(optimizer, named)?.into_iter().zip(optimizer.names());
    gradients
        .map(|(gradient, name)| {
            gradient.ok_or_else(|| TrainError::Network {
                network: "a network",
                reason: format!(
                    "its `passes` give no gradient of `{name}`: they have to be those of the whole \
                     network, or none"
                ),
            })
        })
        .collect()
}

/// The gradients of a scalar by tensors that it was computed from, one each.
///
/// # Errors
/// [`TrainError::Network`] where it does not depend on one, [`TrainError::Torch`] where libtorch refuses.
pub(crate) fn signals<const N: usize>(
    scalar: &Tensor,
    by: [&Tensor; N],
) -> Result<[Tensor; N], TrainError> {
    let refuse =
        |reason: &str| Err(TrainError::Network { network: "a network", reason: reason.to_owned() });
    // libtorch does not survive a tensor without a graph here.
    if !scalar.requires_grad() {
        return refuse("what it makes has no graph: compute it outside of `no_grad`");
    }
    let gradients = in_full(|| Tensor::f_run_backward(&[scalar], &by, false, false))?;
    if gradients.iter().any(|gradient| !gradient.defined()) {
        return refuse("what it makes does not depend on what it is given: use it");
    }
    // libtorch gives one a tensor.
    Ok(gradients.try_into().expect("a gradient each"))
}
