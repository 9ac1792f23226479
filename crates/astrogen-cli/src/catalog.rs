//! How catalogues and sky maps are read where their files leave it open.

use astrogen_catalog::CatalogOptions;
use astrogen_catalog::skymap::{Coordinates, Ordering, SkyMapDefaults};
use astrogen_fits::HduSelector;
use clap::Args;

/// The options of every mode that takes a catalogue, as `--catalog`.
#[derive(Debug, Args)]
pub struct FileArguments {
    /// The HDU of a FITS catalogue: a number (0 is the primary), an EXTNAME, or EXTNAME,EXTVER;
    /// the first table if left out.
    #[arg(long, requires = "catalog")]
    hdu: Option<HduSelector>,
    /// The group of an HDF5 catalogue whose data sets are the columns, or its compound data set;
    /// the only one if left out.
    #[arg(long, requires = "catalog")]
    group: Option<String>,
    /// What separates the cells of a CSV catalogue, a character or "tab"; found if left out.
    #[arg(long, requires = "catalog", value_parser = character, allow_hyphen_values = true)]
    delimiter: Option<char>,
}

impl FileArguments {
    /// Says in options which part of a file is the catalogue.
    pub(crate) fn fill(&self, options: &mut CatalogOptions) {
        options.hdu = self.hdu.clone();
        options.group = self.group.clone();
        options.delimiter = self.delimiter;
    }
}

/// The options of every mode that takes a catalogue and sky maps, as `--catalog` and `--condition`.
#[derive(Debug, Args)]
pub struct CatalogArguments {
    #[command(flatten)]
    file: FileArguments,
    /// The order of pixels in sky maps whose files do not say it: ring or nested.
    #[arg(long, requires = "condition")]
    map_ordering: Option<Ordering>,
    /// The coordinates of sky maps whose files do not say them: equatorial, galactic or ecliptic;
    /// equatorial if left out.
    #[arg(long, requires = "condition")]
    map_coordinates: Option<Coordinates>,
    /// The nside of sky maps whose files do not say it.
    #[arg(long, requires = "condition")]
    map_nside: Option<u32>,
    /// The column of pixel numbers in partial sky maps that call it by an unusual name.
    #[arg(long, requires = "condition", value_name = "COLUMN")]
    map_pixel_column: Option<String>,
    /// The HDU of sky maps in files of several tables, as --hdu; the first table if left out.
    #[arg(long, requires = "condition", value_name = "HDU")]
    map_hdu: Option<HduSelector>,
}

impl CatalogArguments {
    /// Which part of a file is the catalogue.
    pub fn catalog(&self) -> CatalogOptions {
        let mut options = CatalogOptions::default();
        self.file.fill(&mut options);
        options
    }

    /// What holds of sky maps that do not say it; what is not given here is as in `other`.
    pub fn maps(&self, other: SkyMapDefaults) -> SkyMapDefaults {
        SkyMapDefaults {
            ordering: self.map_ordering.or(other.ordering),
            coordinates: self.map_coordinates.or(other.coordinates),
            nside: self.map_nside.or(other.nside),
            pixel_column: self.map_pixel_column.clone().or(other.pixel_column),
            hdu: self.map_hdu.clone().or(other.hdu),
        }
    }
}

fn character(text: &str) -> Result<char, String> {
    let mut characters = text.chars();
    match (text, characters.next(), characters.next()) {
        ("tab" | "\\t", ..) => Ok('\t'),
        (_, Some(character), None) => Ok(character),
        _ => Err("expected one character, or \"tab\"".to_owned()),
    }
}
