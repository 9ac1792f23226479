//! Tables, by their spellings and by layouts.

use std::fs;
use std::path::PathBuf;

use astrogen_catalog::{CatalogWriter, NewColumn, Storage};
use astrogen_fits::Header;
use astrogen_stars::{COLUMNS, Center, ColumnSource, Layout, UNITS};
use tempfile::TempDir;

use crate::{names, near, read, refusal};

fn csv(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g.csv");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn written(ending: &str, columns: &[(&str, &str)]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("g.{ending}"));
    let new = |(name, unit): &(&str, &str)| {
        let column = NewColumn::new(*name, Storage::Float64);
        if unit.is_empty() { column } else { column.with_unit(*unit) }
    };
    let new: Vec<NewColumn> = columns.iter().map(new).collect();
    let mut writer = CatalogWriter::create(&path, &new, &Header::new()).unwrap();
    let values = |i: usize| vec![i as f64 + 1.0, 2.0 * i as f64 + 1.0];
    writer.write(&(0..columns.len()).map(values).collect::<Vec<_>>()).unwrap();
    writer.finish().unwrap();
    (folder, path)
}

const PLACES: [(&str, &str); 6] =
    [("x", "kpc"), ("y", "kpc"), ("z", "kpc"), ("vx", "km/s"), ("vy", "km/s"), ("vz", "km/s")];

#[test]
fn tables_of_every_format_are_known_by_their_names() {
    let columns: Vec<(&str, &str)> = COLUMNS.into_iter().zip(UNITS).collect();
    for ending in ["fits", "parquet", "hdf5"] {
        let (_folder, path) = written(ending, &columns);
        let galaxy = read(&path, &Layout::default()).unwrap();
        assert_eq!(names(&galaxy.stars), COLUMNS, "{ending}");
        assert_eq!(galaxy.stars.column("age").unwrap(), [11.0, 21.0], "{ending}");
    }
}

#[test]
fn spellings_say_units_and_case_matters() {
    let (_folder, path) = csv(
        "x_pc,y_kpc,z_Mpc,vx_kms,vy_km_s,vz,Z,mass_msun,age_myr,other\n1500,2,0.003,4,5,6,0.02,1e6,500,7\n",
    );
    let galaxy = read(&path, &Layout::default()).unwrap();
    let want = ["x", "y", "z", "vx", "vy", "vz", "metals", "mass", "age"];
    assert_eq!(names(&galaxy.stars), want);
    let got: Vec<f64> = galaxy.stars.values().iter().map(|own| own[0]).collect();
    assert!(near(&got, &[1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 0.02, 1e6, 0.5], 1e-14), "{got:?}");

    let (_folder, path) = csv("x,y,Z,vx,vy,vz\n1,2,3,4,5,6\n");
    let message = refusal(&path);
    assert!(message.contains("no column for \"z\": expected one of \"z\", \"z_kpc\""), "{message}");
    let (_folder, path) = csv("x,x_kpc,y,z,vx,vy,vz\n1,1,2,3,4,5,6\n");
    let message = refusal(&path);
    assert!(message.contains("\"x\" and \"x_kpc\", which both may be \"x\""), "{message}");
    let (_folder, path) = csv("x,y,z,vx,vy,vz\n");
    assert!(refusal(&path).contains("holds no stars"), "{}", refusal(&path));
}

#[test]
fn units_of_files_are_obeyed_or_refused() {
    let mut columns = PLACES.to_vec();
    columns[0].1 = "Mpc";
    columns.extend([("mass", "1e10 Msun"), ("age", "yr")]);
    let (_folder, path) = written("fits", &columns);
    let galaxy = read(&path, &Layout::default()).unwrap();
    let first = |name: &str| galaxy.stars.column(name).unwrap()[0];
    assert!(near(&[first("x"), first("mass"), first("age")], &[1e3, 7e10, 8e-9], 1e-14));

    columns[7].1 = "fortnight";
    let (_folder, path) = written("parquet", &columns);
    let message = refusal(&path);
    let words = "column \"age\" is in \"fortnight\", expected one of Gyr, Myr";
    assert!(message.contains(words), "{message}");
    columns[7] = ("age_gyr", "Myr");
    let (_folder, path) = written("parquet", &columns);
    assert!(refusal(&path).contains("which its name contradicts"), "{}", refusal(&path));
    columns[7] = ("mass2", "");
    columns[6].1 = "1e10 Msun/h";
    let (_folder, path) = written("parquet", &columns);
    assert!(refusal(&path).contains("takes a snapshot's header"), "{}", refusal(&path));
}

#[test]
fn layouts_name_columns_units_and_centres() {
    let (_folder, path) =
        csv("px,py,pz,u,v,w,met,t,flag\n1,2,3,4,5,6,1.5,500,8\n3,2,3,4,5,8,0.5,600,9\n");
    let mut layout = Layout::default();
    let sources = [
        ("x", ColumnSource::new("px").with_unit("Mpc")),
        ("y", ColumnSource::new("py")),
        ("z", ColumnSource::new("pz").with_factor(-1.0)),
        ("vx", ColumnSource::new("u")),
        ("vy", ColumnSource::new("v").with_unit("m/s")),
        ("vz", ColumnSource::new("w")),
        ("metals", ColumnSource::new("met").with_factor(0.0134)),
        ("age", ColumnSource::new("t").with_unit("Myr")),
        ("flag", ColumnSource::new("flag")),
    ];
    layout.columns.extend(sources.map(|(name, source)| (name.to_owned(), source)));
    let text = serde_json::to_string(&layout).unwrap();
    assert_eq!(serde_json::from_str::<Layout>(&text).unwrap(), layout);
    let galaxy = read(&path, &layout).unwrap();
    assert_eq!(names(&galaxy.stars)[6..], ["metals", "age", "flag"]);
    let got: Vec<f64> = galaxy.stars.values().iter().map(|own| own[0]).collect();
    assert!(near(&got, &[1e3, 2.0, -3.0, 4.0, 5e-3, 6.0, 0.0201, 0.5, 8.0], 1e-14), "{got:?}");

    layout.center = Some(Center::ShrinkingSphere);
    layout.bulk_radius = 1e4;
    let galaxy = read(&path, &layout).unwrap();
    assert_eq!(galaxy.stars.column("x").unwrap(), [-1e3, 1e3]);
    assert_eq!(galaxy.stars.column("vz").unwrap(), [-1.0, 1.0]);

    for (unit, factor, words) in [
        (Some("furlong"), None, "columns.x: expected one of the units kpc, pc, Mpc"),
        (Some("kpc"), Some(1.0), "columns.x: expected a unit or a factor, got both"),
        (None, Some(0.0), "columns.x: expected a finite factor other than 0"),
        (Some("ckpc"), None, "takes a snapshot's header"),
    ] {
        let unit = unit.map(str::to_owned);
        layout.columns.insert("x".into(), ColumnSource { name: "px".into(), unit, factor });
        let message = read(&path, &layout).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
    layout.columns.insert("x".into(), ColumnSource::new("pq"));
    let message = read(&path, &layout).unwrap_err().to_string();
    assert!(message.contains("column \"pq\" is not in the table; nearest: \"px\""), "{message}");
}
