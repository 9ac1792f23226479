//! Galaxies that are awkward, and settings that do not hold: each is reported or refused in words.

use std::fs;

use astrogen_forge::{Deal, Galaxies, GalaxiesConfig, Recipe};
use astrogen_stars::{CleaningConfig, StarArrayWriter};
use hdf5_pure::{AttrValue, FileBuilder};

use crate::{alter, latents, names, place, refusal, settings, small, suite, trained, turn};

#[test]
fn galaxies_with_too_few_stars_are_dropped_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let stars = suite(folder.path());
    alter(&stars, "g0002", |columns| columns.iter_mut().for_each(|own| own.truncate(80)));
    let galaxies = Galaxies::open(&settings(&stars)).unwrap();
    let report = galaxies.report();
    assert_eq!((report.parts, &report.dropped), ([3, 1, 1], &names(&["g0002"])));
    assert_eq!(report.cleaning.len(), 6);
    let told = report.to_string();
    assert!(told.contains("too few stars left, left out: g0002"), "{told}");
    assert!(told.starts_with("3 galaxies to train on, 1 to choose by, 1 left out"), "{told}");
    assert!(galaxies.conditions().galaxies().iter().all(|galaxy| galaxy.id != "g0002"));

    // Of none a star stays: there is nothing to measure, whatever the settings say.
    alter(&stars, "g0002", |columns| columns[place("vx")].fill(f64::NAN));
    let mut any = settings(&stars);
    any.cleaning.min_stars = 0;
    let galaxies = Galaxies::open(&any).unwrap();
    assert_eq!(galaxies.report().dropped, names(&["g0002"]));
}

#[test]
fn stars_without_latents_and_latents_without_stars_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let stars = suite(folder.path());
    let ids = ["g0001", "g0002", "g0003", "g0004", "g0008", "g0009"];
    let data = GalaxiesConfig { latents: Some(latents(folder.path(), &ids)), ..settings(&stars) };
    let galaxies = Galaxies::open(&data).unwrap();
    let report = galaxies.report();
    assert_eq!(report.without_latents, names(&["g0000", "g0005"]));
    assert_eq!(report.without_stars, names(&["g0008", "g0009"]));
    let told = report.to_string();
    assert!(told.contains("stars without an image's latents, left out: g0000, g0005"), "{told}");
    assert!(told.contains("latents without stars, left out: g0008, g0009"), "{told}");
    let known = galaxies.conditions();
    assert_eq!(known.names()[4..], names(&["latent_1", "latent_2"]));
    assert_eq!(known.galaxy("g0002").unwrap().values[4..], [0.75, 1.0]);
}

#[test]
fn stars_without_a_finite_value_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let stars = suite(folder.path());
    alter(&stars, "g0000", |columns| {
        columns[place("age")][3] = f64::NAN;
        columns[place("vz")][7] = f64::INFINITY;
        columns[place("x")][9] = f64::NEG_INFINITY;
        columns[place("mass")][11] = f64::NAN;
    });
    let galaxies = Galaxies::open(&settings(&stars)).unwrap();
    let cleaning = &galaxies.report().cleaning[0];
    assert_eq!(cleaning.not_finite.values().sum::<usize>(), 4);
    assert_eq!(cleaning.not_finite["mass"], 1);
    let rows = galaxies.training_stars(Some(0), usize::MAX).unwrap();
    assert_eq!(rows.nrows(), cleaning.kept);
    assert!(rows.iter().all(|value| value.is_finite()));
    assert!(galaxies.conditions().galaxies()[0].values.iter().all(|value| value.is_finite()));
    // A column without any finite value leaves no star.
    alter(&stars, "g0000", |columns| columns[place("feh")].fill(f64::NAN));
    let galaxies = Galaxies::open(&settings(&stars)).unwrap();
    assert_eq!(galaxies.report().dropped, names(&["g0000"]));
    assert_eq!(galaxies.report().cleaning[0].not_finite["feh"], 598, "the first bad column counts");
}

#[test]
fn metals_of_nearly_none_and_ages_of_zero_are_learnt() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let stars = suite(folder.path());
    for id in ["g0000", "g0001", "g0004"] {
        alter(&stars, id, |columns| {
            columns[place("metals")][..40].fill(0.0);
            columns[place("metals")][40..80].fill(1e-31);
            columns[place("age")][80..120].fill(0.0);
        });
    }
    let data = settings(&stars);
    let galaxies = Galaxies::open(&data).unwrap();
    let told = galaxies.report().to_string();
    let raised: usize = galaxies.report().cleaning.iter().map(|of| of.raised["metals"]).sum();
    assert!((200..=240).contains(&raised), "{raised} of 240, but for those too far out");
    assert!(told.contains("values were raised to their floor"), "{told}");
    let rows = galaxies.training_stars(Some(0), usize::MAX).unwrap();
    assert!(rows.column(6).iter().all(|&metals| metals > 9.9e-7));
    assert_eq!(galaxies.ranges()[9][0], 0.0, "ages of 0 stay");
    let run = folder.path().join("run");
    let report = trained(&run, &small(), data.clone()).1;
    let galaxy = &report.galaxies[0];
    for of in [galaxy.flow, galaxy.gaussian.likelihood, galaxy.mixture.gain, galaxy.nearest.gain] {
        assert!(of.mean.is_finite() && of.error.is_finite(), "{galaxy:?}");
    }

    // Without a floor there is no logarithm.
    let cleaning = CleaningConfig { floors: [].into(), ..data.cleaning.clone() };
    let message = refusal(Galaxies::open(&GalaxiesConfig { cleaning, ..data.clone() }));
    assert!(
        message.starts_with("galaxy g0000: the logarithm of metals is learnt, and it is 0"),
        "{message}"
    );
    assert!(message.contains("give it a floor above 0 in the cleaning"), "{message}");
    let log10 = names(&["metals", "age"]);
    let message = refusal(Galaxies::open(&GalaxiesConfig { log10: log10.clone(), ..data.clone() }));
    assert!(message.contains("the logarithm of age is learnt, and it is 0"), "{message}");
    let mut floored = GalaxiesConfig { log10, ..data };
    floored.cleaning.floors.insert("age".to_owned(), 1e-3);
    let galaxies = Galaxies::open(&floored).unwrap();
    assert!(galaxies.ranges()[9][0] >= 1e-4);
}

#[test]
fn ids_and_parts_that_do_not_hold_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let stars = suite(folder.path());
    let good = settings(&stars);
    let with = |change: &dyn Fn(&mut GalaxiesConfig)| {
        let mut config = good.clone();
        change(&mut config);
        refusal(Galaxies::open(&config))
    };
    let message = with(&|of| of.leave_out = names(&["g0001", "g0077"]));
    assert!(message.starts_with("galaxy g0077: it has no stars in"), "{message}");
    let message = with(&|of| of.validation = names(&["g0078"]));
    assert!(message.starts_with("galaxy g0078: it has no stars in"), "{message}");
    let message = with(&|of| of.leave_out = names(&["g0001", "g0001"]));
    assert!(message.contains("leave_out must be different names, got g0001 twice"), "{message}");
    let message = with(&|of| of.validation = names(&["g0001"]));
    assert!(message.contains("other galaxies than those left out, got g0001"), "{message}");
    let message = with(&|of| of.features = names(&["x", "y", "x"]));
    assert!(message.contains("features must be different names, got x twice"), "{message}");
    let message = with(&|of| of.features.clear());
    assert!(message.contains("features must be at least one"), "{message}");
    let message = with(&|of| of.features = names(&["x", "metals", "spin"]));
    assert!(message.contains("spin"), "{message}");
    let message = with(&|of| of.log10 = names(&["mass"]));
    assert!(message.contains("log10 must be among x, y"), "{message}");
    let message = with(&|of| of.parameters = names(&["m_stars", "tau90"]));
    assert!(message.contains("unknown parameter \"tau90\": expected one of m_stars"), "{message}");
    for share in [1.0, -0.1, f64::NAN] {
        let message = with(&|of| of.held_out = share);
        assert!(message.contains("held_out must be from 0 to below 1"), "{message}");
    }
    let message = with(&|of| {
        of.validation.clear();
        of.held_out = 0.0;
    });
    assert!(message.contains("above 0 where no galaxies are left out"), "{message}");

    // No galaxy is left for a part.
    for (id, words) in
        [("g0001", "there is none to judge by"), ("g0004", "there is none to choose by")]
    {
        let folder = tempfile::tempdir().unwrap();
        let stars = suite(folder.path());
        alter(&stars, id, |columns| columns.iter_mut().for_each(|own| own.truncate(50)));
        let message = refusal(Galaxies::open(&settings(&stars)));
        assert!(message.contains(words) && message.contains("left out: "), "{message}");
        assert!(message.contains(id), "{message}");
    }
    let message = with(&|of| of.cleaning.min_stars = 10_000);
    assert!(message.contains("there is none to train on"), "{message}");
    let message = with(&|of| {
        of.leave_out = names(&["g0000", "g0001", "g0002", "g0003", "g0005"]);
    });
    assert!(message.contains("there is none to train on"), "{message}");

    // Twice the same galaxy.
    fs::copy(folder.path().join("tables/g0003.fits"), stars.join("g0003.fits")).unwrap();
    let message = refusal(Galaxies::open(&good));
    assert!(message.contains("galaxy \"g0003\" is there twice"), "{message}");
}

#[test]
fn files_that_are_no_galaxies_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let stars = suite(folder.path());
    let data = settings(&stars);
    fs::remove_file(folder.path().join("galaxies.fits")).unwrap();
    let message = refusal(Galaxies::open(&settings(folder.path())));
    assert!(message.contains("holds no galaxies") && message.contains("stars"), "{message}");
    let message = refusal(Galaxies::open(&settings(&folder.path().join("nowhere"))));
    assert!(message.contains("nowhere"), "{message}");
    // An array of nine rows.
    let path = stars.join("g0100.npy");
    let mut writer = StarArrayWriter::create(&path, 5).unwrap();
    writer.write(&vec![vec![1.0; 5]; 11]).unwrap();
    writer.finish().unwrap();
    let bytes = fs::read(&path).unwrap();
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (9, 5), }";
    let mut nine = bytes[..10].to_vec();
    nine.extend(format!("{text:<117}\n").bytes());
    nine.extend(&bytes[128..128 + 4 * 45]);
    fs::write(&path, nine).unwrap();
    let message = refusal(Galaxies::open(&data));
    assert!(message.contains("g0100.npy: expected an array [11, N]"), "{message}");
    assert!(message.contains("got [9, 5]"), "{message}");
    fs::remove_file(&path).unwrap();
    // A column that some galaxy lacks.
    fs::write(
        stars.join("g0101.csv"),
        "x,y,z,vx,vy,vz\n1,2,3,4,5,6\n".to_owned() + &"1,2,3,4,5,7\n".repeat(300),
    )
    .unwrap();
    let message = refusal(Galaxies::open(&data));
    assert!(message.starts_with("galaxy g0101: no column \"mass\"; there are: \"x\""), "{message}");
}

/// A snapshot of a simulation; `stars` of them, velocities in what the attributes say.
fn snapshot(path: &std::path::Path, stars: usize, unit: f64) {
    let mut file = FileBuilder::new();
    let mut header = file.create_group("Header");
    for (name, value) in [
        ("Time", 1.0),
        ("HubbleParam", 0.7),
        ("Omega0", 0.3),
        ("OmegaLambda", 0.7),
        ("BoxSize", 1000.0),
    ] {
        header.set_attr(name, AttrValue::F64(value));
    }
    header.set_attr("NumFilesPerSnapshot", AttrValue::I32(1));
    file.add_group(header.finish());
    let mut group = file.create_group(if stars > 0 { "PartType4" } else { "PartType0" });
    let numbers = |width: usize| -> Vec<f64> {
        (0..stars.max(1) * width).map(|i| 500.0 + (i as f64 * 0.7).sin()).collect()
    };
    for (name, width) in [("Coordinates", 3), ("Velocities", 3), ("Masses", 1)] {
        let values = numbers(width);
        let set = group.create_dataset(name);
        set.with_f64_data(&values);
        if width > 1 {
            set.with_shape(&[(values.len() / width) as u64, width as u64]);
        }
        for (name, value) in [("a_scaling", 0.0), ("h_scaling", 0.0), ("to_cgs", unit)] {
            set.set_attr(name, AttrValue::F64(value));
        }
    }
    file.add_group(group.finish());
    fs::write(path, file.finish().unwrap()).unwrap();
}

#[test]
fn snapshots_without_stars_or_units_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = |name: &str| GalaxiesConfig {
        leave_out: Vec::new(),
        validation: Vec::new(),
        ..settings(&folder.path().join(name))
    };
    snapshot(&folder.path().join("empty.hdf5"), 0, 1.0);
    let message = refusal(Galaxies::open(&data("empty.hdf5")));
    assert!(message.contains("empty.hdf5") && message.contains("PartType4"), "{message}");
    snapshot(&folder.path().join("units.hdf5"), 300, f64::NAN);
    let message = refusal(Galaxies::open(&data("units.hdf5")));
    assert!(message.contains("units.hdf5"), "{message}");
    assert!(message.contains("to_cgs") || message.contains("unit"), "{message}");
    let table = "x,y,z,vx,vy,vz,speed\n".to_owned() + &"1,2,3,4,5,6,7\n".repeat(300);
    fs::write(folder.path().join("table.csv"), table).unwrap();
    let mut odd = data("table.csv");
    let source = astrogen_stars::ColumnSource::new("x").with_unit("furlong");
    odd.layout.columns.insert("x".to_owned(), source);
    let message = refusal(Galaxies::open(&odd));
    assert!(message.contains("columns.x") && message.contains("furlong"), "{message}");
}

#[test]
fn recipes_that_do_not_hold_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let stars = suite(folder.path());
    for id in ["g0000", "g0002", "g0003", "g0005"] {
        alter(&stars, id, |columns| columns[place("vz")].fill(4.0));
    }
    let data = settings(&stars);
    let galaxies = Galaxies::open(&data).unwrap();
    let message = refusal(small().config(data.clone(), &galaxies));
    assert!(message.contains("of more than one value in what trains, or left out"), "{message}");
    assert!(message.contains("vz = 4 everywhere"), "{message}");
    let features = names(&["x", "y", "age"]);
    let data = GalaxiesConfig { features, log10: Vec::new(), ..data };
    let galaxies = Galaxies::open(&data).unwrap();
    let with = |recipe: Recipe| refusal(recipe.config(data.clone(), &galaxies));
    for (recipe, words) in [
        (Recipe { components: 0, ..small() }, "components must be at least 1"),
        (Recipe { latent_noise: -1.0, ..small() }, "latent_noise must be 0 or more, got -1"),
        (Recipe { batch_size: 0, ..small() }, "batch_size"),
        (Recipe { steps: 0, ..small() }, "steps"),
        (Recipe { lr: f64::NAN, ..small() }, "lr"),
        (Recipe { hidden: vec![0], ..small() }, "hidden"),
        (Recipe { transforms: Some(0), ..small() }, "transforms"),
    ] {
        let message = with(recipe);
        assert!(message.contains(words), "{words}: {message}");
    }
    small().config(data.clone(), &galaxies).unwrap();

    // Training galaxies of 588 stars in batches of 128; dealt alike, each as the largest.
    let stars = galaxies.report().stars[0] as u64;
    assert_eq!(galaxies.steps_per_epoch(Deal::ByStars, 128), stars / 128);
    let steps = galaxies.steps_per_epoch(Deal::Balanced, 128);
    assert!(steps >= stars / 128 && galaxies.steps_per_epoch(Deal::Balanced, usize::MAX) == 1);

    // A condition that all training galaxies share tells nothing apart, and is no obstacle.
    let folder = tempfile::tempdir().unwrap();
    let ids = ["g0000", "g0001", "g0002", "g0003", "g0004", "g0005"];
    let values = ndarray::Array2::from_elem((6, 1), 0.5);
    astrogen_forge::Latents { ids: names(&ids), values }.save(folder.path()).unwrap();
    let data = GalaxiesConfig { latents: Some(folder.path().to_owned()), ..data };
    let galaxies = Galaxies::open(&data).unwrap();
    small().config(data, &galaxies).unwrap();
}
