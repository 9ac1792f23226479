//! Few labelled images, of a folder or simulated.

use std::fs;
use std::path::{Path, PathBuf};

use astrogen_data::Augment;
use astrogen_images::{FolderConfig, FolderSummary, Tiling};
use astrogen_runtime::{DeviceChoice, set_threads};
use astrogen_scarce::{
    Classes, LabelColumns, LabelSummary, LabelledImages, Labels, ScarceConfig, Split,
};
use astrogen_sky::galaxy::{Arms, ViewConfig};
use astrogen_sky::{Galaxy, GalaxyConfig, SuiteConfig};
use astrogen_train::RunDir;
use clap::Args;
use serde::Serialize;
use tch::Device;

use crate::image_config::open;
use crate::{CliError, ReadingArguments, by_the_first, say};

/// Star particles of a simulated galaxy.
const STARS: usize = 6000;

/// Which images are few, and what is made of them.
#[derive(Debug, Args)]
pub struct ScarceArguments {
    /// A folder of images, with --labels; if left out, simulated galaxies with and without spiral
    /// arms.
    #[arg(long, requires = "labels")]
    data: Option<PathBuf>,
    /// A CSV file with the class of each image.
    #[arg(long, requires = "data")]
    labels: Option<PathBuf>,
    /// Its column of ids: names of files, with or without their ending.
    #[arg(long, default_value_t = LabelColumns::default().id)]
    id_column: String,
    /// Its column of classes.
    #[arg(long, default_value_t = LabelColumns::default().class)]
    class_column: String,
    /// The classes, as in Elliptical,Spiral_CW+Spiral_ACW: two, the second of two labels. All labels
    /// if left out, each a class.
    #[arg(long, default_value = "", hide_default_value = true)]
    classes: Classes,
    #[command(flatten)]
    reading: ReadingArguments,
    /// The few images of each class that are trained on.
    #[arg(long, default_value_t = ScarceConfig::default().per_class)]
    per_class: usize,
    /// Images that are generated of each class.
    #[arg(long, default_value_t = ScarceConfig::default().generated)]
    generated: usize,
    /// How much an added image counts in the loss beside one of the few.
    #[arg(long, default_value_t = ScarceConfig::default().weight, allow_negative_numbers = true)]
    weight: f32,
    /// Splits into images to train on and held-out ones.
    #[arg(long, default_value_t = ScarceConfig::default().repeats)]
    repeats: usize,
    /// Training steps of each generator.
    #[arg(long, default_value_t = ScarceConfig::default().generator.steps)]
    generator_steps: u64,
    /// Training steps of each classifier.
    #[arg(long, default_value_t = ScarceConfig::default().classifier.steps)]
    classifier_steps: u64,
    /// Images are trained on as they are, neither turned nor mirrored: for classes that a mirror
    /// confuses, such as directions in which spirals wind.
    #[arg(long)]
    no_augment: bool,
    /// The seed of splits and of all that is drawn.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// auto, cpu, cuda or cuda:N.
    #[arg(long, default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
    /// Threads of libtorch; all cores if left out.
    #[arg(long)]
    threads: Option<usize>,
    /// Where what is found is written; runs/augment-scarce-N if left out.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// All that a trial on few images takes.
#[derive(Debug)]
pub struct Scarce {
    /// The folder for what is found, with the settings and what is in the folder of images.
    pub run: RunDir,
    /// The settings.
    pub config: ScarceConfig,
    /// The images.
    pub images: LabelledImages,
    /// Where networks are trained.
    pub device: Device,
}

/// Settings of a trial, config.json in its folder.
#[derive(Debug, Serialize)]
struct TrialConfig<'a> {
    data: &'a FolderConfig,
    /// None for simulated galaxies.
    labels: Option<&'a Path>,
    #[serde(flatten)]
    scarce: &'a ScarceConfig,
}

/// What was found of the data, data.json.
#[derive(Debug, Serialize)]
struct TrialData<'a> {
    labels: &'a LabelSummary,
    images: FolderSummary,
}

impl ScarceArguments {
    /// Images, settings and the folder of the trial; said is what of the images is used.
    ///
    /// # Errors
    /// [`CliError::Scarce`] for labels that cannot be used, classes of too few images and settings
    /// that cannot be, before a folder is made; [`CliError::Images`] for images that cannot be
    /// used; [`CliError::Sky`] where galaxies cannot be simulated; [`CliError::Runtime`] for a device
    /// that is not there; [`CliError::Train`] for a folder that holds something already.
    pub fn open(&self) -> Result<Scarce, CliError> {
        by_the_first()?;
        self.out.as_deref().map_or(Ok(()), RunDir::check_unused)?;
        set_threads(self.threads);
        let device = self.device.resolve()?;
        // What no image could make possible is refused before images are read or made.
        self.config(ScarceConfig::default()).validate()?;
        let simulated = tempfile::tempdir()
            .map_err(|error| CliError::Usage(format!("cannot make a temporary folder: {error}")))?;
        let (data, labels) = match (&self.data, &self.labels) {
            (Some(data), Some(labels)) => (data.clone(), labels.clone()),
            _ => self.simulate(simulated.path())?,
        };
        let columns = LabelColumns { id: self.id_column.clone(), class: self.class_column.clone() };
        let columns = if self.data.is_some() { columns } else { LabelColumns::default() };
        let labels = Labels::read(labels, &columns)?;
        // A label is of the whole image.
        let data = FolderConfig { tiling: Tiling::Whole, ..self.reading.folder(&data, self.seed)? };
        let folder = open(&data)?;
        let images = LabelledImages::open(&folder, &labels, &self.classes)?;
        say(&images.summary);
        let config = self.config(ScarceConfig::of(&images));
        config.validate()?;
        Split::new(&images, config.per_class, config.generated, config.seed)?;
        let run = match &self.out {
            Some(path) => RunDir::create(path)?,
            None => RunDir::create_next("runs".as_ref(), "augment-scarce")?,
        };
        let of_files = self.data.is_some().then_some(labels.path());
        run.write_config(&TrialConfig { data: &data, labels: of_files, scarce: &config })?;
        run.write_data(&TrialData { labels: &images.summary, images: folder.summary() })?;
        say(format_args!("training on {device:?} into {}", run.path().display()));
        Ok(Scarce { run, config, images, device })
    }

    /// The settings that were asked for, where others are these.
    fn config(&self, others: ScarceConfig) -> ScarceConfig {
        let mut config = ScarceConfig {
            per_class: self.per_class,
            generated: self.generated,
            weight: self.weight,
            repeats: self.repeats,
            seed: self.seed,
            augment: if self.no_augment { Augment::None } else { others.augment },
            ..others
        };
        // Half of a batch is for the generator's own update.
        let batch_size = &mut config.generator.batch_size;
        *batch_size = (*batch_size).min(self.per_class / 2).max(1);
        config.set_generator_steps(self.generator_steps);
        config.set_classifier_steps(self.classifier_steps);
        config
    }

    /// A folder of simulated galaxies and their labels: discs with spiral arms, and discs that are
    /// smooth but otherwise the same kind. As many of each as leave more than the few and those that
    /// are generated to be held out.
    fn simulate(&self, folder: &Path) -> Result<(PathBuf, PathBuf), CliError> {
        let count = self.per_class + 2 * self.generated.max(HELD_OUT);
        say(format_args!("simulating {count} galaxies with spiral arms and {count} without"));
        let suite = SuiteConfig {
            stars: STARS,
            dark_mass: [3e11, 3e12],
            inclination: [0.0, 60.0],
            frame: 6.0,
            view: ViewConfig { size: self.reading.galaxy_size(), ..ViewConfig::default() },
            ..SuiteConfig::default()
        };
        let mut table = String::from("objid,class_name\n");
        // Late types alone: the others have no disc to speak of.
        let members = (0..).map(|number| suite.member(number, self.seed));
        let late = members.filter(|member| member.as_ref().map_or(true, |member| !member.early));
        for (index, member) in late.take(2 * count).enumerate() {
            let mut member = member?;
            let spiral = index % 2 == 0;
            let own = member.galaxy.config().clone();
            let arms = Arms { strength: if spiral { own.arms.strength } else { 0.0 }, ..own.arms };
            member.galaxy = Galaxy::new(&GalaxyConfig { arms, ..own }, member.galaxy.seed())?;
            let image = member.image(&member.galaxy.stars(STARS))?;
            image.save_png(folder.join(format!("{}.png", member.id)))?;
            table += &format!("{},{}\n", member.id, if spiral { "spiral" } else { "smooth" });
        }
        let labels = folder.join("labels.csv");
        fs::write(&labels, table).map_err(|source| {
            CliError::Usage(format!("cannot write {}: {source}", labels.display()))
        })?;
        Ok((folder.to_owned(), labels))
    }
}

/// Simulated galaxies of either kind that are held out, at least.
const HELD_OUT: usize = 20;
