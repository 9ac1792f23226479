//! Which galaxies are learnt, by which networks, and what a trained forge is asked for.

mod encoder;
mod sample;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use astrogen_data::split;
use astrogen_flows::Member;
use astrogen_forge::{Deal, ForgeConfig, Galaxies, GalaxiesConfig, GalaxyImages, Latents, Recipe};
use astrogen_sky::{SkyError, cached_galaxies};
use astrogen_stars::{ColumnSource, GalaxyFile, Parameter};
use clap::{Args, ValueEnum};

pub use encoder::EncoderJob;
pub use sample::ForgeSampleArguments;

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
    /// Features whose logarithm is learnt; metals, where that is one, if left out.
    #[arg(long, value_name = "NAME", num_args = 0..)]
    log10: Option<Vec<String>>,
    /// The value below which there is none to be told of a column, such as age=1e-3: smaller ones
    /// become draws just below it, so that their logarithm can be learnt. Of metals 1e-5 if left out.
    #[arg(long = "floor", value_name = "NAME=VALUE", num_args = 1.., value_parser = assignment)]
    floors: Vec<(String, f64)>,
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
    /// Transforms; if left out 5 of nsf, 10 of maf and sospf, 30 of nice, of others their own number.
    #[arg(long)]
    transforms: Option<i64>,
    /// Widths of the hidden layers.
    #[arg(long, num_args = 1.., default_values_t = [128, 128])]
    hidden: Vec<i64>,
    /// Adam's learning rate.
    #[arg(long, default_value_t = Recipe::default().lr, allow_negative_numbers = true)]
    lr: f64,
    /// Stars of a batch.
    #[arg(long, default_value_t = 1024)]
    batch_size: usize,
    /// How often stars of a galaxy are dealt.
    #[arg(long, value_enum, default_value_t = DealBy::Galaxies)]
    deal: DealBy,
    /// Noise on the latents that stars are given in training, in standard deviations of those of the
    /// training galaxies, so that a few hundred galaxies are not learnt by heart.
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    latent_noise: f64,
    /// MiB of stars that are kept in memory; more are streamed from a file.
    #[arg(long, default_value_t = 1024)]
    memory: u64,
    /// Components of the Gaussian mixtures that are fitted beside it.
    #[arg(long, default_value_t = 32)]
    components: usize,
    /// GalacticForge's autoencoder, 448 pixels, instead of one for two cores and a minute.
    #[arg(long, conflicts_with_all = ["encoder", "latents"])]
    full_encoder: bool,
    /// Updates of the autoencoder.
    #[arg(long, conflicts_with_all = ["encoder", "latents"])]
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

impl ForgeArguments {
    /// The galaxies that were asked for, or a simulated suite in the cache, and which of them are
    /// left out, with the images, where there are some, of those with stars enough; no latents so far,
    /// unless they were named. Stars are read for it, so that what is chosen can be used.
    ///
    /// # Errors
    /// [`CliError::Usage`] where there is no cache folder, and for a column or a floor that is given
    /// twice; [`CliError::Sky`] where a suite cannot be
    /// written there; [`CliError::Stars`] for a folder without galaxies; [`CliError::Forge`] for images
    /// and latents that do not fit, and for settings of the flow that can be refused already.
    pub fn galaxies(&self) -> Result<(GalaxiesConfig, Option<GalaxyImages>), CliError> {
        self.run.check_full()?;
        let recipe = self.recipe();
        // Of the epochs it is not known yet how long they are.
        let steps = self.run.steps(1).unwrap_or(recipe.steps);
        Recipe { steps, ..recipe }.validate(self.features.len())?;
        let mut config = GalaxiesConfig {
            path: match &self.stars {
                Some(path) => absolute(path)?,
                None => self.suite()?.join("stars"),
            },
            rotate: !self.no_rotation,
            features: self.features.clone(),
            log10: match &self.log10 {
                Some(log10) => log10.clone(),
                None => within(&["metals".to_owned()], &self.features),
            },
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
        config.cleaning.floors.extend(once("--floor", &self.floors)?);
        config.layout.columns = once("--column", &self.columns)?;
        config.layout.group.clone_from(&self.group);
        config.validate()?;
        for name in &self.parameters {
            name.parse::<Parameter>()?;
        }
        let files = GalaxyFile::find(&config.path)?;
        let missing = |id: &&String| !files.iter().any(|file| file.id == **id);
        if let Some(id) = self.leave_out.iter().chain(&self.validation).find(missing) {
            return Err(CliError::Usage(format!(
                "--leave-out and --validation name galaxies by the names of their files; {id} is none of the \
                 {} in {}",
                files.len(),
                config.path.display()
            )));
        }
        let images = self.images(&config)?;
        if images.is_none() && (self.full_encoder || self.encoder_steps.is_some()) {
            let hint =
                "--full-encoder and --encoder-steps are of an autoencoder of images: give --images";
            return Err(CliError::Usage(hint.to_owned()));
        }
        // Of galaxies that cannot train, no image is learnt and none is chosen to be judged.
        let few = files.len() < FEW;
        let mut known = match few && images.is_none() {
            true => Vec::new(),
            false => Galaxies::kept(&config)?,
        };
        let images = images.map(|images| images.restrict(&known).images);
        // A new autoencoder holds one of them out.
        let least = if self.encoder.is_some() { 1 } else { 2 };
        if let Some(few) = images.as_ref().map(|images| images.ids().len()).filter(|n| *n < least) {
            return Err(CliError::Usage(format!(
                "an autoencoder needs the images of {least} galaxies or more, got {few}: of {} in {}, {} have \
                 the {} stars of --min-stars after cleaning, and {few} of these an image of its name; ask for \
                 fewer stars, or name the images as the galaxies",
                files.len(),
                config.path.display(),
                known.len(),
                self.min_stars
            )));
        }
        let with_latents = match (&images, &config.latents) {
            (Some(images), _) => Some(images.ids().to_vec()),
            (None, Some(folder)) => Some(Latents::open(folder)?.ids),
            (None, None) => None,
        };
        known.retain(|id| with_latents.as_ref().is_none_or(|ids| ids.contains(id)));
        if known.len() >= FEW {
            let share = |of: f64, but: &[String], seed| -> Result<Vec<String>, CliError> {
                let ids: Vec<&String> = known.iter().filter(|id| !but.contains(id)).collect();
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
        Ok((config, images))
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
        let recipe = self.recipe();
        let epoch = open.steps_per_epoch(recipe.deal, self.batch_size);
        let steps = self.run.steps(epoch).unwrap_or(recipe.steps);
        Ok(Recipe { steps, ..recipe }.config(galaxies, open)?)
    }

    /// How the flow is trained, but for its length.
    fn recipe(&self) -> Recipe {
        Recipe {
            member: self.flow,
            transforms: self.transforms,
            hidden: self.hidden.clone(),
            lr: self.lr,
            batch_size: self.batch_size,
            deal: match self.deal {
                DealBy::Galaxies => Deal::Balanced,
                DealBy::Stars => Deal::ByStars,
            },
            latent_noise: self.latent_noise,
            components: self.components,
            seed: self.run.seed(),
            ..Recipe::default()
        }
    }

    /// The folder of the simulated suite, which is made where it is not there yet.
    fn suite(&self) -> Result<PathBuf, CliError> {
        let (galaxies, stars) = (self.galaxies, self.particles);
        let tell = |folder: &Path| {
            let folder = folder.display();
            say(format_args!("simulating {galaxies} galaxies into {folder} (once)"));
        };
        match cached_galaxies(galaxies, stars, 1, tell) {
            Err(SkyError::NoCache) => {
                Err(CliError::Usage("no cache folder; give --stars and --images".to_owned()))
            }
            folder => Ok(folder?),
        }
    }
}

/// What names were given, each of them once.
fn once<T: Clone>(option: &str, given: &[(String, T)]) -> Result<BTreeMap<String, T>, CliError> {
    let mut all = BTreeMap::new();
    for (name, value) in given {
        if all.insert(name.clone(), value.clone()).is_some() {
            return Err(CliError::Usage(format!("{option} names {name} twice: give it once")));
        }
    }
    Ok(all)
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

/// A number that a name is given.
fn assignment(text: &str) -> Result<(String, f64), String> {
    match text.split_once('=').map(|(name, value)| (name, value.parse::<f64>())) {
        Some((name, Ok(value))) if !name.is_empty() && value.is_finite() => {
            Ok((name.to_owned(), value))
        }
        _ => Err("expected NAME=VALUE with a finite number, such as m_stars=2e10".to_owned()),
    }
}
