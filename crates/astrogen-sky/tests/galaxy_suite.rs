//! Suites of mock galaxies.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use astrogen_catalog::{Catalog, CatalogOptions};
use astrogen_preprocess::raster;
use astrogen_sky::galaxy::{COLUMNS, GALAXIES, MANIFEST, SuiteGalaxy, ViewConfig};
use astrogen_sky::{SkyError, SuiteConfig, simulate_galaxies};
use std::fs;
use std::path::{Path, PathBuf};

/// Four galaxies of 200 stars and 32 pixels.
fn small() -> SuiteConfig {
    let view = ViewConfig { size: 32, ..ViewConfig::default() };
    SuiteConfig { galaxies: 4, stars: 200, view, ..SuiteConfig::default() }
}

fn members(config: &SuiteConfig, count: usize) -> Vec<SuiteGalaxy> {
    (0..count).map(|number| config.member(number, 3).unwrap()).collect()
}

/// Spearman's correlation: of the ranks.
fn correlation(points: &[(f64, f64)]) -> f64 {
    let ranks = |value: fn(&(f64, f64)) -> f64| {
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by(|&a, &b| value(&points[a]).total_cmp(&value(&points[b])));
        let mut ranks = vec![0.0; points.len()];
        order.into_iter().enumerate().for_each(|(rank, index)| ranks[index] = rank as f64);
        ranks
    };
    let (a, b) = (ranks(|point| point.0), ranks(|point| point.1));
    let middle = (points.len() - 1) as f64 / 2.0;
    let product: f64 = a.iter().zip(&b).map(|(a, b)| (a - middle) * (b - middle)).sum();
    product / a.iter().map(|a| (a - middle).powi(2)).sum::<f64>()
}

/// Every file below a folder, with its bytes.
fn bytes(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(bytes(&path));
        } else {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn a_galaxy_depends_on_its_number_and_the_seed_alone() {
    let one = small().member(2, 3).unwrap();
    let longer = SuiteConfig { galaxies: 900, stars: 5, ..small() };
    let same = longer.member(2, 3).unwrap();
    assert_eq!((&one.id, &one.view), (&same.id, &same.view));
    assert_eq!(one.galaxy.config(), same.galaxy.config());
    assert_eq!(one.galaxy.stars(50), same.galaxy.stars(50));
    assert_ne!(one.galaxy.config(), small().member(1, 3).unwrap().galaxy.config());
    assert_ne!(one.galaxy.config(), small().member(2, 4).unwrap().galaxy.config());
    assert_eq!(small().member(123_456, 3).unwrap().id, "g123456");
}

#[test]
fn masses_sizes_metals_ages_gas_and_bulges_go_together() {
    let members = members(&small(), 400);
    let with = |value: &dyn Fn(&SuiteGalaxy) -> f64, early: Option<bool>| {
        let chosen = members.iter().filter(|member| early.is_none_or(|e| member.early == e));
        let points: Vec<_> =
            chosen.map(|of| (of.galaxy.config().stellar_mass, value(of))).collect();
        correlation(&points)
    };
    let found = [
        with(&|of| of.galaxy.config().dark_mass, None),
        with(&|of| of.half_mass_radius, Some(false)),
        with(&|of| of.half_mass_radius, Some(true)),
        with(&|of| of.galaxy.config().thin.population.metallicity, None),
        with(&|of| of.galaxy.config().thin.population.age, Some(false)),
        with(&|of| of.galaxy.config().bulge.share, None),
        with(&|of| f64::from(u8::from(of.early)), None),
        with(&|of| of.galaxy.circular_velocity(2.2 * of.galaxy.config().thin.length), None),
    ];
    let least = [0.95, 0.4, 0.5, 0.8, 0.5, 0.5, 0.3, 0.9];
    assert!(found.iter().zip(least).all(|(found, least)| *found > least), "{found:?}");
    let gas =
        with(&|of| of.galaxy.config().gas_mass / of.galaxy.config().stellar_mass, Some(false));
    assert!(gas < -0.5, "{gas}");
}

#[test]
fn without_scatter_the_relations_hold_exactly() {
    let config = SuiteConfig { scatter: 0.0, dark_mass: [1e12, 1e12], ..small() };
    for member in members(&config, 40) {
        let galaxy = member.galaxy.config();
        // Moster et al. (2013): 0.0343 of the mass; Shen et al. (2003) for it: 3.4 and 2.3 kpc.
        assert!((galaxy.stellar_mass / 3.43e10 - 1.0).abs() < 0.01, "{:e}", galaxy.stellar_mass);
        let radius = if member.early { 2.29 } else { 3.43 };
        assert!((member.half_mass_radius / radius - 1.0).abs() < 0.02, "{member:?}");
    }
}

#[test]
fn a_late_galaxy_has_its_half_mass_radius_and_late_and_early_ones_differ() {
    let members = members(&small(), 60);
    for member in &members {
        let stars = member.galaxy.stars(4000);
        let star = |row: usize| stars.row(row).to_vec();
        let mut radii: Vec<f32> =
            star(0).into_iter().zip(star(1)).map(|(x, y)| x.hypot(y)).collect();
        radii.sort_by(f32::total_cmp);
        let ratio = f64::from(radii[2000]) / member.half_mass_radius;
        // A bulge draws the half-mass radius inwards, a thick or squeezed component too.
        assert!((0.55..1.15).contains(&ratio), "{}: {ratio}", member.id);
        let age = stars.row(10).mean().unwrap();
        assert!(if member.early { age > 6.0 } else { age < 9.0 }, "{} {age}", member.early);
    }
    let early = members.iter().filter(|member| member.early).count();
    assert!((10..40).contains(&early), "{early}");
    assert!(members.iter().all(|member| (0.0..=75.01).contains(&member.view.inclination)));
}

#[test]
fn a_folder_has_the_files_that_its_names_tell() {
    let folder = tempfile::tempdir().unwrap();
    let files = simulate_galaxies(folder.path(), &small(), 3).unwrap();
    assert_eq!(files.len(), 4);
    for (number, files) in files.iter().enumerate() {
        let member = small().member(number, 3).unwrap();
        let stars = member.galaxy.stars(200);
        // As GalacticFlow splits it: the last part is the dark mass, the one before it the id.
        let name = files.stars.file_name().unwrap().to_str().unwrap();
        let (id, mass) = name.strip_suffix(".npy").unwrap().rsplit_once('_').unwrap();
        assert_eq!((id, &member.id), (files.id.as_str(), &files.id));
        assert_eq!(mass.parse::<f64>().unwrap(), member.galaxy.config().dark_mass);
        let raw = fs::read(&files.stars).unwrap();
        let tail = &raw[raw.len() - 4 * stars.len()..];
        let values = tail.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
        assert!(values.eq(stars.iter().copied()));
        let table = Catalog::open(&files.table, &CatalogOptions::default()).unwrap();
        let (read, _) = table.read(&COLUMNS).unwrap();
        assert_eq!(read.len(), 200);
        assert_eq!(raster::shape(&files.image).unwrap(), [3, 32, 32]);
    }
    let table = Catalog::open(folder.path().join(GALAXIES), &CatalogOptions::default()).unwrap();
    let (read, _) = table.read(&["number", "m_dark", "m_stars"]).unwrap();
    assert_eq!(read.column("number").unwrap(), [0.0, 1.0, 2.0, 3.0]);
    for (number, mass) in read.column("m_stars").unwrap().iter().enumerate() {
        assert_eq!(*mass, small().member(number, 3).unwrap().galaxy.config().stellar_mass);
    }
}

#[test]
fn a_folder_is_completed_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let files = simulate_galaxies(folder.path(), &small(), 3).unwrap();
    let before = bytes(folder.path());
    assert!(folder.path().join(MANIFEST).exists());
    fs::remove_file(&files[1].stars).unwrap();
    fs::remove_file(&files[2].image).unwrap();
    fs::remove_file(folder.path().join(GALAXIES)).unwrap();
    fs::write(&files[3].table, "mine").unwrap();
    simulate_galaxies(folder.path(), &small(), 3).unwrap();
    let after = bytes(folder.path());
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        let kept = if before.0 == files[3].table { b"mine".as_slice() } else { &before.1 };
        assert_eq!((&before.0, kept), (&after.0, after.1.as_slice()));
    }
    for (config, seed) in [(small(), 4), (SuiteConfig { stars: 100, ..small() }, 3)] {
        let error = simulate_galaxies(folder.path(), &config, seed).unwrap_err();
        assert!(matches!(error, SkyError::Folder { .. }), "{error}");
    }
    assert_eq!(after, bytes(folder.path()));
}

#[test]
fn a_setting_out_of_range_is_named_with_its_rule() {
    let folder = tempfile::tempdir().unwrap();
    let view = ViewConfig { q: 0.0, ..ViewConfig::default() };
    for (config, message) in [
        (SuiteConfig { galaxies: 0, ..small() }, "galaxies must be from 1 to 1,000,000, but got 0"),
        (
            SuiteConfig { dark_mass: [2e12, 1e12], ..small() },
            "dark_mass must be [least, greatest] from 1e8 to 1e15 solar masses, \
             but got [2000000000000, 1000000000000]",
        ),
        (
            SuiteConfig { inclination: [0.0, f64::NAN], ..small() },
            "inclination must be [least, greatest] from 0 to 180 degrees, but got [0, NaN]",
        ),
        (SuiteConfig { scatter: -1.0, ..small() }, "scatter must be from 0 to 3, but got -1"),
        (SuiteConfig { view, ..small() }, "q must be from 1e-3 to 1e6, but got 0"),
    ] {
        let error = simulate_galaxies(folder.path(), &config, 0).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    assert!(bytes(folder.path()).is_empty());
    let none = SuiteConfig { galaxies: 1, stars: 0, ..small() };
    simulate_galaxies(folder.path(), &none, 0).unwrap();
}
