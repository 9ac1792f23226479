//! Whole surveys, and the files they write.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use astrogen_catalog::skymap::{Selection, SkyMap, SkyMapOptions};
use astrogen_catalog::{Catalog, CatalogOptions, RowCounts};
use astrogen_sky::survey::{CATALOGUE, CONDITIONS, MANIFEST, SELECTION};
use astrogen_sky::{Measurement, SkyError, Survey, SurveyConfig};
use ndarray::s;
use std::fs;
use std::path::Path;

fn small() -> SurveyConfig {
    SurveyConfig { galaxies: 4000, nside: 128, ..Default::default() }
}

fn bytes(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
}

/// 16th, 50th and 84th percentile.
fn percentiles(mut values: Vec<f32>) -> [f32; 3] {
    values.sort_by(f32::total_cmp);
    [0.16, 0.5, 0.84].map(|share| values[(share * values.len() as f64) as usize])
}

#[test]
fn a_seed_gives_one_survey_whatever_the_threads_and_the_length() {
    let [one, many] = [1, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Survey::simulate(&small(), 5)).unwrap()
    });
    assert_eq!((one.ra(), one.dec(), one.clean()), (many.ra(), many.dec(), many.clean()));
    assert_eq!(one.true_magnitudes(), many.true_magnitudes());
    assert_eq!(one.observed_magnitudes(), many.observed_magnitudes());
    assert_eq!(one.conditions(), many.conditions());

    let short = Survey::simulate(&SurveyConfig { galaxies: 100, ..small() }, 5).unwrap();
    assert_eq!(short.ra(), &one.ra()[..100]);
    assert_eq!(short.observed_magnitudes(), one.observed_magnitudes().slice(s![..100, ..]));
    let other = Survey::simulate(&small(), 6).unwrap();
    assert_ne!(other.true_magnitudes(), one.true_magnitudes());
    assert_ne!(other.maps().conditions(), one.maps().conditions());

    // The measurement's settings leave the galaxies and the sky as they are.
    let measurement = Measurement { blend_share: 0.0, ..Default::default() };
    let quiet = Survey::simulate(&SurveyConfig { measurement, ..small() }, 5).unwrap();
    assert_eq!(quiet.true_magnitudes(), one.true_magnitudes());
    assert_eq!(quiet.conditions(), one.conditions());
    assert_ne!(quiet.observed_magnitudes(), one.observed_magnitudes());
}

#[test]
fn galaxies_lie_in_the_patch_and_are_observed() {
    let config = SurveyConfig { centre: [359.5, -75.0], ..small() };
    let survey = Survey::simulate(&config, 1).unwrap();
    assert_eq!(survey.observed_magnitudes().dim(), (4000, 3));
    assert!(survey.observed_magnitudes().iter().all(|magnitude| magnitude.is_finite()));
    let mut east = 0;
    for (&ra, &dec) in survey.ra().iter().zip(survey.dec()) {
        assert!((0.0..360.0).contains(&ra) && (-85.6..=-64.4).contains(&dec), "{ra} {dec}");
        east += i32::from(ra < 179.5);
    }
    assert!((1800..2200).contains(&east), "{east}");
    let clean = survey.clean().iter().filter(|&&clean| clean).count();
    assert!((3400..3950).contains(&clean), "{clean}");
}

#[test]
fn residuals_widen_with_the_magnitude_and_have_tails() {
    let config = SurveyConfig { galaxies: 60_000, nside: 256, ..Default::default() };
    let survey = Survey::simulate(&config, 3).unwrap();
    let residuals = survey.observed_magnitudes() - survey.true_magnitudes();
    let between = |low: f32, high: f32, band: usize, extra: &dyn Fn(usize) -> bool| {
        let rows = (0..survey.ra().len()).filter(|&row| {
            let magnitude = survey.true_magnitudes()[[row, 1]];
            survey.clean()[row] && (low..high).contains(&magnitude) && extra(row)
        });
        rows.map(|row| residuals[[row, band]]).collect::<Vec<f32>>()
    };
    for band in 0..3 {
        let width = |low, high| {
            let [low, _, high] = percentiles(between(low, high, band, &|_| true));
            (high - low) / 2.0
        };
        let (bright, faint) = (width(17.5, 20.5), width(24.0, 24.3));
        assert!((0.008..0.03).contains(&bright), "{band}: {bright}");
        assert!((0.12..0.4).contains(&faint), "{band}: {faint}");
    }

    // A rough sky widens the residuals of faint galaxies; the seeing moves those of bright ones.
    let [low, high] = [(15.0, false), (21.0, true)].map(|(limit, above)| {
        let rows = |row: usize| (survey.conditions()[[row, 1]] > limit) == above;
        let [low, _, high] = percentiles(between(23.5, 24.3, 1, &rows));
        high - low
    });
    assert!(high > 1.25 * low, "{low} {high}");
    let [sharp, blurred] = [(0.9, false), (1.2, true)].map(|(limit, above)| {
        let rows = |row: usize| (survey.conditions()[[row, 4]] > limit) == above;
        percentiles(between(17.5, 21.0, 1, &rows))[1]
    });
    assert!(blurred > sharp + 0.02, "{sharp} {blurred}");

    // Some per cent beyond three of the core's widths, more on the bright side: neighbours.
    let faint = between(23.0, 24.0, 1, &|_| true);
    let [low, median, high] = percentiles(faint.clone());
    let width = (high - low) / 2.0;
    let count = faint.len() as f32;
    let brighter = faint.iter().filter(|&&v| v < median - 3.0 * width).count() as f32 / count;
    let fainter = faint.iter().filter(|&&v| v > median + 3.0 * width).count() as f32 / count;
    assert!(
        (0.01..0.08).contains(&brighter) && (0.003..brighter).contains(&fainter),
        "{brighter} {fainter}"
    );
}

#[test]
fn pixels_that_the_maps_reject_are_measured_worse() {
    let config = SurveyConfig { star_density: 3.0, galaxies: 30_000, ..small() };
    let survey = Survey::simulate(&config, 2).unwrap();
    let width = |wanted: bool| {
        let rows = (0..survey.ra().len()).filter(|&row| {
            survey.clean()[row] == wanted && survey.true_magnitudes()[[row, 1]] > 23.0
        });
        let residual =
            |row| survey.observed_magnitudes()[[row, 1]] - survey.true_magnitudes()[[row, 1]];
        let [low, _, high] = percentiles(rows.map(residual).collect());
        high - low
    };
    assert!(width(false) > 2.0 * width(true), "{} {}", width(false), width(true));
}

#[test]
fn files_are_what_the_survey_holds() {
    let folder = tempfile::tempdir().unwrap();
    let survey = Survey::simulate(&small(), 8).unwrap();
    survey.save(folder.path()).unwrap();

    let catalogue =
        Catalog::open(folder.path().join(CATALOGUE), &CatalogOptions::default()).unwrap();
    let names = [
        "ID",
        "RA",
        "DEC",
        "TRUE_MAG_R",
        "TRUE_MAG_I",
        "TRUE_MAG_Z",
        "MEAS_MAG_R",
        "MEAS_MAG_I",
        "MEAS_MAG_Z",
    ];
    let (columns, counts) = catalogue.read(&names).unwrap();
    assert_eq!((counts.kept(), counts.missing()), (4000, 0));
    let (ra, dec) = (columns.column("RA").unwrap(), columns.column("DEC").unwrap());
    assert_eq!((ra, dec), (survey.ra(), survey.dec()));
    assert!(columns.column("ID").unwrap().iter().enumerate().all(|(row, &id)| id == row as f64));
    for (first, magnitudes) in [(3, survey.true_magnitudes()), (6, survey.observed_magnitudes())] {
        for (band, column) in magnitudes.columns().into_iter().enumerate() {
            let written: Vec<f32> =
                columns.values()[first + band].iter().map(|&v| v as f32).collect();
            assert_eq!(written, column.to_vec());
        }
    }

    let open = |name: &str| {
        let options = SkyMapOptions { nside: Some(128), ..SkyMapOptions::default() };
        SkyMap::open(folder.path().join(format!("{name}.fits")), &options).unwrap()
    };
    for (number, name) in CONDITIONS.iter().enumerate() {
        let map = open(name);
        assert!(map.occupied().eq(survey.maps().pixels().iter().copied()), "{name}");
        let values: Vec<f32> =
            map.lookup(name, ra, dec).unwrap().into_iter().map(|value| value as f32).collect();
        assert_eq!(values, survey.conditions().column(number).to_vec(), "{name}");
    }
    let [footprint, foreground, bad_regions] = SELECTION.map(|name| Some(open(name)));
    let selection = Selection { footprint, foreground, bad_regions };
    let mut counts = RowCounts::new(4000);
    assert_eq!(selection.clean(ra, dec, &mut counts).unwrap(), survey.clean());

    let unknown = survey.maps().map("skyvar").unwrap_err().to_string();
    assert_eq!(
        unknown,
        "the map's name must be one of CONDITIONS or SELECTION, but got \"skyvar\""
    );
}

#[test]
fn a_folder_is_kept_taken_up_again_or_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let survey = Survey::simulate(&small(), 8).unwrap();
    survey.save(folder.path()).unwrap();
    let whole = bytes(folder.path());
    assert_eq!(whole.len(), 11); // the catalogue, nine maps and the manifest
    let text = fs::read_to_string(folder.path().join(MANIFEST)).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(manifest["seed"], 8);
    let config: SurveyConfig = serde_json::from_value(manifest["config"].clone()).unwrap();
    assert_eq!(&config, survey.config());

    // What is there stays (a mark shows it), what is missing comes back the same.
    fs::write(folder.path().join("fwhm_r.fits"), "a mark").unwrap();
    fs::remove_file(folder.path().join(CATALOGUE)).unwrap();
    survey.save(folder.path()).unwrap();
    for ((name, before), (_, after)) in whole.iter().zip(bytes(folder.path())) {
        let expected = if name == "fwhm_r.fits" { b"a mark".as_slice() } else { before };
        assert_eq!(after, expected, "{name}");
    }

    let before = bytes(folder.path());
    let other = Survey::simulate(&small(), 9).unwrap().save(folder.path()).unwrap_err();
    assert!(matches!(other, SkyError::Folder { .. }));
    let message = other.to_string();
    assert!(message.contains("files of other settings (survey.json)"), "{message}");
    assert_eq!(bytes(folder.path()), before);

    let foreign = tempfile::tempdir().unwrap();
    fs::write(foreign.path().join(CATALOGUE), "precious").unwrap();
    let message = survey.save(foreign.path()).unwrap_err().to_string();
    assert!(message.contains("catalogue.fits, but no survey.json"), "{message}");
    assert_eq!(bytes(foreign.path()).len(), 1);
}

#[test]
fn a_setting_out_of_range_is_named_with_its_rule() {
    let default = SurveyConfig::default;
    let noise = [[10.0, 17.0], [23.0, 13.0], [24.0, 43.0]];
    for (config, message) in [
        (SurveyConfig { galaxies: 0, ..default() }, "galaxies must be from 1 to 1e9, but got 0"),
        (
            SurveyConfig { nside: 96, ..default() },
            "nside must be a power of two from 2 to 8192, but got 96",
        ),
        (
            SurveyConfig { centre: [40.0, -91.0], ..default() },
            "centre[1] must be a declination from -90 to 90, but got -91",
        ),
        (
            SurveyConfig { radius: 0.1, ..default() },
            "radius must be from two pixels (117.3 / nside) to 60 degrees, but got 0.1",
        ),
        (SurveyConfig { edge: 11.0, ..default() }, "edge must be from 0 to the radius, but got 11"),
        (
            SurveyConfig { star_density: f64::NAN, ..default() },
            "star_density must be from 0 to 1000 in a square degree, but got NaN",
        ),
        (
            SurveyConfig { bad_density: 1.0, bad_radius: 1.0, ..default() },
            "bad_radius must be so small that pi radius^2 density is at most 2: \
             something has to be left, but got 1",
        ),
        (
            SurveyConfig { coherence: 0.0, ..default() },
            "coherence must be from two pixels (117.3 / nside) to 180 degrees, but got 0",
        ),
        (
            SurveyConfig { noise, ..default() },
            "noise must be [low, high] between 0.01 and 1e4, but got [23, 13]",
        ),
        (
            SurveyConfig { magnitudes: [24.0, 20.0], ..default() },
            "magnitudes[1] must be above magnitudes[0], but got 20",
        ),
        (
            SurveyConfig { red_share: [0.5, 1.5], ..default() },
            "red_share must be from 0 to 1, but got 1.5",
        ),
        (
            SurveyConfig {
                measurement: Measurement { gain: 0.0, ..Default::default() },
                ..default()
            },
            "measurement.gain must be from 1e-6 to 1e6, but got 0",
        ),
    ] {
        assert_eq!(Survey::simulate(&config, 0).unwrap_err().to_string(), message);
    }
    let unknown = serde_json::from_str::<SurveyConfig>(r#"{"measurement": {"gian": 1}}"#);
    assert!(unknown.unwrap_err().to_string().contains("unknown field `gian`"));
}

#[test]
fn settings_at_the_ends_of_their_ranges_make_a_survey() {
    for json in [
        r#"{"galaxies": 1, "nside": 2, "radius": 60, "edge": 60, "coherence": 180, "centre": [0, 90]}"#,
        r#"{"galaxies": 9, "nside": 2, "radius": 58.7, "coherence": 58.7, "centre": [360, -90],
            "star_density": 0, "bad_density": 0}"#,
        r#"{"galaxies": 9, "nside": 1024, "radius": 0.115, "edge": 0, "coherence": 0.115,
            "star_density": 100, "star_radius": 0, "bad_density": 0.006, "bad_radius": 10}"#,
        r#"{"galaxies": 9, "nside": 64, "noise": [[0.01, 0.01], [1e4, 1e4], [0.01, 1e4]],
            "magnitudes": [10, 40], "counts_slope": 10, "red_share": [0, 1]}"#,
        r#"{"galaxies": 9, "nside": 64, "magnitudes": [10, 10.000001], "counts_slope": 0.01}"#,
    ] {
        let config: SurveyConfig = serde_json::from_str(json).unwrap();
        let survey = Survey::simulate(&config, 1).unwrap();
        assert!(survey.observed_magnitudes().iter().all(|v| v.is_finite()), "{json}");
        let folder = tempfile::tempdir().unwrap();
        survey.save(folder.path()).unwrap();
    }
}
