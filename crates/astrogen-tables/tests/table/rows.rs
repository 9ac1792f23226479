//! Which rows become samples, and on which side of the split.

use std::collections::HashSet;

use astrogen_catalog::skymap::Grid;
use astrogen_catalog::{BadRows, Catalog, CatalogWriter, MagnitudeRange, NewColumn, Storage};
use astrogen_data::{BatchConfig, Batches, Dataset, RowShape};
use astrogen_fits::Header;
use astrogen_tables::{Condition, Table, TableConfig};
use ndarray::{Axis, concatenate};
use tch::Device;

use crate::made::*;

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
    assert_eq!(
        (samples.len(), samples.shape()),
        (training.len(), RowShape { context: 3, features: 2, weighted: false })
    );
    assert!((30..=90).contains(&held_out.len()), "{}", held_out.len());

    // Mean and deviation are those of the training rows, and differ from those of all.
    let standardize = &table.scaling().standardize;
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
            let row = samples.sample(at).unwrap();
            let got = *row.context.iter().chain(&row.features).nth(column).unwrap();
            assert!((got - scaled).abs() < 1e-5, "{got} {scaled}");
        }
    }
    let config = BatchConfig { batch_size: 200, ..BatchConfig::default() };
    let mut batches = Batches::new(samples, &config, Device::Cpu).unwrap();
    let batch = batches.next_batch().unwrap();
    assert_eq!((batch.context.size(), batch.features.size()), (vec![200, 3], vec![200, 2]));

    let scaled = table.scaled_validation();
    let scaled = concatenate![Axis(1), *scaled.context(), *scaled.features()];
    let mut back = scaled.mapv(f64::from);
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
fn test_rows_are_apart_from_those_that_train_and_those_that_choose() {
    let survey = Survey::new();
    let mut config = survey.config();
    config.split.fraction = 0.4;
    let both = Table::open(&config).unwrap();
    assert!(both.test().rows.is_empty() && both.scaled_test().is_empty());
    config.test_fraction = 0.5;
    let table = Table::open(&config).unwrap();

    // The held-out rows in two parts; what trains and how it is scaled stay.
    let rows = |rows: &[u64]| rows.iter().copied().collect::<HashSet<u64>>();
    let (validation, test) = (rows(&table.validation().rows), rows(&table.test().rows));
    assert!(validation.is_disjoint(&test));
    assert_eq!(
        validation.union(&test).copied().collect::<HashSet<u64>>(),
        rows(&both.validation().rows)
    );
    assert_eq!(table.scaling(), both.scaling());
    assert_eq!(table.train().len(), both.train().len());
    let share = test.len() as f64 / both.validation().rows.len() as f64;
    assert!((0.3..0.7).contains(&share), "{share}");

    // No region is in both, and the values are those of the rows.
    let grid = Grid::new(4).unwrap();
    let regions = |of: &HashSet<u64>| -> HashSet<u64> {
        of.iter().map(|&row| grid.pixel(ra(row as usize), dec(row as usize))).collect()
    };
    assert!(regions(&validation).is_disjoint(&regions(&test)));
    assert_eq!(
        (table.scaled_test().len(), table.scaled_test().shape()),
        (test.len(), table.train().shape())
    );
    for (at, &row) in table.test().rows.iter().enumerate() {
        assert_eq!(table.test().truth[[at, 0]], row_of(row as usize)[1]);
    }
    let report = table.report().to_string();
    assert!(
        report.ends_with(&format!("{} for validation, {} for test", validation.len(), test.len())),
        "{report}"
    );

    // Held-out rows of a single region are parted by row.
    config.split.fraction = 0.003;
    let table = Table::open(&config).unwrap();
    let (validation, test) = (rows(&table.validation().rows), rows(&table.test().rows));
    assert_eq!(regions(&validation).union(&regions(&test)).count(), 1);
    assert!(!validation.is_empty() && !test.is_empty() && validation.is_disjoint(&test));
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
        assert_eq!(map.scaling(), column.scaling());
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

#[test]
fn positions_are_degrees_whatever_their_unit() {
    let survey = Survey::new();
    let names = ["RA", "DEC", "FLAGS", "R_TRUE", "I_TRUE", "R_OBS", "I_OBS", "SEEING"];
    let (mut columns, _) = Catalog::open(survey.path("survey.fits"), &Default::default())
        .unwrap()
        .read(&names)
        .unwrap();
    columns.column_mut("RA").unwrap().iter_mut().for_each(|ra| *ra /= 15.0);
    columns.column_mut("DEC").unwrap().iter_mut().for_each(|dec| *dec *= 60.0);
    let new = names.map(|name| match name {
        "RA" => NewColumn::new(name, Storage::Float64).with_unit("h"),
        "DEC" => NewColumn::new(name, Storage::Float64).with_unit("arcmin"),
        name => NewColumn::new(name, Storage::Float64),
    });
    let path = survey.path("hours.fits");
    let mut writer = CatalogWriter::create(&path, &new, &Header::new()).unwrap();
    writer.write_columns(&columns).unwrap();
    writer.finish().unwrap();

    let config = TableConfig { conditions: vec![survey.map("seeing.fits")], ..survey.config() };
    let want = Table::open(&config).unwrap();
    let got = Table::open(&TableConfig { path, ..config }).unwrap();
    assert_eq!(got.validation(), want.validation());
    assert_eq!(got.scaled_validation(), want.scaled_validation());
}
