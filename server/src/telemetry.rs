//! telltale's own signals: counters and durations in memory, shown as Prometheus text by `GET /metrics`.
//!
//! Every metric is a variant of [`Metric`] with its name, unit, help and labels, so that none can be renamed or
//! forgotten by accident. Label values are words of this program, never text of a sender: the number of series is
//! bounded by the code. Numbers of the store are taken from its `Status` when they are asked for, not counted twice.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub mod logs;
pub mod metric;
pub mod rate;
pub mod render;
pub mod store;

pub use metric::{Kind, Metric};

use rate::Rate;

/// Labels a metric has at most.
const LABELS: usize = 3;

/// The label values of one series; unused places are empty.
type Labels = [&'static str; LABELS];

/// Upper bounds of the buckets of durations, in seconds; one more bucket takes the rest.
pub const DURATION_BOUNDS_S: [f64; 14] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// One series.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Series {
    /// A counter or a gauge.
    Number(u64),
    /// A histogram of durations.
    Durations { buckets: [u64; DURATION_BOUNDS_S.len() + 1], sum: Duration },
}

/// Reads a gauge whose number lives elsewhere.
type Gauge = Box<dyn Fn() -> f64 + Send + Sync>;

/// The process's metrics.
pub struct Telemetry {
    series: Mutex<BTreeMap<(Metric, Labels), Series>>,
    gauges: Mutex<BTreeMap<Metric, Gauge>>,
    rate: Mutex<Rate>,
    started: Instant,
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telemetry").field("uptime", &self.uptime()).finish_non_exhaustive()
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self::new()
    }
}

impl Telemetry {
    /// Creates metrics at zero. Metrics without labels are there from the start.
    #[must_use]
    pub fn new() -> Self {
        let bare = Metric::ALL.iter().filter(|metric| metric.labels().is_empty() && metric.is_counted_here());
        let series = bare.map(|metric| ((*metric, [""; LABELS]), Series::zero(metric.kind()))).collect();
        let started = Instant::now();
        Self { series: Mutex::new(series), gauges: Mutex::default(), rate: Mutex::new(Rate::new()), started }
    }

    /// Adds to a counter.
    pub fn add<const N: usize>(&self, metric: Metric, labels: [&'static str; N], count: u64) {
        debug_assert_eq!(metric.kind(), Kind::Counter);
        self.with(metric, labels, |series| {
            if let Series::Number(number) = series {
                *number = number.saturating_add(count);
            }
        });
    }

    /// Says how to read a gauge without labels whose number lives elsewhere; the last reader of a metric holds.
    pub fn watch(&self, metric: Metric, read: impl Fn() -> f64 + Send + Sync + 'static) {
        debug_assert!(metric.kind() == Kind::Gauge && metric.labels().is_empty(), "{metric:?}");
        self.gauges.lock().unwrap_or_else(PoisonError::into_inner).insert(metric, Box::new(read));
    }

    /// Adds one duration to a histogram.
    pub fn observe<const N: usize>(&self, metric: Metric, labels: [&'static str; N], duration: Duration) {
        debug_assert_eq!(metric.kind(), Kind::Durations);
        let seconds = duration.as_secs_f64();
        let bucket = DURATION_BOUNDS_S.partition_point(|bound| *bound < seconds);
        self.with(metric, labels, |series| {
            if let Series::Durations { buckets, sum } = series {
                if let Some(count) = buckets.get_mut(bucket) {
                    *count += 1;
                }
                *sum = sum.saturating_add(duration);
            }
        });
    }

    /// Notes acknowledged items for the rate of the last seconds.
    pub fn ingested(&self, items: u64) {
        self.rate.lock().unwrap_or_else(PoisonError::into_inner).add(self.started.elapsed(), items);
    }

    /// Returns how long ago items were acknowledged last; `None` before the first since the start.
    #[must_use]
    pub fn since_last_ingest(&self) -> Option<Duration> {
        let last = self.rate.lock().unwrap_or_else(PoisonError::into_inner).last();
        last.map(|last| self.started.elapsed().saturating_sub(last))
    }

    /// Returns the items acknowledged a second, over the last ten seconds.
    #[must_use]
    pub fn items_per_second(&self) -> f64 {
        self.rate.lock().unwrap_or_else(PoisonError::into_inner).per_second(self.started.elapsed())
    }

    /// Returns how long the process has been running.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// Changes one series.
    fn with<const N: usize>(&self, metric: Metric, labels: [&'static str; N], change: impl FnOnce(&mut Series)) {
        debug_assert_eq!(metric.labels().len(), N, "{metric:?}");
        let mut all = [""; LABELS];
        for (place, label) in all.iter_mut().zip(labels) {
            *place = label;
        }
        change(self.lock().entry((metric, all)).or_insert_with(|| Series::zero(metric.kind())));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Metric, Labels), Series>> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Series {
    /// Returns a series at zero.
    const fn zero(kind: Kind) -> Self {
        match kind {
            Kind::Counter | Kind::Gauge => Self::Number(0),
            Kind::Durations => Self::Durations { buckets: [0; DURATION_BOUNDS_S.len() + 1], sum: Duration::ZERO },
        }
    }
}
