//! How many elements the lists of a column have, which no schema says.

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::Result;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

use super::file::{ParquetFile, guarded};
use super::shape::Shape;

/// Rows that are looked at together, at most: what follows a row without a list may be long.
const MOST: usize = 64;

/// The length of a column's lists that follows from the numbers of values in the footer: none of
/// the lists is null. A list that is null or empty counts as one value, so that otherwise they do
/// not tell how long the others are.
pub(super) fn told(metadata: &ParquetMetaData, column: usize) -> Option<usize> {
    let groups = metadata.row_groups().iter().filter(|group| group.num_rows() > 0);
    let told = groups.map(|group| {
        let [rows, values] = counts(group, column);
        let nulls = group.column(column).statistics().and_then(|own| own.null_count_opt());
        let length = (nulls == Some(0) && values.is_multiple_of(rows)).then(|| values / rows);
        usize::try_from(length?).ok()
    });
    told.collect::<Option<Vec<usize>>>()?.into_iter().max()
}

/// The least length that the longest list of a column has, 0 without rows.
pub(super) fn least(metadata: &ParquetMetaData, column: usize) -> usize {
    let groups = metadata.row_groups().iter().map(|group| {
        let [rows, values] = counts(group, column);
        usize::try_from(values.div_ceil(rows.max(1))).unwrap_or(usize::MAX)
    });
    groups.max().unwrap_or(0)
}

/// The length of a column's lists, if there is one: that which the footer tells, or that of the
/// first list that holds something, null or not. What cannot be read is refused when it is read.
pub(super) fn length(file: &ParquetFile, column: usize) -> Option<usize> {
    let descriptor = file.metadata.file_metadata().schema_descr().columns().get(column)?;
    let present = Shape::of(descriptor, 1).ok()?.present;
    if let Some(told) = told(&file.metadata, column) {
        return Some(told);
    }
    let found: Result<Option<usize>> = guarded(|| {
        for (number, group) in file.metadata.row_groups().iter().enumerate() {
            let length = first(&mut file.column(number, column)?, group, present)?;
            if length.is_some() {
                return Ok(length);
            }
        }
        Ok(None)
    });
    found.ok()?
}

/// The rows of a group, and the values that a column has in it.
fn counts(group: &RowGroupMetaData, column: usize) -> [u64; 2] {
    [group.num_rows(), group.column(column).num_values()].map(|own| own.max(0).unsigned_abs())
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
