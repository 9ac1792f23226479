//! A run as one page for a browser: `report.html` in its folder.
//!
//! The page is made of the folder alone, of any run, also of one that is under way, was killed, or was
//! made by an earlier version: what is not there is not shown. It is one file: pictures are data in
//! it, it asks for nothing from anywhere, a policy in its head forbids the browser to, and it can be
//! read with scripts blocked. Whatever comes from files is text in it, never markup.

mod chart;
mod contents;
mod json;
mod pictures;
mod sections;
mod sessions;
mod tables;
mod words;

use std::path::PathBuf;

use astrogen_train::RunDir;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::ReportError;
use contents::Contents;
use sections::{Section, heading, sections};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Writes `report.html` into the run's folder, whole or not at all, and says where it is.
///
/// The page has the numbers of `report.json`, samples over time beside real images, figures, losses and
/// evaluations as curves, a summary of the data, settings, sessions with their environment, and a list
/// of the files; each as far as the folder has it. Up to 24 MiB of pictures are in it; it names those
/// that are not.
///
/// # Errors
/// [`ReportError::Train`] where the file cannot be written.
pub fn write_page(run: &RunDir) -> Result<PathBuf, ReportError> {
    let path = run.report_path("html");
    if !run.group().is_first() {
        return Ok(path); // the first process's
    }
    let page = page(&Contents::of(run)).into_string();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    run.write_text(&name, &page)?;
    Ok(path)
}

fn page(contents: &Contents) -> Markup {
    let sections = sections(contents);
    let policy = format!(
        "default-src 'none'; img-src data:; style-src '{}'; script-src '{}'; base-uri 'none'; \
         form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    );
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(concat!("astrogen ", env!("CARGO_PKG_VERSION")));
                title { (contents.name) " · astrogen" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the report" }
                (heading(contents))
                div.columns {
                    nav aria-label="Sections" {
                        ul { @for Section { id, title, .. } in &sections {
                            li { a href=(format!("#{id}")) { (title) } }
                        } }
                    }
                    main id="main" tabindex="-1" {
                        @for Section { id, title, body } in &sections {
                            section id=(id) aria-labelledby=(format!("{id}-title")) {
                                h2 id=(format!("{id}-title")) { (title) }
                                (body)
                            }
                        }
                    }
                }
                footer { p { "Made by astrogen " (env!("CARGO_PKG_VERSION")) " of the files in the run's folder." } }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// The digest by which a policy lets a script or a style of the page itself.
fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}
