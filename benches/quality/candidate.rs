//! Who is trained: ours by any step, theirs in a process of `theirs.py`.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};
use astrogen::data::Batches;
use astrogen::models::{DcganConfig, DcganGenerator, Generator, weights};
use astrogen::train::GanStep;
use tch::{Device, Tensor, nn};

/// A generator that is trained.
pub(crate) trait Candidate {
    /// So many steps; seconds.
    fn train(&mut self, steps: u64) -> Result<f64>;

    /// Images of new latents, `[N, C, H, W]`, signed.
    fn sample(&mut self, images: i64) -> Result<Tensor>;
}

/// One of ours, of which the averaged generator is looked at.
pub(crate) struct Ours<S> {
    pub(crate) step: S,
    pub(crate) batches: Batches,
}

impl<S: GanStep> Candidate for Ours<S> {
    fn train(&mut self, steps: u64) -> Result<f64> {
        let started = Instant::now();
        for _ in 0..steps {
            self.step.step(&self.batches.next_batch()?)?;
        }
        Ok(started.elapsed().as_secs_f64())
    }

    fn sample(&mut self, images: i64) -> Result<Tensor> {
        let generator = self.step.average();
        Ok(generator.sample(&generator.latent(images))?)
    }
}

/// The article's DCGAN in PyTorch; it ends with this.
pub(crate) struct Theirs {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    model: DcganConfig,
    folder: tempfile::TempDir,
}

impl Theirs {
    /// By an interpreter with so many threads, of the images in `file`.
    pub(crate) fn start(
        python: &Path,
        threads: usize,
        file: &Path,
        model: &DcganConfig,
        batch_size: usize,
    ) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/quality/theirs.py");
        let numbers = [model.generator_features as usize, batch_size, threads];
        let mut child = Command::new(python)
            .arg("-B")
            .arg(script)
            .arg(file)
            .args(numbers.map(|number| number.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", python.display()))?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (requests, answers) = pipes.context("it was started with pipes")?;
        let (answers, folder) = (BufReader::new(answers), tempfile::tempdir()?);
        Ok(Self { child, requests, answers, model: model.clone(), folder })
    }

    fn ask(&mut self, request: &str) -> Result<f64> {
        writeln!(self.requests, "{request}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        serde_json::from_str(&answer)
            .with_context(|| format!("{request} was answered by {answer:?}"))
    }
}

impl Candidate for Theirs {
    fn train(&mut self, steps: u64) -> Result<f64> {
        self.ask(&format!("train {steps}"))
    }

    fn sample(&mut self, images: i64) -> Result<Tensor> {
        let file = self.folder.path().join("generator.safetensors");
        self.ask(&format!("save {}", file.display()))?;
        let store = nn::VarStore::new(Device::Cpu);
        let generator: DcganGenerator = self.model.init_generator(&store.root())?;
        let theirs = weights::read(&file)?.tensors;
        weights::copy_into(generator.named_tensors(), &theirs, "the peer's state_dict")?;
        Ok(generator.sample(&generator.latent(images))?)
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
