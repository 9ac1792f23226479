//! The columns that a data set makes.

use std::collections::HashMap;

use hdf5_pure::{AttrValue, CompoundMember, Datatype};

use super::file::{Hdf5File, failed};
use super::found::{Found, below};
use super::source::{LARGEST, Place};
use super::table::Column;
use super::values::{Meaning, Stored, is_shallow};
use crate::CatalogError;
use crate::description::Description;
use crate::names::ColumnInfo;
use astrogen_fits::table::Storage;

impl Found {
    /// Appends the columns of a data set of the table at this path, which has so many rows.
    pub(super) fn columns(
        &self,
        file: &Hdf5File,
        table: &str,
        rows: u64,
        description: Option<&Description>,
        columns: &mut Vec<Column>,
    ) -> Result<(), CatalogError> {
        let rest = below(&self.path, table).unwrap_or(&self.path);
        let last = self.path.rsplit('/').next().unwrap_or(&self.path);
        let name = if rest.is_empty() { last } else { rest };
        let mut push =
            |name: &str, stored_as: String, unit, place: Result<(Place, usize), String>| {
                let (place, length, refusal) = match place {
                    Ok((place, length)) => (Some(place), length, None),
                    Err(reason) => (None, 1, Some(reason)),
                };
                let (name, storage) = (name.to_owned(), Storage::Float64);
                let is_least = false;
                let info = ColumnInfo { name, unit, stored_as, storage, length, is_least, refusal };
                columns.push(Column { info, set: self.path.clone(), place });
            };
        let datatype = match &self.datatype {
            Ok(datatype) if is_shallow(datatype) => datatype,
            own => {
                let words = own.as_ref().err().map_or("its types nest too deep", String::as_str);
                push(name, "unknown".to_owned(), None, Err(format!("cannot be read ({words})")));
                return Ok(());
            }
        };
        let length = match self.elements(datatype, rows) {
            Ok(length) => length,
            Err(reason) => {
                push(name, datatype.to_string(), None, Err(reason));
                return Ok(());
            }
        };
        let Datatype::Compound { members, size } = datatype else {
            let attributes = self.set.attrs().map_err(|error| failed(&file.path, &error))?;
            let place = Stored::of(datatype).and_then(|(stored, own)| {
                let stored = stored.with(&attributes)?;
                let length = length.checked_mul(own).ok_or("holds arrays beyond all memory")?;
                Ok((Place { offset: 0, stored }, length))
            });
            push(name, datatype.to_string(), unit(&attributes), place);
            return Ok(());
        };
        let mut fields = Vec::new();
        flatten(members, rest, 0, &mut fields);
        for (field, offset, own) in fields {
            let place = match Stored::of(own) {
                _ if self.shape.len() > 1 => Err("holds records in arrays".to_owned()),
                Ok((stored, _)) if stored.meaning == Meaning::LongText => {
                    Err("holds texts of variable length in records".to_owned())
                }
                Ok((stored, length)) => {
                    let bytes = length.checked_mul(stored.size);
                    match bytes.and_then(|bytes| bytes.checked_add(offset)) {
                        Some(end) if end <= *size as usize => {
                            Ok((Place { offset, stored }, length))
                        }
                        _ => Err("reaches outside its record".to_owned()),
                    }
                }
                Err(reason) => Err(reason),
            };
            let described = below(&field, rest).unwrap_or(&field);
            let unit = description.and_then(|own| own.unit(described)).map(str::to_owned);
            push(&field, own.to_string(), unit, place);
        }
        Ok(())
    }

    /// How many elements of its type a row has, or why rows cannot be read.
    fn elements(&self, datatype: &Datatype, rows: u64) -> Result<usize, String> {
        if self.shape[0] != rows {
            return Err(format!("has {} rows where the table has {rows}", self.shape[0]));
        }
        let inner = self.shape[1..].iter().try_fold(1, |inner: u64, &own| inner.checked_mul(own));
        let bytes = inner.and_then(|inner| inner.checked_mul(datatype.type_size().into()));
        match inner.and_then(|inner| usize::try_from(inner).ok()) {
            Some(inner) if bytes.is_some_and(|bytes| bytes <= LARGEST) => Ok(inner),
            _ => Err(format!("has rows of more than {LARGEST} bytes")),
        }
    }
}

/// The fields of a record with their names and first bytes; those of records inside it are called
/// `outer/inner`.
fn flatten<'a>(
    members: &'a [CompoundMember],
    outer: &str,
    start: usize,
    fields: &mut Vec<(String, usize, &'a Datatype)>,
) {
    for member in members {
        let name =
            if outer.is_empty() { member.name.clone() } else { format!("{outer}/{}", member.name) };
        let offset =
            start.saturating_add(usize::try_from(member.byte_offset).unwrap_or(usize::MAX));
        match &member.datatype {
            Datatype::Compound { members, .. } => flatten(members, &name, offset, fields),
            datatype => fields.push((name, offset, datatype)),
        }
    }
}

/// The unit that attributes tell.
fn unit(attributes: &HashMap<String, AttrValue>) -> Option<String> {
    let named = |name: &str| {
        let own = attributes.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        own.and_then(|(_, value)| value.as_str())
    };
    let unit = named("unit").or_else(|| named("units"))?.trim();
    (!unit.is_empty()).then(|| unit.to_owned())
}
