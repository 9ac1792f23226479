//! What a table's header says about its maps: resolution, order, coordinates, columns.

use std::path::Path;

use super::SkyMapOptions;
use crate::PreprocessError;
use crate::fits::{Header, Span, Table};
use crate::skymap::coordinates::Coordinates;
use crate::skymap::grid::{Grid, Ordering};

/// Names of the column of pixel numbers.
const PIXEL_COLUMNS: [&str; 5] = ["PIXEL", "HPIX", "IPIX", "PIX", "HEALPIX"];

/// Where a table keeps its maps.
pub(super) struct Layout {
    pub(super) grid: Grid,
    pub(super) ordering: Ordering,
    pub(super) coordinates: Coordinates,
    /// The column of pixel numbers of a partial map.
    pub(super) pixels: Option<Span>,
    pub(super) names: Vec<String>,
    pub(super) maps: Vec<Span>,
}

impl Layout {
    pub(super) fn of(
        path: &Path,
        header: &Header,
        table: &Table,
        options: &SkyMapOptions,
    ) -> Result<Layout, PreprocessError> {
        let refuse = |reason: String| PreprocessError::SkyMap { path: path.to_owned(), reason };
        let nside = header.get::<i64>("NSIDE");
        let nside = agreed("nside", options.nside.map(i64::from), nside).map_err(refuse)?;
        let ordering = agreed("ordering", options.ordering, ordering(header).map_err(refuse)?)
            .map_err(refuse)?;
        let ordering = ordering.ok_or_else(|| {
            refuse("its header has no ORDERING; state the order (ring or nested)".to_owned())
        })?;
        let system = coordinates(header, options.coordinates).map_err(refuse)?;
        let coordinates = agreed("coordinates", options.coordinates, system).map_err(refuse)?;

        let pixels = pixel_column(path, header, table, options)?;
        let maps = map_columns(path, table, pixels, options)?;
        let names = maps.iter().map(|map| table.fields[map.field].name.clone()).collect();
        let count = maps[0].count as u128 * u128::from(table.rows);
        let grid = match nside {
            Some(nside) => u32::try_from(nside).ok().and_then(|nside| Grid::new(nside).ok()),
            // A full sky of the right size says it.
            None if pixels.is_none() => {
                let nside = (count / 12).isqrt();
                let exact = 12 * nside * nside == count;
                u32::try_from(nside).ok().filter(|_| exact).and_then(|nside| Grid::new(nside).ok())
            }
            None => return Err(refuse("its header has no NSIDE; state the nside".to_owned())),
        };
        let grid = grid.ok_or_else(|| {
            let got = nside.map_or(format!("{count} values"), |nside| nside.to_string());
            refuse(format!("NSIDE: expected a power of two from 1 to 32768, got {got}"))
        })?;
        if pixels.is_none() && count != grid.len().into() {
            return Err(refuse(format!(
                "expected the {} values of a full sky of nside {}, got {count}; a partial map needs \
                 a column of pixel numbers (state its name if it is not PIXEL)",
                grid.len(),
                grid.nside()
            )));
        }
        let coordinates = coordinates.unwrap_or_default();
        Ok(Layout { grid, ordering, coordinates, pixels, names, maps })
    }
}

/// What is stated or what the file says, if they do not contradict each other.
fn agreed<T: PartialEq + std::fmt::Display>(
    what: &str,
    stated: Option<T>,
    found: Option<T>,
) -> Result<Option<T>, String> {
    match (stated, found) {
        (Some(stated), Some(found)) if stated != found => Err(format!(
            "{what}: expected {stated} as stated, the file has {found}; state what the file has, \
             or take the map that was meant"
        )),
        (stated, found) => Ok(stated.or(found)),
    }
}

/// `ORDERING`, or the `NEST` of some writers.
fn ordering(header: &Header) -> Result<Option<Ordering>, String> {
    let nested = |nested: bool| if nested { Ordering::Nested } else { Ordering::Ring };
    let Some(text) = header.get::<&str>("ORDERING") else {
        let flag = header.get::<bool>("NEST");
        let number = header.get::<i64>("NEST").map(|number| number != 0);
        return Ok(flag.or(number).map(nested));
    };
    match text.trim().to_ascii_uppercase().as_str() {
        "RING" => Ok(Some(Ordering::Ring)),
        "NESTED" | "NEST" => Ok(Some(Ordering::Nested)),
        "" => Ok(None),
        other => Err(format!("ORDERING: expected RING or NESTED, got {other:?}")),
    }
}

/// `COORDSYS`; one that is not known has to be stated.
fn coordinates(
    header: &Header,
    stated: Option<Coordinates>,
) -> Result<Option<Coordinates>, String> {
    let Some(text) = header.get::<&str>("COORDSYS").filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    match Coordinates::named(text) {
        None if stated.is_none() => Err(format!(
            "COORDSYS: expected C, G or E, got {text:?}; state the coordinates (equatorial, \
             galactic or ecliptic)"
        )),
        found => Ok(found),
    }
}

/// The column of pixel numbers, if this is a partial map.
fn pixel_column(
    path: &Path,
    header: &Header,
    table: &Table,
    options: &SkyMapOptions,
) -> Result<Option<Span>, PreprocessError> {
    let position =
        |name: &str| table.fields.iter().position(|field| field.name.eq_ignore_ascii_case(name));
    let says = |keyword: &str, word: &str| {
        header.get::<&str>(keyword).is_some_and(|text| text.trim().eq_ignore_ascii_case(word))
    };
    let field = match &options.pixel_column {
        Some(name) => Some(position(name).ok_or_else(|| PreprocessError::Column {
            path: path.to_owned(),
            name: name.clone(),
            reason: "is not in the table, expected the column of pixel numbers".to_owned(),
        })?),
        None if says("INDXSCHM", "IMPLICIT") => None,
        None => PIXEL_COLUMNS.into_iter().find_map(position),
    };
    let Some(field) = field else {
        if says("INDXSCHM", "EXPLICIT") {
            return Err(PreprocessError::SkyMap {
                path: path.to_owned(),
                reason: format!(
                    "INDXSCHM says EXPLICIT, expected a column called one of {}; state its name",
                    PIXEL_COLUMNS.join(", ")
                ),
            });
        }
        return Ok(None);
    };
    let described = &table.fields[field];
    if !described.is_integer() || described.length() == 0 {
        return Err(PreprocessError::Column {
            path: path.to_owned(),
            name: described.name.clone(),
            reason: format!("expected whole pixel numbers, got TFORM {:?}", described.stored_as),
        });
    }
    Ok(Some(Span { field, first: 0, count: described.length() }))
}

/// The columns that are maps: those asked for, or all numbers but the pixels'.
fn map_columns(
    path: &Path,
    table: &Table,
    pixels: Option<Span>,
    options: &SkyMapOptions,
) -> Result<Vec<Span>, PreprocessError> {
    let refuse = |name: &str, reason: String| PreprocessError::Column {
        path: path.to_owned(),
        name: name.to_owned(),
        reason,
    };
    let usable = |field: usize| {
        let described = &table.fields[field];
        !described.is_text()
            && described.refusal().is_none()
            && described.length() > 0
            && pixels.is_none_or(|pixels| pixels.field != field)
    };
    let fields: Vec<usize> = if options.columns.is_empty() {
        (0..table.fields.len()).filter(|&field| usable(field)).collect()
    } else {
        let find = |name: &String| {
            let same = |field: &usize| table.fields[*field].name.eq_ignore_ascii_case(name);
            let names: Vec<_> = table.fields.iter().map(|field| field.name.as_str()).collect();
            let field = (0..table.fields.len()).find(same).ok_or_else(|| {
                refuse(name, format!("is not in the table, expected one of {}", names.join(", ")))
            })?;
            if usable(field) { Ok(field) } else { Err(refuse(name, "is no map".to_owned())) }
        };
        options.columns.iter().map(find).collect::<Result<_, _>>()?
    };
    let span = |field: usize| Span { field, first: 0, count: table.fields[field].length() };
    let maps: Vec<Span> = fields.into_iter().map(span).collect();
    let Some(first) = pixels.or(maps.first().copied()).filter(|_| !maps.is_empty()) else {
        return Err(PreprocessError::SkyMap {
            path: path.to_owned(),
            reason: "expected at least one column of map values, got none".to_owned(),
        });
    };
    match maps.iter().find(|map| map.count != first.count) {
        None => Ok(maps),
        Some(odd) => Err(refuse(
            &table.fields[odd.field].name,
            format!("has {} values a row, expected {} as the others", odd.count, first.count),
        )),
    }
}
