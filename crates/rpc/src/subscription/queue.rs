//! Notifications that wait to be read: bounded, the oldest give way.

use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Notification;

/// A slow reader must not stop the connection's pings, and newer heads make older ones worthless.
pub(super) struct Queue {
    capacity: usize,
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting {
    items: VecDeque<Notification>,
    dropped: u64,
}

impl Queue {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), waiting: Mutex::default(), arrived: Notify::new() }
    }

    pub(super) fn push(&self, item: Notification) {
        let mut waiting = self.waiting.lock();
        if waiting.items.len() >= self.capacity {
            waiting.items.pop_front();
            waiting.dropped += 1;
        }
        waiting.items.push_back(item);
        drop(waiting);
        self.arrived.notify_one();
    }

    pub(super) async fn pop(&self) -> Notification {
        loop {
            {
                let mut waiting = self.waiting.lock();
                if let Some(item) = waiting.items.pop_front() {
                    // Permits do not add up: pass on the one that further items are owed.
                    if !waiting.items.is_empty() {
                        self.arrived.notify_one();
                    }
                    return item;
                }
            }
            self.arrived.notified().await;
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.waiting.lock().dropped
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn told(text: &'static str) -> Notification {
        Notification { topic: 0, result: Bytes::from(text) }
    }

    #[tokio::test]
    async fn the_oldest_give_way_and_the_rest_comes_in_order() {
        let queue = Queue::new(2);
        for item in ["a", "b", "c"] {
            queue.push(told(item));
        }
        assert_eq!((queue.pop().await, queue.pop().await), (told("b"), told("c")));
        assert_eq!(queue.dropped(), 1);
    }

    #[tokio::test]
    async fn every_waiting_reader_gets_one() {
        let queue = Queue::new(8);
        let fill = async {
            tokio::task::yield_now().await;
            queue.push(told("a"));
            queue.push(told("b"));
        };
        let (first, second, ()) = tokio::join!(queue.pop(), queue.pop(), fill);
        assert_ne!(first, second);
    }
}
