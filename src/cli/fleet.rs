//! Many apps at once.

use std::{
    num::NonZero,
    sync::{Mutex, PoisonError},
    thread,
};

use presync::limits;

/// Returns what `work` makes of each item, in the items' order, on as many threads as the machine has cores.
pub(super) fn run<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    if threads <= 1 {
        return items.into_iter().map(work).collect();
    }
    let results: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(items.len()));
    let items = Mutex::new(items.into_iter().enumerate());
    let take = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..threads {
            let worker = || {
                while let Some((at, item)) = take() {
                    let result = work(item);
                    results.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
                }
            };
            if thread::Builder::new().stack_size(limits::STACK).spawn_scoped(scope, worker).is_err() {
                worker();
            }
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let double = |item: usize| {
            thread::yield_now();
            item * 2
        };
        assert_eq!(run((0..100).collect(), double), (0..100).map(double).collect::<Vec<_>>());
        assert!(run(Vec::new(), double).is_empty());
    }
}
