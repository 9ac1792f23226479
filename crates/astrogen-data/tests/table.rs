//! Catalogues and sky maps as training data.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may panic and speak")]

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use astrogen_data::table::Contexts;
use astrogen_data::{
    BatchConfig, Batches, Condition, ContextReader, DataError, Table, TableConfig,
};
use astrogen_preprocess::catalog::{BadRows, CatalogWriter, MagnitudeRange, NewColumn, Storage};
use astrogen_preprocess::fits::Header;
use astrogen_preprocess::skymap::{
    Coordinates, Coverage, Grid, Ordering, SkyMap, SplitBy, SplitConfig,
};
use ndarray::{Axis, concatenate, s};
use tch::Device;
use tempfile::TempDir;

const ROWS: usize = 600;
const NSIDE: u32 = 8;

/// What is wrong with some rows of the catalogue.
const FLAGGED: usize = 3;
const NO_VALUE: usize = 4;
const INFINITE: usize = 5;
const NOT_MEASURED: usize = 6;

fn ra(row: usize) -> f64 {
    (row as f64 * 137.5) % 360.0
}

fn dec(row: usize) -> f64 {
    (2.0 * (row as f64 + 0.5) / ROWS as f64 - 1.0).asin().to_degrees()
}

fn truth(row: usize) -> [f64; 2] {
    [18.0 + (row * 7 % 50) as f64 / 10.0, 17.0 + (row * 11 % 60) as f64 / 10.0]
}

fn observed(row: usize) -> [f64; 2] {
    let [r, i] = truth(row);
    [r + (row % 5) as f64 / 64.0, if row == NOT_MEASURED { 99.0 } else { i + 0.25 }]
}

fn pixel(row: usize) -> u64 {
    Grid::new(NSIDE).unwrap().pixel(ra(row), dec(row))
}

/// The condition of a pixel, exact in `f32`.
fn seeing(pixel: u64) -> f64 {
    0.75 + (pixel % 64) as f64 / 128.0
}

/// A survey of 600 rows: `RA DEC FLAGS R_TRUE I_TRUE R_OBS I_OBS SEEING`, the same seeing as a
/// map, a footprint of the northern sky, and a seeing map of the southern.
struct Survey {
    folder: TempDir,
}

impl Survey {
    fn new() -> Survey {
        let survey = Survey { folder: tempfile::tempdir().unwrap() };
        let names = ["RA", "DEC", "FLAGS", "R_TRUE", "I_TRUE", "R_OBS", "I_OBS", "SEEING"];
        let columns = names.map(|name| NewColumn::new(name, Storage::Float64));
        let mut writer =
            CatalogWriter::create(survey.path("survey.fits"), &columns, &Header::new()).unwrap();
        let column = |value: &dyn Fn(usize) -> f64| (0..ROWS).map(value).collect::<Vec<f64>>();
        let odd = |row| match row {
            NO_VALUE => f64::NAN,
            INFINITE => f64::INFINITY,
            row => truth(row)[0],
        };
        let values = [
            column(&ra),
            column(&dec),
            column(&|row| f64::from(row == FLAGGED)),
            column(&odd),
            column(&|row| truth(row)[1]),
            column(&|row| observed(row)[0]),
            column(&|row| observed(row)[1]),
            column(&|row| seeing(pixel(row))),
        ];
        writer.write(&values).unwrap();
        writer.finish().unwrap();

        let grid = Grid::new(NSIDE).unwrap();
        let value = |number| seeing(grid.nested(Ordering::Ring, number)) as f32;
        let all: Vec<f32> = (0..grid.len()).map(value).collect();
        let half = |north: bool| move |pixel: &u64| (grid.centre(*pixel).1 > 0.0) == north;
        let north: Vec<u64> = (0..grid.len()).filter(half(true)).collect();
        let south: Vec<u64> = (0..grid.len()).filter(half(false)).collect();
        let sky = Coordinates::Equatorial;
        let full = |maps| SkyMap::full(NSIDE, Ordering::Ring, sky, maps).unwrap();
        let part = |pixels: &[u64], name: &str, values| {
            let maps = vec![(name.to_owned(), values)];
            SkyMap::partial(NSIDE, Ordering::Nested, sky, pixels, maps).unwrap()
        };
        let write = |map: SkyMap, name: &str, coverage| {
            map.write(survey.path(name), Ordering::Ring, coverage).unwrap();
        };
        write(full(vec![("FWHM".into(), all.clone())]), "seeing.fits", Coverage::Full);
        let two = vec![("OTHER".into(), vec![0.5; all.len()]), ("FWHM".into(), all)];
        write(full(two), "two.fits", Coverage::Full);
        let footprint = part(&north, "I", vec![1.0; north.len()]);
        write(footprint, "footprint.fits", Coverage::Partial);
        let values = south.iter().map(|&pixel| seeing(pixel) as f32).collect();
        write(part(&south, "FWHM", values), "south.fits", Coverage::Partial);
        survey
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn map(&self, name: &str) -> Condition {
        Condition::Map { name: "SEEING".into(), map: None, path: self.path(name) }
    }

    /// All columns, the condition from the catalogue, bad rows dropped.
    fn config(&self) -> TableConfig {
        let mut config = TableConfig {
            path: self.path("survey.fits"),
            truth: vec!["R_TRUE".into(), "I_TRUE".into()],
            observed: vec!["R_OBS".into(), "I_OBS".into()],
            conditions: vec![Condition::Column("SEEING".into())],
            ra: Some("RA".into()),
            dec: Some("DEC".into()),
            range: Some(MagnitudeRange::default()),
            split: SplitConfig { split: SplitBy::Region { nside: 4 }, ..SplitConfig::default() },
            ..TableConfig::default()
        };
        config.catalog.filters.push("FLAGS == 0".parse().unwrap());
        config
    }
}

fn message(config: &TableConfig) -> String {
    Table::open(config).unwrap_err().to_string()
}

/// Rows that pass the rules of [`Survey::config`].
fn usable() -> impl Iterator<Item = usize> {
    (0..ROWS).filter(|row| ![FLAGGED, NO_VALUE, INFINITE, NOT_MEASURED].contains(row))
}

/// The columns of a row, in the order of samples.
fn row_of(row: usize) -> [f64; 5] {
    let ([tr, ti], [or, oi]) = (truth(row), observed(row));
    [seeing(pixel(row)), tr, ti, or, oi]
}

#[test]
fn rows_are_counted_split_and_standardised_on_training_rows_only() {
    let survey = Survey::new();
    let table = Table::open(&survey.config()).unwrap();
    let dropped: Vec<(&str, u64)> =
        table.counts().dropped().filter(|(_, rows)| *rows > 0).collect();
    assert_eq!(
        dropped,
        [("FLAGS == 0", 1), ("missing or infinite values", 2), ("I_OBS outside 0 to 50", 1)]
    );
    assert_eq!((table.counts().read(), table.counts().kept()), (600, 596));

    let validation = table.validation();
    for (at, &row) in validation.rows.iter().enumerate() {
        let [c, tr, ti, or, oi] = row_of(row as usize);
        assert_eq!(validation.conditions.row(at).to_vec(), [c]);
        assert_eq!(validation.truth.row(at).to_vec(), [tr, ti]);
        assert_eq!(validation.observed.row(at).to_vec(), [or, oi]);
    }
    let held_out: HashSet<usize> = validation.rows.iter().map(|&row| row as usize).collect();
    let training: Vec<usize> = usable().filter(|row| !held_out.contains(row)).collect();
    let samples = table.train();
    assert_eq!((samples.len(), samples.shape()), (training.len(), [5, 1, 1]));
    assert!((30..=90).contains(&held_out.len()), "{}", held_out.len());

    // Mean and deviation are those of the training rows, and differ from those of all.
    let standardize = table.standardize();
    assert_eq!(standardize.names, ["SEEING", "R_TRUE", "I_TRUE", "R_OBS", "I_OBS"]);
    let mean = |rows: &[usize], column: usize| {
        rows.iter().map(|&row| row_of(row)[column]).sum::<f64>() / rows.len() as f64
    };
    let all: Vec<usize> = usable().collect();
    for column in 0..5 {
        let want = mean(&training, column);
        let variance = training.iter().map(|&row| (row_of(row)[column] - want).powi(2));
        let deviation = (variance.sum::<f64>() / training.len() as f64).sqrt();
        assert!((standardize.mean[column] - want).abs() < 1e-12);
        assert!((standardize.deviation[column] - deviation).abs() < 1e-12);
        assert!((want - mean(&all, column)).abs() > 1e-6);
        for (at, &row) in training.iter().enumerate() {
            let scaled = ((row_of(row)[column] - want) / deviation) as f32;
            let got = samples.sample(at).unwrap()[[column, 0, 0]];
            assert!((got - scaled).abs() < 1e-5, "{got} {scaled}");
        }
    }
    let config = BatchConfig { batch_size: 200, ..BatchConfig::default() };
    let mut batches = Batches::new(samples, &config, Device::Cpu).unwrap();
    assert_eq!(batches.next_batch().unwrap().size(), [200, 5, 1, 1]);

    let mut back = table.standardized_validation().mapv(f64::from);
    standardize.inverse(back.view_mut()).unwrap();
    let parts = [&validation.conditions, &validation.truth, &validation.observed];
    let physical = concatenate(Axis(1), &parts.map(|part| part.view())).unwrap();
    assert!((&back - &physical).iter().all(|off| off.abs() < 1e-5));

    let report = table.report().to_string();
    for words in [
        "columns: R_OBS, I_OBS given R_TRUE, I_TRUE under SEEING",
        "rows: 596 of 600 rows kept; dropped: 1 by FLAGS == 0, 2 by missing or infinite values",
        &format!("split: {} for training, {} for validation", training.len(), held_out.len()),
    ] {
        assert!(report.contains(words), "{report}");
    }
}

#[test]
fn no_region_is_on_both_sides_and_the_seed_chooses() {
    let survey = Survey::new();
    let mut config = survey.config();
    let table = Table::open(&config).unwrap();
    let held_out: HashSet<u64> = table.validation().rows.iter().copied().collect();
    let grid = Grid::new(4).unwrap();
    let regions = |validates: bool| -> HashSet<u64> {
        let rows = usable().filter(|&row| held_out.contains(&(row as u64)) == validates);
        rows.map(|row| grid.pixel(ra(row), dec(row))).collect()
    };
    assert!(regions(true).is_disjoint(&regions(false)) && !regions(true).is_empty());

    let again = Table::open(&config).unwrap();
    assert_eq!(again.validation(), table.validation());
    config.split.seed = 1;
    assert_ne!(Table::open(&config).unwrap().validation().rows, table.validation().rows);
}

#[test]
fn conditions_from_columns_and_from_maps_agree() {
    let survey = Survey::new();
    let column = Table::open(&survey.config()).unwrap();
    let two = Condition::Map {
        name: "SEEING".into(),
        map: Some("FWHM".into()),
        path: survey.path("two.fits"),
    };
    for condition in [survey.map("seeing.fits"), two] {
        let config = TableConfig { conditions: vec![condition], ..survey.config() };
        let map = Table::open(&config).unwrap();
        assert_eq!(map.validation(), column.validation());
        assert_eq!(map.standardize(), column.standardize());
    }
    let config = TableConfig { conditions: vec![survey.map("two.fits")], ..survey.config() };
    let text = message(&config);
    assert!(text.contains("SEEING:MAP=") && text.contains("[\"OTHER\", \"FWHM\"]"), "{text}");
}

#[test]
fn maps_select_rows_and_count_them() {
    let survey = Survey::new();
    let north = usable().filter(|&row| {
        let grid = Grid::new(NSIDE).unwrap();
        grid.centre(pixel(row)).1 > 0.0
    });
    let north = north.count() as u64;
    let config = TableConfig { footprint: Some(survey.path("footprint.fits")), ..survey.config() };
    let table = Table::open(&config).unwrap();
    assert_eq!(table.counts().kept(), north);
    let rules: Vec<(&str, u64)> = table.counts().dropped().collect();
    assert!(rules.contains(&("outside the footprint", 596 - north)), "{rules:?}");

    let config = TableConfig { conditions: vec![survey.map("south.fits")], ..survey.config() };
    let table = Table::open(&config).unwrap();
    assert_eq!(table.counts().kept(), 596 - north);
    assert!(
        table.report().to_string().contains(&format!("{north} by outside the sky map of SEEING"))
    );

    // The footprint leaves only rows at which the map has no value.
    let config = TableConfig { footprint: Some(survey.path("footprint.fits")), ..config };
    let text = message(&config);
    assert!(text.contains("the selection is empty: 0 of 600 rows kept"), "{text}");
    assert!(text.contains(&format!("{north} by outside the sky map of SEEING")), "{text}");
}

#[test]
fn rows_without_values_are_refused_on_demand() {
    let survey = Survey::new();
    let mut config = survey.config();
    config.catalog.missing = BadRows::Refuse;
    let text = message(&config);
    assert!(text.contains("row 4 (from 0): column \"R_TRUE\" has no finite value"), "{text}");

    for filter in ["R_TRUE < 90", "R_TRUE != inf"] {
        config.catalog.filters.push(filter.parse().unwrap());
    }
    assert_eq!(Table::open(&config).unwrap().counts().kept(), 596);
    config.conditions = vec![survey.map("south.fits")];
    let text = message(&config);
    let grid = Grid::new(NSIDE).unwrap();
    let first = usable().find(|&row| grid.centre(pixel(row)).1 > 0.0).unwrap();
    let words = format!("row {first} (from 0): the sky map of \"SEEING\" has no finite value");
    assert!(text.contains(&words), "{text}");

    let mut config = survey.config();
    config.range = Some(MagnitudeRange { outside: BadRows::Refuse, ..Default::default() });
    let text = message(&config);
    assert!(text.contains("counting only the rows left of rows 0 to 599"), "{text}");
    assert!(text.contains("\"I_OBS\": expected magnitudes from 0 to 50, got 1 rows"), "{text}");
}

fn contexts(config: &TableConfig, table: &Table, rows: usize) -> Vec<Contexts> {
    let reader = ContextReader::open(config, table.standardize(), rows).unwrap();
    reader.map(Result::unwrap).collect()
}

#[test]
fn contexts_are_those_of_training_whatever_the_chunks() {
    let survey = Survey::new();
    let table = Table::open(&survey.config()).unwrap();
    // A catalogue without observed columns: the row that was not measured is there too.
    let config = TableConfig {
        observed: Vec::new(),
        conditions: vec![survey.map("seeing.fits")],
        ..survey.config()
    };
    let whole = contexts(&config, &table, 10_000);
    assert_eq!(whole.len(), 1);
    let want: Vec<u64> = (0..600).filter(|row| ![3, 4, 5].contains(row)).collect();
    assert_eq!(whole[0].rows, want);
    for (at, &row) in whole[0].rows.iter().enumerate() {
        assert_eq!(whole[0].truth.row(at).to_vec(), truth(row as usize));
    }
    let validation = table.validation();
    for (row, want) in validation.rows.iter().zip(table.standardized_validation().rows()) {
        let at = whole[0].rows.binary_search(row).unwrap();
        assert_eq!(whole[0].context.row(at), want.slice(s![..3]));
    }
    for rows in [1, 7, 599] {
        let chunks = contexts(&config, &table, rows);
        assert!(chunks.iter().all(|chunk| (1..=rows).contains(&chunk.rows.len())));
        let joined: Vec<u64> = chunks.iter().flat_map(|chunk| chunk.rows.clone()).collect();
        assert_eq!(joined, whole[0].rows);
        let views: Vec<_> = chunks.iter().map(|chunk| chunk.context.view()).collect();
        assert_eq!(concatenate(Axis(0), &views).unwrap(), whole[0].context);
        let views: Vec<_> = chunks.iter().map(|chunk| chunk.truth.view()).collect();
        assert_eq!(concatenate(Axis(0), &views).unwrap(), whole[0].truth);
    }

    let other = TableConfig { truth: vec!["I_TRUE".into()], ..config.clone() };
    let refused = ContextReader::open(&other, table.standardize(), 10).map(|_| ());
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("trained on") && text.contains("[\"SEEING\", \"I_TRUE\"]"), "{text}");

    let mut none = config;
    none.catalog.filters.push("FLAGS == 7".parse().unwrap());
    let mut reader = ContextReader::open(&none, table.standardize(), 50).unwrap();
    let text = reader.next().unwrap().unwrap_err().to_string();
    assert!(text.contains("the selection is empty"), "{text}");
    assert!(reader.next().is_none());
    assert_eq!((reader.counts().read(), reader.counts().kept()), (600, 0));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let survey = Survey::new();
    let good = survey.config();
    let none = Vec::new;
    for (config, words) in [
        (TableConfig { truth: none(), ..good.clone() }, "truth: expected at least one"),
        (TableConfig { observed: none(), ..good.clone() }, "observed: expected at least one"),
        (TableConfig { conditions: Vec::new(), ..good.clone() }, "conditions: expected at least"),
        (TableConfig { dec: None, ..good.clone() }, "split by region of the sky (or split them"),
        (
            TableConfig { observed: vec!["R_OBS".into(), "R_TRUE".into()], ..good.clone() },
            "each name once, and none empty, got \"R_TRUE\"",
        ),
        (
            TableConfig { conditions: vec![Condition::Column("a=b".into())], ..good.clone() },
            "names without '=' and ':'",
        ),
    ] {
        let error = Table::open(&config).unwrap_err();
        assert!(matches!(error, DataError::Setting { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    // By row no position is needed, until a map is looked up.
    let by_row = SplitConfig { split: SplitBy::Row, ..SplitConfig::default() };
    let config = TableConfig { ra: None, dec: None, split: by_row, ..good };
    assert_eq!(Table::open(&config).unwrap().validation().rows.len(), 60);
    let config = TableConfig { conditions: vec![survey.map("seeing.fits")], ..config };
    let text = message(&config);
    assert!(text.contains("ra, dec: expected the names of both columns"), "{text}");
}

#[test]
fn missing_columns_maps_and_places_are_told() {
    let survey = Survey::new();
    let good = survey.config();
    let text = message(&TableConfig { truth: vec!["R_TRU".into()], ..good.clone() });
    assert!(text.contains("R_TRU") && text.contains("nearest: \"R_TRUE\""), "{text}");
    let text = message(&TableConfig { conditions: vec![survey.map("no.fits")], ..good.clone() });
    assert!(text.contains("no.fits"), "{text}");
    let text = message(&TableConfig { path: survey.path("no_catalogue.fits"), ..good.clone() });
    assert!(text.contains("no_catalogue.fits"), "{text}");
    // Right ascensions are no declinations.
    let swapped = TableConfig { ra: Some("DEC".into()), dec: Some("RA".into()), ..good };
    let text = message(&swapped);
    assert!(text.contains("survey.fits, counting only the rows left of rows 0 to 599"), "{text}");
    assert!(text.contains("expected ra from -180 to 360 and dec from -90 to 90"), "{text}");
    let mapped = TableConfig { conditions: vec![survey.map("seeing.fits")], ..swapped };
    let table = Table::open(&survey.config()).unwrap();
    let mut reader = ContextReader::open(&mapped, table.standardize(), 250).unwrap();
    let text = reader.next().unwrap().unwrap_err().to_string();
    assert!(text.contains("left of rows 0 to 249"), "{text}");
    assert!(reader.next().is_none());
}

#[test]
fn settings_are_read_from_json() {
    let text = r#"{
        "path": "balrog.fits", "truth": ["R_TRUE"], "observed": ["R_OBS"],
        "conditions": ["AIRMASS", "fwhm_r=maps/fwhm_r.fits"], "ra": "RA", "dec": "DEC",
        "range": {"max": 30}, "split": {"split": {"by": "row"}, "fraction": 0.2}
    }"#;
    let config: TableConfig = serde_json::from_str(text).unwrap();
    assert_eq!(config.context_names(), ["AIRMASS", "fwhm_r", "R_TRUE"]);
    let Condition::Map { path, .. } = &config.conditions[1] else { panic!("{config:?}") };
    assert_eq!(path, Path::new("maps/fwhm_r.fits"));
    assert_eq!(config.split.split, SplitBy::Row);
    let again = serde_json::from_str(&serde_json::to_string(&config).unwrap()).unwrap();
    assert_eq!(config, again);
    let bad = serde_json::from_str::<TableConfig>(r#"{"conditions": ["=x"]}"#);
    assert!(bad.unwrap_err().to_string().contains("NAME=MAP_FILE"));
    assert!(serde_json::from_str::<TableConfig>(r#"{"observd": []}"#).is_err());
}

#[test]
fn real_magnitudes_and_their_errors_open() {
    let Some(root) = std::env::var_os("ASTROGEN_REAL_DATA") else {
        eprintln!("skipped: ASTROGEN_REAL_DATA is not set");
        return;
    };
    let bands = ["u", "g", "r", "i", "z", "y"];
    let config = TableConfig {
        path: PathBuf::from(root).join("catalogues/rail_dc2_training_9816.csv.gz"),
        truth: bands.map(|band| format!("mag_{band}_lsst")).to_vec(),
        observed: bands.map(|band| format!("mag_err_{band}_lsst")).to_vec(),
        conditions: vec![Condition::Column("redshift".into())],
        // Galaxies that were not detected have the magnitude 99.
        range: Some(MagnitudeRange::default()),
        split: SplitConfig { split: SplitBy::Row, ..SplitConfig::default() },
        ..TableConfig::default()
    };
    let table = Table::open(&config).unwrap();
    eprintln!("{}", table.report());
    let kept = table.counts().kept() as usize;
    assert_eq!((table.counts().read(), kept), (10_225, 9_501));
    assert_eq!(table.train().shape(), [13, 1, 1]);
    let held_out = table.validation().rows.len();
    assert_eq!(table.train().len() + held_out, kept);
    assert!(held_out.abs_diff(kept / 10) <= 1);
    assert!(table.validation().truth.iter().all(|magnitude| (10.0..35.0).contains(magnitude)));
    assert!(table.validation().observed.iter().all(|error| *error > 0.0));
}
