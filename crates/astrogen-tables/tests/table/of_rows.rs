//! The last touch to an emulator: quantiles as observed.

use astrogen_data::RowDataset;
use astrogen_tables::{QuantileMatching, TablesError};
use ndarray::{Array2, s};

const ROWS: usize = 4000;

fn names() -> Vec<String> {
    ["r", "i", "z"].map(String::from).into()
}

/// Nine context values and three features, each feature even over a width and offset of its own.
fn rows() -> RowDataset {
    let rows = Array2::from_shape_fn((ROWS, 12), |(row, column)| {
        let even = ((row * (column * 2 + 1) * 997) % ROWS) as f32 / ROWS as f32 - 0.5;
        if column < 9 { even } else { 3.0 * (column - 8) as f32 * even + column as f32 }
    });
    RowDataset::new(rows.slice(s![.., ..9]).to_owned(), rows.slice(s![.., 9..]).to_owned()).unwrap()
}

fn percentiles(mut values: Vec<f32>) -> [f32; 5] {
    values.sort_by(f32::total_cmp);
    [0.01, 0.16, 0.5, 0.84, 0.99].map(|part: f64| values[(part * values.len() as f64) as usize])
}

#[test]
fn any_generator_gets_the_observed_quantiles() {
    // Features that bend with the context, on other scales than the observed ones.
    let emulate = |context: &[f32]| -> Result<Vec<f32>, TablesError> {
        let row =
            |row: &[f32]| [1.0, 2.0, 3.0].map(|scale| (scale * row[0] + row[3]).tanh() / scale);
        Ok(context.chunks(9).flat_map(row).collect())
    };
    let data = rows();
    let matching = QuantileMatching::of_rows(&data, &names(), 3, emulate).unwrap();

    let context: Vec<f32> = data.context().iter().copied().collect();
    let observed: Vec<f32> = data.features().iter().copied().collect();
    let mut made = emulate(&context).unwrap();
    matching.apply(&context, &mut made).unwrap();
    for feature in 0..3 {
        let column = |values: &[f32], width: usize, at: usize| {
            percentiles(values.iter().copied().skip(at).step_by(width).collect())
        };
        let want = column(&observed, 3, feature);
        let got = column(&made, 3, feature);
        let width = want[4] - want[0];
        let apart = want.iter().zip(got).map(|(want, got)| (want - got).abs() / width);
        assert!(apart.into_iter().all(|apart| apart < 0.03), "{got:?} {want:?}");
    }

    // A generator that has collapsed to one value has no quantiles.
    let constant = |context: &[f32]| Ok::<_, TablesError>(vec![1.0; context.len() / 3]);
    let message = QuantileMatching::of_rows(&data, &names(), 3, constant).unwrap_err().to_string();
    assert!(message.contains("\"r\" has no scatter"), "{message}");
    let narrow = RowDataset::new(Array2::ones((50, 9)), Array2::ones((50, 2))).unwrap();
    let message = QuantileMatching::of_rows(&narrow, &names(), 3, emulate).unwrap_err().to_string();
    assert!(message.contains("expected 50 rows, of 3 features"), "{message}");
}
