//! Maps as the kernels take them: channels last, in sixteens.

use tch::Tensor;

use crate::kernel::LANES;

/// Channels `[inputs, outputs]` filled up to sixteens; none where there are so few that most of what is computed
/// would be of nothing.
pub(super) fn filled_up(channels: [usize; 2]) -> Option<[usize; 2]> {
    let filled = channels.map(|channels| channels.next_multiple_of(LANES));
    let [products, all] =
        [channels, filled].map(|channels| channels.into_iter().product::<usize>());
    (10 * all <= 14 * products).then_some(filled)
}

/// Maps or weights `[N, C, H, W]` as `[N, H, W, channels]`, one number behind the other; zeros in the channels that
/// they lack.
///
/// # Panics
/// Where they have more channels.
pub(super) fn channels_last(maps: &Tensor, channels: usize) -> Tensor {
    let last = maps.permute([0, 2, 3, 1]);
    match channels as i64 - last.size()[3] {
        0 => last.contiguous(),
        more => {
            assert!(more > 0, "no more than {channels} channels: {:?}", maps.size());
            last.constant_pad_nd([0, more]).contiguous()
        }
    }
}

/// The first channels of maps `[N, H, W, ...]` as `[N, channels, H, W]`, channels last in memory.
pub(super) fn channels_first(maps: &Tensor, channels: i64) -> Tensor {
    maps.narrow(3, 0, channels).contiguous().permute([0, 3, 1, 2])
}

/// Weights `[outputs, inputs, H, W]` as `[outputs, H, W, inputs]` of so many inputs and outputs, zeros where there
/// are fewer.
pub(super) fn weights(weights: &Tensor, [inputs, outputs]: [usize; 2]) -> Tensor {
    let last = channels_last(weights, inputs);
    match outputs as i64 - last.size()[0] {
        0 => last,
        more => last.constant_pad_nd([0, 0, 0, 0, 0, 0, 0, more]),
    }
}

/// Numbers with zeros behind them, so many in all.
pub(super) fn filled(numbers: &[f32], count: usize) -> Vec<f32> {
    let mut filled = numbers.to_vec();
    filled.resize(count, 0.0);
    filled
}
