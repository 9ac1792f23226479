//! What was found in the end: the numbers of report.json.

use maud::{Markup, html};

use crate::page::contents::Contents;
use crate::page::tables::{Tables, fold};

pub(super) fn body(contents: &Contents) -> Option<Markup> {
    let Contents { report, posterior, trials, words, .. } = contents;
    let title = match contents.best {
        Some(_) => "Report of the best checkpoint",
        None => "What was found",
    };
    let found = [report, posterior, trials].iter().any(|json| json.is_some());
    (found || words.is_some()).then(|| {
        html! {
            @if let Some(report) = report {
                (Tables::of_results("report.json").draw(title, report))
            }
            @if let Some(posterior) = posterior {
                (Tables::of_results("posterior.json").draw("Posteriors", posterior))
            }
            @if let Some(trials) = trials {
                (Tables::of_results("search.csv").draw("Trials, the best first", trials))
            }
            @if let Some(words) = words {
                (fold("The same in words", html! { pre.scroll tabindex="0" { (words) } }))
            }
        }
    })
}
