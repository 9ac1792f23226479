//! Holds the crates to the arrows that stand in `docs/architecture.md`, and every config to its
//! `validate`.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// For each crate the crates that it may name (or names), `tch` among them.
type Arrows = BTreeMap<String, BTreeSet<String>>;

fn page() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.md"))
        .unwrap()
}

/// Reads the block ```` ```arrows ````: a line `name -> name, name` a crate.
fn listed(page: &str) -> Arrows {
    let block = page.split("```arrows\n").nth(1).expect("the page has a block ```arrows");
    let block = block.split("```").next().unwrap();
    block
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let (name, targets) = line.split_once("->").expect("a line is `name -> name, name`");
            let targets = targets.split(',').map(str::trim).filter(|target| !target.is_empty());
            (name.trim().to_owned(), targets.map(str::to_owned).collect())
        })
        .collect()
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap()
}

/// The arrows that the manifests hold. What only tests and benches use is left out.
fn actual(metadata: &Metadata) -> Arrows {
    metadata
        .packages
        .iter()
        .map(|package| {
            let targets = package
                .dependencies
                .iter()
                .filter(|dependency| dependency.kind != DependencyKind::Development)
                .filter(|dependency| dependency.path.is_some() || dependency.name == "tch")
                .map(|dependency| dependency.name.clone());
            (package.name.to_string(), targets.collect())
        })
        .collect()
}

/// The arrows of `actual` that are not in `listed`.
fn outside(listed: &Arrows, actual: &Arrows) -> Vec<String> {
    actual
        .iter()
        .flat_map(|(name, targets)| targets.iter().map(move |target| (name, target)))
        .filter(|(name, target)| {
            !listed.get(*name).is_some_and(|allowed| allowed.contains(*target))
        })
        .map(|(name, target)| format!("{name} -> {target}"))
        .collect()
}

/// Every crate that `name` reaches through the arrows.
fn reached(arrows: &Arrows, name: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![name.to_owned()];
    while let Some(next) = open.pop() {
        for target in arrows.get(&next).into_iter().flatten() {
            if found.insert(target.clone()) {
                open.push(target.clone());
            }
        }
    }
    found
}

#[test]
fn no_crate_points_where_it_may_not() {
    let outside = outside(&listed(&page()), &actual(&metadata()));
    assert!(
        outside.is_empty(),
        "not in docs/architecture.md: {outside:?}; take the dependency out, or add the arrow there \
         with its reason"
    );
}

#[test]
fn the_page_lists_exactly_the_crates_that_exist() {
    let page = page();
    let names: Vec<_> = actual(&metadata()).into_keys().collect();
    assert_eq!(listed(&page).into_keys().collect::<Vec<_>>(), names);
    for name in names {
        let row = format!("| `{name}` |");
        assert!(page.contains(&row), "the code map has no row {row}");
    }
}

#[test]
fn no_crate_calls_back_and_the_light_ones_are_free_of_libtorch() {
    let arrows = listed(&page());
    for name in arrows.keys() {
        assert!(!reached(&arrows, name).contains(name), "{name} reaches itself");
    }
    let light =
        ["astrogen-fits", "astrogen-catalog", "astrogen-preprocess", "astrogen-sky", "xtask"];
    for name in light {
        assert!(!reached(&arrows, name).contains("tch"), "{name} reaches libtorch");
    }
}

#[test]
fn who_trains_opens_no_file() {
    let opens_files = ["astrogen-fits", "astrogen-catalog", "astrogen-preprocess"];
    for name in ["astrogen-data", "astrogen-losses", "astrogen-models", "astrogen-train"] {
        let reached = reached(&listed(&page()), name);
        let found = opens_files.into_iter().find(|&crate_| reached.contains(crate_));
        assert_eq!(found, None, "{name} reaches it");
    }
}

#[test]
fn a_crate_lies_in_the_folder_of_its_name() {
    for package in metadata().packages {
        let folder = package.manifest_path.parent().unwrap();
        if folder.file_name() != Some(package.name.as_str()) {
            assert_eq!(package.name.as_str(), "astrogen", "{folder}");
        }
    }
}

#[test]
fn a_forbidden_arrow_is_found() {
    let allowed = listed("```arrows\na -> b, tch\nb ->\n```\n");
    let made = |name: &str, target: &str| {
        Arrows::from([(name.to_owned(), BTreeSet::from([target.to_owned()]))])
    };
    assert!(outside(&allowed, &made("a", "tch")).is_empty());
    assert_eq!(outside(&allowed, &made("b", "a")), ["b -> a"]);
    assert_eq!(outside(&allowed, &made("c", "b")), ["c -> b"]);
}

/// Configs without a `validate`, each with its reason.
const WITHOUT_VALIDATE: [&str; 0] = [];

/// The Rust sources below a folder, as one text.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &sources(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text += &std::fs::read_to_string(&path).unwrap();
        }
    }
    text
}

/// The public configs of a source text that do not say by `validate` whether they can be.
fn unchecked(source: &str) -> Vec<String> {
    let structs = source.split("\npub struct ").skip(1);
    let names = structs.filter_map(|rest| rest.split([' ', '<', ';', '(']).next());
    let blocks: Vec<(&str, &str)> = source
        .split("\nimpl")
        .skip(1)
        .filter_map(|rest| rest.split("\n}\n").next()?.split_once(" {\n"))
        .filter(|(head, _)| !head.contains(" for "))
        .collect();
    let is_of = |head: &str, name: &str| {
        let (_, own) = head.rsplit_once(' ').unwrap_or_default();
        own.split('<').next() == Some(name)
    };
    let checks = |name: &str| {
        let mut own = blocks.iter().filter(|(head, _)| is_of(head, name));
        own.any(|(_, body)| body.contains("pub fn validate(&self)"))
    };
    names
        .filter(|name| name.ends_with("Config") && !WITHOUT_VALIDATE.contains(name))
        .filter(|name| !checks(name))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_config_has_validate() {
    for package in metadata().packages {
        let source = package.manifest_path.parent().unwrap().join("src");
        if source.exists() {
            let (name, found) = (&package.name, unchecked(&sources(source.as_std_path())));
            assert!(found.is_empty(), "{name}: {found:?} without `pub fn validate(&self)`");
        }
    }
}

#[test]
fn a_config_without_validate_is_found() {
    let with = "\npub struct AConfig {\n}\n\nimpl AConfig {\n    pub fn validate(&self) {}\n}\n";
    assert!(unchecked(with).is_empty());
    let generic =
        "\npub struct CConfig<N> {\n}\n\nimpl<N> CConfig<N> {\n    pub fn validate(&self) {}\n}\n";
    assert!(unchecked(generic).is_empty());
    let without = "\npub struct BConfig {\n}\n\nimpl BConfig {\n    fn check(&self) {}\n}\n";
    assert_eq!(unchecked(&[without, with].concat()), ["BConfig"]);
}
