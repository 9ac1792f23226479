//! The values of pixels of two sets as histograms.

use astrogen_plot::{Histograms, Panel, PlotError, Values};
use astrogen_train::RunDir;
use tch::{Device, Kind, Tensor};

use crate::ReportError;

/// Pixels whose histogram is drawn, at most, of either set.
const MOST: i64 = 200_000;

/// Draws the values of pixels of two named sets into `figures/pixels.png` of a run's folder.
pub(super) fn pixels(
    run: &RunDir,
    sets: [&Tensor; 2],
    names: [&str; 2],
) -> Result<Result<(), PlotError>, ReportError> {
    let channels = sets[0].size()[1];
    // Three bands have room beside each other.
    let shown = channels.min(3);
    let mut all = Vec::new();
    for channel in 0..shown {
        all.push([values(sets[0], channel, MOST)?, values(sets[1], channel, MOST)?]);
    }
    let titles: Vec<String> = (0..shown).map(title).collect();
    let panels: Vec<Panel<'_, Values<'_>>> = all
        .iter()
        .zip(&titles)
        .map(|(sets, title)| {
            let samples = [0, 1].map(|set| Values::new(names[set], &sets[set]));
            Panel::new(title, samples.to_vec())
        })
        .collect();
    let figure = Histograms {
        title: "Values of pixels".into(),
        x_label: "value in [-1, 1]".into(),
        range: Some((-1.0, 1.0)),
        ..Histograms::default()
    };
    Ok(figure.save(run.join("figures/pixels.png"), &panels))
}

/// What a channel is called, counted as on the page of a run.
fn title(channel: i64) -> String {
    format!("band {}", channel + 1)
}

/// The values of a channel, evenly chosen from all places of all images where there are more than `most`.
fn values(set: &Tensor, channel: i64, most: i64) -> Result<Vec<f64>, ReportError> {
    let (_, _, height, width) = set.size4()?;
    let pixels = set.f_select(1, channel)?.f_reshape([-1])?;
    let stride = stride(pixels.numel() as i64, height * width, most);
    let pixels = pixels.f_slice(0, None, None, stride)?.f_to_kind(Kind::Double)?;
    Ok(Vec::try_from(pixels.f_to_device(Device::Cpu)?.f_contiguous()?)?)
}

/// The distance of chosen pixels: one that shares no factor with the size of an image comes to all its
/// columns and rows alike.
fn stride(pixels: i64, image: i64, most: i64) -> i64 {
    let least = (pixels + most - 1) / most;
    (least.max(1)..).find(|stride| shares_no_factor(*stride, image)).unwrap_or(1)
}

fn shares_no_factor(mut a: i64, mut b: i64) -> bool {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a == 1
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn bands_are_counted_from_one() {
        assert_eq!([0, 1, 2].map(title), ["band 1", "band 2", "band 3"]);
    }

    #[test]
    fn chosen_pixels_are_of_all_columns_and_rows() {
        // Every place of an image of 8 x 6 pixels has its own value.
        let places = Tensor::arange(48, (Kind::Float, Device::Cpu)).view([1, 1, 8, 6]);
        let images = places.repeat([100, 2, 1, 1]);
        // Every 6th, 12th and 48th pixel would be of one column, or of one place.
        for most in [800, 400, 100] {
            let chosen = values(&images, 1, most).unwrap();
            assert!(chosen.len() <= most as usize && chosen.len() > most as usize / 2, "{most}");
            let (mut columns, mut rows) = ([0; 6], [0; 8]);
            for place in chosen.iter().map(|value| *value as usize) {
                columns[place % 6] += 1;
                rows[place / 6] += 1;
            }
            let all = chosen.len();
            assert!(columns.iter().all(|count| all.abs_diff(6 * count) < 18), "{columns:?}");
            assert!(rows.iter().all(|count| all.abs_diff(8 * count) < 40), "{rows:?}");
        }
        assert_eq!(values(&images, 0, 4800).unwrap().len(), 4800, "all of them");
    }
}
