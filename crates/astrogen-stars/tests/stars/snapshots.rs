//! Snapshots as simulations write them.

use std::path::{Path, PathBuf};

use astrogen_stars::{Center, ColumnSource, Cosmology, GalaxyFile, Layout};
use hdf5_pure::{AttrValue, FileBuilder};
use tempfile::TempDir;

use crate::{names, near, read, refusal};

const A: f64 = 0.8;
const H: f64 = 0.7;

/// A data set of so many numbers a row, and its attributes.
type Set<'a> = (&'a str, u64, Vec<f64>, Vec<(&'a str, f64)>);

/// What a made snapshot has.
#[derive(Clone)]
struct Made<'a> {
    header: Vec<(&'a str, AttrValue)>,
    group: &'a str,
    sets: Vec<Set<'a>>,
}

impl Made<'_> {
    fn save(&self, path: &Path) {
        let mut file = FileBuilder::new();
        let mut header = file.create_group("Header");
        for (name, value) in &self.header {
            header.set_attr(name, value.clone());
        }
        file.add_group(header.finish());
        let mut group = file.create_group(self.group);
        let mut elements = group.create_group("ElementAbundance");
        let mut has_elements = false;
        for (name, width, values, attributes) in &self.sets {
            let (group, name) = match name.strip_prefix("ElementAbundance/") {
                Some(name) => {
                    has_elements = true;
                    (&mut elements, name)
                }
                None => (&mut group, *name),
            };
            let set = group.create_dataset(name);
            set.with_f64_data(values);
            if *width > 1 {
                set.with_shape(&[values.len() as u64 / width, *width]);
            }
            for (name, value) in attributes {
                set.set_attr(name, AttrValue::F64(*value));
            }
        }
        if has_elements {
            group.add_group(elements.finish());
        }
        file.add_group(group.finish());
        std::fs::write(path, file.finish().unwrap()).unwrap();
    }

    fn saved(&self) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.hdf5");
        self.save(&path);
        (folder, path)
    }
}

fn header() -> Vec<(&'static str, AttrValue)> {
    vec![
        ("Time", AttrValue::F64(A)),
        ("HubbleParam", AttrValue::F64(H)),
        ("Omega0", AttrValue::F64(0.3)),
        ("OmegaLambda", AttrValue::F64(0.7)),
        ("BoxSize", AttrValue::F64(1000.0)),
        ("MassTable", AttrValue::F64Array(vec![0.0; 6])),
        ("NumFilesPerSnapshot", AttrValue::I32(1)),
        ("NumPart_ThisFile", AttrValue::I32Array(vec![9, 0, 0, 0, 77, 0])),
    ]
}

/// Old Illustris, without attributes: three stars across the edge of the box, one of wind.
fn illustris() -> Made<'static> {
    let metals = |oxygen: f64, iron: f64| [0.7, 0.28, 0.0, 0.0, oxygen, 0.0, 0.0, 0.0, iron];
    let sets: Vec<Set> = vec![
        (
            "Coordinates",
            3,
            vec![999.0, 10.0, 1.0, 1.0, 10.0, 1.0, 500.0, 500.0, 500.0, 0.0, 10.0, 1.0],
            vec![],
        ),
        (
            "Velocities",
            3,
            vec![10.0, 0.0, 2.0, 30.0, 0.0, 2.0, 9e9, 9e9, 9e9, 20.0, 0.0, 2.0],
            vec![],
        ),
        ("Masses", 1, vec![1e-4, 1e-4, 5.0, 1e-4], vec![]),
        ("GFM_InitialMass", 1, vec![2e-4; 4], vec![]),
        ("GFM_StellarFormationTime", 1, vec![0.5, 0.8, -0.2, 0.1], vec![]),
        ("GFM_Metallicity", 1, vec![0.02, 0.0, 0.5, 1e-31], vec![]),
        (
            "GFM_Metals",
            9,
            [metals(5.733e-3, 1.292e-3), metals(0.0, 0.0), metals(0.1, 0.1), metals(5e-3, 0.0)]
                .concat(),
            vec![],
        ),
    ];
    Made { header: header(), group: "PartType4", sets }
}

fn column<'a>(galaxy: &'a astrogen_stars::Galaxy, name: &str) -> &'a [f64] {
    galaxy.stars.column(name).unwrap()
}

#[test]
fn illustris_without_attributes_follows_its_documentation() {
    let (_folder, path) = illustris().saved();
    let galaxy = read(&path, &Layout::default()).unwrap();
    let want = ["x", "y", "z", "vx", "vy", "vz", "metals", "feh", "ofe", "mass", "age"];
    assert_eq!((names(&galaxy.stars), galaxy.wind), (want.to_vec(), 1));
    let side = A / H; // of a comoving kpc/h
    assert!(near(column(&galaxy, "x"), &[-side, side, 0.0], 1e-9), "{:?}", column(&galaxy, "x"));
    let speed = 10.0 * A.sqrt();
    assert!(near(column(&galaxy, "vx"), &[-speed, speed, 0.0], 1e-9));
    assert!(near(column(&galaxy, "vz"), &[0.0; 3], 0.0));
    assert!(near(column(&galaxy, "mass"), &[1e6 / H; 3], 1e-12));
    assert_eq!(column(&galaxy, "metals"), [0.02, 0.0, 1e-31]);
    let (feh, ofe) = (column(&galaxy, "feh"), column(&galaxy, "ofe"));
    assert!((feh[0] - 0.023).abs() < 1e-2 && ofe[0].abs() < 2e-3, "{feh:?} {ofe:?}");
    assert_eq!((feh[1], ofe[1].is_nan()), (f64::NEG_INFINITY, true));
    assert_eq!((feh[2], ofe[2]), (f64::NEG_INFINITY, f64::INFINITY));
    let cosmology = Cosmology { h: H, omega_matter: 0.3, omega_lambda: 0.7 };
    let age = |birth: f64| cosmology.age(A) - cosmology.age(birth);
    assert!(near(column(&galaxy, "age"), &[age(0.5), 0.0, age(0.1)], 1e-12));
}

/// The same snapshot as a later simulation writes it: in other units, with its own attributes.
fn with_attributes(names: [&'static str; 3], plain: f64) -> Made<'static> {
    let mut made = illustris();
    for (name, _, values, attributes) in &mut made.sets {
        let [a, h, cgs] = match *name {
            "Coordinates" => [1.0, -1.0, 3.085678e24],
            "Velocities" => [0.5, 0.0, 1e5],
            "Masses" | "GFM_InitialMass" => [0.0, -1.0, 1.989e43],
            _ => [0.0, 0.0, plain],
        };
        if *name == "Coordinates" {
            values.iter_mut().for_each(|value| *value *= 1e-3);
        }
        *attributes = names.into_iter().zip([a, h, cgs]).collect();
    }
    made.header[4] = ("BoxSize", AttrValue::F64(1.0));
    made
}

#[test]
fn attributes_of_data_sets_say_their_units() {
    let (_folder, path) = illustris().saved();
    let want = read(&path, &Layout::default()).unwrap();
    let tng = with_attributes(["a_scaling", "h_scaling", "to_cgs"], 0.0);
    let mut eagle =
        with_attributes(["aexp-scale-exponent", "h-scale-exponent", "CGSConversionFactor"], 1.0);
    for (old, new) in [
        ("Velocities", "Velocity"),
        ("Masses", "Mass"),
        ("GFM_InitialMass", "InitialMass"),
        ("GFM_Metallicity", "Metallicity"),
        ("GFM_StellarFormationTime", "StellarFormationTime"),
    ] {
        eagle.sets.iter_mut().find(|own| own.0 == old).unwrap().0 = new;
    }
    let (_, _, metals, attributes) = eagle.sets.pop().unwrap();
    for (name, place) in [
        ("ElementAbundance/Hydrogen", 0),
        ("ElementAbundance/Oxygen", 4),
        ("ElementAbundance/Iron", 8),
    ] {
        let own = metals.chunks(9).map(|star| star[place]).collect();
        eagle.sets.push((name, 1, own, attributes.clone()));
    }
    eagle.header[0] = ("ExpansionFactor", AttrValue::F64(A));
    eagle.header.push(("Time", AttrValue::F64(0.011)));
    for made in [tng, eagle] {
        let (_folder, path) = made.saved();
        let got = read(&path, &Layout::default()).unwrap();
        assert_eq!((names(&got.stars), got.wind), (names(&want.stars), 1));
        for (got, want) in got.stars.values().iter().zip(want.stars.values()) {
            for (got, want) in got.iter().zip(want) {
                let same = got == want || got.is_nan() && want.is_nan();
                assert!(same || (got - want).abs() < 1e-9 * want.abs().max(1.0), "{got} {want}");
            }
        }
    }
}

#[test]
fn masses_may_stand_in_the_header() {
    let mut made = illustris();
    made.sets.remove(2);
    made.header[5] = ("MassTable", AttrValue::F64Array(vec![0.0, 0.0, 0.0, 0.0, 3e-4, 0.0]));
    let (_folder, path) = made.saved();
    let galaxy = read(&path, &Layout::default()).unwrap();
    assert!(near(column(&galaxy, "mass"), &[3e6 / H; 3], 1e-12));
    made.header[5] = ("MassTable", AttrValue::F64Array(vec![0.0; 6]));
    let (_folder, path) = made.saved();
    assert!(!names(&read(&path, &Layout::default()).unwrap().stars).contains(&"mass"));
}

#[test]
fn snapshots_of_several_files_are_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut made = illustris();
    made.header[6] = ("NumFilesPerSnapshot", AttrValue::I32(3));
    let path = |number: usize| folder.path().join(format!("snap_099.{number}.hdf5"));
    made.save(&path(0));
    made.save(&path(2));
    let missing = refusal(&path(0));
    let words = "snap_099.1.hdf5 is not there, one of the 3 files of its snapshot";
    assert!(missing.contains(words), "{missing}");
    // One of them has no stars.
    let gas = vec![("Masses", 1, vec![1.0; 5], vec![])];
    Made { header: made.header.clone(), group: "PartType0", sets: gas }.save(&path(1));
    let files = GalaxyFile::find(folder.path()).unwrap();
    assert_eq!((files.len(), files[0].id.as_str()), (1, "snap_099"));
    let galaxy = files[0].read(&Layout::default()).unwrap();
    assert_eq!((galaxy.stars.len(), galaxy.wind), (6, 2));
    assert_eq!(column(&galaxy, "x")[0], column(&galaxy, "x")[3]);

    // A cut-out that kept the header of the whole.
    let alone = folder.path().join("cut.hdf5");
    made.save(&alone);
    assert_eq!(read(&alone, &Layout::default()).unwrap().stars.len(), 3);
}

#[test]
fn snapshots_without_stars_units_or_sense_are_refused() {
    let (_folder, path) = Made { group: "PartType0", ..illustris() }.saved();
    let message = refusal(&path);
    assert!(message.contains("cut.hdf5 holds no stars: expected group \"PartType4\""), "{message}");

    let mut wind = illustris();
    wind.sets[4].2 = vec![0.0; 4];
    let (_folder, path) = wind.saved();
    assert!(refusal(&path).contains("all 4 particles of \"PartType4\" are wind"));

    let mut plain = illustris();
    plain.sets.truncate(3);
    let (_folder, path) = plain.saved();
    let message = refusal(&path);
    let words = "column \"Coordinates[0]\" is in an unknown unit: expected attributes a_scaling";
    assert!(message.contains(words), "{message}");

    for (place, value, words) in [
        (0, None, "expected ExpansionFactor or Time of 0.001 to 100, got none"),
        (0, Some(f64::NAN), "got NaN"),
        (0, Some(0.6), "expected stars born before its scale factor 0.6, got one of 0.8"),
        (1, Some(0.0), "expected HubbleParam of 0.1 to 10, got 0"),
        (
            3,
            Some(0.4),
            "expected a flat universe for ages, Omega0 + OmegaLambda = 1, got 0.3 + 0.4",
        ),
    ] {
        let mut made = illustris();
        match value {
            Some(value) => made.header[place].1 = AttrValue::F64(value),
            None => drop(made.header.remove(place)),
        }
        let (_folder, path) = made.saved();
        let message = refusal(&path);
        assert!(message.contains("the header of") && message.contains(words), "{message}");
    }

    let mut strange = with_attributes(["a_scaling", "h_scaling", "to_cgs"], 0.0);
    strange.sets[2].3[2].1 = 0.0;
    let (_folder, path) = strange.saved();
    let message = refusal(&path);
    assert!(message.contains("\"Masses\" says that its unit is 0 in cgs"), "{message}");

    let mut broken = illustris();
    broken.sets[0].2[0] = f64::NAN;
    let (_folder, path) = broken.saved();
    let message = refusal(&path);
    assert!(
        message.contains("row 0 (from 0) of column \"x\": expected a finite number"),
        "{message}"
    );
    let layout = Layout { center: Some(Center::AsStored), ..Layout::default() };
    assert!(read(&path, &layout).unwrap().stars.column("x").unwrap()[0].is_nan());
}

#[test]
fn layouts_tell_what_other_simulations_write() {
    let mut made = illustris();
    made.group = "stars";
    made.sets.truncate(3);
    made.sets[0].0 = "pos";
    made.sets.push(("born", 1, vec![0.5, 0.8, 0.0, 0.1], vec![]));
    made.sets.push(("id", 1, vec![4.0, 5.0, 6.0, 7.0], vec![]));
    let (_folder, path) = made.saved();
    let mut layout = Layout { group: Some("stars".into()), ..Layout::default() };
    let mut name = |column: &str, name: &str, unit: &str| {
        let source = ColumnSource::new(name);
        let source = if unit.is_empty() { source } else { source.with_unit(unit) };
        layout.columns.insert(column.into(), source);
    };
    for (i, axis) in ["x", "y", "z"].into_iter().enumerate() {
        name(axis, &format!("pos[{i}]"), "ckpc/h");
        name(&format!("v{axis}"), &format!("Velocities[{i}]"), "km sqrt(a)/s");
    }
    name("mass", "Masses", "1e10 Msun/h");
    name("age", "born", "scale_factor");
    name("id", "id", "");
    let galaxy = read(&path, &layout).unwrap();
    let want = ["x", "y", "z", "vx", "vy", "vz", "mass", "age", "id"];
    assert_eq!((names(&galaxy.stars), galaxy.wind), (want.to_vec(), 1));
    let (_folder, path) = illustris().saved();
    let usual = read(&path, &Layout::default()).unwrap();
    for column in &want[..8] {
        assert_eq!(galaxy.stars.column(column).unwrap(), usual.stars.column(column).unwrap());
    }
    assert_eq!(column(&galaxy, "id"), [4.0, 5.0, 7.0]);
}

/// Some snapshot.
pub(crate) fn any() -> (TempDir, PathBuf) {
    with_attributes(["a_scaling", "h_scaling", "to_cgs"], 0.0).saved()
}
