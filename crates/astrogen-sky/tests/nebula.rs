//! Whole nebulae, and folders of them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use astrogen_preprocess::{Frame, FrameOptions};
use astrogen_sky::nebula::{BANDS, MANIFEST};
use astrogen_sky::{NebulaConfig, SkyError, simulate_nebulae};
use std::fs;
use std::path::Path;

fn small() -> NebulaConfig {
    NebulaConfig { size: 24, ..Default::default() }
}

fn bytes(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn a_seed_gives_one_nebula_and_another_seed_another() {
    let first = small().simulate(5).unwrap();
    assert_eq!(first.bands(), small().simulate(5).unwrap().bands());
    assert_ne!(first.bands(), small().simulate(6).unwrap().bands());
    assert_eq!(first.bands().dim(), (3, 24, 24));
    assert!(first.bands().iter().all(|v| v.is_finite()));
}

#[test]
fn frames_span_four_decades_above_their_noise() {
    let ranges = (0..12).map(|seed| {
        let nebula = NebulaConfig::default().simulate(seed).unwrap();
        let drawn = nebula.drawn();
        let noise = (drawn.sky + drawn.read_noise.powi(2)).sqrt();
        let peak = nebula.bands().iter().fold(f32::MIN, |peak, &v| peak.max(v));
        ((f64::from(peak) - drawn.sky) / noise) as u32
    });
    let ranges: Vec<u32> = ranges.collect();
    assert!(ranges.iter().all(|&range| range >= 10_000), "{ranges:?}");
}

#[test]
fn the_nebula_is_as_bright_as_asked_and_brighter_than_the_stars_over_most_of_the_frame() {
    let config = NebulaConfig { size: 96, diversity: 0.0, ..Default::default() };
    let bare = NebulaConfig { star_density: 0.0, star_flux: [1e-3, 1e-2], ..config.clone() };
    for seed in 0..4 {
        let mut light: Vec<f32> = bare.simulate(seed).unwrap().bands().iter().copied().collect();
        light.sort_by(f32::total_cmp);
        let bright = light[light.len() * 99 / 100];
        // The point spread function smooths the brightest spots a little.
        assert!((0.75..1.05).contains(&(f64::from(bright) / config.brightness)), "{bright}");
        let median = f64::from(light[light.len() / 2]) - config.sky;
        assert!(median > 2.0 * (config.sky + config.read_noise.powi(2)).sqrt(), "{median}");
    }
}

#[test]
fn diversity_spreads_the_settings_and_none_keeps_them() {
    let alike = NebulaConfig { diversity: 0.0, ..small() };
    assert_eq!(alike.simulate(1).unwrap().drawn(), &alike);
    let [a, b] = [1, 2].map(|seed| small().simulate(seed).unwrap().drawn().clone());
    assert_ne!(a.slope, b.slope);
    assert_ne!(a.lines, b.lines);
    for drawn in [a, b] {
        assert!((drawn.slope - small().slope).abs() <= 0.25);
        assert!((0.5..=2.0).contains(&(drawn.dust / small().dust)));
        assert_eq!(drawn.read_noise, small().read_noise);
        drawn.validate().unwrap();
    }
}

#[test]
fn a_setting_out_of_range_is_named_with_its_rule() {
    let default = NebulaConfig::default;
    for (config, message) in [
        (NebulaConfig { size: 0, ..default() }, "size must be 8 to 2048 pixels, but got 0"),
        (NebulaConfig { slope: -1.0, ..default() }, "slope must be from 0 to 10, but got -1"),
        (
            NebulaConfig { diversity: f64::NAN, ..default() },
            "diversity must be from 0 to 2, but got NaN",
        ),
        (
            NebulaConfig { ionising_stars: 0, ..default() },
            "ionising_stars must be 1 to 100, but got 0",
        ),
        (
            NebulaConfig { hardness: 0.0, ..default() },
            "hardness must be above 0 and at most 1, but got 0",
        ),
        (
            NebulaConfig { lines: [0.0; 3], ..default() },
            "lines must be above 0 for one line at least, but got 0, 0, 0",
        ),
        (
            NebulaConfig { dust: -0.5, ..default() },
            "dust must be a finite number >= 0, but got -0.5",
        ),
        (
            NebulaConfig { star_flux: [5.0, 1.0], ..default() },
            "star_flux[1] must be above star_flux[0], but got 1",
        ),
        (NebulaConfig { fwhm: 0.0, ..default() }, "fwhm must be a finite number > 0, but got 0"),
        (
            NebulaConfig { moffat_beta: 1.0, ..default() },
            "moffat_beta must be a finite number > 1, but got 1",
        ),
        (
            NebulaConfig { read_noise: f64::INFINITY, ..default() },
            "read_noise must be from 0 to 1e9, but got inf",
        ),
    ] {
        assert_eq!(config.simulate(0).unwrap_err().to_string(), message);
    }
    let unknown = serde_json::from_str::<NebulaConfig>(r#"{"sise": 64}"#).unwrap_err();
    assert!(unknown.to_string().contains("unknown field `sise`"));
}

#[test]
fn settings_at_the_ends_of_their_ranges_give_finite_pixels() {
    let config = |json: &str| serde_json::from_str::<NebulaConfig>(json).unwrap();
    for json in [
        r#"{"size": 8, "diversity": 2, "stirring": 1, "gradient": 20, "mach": 50, "forcing": 1}"#,
        r#"{"size": 9, "slope": 0, "driving_scale": 0.01, "mach": 0, "stirring": 0, "gradient": 0}"#,
        r#"{"size": 10, "slope": 10, "driving_scale": 100, "cavity": 1e300, "reach": 1e300}"#,
        r#"{"size": 11, "cavity": 1e-300, "reach": 1e-300, "hardness": 1e-300}"#,
        r#"{"size": 12, "dust": 1e300, "lanes": 1e300, "fwhm": 1e300, "moffat_beta": 1e300}"#,
        r#"{"size": 13, "dust": 0, "lanes": 0, "fwhm": 1e-300, "lines": [0, 1e300, 0]}"#,
        r#"{"size": 14, "brightness": 1e9, "sky": 1e9, "read_noise": 1e9, "star_density": 1000}"#,
        r#"{"size": 15, "star_flux": [1e-300, 1e12], "star_slope": 1e-3, "ionising_stars": 100}"#,
    ] {
        let nebula = config(json).simulate(1).unwrap();
        assert!(nebula.bands().iter().all(|v| v.is_finite()), "{json}");
    }
}

#[test]
fn a_file_says_what_it_was_made_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.fits");
    let nebula = small().simulate(u64::MAX).unwrap();
    nebula.save(&path).unwrap();
    let frame = Frame::open(&path, &FrameOptions::default()).unwrap();
    assert_eq!(&frame.pixels, nebula.bands());
    let header = &frame.header;
    assert_eq!(header.get::<&str>("BUNIT"), Some("electron"));
    assert_eq!(header.get::<&str>("SEED"), Some("18446744073709551615"));
    for (index, band) in BANDS.iter().enumerate() {
        assert_eq!(header.get::<&str>(&format!("BAND{}", index + 1)), Some(*band));
    }
    for card in nebula.header().iter() {
        assert_eq!(header.value(&card.keyword), Some(&card.value), "{}", card.keyword);
    }
    assert_eq!(header.get::<f64>("SLOPE"), Some(nebula.config().slope));
    assert_eq!(header.get::<f64>("D_SLOPE"), Some(nebula.drawn().slope));
    assert_eq!(header.get::<i64>("SIZE"), Some(24));
    // Every setting stands there: one card a field, with two more for `lines` and one more
    // for `star_flux`, all twice.
    let fields = serde_json::to_value(small()).unwrap().as_object().unwrap().len();
    let others = 3 + 2 * BANDS.len(); // BUNIT, ORIGIN, SEED; BAND and WAVE
    assert_eq!(nebula.header().len(), 2 * (fields + 3) + others);
}

#[test]
fn threads_do_not_matter_and_a_finished_folder_is_kept() {
    let [one, many] = [1, 3].map(|threads| {
        let folder = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let files = pool.install(|| simulate_nebulae(folder.path(), &small(), 5, 42)).unwrap();
        assert!(files[4].ends_with("nebula-0004.fits") && files.len() == 5);
        folder
    });
    assert_eq!(bytes(one.path()), bytes(many.path()));
    assert_eq!(bytes(one.path()).len(), 6); // five nebulae and the manifest
    let text = fs::read_to_string(one.path().join(MANIFEST)).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(manifest["count"], 5);
    assert_eq!(manifest["seed"], 42);
    assert_eq!(
        serde_json::from_value::<NebulaConfig>(manifest["config"].clone()).unwrap(),
        small()
    );

    // What is there stays (a mark shows it), what is missing comes back the same.
    let kept = one.path().join("nebula-0001.fits");
    fs::write(&kept, "a mark").unwrap();
    fs::remove_file(one.path().join("nebula-0003.fits")).unwrap();
    simulate_nebulae(one.path(), &small(), 5, 42).unwrap();
    assert_eq!(fs::read(&kept).unwrap(), b"a mark");
    assert_eq!(bytes(one.path())[3], bytes(many.path())[3]);
}

#[test]
fn an_interrupted_folder_is_taken_up_again() {
    let [whole, broken] = [0, 1].map(|_| tempfile::tempdir().unwrap());
    simulate_nebulae(whole.path(), &small(), 3, 1).unwrap();
    simulate_nebulae(broken.path(), &small(), 3, 1).unwrap();
    // As a kill after the first file leaves it.
    fs::remove_file(broken.path().join("nebula-0001.fits")).unwrap();
    fs::remove_file(broken.path().join("nebula-0002.fits")).unwrap();
    let unfinished = broken.path().join("nebulae.unfinished.json");
    fs::rename(broken.path().join(MANIFEST), &unfinished).unwrap();
    let other = simulate_nebulae(broken.path(), &small(), 3, 2).unwrap_err();
    assert!(matches!(other, SkyError::Folder { .. }));
    simulate_nebulae(broken.path(), &small(), 3, 1).unwrap();
    assert_eq!(bytes(whole.path()), bytes(broken.path()));
    assert!(!unfinished.exists());
}

#[test]
fn a_folder_with_other_nebulae_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    simulate_nebulae(folder.path(), &small(), 2, 1).unwrap();
    let before = bytes(folder.path());
    for (config, count, seed) in
        [(NebulaConfig { mach: 2.0, ..small() }, 2, 1), (small(), 3, 1), (small(), 2, 9)]
    {
        let error = simulate_nebulae(folder.path(), &config, count, seed).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("files of other settings (nebulae.json)"), "{message}");
        assert!(message.contains("choose another folder"), "{message}");
        assert_eq!(bytes(folder.path()), before);
    }

    let foreign = tempfile::tempdir().unwrap();
    fs::write(foreign.path().join("nebula-0000.fits"), "precious").unwrap();
    let error = simulate_nebulae(foreign.path(), &small(), 2, 1).unwrap_err();
    assert!(error.to_string().contains("nebula-0000.fits, but no nebulae.json"), "{error}");
    assert_eq!(bytes(foreign.path()), [b"precious"]);

    let none = simulate_nebulae(foreign.path(), &small(), 0, 1).unwrap_err();
    assert_eq!(none.to_string(), "count must be at least 1, but got 0");
    let in_a_file = foreign.path().join("nebula-0000.fits");
    let error = simulate_nebulae(&in_a_file, &small(), 1, 1).unwrap_err();
    assert!(error.to_string().contains("cannot make the folder"), "{error}");
}
