//! Two folders of images that are compared.

use std::path::{Path, PathBuf};

use astrogen_data::{Augment, BatchConfig, Batches, Images};
use astrogen_images::{FolderConfig, FolderSummary};
use astrogen_runtime::set_threads;
use astrogen_sky::{NebulaConfig, simulate_nebulae};
use astrogen_train::RunDir;
use clap::Args;
use serde::Serialize;
use tch::{Device, Tensor};

use crate::image_config::open;
use crate::{CliError, NetworkArguments, ReadingArguments, by_the_first, say};

/// Which folders are compared, and how their images are read.
#[derive(Debug, Args)]
pub struct CompareArguments {
    /// A folder of FITS, PNG, JPEG or TIFF files, and another one to hold against it; if left out,
    /// simulated nebulae, and nebulae that an atmosphere blurs twice as much.
    #[arg(value_name = "FOLDER", num_args = 2)]
    folders: Vec<PathBuf>,
    #[command(flatten)]
    reading: ReadingArguments,
    /// What makes the features that are compared.
    #[command(flatten)]
    pub network: NetworkArguments,
    /// Nebulae that are simulated of either kind where no folders are given.
    #[arg(long, default_value_t = 200, conflicts_with = "folders")]
    simulate: usize,
    /// Images of each folder, at most.
    #[arg(long, default_value_t = 5000)]
    count: usize,
    /// The seed of what is drawn.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Threads; all cores if left out.
    #[arg(long)]
    threads: Option<usize>,
    /// Where what is found is written; runs/compare-skies-N if left out.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// A sky: what it is called, and its images `[N, C, H, W]`, signed.
#[derive(Debug)]
pub struct Sky {
    /// What it is called: the folder's name.
    pub name: String,
    /// Its images.
    pub images: Tensor,
}

/// Settings of a comparison, config.json in its folder.
#[derive(Debug, Serialize)]
struct CompareConfig {
    skies: [FolderConfig; 2],
    count: usize,
    seed: u64,
}

impl CompareArguments {
    /// Both skies, and the folder for what is found, with the settings and what is in the folders of
    /// images.
    ///
    /// # Errors
    /// [`CliError::Usage`] for too few images; [`CliError::Images`] for a folder without any;
    /// [`CliError::Sky`] where nebulae cannot be simulated; [`CliError::Train`] for a folder that
    /// holds something already.
    pub fn open(&self) -> Result<(RunDir, [Sky; 2]), CliError> {
        by_the_first()?;
        self.out.as_deref().map_or(Ok(()), RunDir::check_unused)?;
        set_threads(self.threads);
        let simulated = tempfile::tempdir()
            .map_err(|error| CliError::Usage(format!("cannot make a temporary folder: {error}")))?;
        let paths = match &self.folders[..] {
            [first, second] => [first.clone(), second.clone()],
            _ => self.nebulae(simulated.path())?,
        };
        let configs = [
            self.reading.folder(&paths[0], self.seed)?,
            self.reading.folder(&paths[1], self.seed)?,
        ];
        let (first, of_first) = self.sky(&configs[0])?;
        let (second, of_second) = self.sky(&configs[1])?;
        let mut skies = [first, second];
        if skies[0].name == skies[1].name {
            skies[0].name += ", first";
            skies[1].name += ", second";
        }
        let [first, second] = skies.each_ref().map(|sky| sky.images.size()[0]);
        if first < 8 || second < 4 {
            return Err(CliError::Usage(format!(
                "{first} and {second} images: 8 of the first and 4 of the second are the least that \
                 intervals can be made of"
            )));
        }
        let run = match &self.out {
            Some(path) => RunDir::create(path)?,
            None => RunDir::create_next("runs".as_ref(), "compare-skies")?,
        };
        run.write_config(&CompareConfig { skies: configs, count: self.count, seed: self.seed })?;
        run.write_data(&[of_first, of_second])?;
        Ok((run, skies))
    }

    /// The images of a folder, up to as many as are wanted.
    fn sky(&self, config: &FolderConfig) -> Result<(Sky, FolderSummary), CliError> {
        let folder = open(config)?;
        let batches = BatchConfig {
            batch_size: 1,
            augment: Augment::None,
            seed: self.seed,
            ..BatchConfig::default()
        };
        let mut batches = Batches::new(folder.train(), &batches, Device::Cpu)?;
        let count = batches.steps_per_epoch().min(self.count.max(1) as u64);
        let images = (0..count).map(|_| batches.next_batch().map(|Images(image)| image));
        let images = Tensor::cat(&images.collect::<Result<Vec<_>, _>>()?, 0);
        let name = config.path.file_name().unwrap_or(config.path.as_os_str());
        Ok((Sky { name: name.to_string_lossy().into_owned(), images }, folder.summary()))
    }

    /// Folders of simulated nebulae: plain ones, and blurred ones.
    fn nebulae(&self, folder: &Path) -> Result<[PathBuf; 2], CliError> {
        let size = self.reading.nebula_size();
        let count = self.simulate;
        say(format_args!("simulating {count} nebulae, and {count} blurred twice as much"));
        let plain = NebulaConfig { size, ..NebulaConfig::default() };
        let blurred = NebulaConfig { fwhm: 2.0 * plain.fwhm, ..plain.clone() };
        let made = [("plain", plain), ("blurred", blurred)].map(|(name, config)| {
            let path = folder.join(name);
            // Other nebulae, not the same ones blurred.
            let seed = self.seed.wrapping_mul(2).wrapping_add(u64::from(name == "blurred"));
            simulate_nebulae(&path, &config, count, seed).map(|_| path)
        });
        let [plain, blurred] = made;
        Ok([plain?, blurred?])
    }
}
