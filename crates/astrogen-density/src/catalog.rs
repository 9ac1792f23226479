//! Samples, densities and posteriors as catalogues, chunk by chunk: of a catalogue of any length one
//! row for each of its rows.

use std::fmt;
use std::path::{Path, PathBuf};

use astrogen_catalog::{
    BadRows, Catalog, CatalogOptions, CatalogWriter, Columns, NewColumn, Storage,
};
use astrogen_data::tensor_of;
use astrogen_fits::Header;
use astrogen_flows::{Density as _, Measured, MeasuredConfig};
use ndarray::Array2;

use crate::{Density, DensityError};

/// Rows at a time.
const CHUNK: usize = 1 << 16;

/// Values of densities on grids that are held at a time.
const POINTS: usize = 1 << 22;

/// Shares of a density below a value, and what the value is called: the median, and what is a
/// deviation apart from it in a normal distribution.
pub(crate) const SHARES: [(&str, f64); 3] =
    [("Q16", 0.15865525393145707), ("Q50", 0.5), ("Q84", 0.8413447460685429)];

/// A catalogue, and which part of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// The file.
    pub path: PathBuf,
    /// Which part of it. Filters and what becomes of missing values are not heeded: each row of the
    /// catalogue has its row in what is written.
    pub options: CatalogOptions,
}

/// Columns that hold the normal errors of others.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Errors {
    /// A feature or a context column, and the column of its standard deviation. A row in which that is
    /// no finite number of 0 or more, of a value that is there, is one of which nothing can be said:
    /// NaN is written for it.
    pub columns: Vec<(String, String)>,
    /// How integrals over errors and missing features are taken.
    pub config: MeasuredConfig,
}

/// The density of one column given all others.
#[derive(Debug, Clone, PartialEq)]
pub struct Along {
    /// The column, one of the features.
    pub column: String,
    /// Where it is evaluated, increasing, in the column's unit; the density ends where this does.
    pub grid: Vec<f64>,
}

/// What was written into a catalogue. Printed, it is that in words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows.
    pub rows: u64,
    /// Those among them of which nothing can be said, NaN in every column that was asked for: context
    /// is missing, or an [error](Errors::columns) cannot be.
    pub unknown: u64,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows", self.rows)?;
        match self.unknown {
            0 => Ok(()),
            unknown => write!(f, ", {unknown} of them NaN (context missing, or a bad error)"),
        }
    }
}

impl Density {
    /// Writes `count` samples of a density without context.
    ///
    /// # Errors
    /// [`DensityError::Setting`] for a density with context; [`DensityError::Exists`];
    /// [`DensityError::Catalog`] where the file cannot be written.
    pub fn sample(&self, count: u64, seed: u64, out: &Path) -> Result<Written, DensityError> {
        if !self.config().data.context.is_empty() {
            return Err(DensityError::Setting {
                name: "catalogue",
                rule: format!("one with the columns {:?}", self.config().data.context),
                got: "none".to_owned(),
            });
        }
        let features = self.config().data.features.len();
        let mut writer = self.writer(out, self.features(), seed)?;
        let given = self.ensemble().given(None)?;
        let mut done = 0;
        while done < count {
            let rows = (count - done).min(CHUNK as u64) as usize;
            let mut samples = vec![0.0; rows * features];
            given.sample_rows(done, seed, &mut samples)?;
            writer.write(&columns(&samples, features))?;
            done += rows as u64;
        }
        Ok(Written { rows: writer.finish()?, unknown: 0 })
    }

    /// Writes `count` samples for each row of a catalogue with the context's columns; column `ROW`
    /// tells the row's number, from 0. A row without a value in one of them has NaN. Memory grows with
    /// `count`, not with the catalogue.
    ///
    /// # Errors
    /// [`DensityError::Exists`]; [`DensityError::Catalog`] for a catalogue that cannot be read or
    /// written, or lacks a column; [`DensityError::Setting`] for no samples a row, and for a density
    /// without context.
    pub fn sample_for(
        &self,
        given: &Rows,
        count: u64,
        seed: u64,
        out: &Path,
    ) -> Result<Written, DensityError> {
        if count == 0 {
            let rule = "at least 1".to_owned();
            return Err(DensityError::Setting { name: "count", rule, got: "0".to_owned() });
        }
        let data = &self.config().data;
        if data.context.is_empty() {
            let rule = "none, since the density has no context".to_owned();
            let got = given.path.display().to_string();
            return Err(DensityError::Setting { name: "catalogue", rule, got });
        }
        let features = data.features.len();
        let number = NewColumn::new("ROW", Storage::Int64);
        let names = std::iter::once(number).chain(self.features()).collect();
        let mut writer = self.writer(out, names, seed)?;
        let (mut row, mut unknown) = (0_u64, 0);
        let chunk = (CHUNK / count.min(CHUNK as u64) as usize).max(1);
        for chunk in chunks(given, &data.context, chunk)? {
            let context = array(&chunk?, &data.context)?;
            let n = context.nrows();
            let odd: Vec<bool> =
                context.rows().into_iter().map(|row| !row.iter().all(|x| x.is_finite())).collect();
            let context = context.mapv(|x| if x.is_finite() { x } else { 0.0 });
            let repeated = tensor_of(&context)?.repeat_interleave_self_int(count as i64, 0, None);
            let mut samples = vec![0.0; n * count as usize * features];
            self.ensemble().given(&repeated)?.sample_rows(row * count, seed, &mut samples)?;
            let per_row = samples.chunks_exact_mut(count as usize * features);
            for (samples, _) in per_row.zip(&odd).filter(|(_, odd)| **odd) {
                samples.fill(f32::NAN);
                unknown += count;
            }
            let numbers = (0..n as u64 * count).map(|i| (row + i / count) as f64).collect();
            let values = columns(&samples, features);
            writer.write(&std::iter::once(numbers).chain(values).collect::<Vec<_>>())?;
            row += n as u64;
        }
        Ok(Written { rows: writer.finish()?, unknown })
    }

    /// Writes the log-density of each row of a catalogue, in nats, as column `LOG_PROB`: convolved
    /// with errors, missing features integrated out; NaN where context is missing, or an
    /// [error](Errors::columns) cannot be.
    ///
    /// # Errors
    /// [`DensityError::Exists`]; [`DensityError::Catalog`] for a catalogue that cannot be read or
    /// written, or lacks a column; [`DensityError::Column`] for errors of another column than those
    /// of the density.
    pub fn log_prob(
        &self,
        rows: &Rows,
        errors: &Errors,
        out: &Path,
    ) -> Result<Written, DensityError> {
        let column = NewColumn::new("LOG_PROB", Storage::Float64);
        let mut writer = self.writer(out, vec![column], errors.config.seed)?;
        let work = |measured: &Measured<'_>, config: &MeasuredConfig| {
            Ok(vec![measured.log_prob(self.ensemble(), config)?])
        };
        let unknown = self.each(rows, (errors, &[], CHUNK), &mut writer, work)?;
        Ok(Written { rows: writer.finish()?, unknown })
    }

    /// Writes what is known of one column of each row of a catalogue, given all others: `MEAN`,
    /// `MODE`, `Q16`, `Q50` and `Q84` of its density on a grid, convolved with errors, missing
    /// features integrated out; NaN where context is missing, or an [error](Errors::columns) cannot
    /// be. The column itself need not be there.
    ///
    /// # Errors
    /// As [`log_prob`](Self::log_prob), and [`DensityError::Flow`] for a grid that does not increase
    /// and for a row without density on it.
    pub fn posterior(
        &self,
        rows: &Rows,
        along: &Along,
        errors: &Errors,
        out: &Path,
    ) -> Result<Written, DensityError> {
        let column = self.place(&along.column)?;
        let names = ["MEAN", "MODE"].into_iter().chain(SHARES.map(|(name, _)| name));
        let names = names.map(|name| NewColumn::new(name, Storage::Float64)).collect();
        let mut writer = self.writer(out, names, errors.config.seed)?;
        let known = [along.column.clone()];
        let at_a_time = (POINTS / along.grid.len().max(1)).clamp(1, CHUNK);
        let work = |measured: &Measured<'_>, config: &MeasuredConfig| {
            let grid = (column, along.grid.as_slice());
            let posterior = measured.posterior(self.ensemble(), grid, config)?;
            let shares = SHARES.map(|(_, share)| posterior.quantile(share));
            Ok([posterior.mean(), posterior.mode()].into_iter().chain(shares).collect())
        };
        let unknown = self.each(rows, (errors, &known, at_a_time), &mut writer, work)?;
        Ok(Written { rows: writer.finish()?, unknown })
    }

    /// The place of a column among the features.
    pub(crate) fn place(&self, column: &str) -> Result<usize, DensityError> {
        let features = &self.config().data.features;
        features.iter().position(|name| name == column).ok_or_else(|| DensityError::Column {
            column: column.to_owned(),
            reason: format!("it is none of the features, which are {features:?}"),
        })
    }

    fn features(&self) -> Vec<NewColumn> {
        let names = self.config().data.features.iter();
        names.map(|name| NewColumn::new(name, Storage::Float32)).collect()
    }

    fn writer(
        &self,
        out: &Path,
        columns: Vec<NewColumn>,
        seed: u64,
    ) -> Result<CatalogWriter, DensityError> {
        if out.exists() {
            return Err(DensityError::Exists { path: out.to_owned() });
        }
        let mut header = Header::new();
        header.push("SEED", seed.to_string(), "seed of what was drawn, as text");
        Ok(CatalogWriter::create(out, &columns, &header)?)
    }

    /// Reads a catalogue's rows, so many at a time, but for columns that need not be there (NaN
    /// stands for them). `work` is given the rows that have a context and errors that can be, as they
    /// were measured; what it finds of them is written, and NaN for the others, as many as it says.
    fn each(
        &self,
        rows: &Rows,
        (errors, but, at_a_time): (&Errors, &[String], usize),
        writer: &mut CatalogWriter,
        work: impl Fn(&Measured<'_>, &MeasuredConfig) -> Result<Vec<Vec<f64>>, DensityError>,
    ) -> Result<u64, DensityError> {
        let data = &self.config().data;
        let own = self.config().columns();
        if let Some((column, _)) = errors.columns.iter().find(|(name, _)| !own.contains(name)) {
            let reason = format!("errors are given for it, and it is none of {own:?}");
            return Err(DensityError::Column { column: column.clone(), reason });
        }
        let mut given = errors.columns.iter().enumerate();
        let twice =
            given.find(|(at, (name, _))| errors.columns[..*at].iter().any(|of| of.0 == *name));
        if let Some((_, (column, _))) = twice {
            let reason = "errors are given for it twice: give one column of them".to_owned();
            return Err(DensityError::Column { column: column.clone(), reason });
        }
        let own = own.into_iter().filter(|name| !but.contains(name));
        let mut names: Vec<String> = Vec::new();
        for name in own.chain(errors.columns.iter().map(|(_, error)| error.clone())) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let deviations = |columns: &Columns, of: &[String]| -> Result<Array2<f64>, DensityError> {
            let mut found = Array2::zeros((columns.len(), of.len()));
            for (to, name) in found.columns_mut().into_iter().zip(of) {
                let error = errors.columns.iter().find(|(column, _)| column == name);
                if let Some((_, error)) = error {
                    to.into_iter().zip(columns.column(error)?).for_each(|(to, from)| *to = *from);
                }
            }
            Ok(found)
        };
        let (mut first, mut unknown) = (0_u64, 0);
        for chunk in chunks(rows, &names, at_a_time)? {
            let mut chunk = chunk?;
            let n = chunk.len();
            for name in but.iter().filter(|name| !names.contains(name)) {
                chunk.push(name.as_str(), vec![f64::NAN; n])?;
            }
            let context = array(&chunk, &data.context)?;
            let mut known: Vec<bool> =
                context.rows().into_iter().map(|row| row.iter().all(|x| x.is_finite())).collect();
            // The error of a value that is missing, or asked for, does not matter.
            for (name, error) in errors.columns.iter().filter(|(name, _)| !but.contains(name)) {
                let cells = chunk.column(name)?.iter().zip(chunk.column(error)?);
                for (known, (value, error)) in known.iter_mut().zip(cells) {
                    *known &= !value.is_finite() || (0.0..f64::INFINITY).contains(error);
                }
            }
            unknown += known.iter().filter(|known| !**known).count() as u64;
            chunk.retain(|row| known[row]);
            let features = array(&chunk, &data.features)?;
            let context = self.context(&array(&chunk, &data.context)?)?;
            let [features, own, given] = [
                features.mapv(|x| if x.is_finite() { x } else { f64::NAN }),
                deviations(&chunk, &data.features)?,
                deviations(&chunk, &data.context)?,
            ]
            .each_ref()
            .map(tensor_of);
            let (features, own, given) = (features?, own?, given?);
            let measured = Measured {
                features: &features,
                errors: Some(&own),
                context: context.as_ref(),
                context_errors: context.as_ref().map(|_| &given),
            };
            // Each chunk has numbers of its own.
            let seed = errors.config.seed.wrapping_add(first);
            let place = |row: i64| {
                let mut known = (0..).zip(&known).filter(|(_, known)| **known).map(|(row, _)| row);
                first.cast_signed() + known.nth(row.max(0) as usize).unwrap_or(row)
            };
            let found = work(&measured, &MeasuredConfig { seed, ..errors.config })
                .map_err(|error| error.of_row(place))?;
            let spread = |found: Vec<f64>| -> Vec<f64> {
                let mut found = found.into_iter();
                known
                    .iter()
                    .map(|known| known.then(|| found.next()).flatten().unwrap_or(f64::NAN))
                    .collect()
            };
            writer.write(&found.into_iter().map(spread).collect::<Vec<_>>())?;
            first += n as u64;
        }
        Ok(unknown)
    }
}

/// The chunks of a catalogue, all rows of it.
fn chunks(
    rows: &Rows,
    names: &[String],
    at_a_time: usize,
) -> Result<astrogen_catalog::Chunks, DensityError> {
    let options =
        CatalogOptions { filters: Vec::new(), missing: BadRows::Keep, ..rows.options.clone() };
    Ok(Catalog::open(&rows.path, &options)?.chunks(names, at_a_time)?)
}

/// These columns, side by side.
fn array(columns: &Columns, names: &[String]) -> Result<Array2<f64>, DensityError> {
    let values = names.iter().map(|name| columns.column(name));
    let values = values.collect::<Result<Vec<_>, _>>()?;
    Ok(Array2::from_shape_fn((columns.len(), names.len()), |(n, d)| values[d][n]))
}

/// Rows of features as columns.
fn columns(rows: &[f32], features: usize) -> Vec<Vec<f64>> {
    let column = |d: usize| rows[d..].iter().step_by(features).map(|&x| f64::from(x)).collect();
    (0..features).map(column).collect()
}
