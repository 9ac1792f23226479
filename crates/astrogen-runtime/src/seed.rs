//! One seed for everything: libtorch's own random numbers, and a sub-seed for every other stream.
//!
//! A run has one seed. libtorch gets it from [`seed_everything`]; data order, augmentation,
//! simulated skies and whatever else draws numbers get theirs from [`derive_seed`], each under a
//! name of its own, so that streams never share numbers and adding one changes no other.

/// Seeds libtorch's generators: the CPU's and, where CUDA is in use, every device's.
///
/// libtorch is asked about CUDA here, so [`DeviceChoice::resolve`](crate::DeviceChoice::resolve)
/// has to come first.
///
/// ```
/// use tch::{Device, Kind, Tensor};
///
/// let draw = || Tensor::randn([4], (Kind::Float, Device::Cpu));
/// astrogen_runtime::seed_everything(7);
/// let first = draw();
/// astrogen_runtime::seed_everything(7);
/// assert_eq!(first, draw());
/// ```
pub fn seed_everything(seed: u64) {
    tch::manual_seed(seed.cast_signed());
}

/// The seed of number `index` of the stream called `stream` in a run seeded with `seed`.
///
/// With the SplitMix64 step (Steele, Lea and Flood 2014), all sums modulo 2^64,
///
/// ```text
/// step(x) = mix(x + 0x9e3779b97f4a7c15)
/// mix(z):   z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
///           z = (z ^ (z >> 27)) * 0x94d049bb133111eb
///           z ^ (z >> 31)
/// derive_seed = step(step(step(seed) + fnv1a(stream)) + index)
/// ```
///
/// where `fnv1a` is the 64-bit FNV-1a hash of the name's bytes. `step` is a bijection: within one
/// run and stream no two indices ever share a seed, and neither do two run seeds at one index.
/// The values are fixed for good; a saved run relies on them.
///
/// ```
/// use astrogen_runtime::derive_seed;
///
/// assert_eq!(derive_seed(0, "data", 0), derive_seed(0, "data", 0));
/// assert_ne!(derive_seed(0, "data", 0), derive_seed(0, "data", 1));
/// assert_ne!(derive_seed(0, "data", 0), derive_seed(0, "augment", 0));
/// ```
#[must_use]
pub fn derive_seed(seed: u64, stream: &str, index: u64) -> u64 {
    let run = step(seed);
    let stream = step(run.wrapping_add(fnv1a(stream.as_bytes())));
    step(stream.wrapping_add(index))
}

/// One step of SplitMix64 from the state `x`.
fn step(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The 64-bit FNV-1a hash.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// The outputs of the published SplitMix64 for seed 0, and the published FNV-1a vectors.
    #[test]
    fn the_parts_are_the_published_functions() {
        assert_eq!(step(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(step(0x9e37_79b9_7f4a_7c15), 0x6e78_9e6a_a1b9_65f4);
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    /// From the formula in the documentation, computed with Python's unbounded integers.
    #[test]
    fn the_values_never_change() {
        assert_eq!(derive_seed(0, "", 0), 0x2ccc_aba3_3b0b_7c20);
        assert_eq!(derive_seed(0, "data", 0), 0xb062_de73_48ab_e3b1);
        assert_eq!(derive_seed(0, "data", 1), 0x14d1_a26a_4449_fc22);
        assert_eq!(derive_seed(42, "augment", 7), 0x7113_94ae_d9b3_9a77);
        assert_eq!(derive_seed(u64::MAX, "sky", u64::MAX), 0xee9b_63ea_afc8_8bd7);
    }

    #[test]
    fn no_two_of_many_seeds_are_equal() {
        let mut seen = HashSet::new();
        for seed in [0, 1, 42, u64::MAX] {
            for stream in ["", "data", "augment", "sky"] {
                for index in 0..1000 {
                    assert!(seen.insert(derive_seed(seed, stream, index)));
                }
            }
        }
    }

    #[test]
    fn neighbouring_indices_differ_in_about_half_of_their_bits() {
        let flipped: u32 = (0..1000)
            .map(|i| (derive_seed(1, "data", i) ^ derive_seed(1, "data", i + 1)).count_ones())
            .sum();
        let mean = f64::from(flipped) / 1000.0;
        assert!((mean - 32.0).abs() < 0.6, "mean of flipped bits {mean}");
    }
}
