//! What a row of a Parquet column holds: a value, or a list of them.

use parquet::basic::{ConvertedType, LogicalType};
use parquet::file::metadata::ParquetMetaData;
use parquet::schema::types::ColumnDescriptor;

use super::file::Refusal;

/// Values per row. A list counts as a vector: all rows must have as many elements, or none.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) is_list: bool,
    /// Elements of a list, 1 without lists.
    pub(super) length: usize,
    /// The definition level of a value that is not null.
    pub(super) deepest: i16,
    /// That of an element that is there, null or not.
    pub(super) present: i16,
}

impl Shape {
    /// The shape of a column, or why it has none. The lengths of lists are not in the schema, but in
    /// what is stored; [`Shape::check`] holds each row against it.
    pub(super) fn of(descriptor: &ColumnDescriptor, length: usize) -> Result<Shape, &'static str> {
        let deepest = descriptor.max_def_level();
        let optional = descriptor.self_type().is_optional();
        let shape =
            Shape { is_list: true, length, deepest, present: deepest - i16::from(optional) };
        match descriptor.max_rep_level() {
            0 => Ok(Shape { is_list: false, length: 1, ..shape }),
            1 => Ok(shape),
            _ => Err("holds lists of lists"),
        }
    }

    /// Refuses the definition levels of a row whose list is longer or shorter than the others.
    pub(super) fn check(&self, row: &[i16]) -> Result<(), Refusal> {
        let absent = row.len() == 1 && row[0] < self.present;
        if !self.is_list || absent || row.len() == self.length {
            return Ok(());
        }
        Err(Refusal::Content(format!(
            "holds lists of several lengths, such as {} and {}; expected one length, as a vector has",
            self.length,
            row.len()
        )))
    }
}

/// The name of a column: its path, without what stands for the elements of a list.
pub(super) fn name(metadata: &ParquetMetaData, column: &ColumnDescriptor) -> String {
    let parts = column.path().parts();
    let mut node = metadata.file_metadata().schema_descr().root_schema();
    let mut name: Vec<&str> = Vec::new();
    let mut skip = 0;
    for part in parts {
        let Some(child) = node.get_fields().iter().find(|child| child.name() == part) else {
            return parts.join(".");
        };
        node = child;
        if skip > 0 {
            skip -= 1;
            continue;
        }
        name.push(part);
        let info = node.get_basic_info();
        let list = matches!(info.logical_type_ref(), Some(LogicalType::List))
            || info.converted_type() == ConvertedType::LIST;
        // The repeated group, and the element in it.
        skip = if list { 2 } else { 0 };
        if !node.is_group() {
            break;
        }
    }
    name.join(".")
}
