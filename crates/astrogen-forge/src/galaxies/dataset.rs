//! The stars of a part of the galaxies as samples.

use std::sync::Arc;

use astrogen_data::{DataError, Dataset, Grouped, GroupedRow};
use serde::{Deserialize, Serialize};

use super::store::Store;

/// How often stars of a galaxy are dealt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deal {
    /// Each galaxy as often as every other one, whatever the number of its stars: in an epoch each
    /// gives as many as the largest, so that those of smaller ones come more than once. Those that
    /// come once more than others are spread over the galaxy's file.
    #[default]
    Balanced,
    /// Each star once in an epoch: a galaxy with more stars weighs more.
    ByStars,
}

/// Where the stars of a galaxy are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// The galaxy's row in the table of conditions.
    pub(super) galaxy: usize,
    /// Its first star in the store.
    pub(super) first: usize,
    /// How many there are; at least one.
    pub(super) count: usize,
}

/// Stars of some galaxies, in physical units, each with the row of its galaxy in the table of
/// [`Conditions`](crate::Conditions).
#[derive(Debug)]
pub struct StarDataset {
    store: Arc<Store>,
    spans: Vec<Span>,
    deal: Deal,
    /// Where each galaxy's stars begin and the last one's end, counted over all of them.
    starts: Vec<usize>,
    /// Stars of the largest galaxy.
    largest: usize,
}

impl StarDataset {
    pub(super) fn new(store: Arc<Store>, spans: Vec<Span>, deal: Deal) -> Self {
        let largest = spans.iter().map(|span| span.count).max().unwrap_or(0);
        let mut starts = vec![0];
        starts.extend(spans.iter().scan(0, |end, span| {
            *end += span.count;
            Some(*end)
        }));
        Self { store, spans, deal, starts, largest }
    }

    /// The galaxy and the place in the store of a sample.
    fn place(&self, index: usize) -> (usize, usize) {
        match self.deal {
            Deal::Balanced => {
                let span = self.spans[index / self.largest];
                // In 128 bits, which no product of two counts exceeds.
                let [at, count, largest] =
                    [index % self.largest, span.count, self.largest].map(|of| of as u128);
                (span.galaxy, span.first + (at * count / largest) as usize)
            }
            Deal::ByStars => {
                // The first start is 0, so that there is one at or before each star.
                let number = self.starts.partition_point(|&start| start <= index) - 1;
                let span = self.spans[number];
                (span.galaxy, span.first + index - self.starts[number])
            }
        }
    }
}

impl Dataset for StarDataset {
    type Batch = Grouped;

    fn len(&self) -> usize {
        match self.deal {
            Deal::Balanced => self.spans.len() * self.largest,
            Deal::ByStars => self.starts[self.spans.len()],
        }
    }

    fn shape(&self) -> i64 {
        self.store.columns() as i64
    }

    fn sample(&self, index: usize) -> Result<GroupedRow, DataError> {
        if index >= self.len() {
            return Err(DataError::Index { index, samples: self.len() });
        }
        let (group, star) = self.place(index);
        let features = self.store.read(star, 1).map_err(DataError::source)?;
        Ok(GroupedRow { features: features.into(), group })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::super::store::Collector;
    use super::*;

    /// Two galaxies of two and five stars; a star's feature is its number.
    fn dataset(deal: Deal) -> StarDataset {
        let mut collector = Collector::new(1, u64::MAX, None);
        collector.push(&(0..7).map(|star| star as f32).collect::<Vec<_>>()).unwrap();
        let spans =
            vec![Span { galaxy: 3, first: 0, count: 2 }, Span { galaxy: 8, first: 2, count: 5 }];
        StarDataset::new(Arc::new(collector.finish().unwrap()), spans, deal)
    }

    fn all(dataset: &StarDataset) -> Vec<(usize, f32)> {
        let samples = (0..dataset.len()).map(|index| dataset.sample(index).unwrap());
        samples.map(|row| (row.group, row.features[0])).collect()
    }

    #[test]
    fn galaxies_are_dealt_alike_or_by_their_stars() {
        let by_stars = all(&dataset(Deal::ByStars));
        let expected = [(3, 0.), (3, 1.), (8, 2.), (8, 3.), (8, 4.), (8, 5.), (8, 6.)];
        assert_eq!(by_stars, expected);
        let balanced = all(&dataset(Deal::Balanced));
        assert_eq!(balanced[..5], [(3, 0.), (3, 0.), (3, 0.), (3, 1.), (3, 1.)]);
        assert_eq!(balanced[5..], expected[2..]);
    }

    /// Stars lie in the order of their file, by binding energy say: no end of it may come more often.
    #[test]
    fn stars_that_come_once_more_are_spread_over_the_galaxy() {
        let mut collector = Collector::new(1, u64::MAX, None);
        collector.push(&[0.0; 270]).unwrap();
        let store = Arc::new(collector.finish().unwrap());
        let small = Span { galaxy: 0, first: 0, count: 100 };
        let spans = vec![small, Span { galaxy: 1, first: 100, count: 170 }];
        let dataset = StarDataset::new(store, spans, Deal::Balanced);
        let mut times = [0; 270];
        for index in 0..dataset.len() {
            times[dataset.place(index).1] += 1;
        }
        assert!(times[..100].iter().all(|times| (1..=2).contains(times)), "{times:?}");
        assert!(times[100..].iter().all(|&times| times == 1), "{times:?}");
        for tenth in times[..100].chunks(10) {
            assert_eq!(tenth.iter().sum::<usize>(), 17, "{times:?}");
        }
    }

    #[test]
    fn a_star_that_is_not_there_is_refused() {
        let message = dataset(Deal::Balanced).sample(10).unwrap_err().to_string();
        assert!(message.contains("sample 10") && message.contains("holds 10"), "{message}");
    }
}
