//! The last touch to a generator: medians and widths as observed.

use astrogen_data::{ArrayDataset, Dataset};
use astrogen_models::TabularConfig;
use astrogen_train::cwgan_gp::calibrate;
use astrogen_train::network::Network;
use ndarray::Array4;
use tch::Device;

use crate::alone;

const ROWS: usize = 4000;

/// Nine context values and three features, each feature even over a width and offset of its own.
fn rows() -> ArrayDataset {
    let rows = Array4::from_shape_fn((ROWS, 12, 1, 1), |(row, column, ..)| {
        let even = ((row * (column * 2 + 1) * 997) % ROWS) as f32 / ROWS as f32 - 0.5;
        if column < 9 { even } else { 3.0 * (column - 8) as f32 * even + column as f32 }
    });
    ArrayDataset::new(rows).unwrap()
}

fn percentiles(mut values: Vec<f32>) -> [f32; 3] {
    values.sort_by(f32::total_cmp);
    [0.16, 0.5, 0.84].map(|part: f64| values[(part * values.len() as f64) as usize])
}

#[test]
fn medians_and_widths_become_the_observed_ones() {
    let _alone = alone();
    tch::manual_seed(3);
    let mut network =
        Network::new(Device::Cpu, |path| TabularConfig::default().init_generator(path)).unwrap();
    let data = rows();
    calibrate(&mut network.module, &data, 3).unwrap();

    let samples: Vec<f32> = (0..ROWS).flat_map(|row| data.sample(row).unwrap()).collect();
    let context: Vec<f32> = samples.chunks(12).flat_map(|row| row[..9].to_vec()).collect();
    let made = network.module.emulate(&context, 0, 0).unwrap();
    for feature in 0..3 {
        let column = |values: &[f32], width: usize, at: usize| {
            percentiles(values.iter().copied().skip(at).step_by(width).collect())
        };
        let [low, median, high] = column(&samples, 12, 9 + feature);
        let got = column(&made, 3, feature);
        let width = high - low;
        assert!((got[1] - median).abs() < 1e-3 * width, "{got:?} {median}");
        assert!(((got[2] - got[0]) / width - 1.0).abs() < 1e-3, "{got:?} {low} {high}");
    }
}

#[test]
fn what_has_no_width_is_left_as_it_is_and_odd_rows_are_refused() {
    let _alone = alone();
    let mut network =
        Network::new(Device::Cpu, |path| TabularConfig::default().init_generator(path)).unwrap();
    let generate = |network: &Network<_>| {
        let network: &Network<astrogen_models::TabularGenerator> = network;
        network.module.emulate(&[0.25; 18], 0, 0).unwrap()
    };
    let before = generate(&network);
    let constant = ArrayDataset::new(Array4::ones((50, 12, 1, 1))).unwrap();
    calibrate(&mut network.module, &constant, 3).unwrap();
    assert_eq!(generate(&network), before);

    let narrow = ArrayDataset::new(Array4::ones((50, 11, 1, 1))).unwrap();
    let message = calibrate(&mut network.module, &narrow, 3).unwrap_err().to_string();
    assert!(message.contains("rows of 9 values"), "{message}");
    let message = network.module.rescale(&[1.0, 2.0], &[0.0; 3]).unwrap_err().to_string();
    assert_eq!(message, "scales must have shape [3], got [2]");
}
