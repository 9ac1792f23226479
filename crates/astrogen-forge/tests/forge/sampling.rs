//! Stars of a galaxy, however they are asked for and wherever they go.

use std::fs;
use std::path::Path;

use astrogen_catalog::{Catalog, CatalogOptions};
use astrogen_flows::Member;
use astrogen_forge::{Forge, GalaxiesConfig, Recipe, Wanted};
use astrogen_stars::{COLUMNS, GalaxyFile, Layout, UNITS};
use ndarray::{Array2, s};
use tch::Device;

use crate::{alter, forge, names, place, refusal, settings, small, suite, trained, turn};

/// Which stars of two tables differ.
fn different(a: &Array2<f64>, b: &Array2<f64>) -> usize {
    a.rows().into_iter().zip(b.rows()).filter(|(a, b)| a != b).count()
}

#[test]
fn a_star_depends_on_its_number_and_the_seed_alone() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let stars = suite(folder.path());
    let members = [Member::Maf, Member::Nsf, Member::Nice, Member::Sospf, Member::Galactic];
    for member in members {
        let path = folder.path().join(format!("{member:?}"));
        let features = names(&["x", "vz", "metals", "age"]);
        let data = GalaxiesConfig { features, ..settings(&stars) };
        trained(&path, &Recipe { member, ..small() }, data);
        let forge = Forge::load(&path, Device::Cpu).unwrap();
        // Far outside, many stars have to be drawn anew.
        let near = forge.like("g0001").unwrap();
        let far = forge.set(near.clone(), "tau50", 30.0).unwrap();
        for wanted in [near, far] {
            let whole = forge.stars(&wanted, 2000, 3).unwrap();
            for count in [1, 7, 300, 1999] {
                let piece = forge.stars(&wanted, count, 3).unwrap();
                let of_whole = whole.slice(s![..count, ..]).to_owned();
                assert_eq!(different(&piece, &of_whole), 0, "{member:?}: {count}");
            }
            let threads = tch::get_num_threads();
            tch::set_num_threads(if threads == 1 { 2 } else { 1 });
            let again = forge.stars(&wanted, 2000, 3).unwrap();
            tch::set_num_threads(threads);
            assert_eq!(different(&again, &whole), 0, "{member:?}: threads");
            assert_ne!(forge.stars(&wanted, 2000, 4).unwrap(), whole);
        }
    }
}

#[test]
fn stars_stay_within_the_ranges_that_trained() {
    let _turn = turn();
    let forge = forge();
    let wanted = forge.like("g0001").unwrap();
    let far = forge.set(wanted.clone(), "tau10", 50.0).unwrap();
    for wanted in [wanted, far] {
        let stars = forge.stars(&wanted, 3000, 0).unwrap();
        for (name, (column, [low, high])) in forge
            .config()
            .galaxies
            .features
            .iter()
            .zip(stars.columns().into_iter().zip(&forge.config().ranges))
        {
            let margin = 0.1 * (high - low) * (1.0 + 1e-6);
            for &value in column {
                assert!((low - margin..=high + margin).contains(&value), "{name} = {value}");
                // What is never below 0 is not sampled there.
                assert!(*low < 0.0 || value >= 0.0, "{name} = {value}");
            }
        }
    }
}

/// The columns of a file, by name.
fn read(path: &Path, columns: &[&str]) -> Vec<Vec<f64>> {
    let catalog = Catalog::open(path, &CatalogOptions::default()).unwrap();
    catalog.read(columns).unwrap().0.values().to_vec()
}

#[test]
fn every_file_has_the_same_stars_and_the_galaxys_mass() {
    let _turn = turn();
    let forge = forge();
    let folder = tempfile::tempdir().unwrap();
    let wanted = forge.set(forge.like("g0001").unwrap(), "m_stars", 3e10).unwrap();
    // More than are drawn at a time.
    let count = 70_000;
    let expected = forge.stars(&wanted, count, 5).unwrap();
    let features = &forge.config().galaxies.features;
    let written: Vec<&str> = features.iter().map(|x| &x[..]).chain(["mass"]).collect();
    for name in ["a.fits", "a.parquet", "a.hdf5", "a.npy"] {
        let path = folder.path().join(name);
        forge.sample(&wanted, count as u64, 5, &path).unwrap();
        let columns = match name {
            "a.npy" => {
                let bytes = fs::read(&path).unwrap();
                let header = String::from_utf8_lossy(&bytes[..128]);
                assert!(header.contains("'descr': '<f4'"), "{header}");
                assert!(header.contains("'fortran_order': False"), "{header}");
                assert!(header.contains("'shape': (11, 70000, )"), "{header}");
                assert_eq!(bytes.len(), 128 + 4 * 11 * count);
                let galaxy = GalaxyFile::find(&path).unwrap()[0].read(&Layout::default()).unwrap();
                let column = |name: &&str| galaxy.stars.column(name).unwrap().to_vec();
                written.iter().map(column).collect()
            }
            _ => read(&path, &written),
        };
        for (feature, column) in features.iter().zip(&columns) {
            let place = features.iter().position(|name| name == feature).unwrap();
            assert_eq!(expected.column(place).to_vec(), *column, "{name}: {feature}");
        }
        let mass: f64 = columns[10].iter().sum();
        assert!((mass / 3e10 - 1.0).abs() < 1e-6, "{name}: {mass}");
        // What is there stays.
        let before = fs::read(&path).unwrap();
        let message = refusal(forge.sample(&wanted, 10, 6, &path));
        assert!(message.contains("exists; name a file that does not"), "{message}");
        assert!(before == fs::read(&path).unwrap());
    }
    let table = Catalog::open(folder.path().join("a.fits"), &CatalogOptions::default()).unwrap();
    for info in table.columns() {
        let place = COLUMNS.iter().position(|name| *name == info.name).unwrap();
        assert_eq!(info.unit.as_deref().unwrap_or_default(), UNITS[place], "{}", info.name);
    }
    let header = fs::read(folder.path().join("a.fits")).unwrap();
    let header = String::from_utf8_lossy(&header[..8640]).into_owned();
    for words in ["COND1   =", "/ m_stars", "/ latent_2", "SEED    = '5"] {
        assert!(header.contains(words), "{words}: {header}");
    }
}

#[test]
fn masses_that_were_learnt_sum_to_the_galaxys() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let stars = suite(folder.path());
    // Stars of a galaxy in the suite weigh the same: from half to one and a half times as much.
    for id in ["g0000", "g0001", "g0002", "g0003", "g0004", "g0005"] {
        alter(&stars, id, |columns| {
            let masses = columns[place("mass")].iter_mut().enumerate();
            masses.for_each(|(star, mass)| *mass *= 0.5 + (star % 101) as f64 / 100.0);
        });
    }
    let features = names(&["x", "y", "mass"]);
    let data = GalaxiesConfig { features, log10: names(&["mass"]), ..settings(&stars) };
    let run = folder.path().join("run");
    trained(&run, &small(), data);
    let forge = Forge::load(&run, Device::Cpu).unwrap();
    let wanted = forge.like("g0001").unwrap();
    let mass = wanted.mass.unwrap();
    let path = folder.path().join("a.fits");
    // More than are drawn at a time.
    let count = 70_000;
    forge.sample(&wanted, count as u64, 5, &path).unwrap();
    let written = read(&path, &["x", "y", "mass"]);
    let sum: f64 = written[2].iter().sum();
    assert!((sum / mass - 1.0).abs() < 1e-6, "{sum} of {mass}");
    let expected = forge.stars(&wanted, count, 5).unwrap();
    assert_eq!(expected.column(0).to_vec(), written[0]);
    // They differ among themselves as they were learnt to.
    let factor = mass / expected.column(2).sum();
    let pairs = expected.column(2).into_iter().zip(&written[2]);
    pairs.for_each(|(learnt, written)| assert!((learnt * factor / written - 1.0).abs() < 1e-6));
}

#[test]
fn files_that_cannot_be_written_are_refused_before_anything_is() {
    let _turn = turn();
    let forge = forge();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let wanted = forge.like("g0001").unwrap();
    let message = refusal(forge.sample(&wanted, 0, 0, &file("none.fits")));
    assert!(message.contains("count must be at least 1, got 0"), "{message}");
    let message = refusal(forge.sample(&wanted, 1, 0, &file("stars.txt")));
    assert!(message.contains("fits") && message.contains("parquet"), "{message}");
    let no_mass = Wanted { mass: None, ..wanted.clone() };
    let message = refusal(forge.sample(&no_mass, 1, 0, &file("stars.npy")));
    assert!(message.contains("a table (.fits, .parquet or .hdf5)"), "{message}");
    assert!(message.contains("the stars have no mass"), "{message}");
    forge.sample(&no_mass, 3, 0, &file("stars.fits")).unwrap();
    let table = Catalog::open(file("stars.fits"), &CatalogOptions::default()).unwrap();
    assert!(table.columns().iter().all(|column| column.name != "mass"));
    assert!(forge.sample(&wanted, 1, 0, &file("no/such/folder.fits")).is_err());
    assert!(forge.sample(&wanted, u64::MAX, 0, &file("endless.npy")).is_err());

    // A run that has learnt some columns has no array.
    let stars = suite(folder.path());
    let data = GalaxiesConfig {
        features: names(&["x", "y", "age"]),
        log10: Vec::new(),
        ..settings(&stars)
    };
    trained(&file("run"), &small(), data);
    let forge = Forge::load(file("run"), Device::Cpu).unwrap();
    let message = refusal(forge.sample(&wanted_of(&forge), 5, 0, &file("some.npy")));
    assert!(message.contains("the stars have no z"), "{message}");
    assert!(!file("some.npy").exists());
    forge.sample(&wanted_of(&forge), 5, 0, &file("some.fits")).unwrap();
    assert_eq!(read(&file("some.fits"), &["age", "mass"])[0].len(), 5);
}

fn wanted_of(forge: &Forge) -> Wanted {
    forge.like("g0001").unwrap()
}
