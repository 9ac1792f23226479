//! How many elements the lists of a column have, which no schema says.

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::Result;
use parquet::file::metadata::RowGroupMetaData;

use super::file::{ParquetFile, guarded};

/// Rows that are looked at together, at most: what follows a row without a list may be long.
const MOST: usize = 64;

/// The length of a column's lists, 0 where none is there. Of row groups without a null it follows
/// from their numbers of values. Otherwise it is that of the first list that holds something, the
/// elements of which have a definition level of `present` or more: a list that is null or empty
/// counts as one value, so that the number of values does not tell how long the others are.
pub(super) fn length(file: &ParquetFile, column: usize, present: i16) -> usize {
    let groups = file.metadata.row_groups();
    let told: Option<Vec<usize>> = groups.iter().map(|group| told(group, column)).collect();
    if let Some(told) = told {
        return told.into_iter().max().unwrap_or(0);
    }
    let found: Result<Option<usize>> = guarded(|| {
        for (number, group) in groups.iter().enumerate() {
            let length = first(&mut file.column(number, column)?, group, present)?;
            if length.is_some() {
                return Ok(length);
            }
        }
        Ok(None)
    });
    // What cannot be read is refused when it is read.
    found.unwrap_or_else(|_| groups.iter().map(|group| most(group, column)).max()).unwrap_or(0)
}

/// The rows of a group, and the values that a column has in it.
fn counts(group: &RowGroupMetaData, column: usize) -> [u64; 2] {
    [group.num_rows(), group.column(column).num_values()].map(|own| own.max(0).unsigned_abs())
}

/// The length of lists that a footer tells: none of them is null.
fn told(group: &RowGroupMetaData, column: usize) -> Option<usize> {
    let [rows, values] = counts(group, column);
    let nulls = group.column(column).statistics().and_then(|own| own.null_count_opt());
    match nulls {
        _ if rows == 0 => Some(0),
        Some(nulls) if nulls >= values && values == rows => Some(0),
        Some(0) if values.is_multiple_of(rows) => usize::try_from(values / rows).ok(),
        _ => None,
    }
}

/// The least length that the longest list of a group has.
fn most(group: &RowGroupMetaData, column: usize) -> usize {
    let [rows, values] = counts(group, column);
    usize::try_from(values.div_ceil(rows.max(1))).unwrap_or(usize::MAX)
}

/// The length of the first list of a group that holds something.
fn first(
    reader: &mut ColumnReader,
    group: &RowGroupMetaData,
    present: i16,
) -> Result<Option<usize>> {
    use ColumnReader as R;
    let rows = usize::try_from(group.num_rows()).unwrap_or(0);
    match reader {
        R::BoolColumnReader(reader) => first_of(reader, rows, present),
        R::Int32ColumnReader(reader) => first_of(reader, rows, present),
        R::Int64ColumnReader(reader) => first_of(reader, rows, present),
        R::Int96ColumnReader(reader) => first_of(reader, rows, present),
        R::FloatColumnReader(reader) => first_of(reader, rows, present),
        R::DoubleColumnReader(reader) => first_of(reader, rows, present),
        R::ByteArrayColumnReader(reader) => first_of(reader, rows, present),
        R::FixedLenByteArrayColumnReader(reader) => first_of(reader, rows, present),
    }
}

fn first_of<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    present: i16,
) -> Result<Option<usize>> {
    let (mut left, mut step) = (rows, 1);
    while left > 0 {
        let (mut levels, mut repeats, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let (read, ..) = reader.read_records(
            step.min(left),
            Some(&mut levels),
            Some(&mut repeats),
            &mut values,
        )?;
        if let Some(start) = levels.iter().position(|&level| level >= present) {
            let more = repeats.iter().skip(start + 1).take_while(|&&repeat| repeat > 0);
            return Ok(Some(1 + more.count()));
        }
        if read == 0 {
            break;
        }
        left = left.saturating_sub(read);
        step = (2 * step).min(MOST);
    }
    Ok(None)
}
