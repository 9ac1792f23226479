//! Tables generated in blocks: the generator's own numbers, whatever the pieces.

use astrogen_models::{TabularConfig, TabularGenerator};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use tch::nn::VarStore;
use tch::{Kind, Tensor};

use crate::agreement::penalty::scattered;
use crate::turn::alone;
use crate::{ACTIVATIONS, assert_close, golden, golden_pair, small};

/// Rows that share a stream of random numbers.
const BLOCK: usize = 1024;
const SEED: u64 = 20170331;

/// A generator whose features are of order 1.
fn emulator(activation: usize) -> (VarStore, TabularGenerator) {
    let (name, activation) = ACTIVATIONS[activation];
    golden_pair(activation, &golden(), &format!("{name}.initial")).0
}

fn contexts(rows: usize) -> Vec<f32> {
    let values = scattered(&[rows as i64 * 9], 0.8).to_kind(Kind::Float);
    Vec::try_from(values).unwrap()
}

/// The latents of rows from the first one on: those of block `b` are stream `b` of ChaCha8.
fn latents(rows: usize, seed: u64) -> Tensor {
    let blocks = (0..rows.div_ceil(BLOCK)).flat_map(|block| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(block as u64);
        StandardNormal.sample_iter(rng).take(BLOCK * 8)
    });
    let latents: Vec<f32> = blocks.take(rows * 8).collect();
    Tensor::from_slice(&latents).view([rows as i64, 8])
}

fn bits(features: &[f32]) -> Vec<u32> {
    features.iter().map(|feature| feature.to_bits()).collect()
}

#[test]
fn rows_are_samples_of_the_streams_latents() {
    let _alone = alone(1);
    let rows = BLOCK + 500;
    for activation in 0..3 {
        let (mut store, generator) = emulator(activation);
        let context = contexts(rows);
        let table = Tensor::from_slice(&context).view([rows as i64, 9]);
        let expected = generator.sample(&latents(rows, SEED), &table).unwrap();
        let single = generator.emulate(&context, 0, SEED).unwrap();
        let made = Tensor::from_slice(&single).view([rows as i64, 3]);
        assert_close("single precision", &made, &expected, 1e-5);

        // A network in double precision emulates in it.
        store.double();
        let expected = generator.sample(&latents(rows, SEED), &table).unwrap();
        let double = generator.emulate(&context, 0, SEED).unwrap();
        let made = Tensor::from_slice(&double).view([rows as i64, 3]);
        assert_close("double precision", &made, &expected, 1e-7);
    }
}

#[test]
fn pieces_cut_anywhere_are_the_same_bits_on_any_number_of_threads() {
    let _alone = alone(1);
    let (_store, generator) = emulator(0);
    let rows = 3 * BLOCK + 200;
    let mut context = contexts(rows);
    // Rows that are no numbers do not shift or touch the others.
    context[9 * 1500] = f32::NAN;
    let first_row = (1 << 40) + 77;
    let whole = bits(&generator.emulate(&context, first_row, SEED).unwrap());
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let before = tch::get_num_threads();
    for threads in [1, 2, 3, 5] {
        let (mut pieces, mut from) = (Vec::new(), 0);
        while from < rows {
            let to = rows.min(from + 1 + rng.next_u32() as usize % 900);
            tch::set_num_threads(threads);
            let piece = &context[9 * from..9 * to];
            let made = generator.emulate(piece, first_row + from as u64, SEED).unwrap();
            assert_eq!(tch::get_num_threads(), threads, "the setting is left as it was");
            pieces.extend(bits(&made));
            from = to;
        }
        assert!(pieces == whole, "{threads} threads");
    }
    tch::set_num_threads(before);
    let elsewhere = bits(&generator.emulate(&context, first_row + 1, SEED).unwrap());
    assert!(elsewhere != whole, "a row's latents depend on its number");
}

#[test]
fn a_context_that_is_no_number_spoils_its_own_row_alone() {
    let _alone = alone(1);
    let rows = 2 * BLOCK;
    for (activation, (name, _)) in ACTIVATIONS.iter().enumerate() {
        let (_store, generator) = emulator(activation);
        let context = contexts(rows);
        let good = generator.emulate(&context, 10, SEED).unwrap();
        assert!(good.iter().all(|feature| feature.is_finite()));
        let mut spoilt = context.clone();
        // A condition of one row, a true feature of another, all of a third.
        spoilt[9 * 3 + 1] = f32::NAN;
        spoilt[9 * 700 + 8] = f32::NAN;
        spoilt[9 * 1900..9 * 1901].fill(f32::NAN);
        let made = generator.emulate(&spoilt, 10, SEED).unwrap();
        for (row, (got, expected)) in made.chunks(3).zip(good.chunks(3)).enumerate() {
            if [3, 700, 1900].contains(&row) {
                assert!(got.iter().all(|feature| feature.is_nan()), "{name}, {row}: {got:?}");
            } else {
                assert_eq!(bits(got), bits(expected), "{name}, {row}");
            }
        }
    }
}

#[test]
fn the_last_row_there_can_be_is_a_row_too() {
    let _alone = alone(1);
    let (_store, generator) = emulator(0);
    let made = generator.emulate(&contexts(2), u64::MAX - 1, SEED).unwrap();
    assert_eq!(made.len(), 6);
}

#[test]
fn rows_of_any_width_are_counted_and_half_a_row_is_refused() {
    let _alone = alone(1);
    let config =
        TabularConfig { features: 1, conditions: 2, true_features: 2, ..small(ACTIVATIONS[2].1) };
    let (_store, generator) = crate::generator(&config);
    assert_eq!(generator.emulate(&[0.5; 12], 0, SEED).unwrap().len(), 3);
    assert!(generator.emulate(&[], 7, SEED).unwrap().is_empty());
    let message = generator.emulate(&[0.5; 11], 0, SEED).unwrap_err().to_string();
    assert_eq!(message, "contexts must have shape rows of 4 values, got [11]");
}
