//! Folders in which HATS catalogues are written: what else is there, and who else writes.

use std::fs;

use astrogen_catalog::hats::{HatsCatalog, HatsConfig, HatsWriter};
use astrogen_catalog::{NewColumn, Storage};
use astrogen_fits::Header;
use parquet::file::metadata::{ParquetMetaDataReader, ParquetMetaDataWriter};

use crate::hats::write;
use crate::open;

#[test]
fn what_is_beside_the_partitions_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ours");
    let writer = write(&path);
    let partition = path.join("dataset/Norder=0/Dir=0/Npix=11.parquet");
    fs::copy(&partition, partition.with_extension("parquet.bak")).unwrap();
    fs::copy(&partition, partition.with_extension("parquet.tmp")).unwrap();
    fs::create_dir(partition.with_extension("")).unwrap();
    fs::create_dir(path.join("dataset/Norder=0.old")).unwrap();
    assert_eq!(writer.finish().unwrap(), 9);
    let list = fs::read_to_string(path.join("partition_info.csv")).unwrap();
    assert_eq!(list.lines().count(), 4, "{list}");
    assert_eq!(open(&path).read(&["mag"]).unwrap().0.len(), 9);
    // Without a list the files tell.
    fs::remove_file(path.join("partition_info.csv")).unwrap();
    assert_eq!(HatsCatalog::open(&path).unwrap().partitions().len(), 3);
}

#[test]
fn programs_that_begin_at_the_same_moment_go_on_together() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ours");
    // As one leaves it that is writing its settings, or was killed then.
    fs::create_dir(&path).unwrap();
    fs::write(path.join(".begun.txt.x7Gh2k"), "name ou").unwrap();
    assert_eq!(write(&path).finish().unwrap(), 9);
    assert!(path.join("begun.txt").is_file());

    let together = folder.path().join("together");
    std::thread::scope(|scope| {
        let one = || {
            let config = HatsConfig {
                name: "ours".to_owned(),
                position: ["ra".to_owned(), "dec".to_owned()],
                properties: Vec::new(),
            };
            let columns = ["ra", "dec"].map(|name| NewColumn::new(name, Storage::Float64));
            HatsWriter::create(&together, &config, &columns, &Header::new()).unwrap();
        };
        (0..16).for_each(|_| drop(scope.spawn(one)));
    });
}

#[test]
fn a_partition_that_is_cut_is_no_part_of_a_catalogue() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ours");
    let writer = write(&path);
    let partition = path.join("dataset/Norder=0/Dir=0/Npix=11.parquet");
    // The footer alone, of rows that would be far behind.
    let file = fs::File::open(&partition).unwrap();
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&file).unwrap();
    let mut builder = metadata.into_builder();
    for group in builder.take_row_groups() {
        let mut group = group.into_builder();
        for column in group.take_columns() {
            let column = column.into_builder().set_data_page_offset(1 << 20).build().unwrap();
            group = group.add_column_metadata(column);
        }
        builder = builder.add_row_group(group.build().unwrap());
    }
    let mut bytes = b"PAR1".to_vec();
    ParquetMetaDataWriter::new(&mut bytes, &builder.build()).finish().unwrap();
    fs::write(&partition, bytes).unwrap();
    let message = writer.finish().unwrap_err().to_string();
    assert!(message.contains("Npix=11.parquet is truncated: column"), "{message}");
}
