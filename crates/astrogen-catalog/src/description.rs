//! Columns described in YAML, as astropy does above the rows of ECSV files and in the footers of
//! Parquet files (APE 6: Enhanced Character Separated Values).

use astrogen_fits::table::{NewColumn, Storage};
use saphyr_parser::{Event, Parser};

/// The key of a description among a Parquet file's metadata.
pub(super) const PARQUET_KEY: &str = "table_meta_yaml";

/// What a description says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Description {
    /// What separates the cells of a row, if it says.
    pub(super) delimiter: Option<String>,
    pub(super) columns: Vec<DescribedColumn>,
}

/// What it says of a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DescribedColumn {
    pub(super) name: String,
    pub(super) unit: Option<String>,
    pub(super) datatype: String,
    /// The type of the elements where a cell holds an array: `float64[2]`.
    pub(super) subtype: Option<String>,
}

/// A mapping or sequence that is being read.
struct Level {
    is_mapping: bool,
    /// The key whose value comes next.
    key: Option<String>,
}

impl Description {
    /// Reads a description; what it says beyond columns and delimiter is skipped.
    pub(super) fn parse(yaml: &str) -> Result<Description, String> {
        let mut made = Description::default();
        let mut levels: Vec<Level> = Vec::new();
        for event in Parser::new_from_str(yaml) {
            let (event, _) = event.map_err(|error| error.to_string())?;
            match event {
                Event::Scalar(text, ..) => match levels.last_mut() {
                    Some(Level { is_mapping: true, key: key @ None }) => {
                        *key = Some(text.into_owned());
                        continue;
                    }
                    _ => made.set(&levels, &text),
                },
                Event::MappingStart(..) | Event::SequenceStart(..) => {
                    if matches!(levels.as_slice(), [top, _] if top.is("datatype")) {
                        made.columns.push(DescribedColumn::default());
                    }
                    let is_mapping = matches!(event, Event::MappingStart(..));
                    levels.push(Level { is_mapping, key: None });
                    continue;
                }
                Event::MappingEnd | Event::SequenceEnd => {
                    levels.pop();
                }
                Event::Alias(_) => {}
                _ => continue,
            }
            // A value is complete.
            if let Some(level) = levels.last_mut() {
                level.key = None;
            }
        }
        Ok(made)
    }

    /// Takes up the value of the keys that lead to it.
    fn set(&mut self, levels: &[Level], text: &str) {
        match levels {
            [top] if top.is("delimiter") => self.delimiter = Some(text.to_owned()),
            [top, _, Level { key: Some(key), .. }] if top.is("datatype") => {
                let Some(column) = self.columns.last_mut() else {
                    return;
                };
                let some = (!["", "~", "null"].contains(&text)).then(|| text.to_owned());
                match key.as_str() {
                    "name" => text.clone_into(&mut column.name),
                    "unit" => column.unit = some,
                    "datatype" => text.clone_into(&mut column.datatype),
                    "subtype" => column.subtype = some,
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// The unit of a column.
    pub(super) fn unit(&self, name: &str) -> Option<&str> {
        self.columns.iter().find(|column| column.name == name)?.unit.as_deref()
    }
}

impl Level {
    fn is(&self, key: &str) -> bool {
        self.key.as_deref() == Some(key)
    }
}

impl DescribedColumn {
    /// How many numbers a cell holds, or why they cannot be read.
    pub(super) fn length(&self) -> Result<usize, &'static str> {
        if self.datatype.starts_with("complex") {
            return Err("holds complex numbers");
        }
        let Some(subtype) = &self.subtype else {
            return Ok(1);
        };
        let shape = subtype.strip_suffix(']').and_then(|subtype| subtype.split_once('['));
        let sizes = shape.map(|(_, sizes)| sizes.split(',').map(|size| size.trim().parse()));
        let length = sizes.and_then(|sizes| {
            sizes.map(Result::ok).try_fold(1_usize, |length, size| length.checked_mul(size?))
        });
        length.ok_or("holds arrays of variable length or objects")
    }
}

/// The description of new columns.
pub(super) fn describe(columns: &[NewColumn]) -> String {
    let mut yaml = "datatype:".to_owned();
    for NewColumn { name, unit, storage } in columns {
        let datatype = match storage {
            Storage::Float32 => "float32",
            Storage::Float64 => "float64",
            Storage::Int32 => "int32",
            Storage::Int64 => "int64",
            Storage::Unsigned64 => "uint64",
        };
        let unit = unit.as_ref().map_or(String::new(), |unit| format!(", unit: {}", quoted(unit)));
        yaml += &format!("\n- {{name: {}{unit}, datatype: {datatype}}}", quoted(name));
    }
    yaml
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn what_astropy_writes_is_read() {
        let yaml = "---
delimiter: ','
datatype:
- {name: ra, unit: hourangle, datatype: float64, description: 'of a source, as the
    survey has it'}
- name: y
  unit: erg / (s cm2)
  datatype: int64
  meta: !!omap
  - a: [1, 2]
  - name: {c: null}
- {name: na me, datatype: string, subtype: 'float64[2,3]', unit: null}
meta: !!omap
- __serialized_columns__:
    c: {unit: &id001 !astropy.units.Unit {unit: deg}, value: *id001, name: x}
    datatype: [{name: z}]
schema: astropy-2.0
";
        let read = Description::parse(yaml).unwrap();
        assert_eq!(read.delimiter.as_deref(), Some(","));
        let names: Vec<&str> = read.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["ra", "y", "na me"]);
        let units = ["ra", "y", "na me", "z"].map(|name| read.unit(name));
        assert_eq!(units, [Some("hourangle"), Some("erg / (s cm2)"), None, None]);
        assert_eq!([0, 1, 2].map(|at| read.columns[at].length()), [Ok(1), Ok(1), Ok(6)]);
        assert!(Description::parse("a: [").is_err());
    }

    #[test]
    fn what_is_written_is_read() {
        let columns = [
            NewColumn::new("a \"b\" \\", Storage::Float32).with_unit("10^-2 'deg'"),
            NewColumn::new("größe: {", Storage::Unsigned64),
        ];
        let read = Description::parse(&describe(&columns)).unwrap();
        assert_eq!(read.columns.len(), 2);
        for (read, column) in read.columns.iter().zip(&columns) {
            assert_eq!((&read.name, &read.unit), (&column.name, &column.unit));
        }
    }

    #[test]
    fn lengths_of_arrays() {
        let length = |datatype: &str, subtype: &str| {
            let (datatype, subtype) = (datatype.to_owned(), Some(subtype.to_owned()));
            DescribedColumn { datatype, subtype, ..Default::default() }.length()
        };
        assert_eq!(length("string", "float64[3]"), Ok(3));
        for odd in ["float64[null]", "json", "float64[2,null]", "a[99999999999,99999999999]"] {
            assert!(length("string", odd).is_err(), "{odd}");
        }
        assert!(length("complex128", "float64[3]").unwrap_err().contains("complex"));
    }
}
