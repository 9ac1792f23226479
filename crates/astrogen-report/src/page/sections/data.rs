//! What was found of the data when training began.

use maud::{Markup, html};

use crate::page::chart::{Chart, Line, charts};
use crate::page::contents::Contents;
use crate::page::json::Json;
use crate::page::tables::Tables;
use crate::page::words::{count, rounded};

pub(super) fn body(contents: &Contents) -> Option<Markup> {
    let mut histograms = Vec::new();
    let rest = parted(contents.data.as_ref()?, &mut histograms);
    Some(html! {
        (Tables::of_results("data.json").draw("What was found", &rest))
        @for (folder, found) in &histograms {
            @let folder = folder.filter(|_| histograms.len() > 1).map(name_of);
            (pixels(folder, found))
        }
    })
}

/// What was found without the histograms of pixels, which are gathered with the folder they are of: those
/// of one folder of images, of several in a list, or of the `images` among other things.
fn parted<'a>(data: &'a Json, found: &mut Vec<(Option<&'a str>, &'a Json)>) -> Json {
    match data {
        Json::List(items) => Json::List(items.iter().map(|item| parted(item, found)).collect()),
        Json::Object(fields) => {
            let mut rest = Vec::new();
            for (key, value) in fields {
                match key.as_str() {
                    "histograms" => found.push((data.get("folder").and_then(Json::text), value)),
                    "images" => rest.push((key.clone(), parted(value, found))),
                    _ => rest.push((key.clone(), value.clone())),
                }
            }
            Json::Object(rest)
        }
        other => other.clone(),
    }
}

/// The last part of a folder's path.
fn name_of(folder: &str) -> &str {
    folder.trim_end_matches('/').rsplit('/').next().unwrap_or(folder)
}

/// Histograms of pixels before and after the stretch, of a named folder.
fn pixels(folder: Option<&str>, histograms: &Json) -> Markup {
    let unit = histograms.get("unit").and_then(Json::text).unwrap_or("physical units");
    let files = histograms.get("files").and_then(Json::number).unwrap_or(0.0) as usize;
    let drawn: Vec<Markup> = [
        ("physical", "Pixels before the stretch", unit),
        ("signed", "Pixels after the stretch, as networks see them", "signed range"),
    ]
    .into_iter()
    .filter_map(|(key, title, unit)| {
        let bands = histograms.get(key)?.items();
        let lines = bands.iter().enumerate().filter_map(|(at, band)| line(at, bands.len(), band));
        let (title, vertical) = (title.to_owned(), "share of pixels in a bin");
        Chart { title, horizontal: unit, vertical, lines: lines.collect() }.draw()
    })
    .collect();
    if drawn.is_empty() {
        return html! {};
    }
    let bands = histograms.get("physical").map_or(&[][..], Json::items);
    let most = |key: &str| {
        let shares = bands.iter().filter_map(|band| band.get(key)?.number());
        rounded(100.0 * shares.fold(0.0, f64::max), 2)
    };
    html! {
        h3 { "Pixels" @if let Some(folder) = folder { " of " (folder) } }
        (charts(&drawn))
        p.note {
            "Of " (count(files, "training file", "training files")) ", evenly spread. At most "
            (most("below")) "% of a band's pixels are below the physical range shown, and "
            (most("above")) "% above it."
        }
    }
}

fn line(at: usize, bands: usize, band: &Json) -> Option<Line> {
    let counts: Vec<f64> = band.get("counts")?.items().iter().filter_map(Json::number).collect();
    let total: f64 = counts.iter().sum();
    let range = [band.get("low")?.number()?, band.get("high")?.number()?];
    // An empty bin has no place over powers of ten: there is a gap.
    let shares: Vec<f64> =
        counts.iter().map(|count| if *count > 0.0 { count / total } else { f64::NAN }).collect();
    let name = if bands == 1 { "pixels".to_owned() } else { format!("band {}", at + 1) };
    (total > 0.0).then(|| Line::bars(&name, range, &shares, at))
}
