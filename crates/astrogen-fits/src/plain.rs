//! Pixels of an uncompressed image: big-endian numbers, one after the other.
//!
//! The value of a pixel is `BZERO + BSCALE * stored`, NaN where an integer equals `BLANK`
//! or a real is NaN (FITS standard 4.0, section 5.3).

use std::ops::Range;

use super::hdu::Hdu;
use super::header::Header;
use super::pixel::Pixel;
use super::source::Source;
use crate::FitsError;

/// Bytes converted at a time: they stay in the processor's cache.
const CHUNK: usize = 1 << 17;

/// `BZERO` of unsigned 64-bit integers, which a sum in floating point would round.
const UNSIGNED: f64 = 9_223_372_036_854_775_808.0;

/// How stored numbers become physical values.
#[derive(Debug, Clone)]
pub(super) struct StoredScale {
    scale: f64,
    zero: f64,
    blank: Option<i64>,
}

impl StoredScale {
    /// Stored numbers as they are.
    pub(super) const NONE: StoredScale = StoredScale { scale: 1.0, zero: 0.0, blank: None };

    /// The scaling of an image, or with these keywords of a table's column. Only whole
    /// numbers have a blank one: for others its card means nothing and is not looked at.
    ///
    /// # Errors
    /// `Card` for a value that is no number.
    pub(super) fn of(
        header: &Header,
        [scale, zero, blank]: [&str; 3],
        whole: bool,
    ) -> Result<StoredScale, FitsError> {
        Ok(StoredScale {
            scale: header.try_get(scale)?.unwrap_or(1.0),
            zero: header.try_get(zero)?.unwrap_or(0.0),
            blank: if whole { header.try_get(blank)? } else { None },
        })
    }

    /// The whole number that is added to stored ones, and the blank one; `None` where values
    /// are scaled otherwise.
    pub(super) fn whole(&self) -> Option<(i128, Option<i64>)> {
        let whole = self.scale == 1.0 && self.zero.fract() == 0.0 && self.zero.abs() <= UNSIGNED;
        whole.then_some((self.zero as i128, self.blank))
    }

    fn is_identity(&self) -> bool {
        self.scale == 1.0 && self.zero == 0.0
    }
}

/// Appends the pixels of a region (planes, rows, columns), all of which the file holds.
pub(super) fn read<T: Pixel>(
    hdu: &Hdu,
    source: &mut Source,
    [planes, rows, columns]: [Range<usize>; 3],
    out: &mut Vec<T>,
) -> Result<(), FitsError> {
    let scaling = StoredScale::of(&hdu.header, ["BSCALE", "BZERO", "BLANK"], hdu.bitpix > 0)
        .map_err(|error| source.damaged(format!("HDU {}: {error}", hdu.index)))?;
    let width = hdu.axes[0] as usize;
    let height = hdu.axes[1] as usize;
    let whole_rows = columns.len() == width;
    let whole_planes = whole_rows && rows.len() == height;
    // Runs of consecutive pixels, as long as the region allows.
    if whole_planes {
        return read_run(
            hdu,
            &scaling,
            source,
            planes.start * height * width,
            planes.len() * height * width,
            out,
        );
    }
    for plane in planes {
        if whole_rows {
            let first = (plane * height + rows.start) * width;
            read_run(hdu, &scaling, source, first, rows.len() * width, out)?;
            continue;
        }
        for row in rows.clone() {
            let first = (plane * height + row) * width + columns.start;
            read_run(hdu, &scaling, source, first, columns.len(), out)?;
        }
    }
    Ok(())
}

/// Appends `count` pixels from the one numbered `first` on.
fn read_run<T: Pixel>(
    hdu: &Hdu,
    scaling: &StoredScale,
    source: &mut Source,
    first: usize,
    count: usize,
    out: &mut Vec<T>,
) -> Result<(), FitsError> {
    let width = hdu.bitpix.unsigned_abs() / 8;
    let mut offset = hdu.data_start + first as u64 * width;
    let mut left = count * width as usize;
    let mut chunk = vec![0; left.min(CHUNK)];
    while left > 0 {
        let length = left.min(CHUNK);
        let bytes = &mut chunk[..length];
        if source.read_at(offset, bytes)? < length {
            return Err(source.damaged("it became shorter while it was read"));
        }
        convert(bytes, hdu.bitpix, scaling, out);
        offset += length as u64;
        left -= length;
    }
    Ok(())
}

/// Appends the values of stored numbers of `bitpix` bits.
pub(super) fn convert<T: Pixel>(
    bytes: &[u8],
    bitpix: i64,
    scaling: &StoredScale,
    out: &mut Vec<T>,
) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[allow(unsafe_code, reason = "calls code for a feature that was asked for")]
        // SAFETY: this processor has AVX2.
        unsafe {
            convert_avx2(bytes, bitpix, scaling, out);
        }
        return;
    }
    convert_any(bytes, bitpix, scaling, out);
}

/// The same code compiled for AVX2, which reverses the bytes of eight numbers at once:
/// four times as fast for 32-bit floating point.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn convert_avx2<T: Pixel>(bytes: &[u8], bitpix: i64, scaling: &StoredScale, out: &mut Vec<T>) {
    convert_any(bytes, bitpix, scaling, out);
}

#[inline(always)]
fn convert_any<T: Pixel>(bytes: &[u8], bitpix: i64, scaling: &StoredScale, out: &mut Vec<T>) {
    match bitpix {
        8 => integers(bytes, scaling, out, |[byte]| byte.into()),
        16 => integers(bytes, scaling, out, |bytes| i16::from_be_bytes(bytes).into()),
        32 => integers(bytes, scaling, out, |bytes| i32::from_be_bytes(bytes).into()),
        64 if scaling.zero == UNSIGNED && scaling.scale == 1.0 => unsigned(bytes, scaling, out),
        64 => integers(bytes, scaling, out, i64::from_be_bytes),
        -32 => reals(bytes, scaling, out, |bytes| f32::from_be_bytes(bytes).into()),
        _ => reals(bytes, scaling, out, f64::from_be_bytes),
    }
}

/// Appends integers of `N` bytes each, read by `decode`.
#[inline(always)]
fn integers<T: Pixel, const N: usize>(
    bytes: &[u8],
    scaling: &StoredScale,
    out: &mut Vec<T>,
    decode: impl Fn([u8; N]) -> i64,
) {
    let StoredScale { scale, zero, blank } = *scaling;
    let stored = bytes.as_chunks().0.iter().map(|bytes| decode(*bytes));
    // A loop each, so that the common ones do no more than they must.
    match blank {
        Some(blank) => out.extend(stored.map(|stored| {
            if stored == blank { T::BLANK } else { T::from_f64(zero + scale * stored as f64) }
        })),
        None if scaling.is_identity() => {
            out.extend(stored.map(|stored| T::from_f64(stored as f64)))
        }
        None => out.extend(stored.map(|stored| T::from_f64(zero + scale * stored as f64))),
    }
}

/// Appends unsigned 64-bit integers, stored less 2^63.
fn unsigned<T: Pixel>(bytes: &[u8], scaling: &StoredScale, out: &mut Vec<T>) {
    let stored = bytes.as_chunks().0.iter().map(|bytes| i64::from_be_bytes(*bytes));
    out.extend(stored.map(|stored| {
        if scaling.blank == Some(stored) {
            T::BLANK
        } else {
            T::from_f64((stored ^ i64::MIN) as u64 as f64)
        }
    }));
}

/// Appends reals of `N` bytes each, read by `decode`.
#[inline(always)]
fn reals<T: Pixel, const N: usize>(
    bytes: &[u8],
    scaling: &StoredScale,
    out: &mut Vec<T>,
    decode: impl Fn([u8; N]) -> f64,
) {
    let StoredScale { scale, zero, .. } = *scaling;
    let stored = bytes.as_chunks().0.iter().map(|bytes| decode(*bytes));
    if scaling.is_identity() {
        out.extend(stored.map(T::from_f64));
    } else {
        out.extend(stored.map(|stored| T::from_f64(zero + scale * stored)));
    }
}
