//! Stars in files.

use std::fs;

use astrogen_catalog::{Catalog, CatalogOptions};
use astrogen_sky::galaxy::{COLUMNS, UNITS, save_stars};
use astrogen_sky::{Galaxy, GalaxyConfig, SkyError};
use ndarray::Array2;

use crate::column;

#[test]
fn stars_come_back_from_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let galaxy = Galaxy::new(&GalaxyConfig::default(), 5).unwrap();
    let stars = galaxy.stars(70_000);
    for name in ["stars.fits", "stars.parquet", "stars.hdf5"] {
        let path = folder.path().join(name);
        galaxy.save_table(&path, &stars).unwrap();
        let catalog = Catalog::open(&path, &CatalogOptions::default()).unwrap();
        let (read, counts) = catalog.read(&COLUMNS).unwrap();
        assert_eq!((counts.read(), counts.missing()), (70_000, 0));
        for (row, name) in COLUMNS.iter().enumerate() {
            assert_eq!(read.column(name).unwrap(), column(&stars, row));
        }
        for (name, unit) in COLUMNS.iter().zip(UNITS) {
            let info = catalog.columns().iter().find(|info| info.name == *name).unwrap();
            assert_eq!(info.unit.as_deref().unwrap_or(""), unit, "{name}");
        }
    }
    let path = folder.path().join("stars.npy");
    for n in [0, 1, 100] {
        let stars = galaxy.stars(n);
        save_stars(&path, &stars).unwrap();
        let bytes = fs::read(&path).unwrap();
        assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
        let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        assert_eq!(start % 64, 0);
        let header = String::from_utf8(bytes[10..start].to_vec()).unwrap();
        for entry in ["'descr': '<f4'", "'fortran_order': False", &format!("'shape': (11, {n}")] {
            assert!(header.contains(entry) && header.ends_with('\n'), "{entry}: {header}");
        }
        let values =
            bytes[start..].chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
        assert!(values.eq(stars.iter().copied()));
    }
    let wrong = save_stars(&path, &Array2::zeros((10, 3))).unwrap_err();
    assert!(matches!(wrong, SkyError::Setting { .. }));
    assert_eq!(wrong.to_string(), "the shape of the stars must be [11, n], but got [10, 3]");
}
