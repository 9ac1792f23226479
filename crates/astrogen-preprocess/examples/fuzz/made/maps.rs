//! HEALPix maps, full and partial.

use astrogen_catalog::skymap::{Coordinates, Coverage, Ordering, SkyMap};

use super::fits::{gunzip, gzip};
use super::{Files, golden, written};

const NSIDE: u32 = 8;

pub(super) fn all() -> Files {
    let maps = |pixels: u64| -> Vec<(String, Vec<f32>)> {
        ["seeing", "depth"]
            .map(|name| (name.to_owned(), (0..pixels).map(|pixel| pixel as f32).collect()))
            .to_vec()
    };
    let whole = 12 * u64::from(NSIDE).pow(2);
    let pixels: Vec<u64> = (100..140).chain(700..710).collect();
    let ring = Ordering::Ring;
    let full = SkyMap::full(NSIDE, ring, Coordinates::Galactic, maps(whole))?;
    let partial = maps(pixels.len() as u64);
    let partial = SkyMap::partial(NSIDE, ring, Coordinates::Equatorial, &pixels, partial)?;
    let mut files = vec![gunzip(&golden("astrogen-catalog", "skymap_partial.fits.gz")?)?];
    for (map, coverage) in
        [(&full, Coverage::Full), (&full, Coverage::Partial), (&partial, Coverage::Partial)]
    {
        for ordering in [Ordering::Ring, Ordering::Nested] {
            files.push(written("map.fits", |path| map.write(path, ordering, coverage))?);
        }
    }
    files.push(gzip(&files[1])?);
    Ok(files)
}
