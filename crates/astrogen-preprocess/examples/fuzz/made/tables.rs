//! Catalogues in FITS, Parquet, HDF5 and text.

use std::error::Error;
use std::sync::Arc;

use astrogen_catalog::{CatalogWriter, NewColumn, Storage};
use astrogen_fits::Header;
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::fits::{gunzip, gzip};
use super::{Files, golden, written};

const ROWS: usize = 60;

const CSV: &str = "ra,dec,mag_i,flags,name\n10.5,-5,22.5,0,1\n11,-6,,3,\"2\"\n12,-7,nan,4,--\n";
const ECSV: &str = "# %ECSV 1.0\n# ---\n# delimiter: ','\n# datatype:\n\
    # - {name: ra, unit: deg, datatype: float64}\n\
    # - {name: colours, datatype: string, subtype: 'float64[2]'}\n\
    # - {name: id, datatype: int64, description: a number}\n\
    ra,colours,id\n10.5,\"[1.0,2.0]\",9007199254740993\n11.5,\"[3.0,null]\",-1\n";

pub(super) fn all() -> Files {
    let table = gunzip(&golden("astrogen-catalog", "catalog.fits.gz")?)?;
    let mut files = vec![
        table.clone(),
        gzip(&table)?,
        golden("astrogen-catalog", "catalog.parquet")?,
        golden("astrogen-catalog", "columns.hdf5")?,
        golden("astrogen-catalog", "records.hdf5")?,
        golden("astrogen-catalog", "records.npy")?,
        golden("astrogen-catalog", "fortran.npy")?,
        CSV.into(),
        CSV.replace(',', "\t").into(),
        gzip(CSV.as_bytes())?,
        ECSV.into(),
    ];
    for name in ["t.fits", "t.parquet", "t.hdf5"] {
        files.push(written(name, |path| {
            let mut unit = NewColumn::new("flux", Storage::Float32);
            unit.unit = Some("nJy".to_owned());
            let storages = [Storage::Float64, Storage::Int32, Storage::Int64, Storage::Unsigned64];
            let others = storages.iter().map(|&own| NewColumn::new(format!("{own:?}"), own));
            let columns: Vec<NewColumn> = std::iter::once(unit).chain(others).collect();
            let mut writer = CatalogWriter::create(path, &columns, &Header::new())?;
            let values: Vec<f64> = (0..ROWS).map(|row| row as f64).collect();
            writer.write(&vec![values; columns.len()])?;
            writer.finish().map(drop)
        })?);
    }
    for (codec, version) in [
        (Compression::UNCOMPRESSED, WriterVersion::PARQUET_1_0),
        (Compression::SNAPPY, WriterVersion::PARQUET_2_0),
        (Compression::GZIP(GzipLevel::default()), WriterVersion::PARQUET_1_0),
        (Compression::BROTLI(BrotliLevel::default()), WriterVersion::PARQUET_1_0),
        (Compression::ZSTD(ZstdLevel::default()), WriterVersion::PARQUET_2_0),
        (Compression::LZ4_RAW, WriterVersion::PARQUET_1_0),
    ] {
        files.push(parquet(codec, version)?);
    }
    Ok(files)
}

/// A text, a decimal, a list and a whole number that may be null.
fn parquet(codec: Compression, version: WriterVersion) -> Result<Vec<u8>, Box<dyn Error>> {
    let schema = parse_message_type(
        "message t {
            required binary text (UTF8);
            required int64 decimal (DECIMAL(12, 3));
            optional group list (LIST) { repeated group list { optional double element; } }
            optional int32 whole;
        }",
    )?;
    let properties =
        WriterProperties::builder().set_compression(codec).set_writer_version(version).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    while let Some(mut column) = group.next_column()? {
        fill(column.untyped())?;
        column.close()?;
    }
    group.close()?;
    Ok(writer.into_inner()?)
}

fn fill(column: &mut ColumnWriter) -> Result<usize, ParquetError> {
    let rows = 0..ROWS;
    match column {
        ColumnWriter::ByteArrayColumnWriter(writer) => {
            let texts: Vec<ByteArray> =
                rows.map(|row| format!("{}.5", row % 5).into_bytes().into()).collect();
            writer.write_batch(&texts, None, None)
        }
        ColumnWriter::Int64ColumnWriter(writer) => {
            let values: Vec<i64> = rows.map(|row| 1001 * row as i64).collect();
            writer.write_batch(&values, None, None)
        }
        ColumnWriter::DoubleColumnWriter(writer) => {
            // Two elements per row, the first of them null.
            let levels: Vec<i16> = rows.clone().flat_map(|_| [2, 3]).collect();
            let repeats: Vec<i16> = rows.clone().flat_map(|_| [0, 1]).collect();
            let values: Vec<f64> = rows.map(|row| row as f64 / 3.0).collect();
            writer.write_batch(&values, Some(&levels), Some(&repeats))
        }
        ColumnWriter::Int32ColumnWriter(writer) => {
            let levels: Vec<i16> = rows.clone().map(|row| i16::from(row % 3 > 0)).collect();
            let values: Vec<i32> = rows.filter(|row| row % 3 > 0).map(|row| row as i32).collect();
            writer.write_batch(&values, Some(&levels), None)
        }
        _ => Ok(0),
    }
}
