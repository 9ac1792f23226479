//! The passes of a gradient penalty through affine layers, leaky ReLUs, sums and resampling.
//!
//! The formulas are those of [`astrogen_losses::gradient_penalty`]: forward, the signal back
//! to the input, the tangent forward, and the product of both in each layer's weight
//! gradient. A slope is known from the sign of what came out of the activation, so nothing else
//! is kept. A residual branch takes the signal and the tangent of the sum that it ends in; fixed
//! linear maps, such as [resampling](Resampling), pass both on.

use astrogen_losses::{Trace, WholeTrace};
use tch::{Device, Tensor, no_grad};

use super::convolution::as_it_lies;
use super::{Affine, Resampling};

/// An affine layer and the activation behind it.
pub struct Stage<'a> {
    /// The layer's name in the network: that of its weight without `.weight`.
    pub name: String,
    /// The name of its bias in the network, if it has one.
    pub bias: Option<String>,
    /// What the layer does.
    pub map: Box<dyn Affine + 'a>,
    /// The slope below zero of the activation, 0 for ReLU; 1 where there is none.
    pub slope: f64,
}

/// A part of a network that is piecewise linear in its input.
pub enum Piece<'a> {
    /// A layer with weights.
    Stage(Stage<'a>),
    /// A fixed map.
    Resampling(Resampling),
    /// `x + pieces(x)`, the last of which has no activation.
    Residual(Vec<Piece<'a>>),
}

/// What is kept of a piece between the passes.
enum Record {
    Stage {
        inputs: Tensor,
        /// What came out of the activation, where there is one.
        outputs: Option<Tensor>,
        /// The signal at the output of the map.
        signal: Option<Tensor>,
    },
    Resampling,
    Residual(Vec<Record>),
}

/// The passes through a list of pieces; see [`Trace`].
pub struct StackTrace<'a> {
    pieces: Vec<Piece<'a>>,
    records: Vec<Record>,
    /// What came out of the last piece, one value per sample, and the same as `[N]`.
    outputs: Tensor,
    scores: Tensor,
}

impl<'a> StackTrace<'a> {
    /// Runs stages, one behind the other, on an input, without a graph.
    ///
    /// # Panics
    /// Where the input does not fit the first stage, or a stage the one before.
    pub fn new(stages: Vec<Stage<'a>>, input: &Tensor) -> Self {
        Self::of_pieces(stages.into_iter().map(Piece::Stage).collect(), input)
    }

    /// Runs pieces, one behind the other, on an input, without a graph.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    pub fn of_pieces(pieces: Vec<Piece<'a>>, input: &Tensor) -> Self {
        let (outputs, records) = no_grad(|| run(&pieces, input));
        Self { scores: outputs.flatten(0, -1), outputs, pieces, records }
    }
}

impl Stage<'_> {
    /// `xs` times the activation's slopes where `outputs` were, before or behind it.
    fn bend(&self, xs: Tensor, outputs: Option<&Tensor>) -> Tensor {
        match outputs {
            Some(outputs) => outputs.leaky_relu_backward(&xs, self.slope, false),
            None => xs,
        }
    }
}

/// The pieces' output and what is kept of each.
fn run(pieces: &[Piece], input: &Tensor) -> (Tensor, Vec<Record>) {
    let mut xs = input.shallow_clone();
    let mut records = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let record;
        (xs, record) = match piece {
            Piece::Stage(stage) => {
                let mapped = stage.map.forward_bent(&xs, stage.slope);
                let outputs = (stage.slope != 1.0).then(|| mapped.shallow_clone());
                (mapped, Record::Stage { inputs: xs, outputs, signal: None })
            }
            Piece::Resampling(resampling) => (resampling.forward(&xs), Record::Resampling),
            Piece::Residual(branch) => {
                let (ys, records) = run(branch, &xs);
                (ys + xs, Record::Residual(records))
            }
        };
        records.push(record);
    }
    (xs, records)
}

/// The signal at the pieces' input, from that at their output.
fn pull(pieces: &[Piece], records: &mut [Record], signal: &Tensor) -> Tensor {
    let parts = pieces.iter().zip(records).rev();
    parts.fold(signal.shallow_clone(), |signal, part| match part {
        (Piece::Stage(stage), Record::Stage { inputs, outputs, signal: kept }) => {
            let signal = stage.bend(signal, outputs.as_ref());
            *kept = Some(signal.shallow_clone());
            stage.map.adjoint(&signal, &inputs.size())
        }
        (Piece::Resampling(resampling), Record::Resampling) => resampling.adjoint(&signal),
        (Piece::Residual(branch), Record::Residual(records)) => {
            pull(branch, records, &signal) + signal
        }
        _ => unreachable!("records are those of the pieces"),
    })
}

/// The tangent at the pieces' output, from that at their input; adds the gradients of
/// `sum weights_n scores_n + <tangent, signal at the input>`, of biases only where there are weights.
fn push(
    pieces: &[Piece],
    records: Vec<Record>,
    weights: Option<&Tensor>,
    tangent: Tensor,
    gradients: &mut Vec<(String, Tensor)>,
) -> Tensor {
    pieces.iter().zip(records).fold(tangent, |tangent, part| match part {
        (Piece::Stage(stage), Record::Stage { inputs, outputs, signal }) => {
            let signal = signal.expect("weight gradients are taken after the input gradient");
            let (mapped, gradient) = match weights {
                None => stage.map.tangent(&tangent, &signal),
                Some(weights) => {
                    let point = tangent.addcmul(&inputs, &along_batch(weights, &inputs));
                    stage.map.tangent_at(&tangent, &point, &signal)
                }
            };
            gradients.push((format!("{}.weight", stage.name), gradient));
            if let (Some(weights), Some(name)) = (weights, &stage.bias) {
                gradients.push((name.clone(), bias_gradient(weights, &signal)));
            }
            stage.bend(mapped, outputs.as_ref())
        }
        (Piece::Resampling(resampling), Record::Resampling) => resampling.forward(&tangent),
        (Piece::Residual(branch), Record::Residual(records)) => {
            push(branch, records, weights, tangent.shallow_clone(), gradients) + tangent
        }
        _ => unreachable!("records are those of the pieces"),
    })
}

/// One number per sample, `[N]`, as `[N, 1, ...]` of as many axes as `like` has.
fn along_batch(weights: &Tensor, like: &Tensor) -> Tensor {
    let mut size = vec![1; like.dim()];
    size[0] = -1;
    weights.view(size.as_slice())
}

/// `sum weights_n signal_n` over samples and pixels, `[C]` of `[N, C]` or `[N, C, H, W]`.
fn bias_gradient(weights: &Tensor, signal: &Tensor) -> Tensor {
    let size = signal.size();
    if let [n, channels, _, _] = size[..] {
        let rows = as_it_lies(signal).reshape([n, -1]); // [N, H * W * C], on a GPU [N, C * H * W]
        let summed = weights.unsqueeze(0).mm(&rows);
        return match signal.device() {
            Device::Cpu => summed.view([-1, channels]).sum_dim_intlist(0, false, signal.kind()),
            _ => summed.view([channels, -1]).sum_dim_intlist(1, false, signal.kind()),
        };
    }
    weights.unsqueeze(0).mm(signal).view([-1])
}

impl Trace for StackTrace<'_> {
    fn scores(&self) -> &Tensor {
        &self.scores
    }

    fn input_gradient(&mut self) -> Tensor {
        no_grad(|| pull(&self.pieces, &mut self.records, &self.outputs.ones_like()))
    }

    fn weight_gradients(&mut self, tangent: Tensor) -> Vec<(String, Tensor)> {
        self.pushed(None, tangent)
    }
}

impl WholeTrace for StackTrace<'_> {
    fn gradients(&mut self, weights: &Tensor, tangent: Tensor) -> Vec<(String, Tensor)> {
        self.pushed(Some(weights), tangent)
    }
}

impl StackTrace<'_> {
    fn pushed(&mut self, weights: Option<&Tensor>, tangent: Tensor) -> Vec<(String, Tensor)> {
        let mut gradients = Vec::new();
        let records = std::mem::take(&mut self.records);
        no_grad(|| drop(push(&self.pieces, records, weights, tangent, &mut gradients)));
        gradients
    }
}
