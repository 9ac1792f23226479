//! Conditional normalizing flows of 10 features and hidden layers of 128-128: samples for 100,000
//! contexts (sums of squares: 10,000; GalacticFlow: of one; a galaxy's worth of stars: a million),
//! densities of 100,000 rows, and training steps at batch 1,024.

use anyhow::{Context, Result};
use astrogen::flows::{Flow, FlowConfig, FlowPass};
use astrogen::train::optim::{Adam, AdamConfig};
use tch::{Kind, Tensor, nn, no_grad};

use crate::inputs::{Inputs, device};
use crate::row::{Outputs, Row};

const FEATURES: i64 = 10;

fn maf() -> FlowConfig {
    FlowConfig { transforms: 10, hidden: vec![128; 2], ..FlowConfig::maf(FEATURES, 20) }
}

fn nsf() -> FlowConfig {
    FlowConfig { transforms: 5, hidden: vec![128; 2], ..FlowConfig::nsf(FEATURES, 20) }
}

fn sospf() -> FlowConfig {
    FlowConfig { hidden: vec![128; 2], ..FlowConfig::sospf(FEATURES, 20) }
}

fn nice() -> FlowConfig {
    FlowConfig { transforms: 10, hidden: vec![128; 2], ..FlowConfig::nice(FEATURES, 20) }
}

fn galactic() -> FlowConfig {
    FlowConfig::galactic(FEATURES, 4)
}

pub(crate) fn maf_sample_1e5(inputs: &Inputs) -> Result<Box<dyn Row>> {
    sample(inputs, &maf(), 100_000, false)
}

pub(crate) fn nsf_sample_1e5(inputs: &Inputs) -> Result<Box<dyn Row>> {
    sample(inputs, &nsf(), 100_000, false)
}

pub(crate) fn sospf_sample_1e4(inputs: &Inputs) -> Result<Box<dyn Row>> {
    sample(inputs, &sospf(), 10_000, false)
}

pub(crate) fn galactic_sample_1e5(inputs: &Inputs) -> Result<Box<dyn Row>> {
    sample(inputs, &galactic(), 100_000, true)
}

pub(crate) fn forge_sample_1e6(inputs: &Inputs) -> Result<Box<dyn Row>> {
    sample(inputs, &maf(), 1_000_000, false)
}

pub(crate) fn maf_log_prob_1e5(inputs: &Inputs) -> Result<Box<dyn Row>> {
    let normal = |width| Tensor::randn([100_000, width], (Kind::Float, device()));
    let many = [normal(FEATURES), normal(20)];
    Ok(Box::new(LogProbRow { of: Parts::new(inputs, &maf())?, many }))
}

pub(crate) fn maf_train_step_b1024(inputs: &Inputs) -> Result<Box<dyn Row>> {
    step(inputs, &maf())
}

pub(crate) fn nice_train_step_b1024(inputs: &Inputs) -> Result<Box<dyn Row>> {
    step(inputs, &nice())
}

pub(crate) fn nsf_train_step_b1024(inputs: &Inputs) -> Result<Box<dyn Row>> {
    step(inputs, &nsf())
}

pub(crate) fn sospf_train_step_b1024(inputs: &Inputs) -> Result<Box<dyn Row>> {
    step(inputs, &sospf())
}

pub(crate) fn galactic_train_step_b1024(inputs: &Inputs) -> Result<Box<dyn Row>> {
    step(inputs, &galactic())
}

/// A flow with the peer's weights, and a batch.
struct Parts {
    store: nn::VarStore,
    flow: Flow,
    x: Tensor,
    context: Tensor,
    latent: Tensor,
}

impl Parts {
    fn new(inputs: &Inputs, config: &FlowConfig) -> Result<Self> {
        let store = nn::VarStore::new(device());
        let flow = config.init(&store.root())?;
        let variables = store.variables().into_iter();
        inputs.load("flow", variables.filter(|(name, _)| !name.starts_with("base")))?;
        let [x, context, latent] = ["x", "context", "latent"].map(|name| inputs.tensor(name));
        Ok(Self { store, flow, x: x?, context: context?, latent: latent? })
    }
}

fn sample(inputs: &Inputs, config: &FlowConfig, rows: i64, one: bool) -> Result<Box<dyn Row>> {
    let of = Parts::new(inputs, config)?;
    let contexts = match one {
        true => of.context.get(0),
        false => Tensor::randn([rows, config.context], (Kind::Float, device())),
    };
    Ok(Box::new(SampleRow { of, contexts, samples: vec![0.0; (rows * FEATURES) as usize] }))
}

struct SampleRow {
    of: Parts,
    contexts: Tensor,
    samples: Vec<f32>,
}

impl Row for SampleRow {
    fn check(&mut self) -> Result<Outputs> {
        let Parts { flow, context, latent, .. } = &self.of;
        let made = no_grad(|| flow.given(context)?.inverse(latent))?;
        let means = made.abs().mean_dim(0, false, Kind::Double);
        let means = Vec::<f64>::try_from(means)?;
        Ok(means.into_iter().enumerate().map(|(i, mean)| (format!("mean.{i}"), mean)).collect())
    }

    fn run(&mut self) -> Result<()> {
        Ok(self.of.flow.given(&self.contexts)?.sample_rows(0, 0, &mut self.samples)?)
    }
}

struct LogProbRow {
    of: Parts,
    many: [Tensor; 2],
}

impl LogProbRow {
    fn mean(&self, x: &Tensor, context: &Tensor) -> Result<f64> {
        let log_prob = no_grad(|| self.of.flow.given(context)?.log_prob(x))?;
        Ok(log_prob.mean(Kind::Double).double_value(&[]))
    }
}

impl Row for LogProbRow {
    fn check(&mut self) -> Result<Outputs> {
        let mean = self.mean(&self.of.x, &self.of.context)?;
        Ok(Outputs::from([("log_prob".to_owned(), mean)]))
    }

    fn run(&mut self) -> Result<()> {
        self.mean(&self.many[0], &self.many[1]).map(drop)
    }
}

/// A step of training: the passes and Adam.
fn step(inputs: &Inputs, config: &FlowConfig) -> Result<Box<dyn Row>> {
    let of = Parts::new(inputs, config)?;
    let pass = FlowPass::new(&of.flow).context("all members have passes")?;
    let weights = of.store.variables();
    let parameters = pass.names().map(|name| (name.to_owned(), weights[name].shallow_clone()));
    let adam = Adam::new(parameters.collect(), AdamConfig { lr: 1e-4, ..AdamConfig::default() })?;
    Ok(Box::new(StepRow { of, pass, adam }))
}

struct StepRow {
    of: Parts,
    pass: FlowPass,
    adam: Adam,
}

impl StepRow {
    fn update(&mut self) -> Result<f64> {
        let Self { of: Parts { x, context, .. }, pass, adam } = self;
        let (loss, gradients) = pass.loss_and_gradients(x, Some(context), None)?;
        adam.step(&gradients).expect("no other process");
        Ok(loss)
    }
}

impl Row for StepRow {
    fn check(&mut self) -> Result<Outputs> {
        (1..=2).map(|step| Ok((format!("loss.{step}"), self.update()?))).collect()
    }

    fn run(&mut self) -> Result<()> {
        self.update().map(drop)
    }
}
