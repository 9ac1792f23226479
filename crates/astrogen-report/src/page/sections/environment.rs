//! Where each session ran, and the seeds of the run.

use maud::{Markup, html};

use crate::page::contents::Contents;
use crate::page::json::Json;
use crate::page::sessions::{End, Session};
use crate::page::tables::{Tables, scroll};
use crate::page::words::{duration, human, moment};

pub(super) fn body(contents: &Contents) -> Option<Markup> {
    let sessions = sessions(contents);
    let mut seeds = Vec::new();
    if let Some(config) = &contents.config {
        gather(config, &mut String::new(), &mut seeds);
    }
    (!sessions.is_empty() || !seeds.is_empty()).then(|| {
        html! {
            @if !sessions.is_empty() { (table(&sessions)) }
            @for (number, environment) in environments(&sessions) {
                (Tables::of_settings("log.jsonl").draw(&number, environment))
            }
            @if !sessions.is_empty() && sessions.iter().all(|(_, session)| session.environment.is_none()) {
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

/// The sessions of the run, or, where it has none itself, those of the runs in it, by number and name.
fn sessions(contents: &Contents) -> Vec<(String, &Session)> {
    let own = (1..).zip(&contents.log.sessions);
    let own: Vec<_> =
        own.map(|(number, session): (u32, _)| (number.to_string(), session)).collect();
    if !own.is_empty() {
        return own;
    }
    let inner = contents.inner_logs.iter().flat_map(|(name, log)| {
        (1..).zip(&log.sessions).map(move |(number, session): (u32, _)| match log.sessions.len() {
            1 => (name.clone(), session),
            _ => (format!("{name}, {number}"), session),
        })
    });
    inner.collect()
}

fn table(sessions: &[(String, &Session)]) -> Markup {
    let with_device = sessions.iter().any(|(_, session)| session.device.is_some());
    scroll(
        "Sessions",
        html! {
            table {
                caption { "Sessions" }
                thead { tr {
                    @for name in ["Session", "Began", "Took"] { th scope="col" { (name) } }
                    @for name in ["From step", "To step"] { th.num scope="col" { (name) } }
                    th scope="col" { "End" }
                    @if with_device { th scope="col" { "Device" } }
                } }
                tbody { @for (name, session) in sessions { tr {
                    th scope="row" { (name) }
                    td { (moment(session.time[0])) }
                    td { (duration(session.time[1] - session.time[0])) }
                    td.num { (session.steps[0]) }
                    td.num { (session.steps[1]) }
                    td { (session.end.map_or("none told of", End::in_words)) }
                    @if with_device { td { (session.device.as_deref().unwrap_or("none told of")) } }
                } } }
            }
        },
    )
}

/// The environments that sessions ran in, each with the sessions that share it.
fn environments<'a>(sessions: &[(String, &'a Session)]) -> Vec<(String, &'a Json)> {
    let mut shared: Vec<(Vec<&str>, &Json)> = Vec::new();
    for (name, session) in sessions {
        let Some(environment) = &session.environment else { continue };
        match shared.iter_mut().find(|(_, own)| *own == environment) {
            Some((names, _)) => names.push(name),
            None => shared.push((vec![name], environment)),
        }
    }
    let named = |(names, environment): (Vec<&str>, _)| {
        let plural = if names.len() == 1 { "" } else { "s" };
        (format!("Environment of session{plural} {}", names.join(", ")), environment)
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
