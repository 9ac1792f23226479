//! Pictures of what an autoencoder has learnt.

use astrogen_plot::{LabelledGrid, save_grid};
use astrogen_train::RunDir;
use ndarray::{Array2, Axis};
use tch::{Device, Kind, Tensor};

use super::{Encoder, GalaxyImages, Latents};
use crate::ForgeError;

/// Held-out galaxies that are shown at most, and in a row.
const SHOWN: usize = 16;
const IN_A_ROW: usize = 8;

/// Columns of the traversal, in standard deviations of a latent.
const STEPS: [f32; 7] = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0];

/// The side of an image in a picture, in pixels: larger ones are shrunk to it, those of half the side
/// and less are enlarged as often as they have room in it.
const SIDE: i64 = 128;

/// The least side of an image in a traversal, which has as many rows as then have room in a picture.
const LEAST_SIDE: usize = 32;

/// The height that rows of images have in the largest picture, with titles and margins left out, and
/// what a row takes beside its images.
const HEIGHT: usize = 8192 - 100;
const PADDING: usize = 2;

/// Draws `reconstructions.png`: held-out images, each above its reconstruction.
pub(super) fn reconstructions(
    run: &RunDir,
    encoder: &Encoder,
    held_out: &GalaxyImages,
) -> Result<(), ForgeError> {
    let images = held_out.unit(0, SHOWN)?;
    let reconstructed = encoder.reconstruct(&images)?;
    let columns = (images.size()[0] as usize).min(IN_A_ROW);
    let rows = images.split(columns as i64, 0).into_iter();
    let rows = rows.zip(reconstructed.split(columns as i64, 0));
    let blank = |of: &Tensor| {
        let mut size = of.size();
        size[0] = columns as i64 - size[0];
        Tensor::zeros(size, (Kind::Float, Device::Cpu))
    };
    let tiles: Vec<Tensor> = rows
        .flat_map(|(above, below)| {
            let (after_above, after_below) = (blank(&above), blank(&below));
            [above, after_above, below, after_below]
        })
        .collect();
    let tiles = signed(&Tensor::cat(&tiles, 0));
    Ok(save_grid(&tiles, Some(columns), run.join("reconstructions.png"))?)
}

/// Draws `traversal.png`: a row for each latent, along which it goes from -3 to +3 standard deviations
/// of the training galaxies' from their mean, while the others stay at theirs. Images are smaller where
/// there are many latents; of more than have room the first are shown, and the title says so.
pub(super) fn traversal(
    run: &RunDir,
    encoder: &Encoder,
    train: &Latents,
) -> Result<(), ForgeError> {
    let values = &train.values;
    let (Some(mean), spread) = (values.mean_axis(Axis(0)), values.std_axis(Axis(0), 0.0)) else {
        return Ok(()); // no galaxy
    };
    let grid = layout(mean.len());
    let rows = (0..grid.row_labels.len()).flat_map(|latent| STEPS.map(|step| (latent, step)));
    let mut latents = Array2::zeros((0, mean.len()));
    for (latent, step) in rows {
        let mut row = mean.clone();
        row[latent] += step * spread[latent];
        // A row is as long as the mean.
        let _ = latents.push_row(row.view());
    }
    let images = encoder.decode(&latents)?;
    Ok(grid.save(&signed(&images), run.join("traversal.png"))?)
}

/// The picture of a traversal along so many latents, without its images.
fn layout(latents: usize) -> LabelledGrid {
    let rows = latents.clamp(1, HEIGHT / (LEAST_SIDE + PADDING));
    let side = (HEIGHT / rows - PADDING).min(SIDE as usize);
    let title = "the image as one latent changes, in deviations over the training galaxies";
    LabelledGrid {
        title: match rows < latents {
            true => format!("{title}; the first {rows} of {latents} latents"),
            false => title.to_owned(),
        },
        row_labels: (1..=rows).map(|latent| format!("latent {latent}")).collect(),
        column_labels: STEPS.map(|step| format!("{step:+} σ")).to_vec(),
        side: Some(side as u32),
    }
}

/// Unit images at the size of a picture's, in signed range.
fn signed(images: &Tensor) -> Tensor {
    let side = images.size()[3];
    let images = if side > SIDE {
        images.adaptive_avg_pool2d([SIDE, SIDE])
    } else {
        let side = side * (SIDE / side);
        images.upsample_nearest2d([side, side], None, None)
    };
    images * 2.0 - 1.0
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_traversal_of_any_number_of_latents_is_a_picture() {
        let side = |latents| layout(latents).side.unwrap();
        assert_eq!([1, 16, 62].map(side), [128; 3], "as large as ever");
        assert!(side(64) < 128 && side(64) > 120);
        let folder = tempfile::tempdir().unwrap();
        for latents in [64, 65_536] {
            let grid = layout(latents);
            let count = (grid.row_labels.len() * STEPS.len()) as i64;
            let images = Tensor::zeros([count, 1, 8, 8], (Kind::Float, Device::Cpu));
            grid.save(&images, folder.path().join("traversal.png")).unwrap();
            assert_eq!(grid.title.contains("the first 238 of 65536"), latents > 238);
        }
    }
}
