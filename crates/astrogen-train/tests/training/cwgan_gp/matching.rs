//! The last touch to an emulator: quantiles as observed.

use astrogen_data::{ArrayDataset, Dataset};
use astrogen_models::TabularConfig;
use astrogen_train::cwgan_gp::match_quantiles;
use astrogen_train::network::Network;
use ndarray::Array4;
use tch::Device;

use crate::alone;

const ROWS: usize = 4000;

fn names() -> Vec<String> {
    ["r", "i", "z"].map(String::from).into()
}

/// Nine context values and three features, each feature even over a width and offset of its own.
fn rows() -> ArrayDataset {
    let rows = Array4::from_shape_fn((ROWS, 12, 1, 1), |(row, column, ..)| {
        let even = ((row * (column * 2 + 1) * 997) % ROWS) as f32 / ROWS as f32 - 0.5;
        if column < 9 { even } else { 3.0 * (column - 8) as f32 * even + column as f32 }
    });
    ArrayDataset::new(rows).unwrap()
}

fn percentiles(mut values: Vec<f32>) -> [f32; 5] {
    values.sort_by(f32::total_cmp);
    [0.01, 0.16, 0.5, 0.84, 0.99].map(|part: f64| values[(part * values.len() as f64) as usize])
}

#[test]
fn an_untrained_generator_gets_the_observed_quantiles() {
    let _alone = alone();
    tch::manual_seed(3);
    let network =
        Network::new(Device::Cpu, |path| TabularConfig::default().init_generator(path)).unwrap();
    let emulate = |context: &[f32]| network.module.emulate(context, 0, 0);
    let data = rows();
    let matching = match_quantiles(&data, &names(), 3, emulate).unwrap();

    let samples: Vec<f32> = (0..ROWS).flat_map(|row| data.sample(row).unwrap()).collect();
    let context: Vec<f32> = samples.chunks(12).flat_map(|row| row[..9].to_vec()).collect();
    let mut made = emulate(&context).unwrap();
    matching.apply(&context, &mut made).unwrap();
    for feature in 0..3 {
        let column = |values: &[f32], width: usize, at: usize| {
            percentiles(values.iter().copied().skip(at).step_by(width).collect())
        };
        let want = column(&samples, 12, 9 + feature);
        let got = column(&made, 3, feature);
        let width = want[4] - want[0];
        let apart = want.iter().zip(got).map(|(want, got)| (want - got).abs() / width);
        assert!(apart.into_iter().all(|apart| apart < 0.03), "{got:?} {want:?}");
    }

    // A generator that has collapsed to one value has no quantiles.
    let constant = |context: &[f32]| Ok(vec![1.0; context.len() / 3]);
    let message = match_quantiles(&data, &names(), 3, constant).unwrap_err().to_string();
    assert!(message.contains("\"r\" has no scatter"), "{message}");
    let narrow = ArrayDataset::new(Array4::ones((50, 11, 1, 1))).unwrap();
    let message = match_quantiles(&narrow, &names(), 3, emulate).unwrap_err().to_string();
    assert!(message.contains("rows of 9 values"), "{message}");
}
