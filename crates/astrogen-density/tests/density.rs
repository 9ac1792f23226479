//! From rows whose density is known to a judged flow.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::f64::consts::{E, PI};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use astrogen_catalog::{Catalog, CatalogOptions};
use astrogen_density::{Along, Density, Errors, Length, Recipe, Rows, Written, judge, train};
use astrogen_flows::{Density as _, Member};
use astrogen_tables::{ColumnTable, ColumnTableConfig};
use astrogen_train::{Event, FlowStep, RunDir, StopSignal, TrainError};
use tch::Device;

/// Rows of a normal density: `x` of deviation 2 around 5, `y = x + N(0, 1)`, and `mass` of a
/// normal logarithm.
fn table(folder: &Path) -> ColumnTableConfig {
    let mut state = 1_u64;
    let mut even = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((state >> 33) as f64 + 0.5) / (1_u64 << 31) as f64
    };
    let mut normal = || (-2.0 * even().ln()).sqrt() * (2.0 * PI * even()).cos();
    let mut rows = "x,y,mass\n".to_owned();
    for _ in 0..6000 {
        let x = 5.0 + 2.0 * normal();
        rows += &format!("{x},{},{}\n", x + normal(), 10_f64.powf(9.0 + 0.5 * normal()));
    }
    let path = folder.join("rows.csv");
    std::fs::write(&path, rows).unwrap();
    ColumnTableConfig { path, held_out: 0.3, ..ColumnTableConfig::default() }
}

/// `y` and `mass` given `x`.
fn given_x(folder: &Path) -> ColumnTableConfig {
    ColumnTableConfig {
        features: vec!["y".into(), "mass".into()],
        context: vec!["x".into()],
        ..table(folder)
    }
}

/// libtorch has one random generator for the whole program, so these tests take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn nobody(_: &FlowStep, _: &Event) -> Result<(), TrainError> {
    Ok(())
}

/// The entropy of a normal distribution, in nats.
fn entropy(deviation: f64) -> f64 {
    0.5 * (2.0 * PI * E).ln() + deviation.ln()
}

#[test]
fn likelihoods_are_those_of_the_law_in_the_columns_units() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let data = given_x(folder.path());
    let rows = ColumnTable::open(&data).unwrap();
    let recipe = Recipe {
        member: Member::Nsf,
        hidden: vec![16],
        log10: vec!["mass".into()],
        lr: 3e-3,
        length: Length::Steps(600),
        components: 2,
        ..Recipe::default()
    };
    let config = recipe.config(data, &rows).unwrap();
    let run = RunDir::create(&folder.path().join("run")).unwrap();
    let stop = StopSignal::default();
    let judgement = train(&run, &config, &rows, Device::Cpu, &stop, &mut nobody).unwrap().unwrap();
    assert_eq!(judge(&run).unwrap(), judgement);
    assert_eq!(judgement.left_out, Vec::<String>::new());

    // p(y, mass | x): the normal of y - x, and the log-normal of the mass.
    let ln10 = 10_f64.ln();
    let truth = -entropy(1.0) - (entropy(0.5 * ln10) + 9.0 * ln10);
    let report = &judgement.report;
    assert_eq!((report.rows, report.chosen_by, report.components), (900, false, 2));
    for (name, found) in
        [("flow", report.flow), ("Gaussian", report.gaussian), ("mixture", report.mixture)]
    {
        // The mean of 900 rows scatters by its own error.
        let apart = (found.mean - truth).abs();
        assert!(apart < 3.0 * found.error + 0.03, "{name}: {found:?} for {truth}");
    }
    assert!((report.flow.mean - report.gaussian.mean).abs() < 0.05, "{report:?}");

    // The posterior of y given x and the mass is its normal.
    let density = Density::load(run.path(), Device::Cpu).unwrap();
    let grid = (0..=400).map(|i| f64::from(i) * 0.1 - 15.0).collect();
    let along = Along { column: "y".into(), grid };
    let posterior = density.judge_posterior(run.path(), &along).unwrap().report;
    assert!(posterior.pit_ks < 0.06, "{posterior:?}");
    assert!((posterior.within[0] - 0.683).abs() < 0.05, "{posterior:?}");
    assert!((posterior.log_density + entropy(1.0)).abs() < 0.08, "{posterior:?}");
    // Gneiting and Raftery (2007): that of a normal forecast which is right, 1 / sqrt(pi).
    assert!((posterior.crps - 1.0 / PI.sqrt()).abs() < 0.03, "{posterior:?}");
    assert!(posterior.as_redshift.is_none(), "y is below -1 in some rows");
    assert_eq!(posterior.off_grid, 0);

    // A grid that does not reach all of the truth: the mean is of the others, and it is told.
    let grid = (0..=230).map(|i| f64::from(i) * 0.1 + 2.0).collect();
    let along = Along { column: "y".into(), grid };
    let judgement = density.judge_posterior(run.path(), &along).unwrap();
    let posterior = &judgement.report;
    let off = rows.test().features.column(0).iter().filter(|y| **y < 2.0).count();
    assert!(off > 10 && posterior.off_grid == off, "{off}: {posterior:?}");
    assert!((posterior.log_density + entropy(1.0)).abs() < 0.3, "{posterior:?}");
    let told = judgement.to_string();
    assert!(told.contains(&format!("  {off} true values lie off the grid")), "{told}");
    let written = std::fs::read_to_string(run.join("posterior.json")).unwrap();
    assert!(!written.contains("null,\n  \"off_grid\""), "{written}");
    assert!(written.contains(&format!("\"off_grid\": {off}")), "{written}");
}

#[test]
fn an_error_that_cannot_be_leaves_its_row_without_a_number_and_the_others_alone() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let data = given_x(folder.path());
    let rows = ColumnTable::open(&data).unwrap();
    let recipe =
        Recipe { hidden: vec![8], length: Length::Steps(8), components: 1, ..Recipe::default() };
    let config = recipe.config(data, &rows).unwrap();
    let run = RunDir::create(&folder.path().join("run")).unwrap();
    train(&run, &config, &rows, Device::Cpu, &StopSignal::default(), &mut nobody).unwrap();
    let density = Density::load(run.path(), Device::Cpu).unwrap();
    let pair = |column: &str, error: &str| (column.to_owned(), error.to_owned());
    let errors =
        Errors { columns: vec![pair("y", "y_error"), pair("x", "x_error")], ..Errors::default() };
    let along = Along { column: "y".into(), grid: (-100..=100).map(f64::from).collect() };
    // Log-densities, and the medians of y, of a catalogue of these rows.
    let found = |name: &str, text: &str| {
        let file = |name: String| folder.path().join(name);
        let path = file(format!("{name}.csv"));
        std::fs::write(&path, "x,y,mass,x_error,y_error\n".to_owned() + text).unwrap();
        let rows = Rows { path, options: CatalogOptions::default() };
        let [of, out] =
            ["log-prob", "posterior"].map(|kind| file(format!("{name}-{kind}.parquet")));
        let written = [
            density.log_prob(&rows, &errors, &of).unwrap(),
            density.posterior(&rows, &along, &errors, &out).unwrap(),
        ];
        let of = [(of, "LOG_PROB", written[0]), (out, "Q50", written[1])];
        of.map(|(path, column, written)| {
            let catalog = Catalog::open(&path, &CatalogOptions::default()).unwrap();
            let read = catalog.read(&[column]).unwrap().0;
            let known: Vec<bool> =
                read.column(column).unwrap().iter().map(|number| number.is_finite()).collect();
            let unknown = known.iter().filter(|known| !**known).count() as u64;
            assert_eq!(written, Written { rows: known.len() as u64, unknown });
            known
        })
    };
    // A bad error of y, of a y that is missing (which has none), of x, and good rows around them.
    let good = "5,5,1e9,0.1,0.1\n";
    for bad in ["nan", "inf", "-0.1", ""] {
        let rows = format!("{good}5,5,1e9,0.1,{bad}\n5,,1e9,0.1,{bad}\n5,5,1e9,{bad},0.1\n{good}");
        let [log_prob, median] = found(&format!("mixed{bad}"), &rows);
        assert_eq!(log_prob, [true, false, true, false, true], "{bad:?}");
        // What stands for y, or its error, is not heeded where y is asked for.
        assert_eq!(median, [true, true, true, false, true], "{bad:?}");
    }
    let [log_prob, median] = found("none", "5,5,1e9,-1,0.1\n");
    assert_eq!((log_prob, median), (vec![false], vec![false]));
}

#[test]
fn a_stopped_ensemble_goes_on_to_the_same_flows() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let data = ColumnTableConfig { features: vec!["x".into(), "y".into()], ..table(folder.path()) };
    let rows = ColumnTable::open(&data).unwrap();
    let recipe = Recipe {
        hidden: vec![8],
        length: Length::Steps(24),
        batch_size: 1000,
        members: 2,
        components: 1,
        ..Recipe::default()
    };
    let config = recipe.config(data, &rows).unwrap();
    assert_eq!(config.fit.checkpoint_interval, 4);
    let run = |name: &str, stop: &StopSignal, watch: &mut dyn FnMut(&Event)| {
        let run = RunDir::create_or_resume(&folder.path().join(name)).unwrap();
        let mut watch = |_: &FlowStep, event: &Event| -> Result<(), TrainError> {
            watch(event);
            Ok(())
        };
        train(&run, &config, &rows, Device::Cpu, stop, &mut watch).unwrap()
    };
    let whole = run("whole", &StopSignal::default(), &mut |_| ()).expect("nothing stops it");
    // Stopped in the second flow.
    let (stop, mut started) = (StopSignal::default(), 0);
    let stopped = run("parts", &stop, &mut |event| match event {
        Event::Started { .. } => started += 1,
        Event::Saved { step: 8, .. } if started == 2 => stop.raise(),
        _ => {}
    });
    assert!(stopped.is_none());
    let resumed = run("parts", &StopSignal::default(), &mut |_| ()).expect("it comes to its end");
    assert_eq!(whole.report, resumed.report);
    for member in ["member-1", "member-2"] {
        let bytes = |name: &str| {
            let path = folder.path().join(name).join(member).join("flow.safetensors");
            std::fs::read(path).unwrap()
        };
        assert!(bytes("whole") == bytes("parts"), "{member}");
    }
    let density = Density::load(folder.path().join("parts"), Device::Cpu).unwrap();
    let x = tch::Tensor::from_slice(&[5.0, 5.0]).view([1, 2]);
    let of = |flow: &astrogen_flows::Flow| {
        flow.given(None).unwrap().log_prob(&x).unwrap().double_value(&[0])
    };
    let logs: Vec<f64> = density.ensemble().flows().iter().map(of).collect();
    assert!(logs[0] != logs[1], "two seeds, two flows");
    let mean = density.ensemble().given(None).unwrap().log_prob(&x).unwrap().double_value(&[0]);
    assert!((mean - ((logs[0].exp() + logs[1].exp()) / 2.0).ln()).abs() < 1e-5);
}

#[test]
fn the_recipe_of_pzflow_is_trained_too() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let data = ColumnTableConfig { features: vec!["x".into(), "y".into()], ..table(folder.path()) };
    let rows = ColumnTable::open(&data).unwrap();
    let recipe = Recipe { length: Length::Steps(60), batch_size: 1024, ..Recipe::default() };
    let config = recipe.pzflow(data, &rows).unwrap();
    let run = RunDir::create(&folder.path().join("run")).unwrap();
    let stop = StopSignal::default();
    let judgement = train(&run, &config, &rows, Device::Cpu, &stop, &mut nobody).unwrap().unwrap();
    assert!(judgement.report.flow.mean.is_finite(), "{judgement}");
}
