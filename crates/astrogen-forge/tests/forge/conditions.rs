//! What stars are given: known, in between, nearest, set, and outside of all.

use std::fs;

use astrogen_flows::{Unit, Units};
use astrogen_forge::{Conditions, Forge, GalaxyConditions, Part, Wanted};
use tch::Device;

use crate::{forge, names, refusal, turn};

/// Three training galaxies and one that is left out.
fn table() -> Conditions {
    let galaxy = |id: &str, part, values: [f64; 2]| GalaxyConditions {
        id: id.to_owned(),
        part,
        stars: 100,
        mass: Some(values[0]),
        values: values.to_vec(),
    };
    let galaxies = vec![
        galaxy("a", Part::Train, [1e9, 2.0]),
        galaxy("b", Part::Train, [4e9, 6.0]),
        galaxy("c", Part::Train, [1e11, 9.0]),
        galaxy("d", Part::LeftOut, [9e11, 5.0]),
    ];
    Conditions::new(names(&["m_stars", "tau50"]), galaxies).unwrap()
}

/// As a recipe makes them.
fn units() -> Units {
    let around = |low, median, high| Unit::around([low, median, high], 1.0).unwrap();
    let [a, b] = around(9.0, 9.6, 11.0);
    let [c, d] = around(2.0, 6.0, 9.0);
    Units(vec![vec![Unit::Log10, a, b], vec![c, d]])
}

#[test]
fn conditions_outside_are_named_with_the_range() {
    let table = table();
    assert_eq!(table.outside(&[1e9, 9.0]), []);
    assert_eq!(table.outside(&[5e10, 2.0]), []);
    let found = table.outside(&[9e11, 1.9]);
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 2, "those left out do not count: {told:?}");
    assert_eq!((found[0].value, found[0].range), (9e11, [1e9, 1e11]));
    assert!(
        told[0].starts_with(
            "m_stars = 9.000000e11 is outside 1.000000e9 to 1.000000e11, the range of the training \
             galaxies"
        ),
        "{told:?}"
    );
    assert!(told[1].starts_with("tau50 = 1.900000e0 is outside 2.0"), "{told:?}");
    assert_eq!(table.outside(&[f64::NAN, 5.0]).len(), 1);
}

#[test]
fn deviations_are_those_of_the_galaxies_that_train() {
    // Of 2, 6 and 9: the root of 25 / 3 - (1 / 3)^2 about 6.
    let deviation = table().deviations()[1];
    assert!((deviation - (25f64 / 3.0 - 1.0 / 9.0).sqrt()).abs() < 1e-12, "{deviation}");
}

#[test]
fn between_two_galaxies_is_straight_in_each_condition_or_its_logarithm() {
    let (table, units) = (table(), units());
    let between = |from, to, share| table.between([from, to], share, &units);
    for (share, expected) in [(0.0, [1e9, 2.0]), (1.0, [1e11, 9.0]), (0.5, [1e10, 5.5])] {
        let found = between("a", "c", share).unwrap();
        for (found, expected) in found.iter().zip(expected) {
            assert!((found / expected - 1.0).abs() < 1e-12, "{share}: {found} for {expected}");
        }
    }
    for share in [-0.1, 1.1, f64::NAN] {
        let message = refusal(between("a", "c", share));
        assert!(message.contains("share must be from 0 to 1"), "{message}");
    }
    let message = refusal(between("a", "e", 0.5));
    assert!(message.contains("galaxy e: it is none of those of the run, a, b, c, d"), "{message}");
}

#[test]
fn the_nearest_galaxy_is_one_that_trains() {
    let (table, units) = (table(), units());
    let nearest = |values: [f64; 2], among: &[usize]| {
        table.nearest(&values, among, &units).unwrap().id.clone()
    };
    assert_eq!(nearest([9e11, 5.0], &[0, 1]), "c");
    assert_eq!(nearest([9e11, 5.0], &[1]), "b");
    assert_eq!(nearest([1.5e9, 9.0], &[0]), "a");
    // In its logarithm 2.1e9 is nearer to 4e9; by itself it would be nearer to 1e9.
    assert_eq!(nearest([2.1e9, 0.0], &[0]), "b");
    let others = table.galaxies()[3..].to_vec();
    let empty = Conditions::new(table.names().to_vec(), others).unwrap();
    let message = refusal(empty.nearest(&[1e9, 1.0], &[0], &units));
    assert!(message.contains("no training galaxies"), "{message}");
}

#[test]
fn tables_that_are_none_are_refused() {
    let good = table();
    let with = |change: &dyn Fn(&mut Vec<GalaxyConditions>)| {
        let mut galaxies = good.galaxies().to_vec();
        change(&mut galaxies);
        refusal(Conditions::new(good.names().to_vec(), galaxies))
    };
    let message = with(&|galaxies| galaxies[1].id = "a".to_owned());
    assert!(message.contains("of each galaxy once, got a twice"), "{message}");
    let message = with(&|galaxies| galaxies[2].values.truncate(1));
    assert!(message.contains("2 of each galaxy: m_stars, tau50, got 1 of c"), "{message}");
    let message = with(&|galaxies| galaxies[0].values[1] = f64::INFINITY);
    assert!(message.contains("finite numbers, got tau50 = inf of galaxy a"), "{message}");
}

#[test]
fn a_wanted_galaxy_is_known_in_between_or_set() {
    let _turn = turn();
    let forge = forge();
    let known = forge.conditions();
    assert_eq!(known.names()[3..], names(&["z_av", "latent_1", "latent_2"]));
    let a = forge.like("g0000").unwrap();
    let b = forge.like("g0005").unwrap();
    // The mass of the stars is m_stars, at the ends and in between.
    for (share, mass) in
        [(0.0, a.values[0]), (0.5, (a.values[0] * b.values[0]).sqrt()), (1.0, b.values[0])]
    {
        let between = forge.between(["g0000", "g0005"], share).unwrap();
        assert!((between.values[0] / mass - 1.0).abs() < 1e-12);
        assert_eq!(between.mass, Some(between.values[0]));
    }
    let message = refusal(forge.like("g0042"));
    assert!(message.contains("g0042: it is none of those of the run, g0000, g0001"), "{message}");
    assert!(message.contains("and 1 more"), "{message}");

    let set = forge.set(a.clone(), "m_stars", 7e10).unwrap();
    assert_eq!((set.mass, &set.values[1..]), (Some(7e10), &a.values[1..]));
    let set = forge.set(a.clone(), "latent_2", 0.5).unwrap();
    assert_eq!((set.mass, set.values[5]), (a.mass, 0.5));
    let message = refusal(forge.set(a.clone(), "m_star", 7e10));
    assert!(message.contains("one of m_stars, tau50, tau10, z_av, latent_1"), "{message}");

    for (name, value, words) in [
        ("m_stars", 0.0, "finite and above 0, got m_stars = 0"),
        ("m_stars", -1e9, "finite and above 0, got m_stars = -"),
        ("m_stars", f64::NAN, "finite and above 0, got m_stars = NaN"),
        ("tau50", f64::INFINITY, "finite, got tau50 = inf"),
    ] {
        let wanted = forge.set(a.clone(), name, value).unwrap();
        let message = refusal(forge.given(&wanted));
        assert!(message.contains(words), "{message}");
        assert!(forge.stars(&wanted, 1, 0).is_err());
    }
    let short = Wanted { values: vec![1.0], mass: None };
    let message = refusal(forge.given(&short));
    assert!(message.contains("6: m_stars, tau50"), "{message}");
    let far = forge.set(a, "tau50", 40.0).unwrap();
    assert_eq!(forge.outside(&far)[0].name, "tau50");
}

#[test]
fn latents_of_an_image_come_with_the_nearest_galaxys_parameters() {
    let _turn = turn();
    let forge = forge();
    // g0004 has [3, 3.25] and chooses; g0005 has [3.75, 4], and the nearest that trains.
    let (wanted, nearest) = forge.with_latents(&[3.1, 3.3]).unwrap();
    let like = forge.like(&nearest).unwrap();
    assert_eq!(nearest, "g0005");
    assert_eq!(wanted.values[..4], like.values[..4]);
    assert_eq!((wanted.values[4], wanted.mass), (f64::from(3.1_f32), like.mass));
    let (wanted, nearest) = forge.with_latents(&[0.0, 0.25]).unwrap();
    assert_eq!((nearest.as_str(), wanted), ("g0000", forge.like("g0000").unwrap()));
    let message = refusal(forge.with_latents(&[1.0; 3]));
    assert!(message.contains("latents must be 2, as in the run, got 3"), "{message}");
}

#[test]
fn files_of_a_run_that_do_not_fit_each_other_are_refused() {
    let _turn = turn();
    let forge = forge();
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path();
    let write = |name: &str, text: &str| fs::write(run.join(name), text).unwrap();
    let config = serde_json::to_string(forge.config()).unwrap();
    let conditions = serde_json::to_string(forge.conditions()).unwrap();
    forge.flow().save(run.join("flow.safetensors")).unwrap();
    let load = |config: &str, conditions: &str| {
        write("config.json", config);
        write("conditions.json", conditions);
        Forge::load(run, Device::Cpu)
    };
    load(&config, &conditions).unwrap();
    let swapped = config.replacen("\"m_stars\"", "\"m_other\"", 1);
    assert_ne!(swapped, config);
    let short = conditions.replacen("\"latent_2\"", "\"latent_2\",\"latent_3\"", 1);
    let without = conditions.replacen(",\"latent_2\"", "", 1);
    let twice = conditions.replacen("\"g0003\"", "\"g0002\"", 1);
    let fewer = config.replacen("\"features\":[\"x\",", "\"features\":[", 1);
    assert_ne!(fewer, config);
    for (config, conditions, words) in [
        (&config, &short, "7 of each galaxy"),
        (&config, &without, "5 of each galaxy"),
        (&config, &twice, "g0002 twice"),
        (&fewer, &conditions, "features"),
    ] {
        let message = refusal(load(config, conditions));
        assert!(message.contains(words), "{message}");
    }
}
