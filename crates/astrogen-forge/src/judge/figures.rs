//! What is looked at: stars of a galaxy, true beside sampled.

use std::fs;

use astrogen_metrics::Profile;
use astrogen_plot::{
    Corner, MapRow, Maps, Points, ProfilePanel, Profiles, Rows, Scale, Series, left_out,
};
use astrogen_train::RunDir;

use super::GalaxyReport;
use super::physics::Named;
use crate::ForgeError;

/// Galaxies that are drawn at most.
const DRAWN: usize = 4;

/// What the two samples are called.
pub(super) const NAMES: [&str; 2] = ["true", "sampled"];

/// Which of so many galaxies are drawn, spread evenly over all of them.
pub(super) fn spread(galaxies: usize) -> Vec<usize> {
    let drawn = galaxies.min(DRAWN);
    (0..drawn).map(|number| number * galaxies / drawn).collect()
}

/// Draws a galaxy into the folder `figures` of a run: `ID-corner.png`, `ID-profiles.png` and
/// `ID-maps.png`. A line for each figure that could not be drawn.
pub(super) fn draw(
    run: &RunDir,
    log10: &[String],
    galaxy: &GalaxyReport,
    samples: [&Named<'_>; 2],
) -> Result<Vec<String>, ForgeError> {
    let folder = run.join("figures");
    fs::create_dir_all(&folder).map_err(|source| ForgeError::Io {
        action: "cannot make the folder",
        path: folder.clone(),
        source,
    })?;
    let name = |what: &str| format!("figures/{}-{what}.png", galaxy.id);
    let title = format!("galaxy {}, {} stars", galaxy.id, galaxy.stars);
    let figures = [
        (name("corner"), corner(run, &name("corner"), &title, log10, samples)),
        (name("profiles"), profiles(run, &name("profiles"), &title, galaxy, samples)),
        (name("maps"), maps(run, &name("maps"), &title, samples)),
    ];
    let mut lines = Vec::new();
    for (name, drawn) in figures {
        lines.extend(left_out(&name, drawn)?);
    }
    Ok(lines)
}

/// All features, two by two.
fn corner(
    run: &RunDir,
    name: &str,
    title: &str,
    log10: &[String],
    samples: [&Named<'_>; 2],
) -> Result<(), astrogen_plot::PlotError> {
    let is_log: Vec<bool> = samples[0].names.iter().map(|name| log10.contains(name)).collect();
    let labels = samples[0].names.iter().zip(&is_log);
    let labels = labels.map(|(name, log)| match log {
        true => format!("log10 {name}"),
        false => name.clone(),
    });
    let shown = samples.map(|sample| {
        let values = sample.stars.iter().zip(is_log.iter().cycle());
        values.map(|(&x, &log)| if log { x.log10() } else { x }).collect::<Vec<f64>>()
    });
    let corner = Corner { labels: labels.collect(), title: title.to_owned(), ..Corner::default() };
    corner.save(run.join(name), &[0, 1].map(|i| Rows::new(NAMES[i], &shown[i])))
}

/// A line a profile, of what is taken from it.
fn lines(of: &[Profile; 2], value: impl Fn(&Profile) -> Vec<f64>) -> Vec<Series> {
    let lines = of.iter().zip(NAMES);
    lines.map(|(of, name)| Series::new(name, of.middles().into_iter().zip(value(of)))).collect()
}

fn profiles(
    run: &RunDir,
    name: &str,
    title: &str,
    galaxy: &GalaxyReport,
    samples: [&Named<'_>; 2],
) -> Result<(), astrogen_plot::PlotError> {
    let Some(physics) = &galaxy.physics else { return Ok(()) };
    let panel = |x: &str, y: &str, series| ProfilePanel {
        x_label: x.to_owned(),
        y_label: y.to_owned(),
        series,
        ..ProfilePanel::default()
    };
    let (radius, rotation) = ("R [kpc]", &physics.rotation);
    let metals = samples[0].metallicity().map_or("", |(_, name)| name);
    let mut panels = vec![
        panel(radius, "mean rotation [km/s]", lines(rotation, |of| of.mean.clone())),
        panel(radius, "its dispersion [km/s]", lines(rotation, |of| of.dispersion.clone())),
        ProfilePanel {
            y_scale: Scale::Log,
            ..panel(radius, "stars per kpc²", lines(rotation, Profile::surface_density))
        },
    ];
    let means = |of: &Profile| of.mean.clone();
    if let Some(of) = &physics.metallicity {
        panels.push(panel(radius, &format!("mean {metals}"), lines(of, means)));
    }
    if let Some(of) = &physics.age_metallicity {
        panels.push(panel("age [Gyr]", &format!("mean {metals}"), lines(of, means)));
    }
    Profiles { title: title.to_owned(), ..Profiles::default() }.save(run.join(name), &panels)
}

/// Face-on and edge-on, and the planes of ages, metals and oxygen; true beside sampled.
fn maps(
    run: &RunDir,
    name: &str,
    title: &str,
    samples: [&Named<'_>; 2],
) -> Result<(), astrogen_plot::PlotError> {
    let metals = samples.map(|sample| sample.metallicity().map(|(values, _)| values));
    let called = samples[0].metallicity().map_or("", |(_, name)| name);
    let [x, y, z, age, ofe] =
        ["x", "y", "z", "age", "ofe"].map(|name| samples.map(|sample| sample.column(name)));
    let planes = [
        ("x [kpc]", &x, "y [kpc]", &y, true),
        ("x [kpc]", &x, "z [kpc]", &z, true),
        ("age [Gyr]", &age, called, &metals, false),
        (called, &metals, "[O/Fe]", &ofe, false),
    ];
    let rows: Vec<MapRow<'_>> = planes
        .iter()
        .filter_map(|(x_label, x, y_label, y, equal_aspect)| {
            let points = |i: usize| Some(Points::new(NAMES[i], x[i].as_ref()?, y[i].as_ref()?));
            let row = MapRow::new(x_label, y_label, [points(0)?, points(1)?]);
            Some(MapRow { equal_aspect: *equal_aspect, ..row })
        })
        .collect();
    Maps { title: title.to_owned(), ..Maps::default() }.save(run.join(name), &rows)
}
