//! What is a table of rows, and which columns it has.

use super::super::json::Json;
use super::super::words::human;
use super::cell::{estimate, is_cell};

/// Rows of a table: the objects of a list, or those of an object of objects with the same fields.
pub(super) fn alike(json: &Json) -> Option<Vec<(Option<&str>, &Json)>> {
    let is_row = |value: &Json| matches!(value, Json::Object(_)) && estimate(value).is_none();
    match json {
        Json::List(items) if !items.is_empty() && items.iter().all(is_row) => {
            Some(items.iter().map(|item| (None, item)).collect())
        }
        Json::Object(fields)
            if fields.len() > 1 && fields.iter().all(|(_, value)| is_row(value)) =>
        {
            let keys = |value: &Json| match value {
                Json::Object(fields) => fields.iter().map(|(key, _)| key.clone()).collect(),
                _ => Vec::new(),
            };
            let first = keys(&fields[0].1);
            let same = fields.iter().all(|(_, value)| keys(value) == first) && !first.is_empty();
            same.then(|| fields.iter().map(|(key, value)| (Some(key.as_str()), value)).collect())
        }
        _ => None,
    }
}

/// Adds the paths of an object's cells, those of objects in it, too, that are not there yet.
pub(super) fn gather<'a>(row: &'a Json, path: &mut Vec<&'a str>, columns: &mut Vec<Vec<&'a str>>) {
    let Json::Object(fields) = row else { return };
    for (key, value) in fields {
        path.push(key);
        if is_cell(value) {
            if !columns.contains(path) {
                columns.push(path.clone());
            }
        } else if path.len() < 3 {
            gather(value, path, columns);
        }
        path.pop();
    }
}

/// The parts of a row that are in no column.
pub(super) fn beyond<'a>(row: &'a Json, columns: &[Vec<&str>]) -> Vec<(&'a str, &'a Json)> {
    fn is_shown(value: &Json, path: &mut Vec<String>, columns: &[Vec<&str>]) -> bool {
        match value {
            Json::Object(fields) if !is_cell(value) => fields.iter().all(|(key, value)| {
                path.push(key.clone());
                let shown = is_shown(value, path, columns);
                path.pop();
                shown
            }),
            _ => columns.iter().any(|column| column == path),
        }
    }
    let Json::Object(fields) = row else { return Vec::new() };
    let parts =
        fields.iter().filter(|(key, value)| !is_shown(value, &mut vec![key.clone()], columns));
    parts.map(|(key, value)| (key.as_str(), value)).collect()
}

pub(super) fn at<'a>(row: &'a Json, path: &[&str]) -> Option<&'a Json> {
    path.iter().try_fold(row, |value, key| value.get(key))
}

/// The heading of a column; of one in an object with that one's name.
pub(super) fn heading(path: &[&str]) -> String {
    path.iter().map(|key| human(key)).collect::<Vec<_>>().join(": ")
}

/// The name of one of our numbers in words, where a cell holds it: of a row with a floor. Other names are
/// the user's, such as those of columns, and stay.
pub(super) fn named(row: &Json, path: &[&str], value: &Json) -> Option<String> {
    row.get("floor")?;
    value.text().filter(|_| path == ["name"]).map(human)
}

/// What a row is called.
pub(super) fn title(number: usize, label: Option<&str>, row: &Json) -> String {
    let own = |key: &&str| {
        let value = row.get(key)?;
        named(row, &[key], value).or_else(|| value.text().map(str::to_owned))
    };
    match label.map(label_of).or_else(|| ["name", "id", "by"].iter().find_map(own)) {
        Some(name) => name,
        None => format!("Row {number}"),
    }
}

/// The name of a row as it is, unless it is one of a program's.
pub(super) fn label_of(name: &str) -> String {
    if name.contains('_') { human(name) } else { name.to_owned() }
}
