//! Hands the rows of what was just acknowledged to readers that filter them (`GET /api/live?q=…`).
//!
//! The newest requests are kept as the store took them, bounded in number and bytes; a request costs its sender one push.
//! Each reader looks at them at its own pace, so that a slow one misses some and is told how many, and one that comes
//! back within the bounds goes on where it was.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use telltale_storage::Appended;
use telltale_storage::schema::Table;
use tokio::sync::watch;

use crate::limits::{TAIL_BYTES, TAIL_REQUESTS, TAIL_REQUESTS_AT_ONCE};

/// The newest requests; one a process.
#[derive(Debug)]
pub struct Tail {
    ring: Mutex<Ring>,
    /// The number of the next request.
    news: watch::Sender<u64>,
    /// Tells this process's numbers from those of the one before.
    process: u32,
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Entry>,
    bytes: usize,
    next: u64,
    rows: Rows,
}

/// Spans and log records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Rows {
    spans: u64,
    logs: u64,
}

#[derive(Debug)]
struct Entry {
    batches: Arc<[(Table, RecordBatch)]>,
    bytes: usize,
    /// What came before, so that a gap can be counted.
    before: Rows,
}

/// Where a reader is; as text, the `id:` of a server-sent event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    process: u32,
    next: u64,
    rows: Rows,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}-{}-{}-{}", self.process, self.next, self.rows.spans, self.rows.logs)
    }
}

impl Position {
    /// Reads what [`Position`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let process = u32::from_str_radix(parts.next()?, 16).ok()?;
        let mut number = || parts.next()?.parse().ok();
        let (next, spans, logs) = (number()?, number()?, number()?);
        parts.next().is_none().then_some(Self { process, next, rows: Rows { spans, logs } })
    }
}

/// What a reader gets at once.
#[derive(Debug)]
pub struct News {
    /// Batches of the asked table, oldest first.
    pub batches: Vec<RecordBatch>,
    /// Rows of it that are gone and were never looked at.
    pub missed: u64,
    /// Where to go on.
    pub position: Position,
}

impl Default for Tail {
    fn default() -> Self {
        Self::new()
    }
}

impl Tail {
    /// Creates a tail without requests.
    #[must_use]
    pub fn new() -> Self {
        // Any number will do that differs from the last process's; without randomness a reader may see a gap uncounted.
        let process = getrandom::u32().unwrap_or(0);
        Self { ring: Mutex::default(), news: watch::Sender::new(0), process }
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what an append stored; returns at once.
    pub fn publish(&self, appended: &Appended) {
        let wanted = appended.batches.iter().filter(|(table, _)| !table.holds_points());
        let bytes: usize = wanted.clone().map(|(_, batch)| batch.get_array_memory_size()).sum();
        if bytes == 0 {
            return;
        }
        let count = |one: Table| -> u64 {
            let batches = appended.batches.iter().filter(|(table, _)| *table == one);
            batches.map(|(_, batch)| batch.num_rows() as u64).sum()
        };
        let next = {
            let mut ring = self.lock();
            let before = ring.rows;
            ring.entries.push_back(Entry { batches: Arc::clone(&appended.batches), bytes, before });
            ring.bytes += bytes;
            ring.rows.spans += count(Table::Spans);
            ring.rows.logs += count(Table::Logs);
            ring.next += 1;
            while ring.entries.len() > TAIL_REQUESTS || ring.bytes > TAIL_BYTES {
                let Some(oldest) = ring.entries.pop_front() else { break };
                ring.bytes -= oldest.bytes;
            }
            ring.next
        };
        self.news.send_replace(next);
    }

    /// Returns the position after everything that was published.
    #[must_use]
    pub fn now(&self) -> Position {
        let ring = self.lock();
        Position { process: self.process, next: ring.next, rows: ring.rows }
    }

    /// Returns whether a position is of this process; another one's says nothing about what was missed.
    #[must_use]
    pub fn is_ours(&self, position: &Position) -> bool {
        position.process == self.process && position.next <= self.lock().next
    }

    /// Waits until something was published after `position` and returns the next of it, a bounded number of requests.
    /// Safe to cancel.
    pub async fn after(&self, position: Position, table: Table) -> News {
        let mut news = self.news.subscribe();
        loop {
            if let Some(found) = self.read(position, table) {
                return found;
            }
            // The sender lives in `self`: the only error cannot happen.
            if news.wait_for(|next| *next > position.next).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn read(&self, position: Position, table: Table) -> Option<News> {
        let ring = self.lock();
        if ring.next <= position.next {
            return None;
        }
        let oldest = ring.next - ring.entries.len() as u64;
        let from = position.next.max(oldest);
        let skip = usize::try_from(from - oldest).unwrap_or(usize::MAX);
        let rows = |rows: Rows| if table == Table::Spans { rows.spans } else { rows.logs };
        let missed = match ring.entries.get(skip) {
            Some(first) => rows(first.before).saturating_sub(rows(position.rows)),
            None => rows(ring.rows).saturating_sub(rows(position.rows)),
        };
        let taken: Vec<&Entry> = ring.entries.iter().skip(skip).take(TAIL_REQUESTS_AT_ONCE).collect();
        let next = from + taken.len() as u64;
        let after = ring.entries.get(skip + taken.len()).map_or(ring.rows, |entry| entry.before);
        let batches = taken.iter().flat_map(|entry| entry.batches.iter());
        let batches = batches.filter(|(one, _)| *one == table).map(|(_, batch)| batch.clone()).collect();
        Some(News { batches, missed, position: Position { process: self.process, next, rows: after } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Int64Array};
    use proptest::prelude::*;

    fn appended(rows: usize) -> Appended {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![7; rows]));
        let batch = RecordBatch::try_from_iter([("n", column)]).unwrap();
        Appended {
            accepted: rows as u64,
            rejected: 0,
            issues: Vec::new(),
            lsn: 1,
            batches: Arc::new([(Table::Logs, batch)]),
        }
    }

    fn count(news: &News) -> u64 {
        news.batches.iter().map(|batch| batch.num_rows() as u64).sum()
    }

    #[tokio::test]
    async fn a_reader_that_comes_back_goes_on_where_it_was() {
        let tail = Tail::new();
        tail.publish(&appended(3));
        let start = tail.now();
        tail.publish(&appended(2));
        let first = tail.after(start, Table::Logs).await;
        assert_eq!((count(&first), first.missed), (2, 0));
        tail.publish(&appended(5));
        tail.publish(&appended(1));
        let position = Position::parse(&first.position.to_string()).unwrap();
        assert!(tail.is_ours(&position) && !Tail::new().is_ours(&position));
        let rest = tail.after(position, Table::Logs).await;
        assert_eq!((count(&rest), rest.missed), (6, 0));
        let none = tail.after(start, Table::Spans).await;
        assert_eq!((count(&none), none.missed), (0, 0), "other rows move the position only");
        let mut waiting = Box::pin(tail.after(rest.position, Table::Logs));
        assert!(futures::poll!(&mut waiting).is_pending());
        tail.publish(&appended(4));
        assert_eq!(count(&waiting.await), 4);
    }

    #[tokio::test]
    async fn bytes_are_bounded() {
        let tail = Tail::new();
        let start = tail.now();
        for _ in 0..20 {
            tail.publish(&appended(TAIL_BYTES / 8 / 4));
        }
        assert!(tail.lock().bytes <= TAIL_BYTES);
        let news = tail.after(start, Table::Logs).await;
        assert!(news.missed > 0);
        assert_eq!(Position::parse("x"), None);
        assert_eq!(Position::parse("1-2-3-4-5"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]
        /// Whatever the pace of a reader, each row is seen once or counted as missed.
        #[test]
        fn every_row_is_seen_once_or_counted(bursts in prop::collection::vec(0..900_usize, 1..8)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let tail = Tail::new();
            let mut position = tail.now();
            let (mut published, mut seen, mut missed) = (0, 0, 0);
            for burst in bursts {
                for rows in 0..burst {
                    tail.publish(&appended(rows % 3 + 1));
                    published += (rows % 3 + 1) as u64;
                }
                if burst > 0 {
                    let news = runtime.block_on(tail.after(position, Table::Logs));
                    seen += count(&news);
                    missed += news.missed;
                    position = news.position;
                }
            }
            while tail.read(position, Table::Logs).is_some() {
                let news = runtime.block_on(tail.after(position, Table::Logs));
                seen += count(&news);
                missed += news.missed;
                position = news.position;
            }
            prop_assert_eq!(seen + missed, published);
        }
    }
}
