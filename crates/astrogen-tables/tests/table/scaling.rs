//! From a catalogue's units to a network's, and back.

use astrogen_catalog::CatalogError;
use astrogen_catalog::LocalScale;
use astrogen_tables::{Table, TableConfig, TableScaling};
use proptest::prelude::*;

use crate::made::*;

fn local() -> (Survey, TableConfig, Table) {
    let survey = Survey::new();
    let mut config = survey.config();
    // R scatters by its row, I lies a quarter off: no scatter to be measured in.
    (config.truth, config.observed) = (vec!["R_TRUE".into()], vec!["R_OBS".into()]);
    config.local_bins = Some(4);
    let table = Table::open(&config).unwrap();
    (survey, config, table)
}

#[test]
fn local_scales_are_those_of_the_training_rows_and_are_taken_back() {
    let (_survey, _, table) = local();
    let validation = table.validation();
    let training: Vec<usize> = usable()
        .chain([NOT_MEASURED])
        .filter(|row| !validation.rows.contains(&(*row as u64)))
        .collect();
    let of =
        |value: &dyn Fn(usize) -> f64| training.iter().map(|&row| value(row)).collect::<Vec<_>>();
    let mut training_truth: Vec<(f64, f64)> =
        of(&|row| truth(row)[0]).into_iter().zip(of(&|row| observed(row)[0])).collect();
    training_truth.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (along, values): (Vec<f64>, Vec<f64>) = training_truth.into_iter().unzip();
    let own = &table.scaling().local;
    assert_eq!(own.len(), 1);
    let (want, got) = (LocalScale::fit("R_OBS", &along, &values, 4).unwrap(), &own[0]);
    assert_eq!(want.knots().len(), got.knots().len());
    for (want, got) in want.knots().iter().zip(got.knots()) {
        assert!(
            (want.median - got.median).abs() < 0.1 && (want.width / got.width - 1.0).abs() < 0.3
        );
    }

    let scaled: Vec<f32> = table.scaled_validation().features().column(0).to_vec();
    let back = table.scaling().observed(validation.truth.view(), &scaled).unwrap();
    assert!((&back - &validation.observed).iter().all(|off| off.abs() < 1e-6));
    // What no row is near to counts as the farthest one.
    let far = |score: f32| {
        let scores = vec![score; scaled.len()];
        table.scaling().observed(validation.truth.view(), &scores).unwrap()
    };
    assert_eq!(far(1e6), far(1e5));
    let farthest = validation.observed.fold(0.0, |far: f64, value| far.max(value.abs()));
    assert!(far(1e6).iter().all(|value| value.abs() < 2.0 * farthest));
    let spread = |values: &[f32]| values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32;
    assert!((0.5..2.0).contains(&spread(&scaled)));
}

#[test]
fn a_generated_feature_that_is_no_number_stays_none() {
    let (_survey, _, local) = local();
    let survey = Survey::new();
    let plain = Table::open(&survey.config()).unwrap();
    for table in [&local, &plain] {
        let truth = table.validation().truth.view();
        let mut scaled = vec![0.5; truth.nrows() * table.scaling().observed];
        scaled[1] = f32::NAN;
        let observed = table.scaling().observed(truth, &scaled).unwrap();
        let numbers: Vec<bool> = observed.iter().map(|value| !value.is_nan()).collect();
        assert!(numbers.iter().enumerate().all(|(place, &number)| number == (place != 1)));
    }
    // Nor does a limit below 0 panic, which an edited file may have.
    let mut edited = local.scaling().clone();
    edited.limit = vec![-1.0];
    let truth = local.validation().truth.view();
    assert!(edited.observed(truth, &vec![0.5; truth.nrows()]).is_ok());
}

#[test]
fn a_scaling_is_saved_and_an_edited_one_is_refused() {
    let (_survey, _, table) = local();
    let text = serde_json::to_string(table.scaling()).unwrap();
    assert_eq!(&serde_json::from_str::<TableScaling>(&text).unwrap(), table.scaling());
    let width = format!("\"width\":{}", table.scaling().local[0].knots()[0].width);
    assert!(text.contains(&width), "{text}");
    let error = serde_json::from_str::<TableScaling>(&text.replace(&width, "\"width\":0.0"));
    let message = error.unwrap_err().to_string();
    assert!(message.contains("widths above 0"), "{message}");

    let rows = table.validation().truth.view();
    let message = table.scaling().observed(rows, &[0.0; 3]).unwrap_err().to_string();
    assert!(message.contains("scaled features: expected"), "{message}");
}

#[test]
fn what_has_no_local_scale_is_refused() {
    let survey = Survey::new();
    let told = |config: &TableConfig| message(config);
    let constant = TableConfig { local_bins: Some(4), ..survey.config() };
    assert!(told(&constant).contains("\"I_OBS\" has no scatter"), "{}", told(&constant));
    let none = TableConfig { local_bins: Some(0), ..survey.config() };
    assert!(told(&none).contains("local_bins: expected at least 1"), "{}", told(&none));
    let many = TableConfig { local_bins: Some(400), ..survey.config() };
    assert!(told(&many).contains("too few to fit"), "{}", told(&many));
    let mut odd = constant;
    odd.observed.pop();
    assert!(told(&odd).contains("as many observed as true features"), "{}", told(&odd));
    let bad = LocalScale::fit("x", &[0.0, 1.0, f64::NAN, 2.0], &[0.0; 4], 1).unwrap_err();
    assert!(matches!(bad, CatalogError::Rows { .. }), "{bad}");
}

proptest! {
    /// There and back is the identity, anywhere; nothing but finite numbers comes out.
    #[test]
    fn a_local_scale_is_inverted(
        slope in -2.0..2.0f64,
        scatter in 1e-3..10.0f64,
        bins in 1..20usize,
        along in -100.0..100.0f64,
        value in -100.0..100.0f64,
    ) {
        let x: Vec<f64> = (0..200).map(|i| f64::from(i * i) / 1000.0).collect();
        let noise = |i: usize| scatter * (1.0 + x[i]) * (((i * 7919) % 1000) as f64 / 500.0 - 1.0);
        let y: Vec<f64> = (0..200).map(|i| slope * x[i] + noise(i)).collect();
        let local = LocalScale::fit("y", &x, &y, bins).unwrap();
        let scaled = local.apply(along, value);
        prop_assert!(scaled.is_finite());
        let back = local.inverse(along, scaled);
        let size = value.abs() + (value - back).abs() + local.inverse(along, 0.0).abs();
        prop_assert!((back - value).abs() <= 1e-12 * size.max(1.0), "{value} {back}");
    }

    /// Whatever the slope of the relation, the 16th to 84th percentile comes to about 2 all along
    /// a scatter that grows tenfold.
    #[test]
    fn scatter_becomes_one_unit_everywhere(slope in -3.0..3.0f64, bins in 5..12usize) {
        let rows = 5000;
        let x: Vec<f64> = (0..rows).map(|i| f64::from(i) / 500.0).collect();
        let noise = |i: usize| ((i * 7919) % 5003) as f64 / 2501.5 - 1.0;
        let y: Vec<f64> = (0..rows as usize).map(|i| slope * x[i] + (1.0 + x[i]) * noise(i)).collect();
        let local = LocalScale::fit("y", &x, &y, bins).unwrap();
        for part in x.chunks(1000).zip(y.chunks(1000)) {
            let mut scaled: Vec<f64> =
                part.0.iter().zip(part.1).map(|(&x, &y)| local.apply(x, y).sinh()).collect();
            scaled.sort_by(f64::total_cmp);
            let width = scaled[840] - scaled[160];
            prop_assert!((1.6..2.4).contains(&width), "{width}");
        }
    }
}
