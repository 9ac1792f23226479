//! Whether a generator gives training images back.
//!
//! Neighbours are sought among small images, and the sets are held so: an image is read again where it is
//! drawn, as large as it is.

use std::cell::RefCell;

use astrogen_data::{Batches, Images};
use astrogen_metrics::MetricsError;
use astrogen_metrics::memorisation::{
    AuditConfig, Leakage, LeakageConfig, MemorisationAudit, Neighbour, Points, leakage,
    memorisation_audit,
};
use astrogen_plot::{LabelledGrid, left_out};
use astrogen_train::RunDir;
use tch::{Device, Tensor};

use super::figures;
use crate::ReportError;

/// Pixels along the longer side of images whose neighbours are sought.
const SIDE: i64 = 32;

/// Images that are held of the training set and of those held out, at most.
const MOST: [i64; 2] = [10_000, 1000];

/// The fewest images of either.
const LEAST: i64 = 20;

/// Pairs of a sample and its training image that are drawn.
const PAIRS: usize = 8;

/// What samples are held against to see whether training images are given back.
#[derive(Debug)]
pub(crate) struct Audit {
    train: Set,
    held_out: Set,
    /// Held-out images that are nearly training images; none where this cannot be said.
    pub(crate) leakage: Option<Leakage>,
    /// What is to be said of that.
    pub(crate) remarks: Vec<String>,
    /// Whether it was said.
    pub(crate) told: bool,
}

impl Audit {
    /// The images of one pass over either set, up to 10,000 of the training set and up to 1,000 held-out
    /// ones; none for fewer than 20 of either. Held-out images that are nearly training images are drawn
    /// into `figures/leakage.png`.
    pub(crate) fn new(
        run: &RunDir,
        [train, held_out]: [Batches; 2],
    ) -> Result<Option<Self>, ReportError> {
        let (train, held_out) = (Set::new(train, MOST[0])?, Set::new(held_out, MOST[1])?);
        if [&train, &held_out].iter().any(|set| set.small.size()[0] < LEAST) {
            return Ok(None);
        }
        let found = leakage(&held_out.points()?, &train.points()?, &LeakageConfig::default());
        let mut audit = Self { train, held_out, leakage: None, remarks: Vec::new(), told: false };
        match found {
            Ok(found) => {
                audit.remarks.extend(said(&found));
                if !found.pairs.is_empty() {
                    let title = "Held-out images that are nearly training images, by distance";
                    let image = |place| audit.held_out.image(place);
                    let drawn =
                        audit.pairs(run, "leakage", title, ("held out", &image), &found.pairs)?;
                    audit.remarks.extend(drawn);
                }
                audit.leakage = Some(found);
            }
            // Of training images that are mostly alike.
            Err(error @ MetricsError::BadValues { .. }) => {
                audit.remarks.push(format!("leakage is left out: {error}"));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(Some(audit))
    }

    /// The audit of samples, and the picture of the closest pairs; a line for what is left out, the whole
    /// of it where there are fewer samples than it needs.
    pub(crate) fn of(
        &self,
        run: &RunDir,
        fake: &Tensor,
    ) -> Result<(Option<MemorisationAudit>, Option<String>), ReportError> {
        let (fakes, held_out) = (Points::images(fake, Some(SIDE))?, self.held_out.points()?);
        let config = AuditConfig::default();
        let audit = match memorisation_audit(&fakes, &held_out, &self.train.points()?, &config) {
            Ok(audit) => audit,
            Err(error @ MetricsError::BadValues { .. }) => {
                return Ok((None, Some(format!("memorisation is left out: {error}"))));
            }
            Err(error) => return Err(error.into()),
        };
        let title = "The samples that are nearest to a training image, by distance";
        let image = |place| Ok(fake.f_narrow(0, place as i64, 1)?);
        let line = self.pairs(run, "closest", title, ("sampled", &image), &audit.closest)?;
        Ok((Some(audit), line))
    }

    /// Draws training images above those of a named set that are near to them, the nearest first. A line
    /// that says why where it cannot be drawn.
    fn pairs(
        &self,
        run: &RunDir,
        file: &str,
        title: &str,
        (name, image): (&str, &dyn Fn(usize) -> Result<Tensor, ReportError>),
        closest: &[Neighbour],
    ) -> Result<Option<String>, ReportError> {
        figures(run)?;
        let pair = |pair: &Neighbour| -> Result<[Tensor; 2], ReportError> {
            let below = pair.symmetry.apply(&image(pair.query)?)?.f_to_device(Device::Cpu)?;
            Ok([self.train.image(pair.index)?.f_to_device(Device::Cpu)?, below])
        };
        let closest = &closest[..closest.len().min(PAIRS)];
        let file = format!("figures/{file}.png");
        let pairs = match closest.iter().map(pair).collect::<Result<Vec<_>, _>>() {
            Ok(pairs) => pairs,
            // Of images that are gone meanwhile; the numbers are there.
            Err(error @ ReportError::Data(_)) => {
                return Ok(Some(format!("{file} is left out: {error}")));
            }
            Err(error) => return Err(error),
        };
        let rows = [0, 1].into_iter().flat_map(|row| pairs.iter().map(move |pair| &pair[row]));
        let images = Tensor::f_cat(&rows.collect::<Vec<_>>(), 0)?;
        let grid = LabelledGrid {
            title: title.into(),
            row_labels: ["training", name].map(String::from).into(),
            column_labels: closest.iter().map(|pair| format!("{:.2}", pair.distance)).collect(),
            ..LabelledGrid::default()
        };
        Ok(left_out(&file, grid.save(&images, run.join(&file)))?)
    }
}

/// What is to be said of held-out images that are nearly training images; nothing of none.
fn said(leakage: &Leakage) -> Option<String> {
    let nearest = leakage.pairs.first()?;
    let (copies, all) = (leakage.pairs.len(), leakage.held_out);
    let are = if copies == 1 { "is nearly a training image" } else { "are nearly training images" };
    Some(format!(
        "{copies} of {all} held-out images {are} (the nearest at a distance of {:.2}, typically {:.2}): \
         take one of each pair out of the data, figures/leakage.png shows them",
        nearest.distance, leakage.typical
    ))
}

/// The first images of one pass over a data set, small.
#[derive(Debug)]
struct Set {
    /// `[N, C, h, w]` on the host.
    small: Tensor,
    batches: RefCell<Batches>,
}

impl Set {
    fn new(mut batches: Batches, most: i64) -> Result<Self, ReportError> {
        batches.seek(0);
        let mut small = Vec::new();
        let mut count = 0;
        for _ in 0..batches.steps_per_epoch() {
            if count >= most {
                break;
            }
            let Images(next) = batches.next_batch()?;
            count += next.size()[0];
            small.push(Points::reduce(&next, Some(SIDE))?.f_to_device(Device::Cpu)?);
        }
        batches.seek(0); // ends the threads that read ahead
        let small = Tensor::f_cat(&small, 0)?.f_slice(0, 0, most, 1)?;
        Ok(Self { small, batches: RefCell::new(batches) })
    }

    /// The images as neighbours are sought among them, on the device of the batches.
    fn points(&self) -> Result<Points, ReportError> {
        let small = self.small.f_to_device(self.batches.borrow().device())?;
        Ok(Points::images(&small, Some(SIDE))?)
    }

    /// The image of this place `[1, C, H, W]`, read again as large as it is.
    fn image(&self, place: usize) -> Result<Tensor, ReportError> {
        let mut batches = self.batches.borrow_mut();
        let size = batches.batch_size();
        batches.seek((place / size) as u64);
        let read = batches.next_batch();
        batches.seek(0);
        let Images(batch) = read?;
        Ok(batch.f_narrow(0, (place % size) as i64, 1)?)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests;
