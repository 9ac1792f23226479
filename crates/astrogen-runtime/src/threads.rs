//! How many threads libtorch computes with.

use std::thread::available_parallelism;

/// More than this is a slip of the keyboard, not a machine.
const MOST_THREADS: usize = 1024;

/// Sets how many threads one libtorch operation may use on the CPU, and returns that number.
///
/// `None` (or 0) keeps libtorch's own choice, which follows `OMP_NUM_THREADS` and counts the
/// processors of the machine, but no more than this process may use: in a container limited to
/// two processors of a hundred, a hundred threads would wait for each other. A number given is
/// taken as it is, up to 1024. Results on the CPU are repeatable to the bit only at an equal
/// number of threads.
///
/// ```
/// assert_eq!(astrogen_runtime::set_threads(Some(2)), 2);
/// ```
pub fn set_threads(threads: Option<usize>) -> usize {
    let wanted = match threads {
        Some(threads) if threads > 0 => threads.min(MOST_THREADS),
        _ => current().min(usable_processors()),
    };
    // A number in 1..=1024 fits every integer type.
    tch::set_num_threads(i32::try_from(wanted).unwrap_or(1));
    current()
}

/// How many threads one libtorch operation may use now.
#[must_use]
pub fn current() -> usize {
    usize::try_from(tch::get_num_threads()).unwrap_or(1).max(1)
}

/// How many processors this process may use: those of its affinity mask and control group.
#[must_use]
pub fn usable_processors() -> usize {
    available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test for all of it: the number is global to the process.
    #[test]
    fn the_number_of_threads_is_set_and_kept_sane() {
        assert_eq!(set_threads(Some(3)), 3);
        assert_eq!(current(), 3);
        assert_eq!(set_threads(Some(usize::MAX)), 1024);
        assert!(set_threads(None) <= usable_processors());
        assert!(set_threads(Some(0)) <= usable_processors());
        assert!(current() >= 1);
    }
}
