//! What the stored values of a Parquet column mean as numbers.

use parquet::basic::{ConvertedType, LogicalType, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{AsBytes, DataType};
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescriptor;

use super::file::Refusal;
use super::shape::Shape;
use crate::read::cell::Cell;
use crate::read::half::half;
use astrogen_fits::numbers::Numbers;
use astrogen_fits::table::Storage;

/// How the physical values of a column become numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Meaning {
    /// As they are.
    Plain,
    /// Whole numbers without a sign, stored as ones with.
    Unsigned,
    /// Whole numbers with this many decimal places.
    Decimal(i32),
    /// IEEE half precision.
    Half,
    /// Texts that spell numbers.
    Text,
}

impl Meaning {
    /// The meaning of a column, or why it has none as numbers.
    pub(super) fn of(column: &ColumnDescriptor) -> Result<Meaning, &'static str> {
        let logical = column.logical_type_ref();
        let decimal = matches!(logical, Some(LogicalType::Decimal { .. }))
            || column.converted_type() == ConvertedType::DECIMAL;
        let unsigned = matches!(
            column.converted_type(),
            ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64
        );
        match column.physical_type() {
            Type::INT32 | Type::INT64 | Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY
                if decimal =>
            {
                Ok(Meaning::Decimal(column.type_scale()))
            }
            Type::INT32 | Type::INT64 if unsigned => Ok(Meaning::Unsigned),
            Type::BOOLEAN | Type::INT32 | Type::INT64 | Type::FLOAT | Type::DOUBLE => {
                Ok(Meaning::Plain)
            }
            Type::BYTE_ARRAY => Ok(Meaning::Text),
            Type::FIXED_LEN_BYTE_ARRAY if matches!(logical, Some(LogicalType::Float16)) => {
                Ok(Meaning::Half)
            }
            Type::FIXED_LEN_BYTE_ARRAY => Err("holds byte arrays"),
            Type::INT96 => Err("holds 96-bit time stamps"),
        }
    }

    /// What keeps all numbers of a column that means this.
    pub(super) fn storage(self, column: &ColumnDescriptor) -> Storage {
        let places = |meaning| matches!(meaning, Meaning::Decimal(places) if places != 0);
        match (column.physical_type(), self) {
            (Type::INT32 | Type::INT64, own) if places(own) => Storage::Float64,
            (Type::INT32, Meaning::Unsigned)
                if column.converted_type() == ConvertedType::UINT_32 =>
            {
                Storage::Int64
            }
            (Type::INT64, Meaning::Unsigned) => Storage::Unsigned64,
            (Type::INT32, _) => Storage::Int32,
            (Type::INT64, _) => Storage::Int64,
            (Type::FLOAT, _) => Storage::Float32,
            // As many digits as 64 bits have always.
            (_, Meaning::Decimal(0)) if (1..=18).contains(&column.type_precision()) => {
                Storage::Int64
            }
            _ => Storage::Float64,
        }
    }

    fn push_whole(self, value: i64, unsigned: u64, out: &mut Numbers) {
        match self {
            Meaning::Unsigned => out.push_whole(unsigned.into()),
            Meaning::Decimal(places) => push_decimal(value.into(), places, out),
            _ => out.push_whole(value.into()),
        }
    }

    fn push_bytes(self, bytes: &[u8], cell: &Cell, out: &mut Numbers) -> Result<(), Refusal> {
        match (self, bytes) {
            (Meaning::Decimal(places), bytes) => {
                let whole =
                    big_endian(bytes).ok_or_else(|| refused("holds decimals beyond 128 bits"))?;
                push_decimal(whole, places, out);
            }
            (Meaning::Half, &[low, high]) => out.values.push(half(u16::from_le_bytes([low, high]))),
            (Meaning::Half, _) => return Err(refused("holds half precision of more than 2 bytes")),
            (_, text) => cell
                .append(text, out)
                .map_err(|got| refused(&format!("has no number in a row: got {got}")))?,
        }
        Ok(())
    }
}

/// Appends `count` rows of a column to `out`, NaN where they are null.
pub(super) fn append(
    reader: &mut ColumnReader,
    cell: &Cell,
    (meaning, shape): (Meaning, &Shape),
    count: usize,
    out: &mut Numbers,
) -> Result<(), Refusal> {
    use ColumnReader as R;
    let place = (shape, cell.element);
    match reader {
        R::BoolColumnReader(reader) => {
            read(reader, count, place, out, |&v, out| real(f64::from(u8::from(v)), out))
        }
        R::Int32ColumnReader(reader) => read(reader, count, place, out, |&v, out| {
            meaning.push_whole(v.into(), (v as u32).into(), out);
            Ok(())
        }),
        R::Int64ColumnReader(reader) => read(reader, count, place, out, |&v, out| {
            meaning.push_whole(v, v as u64, out);
            Ok(())
        }),
        R::FloatColumnReader(reader) => {
            read(reader, count, place, out, |&v, out| real(v.into(), out))
        }
        R::DoubleColumnReader(reader) => read(reader, count, place, out, |&v, out| real(v, out)),
        R::ByteArrayColumnReader(reader) => read(reader, count, place, out, |bytes, out| {
            meaning.push_bytes(bytes.as_bytes(), cell, out)
        }),
        R::FixedLenByteArrayColumnReader(reader) => {
            read(reader, count, place, out, |bytes, out| {
                meaning.push_bytes(bytes.as_bytes(), cell, out)
            })
        }
        R::Int96ColumnReader(_) => Err(refused("holds 96-bit time stamps")),
    }
}

fn read<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    count: usize,
    (shape, element): (&Shape, usize),
    out: &mut Numbers,
    push: impl Fn(&T::T, &mut Numbers) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let (mut levels, mut repeats, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let lists = shape.is_list.then_some(&mut repeats);
    let (rows, _, _) = reader.read_records(count, Some(&mut levels), lists, &mut values)?;
    if rows < count {
        let missing = format!("{} rows are missing", count - rows);
        return Err(ParquetError::General(missing).into());
    }
    if !shape.is_list && values.len() == count {
        return values.iter().try_for_each(|value| push(value, out));
    }
    let mut values = values.iter();
    let mut start = 0;
    while start < levels.len() {
        // A row of a list goes on while its elements repeat.
        let more = repeats.iter().skip(start + 1).take_while(|&&repeat| repeat > 0).count();
        let row = &levels[start..=start + more];
        shape.check(row)?;
        let mut chosen = None;
        for (place, &level) in row.iter().enumerate() {
            let value = if level == shape.deepest { values.next() } else { None };
            if place == element {
                chosen = value;
            }
        }
        match chosen {
            Some(value) => push(value, out)?,
            None => out.values.push(f64::NAN),
        }
        start += row.len();
    }
    Ok(())
}

fn real(value: f64, out: &mut Numbers) -> Result<(), Refusal> {
    out.values.push(value);
    Ok(())
}

fn refused(reason: &str) -> Refusal {
    Refusal::Content(reason.to_owned())
}

/// Appends a whole number divided by a power of ten, correctly rounded.
fn push_decimal(whole: i128, places: i32, out: &mut Numbers) {
    if places == 0 && whole.unsigned_abs() <= u64::MAX.into() {
        out.push_whole(whole);
    } else if whole.unsigned_abs() <= 1 << 53 && (0..=22).contains(&places) {
        // Both are exact, so that the division is all that rounds.
        out.values.push(whole as f64 / 10_f64.powi(places));
    } else {
        // Digits and an exponent always spell a number.
        let exponent = -i64::from(places);
        out.values.push(format!("{whole}e{exponent}").parse().unwrap_or(f64::NAN));
    }
}

/// A whole number with a sign, the most significant byte first; `None` beyond 128 bits.
fn big_endian(bytes: &[u8]) -> Option<i128> {
    let negative = bytes.first().is_some_and(|byte| *byte >= 0x80);
    let sign = if negative { 0xff } else { 0 };
    let (head, tail) = bytes.split_at(bytes.len().saturating_sub(16));
    let fits =
        head.iter().all(|byte| *byte == sign) && (head.is_empty() || (tail[0] >= 0x80) == negative);
    let start = if negative { -1 } else { 0 };
    fits.then(|| tail.iter().fold(start, |whole: i128, byte| whole << 8 | i128::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_whole_numbers_with_places() {
        for (bytes, whole) in [
            (&[][..], Some(0)),
            (&[0x01, 0x00], Some(256)),
            (&[0xff], Some(-1)),
            (&[0xff; 32], Some(-1)),
            (&[0x7f, 0xff, 0xff, 0xff, 0xff], Some((1 << 39) - 1)),
        ] {
            assert_eq!(big_endian(bytes), whole, "{bytes:?}");
        }
        let mut long = [0; 17];
        long[1] = 0x80;
        assert_eq!(big_endian(&long), None);

        let mut out = Numbers::default();
        push_decimal(-12_345, 2, &mut out);
        push_decimal(12_345_678_901_234_567_890, 4, &mut out);
        push_decimal(u64::MAX.into(), 0, &mut out);
        assert_eq!(out.values, [-123.45, 1.234_567_890_123_456_8e15, u64::MAX as f64]);
        assert_eq!(out.view().whole(2), Some(u64::MAX.into()));
    }
}
