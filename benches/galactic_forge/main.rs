//! Flows over the stars of simulated galaxies: ours beside the original's training.
//!
//! ```text
//! cargo bench --bench galactic_forge -- --python "$(cargo xtask python)"
//! ```
//!
//! The galaxies, how their stars are cleaned, and which of them are left out are those of
//! `examples/galactic_forge.rs`, the conditions its four parameters. Three flows of the same layers
//! learn from these stars, a block of steps each in turn, so that a machine that others share is as
//! slow to one as to the next: ours, and two in PyTorch (`theirs.py`), by the original's schedule and by
//! one that lives. Then each says how likely the stars of the galaxies left out are, in nats per star
//! in physical units, and samples stars for given conditions.

mod report;
mod theirs;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use astrogen::data::{Batches, Grouped, tensor_of};
use astrogen::flows::Member;
use astrogen::forge::{Galaxies, GalaxiesConfig, Part, Recipe, StarStep};
use astrogen::runtime::{seed_everything, set_threads, tune_allocator};
use astrogen::train::Step;
use astrogen_cli::{ForgeArguments, say};
use clap::Parser;
use ndarray::Axis;
use tch::{Device, Kind, Tensor, no_grad};

use crate::report::{Line, Row};
use crate::theirs::Theirs;

/// Steps of one side before it is the other's turn.
const BLOCK: u64 = 100;

/// How often samples are timed.
const TIMES: usize = 3;

#[derive(Parser)]
struct Arguments {
    /// The interpreter of `cargo xtask python`.
    #[arg(long)]
    python: Option<PathBuf>,
    /// Only these flows; real_nvp is what zuko calls NICE.
    #[arg(long, num_args = 1..,
        default_values = ["maf", "nice", "real_nvp", "sospf", "nsf", "galactic"])]
    flow: Vec<String>,
    /// Steps of training.
    #[arg(long, default_value_t = 3000)]
    steps: u64,
    /// Threads of either side; all cores if left out.
    #[arg(long)]
    threads: Option<usize>,
    /// Stars whose sampling is timed; of sospf zuko draws a hundredth of them.
    #[arg(long, default_value_t = 100_000)]
    count: usize,
    /// Which galaxies: options of the example, after `--`.
    #[arg(last = true)]
    galaxies: Vec<String>,
    /// What cargo says to a bench.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Parser)]
struct Example {
    #[command(flatten)]
    of: ForgeArguments,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let Some(python) = &arguments.python else {
        say("give --python \"$(cargo xtask python)\"");
        return Ok(());
    };
    tune_allocator();
    let threads = set_threads(arguments.threads);
    let options = [&["galactic_forge".to_owned()], &arguments.galaxies[..]].concat();
    let (config, _) = Example::try_parse_from(options)?.of.galaxies()?;
    let galaxies = Galaxies::open(&config)?;
    say(galaxies.report());
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("stars.safetensors");
    write(&galaxies, &file)?;
    say(report::HEAD);
    for flow in &arguments.flow {
        let python = (python.as_path(), threads);
        say(compare(flow, &arguments, python, (&config, &galaxies), &file)?);
    }
    Ok(())
}

/// The stars that train and that are judged, each with its galaxy's row in the table of conditions.
fn write(galaxies: &Galaxies, file: &Path) -> Result<()> {
    let table = galaxies.conditions();
    let train = table.galaxies().iter().enumerate();
    let train = train.filter(|(_, galaxy)| galaxy.part == Part::Train).map(|(row, _)| row);
    let mut tensors = vec![("conditions".to_owned(), tensor_of(&table.values())?)];
    let parts: [(&str, Vec<usize>); 2] =
        [("train", train.collect()), ("judge", galaxies.judged().collect())];
    for (name, rows) in parts {
        let (mut stars, mut of) = (Vec::new(), Vec::new());
        for row in rows {
            let own = match name {
                "train" => galaxies.training_stars(Some(row), usize::MAX)?,
                _ => galaxies.judged_stars(row, usize::MAX)?,
            };
            of.push(Tensor::full([own.nrows() as i64], row as i64, (Kind::Int64, Device::Cpu)));
            stars.push(tensor_of(&own)?);
        }
        tensors.push((format!("{name}.stars"), Tensor::cat(&stars, 0)));
        tensors.push((format!("{name}.galaxy"), Tensor::cat(&of, 0)));
    }
    Ok(Tensor::write_safetensors(&tensors, file)?)
}

/// Trains the three flows of a member in turn, times their sampling and judges them.
fn compare(
    name: &str,
    arguments: &Arguments,
    python: (&Path, usize),
    (config, galaxies): (&GalaxiesConfig, &Galaxies),
    file: &Path,
) -> Result<Row> {
    let member: Member = name.parse()?;
    let (steps, count) = (arguments.steps, arguments.count);
    let hidden = vec![128; if member == Member::Galactic { 3 } else { 2 }];
    let transforms = match member {
        Member::RealNvp => Some(30),
        Member::Nsf => Some(3),
        _ => None,
    };
    let recipe = Recipe { member, transforms, hidden, lr: 2e-3, steps, ..Recipe::default() };
    let mut ours = Ours::new(&recipe, config, galaxies)?;
    let start = |schedule| Theirs::start(python, file, name, schedule, steps);
    let mut theirs = [start("cosine")?, start("original")?];
    // zuko halves brackets through the whole function, for each feature.
    let their_count = if member == Member::Sospf { count / 100 } else { count };

    let mut sides = [Line::new("here"), Line::new("cosine"), Line::new("original")];
    let mut done = 0;
    while done < steps {
        let block = BLOCK.min(steps - done);
        sides[0].seconds.push(ours.train(block)? / block as f64);
        for (theirs, line) in theirs.iter_mut().zip(&mut sides[1..]) {
            line.seconds.push(theirs.train(block)? / block as f64);
        }
        done += block;
    }
    for _ in 0..TIMES {
        sides[0].sampled.push(ours.sample(count)? / count as f64);
        for (theirs, line) in theirs.iter_mut().zip(&mut sides[1..]) {
            line.sampled.push(theirs.sample(their_count)? / their_count as f64);
        }
    }
    sides[0].likelihoods = ours.judge()?;
    for (theirs, line) in theirs.iter_mut().zip(&mut sides[1..]) {
        line.likelihoods = theirs.judge()?;
    }
    Ok(Row { flow: name.to_owned(), steps, sides })
}

/// Our side.
struct Ours<'a> {
    step: StarStep,
    batches: Batches<Grouped>,
    galaxies: &'a Galaxies,
}

impl<'a> Ours<'a> {
    fn new(recipe: &Recipe, config: &GalaxiesConfig, galaxies: &'a Galaxies) -> Result<Self> {
        let config = recipe.config(config.clone(), galaxies)?;
        let stars = Arc::new(galaxies.training(config.deal));
        let batches = Batches::new(stars, &config.batches, Device::Cpu)?;
        seed_everything(config.fit.seed);
        let conditions = galaxies.conditions().values();
        let step = StarStep::new(&config.flow, &config.algorithm, &conditions, Device::Cpu)?;
        Ok(Self { step, batches, galaxies })
    }

    /// So many steps; seconds.
    fn train(&mut self, steps: u64) -> Result<f64> {
        let started = Instant::now();
        for _ in 0..steps {
            self.step.step(&self.batches.next_batch()?)?;
        }
        Ok(started.elapsed().as_secs_f64())
    }

    /// Draws so many stars, each for conditions of its own; seconds.
    fn sample(&self, count: usize) -> Result<f64> {
        let table = self.galaxies.conditions().values();
        let judged: Vec<usize> = self.galaxies.judged().collect();
        let rows: Vec<usize> = judged.into_iter().cycle().take(count).collect();
        let contexts = tensor_of(&table.select(Axis(0), &rows))?.to_kind(Kind::Float);
        let started = Instant::now();
        let mut samples = vec![0.0; count * self.galaxies.ranges().len()];
        self.step.flow().given(&contexts)?.sample_rows(0, 0, &mut samples)?;
        Ok(started.elapsed().as_secs_f64())
    }

    /// The mean log-likelihood of the stars of each galaxy that is judged.
    fn judge(&self) -> Result<Vec<f64>> {
        let table = self.galaxies.conditions().values();
        let one = |row: usize| -> Result<f64> {
            let stars = tensor_of(&self.galaxies.judged_stars(row, usize::MAX)?)?;
            let context = tensor_of(&table.select(Axis(0), &[row]))?.to_kind(Kind::Float).get(0);
            let log_prob = no_grad(|| self.step.flow().given(&context)?.log_prob(&stars))?;
            Ok(log_prob.mean(Kind::Double).double_value(&[]))
        };
        self.galaxies.judged().map(one).collect()
    }
}
