//! Stars of a galaxy, as many as asked for, in a file.

use std::path::Path;

use astrogen_catalog::{CatalogWriter, NewColumn, Storage};
use astrogen_fits::Header;
use astrogen_flows::Given;
use astrogen_runtime::derive_seed;
use astrogen_stars::{COLUMNS, StarArrayWriter, UNITS};
use ndarray::Array2;

use crate::{Forge, ForgeError, Wanted};

/// Stars at a time.
const CHUNK: usize = 1 << 16;

/// How often a star that is beyond all that the flow has seen is drawn anew; then its values are
/// brought to the ends of their ranges.
const DRAWS: u64 = 32;

/// Of a chunk with more such stars than one in so many, all are drawn anew at once.
const FEW: usize = 256;

/// What stars are written to.
enum Output {
    /// A table with names and units.
    Table(CatalogWriter),
    /// An array `[11, N]`; for each of its rows the place of its column.
    Array(StarArrayWriter, Vec<usize>),
}

impl Forge {
    /// Writes `count` stars of a galaxy: a FITS table, Parquet, HDF5, or an array `[11, count]` in a
    /// `.npy` file, by the ending. Stars have their features, in physical units, and masses whose sum
    /// is the galaxy's: all the same `mass`, or those that were learnt, as a feature, times one factor
    /// (which takes drawing the stars twice). Of a galaxy without a mass they have none, or those that
    /// were learnt. Memory does not grow with `count`, and but for that factor star `i` depends on the
    /// conditions, the seed and `i` alone.
    ///
    /// # Errors
    /// [`ForgeError::Exists`]; [`ForgeError::Setting`] for no stars, for conditions that do not fit,
    /// and for an array of a run that has not learnt all its columns; [`ForgeError::Catalog`] and
    /// [`ForgeError::Stars`] where the file cannot be written.
    pub fn sample(
        &self,
        wanted: &Wanted,
        count: u64,
        seed: u64,
        out: &Path,
    ) -> Result<(), ForgeError> {
        if count == 0 {
            let (rule, got) = ("at least 1".to_owned(), "0".to_owned());
            return Err(ForgeError::Setting { name: "count", rule, got });
        }
        if out.exists() {
            return Err(ForgeError::Exists { path: out.to_owned() });
        }
        let given = self.given(wanted)?;
        let features = &self.config().galaxies.features;
        let learnt = features.iter().position(|name| name == "mass");
        let mass = wanted.mass.filter(|_| learnt.is_none());
        let factor = match (wanted.mass, learnt) {
            (Some(mass), Some(place)) => {
                let sum = self.sum(&given, place, count, seed)?;
                // Masses of 0 alone have no factor.
                if sum > 0.0 { mass / sum } else { 1.0 }
            }
            _ => 1.0,
        };
        let mut output = self.output(wanted, mass.is_some(), (count, seed), out)?;
        let mut done = 0;
        while done < count {
            let rows = (count - done).min(CHUNK as u64) as usize;
            let samples = self.rows(&given, done, rows, seed)?;
            let column = |d: usize| {
                samples[d..].iter().step_by(features.len()).map(|&x| f64::from(x)).collect()
            };
            let mut columns: Vec<Vec<f64>> = (0..features.len()).map(column).collect();
            if let Some(place) = learnt {
                columns[place].iter_mut().for_each(|mass| *mass *= factor);
            }
            columns.extend(mass.map(|mass| vec![mass / count as f64; rows]));
            match &mut output {
                Output::Table(writer) => writer.write(&columns)?,
                Output::Array(writer, places) => {
                    let rows: Vec<&[f64]> = places.iter().map(|&at| &columns[at][..]).collect();
                    writer.write(&rows)?;
                }
            }
            done += rows as u64;
        }
        match output {
            Output::Table(writer) => writer.finish().map(|_| ())?,
            Output::Array(writer, _) => writer.finish()?,
        }
        Ok(())
    }

    /// `count` stars of a galaxy, `[count, features]`, in physical units.
    ///
    /// # Errors
    /// Those of [`given`](Self::given).
    pub fn stars(
        &self,
        wanted: &Wanted,
        count: usize,
        seed: u64,
    ) -> Result<Array2<f64>, ForgeError> {
        let samples = self.rows(&self.given(wanted)?, 0, count, seed)?;
        let features = self.config().galaxies.features.len();
        Ok(Array2::from_shape_fn((count, features), |(star, feature)| {
            f64::from(samples[star * features + feature])
        }))
    }

    /// The sum of a feature over so many stars.
    fn sum(&self, given: &Given, place: usize, count: u64, seed: u64) -> Result<f64, ForgeError> {
        let features = self.config().galaxies.features.len();
        let mut sum = 0.0;
        for first in (0..count).step_by(CHUNK) {
            let rows = (count - first).min(CHUNK as u64) as usize;
            let samples = self.rows(given, first, rows, seed)?;
            let values = samples[place..].iter().step_by(features);
            sum += values.map(|&value| f64::from(value)).sum::<f64>();
        }
        Ok(sum)
    }

    /// Stars `first` to `first + count` of a distribution, one after the other. Each depends on its
    /// number and the seed alone.
    fn rows(
        &self,
        given: &Given,
        first: u64,
        count: usize,
        seed: u64,
    ) -> Result<Vec<f32>, ForgeError> {
        let ends: Vec<[f32; 2]> =
            self.config().ranges.iter().map(|range| widened(*range)).collect();
        let features = ends.len();
        let inside = |star: &[f32]| {
            star.iter().zip(&ends).all(|(value, [low, high])| (low..=high).contains(&value))
        };
        let mut samples = vec![0.0; count * features];
        given.sample_rows(first, seed, &mut samples)?;
        for draw in 1..=DRAWS {
            let star = |number: usize| number * features..(number + 1) * features;
            let beyond: Vec<usize> =
                (0..count).filter(|&number| !inside(&samples[star(number)])).collect();
            if beyond.is_empty() {
                break;
            }
            let seed = derive_seed(seed, "beyond", draw);
            if beyond.len() > count / FEW {
                let mut anew = vec![0.0; samples.len()];
                given.sample_rows(first, seed, &mut anew)?;
                for number in beyond {
                    samples[star(number)].copy_from_slice(&anew[star(number)]);
                }
            } else {
                for number in beyond {
                    given.sample_rows(first + number as u64, seed, &mut samples[star(number)])?;
                }
            }
        }
        for (value, [low, high]) in samples.iter_mut().zip(ends.iter().cycle()) {
            *value = if value.is_nan() { *low } else { value.clamp(*low, *high) };
        }
        Ok(samples)
    }

    fn output(
        &self,
        wanted: &Wanted,
        with_mass: bool,
        (count, seed): (u64, u64),
        out: &Path,
    ) -> Result<Output, ForgeError> {
        let mut names: Vec<&str> = self.config().galaxies.features.iter().map(|x| &x[..]).collect();
        names.extend(with_mass.then_some("mass"));
        if out.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npy")) {
            let places = COLUMNS.map(|name| names.iter().position(|known| *known == name));
            if let Some(missing) = places.iter().position(Option::is_none) {
                return Err(ForgeError::Setting {
                    name: "file to write",
                    rule:
                        "a table (.fits, .parquet or .hdf5), as an array has all of x, y, z, vx, \
                           vy, vz, metals, feh, ofe, mass and age"
                            .to_owned(),
                    got: format!("{}, and the stars have no {}", out.display(), COLUMNS[missing]),
                });
            }
            let writer = StarArrayWriter::create(out, count)?;
            return Ok(Output::Array(writer, places.into_iter().flatten().collect()));
        }
        let mut header = Header::new();
        header.push("EXTNAME", "STARS", "");
        header.push("ORIGIN", "astrogen-forge", "sampled, neither observed nor simulated");
        header.push("SEED", seed.to_string(), "seed of what was drawn, as text");
        for (number, (name, value)) in
            self.conditions().names().iter().zip(&wanted.values).enumerate()
        {
            header.push(format!("COND{}", number + 1), *value, name);
        }
        let column = |name: &str| {
            let storage = if name == "mass" { Storage::Float64 } else { Storage::Float32 };
            let column = NewColumn::new(name, storage);
            let known = COLUMNS.iter().zip(UNITS).find(|(known, _)| **known == name);
            match known {
                Some((_, unit)) if !unit.is_empty() => column.with_unit(unit),
                _ => column,
            }
        };
        let columns: Vec<NewColumn> = names.into_iter().map(column).collect();
        Ok(Output::Table(CatalogWriter::create(out, &columns, &header)?))
    }
}

/// A range that is a tenth wider at either end; above 0, or not below it, where it was.
fn widened([low, high]: [f64; 2]) -> [f32; 2] {
    let margin = 0.1 * (high - low);
    let least = if low >= 0.0 { (low - margin).max(0.5 * low) } else { low - margin };
    [least as f32, (high + margin) as f32]
}
