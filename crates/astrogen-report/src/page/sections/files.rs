//! What is in the run's folder.

use std::fs;
use std::path::Path;

use maud::{Markup, html};

use super::samples::href;
use crate::page::contents::{Contents, entries};
use crate::page::tables::scroll;
use crate::page::words::{bytes, count};

/// What is in the files that all runs have, and some others.
const KNOWN: [(&str, &str); 20] = [
    ("anomalies.csv", "each image with its scores and its places by them"),
    ("best", "weights of the best checkpoint"),
    ("checkpoints", "all that training goes on from"),
    ("conditions.json", "what each galaxy's stars are given"),
    ("config.json", "every setting"),
    ("data.json", "what was found of the data"),
    ("figures", "figures"),
    ("generator.safetensors", "weights of the last checkpoint's generator"),
    ("history.csv", "losses by step"),
    ("latents", "latents of images"),
    ("log.jsonl", "every event of the training"),
    ("losses.png", "the losses drawn"),
    ("metrics.csv", "numbers of evaluations by step"),
    ("report.json", "what was found in the end"),
    ("report.txt", "the same in words"),
    ("reports.jsonl", "what evaluations found beside their numbers"),
    ("samples", "grids of samples, and of real images"),
    ("saved.json", "the checkpoint that all is written of"),
    ("scores.csv", "numbers of evaluations by step"),
    ("search.csv", "the trials of a search"),
];

/// Files and folders that are listed.
const LISTED: usize = 100;

pub(super) fn body(contents: &Contents) -> Option<Markup> {
    let own = |path: &Path| {
        let name = path.file_name()?.to_str()?;
        (!name.starts_with('.') && name != "report.html").then(|| name.to_owned())
    };
    let mut files = entries(&contents.path);
    files.retain(|path| own(path).is_some());
    let more = files.len().saturating_sub(LISTED);
    files.truncate(LISTED);
    (!files.is_empty()).then(|| {
        html! {
            (scroll("Files", html! {
                table.listing {
                    caption { "Files in " code { (contents.name) } }
                    thead { tr {
                        th scope="col" { "File" } th.num scope="col" { "Size" } th scope="col" { "What it is" }
                    } }
                    tbody { @for path in &files { @if let Some(name) = own(path) { tr {
                        th scope="row" { a href=(href(&name)) { (name) @if path.is_dir() { "/" } } }
                        td.num { (size(path)) }
                        td { (what(&name)) }
                    } } } }
                }
            }))
            @if more > 0 { p.note { (more) " more" } }
        }
    })
}

/// Of a folder the number of its files, too.
fn size(path: &Path) -> String {
    let Ok(metadata) = fs::metadata(path) else { return String::new() };
    if metadata.is_dir() {
        let (files, size) = inside(path, 2);
        return format!("{}, {}", count(files, "file", "files"), bytes(size));
    }
    bytes(metadata.len())
}

/// Files below a folder and their size, so many folders deep.
fn inside(folder: &Path, depth: usize) -> (usize, u64) {
    entries(folder).iter().fold((0, 0), |(files, size), path| match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() && depth > 0 => {
            let (more, larger) = inside(path, depth - 1);
            (files + more, size + larger)
        }
        Ok(metadata) if metadata.is_file() => (files + 1, size + metadata.len()),
        _ => (files, size),
    })
}

fn what(name: &str) -> &'static str {
    match KNOWN.binary_search_by_key(&name, |(known, _)| known) {
        Ok(at) => KNOWN[at].1,
        Err(_) if name.starts_with("events.out.tfevents.") => "the same for TensorBoard",
        Err(_) if name.ends_with(".safetensors") => "weights",
        Err(_) if name.ends_with(".png") => "a picture",
        Err(_) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_files_are_sorted_so_that_they_are_found() {
        assert!(KNOWN.is_sorted_by_key(|(name, _)| name));
        assert_eq!(what("config.json"), "every setting");
        assert_eq!(what("autoencoder.safetensors"), "weights");
    }
}
