//! The HDUs of a file: found by reading headers only, with every size that a header
//! claims held against the file's length before anything else happens.

use std::fmt;

use super::header::{Header, is_end};
use super::layout::{indexed, is_of_column};
use super::source::{BLOCK, Source};
use super::value::Value;
use crate::FitsError;

/// The longest header that is read, in bytes: 800,000 cards.
const LONGEST_HEADER: usize = 64 << 20;

/// What an HDU holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HduKind {
    /// An array, perhaps an empty one.
    Image,
    /// An array cut into tiles that are compressed in the rows of a binary table.
    CompressedImage,
    /// An ASCII table.
    AsciiTable,
    /// A binary table.
    BinaryTable,
    /// Anything else, such as random groups.
    Other,
}

impl fmt::Display for HduKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HduKind::Image => "image",
            HduKind::CompressedImage => "tile-compressed image",
            HduKind::AsciiTable => "ASCII table",
            HduKind::BinaryTable => "binary table",
            HduKind::Other => "unknown extension",
        })
    }
}

/// One header-and-data unit of a file.
#[derive(Debug, Clone)]
pub struct Hdu {
    /// Position in the file; the primary HDU is 0.
    pub index: usize,
    /// `EXTNAME`, if the header has one.
    pub name: Option<String>,
    /// `EXTVER`, 1 if the header has none; a version that nobody asks for if it is no number.
    pub version: i64,
    /// What the HDU holds.
    pub kind: HduKind,
    /// Bits a stored value: 8, 16, 32, 64, or -32 and -64 for floating point. For a
    /// compressed image those of the image before it was compressed.
    pub bitpix: i64,
    /// `NAXIS1`, `NAXIS2`, ...: the fastest axis first, as in the header. For a
    /// compressed image those of the image.
    pub axes: Vec<u64>,
    /// The cards; for a compressed image those of the image, not of its table.
    pub header: Header,
    /// The cards of the table that holds a compressed image.
    pub(super) table: Option<Header>,
    /// Where the data start in the file.
    pub(super) data_start: u64,
    /// How many bytes the header claims for them.
    pub(super) data_bytes: u128,
}

impl Hdu {
    /// The image's shape as `[planes, height, width]`: axes of length 1 behind the first
    /// two do not count. `None` if there is no image, or not one of planes.
    pub fn image_shape(&self) -> Option<[usize; 3]> {
        self.shape().ok()
    }

    /// The shape of the image, or the reason why there is none.
    pub(super) fn shape(&self) -> Result<[usize; 3], String> {
        let this = format!("HDU {}", self.index);
        if !matches!(self.kind, HduKind::Image | HduKind::CompressedImage) {
            return Err(format!("{this} holds no image but a{} {}", vowel(self.kind), self.kind));
        }
        let size = size_in_words(&self.axes);
        let (plane, rest) = match self.axes.as_slice() {
            [] => {
                return Err(format!(
                    "{this} is empty (NAXIS = 0), expected an image of 2 axes or more"
                ));
            }
            [_] => {
                return Err(format!("{this} is 1-D ({size}), expected an image of 2 axes or more"));
            }
            axes => axes.split_at(2),
        };
        if self.axes.contains(&0) {
            return Err(format!("{this} is empty ({size}), expected no axis of length 0"));
        }
        let deep: Vec<u64> = rest.iter().copied().filter(|&length| length != 1).collect();
        if deep.len() > 1 || self.axes.len() > 9 {
            return Err(format!(
                "{this} is a {}-D array ({size}), expected one axis of planes beside width and height",
                self.axes.len()
            ));
        }
        let length = |length: u64| {
            usize::try_from(length)
                .map_err(|_| format!("{this} ({size}) is too large for this machine"))
        };
        Ok([length(deep.first().copied().unwrap_or(1))?, length(plane[1])?, length(plane[0])?])
    }

    /// `1 SCI: image of 512 x 512`, for messages that list what a file has.
    pub(super) fn summary(&self) -> String {
        let name = self.name.as_ref().map_or(String::new(), |name| format!(" {name}"));
        match self.kind {
            HduKind::Image if self.axes.is_empty() => format!("{}{name}: empty", self.index),
            HduKind::Image | HduKind::CompressedImage => {
                format!("{}{name}: {} of {}", self.index, self.kind, size_in_words(&self.axes))
            }
            _ => format!("{}{name}: {}", self.index, self.kind),
        }
    }

    /// Fails where the file ends before the data that the header claims.
    pub(super) fn check_extent(&self, source: &Source) -> Result<(), FitsError> {
        let expected = u128::from(self.data_start) + self.data_bytes;
        if expected <= u128::from(source.len) {
            return Ok(());
        }
        Err(FitsError::Truncated {
            path: source.path.clone(),
            what: format!(
                "the data of HDU {} ({} of {} at BITPIX {})",
                self.index,
                self.kind,
                size_in_words(&self.axes),
                self.bitpix
            ),
            expected,
            got: source.len,
        })
    }

    fn read(source: &mut Source, index: usize, start: u64) -> Result<Hdu, FitsError> {
        let bytes = read_header(source, index, start)?;
        let data_start = start + bytes.len() as u64;
        let header = Header::parse(&bytes);
        let fail = |reason: String| source.damaged(format!("HDU {index}: {reason}"));

        let (bitpix, axes) = array(&header, "").map_err(fail)?;
        let card = |error: FitsError| fail(error.to_string());
        let says = |keyword: &str| header.try_get(keyword).map_err(card).map(|is| is == Some(true));
        let extension = header.try_get::<&str>("XTENSION").map_err(card)?;
        let groups = axes.first() == Some(&0) && says("GROUPS")?;
        let (mut kind, counted) = match extension {
            None if groups => (HduKind::Other, &axes[1..]),
            None | Some("IMAGE" | "IUEIMAGE") => (HduKind::Image, &axes[..]),
            Some("TABLE") => (HduKind::AsciiTable, &axes[..]),
            Some("BINTABLE" | "A3DTABLE") => (HduKind::BinaryTable, &axes[..]),
            Some(_) => (HduKind::Other, &axes[..]),
        };
        let count = |keyword: &str, default: u64| {
            if extension.is_none() && !groups {
                return Ok(default);
            }
            let count = header.try_get::<i64>(keyword).map_err(card)?;
            count.map_or(Ok(default), |count| {
                u64::try_from(count).map_err(|_| {
                    fail(format!("{keyword}: expected a whole number from 0, got {count}"))
                })
            })
        };
        let (pcount, gcount) = (count("PCOUNT", 0)?, count("GCOUNT", 1)?);
        let data_bytes = product(counted)
            .and_then(
                |array| {
                    if axes.is_empty() { Some(0) } else { array.checked_add(pcount.into()) }
                },
            )
            .and_then(|group| group.checked_mul(gcount.into()))
            .and_then(|values| values.checked_mul(u128::from(bitpix.unsigned_abs() / 8)))
            .ok_or_else(|| {
                fail(format!(
                    "its axes ({}) claim more data than any file can hold",
                    size_in_words(&axes)
                ))
            })?;

        let compressed = kind == HduKind::BinaryTable && says("ZIMAGE")?;
        let (bitpix, axes, header, table) = if compressed {
            kind = HduKind::CompressedImage;
            let (bitpix, axes) = array(&header, "Z").map_err(fail)?;
            (bitpix, axes, image_header(&header), Some(header))
        } else {
            (bitpix, axes, header, None)
        };
        let cards = table.as_ref().unwrap_or(&header);
        let name = cards.get("EXTNAME").filter(|name: &String| !name.is_empty());
        let version = version(cards);
        Ok(Hdu { index, name, version, kind, bitpix, axes, header, table, data_start, data_bytes })
    }
}

/// `EXTVER`, also as a text; what is no number at all is the version of nothing.
fn version(header: &Header) -> i64 {
    match header.value("EXTVER") {
        None | Some(Value::Undefined) => 1,
        Some(Value::Text(text)) => text.trim().parse().unwrap_or(i64::MIN),
        Some(value) => value.try_into().unwrap_or(i64::MIN),
    }
}

/// Finds all HDUs. The second result says why the walk stopped early, if it did: a file
/// with a sound first HDU is usable even where a later one is damaged.
pub(super) fn walk(source: &mut Source) -> Result<(Vec<Hdu>, Option<String>), FitsError> {
    let mut hdus = Vec::new();
    let mut start = 0;
    loop {
        let hdu = match Hdu::read(source, hdus.len(), start) {
            Ok(hdu) => hdu,
            Err(error) if hdus.is_empty() => return Err(error),
            Err(FitsError::Damaged { reason, .. }) => return Ok((hdus, Some(reason))),
            Err(FitsError::Truncated { what, .. }) => {
                return Ok((hdus, Some(format!("{what} is cut off"))));
            }
            Err(error) => return Err(error),
        };
        let end = u128::from(hdu.data_start) + hdu.data_bytes;
        hdus.push(hdu);
        match u64::try_from(end.next_multiple_of(BLOCK as u128)) {
            Ok(next) if next < source.len => start = next,
            _ => return Ok((hdus, None)),
        }
        // Anything but an extension here is padding or "special records": the end.
        let mut keyword = [0; 8];
        if source.read_at(start, &mut keyword)? < keyword.len() || &keyword != b"XTENSION" {
            return Ok((hdus, None));
        }
    }
}

/// The blocks of a header, up to and with the one that holds its `END`.
fn read_header(source: &mut Source, index: usize, start: u64) -> Result<Vec<u8>, FitsError> {
    let mut bytes = Vec::new();
    loop {
        let block_start = bytes.len();
        let offset = start + block_start as u64;
        bytes.resize(block_start + BLOCK, 0);
        let count = source.read_at(offset, &mut bytes[block_start..])?;
        if count < BLOCK {
            return Err(FitsError::Truncated {
                path: source.path.clone(),
                what: format!("the header of HDU {index} (no END card so far)"),
                expected: u128::from(offset) + BLOCK as u128,
                got: source.len,
            });
        }
        let block = &bytes[block_start..];
        if block.chunks(80).any(is_end) {
            return Ok(bytes);
        }
        if block.contains(&0) || bytes.len() >= LONGEST_HEADER {
            return Err(source.damaged(format!(
                "HDU {index}: expected header cards up to END, got other data after {} cards",
                block_start / 80
            )));
        }
    }
}

/// `BITPIX` and the axes, their keywords starting with `prefix`.
fn array(header: &Header, prefix: &str) -> Result<(i64, Vec<u64>), String> {
    let integer = |keyword: &str, rule: &str, valid: &dyn Fn(i64) -> bool| {
        let keyword = format!("{prefix}{keyword}");
        match header.get::<i64>(&keyword) {
            Some(value) if valid(value) => Ok(value),
            _ => {
                let got = header.value(&keyword).map(Value::to_string);
                let got = got.unwrap_or_else(|| "no such card".to_owned());
                Err(format!("{keyword}: expected {rule}, got {got}"))
            }
        }
    };
    let bitpix = integer("BITPIX", "8, 16, 32, 64, -32 or -64", &|value| {
        matches!(value, 8 | 16 | 32 | 64 | -32 | -64)
    })?;
    let naxis = integer("NAXIS", "a number from 0 to 999", &|value| (0..=999).contains(&value))?;
    let axis = |number| {
        integer(&format!("NAXIS{number}"), "a whole number from 0", &|value| value >= 0)
            .map(i64::unsigned_abs)
    };
    let axes = (1..=naxis).map(axis).collect::<Result<_, _>>()?;
    Ok((bitpix, axes))
}

/// The header that a compressed image had before it was compressed.
fn image_header(table: &Header) -> Header {
    table.renamed(|card| {
        let keyword = card.keyword.as_str();
        let of_tiles = ["NAXIS", "ZTILE", "ZNAME", "ZVAL"];
        match keyword {
            "XTENSION" | "BITPIX" | "NAXIS" | "PCOUNT" | "GCOUNT" | "TFIELDS" | "THEAP"
            | "ZIMAGE" | "ZCMPTYPE" | "ZMASKCMP" | "ZQUANTIZ" | "ZDITHER0" | "ZBLANK"
            | "ZSCALE" | "ZZERO" | "CHECKSUM" | "DATASUM" => None,
            "ZSIMPLE" => Some("SIMPLE".to_owned()),
            "ZTENSION" => Some("XTENSION".to_owned()),
            "ZBITPIX" | "ZNAXIS" | "ZEXTEND" | "ZPCOUNT" | "ZGCOUNT" | "ZDATASUM" | "ZBLOCKED" => {
                Some(keyword[1..].to_owned())
            }
            "ZHECKSUM" => Some("CHECKSUM".to_owned()),
            _ if indexed(keyword, "ZNAXIS") => Some(keyword[1..].to_owned()),
            _ if of_tiles.iter().any(|stem| indexed(keyword, stem)) || is_of_column(keyword) => {
                None
            }
            _ => Some(keyword.to_owned()),
        }
    })
}

fn product(axes: &[u64]) -> Option<u128> {
    axes.iter().try_fold(1_u128, |product, &length| product.checked_mul(length.into()))
}

/// `300 x 200`
pub(super) fn size_in_words(axes: &[u64]) -> String {
    let lengths: Vec<String> = axes.iter().map(u64::to_string).collect();
    lengths.join(" x ")
}

fn vowel(kind: HduKind) -> &'static str {
    if matches!(kind, HduKind::AsciiTable | HduKind::Image | HduKind::Other) { "n" } else { "" }
}
