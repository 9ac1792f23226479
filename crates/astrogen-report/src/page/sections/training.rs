//! Evaluations and losses over time, and what was said meanwhile.

use astrogen_train::History;
use maud::{Markup, html};

use crate::page::chart::{Chart, Line, charts};
use crate::page::contents::Contents;
use crate::page::tables::fold;
use crate::page::words::human;

/// Remarks that are shown unfolded.
const REMARKS: usize = 8;

pub(super) fn body(contents: &Contents) -> Option<Markup> {
    let drawn = |histories: &[(String, History)]| -> Vec<(String, Vec<Markup>)> {
        let each = histories.iter().map(|(name, history)| (name.clone(), drawn(history)));
        each.filter(|(_, charts)| !charts.is_empty()).collect()
    };
    let (scores, losses) = (drawn(&contents.scores), drawn(&contents.losses));
    let remarks = &contents.log.remarks;
    if scores.is_empty() && losses.is_empty() && remarks.is_empty() {
        return None;
    }
    let list = |remarks: &[(u64, String)]| {
        html! {
            ul.remarks { @for (step, text) in remarks { li { span.quiet { "Step " (step) ": " } (text) } } }
        }
    };
    let part = |title: &str, groups: &[(String, Vec<Markup>)]| {
        html! {
            @for (name, drawn) in groups {
                @if name.is_empty() { h3 { (title) } (charts(drawn)) }
                @else { (fold(&format!("{title} of {name}"), charts(drawn))) }
            }
        }
    };
    Some(html! {
        (part("Evaluations", &scores))
        (part("Losses", &losses))
        @if !remarks.is_empty() {
            h3 { "Said on the way" }
            (list(&remarks[..remarks.len().min(REMARKS)]))
            @if remarks.len() > REMARKS {
                (fold(&format!("{} more", remarks.len() - REMARKS), list(&remarks[REMARKS..])))
            }
        }
    })
}

/// Charts of a history: columns that end in the same word share one, and the floor is in that of what
/// it is the floor of.
fn drawn(history: &History) -> Vec<Markup> {
    let mut groups: Vec<(&str, Vec<usize>)> = Vec::new();
    let names: Vec<&str> = history.losses.iter().map(|(name, _)| name.as_str()).collect();
    for (at, name) in names.iter().enumerate() {
        let kind = match name.strip_suffix("_floor") {
            // That of the column of this name, or, of a plain floor, of the first column.
            Some(of) if names.contains(&of) => kind(of),
            _ if *name == "floor" && at > 0 => kind(names[0]),
            _ => kind(name),
        };
        match groups.iter_mut().find(|(own, _)| *own == kind) {
            Some((_, columns)) => columns.push(at),
            None => groups.push((kind, vec![at])),
        }
    }
    let chart = |(kind, columns): &(&str, Vec<usize>)| {
        let lines = columns.iter().enumerate().map(|(colour, &column)| {
            let (name, values) = &history.losses[column];
            let points =
                history.steps.iter().zip(values).map(|(&step, &value)| [step as f64, value]);
            let line = Line::new(name, points.collect(), colour);
            if name.ends_with("floor") { line.dashed() } else { line }
        });
        let lines: Vec<Line> = lines.collect();
        let own = columns.iter().filter(|&&column| !names[column].ends_with("floor"));
        let own: Vec<&usize> = own.collect();
        let title = match own.as_slice() {
            [one] => human(names[**one]),
            _ => human(kind),
        };
        Chart { title, horizontal: "step", vertical: "", lines }.draw()
    };
    groups.iter().filter_map(chart).collect()
}

/// What columns of one chart have in common: `loss` of `critic_loss`.
fn kind(name: &str) -> &str {
    match name.rsplit_once('_') {
        Some((_, last @ ("loss" | "score" | "error" | "nll" | "accuracy"))) => last,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_share_a_chart_and_a_floor_goes_with_what_it_is_of() {
        let column = |name: &str| (name.to_owned(), vec![1.0, 2.0]);
        let names = ["critic_loss", "gradient_norm", "generator_loss", "kid", "kid_floor"];
        let history = History { steps: vec![1, 2], losses: names.map(column).to_vec() };
        let titles: Vec<String> = drawn(&history)
            .into_iter()
            .map(|chart| {
                let html = chart.into_string();
                let title = html.split("<strong>").nth(1).and_then(|rest| rest.split('<').next());
                title.unwrap_or_default().to_owned()
            })
            .collect();
        assert_eq!(titles, ["Loss", "Gradient norm", "KID"]);
    }
}
