//! Jobs on threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::team::Team;

/// Calls `work` on each job, on as many threads as libtorch uses ([`tch::get_num_threads`]): on its own
/// threads, where they are to be had. A thread begins with those jobs that were its own last time, among as
/// many: what it left of them in its core's cache is still there. Then it helps others.
///
/// ```
/// let mut squares = [1, 2, 3];
/// astrogen_nn::dense::on_threads(squares.iter_mut().collect(), |n| *n *= *n);
/// assert_eq!(squares, [1, 4, 9]);
/// ```
///
/// # Panics
/// Where `work` does.
pub fn on_threads<J: Send>(jobs: Vec<J>, work: impl Fn(J) + Sync) {
    let jobs: Vec<_> = jobs.into_iter().map(|job| Mutex::new(Some(job))).collect();
    in_parts(jobs.len(), |part| {
        if let Some(job) = jobs[part].lock().unwrap_or_else(PoisonError::into_inner).take() {
            work(job);
        }
    });
}

/// Calls `work` on each part. A thread begins with those that were its own last time, among as many parts:
/// what it left of them in its core's cache is still there. Then it helps others.
///
/// # Panics
/// Where `work` does.
pub(crate) fn in_parts(parts: usize, work: impl Fn(usize) + Sync) {
    let threads = usize::try_from(tch::get_num_threads()).unwrap_or(1).min(parts);
    if threads <= 1 {
        return (0..parts).for_each(work);
    }
    // How far each thread's own parts are taken.
    let taken: Vec<_> = (0..threads).map(|_| AtomicUsize::new(0)).collect();
    let thread = |number: usize| {
        for owner in (number..threads).chain(0..number) {
            let [first, last] = [owner, owner + 1].map(|owner| owner * parts / threads);
            let next = || first + taken[owner].fetch_add(1, Ordering::Relaxed);
            std::iter::repeat_with(next).take_while(|&part| part < last).for_each(&work);
        }
    };
    match Team::of_libtorch() {
        Some(team) => team.run(threads, &thread),
        None => rayon::in_place_scope(|scope| {
            let thread = &thread;
            (1..threads).for_each(|number| scope.spawn(move |_| thread(number)));
            thread(0);
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::panic::catch_unwind;
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    #[test]
    fn jobs_run_once_each_side_by_side_and_their_panics_arrive() {
        tch::set_num_threads(2);
        let mut done = vec![0; 100];
        on_threads(done.iter_mut().collect(), |job| *job += 1);
        assert_eq!(done, vec![1; 100]);
        // Two that wait for each other.
        let (both, seen) = (Barrier::new(2), Mutex::new(HashSet::new()));
        on_threads(vec![(), ()], |()| {
            both.wait();
            seen.lock().expect("no panic").insert(thread::current().id());
        });
        assert_eq!(seen.lock().expect("no panic").len(), 2);
        let done: Vec<_> = (0..7).map(|_| Mutex::new(0)).collect();
        in_parts(7, |part| *done[part].lock().expect("no panic") += 1);
        assert!(done.iter().all(|done| *done.lock().expect("no panic") == 1));
        let panic = catch_unwind(|| on_threads(vec![1, 2, 3], |job| assert!(job != 2, "no 2")));
        let told = panic.expect_err("a panic");
        assert_eq!(told.downcast_ref::<&str>(), Some(&"no 2"));
    }
}
