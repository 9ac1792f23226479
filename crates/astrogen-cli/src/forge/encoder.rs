//! The autoencoder of the galaxies' images.

use astrogen_data::split;
use astrogen_forge::{EncoderConfig, EncoderRecipe, GalaxiesConfig, GalaxyImages};
use astrogen_images::Shrink;
use astrogen_stars::GalaxyFile;
use astrogen_train::RunDir;

use super::{ForgeArguments, within};
use crate::error::absolute;
use crate::{CliError, group, say};

/// An autoencoder: its run, its settings, and the images.
#[derive(Debug)]
pub struct EncoderJob {
    /// Its folder.
    pub run: RunDir,
    /// Its settings.
    pub config: EncoderConfig,
    /// The images that it is trained on; none where it is trained already.
    pub images: Option<GalaxyImages>,
    /// The images of all galaxies that have stars enough.
    pub all: GalaxyImages,
}

/// Refuses galaxies that are left out to be judged and that an autoencoder has seen.
fn check_unseen(config: &EncoderConfig, leave_out: &[String]) -> Result<(), CliError> {
    let Some(unseen) = &config.left_out else { return Ok(()) };
    match leave_out.iter().find(|id| !unseen.contains(id)) {
        None => Ok(()),
        Some(id) => Err(CliError::Usage(format!(
            "{id} is left out to be judged, and the autoencoder of --encoder has seen it: leave out galaxies \
             that it has not seen (--leave-out {}), or train another",
            unseen.join(" ")
        ))),
    }
}

impl ForgeArguments {
    /// The images of the galaxies that have stars, if they have some; which of both lack the other
    /// is said.
    pub(super) fn images(
        &self,
        galaxies: &GalaxiesConfig,
    ) -> Result<Option<GalaxyImages>, CliError> {
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
        let (model, shrink) = match &self.encoder {
            Some(run) => {
                let EncoderConfig { model, shrink, .. } = RunDir::open(run)?.read_config()?;
                (model, shrink)
            }
            None => (self.encoder_recipe().model, Shrink::Light),
        };
        let images = GalaxyImages::open(&folder, &model, shrink)?;
        let files = GalaxyFile::find(&galaxies.path)?;
        let shown = images.restrict(files.iter().map(|file| &file.id));
        for (what, list) in [
            ("images without stars", &shown.without_stars),
            ("stars without an image", &shown.without_image),
        ] {
            if !list.is_empty() {
                say(format_args!("{what}, left out: {}", list.join(", ")));
            }
        }
        Ok(Some(shown.images))
    }

    /// The autoencoder of the galaxies' images, to be trained unless it is already: galaxies that are
    /// left out are not shown to it.
    ///
    /// # Errors
    /// [`CliError::Forge`] for images that do not fit, [`CliError::Train`] for a run that cannot be
    /// used.
    pub fn encoder(
        &self,
        galaxies: &GalaxiesConfig,
        all: GalaxyImages,
    ) -> Result<EncoderJob, CliError> {
        let but = |left_out: &[String]| {
            all.restrict(all.ids().iter().filter(|id| !left_out.contains(id))).images
        };
        let images = but(&galaxies.leave_out);
        if let Some(run) = &self.encoder {
            let run = RunDir::in_group(group()?, || RunDir::resume(run))?;
            let config = run.read_config::<EncoderConfig>()?;
            check_unseen(&config, &galaxies.leave_out)?;
            // The report comes last.
            let is_trained = run.join("report.json").exists();
            // One that was stopped goes on with the galaxies that it began with.
            let images = config.left_out.as_deref().map_or(images, but);
            return Ok(EncoderJob { run, config, images: (!is_trained).then_some(images), all });
        }
        let recipe = self.encoder_recipe();
        let mut held_out = within(&galaxies.validation, images.ids());
        if held_out.is_empty() {
            let split = split::by_file(images.ids().len(), 0.1, recipe.seed)?;
            let ids = split.validation.into_iter().map(|at| images.ids()[at].clone());
            held_out = ids.collect();
        }
        let mut config = recipe.config(&images, held_out)?;
        config.fit.precision = self.run.precision();
        config.left_out = Some(galaxies.leave_out.clone());
        let new = || RunDir::create_next("runs".as_ref(), "galaxy-encoder");
        let run = RunDir::in_group(group()?, new)?;
        Ok(EncoderJob { run, config, images: Some(images), all })
    }

    /// How a new autoencoder is trained.
    fn encoder_recipe(&self) -> EncoderRecipe {
        let recipe = match self.full_encoder {
            true => EncoderRecipe::default(),
            false => EncoderRecipe::quick(),
        };
        let recipe = EncoderRecipe { seed: self.run.seed(), ..recipe };
        match self.encoder_steps {
            Some(steps) => EncoderRecipe { epochs: 1, steps, ..recipe },
            None => recipe,
        }
    }
}
