//! What became of the galaxies of a folder.

use std::collections::BTreeMap;
use std::fmt;

use astrogen_stars::CleaningReport;
use serde::{Serialize, Serializer};

/// What became of the galaxies of a folder. Printed, it is the summary in words.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GalaxiesReport {
    /// What was removed of each galaxy that was read.
    pub cleaning: Vec<CleaningReport>,
    /// Galaxies that have too few stars left.
    pub dropped: Vec<String>,
    /// Galaxies whose stars have no latents, and that are left out therefore.
    pub without_latents: Vec<String>,
    /// Latents of galaxies that have no stars.
    pub without_stars: Vec<String>,
    /// Galaxies that train, choose and are left out.
    #[serde(serialize_with = "parts")]
    pub parts: [usize; 3],
    /// Stars that train, choose and are judged.
    #[serde(serialize_with = "parts")]
    pub stars: [usize; 3],
    /// Whether the training stars are in a file, since they exceed the memory that they may have.
    pub in_file: bool,
}

/// Counts of the three parts by what these are for.
fn parts<S: Serializer>(counts: &[usize; 3], serializer: S) -> Result<S::Ok, S::Error> {
    let names = ["to_train_on", "to_choose_by", "to_judge_by"];
    serializer.collect_map(names.into_iter().zip(counts))
}

impl fmt::Display for GalaxiesReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [train, validation, left_out] = self.parts;
        let [training, choosing, judged] = self.stars;
        write!(
            f,
            "{train} galaxies to train on, {validation} to choose by, {left_out} left out; stars: \
             {training} to train on, {choosing} to choose by, {judged} to judge by"
        )?;
        let sum = |of: fn(&CleaningReport) -> usize| self.cleaning.iter().map(of).sum::<usize>();
        let many = |counts: &BTreeMap<String, usize>| counts.values().sum::<usize>();
        write!(
            f,
            "\ncleaning kept {} of {} stars: {} were too poor in metals, {} too far out, {} without a \
             finite value in every column; {} values were raised to their floor",
            sum(|of| of.kept),
            sum(|of| of.read),
            sum(|of| of.poor),
            sum(|of| of.beyond),
            self.cleaning.iter().map(|of| many(&of.not_finite)).sum::<usize>(),
            self.cleaning.iter().map(|of| many(&of.raised)).sum::<usize>(),
        )?;
        let lists = [
            ("too few stars left", &self.dropped),
            ("stars without an image's latents", &self.without_latents),
            ("latents without stars", &self.without_stars),
        ];
        for (what, list) in lists.iter().filter(|(_, list)| !list.is_empty()) {
            write!(f, "\n{what}, left out: {}", list.join(", "))?;
        }
        if self.in_file {
            write!(
                f,
                "\nthe stars are streamed from a file, as they exceed the memory they may have"
            )?;
        }
        Ok(())
    }
}
