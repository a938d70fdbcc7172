//! Many cases at the same time.

use std::sync::Mutex;

/// Most of a case is waiting, for pauses between attempts above all, so there are more threads than cores.
const THREADS: usize = 8;

/// Does `work` on every item, on several threads, and gives the results in the order of the items.
pub(crate) fn in_parallel<Item: Send, Answer: Send>(
    items: Vec<Item>,
    work: impl Fn(Item) -> Answer + Sync,
) -> Vec<Answer> {
    let mut answers: Vec<Option<Answer>> = items.iter().map(|_| None).collect();
    let queue = Mutex::new(items.into_iter().zip(answers.iter_mut()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some((item, answer)) = next else { break };
                    *answer = Some(work(item));
                }
            });
        }
    });
    drop(queue);
    answers.into_iter().map(Option::unwrap).collect()
}
