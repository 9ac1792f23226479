//! What generators learn from, and what their samples are held against.

use std::sync::Arc;

use anyhow::{Context, Result};
use astrogen::data::{Augment, BatchConfig, Batches, Images};
use astrogen::images::{FolderConfig, ImageFolder};
use astrogen::sky::{NebulaConfig, simulate_nebulae};
use astrogen_cli::nebula_size;
use tch::{Device, Tensor};

/// Images of a folder: all of them, which are few, and those that were held out.
pub(crate) fn of_folder(folder: &ImageFolder) -> Result<(Tensor, Tensor)> {
    let [training, held_out] = [all(&folder.train())?, all(&folder.validation())?];
    Ok((Tensor::cat(&[&training, &held_out], 0), held_out))
}

/// So many nebulae that nothing was trained on; the last three tenths stand for the unseen ones.
pub(crate) fn unseen_nebulae(data: &FolderConfig, count: usize) -> Result<(Tensor, Tensor)> {
    let folder = tempfile::tempdir()?;
    let config = NebulaConfig { size: nebula_size(data.image_size), ..NebulaConfig::default() };
    simulate_nebulae(folder.path(), &config, count, 3)?;
    let data = FolderConfig { path: folder.path().to_owned(), ..data.clone() };
    let images = all(&ImageFolder::open(&data)?.train())?;
    let unseen = images.slice(0, (7 * count / 10) as i64, None, 1);
    Ok((images, unseen))
}

/// The images of a data set, `[N, C, H, W]`, in its order.
pub(crate) fn all(set: &Arc<dyn astrogen::data::Dataset<Batch = Images>>) -> Result<Tensor> {
    let config = BatchConfig { batch_size: 1, augment: Augment::None, ..BatchConfig::default() };
    let mut batches = Batches::new(set.clone(), &config, Device::Cpu)?;
    let images: Vec<Tensor> = (0..set.len())
        .map(|_| batches.next_batch().map(|Images(image)| image))
        .collect::<Result<_, _>>()
        .context("an image cannot be read")?;
    Ok(Tensor::cat(&images, 0))
}
