//! Catalogues and sky maps, against what astropy, pyarrow and healpy read and write.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod bad;
mod csv;
mod ecsv;
mod folders;
mod golden;
mod hats;
mod hats_folders;
mod hdf5;
mod lists;
mod local;
#[path = "../../../astrogen-fits/tests/made/mod.rs"]
mod made;
mod map_headers;
mod maps;
mod netcdf;
mod npy;
mod numbers;
mod parquet;
mod positions;
mod real;
mod rows;
mod survey;
mod whole;
mod write;

use std::path::{Path, PathBuf};

use astrogen_catalog::skymap::Grid;
use astrogen_catalog::{Catalog, CatalogOptions};

fn golden_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn open(path: impl AsRef<Path>) -> Catalog {
    Catalog::open(path, &CatalogOptions::default()).unwrap()
}

/// The same numbers, NaN being the same as NaN.
fn same(got: &[f64], want: &[f64]) -> bool {
    got.len() == want.len()
        && got.iter().zip(want).all(|(got, want)| got == want || got.is_nan() && want.is_nan())
}

/// Whether a position is in a pixel. On an edge, to 1e-9 degrees, it is in the pixels of both
/// sides: which of them a program says is a matter of its rounding.
fn is_at(grid: Grid, lon: f64, lat: f64, pixel: u64) -> bool {
    let off = [0.0, 1e-9, -1e-9];
    off.iter().any(|x| off.iter().any(|y| grid.pixel(lon + x, lat + y) == pixel))
}
