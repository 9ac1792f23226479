//! Snapshots of simulations in HDF5, as IllustrisTNG, Illustris and EAGLE write them, and others of
//! which a layout says what their data sets are.

mod dialect;
mod header;

use std::path::Path;

use astrogen_catalog::{Catalog, CatalogOptions, Columns, hdf5_attributes};

use self::dialect::{BIRTH, FRACTIONS};
use self::header::Header;
use super::plan::{self, Source};
use super::{HEADER, parts};
use crate::metals::{iron_over_hydrogen, oxygen_over_iron};
use crate::units::{Conversion, Quantity, Scaling};
use crate::{COLUMNS, Layout, StarsError};

/// The type of particle that stars are.
const KIND: usize = 4;
const GROUP: &str = "PartType4";

/// What a snapshot holds.
pub(super) struct Snapshot {
    pub(super) stars: Columns,
    /// Particles of wind left out.
    pub(super) wind: usize,
    /// The side of the periodic box in kpc.
    pub(super) side: Option<f64>,
}

/// Reads all files of a snapshot.
pub(super) fn read(path: &Path, layout: &Layout) -> Result<Snapshot, StarsError> {
    let first = header(path)?;
    let mut whole: Option<Snapshot> = None;
    for path in parts::all(path, first.values())? {
        let Some(part) = part(&path, layout)? else {
            continue;
        };
        match &mut whole {
            None => whole = Some(part),
            Some(whole) => {
                whole.stars.append(part.stars)?;
                whole.wind += part.wind;
            }
        }
    }
    let group = layout.group.as_deref().unwrap_or(GROUP);
    let refuse = |reason: String| Err(StarsError::NoStars { path: path.to_owned(), reason });
    match whole {
        None => refuse(format!("expected group {group:?} with a row for each, got none")),
        Some(own) if own.stars.is_empty() => {
            refuse(format!("all {} particles of {group:?} are wind", own.wind))
        }
        Some(whole) => Ok(whole),
    }
}

fn header(path: &Path) -> Result<Header, StarsError> {
    let values = hdf5_attributes(path, &[HEADER])?.pop().flatten();
    let values = values.ok_or_else(|| StarsError::Header {
        path: path.to_owned(),
        reason: format!("expected a group {HEADER:?}, got none"),
    })?;
    Ok(Header::new(path, values))
}

/// Reads one file; `None` if it has no stars, as some of several have.
fn part(path: &Path, layout: &Layout) -> Result<Option<Snapshot>, StarsError> {
    let header = header(path)?;
    let group = layout.group.as_deref().unwrap_or(GROUP);
    if hdf5_attributes(path, &[group])?[0].is_none() {
        return Ok(None);
    }
    let options = CatalogOptions { group: Some(group.to_owned()), ..CatalogOptions::default() };
    let catalog = Catalog::open(path, &options)?;
    if catalog.rows() == Some(0) {
        return Ok(None);
    }
    let file = SnapshotFile { path, catalog, header, layout, group };
    file.read().map(Some)
}

struct SnapshotFile<'a> {
    path: &'a Path,
    catalog: Catalog,
    header: Header,
    layout: &'a Layout,
    group: &'a str,
}

impl SnapshotFile<'_> {
    /// Whether the file has a column, or the element of one.
    fn has(&self, name: &str) -> bool {
        let (whole, element) = match name.strip_suffix(']').and_then(|own| own.split_once('[')) {
            Some((whole, element)) => (whole, element.parse().unwrap_or(0)),
            None => (name, 0),
        };
        self.catalog.columns().iter().any(|info| info.name == whole && element < info.length)
    }

    /// What a data set's numbers mean, by its attributes or by conventions.
    fn scaling(&self, name: &str, quantity: Quantity) -> Result<Scaling, StarsError> {
        let set = name.split_once('[').map_or(name, |(set, _)| set);
        let attributes = hdf5_attributes(self.path, &[format!("{}/{set}", self.group)])?;
        let attributes = attributes.into_iter().next().flatten().unwrap_or_default();
        let is_illustris = self.catalog.columns().iter().any(|info| info.name.starts_with("GFM_"));
        dialect::scaling(self.path, name, quantity, &attributes, &self.header, is_illustris)
    }

    fn source(&self, column: &str, name: &str, scaling: Scaling) -> Result<Source, StarsError> {
        let factor = self.header.factor(scaling)?;
        Ok(Source { column: column.to_owned(), name: name.to_owned(), factor })
    }

    /// The source of a standard column, from the layout or the conventions; ages from scale factors
    /// at birth are not among them.
    fn standard(&self, column: &str) -> Result<Option<Source>, StarsError> {
        // Columns that have no quantity are not asked for.
        let quantity = Quantity::of(column).unwrap_or(Quantity::Number);
        let Some(named) = self.layout.columns.get(column) else {
            let Some(name) = dialect::name_of(column, |name| self.has(name)) else {
                return Ok(None);
            };
            return self.source(column, name, self.scaling(name, quantity)?).map(Some);
        };
        let conversion = match (named.conversion(column)?, plan::unit(&self.catalog, &named.name)) {
            (Some(conversion), _) => conversion,
            (None, Some(unit)) => plan::of_unit(self.path, column, &named.name, unit)?,
            (None, None) => Conversion::Scale(self.scaling(&named.name, quantity)?),
        };
        match conversion {
            Conversion::Scale(scaling) => self.source(column, &named.name, scaling).map(Some),
            Conversion::Birth => Ok(None),
        }
    }

    /// The source of scale factors at birth.
    fn birth(&self) -> Result<Option<Source>, StarsError> {
        if let Some(named) = self.layout.columns.get("age") {
            let unit = plan::unit(&self.catalog, &named.name);
            let stated = match (named.conversion("age")?, unit) {
                (None, Some(unit)) => Some(plan::of_unit(self.path, "age", &named.name, unit)?),
                (stated, _) => stated,
            };
            if stated == Some(Conversion::Birth) {
                return self.source(BIRTH, &named.name, Scaling::by(1.0)).map(Some);
            }
        }
        let Some(name) = dialect::name_of(BIRTH, |name| self.has(name)) else {
            return Ok(None);
        };
        self.source(BIRTH, name, self.scaling(name, Quantity::Number)?).map(Some)
    }

    fn sources(&self) -> Result<Vec<Source>, StarsError> {
        let mut sources = Vec::new();
        for (place, column) in COLUMNS.into_iter().enumerate() {
            match self.standard(column)? {
                Some(source) => sources.push(source),
                None if place < 6 => {
                    let known =
                        if place < 3 { "\"Coordinates\"" } else { "\"Velocities\", \"Velocity\"" };
                    return Err(plan::lacking(self.path, &self.catalog, column, known));
                }
                None => {}
            }
        }
        sources.extend(self.birth()?);
        let unknown = |column: &str| !self.layout.columns.contains_key(column);
        if (unknown("feh") || unknown("ofe"))
            && let Some(names) = dialect::elements(|name| self.has(name))
        {
            for (column, name) in FRACTIONS.into_iter().zip(names) {
                let scaling = self.scaling(name, Quantity::Number)?;
                sources.push(self.source(column, name, scaling)?);
            }
        }
        for (column, name, conversion) in plan::others(self.path, &self.catalog, self.layout)? {
            let Conversion::Scale(scaling) = conversion else {
                continue; // units of ages alone are of another kind
            };
            sources.push(self.source(&column, &name, scaling)?);
        }
        Ok(sources)
    }

    fn read(&self) -> Result<Snapshot, StarsError> {
        let sources = self.sources()?;
        let mut read = plan::read(&self.catalog, &sources)?;
        let mut wind = 0;
        if read.names().iter().any(|name| name == BIRTH) {
            let births = read.column(BIRTH)?.to_vec();
            let is_wind = |row: usize| births[row] <= 0.0;
            wind = (0..births.len()).filter(|row| is_wind(*row)).count();
            read.retain(|row| !is_wind(row));
        }
        let has = |column: &str| read.names().iter().any(|name| name == column);
        let mut made: Vec<(String, Vec<f64>)> = Vec::new();
        if has(BIRTH) && !has("age") {
            made.push(("age".to_owned(), self.header.ages(read.column(BIRTH)?)?));
        }
        if has(FRACTIONS[0]) {
            let [hydrogen, oxygen, iron] = FRACTIONS.map(|name| read.column(name));
            let (hydrogen, oxygen, iron) = (hydrogen?, oxygen?, iron?);
            if !has("feh") {
                let pairs = iron.iter().zip(hydrogen);
                let feh = pairs.map(|(iron, hydrogen)| iron_over_hydrogen(*iron, *hydrogen));
                made.push(("feh".to_owned(), feh.collect()));
            }
            if !has("ofe") {
                let pairs = oxygen.iter().zip(iron);
                let ofe = pairs.map(|(oxygen, iron)| oxygen_over_iron(*oxygen, *iron));
                made.push(("ofe".to_owned(), ofe.collect()));
            }
        }
        if !has("mass")
            && let Some(mass) = self.header.mass(KIND).filter(|_| self.group == GROUP)
        {
            let unit = self.scaling("Masses", Quantity::Mass)?;
            made.push(("mass".to_owned(), vec![mass * self.header.factor(unit)?; read.len()]));
        }
        made.extend(read.into_iter().filter(|(name, _)| !name.starts_with('\0')));
        plan::order(&mut made, |(name, _)| name);
        // The box is in the unit of the places.
        let places = sources.iter().find(|source| source.column == "x");
        let side = self.header.side().zip(places).map(|(side, places)| side * places.factor);
        Ok(Snapshot { stars: Columns::new(made)?, wind, side })
    }
}
