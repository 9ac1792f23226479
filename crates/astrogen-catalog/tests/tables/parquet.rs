//! Parquet as other writers leave it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use astrogen_catalog::{CatalogWriter, NewColumn, Storage};
use astrogen_fits::Header;
use parquet::basic::Compression;
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
    Int64Type,
};
use parquet::file::metadata::{
    ColumnChunkMetaDataBuilder, ParquetMetaDataReader, ParquetMetaDataWriter,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use tempfile::TempDir;

use crate::{open, same};

/// Values, with their definition and repetition levels.
pub(crate) type Levels<'a, T> = (&'a [T], Option<&'a [i16]>, Option<&'a [i16]>);

/// A file of one column.
pub(crate) fn column<T: DataType>(
    schema: &str,
    (values, def, rep): Levels<T::T>,
    codec: Compression,
) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let schema = parse_message_type(&format!("message t {{ {schema} }}")).unwrap();
    let properties = WriterProperties::builder().set_compression(codec).build();
    let file = std::fs::File::create(&path).unwrap();
    let mut writer =
        SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<T>().write_batch(values, def, rep).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    (folder, path)
}

pub(crate) fn read(path: &Path, name: &str) -> Result<Vec<f64>, String> {
    let (columns, _) = open(path).read(&[name]).map_err(|error| error.to_string())?;
    Ok(columns.values()[0].clone())
}

#[test]
fn decimals_of_any_physical_type_are_numbers() {
    let bytes = |whole: i128, count: usize| whole.to_be_bytes()[16 - count..].to_vec();
    let wholes = [225_164, -7, 9_999_999_999];
    let want = [22.5164, -0.0007, 999_999.999_9];
    let fixed: Vec<FixedLenByteArray> =
        wholes.iter().map(|&whole| ByteArray::from(bytes(whole, 5)).into()).collect();
    let schema = "OPTIONAL FIXED_LEN_BYTE_ARRAY (5) m (DECIMAL(10,4));";
    let levels = (&fixed[..], Some(&[1, 1, 0, 1][..]), None);
    let (_folder, path) = column::<FixedLenByteArrayType>(schema, levels, Compression::SNAPPY);
    assert!(same(&read(&path, "m").unwrap(), &[want[0], want[1], f64::NAN, want[2]]));

    let free: Vec<ByteArray> = [bytes(wholes[0], 3), bytes(wholes[1], 1), bytes(wholes[2], 16)]
        .map(ByteArray::from)
        .into();
    let schema = "REQUIRED BYTE_ARRAY m (DECIMAL(10,4));";
    let (_folder, path) = column::<ByteArrayType>(schema, (&free, None, None), Compression::SNAPPY);
    assert_eq!(read(&path, "m").unwrap(), want);

    // Without places they are integers.
    let ids = [(1_i128 << 63) + 1, -3].map(|whole| ByteArray::from(bytes(whole, 16)).into());
    let schema = "REQUIRED FIXED_LEN_BYTE_ARRAY (16) id (DECIMAL(38,0));";
    let (_folder, path) =
        column::<FixedLenByteArrayType>(schema, (&ids, None, None), Compression::SNAPPY);
    let (columns, _) = open(&path).read(&["id"]).unwrap();
    assert_eq!(columns.integers("id").unwrap(), [Some((1 << 63) + 1), Some(-3)]);
}

#[test]
fn a_column_says_what_keeps_its_numbers() {
    let storage = |schema: &str, values: &[i64]| {
        let (_folder, path) =
            column::<Int64Type>(schema, (values, None, None), Compression::SNAPPY);
        open(&path).columns()[0].storage
    };
    assert_eq!(storage("REQUIRED INT64 n;", &[1]), Storage::Int64);
    assert_eq!(storage("REQUIRED INT64 n (INTEGER(64,false));", &[-1]), Storage::Unsigned64);
    assert_eq!(storage("REQUIRED INT64 n (DECIMAL(18,2));", &[1]), Storage::Float64);
    assert_eq!(storage("REQUIRED INT64 n (DECIMAL(18,0));", &[1]), Storage::Int64);
    let storage = |schema: &str| {
        let (_folder, path) = column::<Int32Type>(schema, (&[-1], None, None), Compression::SNAPPY);
        (open(&path).columns()[0].storage, read(&path, "n").unwrap()[0])
    };
    assert_eq!(storage("REQUIRED INT32 n;"), (Storage::Int32, -1.0));
    assert_eq!(storage("REQUIRED INT32 n (INTEGER(16,true));"), (Storage::Int32, -1.0));
    assert_eq!(storage("REQUIRED INT32 n (DECIMAL(9,1));"), (Storage::Float64, -0.1));
    let largest = f64::from(u32::MAX);
    assert_eq!(storage("REQUIRED INT32 n (INTEGER(32,false));"), (Storage::Int64, largest));
    let schema = "REQUIRED FIXED_LEN_BYTE_ARRAY (5) m (DECIMAL(10,0));";
    let value = FixedLenByteArray::from(ByteArray::from(vec![0; 5]));
    let levels = (&[value][..], None, None);
    let (_folder, path) = column::<FixedLenByteArrayType>(schema, levels, Compression::SNAPPY);
    assert_eq!(open(&path).columns()[0].storage, Storage::Int64);
}

#[test]
fn brotli_is_read() {
    let codec = Compression::BROTLI(Default::default());
    let values: Vec<i64> = (0..3000).collect();
    let (_folder, path) = column::<Int64Type>("REQUIRED INT64 n;", (&values, None, None), codec);
    assert_eq!(read(&path, "n").unwrap()[2999], 2999.0);
}

/// A file of one column whose footer says something else of it.
fn changed(
    change: impl Fn(ColumnChunkMetaDataBuilder) -> ColumnChunkMetaDataBuilder,
) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let new = [NewColumn::new("n", Storage::Int64)];
    let mut writer = CatalogWriter::create(&path, &new, &Header::new()).unwrap();
    writer.write(&[[1.0, 2.0, f64::NAN]]).unwrap();
    writer.finish().unwrap();

    let file = std::fs::File::open(&path).unwrap();
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&file).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let length: [u8; 4] = bytes[bytes.len() - 8..][..4].try_into().unwrap();
    let mut bytes = bytes[..bytes.len() - 8 - u32::from_le_bytes(length) as usize].to_vec();
    let mut builder = metadata.into_builder();
    for group in builder.take_row_groups() {
        let mut group = group.into_builder();
        for column in group.take_columns() {
            let column = change(column.into_builder()).build().unwrap();
            group = group.add_column_metadata(column);
        }
        builder = builder.add_row_group(group.build().unwrap());
    }
    ParquetMetaDataWriter::new(&mut bytes, &builder.build()).finish().unwrap();
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

#[test]
fn a_dictionary_at_zero_is_none() {
    let (_folder, path) = changed(|column| column.set_dictionary_page_offset(Some(0)));
    assert!(same(&read(&path, "n").unwrap(), &[1.0, 2.0, f64::NAN]));
}

#[test]
fn what_is_not_read_is_no_damage() {
    let (_folder, path) = changed(|column| column.set_compression(Compression::LZO));
    let message = read(&path, "n").unwrap_err();
    assert!(
        message.contains("LZO in column \"n\"; write the table with one of these"),
        "{message}"
    );
    assert!(message.contains("snappy, gzip, brotli, lz4, zstd"), "{message}");
    assert!(!message.contains("damaged") && !message.contains("again"), "{message}");
}

#[test]
fn units_travel_as_astropy_writes_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let new = [
        NewColumn::new("ra", Storage::Float64).with_unit("h"),
        NewColumn::new("dec", Storage::Float64),
    ];
    let mut writer = CatalogWriter::create(&path, &new, &Header::new()).unwrap();
    writer.write(&[[1.0], [2.0]]).unwrap();
    writer.finish().unwrap();
    let catalog = open(&path);
    let units: Vec<_> = catalog.columns().iter().map(|own| own.unit.as_deref()).collect();
    assert_eq!(units, [Some("h"), None]);
    let (columns, _) = catalog.with_position("ra", "dec").unwrap().read(&["ra", "dec"]).unwrap();
    assert_eq!(columns.values(), [[15.0], [2.0]]);
}
