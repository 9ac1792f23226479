//! Any JSON as tables: objects as names and values, lists of objects and objects of alike objects as
//! rows, single numbers with their errors and intervals, long lists folded.

mod cell;
mod rows;

use maud::{Markup, html};

use super::json::Json;
use super::words::{count, human, short};
use cell::{estimate, is_cell, is_group, is_number, is_word};
use rows::{alike, at, beyond, gather, heading, label_of, named, title};

/// Items of a list of plain values that stand in a cell unfolded.
const SHOWN: usize = 12;
/// Rows of a table that is not folded.
const ROWS: usize = 24;
/// Rows whose larger parts are not folded together.
const BESIDE: usize = 6;
/// Columns of a table; what is beyond stands below it, row by row.
const COLUMNS: usize = 16;
/// Cells of all tables of a value.
const CELLS: usize = 20_000;

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digits {
    /// Those that say something: results.
    Few,
    /// All: settings.
    All,
}

/// Draws JSON as tables, up to a number of cells.
#[derive(Debug)]
pub(super) struct Tables {
    digits: Digits,
    /// Where the whole of it is.
    file: &'static str,
    /// Whether nested parts are folded.
    folded: bool,
    left: usize,
}

impl Tables {
    /// Numbers of a file.
    pub(super) fn of_results(file: &'static str) -> Self {
        Self { digits: Digits::Few, file, folded: false, left: CELLS }
    }

    /// Settings of a file: exact, all parts folded.
    pub(super) fn of_settings(file: &'static str) -> Self {
        Self { digits: Digits::All, file, folded: true, left: CELLS }
    }

    /// The tables of a value with this name.
    pub(super) fn draw(&mut self, name: &str, json: &Json) -> Markup {
        self.part(name, json, 0)
    }

    fn part(&mut self, name: &str, json: &Json, depth: usize) -> Markup {
        if self.left == 0 {
            return html! { p.note { "The rest is in " code { (self.file) } "." } };
        }
        if let Some(rows) = alike(json) {
            return self.records(name, &rows, depth);
        }
        match json {
            Json::Object(fields) => self.object(name, fields, depth),
            Json::List(items) => html! {
                @for (number, item) in (1..).zip(items) {
                    (self.part(&format!("{name}, {number}"), item, depth))
                }
            },
            _ => self.object("", &[(name.to_owned(), json.clone())], depth),
        }
    }

    /// Names and values, small objects as groups of rows, and below it what is larger.
    fn object(&mut self, name: &str, fields: &[(String, Json)], depth: usize) -> Markup {
        let (plain, nested): (Vec<_>, Vec<_>) =
            fields.iter().partition(|(_, value)| is_cell(value));
        let (groups, parts): (Vec<_>, Vec<_>) =
            nested.into_iter().partition(|(_, value)| depth > 0 && is_group(value));
        self.left = self.left.saturating_sub(plain.len() + groups.len());
        html! {
            @if !plain.is_empty() || !groups.is_empty() {
                (scroll(name, html! {
                    table.pairs {
                        caption { (human(name)) }
                        @if !plain.is_empty() {
                            tbody { @for (key, value) in &plain { (self.pair(key, value)) } }
                        }
                        @for (key, value) in &groups {
                            tbody {
                                tr { th.group colspan="2" scope="rowgroup" { (human(key)) } }
                                @if let Json::Object(fields) = value {
                                    @for (key, value) in fields { (self.pair(key, value)) }
                                }
                            }
                        }
                    }
                }))
            }
            @for (key, value) in &parts { (self.nested(key, value, depth)) }
        }
    }

    fn pair(&self, key: &str, value: &Json) -> Markup {
        html! { tr { th scope="row" { (human(key)) } td.num[is_number(value)] { (self.cell(value)) } } }
    }

    /// A part with a name of its own; a short table of results is not folded.
    fn nested(&mut self, name: &str, value: &Json, depth: usize) -> Markup {
        let body = self.part(name, value, depth + 1);
        let is_short = depth < 2 && alike(value).is_some_and(|rows| rows.len() <= ROWS);
        match self.folded || (depth > 0 && !is_short) {
            true => fold(&human(name), body),
            false => body,
        }
    }

    /// A row each; what fits no cell stands below, row by row.
    fn records(&mut self, name: &str, rows: &[(Option<&str>, &Json)], depth: usize) -> Markup {
        let mut columns: Vec<Vec<&str>> = Vec::new();
        for (_, row) in rows {
            gather(row, &mut Vec::new(), &mut columns);
        }
        columns.truncate(COLUMNS);
        let fitting = self.left / columns.len().max(1);
        let shown = &rows[..rows.len().min(fitting.max(1))];
        self.left = self.left.saturating_sub(shown.len() * columns.len());
        let labelled = rows.iter().any(|(label, _)| label.is_some());
        let numeric: Vec<bool> = columns
            .iter()
            .map(|path| {
                let mut cells = shown.iter().filter_map(|(_, row)| at(row, path));
                cells.clone().next().is_some()
                    && cells.all(|cell| is_number(cell) || *cell == Json::Null)
            })
            .collect();
        let table = scroll(
            name,
            html! {
                table {
                    caption { (human(name)) }
                    thead { tr {
                        @if labelled { th scope="col" { span.quiet { "Name" } } }
                        @for (path, number) in columns.iter().zip(&numeric) {
                            th.num[*number] scope="col" { (heading(path)) }
                        }
                    } }
                    tbody { @for (label, row) in shown { tr {
                        @if labelled { th scope="row" { (label.map(label_of).unwrap_or_default()) } }
                        @for (path, number) in columns.iter().zip(&numeric) {
                            @let value = at(row, path);
                            td.num[*number].word[value.is_some_and(is_word)] {
                                @if let Some(value) = value {
                                    @if let Some(name) = named(row, path, value) { (name) }
                                    @else { (self.cell(value)) }
                                }
                            }
                        }
                    } } }
                }
                @if shown.len() < rows.len() {
                    p.note { (rows.len() - shown.len()) " more rows are in " code { (self.file) } "." }
                }
            },
        );
        let rest: Vec<(String, Vec<(&str, &Json)>)> = (1..)
            .zip(shown)
            .map(|(number, (label, row))| (title(number, *label, row), beyond(row, &columns)))
            .filter(|(_, parts)| !parts.is_empty())
            .collect();
        let table = match columns.is_empty() {
            true => html! {},
            false if rows.len() > ROWS && depth < 2 => {
                let rows = count(rows.len(), "row", "rows");
                fold(&format!("{} ({rows})", human(name)), table)
            }
            false => table,
        };
        let details: Vec<Markup> = rest
            .iter()
            .map(|(label, parts)| {
                let parts: Vec<Markup> =
                    parts.iter().map(|(key, value)| self.part(key, value, depth + 2)).collect();
                fold(label, html! { @for part in &parts { (part) } })
            })
            .collect();
        let details = html! { @for row in &details { (row) } };
        html! {
            (table)
            @if rest.len() > BESIDE { (fold(&format!("{}, one by one", human(name)), details)) }
            @else { (details) }
        }
    }

    /// A value that fits a cell.
    fn cell(&self, value: &Json) -> Markup {
        if let Some(text) = estimate(value) {
            return html! { (text) };
        }
        match value {
            Json::Null => html! { span.quiet { "none" } },
            Json::Bool(value) => html! { (if *value { "yes" } else { "no" }) },
            Json::Whole(value) => html! { (value) },
            Json::Real(value) => html! { (self.real(*value)) },
            Json::Text(text) => html! { (text) },
            Json::List(items) if items.is_empty() => html! { span.quiet { "none" } },
            Json::List(items) => {
                let text = self.list(items);
                match items.len() > SHOWN || text.len() > 160 {
                    true => html! {
                        details {
                            summary { (count(items.len(), "value", "values")) }
                            p.list { (text) }
                        }
                    },
                    false => html! { (text) },
                }
            }
            Json::Object(_) => html! {},
        }
    }

    fn list(&self, items: &[Json]) -> String {
        let item = |item: &Json| match item {
            Json::Null => "none".to_owned(),
            Json::Bool(value) => value.to_string(),
            Json::Whole(value) => value.to_string(),
            Json::Real(value) => self.real(*value),
            Json::Text(text) => text.clone(),
            Json::List(items) => format!("[{}]", self.list(items)),
            Json::Object(_) => estimate(item).unwrap_or_default(),
        };
        items.iter().map(item).collect::<Vec<_>>().join(", ")
    }

    fn real(&self, value: f64) -> String {
        match self.digits {
            Digits::Few => short(value),
            Digits::All if value != 0.0 && !(1e-4..1e7).contains(&value.abs()) => {
                format!("{value:e}")
            }
            Digits::All => value.to_string(),
        }
    }
}

/// A part that is folded.
pub(super) fn fold(title: &str, body: Markup) -> Markup {
    html! { details.part { summary { (title) } div { (body) } } }
}

/// A table that scrolls sideways where it is wide, by keyboard, too.
pub(super) fn scroll(name: &str, table: Markup) -> Markup {
    let label = match name.is_empty() {
        true => "Table".to_owned(),
        false => format!("Table: {}", human(name)),
    };
    html! { div.scroll tabindex="0" role="region" aria-label=(label) { (table) } }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn drawn(json: &str) -> String {
        let json = serde_json::from_str(json).unwrap();
        Tables::of_results("report.json").draw("numbers", &json).into_string()
    }

    #[test]
    fn an_object_is_names_and_values() {
        let html = drawn(r#"{"sliced_wasserstein": 17.387762, "step": 4000, "best": null}"#);
        assert!(html.contains("<caption>Numbers</caption>"), "{html}");
        let row = r#"<th scope="row">Sliced Wasserstein</th><td class="num">17.39</td>"#;
        assert!(html.contains(row), "{html}");
        assert!(html.contains(">4000<") && html.contains("none"), "{html}");
    }

    #[test]
    fn numbers_come_with_their_errors_intervals_and_floors() {
        let html = drawn(
            r#"{"nll": {"mean": -7.29037, "error": 0.04672},
                "kid": {"value": 0.01234, "low": 0.0111, "high": 0.0139, "floor": 0.002},
                "fid": {"value": 12.5, "low": 11, "high": 14,
                        "floor": {"value": 2, "low": 1.5, "high": 2.5}}}"#,
        );
        assert!(html.contains("-7.290 ± 0.047"), "{html}");
        assert!(html.contains("0.0123 (0.0111 to 0.0139), floor 0.002"), "{html}");
        assert!(html.contains("12.5 (11 to 14), floor 2 (1.5 to 2.5)"), "{html}");
    }

    #[test]
    fn objects_of_the_same_fields_are_rows_and_what_is_larger_stands_below() {
        let html = drawn(
            r#"{"Gaussian": {"score": 0.5, "all": {"ks": 0.1}, "bins": [{"low": 1}, {"low": 2}]},
                "generator": {"score": 0.4, "all": {"ks": 0.2}, "bins": [{"low": 1}, {"low": 2}]}}"#,
        );
        assert!(html.contains(r#"<th class="num" scope="col">All: KS</th>"#), "{html}");
        assert!(
            html.contains(r#"<th scope="row">generator</th><td class="num">0.4</td>"#),
            "{html}"
        );
        assert!(html.contains("<summary>Gaussian</summary>"), "{html}");
        assert!(html.contains("<caption>Bins</caption>"), "{html}");
    }

    #[test]
    fn a_number_has_one_name_wherever_it_stands() {
        let html = drawn(
            r#"{"sliced_wasserstein": 17.4, "quality": {"numbers": [
                {"name": "sliced_wasserstein", "value": 17.4, "floor": 13.3}]},
                "bands": [{"name": "mag_g", "value": 1}, {"name": "r-i", "value": 2}]}"#,
        );
        assert_eq!(html.matches(">Sliced Wasserstein<").count(), 2, "{html}");
        assert!(html.contains(">mag_g<") && html.contains(">r-i<"), "the user's own: {html}");
    }

    #[test]
    fn long_lists_are_folded_and_long_tables_too() {
        let numbers = (0..200).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
        let html = drawn(&format!(r#"{{"counts": [{numbers}], "few": [1, 2.5, "x"]}}"#));
        assert!(html.contains("<summary>200 values</summary>"), "{html}");
        assert!(html.contains("1, 2.5, x"), "{html}");
        let rows =
            (0..40).map(|row| format!(r#"{{"id": "g{row}"}}"#)).collect::<Vec<_>>().join(",");
        let html = drawn(&format!(r#"{{"galaxies": [{rows}]}}"#));
        assert!(html.contains("<summary>Galaxies (40 rows)</summary>"), "{html}");
    }

    #[test]
    fn nothing_is_drawn_without_end() {
        let rows = "{\"a\":1,\"b\":2},".repeat(30_000);
        let html = drawn(&format!("[{}]", rows.trim_end_matches(',')));
        assert!(html.contains("20000 more rows are in <code>report.json</code>"), "no end");
    }

    #[test]
    fn what_others_wrote_is_text() {
        let html = drawn(
            r#"{"<script>alert(1)</script>": "<b>&\"", "list": ["<i>"],
                "rows": [{"id": "<script>", "deep": [{"<u>": 1}]}]}"#,
        );
        for tag in ["<script", "<b>", "<i>", "<u>"] {
            assert!(!html.contains(tag), "{tag} in {html}");
        }
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{html}");
    }

    #[test]
    fn settings_are_exact_and_folded() {
        let json = serde_json::from_str(
            r#"{"seed": 18446744073709551615, "fit": {"lr": 0.123456789, "eps": 1e-8}}"#,
        );
        let html =
            Tables::of_settings("config.json").draw("settings", &json.unwrap()).into_string();
        assert!(html.contains("18446744073709551615"), "{html}");
        assert!(html.contains("<summary>Fit</summary>") && html.contains("0.123456789"), "{html}");
        assert!(html.contains("1e-8"), "{html}");
    }
}
