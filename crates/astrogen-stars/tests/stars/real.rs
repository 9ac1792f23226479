//! Real snapshots and tables of simulated galaxies. `ASTROGEN_REAL_DATA` names the folder that holds
//! them; without it the test says so.
#![allow(clippy::print_stderr, reason = "a test says that it skips")]

use std::path::PathBuf;

use astrogen_stars::{
    Center, CleaningConfig, Galaxy, GalaxyFile, Layout, Parameter, rotate_to_principal_axis,
};

use crate::{names, read};

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("ASTROGEN_REAL_DATA").map(|own| PathBuf::from(own).join("stars"));
    if folder.is_none() {
        eprintln!("skipped: ASTROGEN_REAL_DATA is not set");
    }
    folder
}

fn column<'a>(galaxy: &'a Galaxy, name: &str) -> &'a [f64] {
    galaxy.stars.column(name).unwrap()
}

/// The largest difference of columns after their means were taken out.
fn difference(a: &[f64], b: &[f64]) -> f64 {
    let mean = |own: &[f64]| own.iter().sum::<f64>() / own.len() as f64;
    let shift = mean(a) - mean(b);
    a.iter().zip(b).map(|(a, b)| (a - b - shift).abs()).fold(0.0, f64::max)
}

#[test]
fn a_snapshot_of_eagle_has_the_stars_of_its_table() {
    let Some(folder) = folder() else {
        return;
    };
    let table = read(&folder.join("eagle.csv"), &Layout::default()).unwrap();
    let snapshot = read(&folder.join("SimSpin_example_EAGLE.hdf5"), &Layout::default()).unwrap();
    assert_eq!((table.stars.len(), snapshot.stars.len(), snapshot.wind), (2000, 2000, 0));
    let want = ["x", "y", "z", "vx", "vy", "vz", "metals", "mass", "age"];
    assert_eq!((names(&table.stars), names(&snapshot.stars)), (want.to_vec(), want.to_vec()));
    // The table has six digits, and another centre of its own.
    for (name, share) in [("metals", 1e-5), ("mass", 1e-5), ("age", 2e-5)] {
        for (got, want) in column(&snapshot, name).iter().zip(column(&table, name)) {
            assert!((got - want).abs() < share * want, "{name} {got} {want}");
        }
    }
    for (name, most) in
        [("x", 1e-3), ("y", 1e-3), ("z", 1e-3), ("vx", 0.1), ("vy", 0.1), ("vz", 0.1)]
    {
        let far = difference(column(&snapshot, name), column(&table, name));
        assert!(far < most, "{name} {far}");
        let apart = column(&snapshot, name)[0] - column(&table, name)[0];
        eprintln!("{name}: centres {apart:.4} apart, else {far:.5}");
    }
}

#[test]
fn a_snapshot_of_tng_leaves_its_wind_out() {
    let Some(folder) = folder() else {
        return;
    };
    let path = folder.join("SimSpin_example_IllustrisTNG.hdf5");
    let galaxy = read(&path, &Layout::default()).unwrap();
    eprintln!("{} stars, {} of wind", galaxy.stars.len(), galaxy.wind);
    assert_eq!(galaxy.stars.len() + galaxy.wind, 2000);
    assert!(galaxy.wind > 0);
    assert!(column(&galaxy, "age").iter().all(|age| (0.0..13.0).contains(age)));
    // A thin sample of a group's stars: around the densest hundred, as many lie on one side as on the
    // other.
    let radius = |i: usize| {
        ["x", "y", "z"].map(|name| column(&galaxy, name)[i].powi(2)).iter().sum::<f64>().sqrt()
    };
    let near = (0..galaxy.stars.len()).filter(|i| radius(*i) < 23.0).count();
    assert!((100..120).contains(&near), "{near}");
    let whole = Parameter::MStars.of(&galaxy.stars).unwrap();
    assert!((1e9..1e11).contains(&whole), "{whole}");
    let layout = Layout { center: Some(Center::AsStored), ..Layout::default() };
    assert!(read(&path, &layout).unwrap().stars.column("x").unwrap()[0] > 1e3);
}

#[test]
fn tables_of_real_galaxies_are_cleaned() {
    let Some(folder) = folder() else {
        return;
    };
    let files = GalaxyFile::find(&folder).unwrap();
    assert_eq!(files.len(), 6);
    let config = CleaningConfig::default();
    for file in files {
        let mut galaxy = file.read(&Layout::default()).unwrap();
        let report = config.clean(&mut galaxy).unwrap();
        let angle = rotate_to_principal_axis(&mut galaxy.stars).unwrap();
        eprintln!("{report} It lay at {:.1} degrees.", angle.to_degrees());
        assert_eq!(report.dropped(&config), galaxy.id == "SimSpin_example_IllustrisTNG");
        if let Ok(metals) = galaxy.stars.column("metals") {
            assert!(metals.iter().all(|own| *own >= 1e-6));
        }
    }
}
