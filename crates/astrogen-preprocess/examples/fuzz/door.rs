//! The three doors, used as a user does: open, list, read everything.

use std::error::Error;
use std::path::Path;

use astrogen_catalog::skymap::SkyMapOptions;
use astrogen_catalog::{Catalog, CatalogError, CatalogOptions, SkyMap};
use astrogen_fits::{FitsFile, Planes};
use astrogen_preprocess::{Frame, FrameOptions, Pipeline, PipelineConfig, PreprocessError};
use clap::ValueEnum;

/// Rows of a catalogue read at a time.
const ROWS: usize = 1024;

/// How files are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Door {
    /// As frames, then brought to model range.
    Image,
    /// As catalogues, read in chunks.
    Catalogue,
    /// As sky maps, looked up at a few positions.
    Map,
}

impl Door {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Door::Image => "image",
            Door::Catalogue => "catalogue",
            Door::Map => "map",
        }
    }

    /// Opens a file and reads all of it, with the options' defaults.
    pub(crate) fn open(self, path: &Path) -> Result<(), Box<dyn Error>> {
        match self {
            Door::Image => Ok(image(path)?),
            Door::Catalogue => Ok(catalogue(path)?),
            Door::Map => Ok(map(path)?),
        }
    }
}

fn image(path: &Path) -> Result<(), PreprocessError> {
    if let Ok(mut file) = FitsFile::open(path) {
        let images = file.hdus().iter().filter(|hdu| hdu.image_shape().is_some());
        let images: Vec<usize> = images.map(|hdu| hdu.index).collect();
        for hdu in images {
            let _ = file.read::<f32>(hdu, &Planes::Bands);
        }
    }
    let options = FrameOptions::default();
    let info = Frame::info(path, &options);
    let frame = Frame::open(path, &options)?;
    let info = info?;
    assert_eq!(frame.pixels.dim(), (info.channels, info.height, info.width), "the shape foretold");
    let (height, width) = (info.height.div_ceil(2), info.width.div_ceil(2));
    Frame::open_region(path, &options, info.height - height, info.width - width, height, width)?;
    Pipeline::new(PipelineConfig::default())?.apply(&frame.pixels)?;
    Ok(())
}

fn catalogue(path: &Path) -> Result<(), CatalogError> {
    let catalog = Catalog::open(path, &CatalogOptions::default())?;
    let elements = catalog.columns().iter().flat_map(|column| match column.length {
        1 => vec![column.name.clone()],
        length => [0, length.saturating_sub(1)]
            .map(|element| format!("{}[{element}]", column.name))
            .to_vec(),
    });
    let mut names: Vec<String> = elements.collect();
    names.sort_unstable();
    names.dedup();
    let read =
        |names: &[String]| catalog.chunks(names, ROWS)?.try_for_each(|chunk| chunk.map(drop));
    let all = read(&names);
    if all.is_err() {
        // One column that is no number, or is damaged, does not spare the others.
        for name in names {
            let _ = read(&[name]);
        }
    }
    all
}

fn map(path: &Path) -> Result<(), CatalogError> {
    let map = SkyMap::open(path, &SkyMapOptions::default())?;
    for name in map.names() {
        map.lookup(name, &[0.0, 45.0, 180.0, 359.9, -180.0], &[0.0, 41.8, -90.0, 90.0, -5.0])?;
    }
    map.occupied().count();
    Ok(())
}
