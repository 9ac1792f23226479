//! What the run is, how far it came, and its best checkpoint.

use maud::{Markup, html};

use crate::page::contents::Contents;
use crate::page::json::Json;
use crate::page::sessions::End;
use crate::page::words::{count, duration, human, moment, short};

/// The head of the page.
pub(in crate::page) fn heading(contents: &Contents) -> Markup {
    let facts = facts(contents);
    html! {
        header {
            p.kind { (contents.config.as_ref().map_or("Training run", algorithm)) }
            h1 { (contents.name) }
            dl.facts { @for (name, fact) in &facts { div { dt { (name) } dd { (fact) } } } }
            @for fault in &contents.faults { p.fault { (fault) } }
        }
    }
}

/// What a run trains or finds out, as its settings tell.
fn algorithm(config: &Json) -> &'static str {
    let has = |path: &[&str]| path.iter().try_fold(config, |value, key| value.get(key)).is_some();
    let recipe = config.get("recipe").and_then(Json::text);
    match recipe {
        Some("sharp") => {
            return "Images · DCGAN, relativistic with gradient penalties (sharp recipe)";
        }
        Some("r3gan") => return "Images · R3GAN, relativistic with gradient penalties",
        Some("article") => return "Images · DCGAN (the article's recipe)",
        _ => {}
    }
    if has(&["skies"]) {
        "Two sets of images compared"
    } else if has(&["inversion"]) && has(&["inject"]) {
        "Odd images · scores of a trained run and of an autoencoder"
    } else if has(&["classifier"]) && has(&["per_class"]) {
        "Few labelled images · generated images beside real ones for a classifier"
    } else if has(&["space"]) && has(&["base"]) {
        "Search for settings of an emulator"
    } else if has(&["galaxies"]) && has(&["flow"]) {
        "Galaxies star by star · normalizing flow given images and parameters"
    } else if has(&["images"]) && has(&["held_out"]) {
        "Images of galaxies · autoencoder"
    } else if has(&["data", "truth"]) {
        "Emulator of a survey · conditional Wasserstein GAN with gradient penalty"
    } else if has(&["flow"]) && has(&["data"]) {
        "Density of a catalogue · normalizing flow"
    } else if has(&["algorithm", "n_critic"]) {
        "Images · Wasserstein GAN with gradient penalty"
    } else {
        "Training run"
    }
}

fn facts(contents: &Contents) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let log = &contents.log;
    let fit = |key: &str| contents.config.as_ref()?.get("fit")?.get(key);
    let step = log.sessions.last().map(|session| session.steps[1]);
    let step = step.or_else(|| contents.losses.first()?.1.steps.last().copied());
    let wanted = log.sessions.last().map(|session| session.wanted);
    let wanted =
        wanted.filter(|wanted| *wanted > 0).or_else(|| Some(fit("steps")?.number()? as u64));
    match (step, wanted) {
        (Some(step), Some(wanted)) if step < wanted => {
            facts.push(("Steps", format!("{step} of {wanted}")));
        }
        (Some(step), _) => facts.push(("Steps", step.to_string())),
        (None, Some(wanted)) => facts.push(("Steps", format!("none told of, of {wanted}"))),
        (None, None) => {}
    }
    if let Some(last) = log.sessions.last() {
        let state = match last.end {
            Some(End::Stopped) => "stopped; it can be resumed",
            Some(end) => end.in_words(),
            None => "under way, or ended without a word",
        };
        facts.push(("State", state.to_owned()));
    }
    if let Some((step, score)) = contents.best {
        // {"highest": NAME}, of which the score is the negative, {"lowest": NAME}, or no name.
        let by = |kind: &str| fit("best_by")?.get(kind)?.text();
        let (by, score) = match (by("highest"), by("lowest")) {
            (Some(name), _) => (human(name), -score),
            (_, Some(name)) => (human(name), score),
            _ => ("score".to_owned(), score),
        };
        facts.push(("Best checkpoint", format!("step {step}, {by} {}", short(score))));
    }
    if let (Some(first), Some(last)) = (log.sessions.first(), log.sessions.last()) {
        let sessions = count(log.sessions.len(), "session", "sessions");
        facts.push(("Time", format!("{} in {sessions}", duration(log.seconds()))));
        facts.push(("Begun", moment(first.time[0])));
        facts.push(("Last written", moment(last.time[1])));
    }
    facts
}
