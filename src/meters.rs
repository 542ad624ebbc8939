//! What this process has done since it began, in numbers: for those who watch the watcher (`/metrics`).
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::core::{Span, Time};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, more: usize) {
        self.0.fetch_add(u64::try_from(more).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How often a number was at most as large as each of some bounds.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One for each bound, and one for what is larger than all of them.
    counts: Vec<AtomicU64>,
    sum: AtomicU64,
}

/// A [`Histogram`] as it was at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// Bounds, each with how many numbers were at most as large.
    pub up_to: Vec<(u64, u64)>,
    pub count: u64,
    pub sum: u64,
}

impl Histogram {
    fn new(bounds: &'static [u64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, counts, sum: AtomicU64::new(0) }
    }

    pub fn observe(&self, number: u64) {
        let place = self.bounds.partition_point(|bound| *bound < number);
        if let Some(count) = self.counts.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(number, Ordering::Relaxed);
    }

    /// Observes a length of time, in microseconds; one that a clock has made negative counts as none.
    pub fn observe_span(&self, span: Span) {
        self.observe(span.num_microseconds().and_then(|micros| u64::try_from(micros).ok()).unwrap_or(0));
    }

    #[must_use]
    pub fn read(&self) -> Distribution {
        let mut count = 0;
        let mut sums = self.counts.iter().map(|own| {
            count += own.load(Ordering::Relaxed);
            count
        });
        let up_to = self.bounds.iter().copied().zip(sums.by_ref()).collect();
        // Whatever is larger than all bounds.
        sums.for_each(drop);
        Distribution { up_to, count, sum: self.sum.load(Ordering::Relaxed) }
    }
}

/// What became of tries to tell people something, for one kind of channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    pub sent: u64,
    /// Failed, and will be tried again.
    pub retried: u64,
    pub given_up: u64,
}

/// Pings in one transaction of the writer.
const BATCHES: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
/// Microseconds.
const SPANS: &[u64] = &[
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
    10_000_000, 60_000_000,
];

/// Microseconds that a message takes: a vendor answers within 30 s or never.
const SENDS: &[u64] =
    &[10_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000];

/// The numbers of one process.
#[derive(Debug)]
pub struct Meters {
    pub began: Time,
    pub pings_stored: Counter,
    /// Those whose senders were told to try again.
    pub pings_turned_away: Counter,
    pub batch_size: Histogram,
    /// How long the writer took to make a batch durable, in microseconds.
    pub commit: Histogram,
    /// How much later than planned the scheduler looked at deadlines, in microseconds.
    pub lag: Histogram,
    alerts: Mutex<BTreeMap<String, Told>>,
    /// How long messages took, by kind of channel, in microseconds.
    took: Mutex<BTreeMap<String, Histogram>>,
}

impl Meters {
    #[must_use]
    pub fn new(began: Time) -> Self {
        Self {
            began,
            pings_stored: Counter::default(),
            pings_turned_away: Counter::default(),
            batch_size: Histogram::new(BATCHES),
            commit: Histogram::new(SPANS),
            lag: Histogram::new(SPANS),
            alerts: Mutex::default(),
            took: Mutex::default(),
        }
    }

    /// Counts alerts on a kind of channel.
    pub fn count_alerts(&self, kind: &str, count: impl FnOnce(&mut Told)) {
        let mut alerts = self.alerts.lock().unwrap_or_else(PoisonError::into_inner);
        count(alerts.entry(kind.to_owned()).or_default());
    }

    /// Notes how long one message took on a kind of channel.
    pub fn took(&self, kind: &str, span: Span) {
        let mut took = self.took.lock().unwrap_or_else(PoisonError::into_inner);
        took.entry(kind.to_owned()).or_insert_with(|| Histogram::new(SENDS)).observe_span(span);
    }

    /// How long messages took, for each kind of channel that had some.
    #[must_use]
    pub fn sends(&self) -> BTreeMap<String, Distribution> {
        let took = self.took.lock().unwrap_or_else(PoisonError::into_inner);
        took.iter().map(|(kind, histogram)| (kind.clone(), histogram.read())).collect()
    }

    /// What became of alerts, for each kind of channel that had some.
    #[must_use]
    pub fn alerts(&self) -> BTreeMap<String, Told> {
        self.alerts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_counts_under_every_bound_that_it_does_not_exceed() {
        let histogram = Histogram::new(&[1, 10, 100]);
        for number in [0, 1, 2, 10, 11, 500] {
            histogram.observe(number);
        }
        let read = histogram.read();
        assert_eq!(read.up_to, [(1, 2), (10, 4), (100, 5)]);
        assert_eq!((read.count, read.sum), (6, 524));
    }

    #[test]
    fn a_clock_that_stepped_back_counts_as_no_time() {
        let histogram = Histogram::new(SPANS);
        histogram.observe_span(Span::seconds(-5));
        assert_eq!((histogram.read().count, histogram.read().sum), (1, 0));
    }
}
