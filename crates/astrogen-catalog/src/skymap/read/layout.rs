//! What a table's header says about its maps: resolution, order, coordinates, columns.

use std::path::Path;

use super::SkyMapOptions;
use crate::CatalogError;
use crate::skymap::coordinates::Coordinates;
use crate::skymap::grid::{Grid, Ordering};
use astrogen_fits::Header;
use astrogen_fits::table::{Field, Span, Table};

/// Names of the column of pixel numbers, without `_`.
const PIXEL_COLUMNS: [&str; 12] = [
    "PIXEL",
    "HPIX",
    "IPIX",
    "PIX",
    "HEALPIX",
    "INDEX",
    "PIXELS",
    "HPX",
    "HPXPIXEL",
    "HEALPIXEL",
    "PIXELINDEX",
    "HEALPIXINDEX",
];

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
    ) -> Result<Layout, CatalogError> {
        let refuse = |reason: String| CatalogError::SkyMap { path: path.to_owned(), reason };
        let defaults = &options.defaults;
        let nside = nside(header).map_err(refuse)?;
        let nside = agreed("nside", options.nside.map(i64::from), nside).map_err(refuse)?;
        let nside = nside.or(defaults.nside.map(i64::from));
        let ordering = agreed("ordering", options.ordering, ordering(header).map_err(refuse)?)
            .map_err(refuse)?;
        let ordering = ordering.or(defaults.ordering).ok_or_else(|| {
            refuse("its header has no ORDERING; state the ordering (ring or nested)".to_owned())
        })?;
        let stated = options.coordinates.or(defaults.coordinates);
        let system = coordinates(header, stated.is_some()).map_err(refuse)?;
        let coordinates = agreed("coordinates", options.coordinates, system).map_err(refuse)?;
        let coordinates = coordinates.or(defaults.coordinates);

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
                 a column of pixel numbers (state pixel_column, its name)",
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

/// `NSIDE`, a number or a text that spells one.
fn nside(header: &Header) -> Result<Option<i64>, String> {
    let spelled = header.get::<&str>("NSIDE").and_then(|text| text.trim().parse().ok());
    match spelled {
        Some(nside) => Ok(Some(nside)),
        None => header.try_get("NSIDE").map_err(|error| error.to_string()),
    }
}

/// `ORDERING`, or the `NEST` of some writers.
fn ordering(header: &Header) -> Result<Option<Ordering>, String> {
    let nested = |nested: bool| if nested { Ordering::Nested } else { Ordering::Ring };
    match word(header, "ORDERING")? {
        None => match header.get::<i64>("NEST") {
            Some(number) => Ok(Some(nested(number != 0))),
            None => {
                let flag = header.try_get("NEST").map_err(|error| error.to_string())?;
                Ok(flag.map(nested))
            }
        },
        Some(word) => word
            .parse()
            .map(Some)
            .map_err(|_| format!("ORDERING: expected RING or NESTED, got {word:?}")),
    }
}

/// `COORDSYS`; one that is not known has to be stated.
fn coordinates(header: &Header, stated: bool) -> Result<Option<Coordinates>, String> {
    let found = word(header, "COORDSYS").and_then(|word| {
        let named = word.map(|word| {
            Coordinates::named(word)
                .ok_or_else(|| format!("COORDSYS: expected C, G or E, got {word:?}"))
        });
        named.transpose()
    });
    match found {
        Err(_) if stated => Ok(None),
        Err(reason) => {
            Err(format!("{reason}; state the coordinates (equatorial, galactic or ecliptic)"))
        }
        found => found,
    }
}

/// The text of a card, unless it is blank.
fn word<'a>(header: &'a Header, keyword: &str) -> Result<Option<&'a str>, String> {
    let text: Option<&str> = header.try_get(keyword).map_err(|error| error.to_string())?;
    Ok(text.map(str::trim).filter(|text| !text.is_empty()))
}

/// The column of pixel numbers, if this is a partial map.
fn pixel_column(
    path: &Path,
    header: &Header,
    table: &Table,
    options: &SkyMapOptions,
) -> Result<Option<Span>, CatalogError> {
    let position =
        |name: &str| table.fields.iter().position(|field| field.name.eq_ignore_ascii_case(name));
    let refuse = |reason: String| CatalogError::SkyMap { path: path.to_owned(), reason };
    let scheme = word(header, "INDXSCHM").map_err(refuse)?;
    let scheme = |word: &str| scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(word));
    let usual = |name: &str| {
        let named = |own: &str| own.replace('_', "").eq_ignore_ascii_case(name);
        // A map of spectral indices is called so too.
        let number = |field: &Field| name != "INDEX" || field.is_integer();
        table.fields.iter().position(|field| named(&field.name) && number(field))
    };
    let default = options.defaults.pixel_column.as_deref().and_then(position);
    let field = match &options.pixel_column {
        Some(name) => Some(position(name).ok_or_else(|| CatalogError::Column {
            path: path.to_owned(),
            name: name.clone(),
            reason: "is not in the table, expected the column of pixel numbers".to_owned(),
        })?),
        None if scheme("IMPLICIT") => None,
        None => default
            .or_else(|| PIXEL_COLUMNS.into_iter().find_map(usual))
            .or_else(|| only_integers(table).filter(|_| scheme("EXPLICIT"))),
    };
    let Some(field) = field else {
        if scheme("EXPLICIT") {
            return Err(refuse(format!(
                "INDXSCHM says EXPLICIT, expected a column of pixel numbers called one of {}; state \
                 pixel_column, its name",
                PIXEL_COLUMNS.join(", ")
            )));
        }
        return Ok(None);
    };
    let described = &table.fields[field];
    if !described.is_integer() || described.length() == 0 {
        return Err(CatalogError::Column {
            path: path.to_owned(),
            name: described.name.clone(),
            reason: format!("expected whole pixel numbers, got TFORM {:?}", described.stored_as),
        });
    }
    Ok(Some(Span { field, first: 0, count: described.length() }))
}

/// The column of whole numbers, if there is only one.
fn only_integers(table: &Table) -> Option<usize> {
    let mut whole = (0..table.fields.len()).filter(|&field| table.fields[field].is_integer());
    whole.next().filter(|_| whole.next().is_none())
}

/// The columns that are maps: those asked for, or all numbers but the pixels'.
fn map_columns(
    path: &Path,
    table: &Table,
    pixels: Option<Span>,
    options: &SkyMapOptions,
) -> Result<Vec<Span>, CatalogError> {
    let refuse = |name: &str, reason: String| CatalogError::Column {
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
        return Err(CatalogError::SkyMap {
            path: path.to_owned(),
            reason: "expected at least one column of map values, got none".to_owned(),
        });
    };
    match maps.iter().find(|map| map.count != first.count) {
        None => Ok(maps),
        Some(odd) => Err(refuse(
            &table.fields[odd.field].name,
            format!("has {} values per row, expected {} as the others", odd.count, first.count),
        )),
    }
}
