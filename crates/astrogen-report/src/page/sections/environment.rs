//! Where each session ran, and the seeds of the run.

use maud::{Markup, html};

use crate::page::contents::Contents;
use crate::page::json::Json;
use crate::page::sessions::{End, Session};
use crate::page::tables::{Tables, scroll};
use crate::page::words::{duration, human, moment};

pub(super) fn body(contents: &Contents) -> Option<Markup> {
    let sessions = &contents.log.sessions;
    let mut seeds = Vec::new();
    if let Some(config) = &contents.config {
        gather(config, &mut String::new(), &mut seeds);
    }
    (!sessions.is_empty() || !seeds.is_empty()).then(|| {
        html! {
            @if !sessions.is_empty() { (table(sessions)) }
            @for (number, environment) in environments(sessions) {
                (Tables::of_settings("log.jsonl").draw(&number, environment))
            }
            @if !sessions.is_empty() && sessions.iter().all(|session| session.environment.is_none()) {
                p.note { "The version that trained did not write down where it ran." }
            }
            @if !seeds.is_empty() {
                (scroll("Seeds", html! {
                    table.pairs {
                        caption { "Seeds" }
                        tbody { @for (name, seed) in &seeds {
                            tr { th scope="row" { (name) } td.num { (seed) } }
                        } }
                    }
                }))
            }
        }
    })
}

fn table(sessions: &[Session]) -> Markup {
    scroll(
        "Sessions",
        html! {
            table {
                caption { "Sessions" }
                thead { tr {
                    @for name in ["Session", "Began", "Took"] { th scope="col" { (name) } }
                    @for name in ["From step", "To step"] { th.num scope="col" { (name) } }
                    th scope="col" { "End" }
                } }
                tbody { @for (number, session) in (1..).zip(sessions) { tr {
                    th scope="row" { (number) }
                    td { (moment(session.time[0])) }
                    td { (duration(session.time[1] - session.time[0])) }
                    td.num { (session.steps[0]) }
                    td.num { (session.steps[1]) }
                    td { (match session.end {
                        Some(End::Finished) => "finished",
                        Some(End::Stopped) => "stopped",
                        None => "none told of",
                    }) }
                } } }
            }
        },
    )
}

/// The environments that sessions ran in, each with the sessions that share it.
fn environments(sessions: &[Session]) -> Vec<(String, &Json)> {
    let mut shared: Vec<(Vec<String>, &Json)> = Vec::new();
    for (number, session) in (1..).zip(sessions) {
        let Some(environment) = &session.environment else { continue };
        match shared.iter_mut().find(|(_, own)| *own == environment) {
            Some((numbers, _)) => numbers.push(number.to_string()),
            None => shared.push((vec![number.to_string()], environment)),
        }
    }
    let named = |(numbers, environment): (Vec<String>, _)| {
        let plural = if numbers.len() == 1 { "" } else { "s" };
        (format!("Environment of session{plural} {}", numbers.join(", ")), environment)
    };
    shared.into_iter().map(named).collect()
}

/// Every setting named `seed`, with where it stands.
fn gather(value: &Json, path: &mut String, seeds: &mut Vec<(String, String)>) {
    let Json::Object(fields) = value else { return };
    for (key, value) in fields {
        let length = path.len();
        if !path.is_empty() {
            path.push_str(" · ");
        }
        path.push_str(&human(key));
        match value {
            Json::Whole(seed) if key == "seed" || key.ends_with("_seed") => {
                seeds.push((path.clone(), seed.to_string()));
            }
            _ => gather(value, path, seeds),
        }
        path.truncate(length);
    }
}
