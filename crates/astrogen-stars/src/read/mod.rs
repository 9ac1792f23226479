//! A file's stars, in the standard columns and units.

mod array;
pub(crate) mod parts;
mod plan;
mod snapshot;
mod table;

use std::path::Path;

use astrogen_catalog::{Columns, hdf5_attributes};
use astrogen_fits::format::{Format, OpenedFile};

use crate::center::center;
use crate::layout::{Center, Layout};
use crate::{CatalogError, StarsError};

/// The group of a snapshot's header.
const HEADER: &str = "Header";

/// The stars of a file and the count of wind particles left out.
pub(crate) fn read(path: &Path, layout: &Layout) -> Result<(Columns, usize), StarsError> {
    let format = OpenedFile::open(path).map_err(CatalogError::from)?.format();
    if format == Some(Format::Hdf5) && hdf5_attributes(path, &[HEADER])?[0].is_some() {
        let snapshot = snapshot::read(path, layout)?;
        let mut stars = snapshot.stars;
        center(&mut stars, layout, Center::ShrinkingSphere, snapshot.side)?;
        return Ok((stars, snapshot.wind));
    }
    let mut stars = match format {
        Some(Format::Npy) => array::read(path, layout)?,
        _ => table::read(path, layout)?,
    };
    if stars.is_empty() {
        return Err(StarsError::NoStars {
            path: path.to_owned(),
            reason: "expected a row for each, got none".to_owned(),
        });
    }
    center(&mut stars, layout, Center::AsStored, None)?;
    Ok((stars, 0))
}
