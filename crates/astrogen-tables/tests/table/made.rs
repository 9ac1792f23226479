//! A survey of 600 rows with a few bad ones, and its maps.

use std::path::PathBuf;

use astrogen_catalog::skymap::{
    Coordinates, Coverage, Grid, Ordering, SkyMap, SplitBy, SplitConfig,
};
use astrogen_catalog::{CatalogWriter, MagnitudeRange, NewColumn, Storage};
use astrogen_fits::Header;
use astrogen_tables::{Condition, Table, TableConfig};
use tempfile::TempDir;

pub(crate) const ROWS: usize = 600;
pub(crate) const NSIDE: u32 = 8;

/// What is wrong with some rows of the catalogue.
pub(crate) const FLAGGED: usize = 3;
pub(crate) const NO_VALUE: usize = 4;
pub(crate) const INFINITE: usize = 5;
pub(crate) const NOT_MEASURED: usize = 6;

pub(crate) fn ra(row: usize) -> f64 {
    (row as f64 * 137.5) % 360.0
}

pub(crate) fn dec(row: usize) -> f64 {
    (2.0 * (row as f64 + 0.5) / ROWS as f64 - 1.0).asin().to_degrees()
}

pub(crate) fn truth(row: usize) -> [f64; 2] {
    [18.0 + (row * 7 % 50) as f64 / 10.0, 17.0 + (row * 11 % 60) as f64 / 10.0]
}

pub(crate) fn observed(row: usize) -> [f64; 2] {
    let [r, i] = truth(row);
    [r + (row % 5) as f64 / 64.0, if row == NOT_MEASURED { 99.0 } else { i + 0.25 }]
}

pub(crate) fn pixel(row: usize) -> u64 {
    Grid::new(NSIDE).unwrap().pixel(ra(row), dec(row))
}

/// The condition of a pixel, exact in `f32`.
pub(crate) fn seeing(pixel: u64) -> f64 {
    0.75 + (pixel % 64) as f64 / 128.0
}

/// A survey of 600 rows: `RA DEC FLAGS R_TRUE I_TRUE R_OBS I_OBS SEEING`, the same seeing as a
/// map, a footprint of the northern sky, and a seeing map of the southern.
pub(crate) struct Survey {
    folder: TempDir,
}

impl Survey {
    pub(crate) fn new() -> Survey {
        let survey = Survey { folder: tempfile::tempdir().unwrap() };
        let names = ["RA", "DEC", "FLAGS", "R_TRUE", "I_TRUE", "R_OBS", "I_OBS", "SEEING"];
        let columns = names.map(|name| NewColumn::new(name, Storage::Float64));
        let mut writer =
            CatalogWriter::create(survey.path("survey.fits"), &columns, &Header::new()).unwrap();
        let column = |value: &dyn Fn(usize) -> f64| (0..ROWS).map(value).collect::<Vec<f64>>();
        let odd = |row| match row {
            NO_VALUE => f64::NAN,
            INFINITE => f64::INFINITY,
            row => truth(row)[0],
        };
        let values = [
            column(&ra),
            column(&dec),
            column(&|row| f64::from(row == FLAGGED)),
            column(&odd),
            column(&|row| truth(row)[1]),
            column(&|row| observed(row)[0]),
            column(&|row| observed(row)[1]),
            column(&|row| seeing(pixel(row))),
        ];
        writer.write(&values).unwrap();
        writer.finish().unwrap();

        let grid = Grid::new(NSIDE).unwrap();
        let value = |number| seeing(grid.nested(Ordering::Ring, number)) as f32;
        let all: Vec<f32> = (0..grid.len()).map(value).collect();
        let half = |north: bool| move |pixel: &u64| (grid.centre(*pixel).1 > 0.0) == north;
        let north: Vec<u64> = (0..grid.len()).filter(half(true)).collect();
        let south: Vec<u64> = (0..grid.len()).filter(half(false)).collect();
        let sky = Coordinates::Equatorial;
        let full = |maps| SkyMap::full(NSIDE, Ordering::Ring, sky, maps).unwrap();
        let part = |pixels: &[u64], name: &str, values| {
            let maps = vec![(name.to_owned(), values)];
            SkyMap::partial(NSIDE, Ordering::Nested, sky, pixels, maps).unwrap()
        };
        let write = |map: SkyMap, name: &str, coverage| {
            map.write(survey.path(name), Ordering::Ring, coverage).unwrap();
        };
        write(full(vec![("FWHM".into(), all.clone())]), "seeing.fits", Coverage::Full);
        let two = vec![("OTHER".into(), vec![0.5; all.len()]), ("FWHM".into(), all)];
        write(full(two), "two.fits", Coverage::Full);
        let footprint = part(&north, "I", vec![1.0; north.len()]);
        write(footprint, "footprint.fits", Coverage::Partial);
        let values = south.iter().map(|&pixel| seeing(pixel) as f32).collect();
        write(part(&south, "FWHM", values), "south.fits", Coverage::Partial);
        survey
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn map(&self, name: &str) -> Condition {
        Condition::Map { name: "SEEING".into(), map: None, path: self.path(name) }
    }

    /// All columns, the condition from the catalogue, bad rows dropped.
    pub(crate) fn config(&self) -> TableConfig {
        let mut config = TableConfig {
            path: self.path("survey.fits"),
            truth: vec!["R_TRUE".into(), "I_TRUE".into()],
            observed: vec!["R_OBS".into(), "I_OBS".into()],
            conditions: vec![Condition::Column("SEEING".into())],
            ra: Some("RA".into()),
            dec: Some("DEC".into()),
            range: Some(MagnitudeRange::default()),
            split: SplitConfig { split: SplitBy::Region { nside: 4 }, ..SplitConfig::default() },
            ..TableConfig::default()
        };
        config.catalog.filters.push("FLAGS == 0".parse().unwrap());
        config
    }
}

pub(crate) fn message(config: &TableConfig) -> String {
    Table::open(config).unwrap_err().to_string()
}

/// Rows that pass the rules of [`Survey::config`].
pub(crate) fn usable() -> impl Iterator<Item = usize> {
    (0..ROWS).filter(|row| ![FLAGGED, NO_VALUE, INFINITE, NOT_MEASURED].contains(row))
}

/// The columns of a row, in the order of samples.
pub(crate) fn row_of(row: usize) -> [f64; 5] {
    let ([tr, ti], [or, oi]) = (truth(row), observed(row));
    [seeing(pixel(row)), tr, ti, or, oi]
}
