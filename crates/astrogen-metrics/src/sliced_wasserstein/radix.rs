//! Sorting many rows of float32.

/// Bits of a key that one pass sorts by: three passes make 32.
const DIGIT: u32 = 11;

/// A radix sort from the lowest digit up, with memory that is used again for each row.
#[derive(Default)]
pub(super) struct Sorter {
    keys: Vec<u32>,
    spare: Vec<u32>,
}

impl Sorter {
    /// The finite values in ascending order.
    pub(super) fn sorted(&mut self, values: &[f32]) -> Vec<f32> {
        self.keys.clear();
        self.keys.extend(values.iter().map(|&value| key(value)));
        self.spare.resize(values.len(), 0);
        for shift in [0, DIGIT, 2 * DIGIT] {
            let digit = |key: u32| (key >> shift) as usize % (1 << DIGIT);
            let mut places = [0; 1 << DIGIT];
            for &key in &self.keys {
                places[digit(key)] += 1;
            }
            let mut start = 0;
            for place in &mut places {
                (*place, start) = (start, start + *place);
            }
            for &key in &self.keys {
                let place = &mut places[digit(key)];
                self.spare[*place] = key;
                *place += 1;
            }
            std::mem::swap(&mut self.keys, &mut self.spare);
        }
        self.keys.iter().map(|&key| value(key)).collect()
    }
}

const SIGN: u32 = 1 << 31;

/// A whole number that is in order where the values are: of negative values all bits are
/// turned, of others the sign.
fn key(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// The value of a key.
fn value(key: u32) -> f32 {
    f32::from_bits(if key & SIGN == 0 { !key } else { key ^ SIGN })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_are_sorted_as_the_standard_library_does(
            rows in prop::collection::vec(
                prop::collection::vec(prop::num::f32::NORMAL | prop::num::f32::ZERO, 0..300),
                3,
            )
        ) {
            let mut sorter = Sorter::default();
            for mut row in rows {
                let sorted = sorter.sorted(&row);
                row.sort_by(f32::total_cmp);
                prop_assert_eq!(sorted, row);
            }
        }
    }
}
