//! Generated rows with the observed distributions.

use astrogen_catalog::{CatalogError, QuantileMap};
use astrogen_data::{Dataset, Rows};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::rows_a_thread;
use crate::TablesError;

/// Gives each generated feature the distribution of the observed one along its true feature
/// ([`QuantileMap`]): fitted on the training rows, saved with the model.
///
/// A generator learns how features hang together and on what they depend, but not the last
/// thousandth of their tails: a critic hardly sees it. Each map is increasing, so ranks stay.
/// Values are scaled ones, as networks see them, row by row; each observed feature has the true
/// feature of the same place in the list, and contexts end with the true features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuantileMatching {
    /// Values of a context.
    context: usize,
    /// One per feature.
    maps: Vec<QuantileMap>,
}

impl QuantileMatching {
    /// Fits `names`, in `bins` bins, on contexts `[N, D]`, observed features and those generated
    /// for the same contexts, `[N, names]`.
    ///
    /// # Errors
    /// [`TablesError::Catalog`] where the numbers of rows do not go together, a value is not
    /// finite, there are fewer than two rows per bin, or a feature has no scatter.
    pub fn fit(
        names: &[String],
        context: &[f32],
        observed: &[f32],
        made: &[f32],
        bins: usize,
    ) -> Result<Self, TablesError> {
        let features = names.len();
        let rows = observed.len() / features.max(1);
        let width = context.len() / rows.max(1);
        check([rows, width, features], context, made)?;
        check([rows, width, features], context, observed)?;
        let column = |of: &[f32], width: usize, place: usize| -> Vec<f64> {
            of.chunks_exact(width).map(|row| row[place].into()).collect()
        };
        let maps = names.iter().enumerate().map(|(feature, name)| {
            let along = column(context, width, width - features + feature);
            let [made, observed] = [made, observed].map(|of| column(of, features, feature));
            QuantileMap::fit(name, &along, &made, &observed, bins)
        });
        Ok(Self { context: width, maps: maps.collect::<Result<_, _>>()? })
    }

    /// Fits on the rows of a data set, those that an emulator was trained on, 524,288 of them at
    /// most: `names` are those of the features; `emulate` makes them of contexts, row by row.
    ///
    /// An averaged generator scatters a little too little, too: where generators on the way
    /// disagree, their average has less contrast than each of them.
    ///
    /// # Errors
    /// What the data set and the emulator report, and those of [`QuantileMatching::fit`].
    pub fn of_rows<E: From<TablesError>>(
        rows: &dyn Dataset<Batch = Rows>,
        names: &[String],
        bins: usize,
        emulate: impl Fn(&[f32]) -> Result<Vec<f32>, E>,
    ) -> Result<Self, E> {
        /// Rows that quantiles are measured on, at most.
        const ROWS: usize = 1 << 19;
        let count = rows.len().min(ROWS);
        let (mut context, mut observed) = (Vec::new(), Vec::new());
        for row in 0..count {
            let row = rows.sample(row * rows.len() / count).map_err(TablesError::from)?;
            context.extend(row.context);
            observed.extend(row.features);
        }
        let shape = [count, rows.shape().context as usize, names.len()];
        check(shape, &context, &observed).map_err(TablesError::from)?;
        let made = emulate(&context)?;
        Ok(Self::fit(names, &context, &observed, &made, bins)?)
    }

    /// Changes generated features `[N, features]` in place, for their contexts `[N, D]`, on
    /// libtorch's number of threads.
    ///
    /// # Errors
    /// [`TablesError::Catalog`] where the numbers of rows do not go together.
    pub fn apply(&self, context: &[f32], made: &mut [f32]) -> Result<(), TablesError> {
        let (width, features) = (self.context, self.maps.len());
        check([context.len() / width.max(1), width, features], context, made)?;
        let piece = rows_a_thread(made.len() / features);
        let contexts = context.par_chunks(piece * width);
        made.par_chunks_mut(piece * features).zip(contexts).for_each(|(made, contexts)| {
            let rows = made.chunks_exact_mut(features).zip(contexts.chunks_exact(width));
            for (row, context) in rows {
                let along = &context[width - features..];
                for ((value, map), &along) in row.iter_mut().zip(&self.maps).zip(along) {
                    *value = map.apply(along.into(), (*value).into()) as f32;
                }
            }
        });
        Ok(())
    }
}

/// Refuses contexts and features that are not `[rows, width]` and `[rows, features]`.
fn check(
    [rows, width, features]: [usize; 3],
    context: &[f32],
    made: &[f32],
) -> Result<(), CatalogError> {
    let whole = context.len() == rows * width && made.len() == rows * features;
    if features > 0 && width >= features && whole {
        return Ok(());
    }
    Err(CatalogError::Shape {
        what: "contexts and generated features".to_owned(),
        expected: format!("{rows} rows, of {features} features and at least as many in a context"),
        got: format!("{} and {} values", context.len(), made.len()),
    })
}
