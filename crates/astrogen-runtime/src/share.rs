//! Whose rows of a batch this process computes, where several train together.
//!
//! Of `of` processes, number `part` has the rows `part`, `part + of`, `part + 2 of` and so on of every
//! batch. Numbers that are drawn for rows, such as latents, are drawn for all rows of the batch and
//! everyone keeps its own: so several processes see what one would have seen. Which rows those are is
//! known wherever [`draw_rows`] is called within [`Share::during`].

use std::cell::Cell;

use tch::Tensor;

/// One of `of` equal parts of a batch: every `of`-th row, from row `part` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    part: usize,
    of: usize,
}

impl Default for Share {
    /// [`Share::WHOLE`].
    fn default() -> Self {
        Self::WHOLE
    }
}

thread_local! {
    static PRESENT: Cell<Share> = const { Cell::new(Share::WHOLE) };
}

impl Share {
    /// All rows.
    pub const WHOLE: Self = Self { part: 0, of: 1 };

    /// Part number `part`, from 0, of `of`; none unless `part < of`.
    #[must_use]
    pub const fn new(part: usize, of: usize) -> Option<Self> {
        if part < of { Some(Self { part, of }) } else { None }
    }

    /// Which part, from 0.
    #[must_use]
    pub const fn part(self) -> usize {
        self.part
    }

    /// How many parts there are, at least 1.
    #[must_use]
    pub const fn of(self) -> usize {
        self.of
    }

    /// The share within whose [`during`](Self::during) this thread is; all rows outside of any.
    #[must_use]
    pub fn present() -> Self {
        PRESENT.get()
    }

    /// Makes a call within which this thread [draws](draw_rows) for these rows.
    pub fn during<T>(self, call: impl FnOnce() -> T) -> T {
        /// Puts back what was there, whether the call returns or panics.
        struct PutBack(Share);
        impl Drop for PutBack {
            fn drop(&mut self) {
                PRESENT.set(self.0);
            }
        }
        let _back = PutBack(PRESENT.replace(self));
        call()
    }

    /// These rows of a tensor `[N, ...]` of all rows.
    ///
    /// # Panics
    /// Where there is no first axis.
    pub fn of_rows(self, all: &Tensor) -> Tensor {
        match self {
            Self::WHOLE => all.shallow_clone(),
            Self { part, of } => all.slice(0, part as i64, None, of as i64).contiguous(),
        }
    }
}

/// Draws something for each of `rows` rows: `draw` is asked for as many as the whole batch has, a tensor
/// with a row each, and those of the [present](Share::present) share are given.
///
/// ```
/// use astrogen_runtime::{Share, draw_rows, seed_everything};
/// use tch::{Device, Kind, Tensor};
///
/// let latents = |rows| draw_rows(rows, |n| Tensor::randn([n, 3], (Kind::Float, Device::Cpu)));
/// seed_everything(7);
/// let whole = latents(4);
/// seed_everything(7);
/// let second = Share::new(1, 2).ok_or("a half")?.during(|| latents(2));
/// assert_eq!(second, Tensor::stack(&[whole.get(1), whole.get(3)], 0));
/// # Ok::<(), &str>(())
/// ```
pub fn draw_rows(rows: i64, draw: impl FnOnce(i64) -> Tensor) -> Tensor {
    let share = Share::present();
    share.of_rows(&draw(rows * share.of as i64))
}

/// Draws a number for each value of `rows`, `[rows, ...]`: `draw` is asked for something like a tensor of
/// the whole batch, as `Tensor::randn_like` takes, and the rows of the [present](Share::present) share
/// are given.
///
/// # Panics
/// Where there is no first axis.
pub fn draw_rows_like(rows: &Tensor, draw: impl FnOnce(&Tensor) -> Tensor) -> Tensor {
    let share = Share::present();
    if share == Share::WHOLE {
        return draw(rows);
    }
    let mut size = rows.size();
    size[0] *= share.of as i64;
    share.of_rows(&draw(&rows.new_empty(&size, (rows.kind(), rows.device()))))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn shares_take_turns_and_are_put_back() {
        let rows = Tensor::arange(6, (tch::Kind::Int64, tch::Device::Cpu));
        let third = Share::new(2, 3).unwrap();
        let own: Vec<i64> = third.of_rows(&rows).try_into().unwrap();
        assert_eq!(own, [2, 5]);
        assert_eq!(Share::WHOLE.of_rows(&rows), rows);

        let panicked =
            std::panic::catch_unwind(|| third.during(|| panic!("{:?}", Share::present())));
        assert!(panicked.is_err());
        assert_eq!(Share::present(), Share::WHOLE);
        assert_eq!(third.during(|| Share::WHOLE.during(Share::present)), Share::WHOLE);
    }

    #[test]
    fn there_is_no_part_beyond_the_last() {
        assert_eq!(Share::new(2, 2), None);
        assert_eq!(Share::new(0, 0), None);
        assert_eq!(Share::new(0, 1), Some(Share::WHOLE));
    }
}
