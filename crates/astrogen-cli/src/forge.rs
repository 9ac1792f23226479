//! Which galaxies are learnt, by which networks, and what a trained forge is asked for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use astrogen_data::split;
use astrogen_flows::Member;
use astrogen_forge::{
    Deal, Encoder, EncoderConfig, EncoderRecipe, Forge, ForgeConfig, Galaxies, GalaxiesConfig,
    GalaxyImages, Recipe, Wanted,
};
use astrogen_runtime::{DeviceChoice, set_threads};
use astrogen_sky::{SkyError, cached_galaxies};
use astrogen_stars::{ColumnSource, GalaxyFile};
use astrogen_train::RunDir;
use clap::{Args, ValueEnum};
use tch::Device;

use crate::error::absolute;
use crate::{CliError, RunArguments, say};

/// Fewer galaxies than these are too few to leave some out: some of their stars are held out then.
const FEW: usize = 10;

/// Which galaxies are learnt, and by which networks.
#[derive(Debug, Args)]
pub struct ForgeArguments {
    /// Star particles: a folder with a file for each galaxy, or one file (.npy of shape [11, N], FITS,
    /// CSV, Parquet, HDF5, or a snapshot of Illustris, IllustrisTNG or EAGLE); a simulated suite, with
    /// images, if left out.
    #[arg(long)]
    stars: Option<PathBuf>,
    /// Images of the galaxies, named by their ids as the stars: an autoencoder is trained on them, and
    /// its latents are given to the flow.
    #[arg(long, requires = "stars")]
    images: Option<PathBuf>,
    /// The run of an autoencoder that is trained already, or was stopped, instead of a new one.
    #[arg(long)]
    encoder: Option<PathBuf>,
    /// Latents of the galaxies, ID_latent.npy, instead of images.
    #[arg(long, conflicts_with_all = ["images", "encoder"])]
    latents: Option<PathBuf>,
    /// Simulated galaxies.
    #[arg(long, default_value_t = 200, conflicts_with = "stars")]
    galaxies: usize,
    /// Stars of each simulated galaxy.
    #[arg(long, default_value_t = 5000, conflicts_with = "stars")]
    particles: usize,
    /// What a column is called in the files, and its unit where the file does not say:
    /// NAME=COLUMN or NAME=COLUMN:UNIT, such as age=t_form:Myr.
    #[arg(long = "column", value_name = "NAME=COLUMN[:UNIT]", num_args = 1.., value_parser = source)]
    columns: Vec<(String, ColumnSource)>,
    /// The group or table of the files that the stars are in.
    #[arg(long)]
    group: Option<String>,
    /// Features of a star.
    #[arg(long, value_name = "NAME", num_args = 1..,
        default_values = ["x", "y", "z", "vx", "vy", "vz", "metals", "feh", "ofe", "age"])]
    features: Vec<String>,
    /// Features whose logarithm is learnt.
    #[arg(long, value_name = "NAME", num_args = 0.., default_values = ["metals"])]
    log10: Vec<String>,
    /// Parameters that stars are given: any of m_stars, tau50, tau10, z_av.
    #[arg(long, value_name = "NAME", num_args = 0..,
        default_values = ["m_stars", "tau50", "tau10", "z_av"])]
    parameters: Vec<String>,
    /// Galaxies that are left out, to be judged; a tenth of them if left out.
    #[arg(long, value_name = "ID", num_args = 1..)]
    leave_out: Vec<String>,
    /// Galaxies that choose the state of the flow that is kept; a twentieth if left out.
    #[arg(long, value_name = "ID", num_args = 1..)]
    validation: Vec<String>,
    /// The share of the stars of each galaxy that is held out where galaxies are too few for that.
    #[arg(long, default_value_t = 0.1, allow_negative_numbers = true)]
    held_out: f64,
    /// The fewest stars of a galaxy, after cleaning.
    #[arg(long, default_value_t = 500)]
    min_stars: usize,
    /// The largest radius of a star in kpc, whatever the percentiles say.
    #[arg(long, default_value_t = 27.7)]
    max_radius: f64,
    /// Leaves galaxies as they lie, instead of their longer axis along x.
    #[arg(long)]
    no_rotation: bool,
    /// The flow: nice, real_nvp, maf, nsf, nsf_coupling, sospf, bpf or galactic.
    #[arg(long, default_value = "nsf")]
    flow: Member,
    /// Transforms; the flow's own number if left out.
    #[arg(long)]
    transforms: Option<i64>,
    /// Widths of the hidden layers.
    #[arg(long, num_args = 1.., default_values_t = [128, 128])]
    hidden: Vec<i64>,
    /// Adam's learning rate.
    #[arg(long, default_value_t = 2e-3)]
    lr: f64,
    /// Stars of a batch.
    #[arg(long, default_value_t = 1024)]
    batch_size: usize,
    /// How often stars of a galaxy are dealt.
    #[arg(long, value_enum, default_value_t = DealBy::Galaxies)]
    deal: DealBy,
    /// MiB of stars that are kept in memory; more are streamed from a file.
    #[arg(long, default_value_t = 1024)]
    memory: u64,
    /// Components of the Gaussian mixtures that are fitted beside it.
    #[arg(long, default_value_t = 32)]
    components: usize,
    /// GalacticForge's autoencoder, 448 pixels, instead of one for two cores and a minute.
    #[arg(long)]
    full_encoder: bool,
    /// Updates of the autoencoder.
    #[arg(long)]
    encoder_steps: Option<u64>,
    /// How long the flow is trained, and where.
    #[command(flatten)]
    pub run: RunArguments,
}

/// How often stars of a galaxy are dealt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DealBy {
    /// Each galaxy as often as every other one.
    Galaxies,
    /// Each star once per pass.
    Stars,
}

/// The autoencoder to be trained: its run, its settings, and the images.
#[derive(Debug)]
pub struct EncoderJob {
    /// Its folder, with its settings written.
    pub run: RunDir,
    /// Its settings.
    pub config: EncoderConfig,
    /// The images that it is trained on.
    pub images: GalaxyImages,
    /// The images of all galaxies that have stars.
    pub all: GalaxyImages,
}

impl ForgeArguments {
    /// The galaxies that were asked for, or a simulated suite in the cache, and which of them are
    /// left out; no latents so far, unless they were named.
    ///
    /// # Errors
    /// [`CliError::Usage`] where there is no cache folder; [`CliError::Sky`] where a suite cannot be
    /// written there; [`CliError::Stars`] for a folder without galaxies.
    pub fn galaxies(&self) -> Result<GalaxiesConfig, CliError> {
        let mut config = GalaxiesConfig {
            path: match &self.stars {
                Some(path) => absolute(path)?,
                None => self.suite()?.join("stars"),
            },
            rotate: !self.no_rotation,
            features: self.features.clone(),
            log10: within(&self.log10, &self.features),
            log10_parameters: within(&["m_stars".to_owned()], &self.parameters),
            parameters: self.parameters.clone(),
            latents: self.latents.as_ref().map(|path| absolute(path)).transpose()?,
            leave_out: self.leave_out.clone(),
            validation: self.validation.clone(),
            held_out: self.held_out,
            memory: self.memory << 20,
            seed: self.run.seed(),
            ..GalaxiesConfig::default()
        };
        config.cleaning.min_stars = self.min_stars;
        config.cleaning.max_radius = self.max_radius;
        config.layout.columns = self.columns.iter().cloned().collect();
        config.layout.group.clone_from(&self.group);
        let files = GalaxyFile::find(&config.path)?;
        if files.len() >= FEW {
            let share = |of: f64, but: &[String], seed| -> Result<Vec<String>, CliError> {
                let ids: Vec<&String> =
                    files.iter().map(|file| &file.id).filter(|id| !but.contains(id)).collect();
                let split = split::by_file(ids.len(), of, seed)?;
                Ok(split.validation.into_iter().map(|number| ids[number].clone()).collect())
            };
            let seed = self.run.seed();
            if config.leave_out.is_empty() {
                config.leave_out = share(0.1, &config.validation, seed)?;
            }
            if config.validation.is_empty() {
                config.validation = share(0.05, &config.leave_out, seed.wrapping_add(1))?;
            }
        }
        Ok(config)
    }

    /// The autoencoder to be trained for galaxies, if there are images: those that are left out are
    /// not shown to it.
    ///
    /// # Errors
    /// [`CliError::Forge`] for images that do not fit, [`CliError::Train`] for a run that cannot be
    /// used.
    pub fn encoder(&self, galaxies: &GalaxiesConfig) -> Result<Option<EncoderJob>, CliError> {
        if galaxies.latents.is_some() {
            return Ok(None);
        }
        let folder = match (&self.images, &self.stars) {
            (Some(folder), _) => absolute(folder)?,
            (None, None) => self.suite()?.join("images"),
            (None, Some(_)) if self.encoder.is_some() => {
                let hint = "--encoder needs --images: the images of these galaxies".to_owned();
                return Err(CliError::Usage(hint));
            }
            (None, Some(_)) => return Ok(None),
        };
        let earlier = match &self.encoder {
            None => None,
            Some(run) => {
                let run = RunDir::resume(run)?;
                let config: EncoderConfig = run.read_config()?;
                Some((run, config))
            }
        };
        let recipe = match self.full_encoder {
            true => EncoderRecipe::default(),
            false => EncoderRecipe::quick(),
        };
        let mut recipe = EncoderRecipe { seed: self.run.seed(), ..recipe };
        if let Some(steps) = self.encoder_steps {
            (recipe.epochs, recipe.steps) = (1, steps);
        }
        let model = earlier.as_ref().map_or(&recipe.model, |(_, config)| &config.model);
        let ids: BTreeSet<String> =
            GalaxyFile::find(&galaxies.path)?.into_iter().map(|file| file.id).collect();
        let shown = GalaxyImages::open(&folder, model)?.restrict(&ids);
        for (what, list) in [
            ("images without stars", &shown.without_stars),
            ("stars without an image", &shown.without_image),
        ] {
            if !list.is_empty() {
                say(format_args!("{what}, left out: {}", list.join(", ")));
            }
        }
        let all = shown.images;
        let seen = all.ids().iter().filter(|id| !galaxies.leave_out.contains(id));
        let images = all.restrict(seen).images;
        let (run, config) = match earlier {
            Some(earlier) => earlier,
            None => {
                let mut held_out = within(&galaxies.validation, images.ids());
                if held_out.is_empty() {
                    let split = split::by_file(images.ids().len(), 0.1, recipe.seed)?;
                    let ids = split.validation.into_iter().map(|at| images.ids()[at].clone());
                    held_out = ids.collect();
                }
                let config = recipe.config(&images, held_out)?;
                let run = RunDir::create_next("runs".as_ref(), "galaxy-encoder")?;
                (run, config)
            }
        };
        Ok(Some(EncoderJob { run, config, images, all }))
    }

    /// All settings of a new run.
    ///
    /// # Errors
    /// [`CliError::Forge`] for galaxies and settings that do not fit.
    pub fn config(
        &self,
        galaxies: GalaxiesConfig,
        open: &Galaxies,
    ) -> Result<ForgeConfig, CliError> {
        let recipe = Recipe {
            member: self.flow,
            transforms: self.transforms,
            hidden: self.hidden.clone(),
            lr: self.lr,
            batch_size: self.batch_size,
            deal: match self.deal {
                DealBy::Galaxies => Deal::Balanced,
                DealBy::Stars => Deal::ByStars,
            },
            components: self.components,
            seed: self.run.seed(),
            ..Recipe::default()
        };
        let epoch = (open.report().stars[0] / self.batch_size.max(1)).max(1) as u64;
        let steps = self.run.steps(epoch).unwrap_or(recipe.steps);
        Ok(Recipe { steps, ..recipe }.config(galaxies, open)?)
    }

    /// The folder of the simulated suite, which is made where it is not there yet.
    fn suite(&self) -> Result<PathBuf, CliError> {
        let (galaxies, stars) = (self.galaxies, self.particles);
        let tell = |folder: &Path| {
            if !folder.exists() {
                let folder = folder.display();
                say(format_args!("simulating {galaxies} galaxies into {folder} (once)"));
            }
        };
        match cached_galaxies(galaxies, stars, 1, tell) {
            Err(SkyError::NoCache) => {
                Err(CliError::Usage("no cache folder; give --stars and --images".to_owned()))
            }
            folder => Ok(folder?),
        }
    }
}

/// Those names of a list that are among others.
fn within(list: &[String], others: &[String]) -> Vec<String> {
    list.iter().filter(|name| others.contains(name)).cloned().collect()
}

fn source(text: &str) -> Result<(String, ColumnSource), String> {
    let rule = || "expected NAME=COLUMN or NAME=COLUMN:UNIT, such as age=t_form:Myr".to_owned();
    let (name, column) = text.split_once('=').ok_or_else(rule)?;
    let source = match column.split_once(':') {
        Some((column, unit)) => ColumnSource::new(column).with_unit(unit),
        None => ColumnSource::new(column),
    };
    if name.is_empty() || source.name.is_empty() {
        return Err(rule());
    }
    Ok((name.to_owned(), source))
}

/// Which galaxy stars are sampled for, how many, and where to.
#[derive(Debug, Args)]
pub struct ForgeSampleArguments {
    /// The folder of a run.
    run: PathBuf,
    /// A galaxy of the run, to be made anew.
    #[arg(long, value_name = "ID", required_unless_present_any = ["between", "image"])]
    galaxy: Option<String>,
    /// Two galaxies of the run, and how far the wanted one is from the first to the second, 0 to 1.
    #[arg(long, value_names = ["ID", "ID", "SHARE"], num_args = 3,
        conflicts_with_all = ["galaxy", "image"])]
    between: Vec<String>,
    /// An image, whose latents are given; parameters are those of the training galaxy whose latents
    /// are nearest, unless they are set.
    #[arg(long, conflicts_with = "galaxy")]
    image: Option<PathBuf>,
    /// The autoencoder's run for --image; that of the run if left out.
    #[arg(long, requires = "image")]
    encoder: Option<PathBuf>,
    /// Conditions, each NAME=VALUE, such as m_stars=2e10.
    #[arg(long, value_name = "NAME=VALUE", num_args = 1.., value_parser = condition)]
    set: Vec<(String, f64)>,
    /// Stars.
    #[arg(long, default_value_t = 100_000)]
    count: u64,
    /// The file to write: an array [11, COUNT] (.npy), a FITS table, Parquet or HDF5 by its ending;
    /// must not exist.
    #[arg(long)]
    out: PathBuf,
    /// The same seed gives the same stars, whatever the threads.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// auto, cpu, cuda or cuda:N.
    #[arg(long, default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
    /// Threads; all cores if left out.
    #[arg(long)]
    threads: Option<usize>,
}

impl ForgeSampleArguments {
    /// Writes the stars; how many, and the file. Conditions outside the range of the training galaxies
    /// are told.
    ///
    /// # Errors
    /// [`CliError::Forge`] for a run without a flow, a galaxy or condition that is not there, and a
    /// file that is there already; [`CliError::Usage`] for a share that is no number, and an image
    /// for a run without an autoencoder.
    pub fn sample(&self) -> Result<(u64, &Path), CliError> {
        set_threads(self.threads);
        let device = self.device.resolve()?;
        let forge = Forge::load(&self.run, device)?;
        let mut wanted = self.wanted(&forge, device)?;
        for (name, value) in &self.set {
            wanted = forge.set(wanted, name, *value)?;
        }
        for outside in forge.outside(&wanted) {
            say(format_args!("warning: {outside}"));
        }
        forge.sample(&wanted, self.count, self.seed, &self.out)?;
        Ok((self.count, &self.out))
    }

    fn wanted(&self, forge: &Forge, device: Device) -> Result<Wanted, CliError> {
        if let Some(id) = &self.galaxy {
            return Ok(forge.like(id)?);
        }
        if let [from, to, share] = &self.between[..] {
            let share = share.parse().map_err(|_| {
                CliError::Usage(format!(
                    "--between ID ID SHARE: {share:?} is no number from 0 to 1"
                ))
            })?;
            return Ok(forge.between([from, to], share)?);
        }
        let own = forge.config().galaxies.latents.as_ref().and_then(|latents| latents.parent());
        let (Some(image), Some(run)) = (&self.image, self.encoder.as_deref().or(own)) else {
            let hint = "the run has no autoencoder: give --encoder, or --galaxy instead of --image";
            return Err(CliError::Usage(hint.to_owned()));
        };
        let latents = Encoder::load(run, device)?.encode_file(image)?;
        let (wanted, nearest) = forge.with_latents(&latents.to_vec())?;
        say(format_args!("parameters that are not set are those of galaxy {nearest}, the nearest"));
        Ok(wanted)
    }
}

fn condition(text: &str) -> Result<(String, f64), String> {
    match text.split_once('=').map(|(name, value)| (name, value.parse::<f64>())) {
        Some((name, Ok(value))) if !name.is_empty() && value.is_finite() => {
            Ok((name.to_owned(), value))
        }
        _ => Err("expected NAME=VALUE, such as m_stars=2e10".to_owned()),
    }
}
