//! Who is trained: ours by any step, theirs in a process of `theirs.py`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};
use astrogen::data::Batches;
use astrogen::models::{DcganConfig, DcganGenerator, Generator, weights};
use astrogen::train::GanStep;
use tch::{Device, Kind, Tensor, nn};

/// A generator that is trained.
pub(crate) trait Candidate: Sampled {
    /// So many steps; seconds.
    fn train(&mut self, steps: u64) -> Result<f64>;
}

/// What samples are drawn from.
pub(crate) trait Sampled {
    /// Images of new latents, `[N, C, H, W]`, signed, by each of the generators that it has: the one that
    /// is meant to be sampled from first.
    fn sample(&mut self, images: i64) -> Result<Vec<(String, Tensor)>>;
}

/// One of ours.
pub(crate) struct Ours<S> {
    pub(crate) name: String,
    pub(crate) step: S,
    pub(crate) batches: Batches,
    /// Of an article's DCGAN, whose last weights are looked at too, as PyTorch's users have them.
    pub(crate) last: Option<DcganConfig>,
}

impl<S: GanStep> Candidate for Ours<S> {
    fn train(&mut self, steps: u64) -> Result<f64> {
        let started = Instant::now();
        for _ in 0..steps {
            self.step.step(&self.batches.next_batch()?)?;
        }
        Ok(started.elapsed().as_secs_f64())
    }
}

impl<S: GanStep> Sampled for Ours<S> {
    fn sample(&mut self, images: i64) -> Result<Vec<(String, Tensor)>> {
        let generator = self.step.average();
        let latent = generator.latent(images);
        let mut samples = vec![(self.name.clone(), generator.sample(&latent)?)];
        if let Some(model) = &self.last {
            let weights = self.step.state().into_iter().filter_map(|(name, tensor)| {
                Some((name.strip_prefix("generator.")?.to_owned(), tensor))
            });
            let last = article_samples(model, &weights.collect(), &latent)?;
            samples.push((format!("{}, last weights", self.name), last));
        }
        Ok(samples)
    }
}

/// Images of the article's generator with these weights.
fn article_samples(
    model: &DcganConfig,
    weights: &BTreeMap<String, Tensor>,
    latent: &Tensor,
) -> Result<Tensor> {
    let store = nn::VarStore::new(Device::Cpu);
    let generator: DcganGenerator = model.init_generator(&store.root())?;
    weights::copy_into(generator.named_tensors(), weights, "a trained state_dict")?;
    Ok(generator.sample(latent)?)
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
    /// By an interpreter, of the images in `file`; the numbers are a batch's images, threads and the
    /// seed.
    pub(crate) fn start(
        python: &Path,
        file: &Path,
        model: &DcganConfig,
        numbers: [usize; 3],
    ) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/quality/theirs.py");
        let mut child = Command::new(python)
            .arg("-B")
            .arg(script)
            .arg(file)
            .arg(model.generator_features.to_string())
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
}

impl Sampled for Theirs {
    fn sample(&mut self, images: i64) -> Result<Vec<(String, Tensor)>> {
        let file = self.folder.path().join("generator.safetensors");
        self.ask(&format!("save {}", file.display()))?;
        let latent = Tensor::randn([images, self.model.latent_dim], (Kind::Float, Device::Cpu));
        let samples = article_samples(&self.model, &weights::read(&file)?.tensors, &latent)?;
        Ok(vec![("DCGAN in PyTorch".to_owned(), samples)])
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
