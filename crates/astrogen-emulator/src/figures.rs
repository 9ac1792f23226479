//! The figures that show whether an emulator can be trusted.

use astrogen_metrics::Pit;
use astrogen_plot::{
    Density, Histograms, Panel, Points, QuantileBands, Scale, Values, left_out, save_pit,
};
use astrogen_train::RunDir;
use ndarray::Array2;

use crate::EmulatorError;
use crate::held_out::HeldOut;

/// Draws every figure that the number of bands allows into the run's folder, of the rows that
/// each emulator made: the first is the one to be trusted, others are compared in the tails. Lines
/// that say which are left out.
pub(crate) fn draw(
    run: &RunDir,
    held_out: &HeldOut,
    emulators: &[(&str, Array2<f64>)],
) -> Result<Vec<String>, EmulatorError> {
    let mut lines = Vec::new();
    let Some((name, rows)) = emulators.first() else { return Ok(lines) };
    let columns = |rows: &Array2<f64>| -> Vec<Vec<f64>> {
        rows.columns().into_iter().map(|column| column.to_vec()).collect()
    };
    let (truth, observed) = (columns(&held_out.truth), columns(&held_out.observed));
    let generated = columns(rows);
    let bands = &held_out.bands;

    // Colour against magnitude, and colour against colour.
    let colours = |of: &[Vec<f64>]| -> Vec<Vec<f64>> {
        of.windows(2)
            .map(|pair| pair[0].iter().zip(&pair[1]).map(|(a, b)| a - b).collect())
            .collect()
    };
    let colour_names: Vec<String> = bands.windows(2).map(|pair| pair.join(" - ")).collect();
    let (real, fake) = (colours(&observed), colours(&generated));
    if bands.len() > 1 {
        let file = "colour-magnitude.png";
        let drawn = Density {
            x_label: bands[1].clone(),
            y_label: colour_names[0].clone(),
            ..titled("Colour and magnitude")
        }
        .save(
            run.join(file),
            &[
                Points::new("observed", &observed[1], &real[0]),
                Points::new(name, &generated[1], &fake[0]),
            ],
        );
        lines.extend(left_out(file, drawn)?);
    }
    if bands.len() > 2 {
        let file = "colour-colour.png";
        let drawn = Density {
            x_label: colour_names[0].clone(),
            y_label: colour_names[1].clone(),
            ..titled("Two colours")
        }
        .save(
            run.join(file),
            &[Points::new("observed", &real[0], &real[1]), Points::new(name, &fake[0], &fake[1])],
        );
        lines.extend(left_out(file, drawn)?);
    }

    // What is compared, along the true magnitude.
    let compared = columns(&held_out.compared(&held_out.observed));
    let emulated: Vec<(&str, Vec<Vec<f64>>)> =
        emulators.iter().map(|(name, rows)| (*name, columns(&held_out.compared(rows)))).collect();
    if truth.len() == bands.len() {
        let panels: Vec<_> = (0..bands.len())
            .map(|band| {
                let samples = [
                    Points::new("observed", &truth[band], &compared[band]),
                    Points::new(name, &truth[band], &emulated[0].1[band]),
                ];
                Panel::new(&bands[band], samples)
            })
            .collect();
        let file = "residuals.png";
        let drawn = QuantileBands {
            title: "Median, 68 and 95 per cent along the true magnitude".into(),
            x_label: "true magnitude".into(),
            y_label: held_out.quantity().into(),
            ..QuantileBands::default()
        }
        .save(run.join(file), &panels);
        lines.extend(left_out(file, drawn)?);
    }

    // Tails of bands and colours.
    let of_colours: Vec<_> = emulated.iter().map(|(name, bands)| (*name, colours(bands))).collect();
    let real_colours = colours(&compared);
    for (file, names, real, fakes) in [
        ("tails.png", bands, &compared, &emulated),
        ("colour-tails.png", &colour_names, &real_colours, &of_colours),
    ] {
        if names.is_empty() {
            continue;
        }
        let panels: Vec<_> = (0..names.len())
            .map(|panel| {
                let fakes = fakes.iter().map(|(name, values)| Values::new(name, &values[panel]));
                let samples = std::iter::once(Values::new("observed", &real[panel])).chain(fakes);
                Panel::new(&names[panel], samples)
            })
            .collect();
        let drawn = Histograms {
            title: format!("{}, down to the tails", held_out.quantity()),
            x_label: held_out.quantity().into(),
            y_scale: Scale::Log,
            ..Histograms::default()
        }
        .save(run.join(file), &panels);
        lines.extend(left_out(file, drawn)?);
    }
    Ok(lines)
}

/// Draws the calibration of each band: where the observed value lies among the draws.
pub(crate) fn draw_calibration(
    run: &RunDir,
    held_out: &HeldOut,
    emulators: &[(&str, Vec<Array2<f64>>)],
) -> Result<Option<String>, EmulatorError> {
    let pit = |band: usize, draws: &[Array2<f64>]| -> Result<Pit, EmulatorError> {
        let observed = held_out.observed.column(band).to_vec();
        let rows = 0..observed.len();
        let draws: Vec<f64> =
            rows.flat_map(|row| draws.iter().map(move |draw| draw[[row, band]])).collect();
        Ok(Pit::new(&observed, &draws, 0)?)
    };
    let mut pits = Vec::new();
    for band in 0..held_out.bands.len() {
        let of_band = emulators.iter().map(|(name, draws)| Ok((*name, pit(band, draws)?)));
        pits.push(of_band.collect::<Result<Vec<_>, EmulatorError>>()?);
    }
    let panels: Vec<_> = held_out
        .bands
        .iter()
        .zip(&pits)
        .map(|(band, pits)| {
            Panel::new(band, pits.iter().map(|(name, pit)| Values::new(name, pit.values())))
        })
        .collect();
    let file = "calibration.png";
    Ok(left_out(file, save_pit(run.join(file), "Observed among generated values", &panels))?)
}

fn titled(title: &str) -> Density {
    Density { title: title.into(), ..Density::default() }
}
