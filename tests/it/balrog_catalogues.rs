//! Catalogues and sky maps of the example that need an option to be read, and what is asked of
//! the catalogue to emulate.

use std::fs;
use std::path::{Path, PathBuf};

use astrogen::catalog::skymap::{Coordinates, Coverage, Ordering, SkyMap};
use astrogen::catalog::{Catalog, CatalogOptions};

use crate::program::{Program, utf8};

/// A catalogue of 1500 rows whose magnitudes go from -5 to 5, every seventh with a flag. The
/// cells are separated by bars.
fn matched(folder: &Path) -> PathBuf {
    let mut state = 1_u64;
    let mut even = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as f64 / (1_u64 << 31) as f64
    };
    let mut rows = "ra|dec|mag_true|mag_obs|flags\n".to_owned();
    for row in 0..1500 {
        let (ra, dec, truth) = (360.0 * even(), 60.0 * even(), 10.0 * even() - 5.0);
        let observed = truth + 0.2 * (even() + even() - 1.0);
        rows += &format!("{ra}|{dec}|{truth}|{observed}|{}\n", u8::from(row % 7 == 0));
    }
    let path = folder.join("matched.csv");
    fs::write(&path, rows).expect("written");
    path
}

/// A map of the seeing whose file does not say the order of its pixels.
fn seeing(folder: &Path) -> PathBuf {
    let path = folder.join("seeing.fits");
    let values = (0..12 * 8 * 8).map(|pixel| 1.0 + (pixel % 5) as f32).collect();
    SkyMap::full(8, Ordering::Nested, Coordinates::Equatorial, vec![("SEEING".into(), values)])
        .and_then(|map| map.write(&path, Ordering::Nested, Coverage::Full))
        .expect("a map");
    let file = fs::read(&path).expect("read");
    let card = file.windows(8).position(|word| word == b"ORDERING").expect("the card");
    fs::write(&path, [&file[..card], b"REMARK  ", &file[card + 8..]].concat()).expect("written");
    path
}

/// The rows of a catalogue and the names of its columns.
fn rows(path: &Path) -> (usize, Vec<String>) {
    let catalog = Catalog::open(path, &CatalogOptions::default()).expect("a catalogue");
    let (columns, _) = catalog.read(&["ROW"]).expect("its rows");
    (columns.len(), catalog.columns().iter().map(|column| column.name.clone()).collect())
}

#[test]
fn what_training_asks_of_a_catalogue_is_not_asked_of_the_one_to_emulate() {
    let example = Program::build("balrog_cwgan_gp");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (catalog, map) = (matched(folder.path()), seeing(folder.path()));
    let condition = format!("seeing={}", utf8(&map));
    let run = folder.path().join("run");
    let mut common = vec!["train", "--catalog", utf8(&catalog), "--condition", &condition];
    common.extend("--true mag_true --observed mag_obs --ra ra --dec dec".split(' '));
    common.extend("--split row --local-bins 8 --epochs 1 --batch-size 100".split(' '));
    common.extend("--where flags==0 --magnitudes -30,30".split(' '));
    common.extend(["--out", utf8(&run)]);
    let train = |more: &[&'static str]| [&common[..], more].concat();

    // What the messages ask for.
    let told = example.refuse(&train(&[]));
    assert!(told.contains("mag_true"), "{told}");
    let told = example.refuse(&train(&["--delimiter", "|"]));
    assert!(told.contains("state the ordering"), "{told}");
    let stated = ["--delimiter", "|", "--map-ordering", "nested"];
    let told = example.refuse(&train(&[&stated[..], &["--held-out", "-1"]].concat()));
    assert!(told.contains("fraction"), "{told}");
    assert!(!run.exists());
    let told = example.succeed(&train(&stated));

    // Too few rows for bins of forty: the other figures are drawn.
    assert!(told.contains("residuals.png is left out: there is nothing to draw"), "{told}");
    assert!(!run.join("residuals.png").exists());
    for file in ["tails.png", "calibration.png", "report.txt"] {
        assert!(run.join(file).is_file(), "{file}");
    }
    example.succeed_unread(&["evaluate", utf8(&run)]);

    // What is known before observing is enough, and rows are chosen only if asked for.
    let file = |name: &str| folder.path().join(name);
    fs::write(file("truth.csv"), "ra,dec,mag_true\n10,5,-1\n20,5,1.5\n30,5,2\n").expect("written");
    fs::write(file("none.csv"), "ra,dec,mag_true\n").expect("written");
    let emulate = |catalog: &str, out: &str, more: &[&str]| {
        let (catalog, out) = (file(catalog), file(out));
        let arguments = ["emulate", utf8(&run), "--catalog", utf8(&catalog), "--out", utf8(&out)];
        example.succeed(&[&arguments[..], more].concat());
        rows(&out)
    };
    let columns = ["ROW", "mag_obs"].map(str::to_owned).to_vec();
    assert_eq!(emulate("truth.csv", "all.fits", &[]), (3, columns.clone()));
    let positive = emulate("truth.csv", "positive.fits", &["--where", "mag_true>0"]);
    assert_eq!(positive, (2, columns.clone()));
    for out in ["none.fits", "none.parquet", "none.hdf5"] {
        assert_eq!(emulate("none.csv", out, &[]), (0, columns.clone()));
    }
    let own = file("own.fits");
    example.succeed_unread(&["emulate", utf8(&run), "--out", utf8(&own)]);
    assert_eq!(rows(&own), (1500, columns));

    let truth = file("truth.csv");
    for (out, more, answers) in [
        ("x.fits", ["--where", "flags==0"], "flags"),
        ("x.csv", ["--seed", "1"], ".parquet"),
        ("x.fits", ["--delimiter", ";"], "mag_true"),
    ] {
        let out = file(out);
        let arguments = ["emulate", utf8(&run), "--catalog", utf8(&truth), "--out", utf8(&out)];
        let told = example.refuse(&[&arguments[..], &more].concat());
        assert!(told.contains(answers), "{more:?}: {told}");
        assert!(!out.exists());
    }
}

#[test]
fn options_that_need_each_other_say_so() {
    let example = Program::build("balrog_cwgan_gp");
    for mode in ["train", "search"] {
        for (option, value) in [
            ("--true", "x"),
            ("--observed", "x"),
            ("--condition", "x"),
            ("--footprint", "x.fits"),
            ("--foreground", "x.fits"),
            ("--bad-regions", "x.fits"),
            ("--hdu", "1"),
            ("--group", "x"),
            ("--delimiter", ";"),
        ] {
            let told = example.refuse(&[mode, option, value]);
            assert!(told.contains("required") && told.contains("--catalog"), "{option}: {told}");
        }
    }
    for (option, value, needs) in [
        ("--catalog", "x.fits", "--true"),
        ("--ra", "ra", "--dec"),
        ("--dec", "dec", "--ra"),
        ("--map-ordering", "ring", "--condition"),
        ("--map-coordinates", "galactic", "--condition"),
        ("--map-nside", "8", "--condition"),
        ("--map-pixel-column", "P", "--condition"),
    ] {
        let told = example.refuse(&["train", option, value]);
        assert!(told.contains("required") && told.contains(needs), "{option}: {told}");
    }
    let told = example.refuse(&["emulate", "run", "--out", "x.fits", "--map-nside", "8"]);
    assert!(told.contains("--condition"), "{told}");
}
