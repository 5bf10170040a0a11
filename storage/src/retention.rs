//! Retention: which segments go, oldest first and whole, so that the disk does not fill up.
//!
//! [`plan`] is a pure function of what there is. A segment's age counts from when its newest rows arrived, never from
//! the rows' own times, and a wall clock that cannot be trusted deletes nothing (see `Steadiness`). What a pin
//! needs stays, whatever its age and size. Data is never deleted because the *disk* is full: somebody else may be filling it;
//! then appends are refused until there is room (`Limits::free_bytes_min`).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use telltale_model::{TraceId, UnixNanos};

use crate::error::Error;
use crate::limits::{CLOCK_JUMP, CLOCK_STEADY, RETENTION_SHARE_PERCENT};
use crate::schema::Table;
use crate::segment::Segment;
use crate::shared::Shared;
use crate::snapshot::Snapshot;

/// How long data is kept; `None`: for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Spans.
    pub traces: Option<Duration>,
    /// Log records.
    pub logs: Option<Duration>,
    /// Points of metrics.
    pub metrics: Option<Duration>,
    /// Most bytes of segments. The write-ahead log comes on top; it has its own bound (`Limits::wal_flush_bytes`).
    pub bytes_max: Option<u64>,
}

impl Retention {
    const fn age(&self, table: Table) -> Option<Duration> {
        match table {
            Table::Spans => self.traces,
            Table::Logs => self.logs,
            _ => self.metrics,
        }
    }
}

/// Something that retention keeps, whatever its age, until it is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// What names it; unique.
    pub name: String,
    /// What is kept.
    pub kind: PinKind,
    /// When it was pinned, in nanoseconds since the epoch.
    pub created_at_ns: u64,
}

/// What a pin keeps. Whole segments stay, so that rows beside the pinned ones may stay too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinKind {
    /// A trace with its spans, logs and the points with its exemplars.
    Trace(TraceId),
    /// A run: everything whose time lies in this closed interval, in nanoseconds since the epoch.
    Time {
        /// Its begin.
        start_ns: i64,
        /// Its end.
        end_ns: i64,
    },
}

impl PinKind {
    fn keeps(&self, segment: &Segment) -> bool {
        match self {
            Self::Trace(id) => segment.may_contain_trace(id),
            Self::Time { start_ns, end_ns } => segment.min_time() <= *end_ns && segment.max_time() >= *start_ns,
        }
    }
}

/// A segment as retention sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) segment_id: u64,
    pub(crate) table: Table,
    pub(crate) bytes: u64,
    /// When its newest rows arrived.
    pub(crate) arrived_ns: u64,
    pub(crate) is_pinned: bool,
}

/// Why a segment goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Age,
    Bytes,
}

/// What retention knows of the time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) wall_ns: u64,
    /// Whether the wall clock has gone with the monotonic one for a while.
    pub(crate) is_steady: bool,
}

/// Returns the segments that go, oldest first.
pub(crate) fn plan(items: &[Item], retention: &Retention, now: Now) -> Vec<(u64, Reason)> {
    let mut items = items.to_vec();
    items.sort_unstable_by_key(|item| (item.arrived_ns, item.segment_id));
    let total: u64 = items.iter().map(|item| item.bytes).sum();
    let is_old = |item: &Item| {
        let age = retention.age(item.table).map(|age| u64::try_from(age.as_nanos()).unwrap_or(u64::MAX));
        !item.is_pinned && age.is_some_and(|age| item.arrived_ns.saturating_add(age) < now.wall_ns)
    };
    let old_bytes: u64 = items.iter().filter(|item| is_old(item)).map(|item| item.bytes).sum();
    // The newest data says what time it is: a clock far ahead of it, or one that would delete much, has to prove itself.
    let newest = items.last().map_or(0, |item| item.arrived_ns);
    let day = u64::try_from(CLOCK_JUMP.as_nanos()).unwrap_or(u64::MAX);
    let is_odd = now.wall_ns.saturating_sub(newest) > day
        || old_bytes.saturating_mul(100) > total.saturating_mul(RETENTION_SHARE_PERCENT);
    let is_trusted = now.is_steady || !is_odd;
    let mut left = total;
    let mut gone = Vec::new();
    for item in items.iter().filter(|item| !item.is_pinned) {
        let is_too_much = retention.bytes_max.is_some_and(|most| left > most);
        let reason = match is_trusted && is_old(item) {
            true => Reason::Age,
            false if is_too_much => Reason::Bytes,
            false => continue,
        };
        left = left.saturating_sub(item.bytes);
        gone.push((item.segment_id, reason));
    }
    gone
}

/// Watches whether the wall clock goes as the monotonic one does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Steadiness {
    wall: UnixNanos,
    monotonic: Duration,
    since: Duration,
}

impl Steadiness {
    pub(crate) const fn begin(wall: UnixNanos, monotonic: Duration) -> Self {
        Self { wall, monotonic, since: monotonic }
    }

    /// Takes a look at both clocks and tells whether they have gone together for long enough.
    pub(crate) fn look(&mut self, wall: UnixNanos, monotonic: Duration) -> bool {
        let went = u64::try_from(monotonic.saturating_sub(self.monotonic).as_nanos()).unwrap_or(u64::MAX);
        let off = Duration::from_nanos(wall.0.abs_diff(self.wall.0.saturating_add(went)));
        // Small corrections add up to nothing: each look compares with the one before.
        if off > CLOCK_JUMP {
            self.since = monotonic;
        }
        (self.wall, self.monotonic) = (wall, monotonic);
        monotonic.saturating_sub(self.since) >= CLOCK_STEADY
    }
}

/// Takes out of the catalog and of the snapshot what is too old or too much. Folders go as those of compaction do.
pub(crate) fn run(shared: &Shared, steadiness: &mut Steadiness) -> Result<(), Error> {
    let clock = &shared.options.clock;
    let now = Now { wall_ns: clock.now().0, is_steady: steadiness.look(clock.now(), clock.monotonic()) };
    let snapshot = shared.snapshot();
    let segments = segments(&snapshot);
    let items: Vec<_> = {
        let pins = shared.pins();
        segments.iter().map(|segment| item(segment, &pins)).collect()
    };
    let pinned = items.iter().filter(|item| item.is_pinned).map(|item| item.bytes).sum();
    shared.gauges.pinned_bytes.store(pinned, Ordering::Relaxed);
    let retention = &shared.options.retention;
    for (id, reason) in plan(&items, retention, now) {
        let Some(segment) = segments.iter().find(|segment| segment.id() == id) else { continue };
        shared.catalog().commit_swap(&[segment.entry().clone()], &[])?;
        shared.swap(&[Arc::clone(segment)], Vec::new());
        let gauges = &shared.gauges;
        let count = if reason == Reason::Age { &gauges.expired_by_age } else { &gauges.expired_by_bytes };
        count.fetch_add(1, Ordering::Relaxed);
        gauges.expired_rows.fetch_add(segment.rows(), Ordering::Relaxed);
        gauges.expired_bytes.fetch_add(segment.bytes(), Ordering::Relaxed);
        let (table, rows, bytes) = (segment.table().name(), segment.rows(), segment.bytes());
        tracing::info!(table, segment = id, rows, bytes, ?reason, "retention removes a segment");
    }
    Ok(())
}

/// Returns every live segment that is in order.
pub(crate) fn segments(snapshot: &Snapshot) -> Vec<Arc<Segment>> {
    snapshot.all_segments().map(Arc::clone).collect()
}

fn item(segment: &Segment, pins: &[Pin]) -> Item {
    Item {
        segment_id: segment.id(),
        table: segment.table(),
        bytes: segment.bytes(),
        arrived_ns: segment.entry().created_at_ns,
        is_pinned: pins.iter().any(|pin| pin.kind.keeps(segment)),
    }
}

#[cfg(test)]
mod tests;
