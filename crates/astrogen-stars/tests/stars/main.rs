//! Galaxies as stars: files read, cleaned, turned and measured.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod arrays;
mod clean;
mod damage;
mod files;
mod golden;
mod real;
mod snapshots;
mod tables;

use std::path::Path;

use astrogen_stars::{Columns, Galaxy, GalaxyFile, Layout, StarsError};

/// The galaxy of a file.
fn read(path: &Path, layout: &Layout) -> Result<Galaxy, StarsError> {
    GalaxyFile::find(path)?[0].read(layout)
}

/// What reading a file as its conventions say fails with.
fn refusal(path: &Path) -> String {
    read(path, &Layout::default()).unwrap_err().to_string()
}

fn galaxy(stars: Columns) -> Galaxy {
    Galaxy { id: "g".to_owned(), stars, ..Galaxy::default() }
}

fn names(stars: &Columns) -> Vec<&str> {
    stars.names().iter().map(String::as_str).collect()
}

/// Whether numbers are the same but for rounding.
fn near(got: &[f64], want: &[f64], share: f64) -> bool {
    let close = |(got, want): (&f64, &f64)| (got - want).abs() <= share * want.abs() + 1e-12;
    got.len() == want.len() && got.iter().zip(want).all(close)
}
