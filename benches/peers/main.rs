//! Our side of `cargo xtask peers`, which starts this program with `--serve`.
//!
//! It reads requests from standard input and answers each on standard output, a line of
//! JSON each way: `{"request": "prepare", ...}` is answered by `{"ok": value}` or
//! `{"error": "message"}`. The peer's side is `peers.py` beside this file.
//!
//! Started by itself as the second of two processes, it does with the first what that does.
//!
//! A new row is a file with a [`Row`] in it and a line in [`ROWS`].

mod autoencoder;
mod cwgan_gp;
mod dcgan;
mod features;
mod flows;
mod inputs;
mod penalty;
mod r3gan;
mod row;
mod sharp;
mod side;
mod sliced_wasserstein;
mod two_processes;
mod wgan_gp;

use std::io::{BufRead, Write};

use anyhow::Result;
use serde_json::json;

use crate::row::Entry;
use crate::side::Side;

/// The rows, in the order in which they are timed.
const ROWS: &[Entry] = &[
    Entry {
        name: "gradient_penalty_conv_128px_b16",
        tolerance: 1e-4,
        prepare: penalty::conv_128px_b16,
    },
    Entry { name: "gradient_penalty_mlp_b200", tolerance: 1e-4, prepare: penalty::mlp },
    Entry { name: "gradient_penalty_mlp_b1000", tolerance: 1e-4, prepare: penalty::mlp },
    Entry { name: "gradient_penalty_mlp_b5000", tolerance: 1e-4, prepare: penalty::mlp },
    Entry {
        name: "wgan_gp_critic_step_128px_b16",
        tolerance: 1e-3,
        prepare: wgan_gp::critic_step_128px_b16,
    },
    Entry {
        name: "wgan_gp_generator_step_128px_b16",
        tolerance: 1e-3,
        prepare: wgan_gp::generator_step_128px_b16,
    },
    // The first step of Adam goes by the signs of gradients, also where they are rounding alone.
    Entry { name: "sharp_step_64px_b16", tolerance: 5e-3, prepare: sharp::step_64px_b16 },
    Entry {
        name: "r3gan_discriminator_step_64px_b32",
        tolerance: 1e-3,
        prepare: r3gan::discriminator_step_64px_b32,
    },
    Entry {
        name: "r3gan_generator_step_64px_b32",
        tolerance: 1e-3,
        prepare: r3gan::generator_step_64px_b32,
    },
    Entry {
        name: "autoencoder_step_448px_b4",
        tolerance: 1e-3,
        prepare: autoencoder::step_448px_b4,
    },
    Entry { name: "dcgan_step_64px_b64", tolerance: 1e-3, prepare: dcgan::step_64px_b64 },
    Entry { name: "dcgan_step_2_processes", tolerance: 1e-3, prepare: dcgan::step_2_processes },
    Entry {
        name: "cwgan_gp_critic_step_b200",
        tolerance: 1e-3,
        prepare: cwgan_gp::critic_step_b200,
    },
    Entry {
        name: "cwgan_gp_generator_step_b200",
        tolerance: 1e-3,
        prepare: cwgan_gp::generator_step_b200,
    },
    Entry { name: "cwgan_gp_generate_1e6", tolerance: 1e-4, prepare: cwgan_gp::generate_1e6 },
    Entry { name: "maf_sample_1e5", tolerance: 1e-4, prepare: flows::maf_sample_1e5 },
    Entry { name: "nsf_sample_1e5", tolerance: 1e-4, prepare: flows::nsf_sample_1e5 },
    Entry { name: "sospf_sample_1e4", tolerance: 1e-4, prepare: flows::sospf_sample_1e4 },
    Entry { name: "galactic_sample_1e5", tolerance: 1e-4, prepare: flows::galactic_sample_1e5 },
    Entry { name: "forge_sample_1e6", tolerance: 1e-4, prepare: flows::forge_sample_1e6 },
    Entry { name: "maf_log_prob_1e5", tolerance: 1e-4, prepare: flows::maf_log_prob_1e5 },
    Entry { name: "maf_train_step_b1024", tolerance: 1e-3, prepare: flows::maf_train_step_b1024 },
    Entry { name: "nice_train_step_b1024", tolerance: 1e-3, prepare: flows::nice_train_step_b1024 },
    Entry { name: "nsf_train_step_b1024", tolerance: 1e-3, prepare: flows::nsf_train_step_b1024 },
    Entry {
        name: "sospf_train_step_b1024",
        tolerance: 1e-3,
        prepare: flows::sospf_train_step_b1024,
    },
    Entry {
        name: "galactic_train_step_b1024",
        tolerance: 1e-3,
        prepare: flows::galactic_train_step_b1024,
    },
    // The peer sums in float32.
    Entry {
        name: "sliced_wasserstein_5k",
        tolerance: 1e-3,
        prepare: sliced_wasserstein::sliced_wasserstein_5k,
    },
    Entry { name: "kid_5k_2048d", tolerance: 1e-3, prepare: features::kid_5k_2048d },
];

fn main() -> Result<()> {
    let mut answers = std::io::stdout().lock();
    if !std::env::args().any(|arg| arg == "--serve") {
        // Whether anybody reads it or not.
        let _ =
            writeln!(answers, "`cargo xtask peers` runs this program and its peer side by side.");
        return Ok(());
    }
    astrogen::runtime::tune_allocator();
    if two_processes::is_second() {
        return two_processes::follow();
    }
    let mut side = Side::new(ROWS);
    for line in std::io::stdin().lock().lines() {
        let answer = match side.answer(&line?) {
            Ok(value) => json!({ "ok": value }),
            Err(error) => json!({ "error": format!("{error:#}") }),
        };
        writeln!(answers, "{answer}")?;
        answers.flush()?;
    }
    Ok(())
}
