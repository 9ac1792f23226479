//! The sections of a page, each of what it needs.

mod data;
mod environment;
mod figures;
mod files;
mod head;
mod numbers;
mod samples;
mod settings;
mod training;

use maud::Markup;

use super::contents::Contents;

pub(super) use head::heading;

/// A section with its heading.
#[derive(Debug)]
pub(super) struct Section {
    /// What links to it.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) body: Markup,
}

/// What draws a section; nothing of a run that has nothing for it.
type Body = fn(&Contents) -> Option<Markup>;

/// Those that a run has something for, in their order.
pub(super) fn sections(contents: &Contents) -> Vec<Section> {
    let all: [(&str, &str, Body); 8] = [
        ("numbers", "Numbers", numbers::body),
        ("samples", "Samples", samples::body),
        ("figures", "Figures", figures::body),
        ("training", "Training", training::body),
        ("data", "Data", data::body),
        ("settings", "Settings", settings::body),
        ("environment", "Environment and seeds", environment::body),
        ("files", "Files", files::body),
    ];
    let with_body =
        |(id, title, body): (_, _, Body)| body(contents).map(|body| Section { id, title, body });
    all.into_iter().filter_map(with_body).collect()
}
