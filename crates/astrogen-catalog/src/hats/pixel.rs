//! A pixel of the sky that is a partition.

use std::cmp::Ordering;
use std::fmt;
use std::path::{Path, PathBuf};

use cdshealpix::nested;

use crate::CatalogError;

/// The order of the index column, `_healpix_29`.
const DEEPEST: u8 = 29;

/// Partitions of one `Dir`.
const A_DIR: u64 = 10_000;

/// A HEALPix pixel in nested order: the partition of a HATS catalogue.
///
/// Pixels are in the order in which rows go along the sky; one that holds another comes before it.
///
/// ```
/// use astrogen_catalog::hats::HatsPixel;
/// let pixel = HatsPixel::new(5, 12_004).ok_or("no such pixel")?;
/// assert_eq!(pixel.file().to_str(), Some("dataset/Norder=5/Dir=10000/Npix=12004.parquet"));
/// assert!(pixel.holds(12_004 << 48) && !pixel.holds(12_005 << 48));
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HatsPixel {
    order: u8,
    number: u64,
}

impl HatsPixel {
    /// Pixel `number` of an order, 0 to 29, `number < 12 * 4^order`.
    #[must_use]
    pub const fn new(order: u8, number: u64) -> Option<Self> {
        if order <= DEEPEST && number < 12 << (2 * order) {
            Some(Self { order, number })
        } else {
            None
        }
    }

    /// The order.
    #[must_use]
    pub const fn order(self) -> u8 {
        self.order
    }

    /// The number, in nested order.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.number
    }

    /// One number for pixels of all orders, HEALPix's NUNIQ: `4^(order + 1) + number`.
    #[must_use]
    pub const fn unique(self) -> u64 {
        (4 << (2 * self.order)) + self.number
    }

    /// Whether a value of `_healpix_29` lies in it.
    #[must_use]
    pub const fn holds(self, index: u64) -> bool {
        index >> self.depth() == self.number
    }

    /// Bits of the index below the number.
    const fn depth(self) -> u32 {
        2 * (DEEPEST - self.order) as u32
    }

    /// Its part of the sky.
    pub(super) fn area(self) -> f64 {
        1.0 / (12_u64 << (2 * self.order)) as f64
    }

    /// Its file below a catalogue's folder.
    #[must_use]
    pub fn file(self) -> PathBuf {
        self.path(super::SUFFIX)
    }

    /// The same with another ending; `/` is a folder.
    pub(super) fn path(self, suffix: &str) -> PathBuf {
        let Self { order, number } = self;
        let dir = number / A_DIR * A_DIR;
        let suffix = suffix.trim_end_matches('/');
        format!("dataset/Norder={order}/Dir={dir}/Npix={number}{suffix}").into()
    }

    /// Of the columns of `partition_info.csv`, or the names of folders.
    pub(super) fn parse(order: &str, number: &str, path: &Path) -> Result<Self, CatalogError> {
        let pixel = order.trim().parse().ok().zip(number.trim().parse().ok());
        pixel.and_then(|(order, number)| Self::new(order, number)).ok_or_else(|| {
            CatalogError::Damaged {
                path: path.to_owned(),
                reason: format!("there is no pixel {number:?} of order {order:?}"),
            }
        })
    }
}

/// The value of `_healpix_29` at a position in degrees; none where that is not on the sphere.
///
/// ```
/// use astrogen_catalog::hats::{HatsPixel, healpix_index};
/// let index = healpix_index(45.0, 0.1).ok_or("on the sphere")?;
/// assert!(HatsPixel::new(0, 4).is_some_and(|pixel| !pixel.holds(index)));
/// assert_eq!(healpix_index(0.0, 91.0), None);
/// # Ok::<(), &str>(())
/// ```
#[must_use]
pub fn healpix_index(ra: f64, dec: f64) -> Option<u64> {
    if !ra.is_finite() || !(-90.0..=90.0).contains(&dec) {
        return None;
    }
    Some(nested::hash(DEEPEST, ra.rem_euclid(360.0).to_radians(), dec.to_radians()))
}

impl Ord for HatsPixel {
    fn cmp(&self, other: &Self) -> Ordering {
        let first = |pixel: &Self| pixel.number << pixel.depth();
        (first(self), self.order).cmp(&(first(other), other.order))
    }
}

impl PartialOrd for HatsPixel {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for HatsPixel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Norder={} Npix={}", self.order, self.number)
    }
}
