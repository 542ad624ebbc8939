//! How parts of one process wake each other, so that nobody waits for the next poll.
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::Notify;

use crate::core::{Span, Time};

/// Signals from those who write to those who watch. Cloning gives another handle to the same signals.
#[derive(Debug, Clone, Default)]
pub struct Wakes {
    /// There may be something to deliver.
    pub outbox: Arc<Notify>,
    /// The scheduler must look earlier than it planned.
    pub deadlines: Arc<Notify>,
    /// When the scheduler means to look next, in microseconds; 0 before it has looked once.
    planned: Arc<AtomicI64>,
}

impl Wakes {
    /// Wakes the scheduler when it would otherwise sleep beyond `at`.
    pub fn deadline_at(&self, at: Time) {
        if at.timestamp_micros() < self.planned.load(Ordering::Acquire) {
            self.deadlines.notify_one();
        }
    }

    /// How far past its planned time this process's scheduler is; `None` where there is no scheduler.
    #[must_use]
    pub fn overdue(&self, now: Time) -> Option<Span> {
        let planned = self.planned.load(Ordering::Acquire);
        (planned != 0).then(|| Span::microseconds(now.timestamp_micros() - planned))
    }

    /// The scheduler tells when it means to look next.
    pub fn plan(&self, at: Time) {
        self.planned.store(at.timestamp_micros(), Ordering::Release);
    }
}
