//! The object of an image: what stands out from the sky.

use super::{MorphologyConfig, Plane, Sky};

/// What is fainter than this part of the brightest smoothed pixel is sky, where there is no noise.
const FAINTEST: f64 = 1e-3;

/// One object.
pub(super) struct Object {
    /// The image less the sky, other objects at 0.
    pub(super) plane: Plane,
    /// Its pixels.
    pub(super) segment: Vec<bool>,
    /// Standard deviation of the sky's noise.
    pub(super) noise: f64,
}

/// The object of an image, if something stands out.
pub(super) fn find(plane: Plane, config: &MorphologyConfig) -> Option<Object> {
    let sky = config.sky.unwrap_or_else(|| border_sky(&plane, config.border));
    let mut plane = plane.less(sky.level);
    let smooth = smoothed(&plane, config.smoothing);
    let brightest = smooth.values.iter().copied().fold(0.0, f64::max);
    let least = (config.threshold * sky.deviation).max(FAINTEST * brightest);
    let bright: Vec<bool> = smooth.values.iter().map(|value| *value > least).collect();
    let mut parts = parts(&bright, plane.width);
    parts.retain(|part| part.len() >= config.least_pixels);
    let light = |part: &[usize]| part.iter().map(|place| smooth.values[*place]).sum::<f64>();
    let object = parts
        .iter()
        .enumerate()
        .max_by(|(_, a), (_, b)| a.len().cmp(&b.len()).then_with(|| light(a).total_cmp(&light(b))));
    let object = object?.0;
    let mut segment = vec![false; bright.len()];
    for (index, part) in parts.iter().enumerate() {
        for place in part {
            if index == object {
                segment[*place] = true;
            } else {
                plane.values[*place] = 0.0;
            }
        }
    }
    Some(Object { plane, segment, noise: sky.deviation })
}

/// The sky as the pixels along the frame's border have it.
fn border_sky(plane: &Plane, border: usize) -> Sky {
    let (height, width) = (plane.height, plane.width);
    let outside = |x: usize, y: usize| {
        x < border || y < border || x + border >= width || y + border >= height
    };
    let (mut levels, mut differences) = (Vec::new(), Vec::new());
    for (y, row) in plane.rows().enumerate() {
        for (x, value) in row.iter().enumerate().filter(|(x, _)| outside(*x, y)) {
            levels.push(*value);
            if x + 1 < width && outside(x + 1, y) {
                differences.push(row[x + 1] - value);
            }
            if y + 1 < height && outside(x, y + 1) {
                differences.push(plane.values[(y + 1) * width + x] - value);
            }
        }
    }
    let level = clipped(levels).0;
    Sky { level, deviation: clipped(differences).1 / 2f64.sqrt() }
}

/// Median and standard deviation of what lies within 3 deviations of the median, again and again
/// until nothing is left out; 0 of nothing.
fn clipped(mut values: Vec<f64>) -> (f64, f64) {
    loop {
        let count = values.len();
        if count == 0 {
            return (0.0, 0.0);
        }
        let (below, upper, _) = values.select_nth_unstable_by(count / 2, f64::total_cmp);
        let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let median = if count.is_multiple_of(2) { 0.5 * (lower + *upper) } else { *upper };
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (squares / count as f64).sqrt();
        values.retain(|value| (value - median).abs() <= 3.0 * deviation);
        if values.len() == count || values.is_empty() {
            return (median, deviation);
        }
    }
}

/// The image under a Gaussian that ends at 4 deviations; beyond the frame its border goes on.
fn smoothed(plane: &Plane, deviation: f64) -> Plane {
    let reach = (4.0 * deviation + 0.5) as isize;
    let weight = |offset: isize| (-0.5 * (offset as f64 / deviation).powi(2)).exp();
    let weights: Vec<f64> =
        if reach == 0 { vec![1.0] } else { (-reach..=reach).map(weight).collect() };
    let sum: f64 = weights.iter().sum();
    let weights: Vec<f64> = weights.into_iter().map(|weight| weight / sum).collect();
    let (height, width) = (plane.height, plane.width);
    let inside = |place: usize, tap: usize, side: usize| {
        (place as isize + tap as isize - reach).clamp(0, side as isize - 1) as usize
    };
    let mut down = vec![0.0; plane.values.len()];
    for (y, line) in down.chunks_mut(width).enumerate() {
        for (tap, weight) in weights.iter().enumerate() {
            let start = inside(y, tap, height) * width;
            let row = &plane.values[start..start + width];
            line.iter_mut().zip(row).for_each(|(to, from)| *to += weight * from);
        }
    }
    let mut values = vec![0.0; down.len()];
    for (to, from) in values.chunks_mut(width).zip(down.chunks(width)) {
        for (x, to) in to.iter_mut().enumerate() {
            let taps = weights.iter().enumerate();
            *to = taps.map(|(tap, weight)| weight * from[inside(x, tap, width)]).sum();
        }
    }
    Plane { height, width, values }
}

/// The places of each part of bright pixels that touch, also at corners.
fn parts(bright: &[bool], width: usize) -> Vec<Vec<usize>> {
    let height = bright.len() / width;
    let mut free = bright.to_vec();
    let mut parts = Vec::new();
    for start in 0..bright.len() {
        if !free[start] {
            continue;
        }
        free[start] = false;
        let mut part = vec![start];
        let mut next = 0;
        while let Some(place) = part.get(next).copied() {
            next += 1;
            let (x, y) = (place % width, place / width);
            for y in y.saturating_sub(1)..(y + 2).min(height) {
                for x in x.saturating_sub(1)..(x + 2).min(width) {
                    let near = y * width + x;
                    if free[near] {
                        free[near] = false;
                        part.push(near);
                    }
                }
            }
        }
        parts.push(part);
    }
    parts
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::morphology::planes;

    #[test]
    fn sky_and_parts_are_those_of_numpy_and_scipy() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/morphology.safetensors");
        let tensors = tch::Tensor::read_safetensors(path).unwrap();
        let of = |name: &str| &tensors.iter().find(|(key, _)| key == name).unwrap().1;
        let config = MorphologyConfig::default();
        for (index, plane) in (0..).zip(planes(&of("images").to_kind(tch::Kind::Double)).unwrap()) {
            let sky = border_sky(&plane, config.border);
            let expected = of("sky").get(index);
            assert!((sky.level - expected.double_value(&[0])).abs() < 1e-12, "{index}");
            assert!((sky.deviation - expected.double_value(&[1])).abs() < 1e-12, "{index}");
            let before = plane.values.clone();
            let object = find(plane, &config).unwrap();
            let parts = Vec::<u8>::try_from(of("parts").get(index).flatten(0, -1)).unwrap();
            for (place, part) in parts.into_iter().enumerate() {
                assert_eq!(object.segment[place], part == 1, "{index}, {place}");
                let light = if part == 2 { 0.0 } else { before[place] - sky.level };
                assert_eq!(object.plane.values[place], light, "{index}, {place}");
            }
        }
    }

    #[test]
    fn outliers_are_clipped_and_of_nothing_there_is_nothing() {
        let mut values: Vec<f64> = (0..101).map(|index| f64::from(index) / 100.0).collect();
        let (median, deviation) = clipped(values.clone());
        assert_eq!(median, 0.5);
        values.push(1e6);
        assert_eq!(clipped(values), (median, deviation));
        assert_eq!(clipped(vec![]), (0.0, 0.0));
        assert_eq!(clipped(vec![2.0, 4.0]), (3.0, 1.0));
    }
}
