//! Chooses libtorch and sets this clone up with it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cache;
use crate::config;
use crate::libtorch::{Libtorch, VERSION};
use crate::say::note;
use crate::wheel::Variant;

/// What the user asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// Whatever works: what is set up already stays.
    Any,
    Cpu,
    Cuda,
}

/// Where libtorch is to come from.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    /// The folder the user's `LIBTORCH` names.
    Given(PathBuf),
    /// The folder an earlier set-up of this clone wrote down.
    Recorded(PathBuf),
    /// The wheel in the cache.
    Wheel(Variant),
}

/// Sets this clone up: finds or fetches libtorch and writes `.cargo/libtorch.toml`.
///
/// Returns `None` on a machine without a wheel, where torch-sys downloads libtorch
/// itself as part of the build.
pub(crate) fn run(request: Request) -> Result<Option<Libtorch>> {
    let recorded = config::current();
    let environment = std::env::var_os("LIBTORCH").map(PathBuf::from);
    let libtorch = match choose(request, environment, recorded)? {
        Source::Given(root) => given(&root)?,
        Source::Wheel(variant) => match fetch(variant)? {
            Some(libtorch) => libtorch,
            None => return Ok(None),
        },
        Source::Recorded(root) => match reuse(&root) {
            Ok(libtorch) => libtorch,
            Err(why) => {
                note(format_args!(
                    "The libtorch of the last set-up is of no use any more: {why:#}"
                ));
                match fetch(Variant::Cpu)? {
                    Some(libtorch) => libtorch,
                    None => return Ok(None),
                }
            }
        },
    };
    if config::write(&config::path(), &config::render(&libtorch)?)? {
        note(format_args!(
            "Set up with libtorch {} in {}. Plain `cargo run`, `cargo test` and `cargo bench` work \
             in this clone now.",
            libtorch.version,
            libtorch.root.display()
        ));
    } else {
        note(format_args!(
            "libtorch {} in {} is set up.",
            libtorch.version,
            libtorch.root.display()
        ));
    }
    Ok(Some(libtorch))
}

/// Decides from what was asked for, the variable `LIBTORCH` and the last set-up.
///
/// `cargo run` hands the recorded folder on as `LIBTORCH`, so a variable that repeats
/// the record is not the user's word.
fn choose(
    request: Request,
    environment: Option<PathBuf>,
    recorded: Option<PathBuf>,
) -> Result<Source> {
    let given = environment.filter(|path| !path.as_os_str().is_empty());
    let given = given.filter(|path| recorded.as_ref() != Some(path));
    let variant = match request {
        Request::Any => {
            return Ok(match (given, recorded) {
                (Some(path), _) => Source::Given(path),
                (None, Some(path)) => Source::Recorded(path),
                (None, None) => Source::Wheel(Variant::Cpu),
            });
        }
        Request::Cpu => Variant::Cpu,
        Request::Cuda => Variant::Cuda,
    };
    if let Some(path) = given {
        bail!(
            "LIBTORCH is set to {}, which goes before --{variant}. Run `unset LIBTORCH` first, or \
             `cargo xtask setup` without an option to use that folder",
            path.display()
        );
    }
    Ok(Source::Wheel(variant))
}

/// The user's own libtorch.
fn given(root: &Path) -> Result<Libtorch> {
    Libtorch::open(root).with_context(|| {
        format!(
            "LIBTORCH cannot be used. Run `unset LIBTORCH` and then `cargo xtask setup` to have \
             libtorch {VERSION} fetched, or point LIBTORCH to an unpacked libtorch {VERSION} (the \
             folder with include/ and lib/)"
        )
    })
}

/// The libtorch of the last set-up; one in the cache must be whole still.
fn reuse(root: &Path) -> Result<Libtorch> {
    let cache = cache::directory()?;
    match Variant::of(&cache, root) {
        Some(variant) => variant.fetch(),
        None => Libtorch::open(root),
    }
}

fn fetch(variant: Variant) -> Result<Option<Libtorch>> {
    if variant.is_available() {
        return variant.fetch().map(Some);
    }
    if variant == Variant::Cuda {
        bail!(
            "--cuda fetches libtorch for Linux with glibc on x86-64 and Arm only. Here, unpack a CUDA \
             libtorch {VERSION} yourself, if there is one, and `export LIBTORCH=/path/to/libtorch`"
        );
    }
    note(format_args!(
        "The package index has no libtorch for this machine. torch-sys downloads libtorch {VERSION} \
         during the build where one is published; elsewhere unpack or build one yourself and \
         `export LIBTORCH=/path/to/libtorch`."
    ));
    Ok(None)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn source(request: Request, environment: Option<&str>, recorded: Option<&str>) -> Source {
        choose(request, environment.map(PathBuf::from), recorded.map(PathBuf::from)).unwrap()
    }

    #[test]
    fn libtorch_comes_from_the_variable_then_the_last_set_up_then_the_wheel() {
        use Request::Any;
        assert_eq!(source(Any, None, None), Source::Wheel(Variant::Cpu));
        assert_eq!(source(Any, Some(""), None), Source::Wheel(Variant::Cpu));
        assert_eq!(source(Any, None, Some("/r")), Source::Recorded("/r".into()));
        assert_eq!(source(Any, Some("/e"), Some("/r")), Source::Given("/e".into()));
    }

    #[test]
    fn a_variable_that_cargo_handed_on_is_not_the_users_word() {
        assert_eq!(source(Request::Any, Some("/r"), Some("/r")), Source::Recorded("/r".into()));
        let cuda = source(Request::Cuda, Some("/r"), Some("/r"));
        assert_eq!(cuda, Source::Wheel(Variant::Cuda));
        assert_eq!(source(Request::Cpu, None, Some("/r")), Source::Wheel(Variant::Cpu));
    }

    #[test]
    fn an_option_against_the_variable_is_refused_with_the_mend() {
        let error = choose(Request::Cuda, Some("/e".into()), None).unwrap_err().to_string();
        assert!(error.contains("/e, which goes before --cuda"), "{error}");
        assert!(error.contains("unset LIBTORCH"), "{error}");
    }

    #[test]
    fn another_version_is_refused_with_the_mend() {
        let folder = tempfile::tempdir().unwrap();
        crate::libtorch::tests::fake(folder.path(), "2.5.1+cpu");
        let message = format!("{:#}", given(folder.path()).unwrap_err());
        assert!(message.contains("unset LIBTORCH"), "{message}");
        assert!(message.contains("cargo xtask setup"), "{message}");
        assert!(message.contains("holds libtorch 2.5.1+cpu"), "{message}");
    }
}
