//! Batches of rows of tables, and of a kind of one's own.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use astrogen_data::{
    Augment, Batch, BatchConfig, Batches, DataError, Dataset, Row, RowDataset, RowShape, Rows,
};
use ndarray::{Array1, Array2, s};
use tch::{Device, Kind, Tensor};

const SHAPE: RowShape = RowShape { context: 3, features: 2, weighted: false };

/// Rows of 3 context values and 2 features.
fn table(rows: usize) -> RowDataset {
    let values =
        Array2::from_shape_fn((rows, 5), |(n, d)| ((n * 7 + d * 3) % 17) as f32 / 8.5 - 1.0);
    let part = |columns| values.slice(s![.., columns]).to_owned();
    RowDataset::new(part(0..3), part(3..5)).unwrap()
}

/// In memory on the device, and read when asked for.
fn ways() -> [BatchConfig; 3] {
    let resident = BatchConfig { batch_size: 4, seed: 11, ..BatchConfig::default() };
    let streamed = |workers| BatchConfig { workers, resident_bytes: 0, ..resident.clone() };
    [streamed(0), streamed(2), resident.clone()]
}

fn batches(rows: usize, config: &BatchConfig) -> Batches<Rows> {
    Batches::new(Arc::new(table(rows)), config, Device::Cpu).unwrap()
}

fn take(batches: &mut Batches<Rows>, count: usize) -> Vec<Rows> {
    (0..count).map(|_| batches.next_batch().unwrap()).collect()
}

/// An epoch's permutation, by batches of samples whose only value is their number.
fn permutation(rows: usize, config: &BatchConfig) -> Vec<i64> {
    let numbers = Array2::from_shape_fn((rows, 1), |(n, _)| n as f32);
    let numbers = RowDataset::new(Array2::zeros((rows, 0)), numbers).unwrap();
    let mut batches = Batches::new(Arc::new(numbers), config, Device::Cpu).unwrap();
    let epoch = take(&mut batches, rows / config.batch_size);
    let numbers = epoch.iter().map(|batch| batch.features.view([-1]).to_kind(Kind::Int64));
    numbers.flat_map(|batch| Vec::<i64>::try_from(batch).unwrap()).collect()
}

#[test]
fn batches_are_the_rows_of_the_table_in_the_order_of_the_permutation() {
    let whole = table(23).to_batch(Device::Cpu).unwrap();
    assert_eq!((whole.context.size(), whole.features.size()), (vec![23, 3], vec![23, 2]));
    for config in ways() {
        let order = permutation(23, &config);
        assert_eq!(order.len(), 20);
        let mut batches = batches(23, &config);
        assert_eq!((batches.shape(), batches.batch_size()), (SHAPE, 4));
        for (Rows { context, features, .. }, order) in
            take(&mut batches, 5).into_iter().zip(order.chunks(4))
        {
            assert!(context.is_contiguous() && features.is_contiguous());
            let order = Tensor::from_slice(order);
            assert_eq!(context, whole.context.index_select(0, &order));
            assert_eq!(features, whole.features.index_select(0, &order));
        }
    }
}

#[test]
fn rows_are_the_same_by_iteration_and_by_seek_and_under_any_augmentation() {
    for config in ways() {
        let expected = take(&mut batches(23, &config), 20);
        let plain = BatchConfig { augment: Augment::None, ..config.clone() };
        assert_eq!(take(&mut batches(23, &plain), 20), expected);
        let mut seeking = batches(23, &config);
        for step in [13, 0, 1, 19, 7, 7, 8] {
            seeking.seek(step);
            assert_eq!(seeking.next_batch().unwrap(), expected[step as usize], "batch {step}");
        }
    }
}

/// These values are those of the same rows as samples `[D, 1, 1]`, as checkpoints have them.
#[test]
fn fingerprints_and_batches_of_earlier_runs_stay() {
    let [streamed, _, resident] = ways();
    assert_eq!(batches(150, &streamed).fingerprint().unwrap(), "98621db0");
    assert_eq!(batches(150, &resident).fingerprint().unwrap(), "d8a9c9e5");
    for config in ways() {
        assert_eq!(batches(7, &config).fingerprint().unwrap(), "19914cbc");
        let Rows { context, features, .. } = batches(7, &config).next_batch().unwrap();
        let first = |of: &Tensor| Vec::<f32>::try_from(of.get(0)).unwrap();
        assert_eq!(first(&context), [0.294_117_7, 0.647_058_84, -1.0]);
        assert_eq!(first(&features), [-0.647_058_84, -0.294_117_63]);
    }
}

/// Says of its rows that they have more features than they have.
struct Boasting(RowDataset);

impl Dataset for Boasting {
    type Batch = Rows;
    fn len(&self) -> usize {
        self.0.len()
    }
    fn shape(&self) -> RowShape {
        RowShape { features: 3, ..self.0.shape() }
    }
    fn sample(&self, index: usize) -> Result<Row, DataError> {
        self.0.sample(index)
    }
}

#[test]
fn rows_of_another_shape_are_refused_with_both_shapes() {
    for config in ways() {
        let made = Batches::new(Arc::new(Boasting(table(4))), &config, Device::Cpu);
        let message = made.and_then(|mut batches| batches.next_batch()).unwrap_err().to_string();
        let shapes = "expected shape [3, 3] ([context, features]), got [3, 2]";
        assert!(message.starts_with("sample ") && message.contains(shapes), "{message}");
    }
}

/// A kind of one's own: a star's features, and the number of its galaxy in some table.
#[derive(Debug, PartialEq)]
struct Stars {
    features: Tensor,
    galaxy: Tensor,
}

impl Batch for Stars {
    type Sample = (Array1<f32>, u32);
    type Shape = usize;

    fn values(features: usize) -> usize {
        features + 1
    }
    fn shape_of((features, _): &Self::Sample) -> usize {
        features.len()
    }
    fn describe(features: usize) -> String {
        format!("[{features}] ([features])")
    }
    fn write((features, galaxy): &Self::Sample, target: &mut [f32]) {
        let values = features.iter().copied().chain([*galaxy as f32]);
        target.iter_mut().zip(values).for_each(|(to, from)| *to = from);
    }
    fn cut(values: Tensor, features: usize) -> Result<Self, DataError> {
        let features = features as i64;
        let galaxy = values.f_select(1, features)?.f_to_kind(Kind::Int64)?;
        Ok(Self { features: values.f_narrow(1, 0, features)?.f_contiguous()?, galaxy })
    }
}

/// Star `n` of galaxy `n / 3`.
struct Sky;

impl Dataset for Sky {
    type Batch = Stars;
    fn len(&self) -> usize {
        12
    }
    fn shape(&self) -> usize {
        2
    }
    fn sample(&self, index: usize) -> Result<(Array1<f32>, u32), DataError> {
        Ok((Array1::from_elem(2, index as f32), index as u32 / 3))
    }
}

#[test]
fn batches_of_a_kind_of_ones_own_are_dealt_out_alike() {
    for config in ways() {
        let order = permutation(12, &config);
        let mut batches = Batches::new(Arc::new(Sky), &config, Device::Cpu).unwrap();
        for order in order.chunks(4) {
            let Stars { features, galaxy } = batches.next_batch().unwrap();
            assert_eq!(
                features,
                Tensor::from_slice(order).to_kind(Kind::Float).unsqueeze(1).expand([4, 2], false)
            );
            let galaxies: Vec<i64> = order.iter().map(|star| star / 3).collect();
            assert_eq!(galaxy, Tensor::from_slice(&galaxies));
        }
    }
}
