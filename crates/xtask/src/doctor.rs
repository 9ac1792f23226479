//! `cargo xtask doctor`: what was found, and for whatever is wrong the exact mend.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;

use crate::libtorch::{Libtorch, VERSION, library_name};
use crate::program::missing_libraries;
use crate::report::Report;
use crate::say::say;
use crate::wheel::Variant;
use crate::{cache, config, cuda, environment, machine};

/// Prints the report; the exit code is 1 when something needed is wrong.
pub(crate) fn run() -> Result<ExitCode> {
    let mut report = Report::default();
    let libtorch = libtorch(&mut report);
    environment::check(&mut report, libtorch.as_ref());
    machine::tools(&mut report, libtorch.as_ref());
    machine::processor(&mut report);
    cuda::check(&mut report, libtorch.as_ref());
    say(&report);
    Ok(if report.wrongs() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Adds libtorch to the report: where, which version and ABI, whole, loadable.
fn libtorch(report: &mut Report) -> Option<Libtorch> {
    const SETUP: &str = "cargo xtask setup";
    let recorded = config::current();
    let environment = std::env::var_os("LIBTORCH").filter(|v| !v.is_empty()).map(PathBuf::from);
    let (root, origin) = match (environment, &recorded) {
        (Some(root), recorded) if recorded.as_ref() != Some(&root) => {
            (root, "the variable LIBTORCH")
        }
        (_, Some(root)) => (root.clone(), ".cargo/libtorch.toml"),
        (_, None) => {
            report.wrong("libtorch", "this clone is not set up", SETUP);
            return None;
        }
    };
    let libtorch = match Libtorch::open(&root) {
        Ok(libtorch) => libtorch,
        Err(why) => {
            let mend = if origin.contains("LIBTORCH") {
                format!("unset LIBTORCH, then {SETUP}; or point LIBTORCH to a libtorch {VERSION}")
            } else {
                SETUP.to_owned()
            };
            report.wrong("libtorch", format!("{why:#} (named by {origin})"), &mend);
            return None;
        }
    };
    report.fine("libtorch", format!("{} (named by {origin})", libtorch.root.display()));
    report.fine("version", libtorch.version.clone());
    match libtorch.cxx11_abi() {
        Some(false) => report.wrong(
            "C++ ABI",
            "pre-C++11: this libtorch does not link with today's compilers' defaults",
            &format!("use the cxx11 ABI build of libtorch {VERSION}: unset LIBTORCH, then {SETUP}"),
        ),
        Some(true) => report.fine("C++ ABI", "C++11 (_GLIBCXX_USE_CXX11_ABI=1)"),
        None if !cfg!(target_os = "linux") => {}
        None => report.note("C++ ABI", "unknown: the C10 library cannot be read"),
    }
    whole(report, &libtorch);
    if let Some(missing) = missing_libraries(&libtorch.lib().join(library_name("torch_cpu"))) {
        if missing.is_empty() {
            report.fine("loading", "every library that libtorch needs is found");
        } else {
            report.wrong(
                "loading",
                format!("libtorch needs {}, not found", missing.join(", ")),
                SETUP,
            );
        }
    }
    match config::render(&libtorch) {
        Err(why) => report.wrong("clone", why.to_string(), "move libtorch, then cargo xtask setup"),
        Ok(text) => {
            if std::fs::read_to_string(config::path()).is_ok_and(|found| found == text) {
                report.fine("clone", "set up: .cargo/libtorch.toml names this libtorch");
            } else {
                report.wrong(
                    "clone",
                    ".cargo/libtorch.toml is missing or names another libtorch",
                    SETUP,
                );
            }
        }
    }
    Some(libtorch)
}

/// Compares a libtorch of the cache with its marker and with pip's lists.
fn whole(report: &mut Report, libtorch: &Libtorch) {
    let Ok(cache) = cache::directory() else {
        return;
    };
    let Some(variant) = Variant::of(&cache, &libtorch.root) else {
        return;
    };
    let site = libtorch.root.parent().unwrap_or(Path::new("/"));
    match variant.verify(site) {
        Err(why) => report.wrong(
            "wholeness",
            format!("{why:#}"),
            &format!("rm -r '{}', then cargo xtask setup --{variant}", site.display()),
        ),
        Ok(_) if !variant.is_whole(&cache) => report.wrong(
            "wholeness",
            "the folder lacks the mark of a finished set-up",
            &format!("cargo xtask setup --{variant}"),
        ),
        Ok(files) => {
            report.fine("wholeness", format!("{variant}, all {files} files as pip left them"))
        }
    }
}
