//! A program's arguments, of which a run that goes on takes some.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, Parser};

/// What `--resume` takes beside it: the options of [`RunArguments`](crate::RunArguments) that a run that goes on
/// heeds, and `--trials` of a search.
const HEEDED: [&str; 9] = [
    "resume",
    "steps",
    "epochs",
    "checkpoint_every",
    "patience",
    "device",
    "precision",
    "threads",
    "trials",
];

/// The arguments that the program was started with, as [`Parser::parse`] has them; beside `--resume` only those
/// that a run that goes on heeds, as it keeps the settings that it was begun with. Where they are none it says
/// so and ends the program.
#[must_use]
pub fn parse<A: Parser>() -> A {
    parsed(std::env::args_os()).unwrap_or_else(|error| error.exit())
}

fn parsed<A: Parser>(words: impl IntoIterator<Item = OsString>) -> Result<A, clap::Error> {
    let mut command = A::command();
    let matches = command.try_get_matches_from_mut(words)?;
    let of_mode = matches.subcommand().and_then(|(name, matches)| {
        command.find_subcommand_mut(name).map(|command| (command, matches))
    });
    match of_mode {
        Some((command, matches)) => check(command, matches)?,
        None => check(&mut command, &matches)?,
    }
    A::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Refuses what a run that goes on does not heed.
fn check(command: &mut Command, matches: &ArgMatches) -> Result<(), clap::Error> {
    let source = |arg: &Arg| matches.value_source(arg.get_id().as_str());
    let typed = |arg: &&Arg| source(arg) == Some(ValueSource::CommandLine);
    let typed: Vec<&Arg> = command.get_arguments().filter(typed).collect();
    if !typed.iter().any(|arg| arg.get_id() == "resume") {
        return Ok(());
    }
    let ignored = typed.into_iter().filter(|arg| !HEEDED.contains(&arg.get_id().as_str()));
    let ignored: Vec<String> = ignored
        .map(|arg| format!("--{}", arg.get_long().unwrap_or(arg.get_id().as_str())))
        .collect();
    if ignored.is_empty() {
        return Ok(());
    }
    Err(command.error(
        ErrorKind::ArgumentConflict,
        format!(
            "{} cannot be given with --resume: a run that goes on keeps the settings that it was begun with \
             (a new run takes others)",
            ignored.join(", ")
        ),
    ))
}

#[cfg(test)]
mod tests {
    use clap::Subcommand;

    use super::*;
    use crate::{DcganArguments, ForgeArguments, ImageArguments, RunArguments, SearchArguments};

    #[derive(Debug, Parser)]
    #[command(args_conflicts_with_subcommands = true)]
    struct Program {
        #[command(subcommand)]
        mode: Option<Mode>,
        #[command(flatten)]
        images: ImageArguments,
        #[command(flatten)]
        run: RunArguments,
        #[command(flatten)]
        networks: DcganArguments,
    }

    #[derive(Debug, Subcommand)]
    enum Mode {
        Train(Box<ForgeArguments>),
        Search(Box<SearchArguments>),
    }

    fn refused(typed: &str) -> Option<String> {
        let words = ["program"].into_iter().chain(typed.split(' ')).map(OsString::from);
        parsed::<Program>(words).err().map(|error| error.to_string())
    }

    #[test]
    fn a_run_that_goes_on_takes_what_it_heeds() {
        let length = "--steps 9 --checkpoint-every 3 --patience 6";
        let machine = "--device cpu --precision f32 --threads 1";
        for typed in [
            format!("--resume run {length} {machine}"),
            "--resume run --epochs 4".to_owned(),
            format!("train --resume run {length} {machine}"),
            format!("search --resume run --trials 7 {machine}"),
            // A new run takes all.
            "--data sky --image-size 32 --lr 1e-4 --seed 5 --recipe r3gan --out run".to_owned(),
            "train --stars galaxies --floor age=1e-3 --column x=px --lr 1e-4".to_owned(),
        ] {
            assert_eq!(refused(&typed), None, "{typed}");
        }
    }

    #[test]
    fn a_run_that_goes_on_names_what_it_would_ignore() {
        for (typed, names) in [
            ("--resume run --lr 1e-4", "--lr cannot"),
            ("--lr 2e-3 --resume run --steps 9 --seed 5", "--seed, --lr cannot"),
            ("--resume run --data sky --image-size 64", "--data, --image-size cannot"),
            ("--resume run --recipe sharp", "--recipe cannot"),
            ("--resume run --spectral-norm", "--spectral-norm cannot"),
            ("train --resume run --flow maf", "--flow cannot"),
            ("train --resume run --floor age=1e-3", "--floor cannot"),
            ("search --resume run --trials 7 --where flags==0", "--where cannot"),
        ] {
            let told = refused(typed).unwrap_or_default();
            assert!(told.contains(names), "{typed}: {told}");
            assert!(told.contains("keeps the settings that it was begun with"), "{typed}: {told}");
        }
        // Of these clap says it.
        for typed in ["--out b", "--best-by coverage", "--from b", "--minutes 3"] {
            let told = refused(&format!("--resume run {typed}")).unwrap_or_default();
            assert!(told.contains("cannot be used with '--"), "{typed}: {told}");
        }
    }
}
