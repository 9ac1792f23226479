//! What a generator made over time, beside real images.

use maud::{Markup, html};

use crate::page::contents::Contents;
use crate::page::pictures::Picture;

/// How wide a picture may be beside another one, in pixels of the page.
const HALF: u32 = 470;

pub(super) fn body(contents: &Contents) -> Option<Markup> {
    let pictures = &contents.pictures;
    let (last, earlier) = match pictures.grids.split_last() {
        Some((last, earlier)) => (Some(last), earlier),
        None => (None, &[][..]),
    };
    if last.is_none() && pictures.real.is_none() {
        return None;
    }
    let all = pictures.all_grids;
    Some(html! {
        div.samples {
            div.pair {
                @if let Some(real) = &pictures.real {
                    (card("Real images", "A grid of real images", real, false))
                }
                @if let Some((step, grid)) = last {
                    (card(&of_step(*step), "A grid of generated samples", grid, true))
                }
            }
            @if last.is_some() && !earlier.is_empty() {
                // The script shows it, since without one it would do nothing.
                div.time hidden {
                    label for="time" { "Step of the samples" }
                    input id="time" type="range" min="0" max=(earlier.len()) value=(earlier.len()) step="1";
                }
            }
            p.zoom { label { input type="checkbox"; " Pixel by pixel, twice as large" } }
            @if !earlier.is_empty() {
                div.earlier {
                    h3 { "Earlier samples" }
                    ol.strip tabindex="0" aria-label="Earlier samples" {
                        @for (step, grid) in earlier {
                            li { (card(&of_step(*step), "A grid of generated samples", grid, false)) }
                        }
                    }
                }
            }
            @if all > pictures.grids.len() {
                p.note {
                    (pictures.grids.len()) " of " (all) " grids, evenly chosen; all are in "
                    code { "samples/" } "."
                }
            }
        }
    })
}

fn of_step(step: u64) -> String {
    format!("Generated, step {step}")
}

/// A grid on paper; enlarged by whole pixels where it is small.
fn card(title: &str, what: &str, picture: &Picture, shown: bool) -> Markup {
    let Picture { file, data, width, height, .. } = picture;
    let times = (HALF / width.max(&1)).max(1);
    let class = if *width <= HALF { "paper exact" } else { "paper" };
    html! {
        figure id=[shown.then_some("shown")] {
            div.frame tabindex="0" role="group" aria-label=(title) {
                img class=(class) src=(data) width=(width * times) height=(height * times)
                    alt=(format!("{what}: {title}"));
            }
            figcaption { span.what { (title) } " " a.file href=(href(file)) { (file) } }
        }
    }
}

/// A link to a file of the run's folder.
pub(super) fn href(file: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let encoded = file.bytes().map(|byte| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    format!("./{}", encoded.collect::<String>())
}
