//! HATS folders: what lsdb writes is read, what is written lsdb reads, and folders that are none.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use astrogen_catalog::hats::{
    HatsCatalog, HatsConfig, HatsPixel, HatsWriter, INDEX, healpix_index,
};
use astrogen_catalog::{Catalog, CatalogOptions, Columns, NewColumn, Storage};
use astrogen_fits::Header;
use serde_json::Value;

use crate::{golden_file, open};

fn golden() -> Value {
    serde_json::from_slice(&fs::read(golden_file("hats.json")).unwrap()).unwrap()
}

fn numbers(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn wholes(values: &Value) -> Vec<Option<i128>> {
    values.as_array().unwrap().iter().map(|value| value.as_i64().map(i128::from)).collect()
}

#[test]
fn what_lsdb_writes_is_read() {
    let rows = &golden()["rows"];
    let small = open(golden_file("hats/lsdb"));
    assert_eq!(small.rows(), Some(90));
    let names = [INDEX, "objectId", "ra", "dec", "mag_r"];
    let known = |name: &&str| small.columns().iter().any(|column| column.name == **name);
    assert!(small.columns().len() == 5 && names.iter().all(known));
    let (read, _) = small.read(&names).unwrap();
    let ids = read.integers("objectId").unwrap();
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_by_key(|&row| ids[row]);
    for name in [INDEX, "objectId"] {
        let read = read.integers(name).unwrap();
        assert_eq!(order.iter().map(|&row| read[row]).collect::<Vec<_>>(), wholes(&rows[name]));
    }
    for name in ["ra", "dec", "mag_r"] {
        let read = read.column(name).unwrap();
        let read: Vec<f64> = order.iter().map(|&row| read[row]).collect();
        assert_eq!(read, numbers(&rows[name]), "{name}");
    }

    let catalog = HatsCatalog::open(golden_file("hats/lsdb")).unwrap();
    assert_eq!((catalog.name(), catalog.position()), (Some("small"), Some(("ra", "dec"))));
    assert_eq!(catalog.partitions().len(), 19);
    for partition in catalog.partitions() {
        let (read, _) = open(&partition.path).read(&[INDEX]).unwrap();
        let inside = |index: &Option<i128>| partition.pixel.holds(index.unwrap() as u64);
        assert!(read.integers(INDEX).unwrap().iter().all(inside), "{}", partition.pixel);
    }
    // Chunks go on over the ends of files.
    let chunks = small.chunks(&["mag_r"], 7).unwrap().map(|chunk| chunk.unwrap().len());
    assert_eq!(chunks.collect::<Vec<_>>(), [vec![7; 12], vec![6]].concat());
}

#[test]
fn the_index_is_that_of_hats() {
    let golden = &golden()["index"];
    let (ra, dec) = (numbers(&golden["ra"]), numbers(&golden["dec"]));
    let index = ra.iter().zip(&dec).map(|(&ra, &dec)| healpix_index(ra, dec).map(i128::from));
    assert_eq!(index.collect::<Vec<_>>(), wholes(&golden["index"]));
}

/// Nine rows in three pixels of three orders.
pub(crate) fn write(path: &Path) -> HatsWriter {
    let config = HatsConfig {
        name: "ours".to_owned(),
        position: ["ra".to_owned(), "dec".to_owned()],
        properties: vec![("addendum_did".to_owned(), "made for a test".to_owned())],
    };
    let columns = ["ra", "dec", "mag"].map(|name| NewColumn::new(name, Storage::Float64));
    let mut header = Header::new();
    header.push("SEED", "7", "a number");
    let writer = HatsWriter::create(path, &config, &columns, &header).unwrap();
    let positions: [(HatsPixel, &[(f64, f64)]); 3] = [
        (HatsPixel::new(1, 16).unwrap(), &[(0.5, -25.0), (1.0, -20.0)]),
        (HatsPixel::new(0, 0).unwrap(), &[(44.0, 1.0), (45.0, 2.0), (46.0, 3.0), (47.0, 44.0)]),
        (HatsPixel::new(0, 11).unwrap(), &[(310.0, -50.0), (311.0, -40.0), (312.0, -44.0)]),
    ];
    let all = positions.iter().flat_map(|(_, positions)| positions.iter());
    let mut rows: Vec<(u64, f64, f64)> =
        all.map(|&(ra, dec)| (healpix_index(ra, dec).unwrap(), ra, dec)).collect();
    rows.sort_by_key(|row| row.0);
    for (pixel, _) in positions {
        let own = rows.iter().enumerate().filter(|(_, row)| pixel.holds(row.0));
        let own: Vec<(usize, &(u64, f64, f64))> = own.collect();
        let column = |of: fn(&(u64, f64, f64)) -> f64| own.iter().map(|(_, row)| of(row)).collect();
        let mut columns = Columns::new([
            ("ra", column(|row| row.1)),
            ("dec", column(|row| row.2)),
            ("mag", own.iter().map(|(k, _)| 20.0 + *k as f64 / 4.0).collect()),
        ])
        .unwrap();
        let index: Vec<_> = own.iter().map(|(_, row)| Some(i128::from(row.0))).collect();
        columns.push_integers(INDEX, index).unwrap();
        let mut partition = writer.partition(pixel).unwrap();
        partition.write_columns(&columns).unwrap();
        partition.finish().unwrap();
    }
    writer
}

/// The files of a folder, by their paths in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = PathBuf::from(path.file_name().unwrap());
        match path.is_dir() {
            true => files
                .extend(self::files(&path).into_iter().map(|(of, bytes)| (name.join(of), bytes))),
            false => drop(files.insert(name, fs::read(&path).unwrap())),
        }
    }
    files
}

/// The golden folder is the one that lsdb opens and hats finds valid by its strict rules.
#[test]
fn what_is_written_is_what_lsdb_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ours");
    assert_eq!(write(&path).finish().unwrap(), 9);
    let golden = golden_file("hats/ours");
    if std::env::var_os("ASTROGEN_WRITE_GOLDEN").is_some() {
        for (name, bytes) in files(&path) {
            fs::create_dir_all(golden.join(&name).parent().unwrap()).unwrap();
            fs::write(golden.join(name), bytes).unwrap();
        }
    }
    let (ours, golden) = (files(&path), files(&golden));
    assert_eq!(ours.keys().collect::<Vec<_>>(), golden.keys().collect::<Vec<_>>());
    for (name, bytes) in &ours {
        assert!(bytes == &golden[name], "{} differs from what lsdb was shown", name.display());
    }
    let (read, _) = open(&path).read(&["mag"]).unwrap();
    assert_eq!(
        read.column("mag").unwrap(),
        (0..9).map(|k| 20.0 + f64::from(k) / 4.0).collect::<Vec<_>>()
    );
}

#[test]
fn a_catalogue_is_gone_on_with_under_the_same_settings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ours");
    let writer = write(&path);
    let pixel = HatsPixel::new(0, 11).unwrap();
    assert!(writer.has(pixel) && !writer.has(HatsPixel::new(0, 10).unwrap()));
    assert!(!HatsCatalog::is_in(&path), "unfinished");
    // A partition that was not finished is not there.
    drop(writer.partition(HatsPixel::new(0, 10).unwrap()).unwrap());
    write(&path).finish().unwrap();
    assert_eq!(files(&path).len(), files(&golden_file("hats/ours")).len());

    let config = HatsConfig {
        name: "other".to_owned(),
        position: ["ra".to_owned(), "dec".to_owned()],
        properties: Vec::new(),
    };
    let columns = ["ra", "dec"].map(|name| NewColumn::new(name, Storage::Float64));
    let create = |path: &Path, config: &HatsConfig| {
        HatsWriter::create(path, config, &columns, &Header::new()).unwrap_err().to_string()
    };
    let message = create(&path, &config);
    assert!(message.contains("begun with \"name ours\" and not with \"name other\""), "{message}");
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let message = create(folder.path(), &config);
    assert!(message.contains("expected empty, or begun with the same settings"), "{message}");
    let odd = HatsConfig { position: ["ra".to_owned(), "delta".to_owned()], ..config };
    let message = create(&folder.path().join("new"), &odd);
    assert_eq!(message, "position: expected the names of two of the columns, got \"delta\"");
}

#[test]
fn folders_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refusal =
        |path: &Path| Catalog::open(path, &CatalogOptions::default()).unwrap_err().to_string();
    let message = refusal(folder.path());
    assert!(message.contains("got a folder without any"), "{message}");

    let copy = |name: &str| {
        let path = folder.path().join(name);
        for (file, bytes) in files(&golden_file("hats/ours")) {
            fs::create_dir_all(path.join(&file).parent().unwrap()).unwrap();
            fs::write(path.join(file), bytes).unwrap();
        }
        path
    };
    let missing = copy("missing");
    fs::remove_file(missing.join("dataset/Norder=0/Dir=0/Npix=11.parquet")).unwrap();
    let message = refusal(&missing);
    assert!(message.contains("this partition is listed and not there"), "{message}");

    let damaged = copy("damaged");
    fs::write(damaged.join("partition_info.csv"), "Norder,Npix\n0,12\n").unwrap();
    let message = refusal(&damaged);
    assert!(message.contains("there is no pixel \"12\" of order \"0\""), "{message}");
    fs::write(damaged.join("partition_info.csv"), "order,pixel\n0,11\n").unwrap();
    assert!(refusal(&damaged).contains("expected columns Norder and Npix"));
    // Without a list the files tell.
    fs::remove_file(damaged.join("partition_info.csv")).unwrap();
    assert_eq!(open(&damaged).read(&["mag"]).unwrap().0.len(), 9);

    let other = copy("other");
    let text = fs::read_to_string(other.join("hats.properties")).unwrap();
    fs::write(other.join("hats.properties"), text.replace("=object", "=index")).unwrap();
    assert!(refusal(&other).contains("got a HATS table of kind \"index\""));

    // A partition with other columns than the first.
    let mixed = copy("mixed");
    let lsdb = golden_file("hats/lsdb/dataset/Norder=0/Dir=0/Npix=11.parquet");
    fs::copy(lsdb, mixed.join("dataset/Norder=0/Dir=0/Npix=11.parquet")).unwrap();
    let message = open(&mixed).read(&["mag"]).unwrap_err().to_string();
    assert!(message.contains("files of one catalogue have the same columns"), "{message}");

    // A collection leads to its catalogue, and nowhere else.
    let collection = folder.path().join("collection");
    fs::create_dir(&collection).unwrap();
    fs::rename(copy("inner"), collection.join("inner")).unwrap();
    let named = |name: &str| {
        let text = format!("hats_primary_table_url={name}\n");
        fs::write(collection.join("collection.properties"), text).unwrap();
    };
    named("inner");
    assert_eq!(open(&collection).read(&["mag"]).unwrap().0.len(), 9);
    named("../other");
    assert!(refusal(&collection).contains("expected a collection that names the folder"));
}

#[test]
fn partitions_that_are_folders_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ours");
    write(&path).finish().unwrap();
    let file = path.join("dataset/Norder=0/Dir=0/Npix=11.parquet");
    for name in ["Norder=0/Dir=0/Npix=11", "Norder=0/Dir=0/Npix=0", "Norder=1/Dir=0/Npix=16"] {
        let (file, inside) = (format!("{name}.parquet"), path.join("dataset").join(name));
        fs::create_dir(&inside).unwrap();
        fs::rename(path.join("dataset").join(file), inside.join("part0.parquet")).unwrap();
    }
    assert!(!file.exists());
    let properties = fs::read_to_string(path.join("hats.properties")).unwrap();
    let properties = properties.replace("hats_npix_suffix=.parquet", "hats_npix_suffix=/");
    fs::write(path.join("hats.properties"), properties).unwrap();
    let (read, _) = open(&path).read(&["mag"]).unwrap();
    assert_eq!(
        read.column("mag").unwrap(),
        (0..9).map(|k| 20.0 + f64::from(k) / 4.0).collect::<Vec<_>>()
    );
}
