//! What the image examples have in common: the loop with its observers ([`training`]), and figures
//! that may be left out ([`figure`]).

pub(crate) mod figure;
pub(crate) mod training;

use astrogen::models::weights::fingerprint;
use astrogen::models::{Generator, Network};
use training::Look;

/// What is looked at while an algorithm trains generators `G`: `generator` gives the one that samples
/// are drawn from, `curves` are the columns of the history under `title`.
pub(crate) fn look<S, G: Generator + Network + 'static>(
    generator: fn(&S) -> &dyn Generator,
    title: &'static str,
    curves: &'static [&'static str],
) -> Look<S> {
    let trained = |folder: &std::path::Path, device| -> anyhow::Result<training::Trained> {
        let generator = G::load(folder, device)?;
        let model = fingerprint(&generator.named_tensors())?;
        Ok((Box::new(generator), model))
    };
    Look { generator, trained, file: G::FILE, title, curves }
}
