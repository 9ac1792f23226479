//! What the stored values of a Parquet column mean as numbers.

use parquet::basic::{ConvertedType, LogicalType, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{AsBytes, DataType};
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescriptor;

use crate::catalog::read::cell::number;

/// How the physical values of a column become numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Meaning {
    /// As they are.
    Plain,
    /// Whole numbers without a sign, stored as ones with.
    Unsigned,
    /// Whole numbers divided by this power of ten.
    Decimal(f64),
    /// IEEE half precision.
    Half,
    /// Texts that spell numbers.
    Text,
}

impl Meaning {
    /// The meaning of a column, or why it has none as numbers.
    pub(super) fn of(column: &ColumnDescriptor) -> Result<Meaning, &'static str> {
        if column.max_rep_level() > 0 {
            return Err("holds lists");
        }
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
            Type::INT32 | Type::INT64 if decimal => {
                Ok(Meaning::Decimal(10_f64.powi(column.type_scale())))
            }
            Type::INT32 | Type::INT64 if unsigned => Ok(Meaning::Unsigned),
            Type::BOOLEAN | Type::INT32 | Type::INT64 | Type::FLOAT | Type::DOUBLE => {
                Ok(Meaning::Plain)
            }
            Type::BYTE_ARRAY if decimal => Err("holds decimals of any length"),
            Type::BYTE_ARRAY => Ok(Meaning::Text),
            Type::FIXED_LEN_BYTE_ARRAY if matches!(logical, Some(LogicalType::Float16)) => {
                Ok(Meaning::Half)
            }
            Type::FIXED_LEN_BYTE_ARRAY => Err("holds byte arrays"),
            Type::INT96 => Err("holds 96-bit time stamps"),
        }
    }

    fn whole(self, value: i64, unsigned: u64) -> f64 {
        match self {
            Meaning::Unsigned => unsigned as f64,
            Meaning::Decimal(power) => value as f64 / power,
            _ => value as f64,
        }
    }
}

/// Appends `count` rows of a column to `out`, NaN where they are null: where their
/// definition level is not the `deepest`.
pub(super) fn append(
    reader: &mut ColumnReader,
    meaning: Meaning,
    deepest: i16,
    count: usize,
    out: &mut Vec<f64>,
) -> Result<(), ParquetError> {
    use ColumnReader as R;
    match reader {
        R::BoolColumnReader(reader) => {
            read(reader, count, deepest, out, |&v| Ok(f64::from(u8::from(v))))
        }
        R::Int32ColumnReader(reader) => {
            read(reader, count, deepest, out, |&v| Ok(meaning.whole(v.into(), (v as u32).into())))
        }
        R::Int64ColumnReader(reader) => {
            read(reader, count, deepest, out, |&v| Ok(meaning.whole(v, v as u64)))
        }
        R::FloatColumnReader(reader) => read(reader, count, deepest, out, |&v| Ok(v.into())),
        R::DoubleColumnReader(reader) => read(reader, count, deepest, out, |&v| Ok(v)),
        R::ByteArrayColumnReader(reader) => read(reader, count, deepest, out, |text| {
            number(text.as_bytes()).map_err(|got| refused(&format!("expected a number, got {got}")))
        }),
        R::FixedLenByteArrayColumnReader(reader) => {
            read(reader, count, deepest, out, |bytes| match *bytes.as_bytes() {
                [low, high] => Ok(half(u16::from_le_bytes([low, high]))),
                _ => Err(refused("expected 2 bytes of a half-precision number")),
            })
        }
        R::Int96ColumnReader(_) => Err(refused("holds 96-bit time stamps")),
    }
}

fn read<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    count: usize,
    deepest: i16,
    out: &mut Vec<f64>,
    number: impl Fn(&T::T) -> Result<f64, ParquetError>,
) -> Result<(), ParquetError> {
    let mut levels = Vec::new();
    let mut values = Vec::new();
    let (rows, _, _) = reader.read_records(count, Some(&mut levels), None, &mut values)?;
    if rows < count {
        let missing = count - rows;
        return Err(refused(&format!("{missing} rows are missing; fetch or copy the file again")));
    }
    if values.len() == count {
        for value in &values {
            out.push(number(value)?);
        }
        return Ok(());
    }
    let mut values = values.iter();
    for &level in &levels {
        match if level == deepest { values.next() } else { None } {
            Some(value) => out.push(number(value)?),
            None => out.push(f64::NAN),
        }
    }
    Ok(())
}

fn refused(reason: &str) -> ParquetError {
    ParquetError::General(reason.to_owned())
}

/// IEEE 754 binary16 as a double.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f64::from(bits & 0x3ff) / 1024.0;
    sign * match exponent {
        0 => fraction * 2_f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction) * 2_f64.powi(exponent - 15),
    }
}
