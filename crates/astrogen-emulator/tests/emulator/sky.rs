//! A catalogue of the whole sky is emulated partition by partition.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use astrogen_catalog::hats::{
    HatsCatalog, HatsConfig, HatsPixel, HatsWriter, INDEX, healpix_index,
};
use astrogen_catalog::{Catalog, CatalogOptions, Columns, NewColumn, Storage};
use astrogen_emulator::{EmulateConfig, Emulator, train};
use astrogen_fits::Header;
use astrogen_runtime::Share;
use astrogen_train::{RunDir, StopSignal};
use tch::Device;

use crate::{settings, turn};

fn even(row: u32, k: u32) -> f64 {
    f64::from((row.wrapping_mul(2_654_435_769) >> k) % 1000) / 1000.0
}

/// An emulator, trained a little.
fn emulator(folder: &Path) -> Emulator {
    let (config, table) = settings(folder);
    let run = RunDir::create(&folder.join("run")).unwrap();
    train(&run, &config, &table, Device::Cpu, &StopSignal::default(), &mut ()).unwrap().unwrap();
    Emulator::load(run.path()).unwrap()
}

/// 600 galaxies in the twelve pixels of order 0, one pixel of which has none that is bright enough; rows
/// of a partition stand in the order of their numbers, which is not that of the sky.
fn sky(path: &Path) {
    let columns = ["ra", "dec", "mag", "seeing"].map(|name| NewColumn::new(name, Storage::Float64));
    let columns = [&columns[..], &[NewColumn::new("id", Storage::Int64)]].concat();
    let position = ["ra".to_owned(), "dec".to_owned()];
    let config = HatsConfig { name: "deep".to_owned(), position, properties: Vec::new() };
    let writer = HatsWriter::create(path, &config, &columns, &Header::new()).unwrap();
    let galaxies: Vec<(u64, [f64; 4], i128)> = (0..600)
        .map(|row| {
            let (ra, dec) = (360.0 * even(row, 5), (2.0 * even(row, 11) - 1.0).asin().to_degrees());
            let index = healpix_index(ra, dec).unwrap();
            let mag = if index >> 58 == 3 { 99.0 } else { 18.0 + 6.0 * even(row, 3) };
            (index, [ra, dec, mag, 0.7 + 0.6 * even(row, 9)], (1 << 60) + i128::from(row))
        })
        .collect();
    for number in 0..12 {
        let pixel = HatsPixel::new(0, number).unwrap();
        let own: Vec<_> = galaxies.iter().filter(|galaxy| pixel.holds(galaxy.0)).collect();
        let names = ["ra", "dec", "mag", "seeing"].into_iter().enumerate();
        let of = |k: usize| own.iter().map(|galaxy| galaxy.1[k]).collect::<Vec<f64>>();
        let mut rows = Columns::new(names.map(|(k, name)| (name, of(k)))).unwrap();
        rows.push_integers("id", own.iter().map(|galaxy| Some(galaxy.2))).unwrap();
        let index: Vec<_> = own.iter().map(|galaxy| Some(i128::from(galaxy.0))).collect();
        rows.push_integers(INDEX, index).unwrap();
        let mut partition = writer.partition(pixel).unwrap();
        partition.write_columns(&rows).unwrap();
        partition.finish().unwrap();
    }
    writer.finish().unwrap();
}

/// The files of a folder, by their paths in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = PathBuf::from(path.file_name().unwrap());
        if path.is_dir() {
            files.extend(self::files(&path).into_iter().map(|(of, bytes)| (name.join(of), bytes)));
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    files
}

#[test]
fn shares_chunks_and_stops_make_no_difference() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let emulator = emulator(folder.path());
    let deep = folder.path().join("deep");
    sky(&deep);
    let mut data = emulator.table(&deep);
    data.catalog.filters.push("mag < 90".parse().unwrap());
    let keep = vec!["id".to_owned(), "mag".to_owned()];
    let emulate = |name: &str, chunk, share| {
        let config = EmulateConfig { chunk, keep: keep.clone(), ..EmulateConfig::default() };
        emulator.emulate_sky(&data, folder.path().join(name), &config, share, &mut |_, _| ())
    };
    let out = |name: &str| folder.path().join(name);

    let whole = emulate("whole", 1 << 17, Share::WHOLE).unwrap();
    assert!(whole.finished && whole.skipped == 0);
    assert_eq!((whole.counts.read(), whole.counts.kept()), (600, whole.rows));
    assert!(whole.rows > 500 && whole.rows < 600);

    // Three shares, one of them killed after some partitions and done again; then the last command.
    for part in [2, 0, 1] {
        let done = emulate("shares", 37, Share::new(part, 3).unwrap()).unwrap();
        assert!(!done.finished && !HatsCatalog::is_in(&out("shares")));
    }
    let lost = "dataset/Norder=0/Dir=0/Npix=7.parquet";
    fs::remove_file(out("shares").join(lost)).unwrap();
    let last = emulate("shares", 5, Share::WHOLE).unwrap();
    assert_eq!((last.skipped, last.finished), (10, true));
    let (one, other) = (files(&out("whole")), files(&out("shares")));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, bytes) in &one {
        assert!(bytes == &other[name], "{} differs", name.display());
    }

    // What is in it: the eleven partitions that have rows, sorted, each row with its galaxy's columns.
    let catalog = HatsCatalog::open(out("whole")).unwrap();
    assert_eq!((catalog.name(), catalog.rows()), (Some("deep_observed"), Some(whole.rows)));
    assert_eq!(catalog.partitions().len(), 11);
    let read = |path: &Path, names: &[&str]| {
        Catalog::open(path, &CatalogOptions::default()).unwrap().read(names).unwrap().0
    };
    for partition in catalog.partitions() {
        let made = Catalog::open(&partition.path, &CatalogOptions::default()).unwrap();
        let unit = |name| made.columns().iter().find(|column| column.name == name).unwrap();
        let units = ["ra", "dec", "mag"].map(|name| unit(name).unit.as_deref());
        assert_eq!(units, [Some("deg"), Some("deg"), None]);
        let made = read(&partition.path, &[INDEX, "id", "ROW", "mag", "mag_obs"]);
        assert!(made.integers(INDEX).unwrap().is_sorted());
        let source = read(&deep.join(partition.pixel.file()), &[INDEX, "id", "mag"]);
        let rows = made.column("ROW").unwrap().iter().map(|&row| row as usize);
        for (at, row) in rows.enumerate() {
            for name in [INDEX, "id"] {
                assert_eq!(made.integers(name).unwrap()[at], source.integers(name).unwrap()[row]);
            }
            assert_eq!(made.column("mag").unwrap()[at], source.column("mag").unwrap()[row]);
            assert!(
                (made.column("mag_obs").unwrap()[at] - made.column("mag").unwrap()[at]).abs() < 9.0
            );
        }
    }

    // Another seed is another catalogue, which does not go on with this one.
    let config = EmulateConfig { seed: 1, keep: keep.clone(), ..EmulateConfig::default() };
    let other = emulator.emulate_sky(&data, out("whole"), &config, Share::WHOLE, &mut |_, _| ());
    let message = other.unwrap_err().to_string();
    assert!(message.contains("empty, or begun with the same settings"), "{message}");
    assert!(message.contains("SEED"), "{message}");

    // Columns that are not there, and filters that nothing passes.
    let config = EmulateConfig { keep: vec!["idd".to_owned()], ..EmulateConfig::default() };
    let other = emulator.emulate_sky(&data, out("odd"), &config, Share::WHOLE, &mut |_, _| ());
    let message = other.unwrap_err().to_string();
    assert!(message.contains("nearest: \"id\""), "{message}");
    // A column by another spelling would be lost without a word.
    let config = EmulateConfig { keep: vec!["ID".to_owned()], ..EmulateConfig::default() };
    let other = emulator.emulate_sky(&data, out("odd"), &config, Share::WHOLE, &mut |_, _| ());
    let message = other.unwrap_err().to_string();
    assert!(message.contains("ID"), "{message}");
    data.catalog.filters = vec!["mag > 90".parse().unwrap(), "mag < 90".parse().unwrap()];
    let config = EmulateConfig::default();
    let none = emulator.emulate_sky(&data, out("none"), &config, Share::WHOLE, &mut |_, _| ());
    assert!(none.unwrap_err().to_string().contains("no row was written"));
}
