//! What the stored bytes of an HDF5 element mean as a number.

use hdf5_pure::{Datatype, DatatypeByteOrder, FixedPointLayout, FloatingPointLayout};

use crate::read::cell::Cell;
use crate::read::half::half;
use astrogen_fits::numbers::Numbers;

/// How deep types may nest.
const DEEPEST: usize = 32;

/// IEEE 754 binary16.
const BINARY16: FloatingPointLayout = FloatingPointLayout {
    bit_offset: 0,
    bit_precision: 16,
    exponent_location: 10,
    exponent_size: 5,
    mantissa_location: 0,
    mantissa_size: 10,
    exponent_bias: 15,
};

/// How an element is stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stored {
    pub(super) meaning: Meaning,
    /// Bytes of an element.
    pub(super) size: usize,
    /// Whether the most significant byte is first.
    is_big: bool,
    /// What stands for no value.
    pub(super) missing: Vec<Missing>,
    /// What others are multiplied by and what is added then, if they were packed.
    pub(super) packing: Option<[f64; 2]>,
}

/// How the bytes of an element become a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// IEEE floating point of its size.
    Real,
    /// A whole number of some of the bits.
    Whole { shift: u32, bits: u32, signed: bool },
    /// A text of a fixed length that spells a number.
    Text,
    /// A text that is stored elsewhere.
    LongText,
}

/// A value that stands for none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Missing {
    Real(f64),
    Whole(i128),
}

impl Stored {
    /// How a type is stored, and how many elements it has; or why it holds no numbers.
    pub(super) fn of(datatype: &Datatype) -> Result<(Stored, usize), String> {
        let stored = |meaning, size: u32, order: &DatatypeByteOrder| {
            let is_big = match order {
                DatatypeByteOrder::LittleEndian => false,
                DatatypeByteOrder::BigEndian => true,
                DatatypeByteOrder::Vax => return Err("holds numbers in VAX order".to_owned()),
            };
            let (size, missing) = (size as usize, Vec::new());
            Ok((Stored { meaning, size, is_big, missing, packing: None }, 1))
        };
        let whole = |signed, size: u32, order, (shift, bits): (u16, u16)| {
            if size > 8 || bits == 0 || u32::from(shift) + u32::from(bits) > 8 * size {
                return Err(format!("holds whole numbers of {bits} bits in {size} bytes"));
            }
            let (shift, bits) = (shift.into(), bits.into());
            stored(Meaning::Whole { shift, bits, signed }, size, order)
        };
        let little = &DatatypeByteOrder::LittleEndian;
        match datatype {
            Datatype::FixedPoint { size, byte_order, layout } => {
                let FixedPointLayout { signed, bit_offset, bit_precision } = *layout;
                whole(signed, *size, byte_order, (bit_offset, bit_precision))
            }
            Datatype::BitField { size, byte_order, bit_offset, bit_precision } => {
                whole(false, *size, byte_order, (*bit_offset, *bit_precision))
            }
            Datatype::FloatingPoint { size, byte_order, layout } => match (*size, *layout) {
                (2, BINARY16)
                | (4, FloatingPointLayout::IEEE754_BINARY32)
                | (8, FloatingPointLayout::IEEE754_BINARY64) => {
                    stored(Meaning::Real, *size, byte_order)
                }
                _ => Err(format!("holds floating point numbers of an unusual kind ({datatype})")),
            },
            Datatype::Enumeration { size, base_type, .. } => match base_type.as_ref() {
                base @ Datatype::FixedPoint { size: own, .. } if own == size => Stored::of(base),
                _ => Err("holds names of an unusual kind".to_owned()),
            },
            Datatype::String { size, .. } => stored(Meaning::Text, *size, little),
            Datatype::VariableLength { is_string: true, .. } => {
                stored(Meaning::LongText, datatype.type_size(), little)
            }
            Datatype::Array { base_type, dimensions } => {
                let (stored, length) = Stored::of(base_type)?;
                let length = dimensions
                    .iter()
                    .try_fold(length, |length, &size| length.checked_mul(size as usize));
                match length {
                    Some(_) if stored.meaning == Meaning::LongText => {
                        Err("holds texts of variable length in arrays".to_owned())
                    }
                    Some(length) => Ok((stored, length)),
                    None => Err("holds arrays beyond all memory".to_owned()),
                }
            }
            Datatype::VariableLength { .. } => Err("holds arrays of variable length".to_owned()),
            Datatype::Compound { .. } => Err("holds records in arrays".to_owned()),
            Datatype::Reference { .. } => Err("holds references".to_owned()),
            Datatype::Opaque { .. } => Err("holds bytes without a meaning".to_owned()),
            Datatype::Time { .. } => Err("holds times".to_owned()),
            _ => Err(format!("holds what is not read here ({datatype})")),
        }
    }

    /// Appends the number that bytes mean, or says what the text is.
    pub(super) fn append(
        &self,
        bytes: &[u8],
        cell: &Cell,
        out: &mut Numbers,
    ) -> Result<(), String> {
        let is_missing = |own: Missing| self.missing.contains(&own);
        let value = match self.meaning {
            Meaning::Text | Meaning::LongText => {
                let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
                return cell.append(&bytes[..end], out);
            }
            Meaning::Real => {
                let bits = self.bits(bytes);
                let value = match self.size {
                    2 => half(bits as u16),
                    4 => f32::from_bits(bits as u32).into(),
                    _ => f64::from_bits(bits),
                };
                if is_missing(Missing::Real(value)) { f64::NAN } else { value }
            }
            Meaning::Whole { shift, bits, signed } => {
                let own = self.bits(bytes) >> shift << (64 - bits);
                let whole = match signed {
                    true => i128::from(own as i64 >> (64 - bits)),
                    false => i128::from(own >> (64 - bits)),
                };
                match self.packing {
                    _ if is_missing(Missing::Whole(whole)) => f64::NAN,
                    Some(_) => whole as f64,
                    None => {
                        out.push_whole(whole);
                        return Ok(());
                    }
                }
            }
        };
        out.values.push(match self.packing {
            Some([scale, offset]) => offset + scale * value,
            None => value,
        });
        Ok(())
    }

    /// The bytes of a number of up to eight.
    fn bits(&self, bytes: &[u8]) -> u64 {
        let next = |bits: u64, &byte: &u8| bits << 8 | u64::from(byte);
        match self.is_big {
            true => bytes.iter().fold(0, next),
            false => bytes.iter().rev().fold(0, next),
        }
    }
}

/// Whether types nest no deeper than files of numbers do.
pub(super) fn is_shallow(datatype: &Datatype) -> bool {
    fn fits(datatype: &Datatype, left: usize) -> bool {
        let within = |datatype: &Datatype| left > 0 && fits(datatype, left - 1);
        match datatype {
            Datatype::Compound { members, .. } => {
                members.iter().all(|member| within(&member.datatype))
            }
            Datatype::Enumeration { base_type, .. }
            | Datatype::VariableLength { base_type, .. }
            | Datatype::Array { base_type, .. } => within(base_type),
            _ => true,
        }
    }
    fits(datatype, DEEPEST)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn numbers(datatype: &Datatype, bytes: &[u8]) -> Numbers {
        let (stored, _) = Stored::of(datatype).unwrap();
        let cell = Cell { column: 0, element: 0, length: 1, angle: None };
        let mut out = Numbers::default();
        for bytes in bytes.chunks(stored.size) {
            stored.append(bytes, &cell, &mut out).unwrap();
        }
        out
    }

    fn whole(size: u32, signed: bool, bits: (u16, u16), byte_order: DatatypeByteOrder) -> Datatype {
        let layout = FixedPointLayout { signed, bit_offset: bits.0, bit_precision: bits.1 };
        Datatype::FixedPoint { size, byte_order, layout }
    }

    #[test]
    fn whole_numbers_have_some_of_the_bits() {
        use DatatypeByteOrder::{BigEndian, LittleEndian};
        for (datatype, bytes, want) in [
            (whole(2, true, (0, 16), LittleEndian), &[0xfe, 0xff][..], -2),
            (whole(2, true, (0, 16), BigEndian), &[0xff, 0xfe], -2),
            (whole(2, false, (0, 16), BigEndian), &[0xff, 0xfe], 0xfffe),
            (whole(3, true, (0, 24), LittleEndian), &[0, 0, 0x80], -(1 << 23)),
            (whole(4, true, (4, 12), LittleEndian), &[0xf0, 0xff, 0xff, 0xff], -1),
            (whole(4, false, (4, 12), LittleEndian), &[0xf0, 0xff, 0xff, 0xff], 0xfff),
            (whole(8, false, (0, 64), LittleEndian), &[0xff; 8], u64::MAX.into()),
            (whole(8, true, (0, 64), BigEndian), &[0x80, 0, 0, 0, 0, 0, 0, 1], -(1 << 63) + 1),
        ] {
            assert_eq!(numbers(&datatype, bytes).view().whole(0), Some(want), "{datatype}");
        }
        for odd in [(0, 0), (0, 17), (9, 8)] {
            assert!(Stored::of(&whole(2, true, odd, LittleEndian)).is_err());
        }
        assert!(Stored::of(&whole(16, true, (0, 128), LittleEndian)).is_err());
    }

    #[test]
    fn arrays_have_a_length() {
        let base_type = Box::new(whole(2, true, (0, 16), DatatypeByteOrder::LittleEndian));
        let array = Datatype::Array { base_type, dimensions: vec![2, 3] };
        assert_eq!(Stored::of(&array).unwrap().1, 6);
        let mut deep = array;
        for _ in 0..40 {
            assert!(Stored::of(&deep).is_ok());
            deep = Datatype::Array { base_type: Box::new(deep), dimensions: vec![1] };
        }
        assert!(!is_shallow(&deep));
    }
}
