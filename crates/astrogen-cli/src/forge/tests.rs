//! What is typed, and what becomes of it.

use clap::{CommandFactory, Parser};

use super::{ForgeArguments, ForgeSampleArguments, assignment, source};

#[derive(Parser)]
struct Train {
    #[command(flatten)]
    arguments: ForgeArguments,
}

#[derive(Parser)]
struct Sample {
    #[command(flatten)]
    arguments: ForgeSampleArguments,
}

fn train(typed: &str) -> Result<ForgeArguments, String> {
    let typed = ["train"].into_iter().chain(typed.split_whitespace());
    Train::try_parse_from(typed).map(|of| of.arguments).map_err(|error| error.to_string())
}

fn sample(typed: &str) -> Result<ForgeSampleArguments, String> {
    let typed = ["sample"].into_iter().chain(typed.split_whitespace());
    Sample::try_parse_from(typed).map(|of| of.arguments).map_err(|error| error.to_string())
}

#[test]
fn arguments_hold_together() {
    Train::command().debug_assert();
    Sample::command().debug_assert();
}

#[test]
fn columns_have_names_sources_and_units() {
    let of = |text: &str| source(text).map(|(name, of)| (name, of.name, of.unit));
    let is = |name: &str, column: &str, unit: Option<&str>| {
        Ok((name.to_owned(), column.to_owned(), unit.map(str::to_owned)))
    };
    assert_eq!(of("age=t_form:Myr"), is("age", "t_form", Some("Myr")));
    assert_eq!(of("x=Coordinates[0]"), is("x", "Coordinates[0]", None));
    assert_eq!(of("mass=m:1e10 Msun/h"), is("mass", "m", Some("1e10 Msun/h")));
    for text in ["age", "=t", "age=", "age=:Myr"] {
        assert!(of(text).is_err_and(|rule| rule.contains("NAME=COLUMN:UNIT")), "{text}");
    }
    let told = train("--column age:Myr").err().unwrap_or_default();
    assert!(told.contains("NAME=COLUMN or NAME=COLUMN:UNIT"), "{told}");
}

#[test]
fn what_is_named_twice_is_refused() {
    let folder = std::env::temp_dir();
    for (typed, words) in [
        ("--column age=a age=b", "--column names age twice"),
        ("--floor metals=1e-5 --floor metals=1e-6", "--floor names metals twice"),
    ] {
        let typed = format!("--stars {} {typed}", folder.display());
        let told =
            train(&typed).expect("arguments").galaxies().err().map(|error| error.to_string());
        assert!(told.as_ref().is_some_and(|told| told.contains(words)), "{typed}: {told:?}");
    }
    let twice = sample("run --galaxy a --set tau50=6 tau50=7 --out o.npy").expect("arguments");
    let told = twice.sample().err().map(|error| error.to_string());
    assert!(told.is_some_and(|told| told.contains("--set names tau50 twice")));
}

#[test]
fn names_are_given_finite_numbers() {
    assert_eq!(assignment("m_stars=2e10"), Ok(("m_stars".to_owned(), 2e10)));
    assert_eq!(assignment("latent_3=-0.5"), Ok(("latent_3".to_owned(), -0.5)));
    for text in ["m_stars", "=1", "m_stars=", "m_stars=many", "m_stars=nan", "m_stars=inf"] {
        assert!(assignment(text).is_err_and(|rule| rule.contains("NAME=VALUE")), "{text}");
    }
}

#[test]
fn what_contradicts_is_refused() {
    assert!(train("--stars a --images b --column age=t x=px:Mpc --log10").is_ok());
    for (typed, words) in [
        ("--images b", "--stars"),
        ("--stars a --latents l --images b", "cannot be used with"),
        ("--stars a --latents l --encoder e", "cannot be used with"),
        ("--stars a --galaxies 5", "cannot be used with"),
        ("--flow glow", "nice, real_nvp"),
        ("--deal cards", "galaxies, stars"),
        ("--floor age", "NAME=VALUE"),
    ] {
        let told = train(typed).err().unwrap_or_default();
        assert!(told.contains(words), "{typed}: {told}");
    }
    for typed in [
        "run --galaxy a --out o.npy",
        "run --between a b 0.5 --set tau50=6 z_av=0.02 --out o.fits",
        "run --image a.png --encoder e --set m_stars=1e10 --out o.fits",
    ] {
        assert!(sample(typed).is_ok(), "{typed}");
    }
    for (typed, words) in [
        ("run --out o.npy", "--galaxy"),
        ("run --galaxy a", "--out"),
        ("run --between a b --out o.npy", "--between"),
        ("run --between a b 0.5 --galaxy c --out o.npy", "cannot be used with"),
        ("run --image i.png --galaxy c --out o.npy", "cannot be used with"),
        ("run --galaxy c --encoder e --out o.npy", "cannot be used with"),
        ("run --galaxy c --set tau50 --out o.npy", "NAME=VALUE"),
    ] {
        let told = sample(typed).err().unwrap_or_default();
        assert!(told.contains(words), "{typed}: {told}");
    }
}
