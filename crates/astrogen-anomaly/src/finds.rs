//! What was found in a folder of images.

use std::fmt;

use astrogen_train::RunDir;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::{AnomalyError, Look, Method, Trial, figures};

/// Finds of each score that are told of and drawn.
const TOLD: usize = 8;

/// An image that is odd.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Find {
    /// By which score.
    pub method: Method,
    /// Its place by that, from 1.
    pub rank: usize,
    /// The image's name.
    pub image: String,
    /// The score.
    pub score: f64,
}

/// What was found: `report.json` in the search's folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finds {
    /// Images that were looked at.
    pub images: usize,
    /// The first eight finds of each score.
    pub finds: Vec<Find>,
    /// How well the scores find anomalies that are known; none of too few images.
    pub trial: Option<Trial>,
}

impl Finds {
    /// Writes what was seen of named images `[N, C, H, W]`, signed, into a search's folder:
    ///
    /// - `anomalies.csv`, a line for each image with its score and its place by each method, those first
    ///   that have the best place by any;
    /// - `report.json`, the finds;
    /// - `figures/finds.png`, the first finds of each score, with what the generator and the autoencoder
    ///   made of them; `figures/auc.png` and `figures/roc.png` of the trial, and `figures/injected.png`,
    ///   anomalies that it was made with, from `odd`, those images.
    ///
    /// # Errors
    /// What files and pictures report.
    pub fn write(
        run: &RunDir,
        names: &[String],
        images: &Tensor,
        look: &Look,
        trial: Option<(Trial, Tensor)>,
    ) -> Result<Self, AnomalyError> {
        let ranked: Vec<(Method, Vec<usize>)> =
            look.scores.iter().map(|(method, scores)| (*method, ranked(scores))).collect();
        run.write_text("anomalies.csv", &table(names, look, &ranked)?)?;
        figures::finds(run, names, images, look, &ranked, TOLD)?;
        let trial = match trial {
            Some((trial, odd)) => {
                figures::trial(run, &trial)?;
                figures::injected(run, &odd)?;
                Some(trial)
            }
            None => None,
        };
        let finds = ranked.iter().zip(&look.scores).flat_map(|((method, order), (_, scores))| {
            order.iter().take(TOLD).zip(1..).map(|(&image, rank)| Find {
                method: *method,
                rank,
                image: names.get(image).cloned().unwrap_or_default(),
                score: scores[image],
            })
        });
        let finds = Self { images: names.len(), finds: finds.collect(), trial };
        run.write_json("report.json", &finds)?;
        Ok(finds)
    }
}

/// Numbers of images, the highest score first; equal ones as they came.
fn ranked(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order
}

/// The table of all images.
fn table(
    names: &[String],
    look: &Look,
    ranked: &[(Method, Vec<usize>)],
) -> Result<String, AnomalyError> {
    let places: Vec<Vec<usize>> = ranked
        .iter()
        .map(|(_, order)| {
            let mut places = vec![0; order.len()];
            order.iter().zip(1..).for_each(|(&image, place)| places[image] = place);
            places
        })
        .collect();
    let best = |image: usize| places.iter().map(|of| of[image]).min().unwrap_or(0);
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|&image| best(image));
    let mut table = csv::Writer::from_writer(Vec::new());
    let columns =
        ranked.iter().flat_map(|(method, _)| [method.to_string(), format!("{method}_rank")]);
    table.write_record(["image".to_owned()].into_iter().chain(columns))?;
    for image in order {
        let numbers = look.scores.iter().zip(&places);
        let numbers = numbers.flat_map(|((_, scores), places)| {
            [scores[image].to_string(), places[image].to_string()]
        });
        table.write_record([names[image].clone()].into_iter().chain(numbers))?;
    }
    let bytes = table.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl fmt::Display for Finds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the oddest of {} images", self.images)?;
        for find in self.finds.iter().filter(|find| find.rank <= 3) {
            let Find { method, rank, image, score } = find;
            write!(f, "\n  {method:<12} {rank}. {image} ({score:.3})")?;
        }
        match &self.trial {
            Some(trial) => write!(f, "\n{trial}"),
            None => write!(f, "\ntoo few images to try the scores on anomalies that are known"),
        }
    }
}
