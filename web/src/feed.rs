//! The list of newest traces on the start page: what the server listed, kept current by what arrives.
//!
//! Rows never change places: a trace that is known is updated where it stands, a new one comes on top, the oldest one
//! leaves when the list is full.

use telltale_api::live::LiveTrace;
use telltale_api::trace::TraceSummary;
use telltale_api::{Nanos, SignedNanos};

/// Rows kept.
pub const ROWS_MAX: usize = 200;

/// A list of traces, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Feed {
    rows: Vec<TraceSummary>,
    errors_only: bool,
}

impl Feed {
    /// Returns an empty list, of all traces or of those with an error.
    #[must_use]
    pub const fn new(errors_only: bool) -> Self {
        Self { rows: Vec::new(), errors_only }
    }

    /// Returns the rows, newest first.
    #[must_use]
    pub fn rows(&self) -> &[TraceSummary] {
        &self.rows
    }

    /// Takes the server's list in: known traces get its numbers, unknown ones come on top in its order.
    pub fn load(&mut self, listed: Vec<TraceSummary>) {
        for summary in listed.into_iter().rev() {
            match self.rows.iter_mut().find(|row| row.trace_id == summary.trace_id) {
                Some(row) => *row = summary,
                None => self.rows.insert(0, summary),
            }
        }
        self.rows.truncate(ROWS_MAX);
    }

    /// Takes in what one export request said of a trace.
    pub fn apply(&mut self, live: &LiveTrace) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.trace_id == live.trace_id) {
            extend(row, live);
            return;
        }
        if self.errors_only && live.error_count == 0 {
            return;
        }
        self.rows.insert(0, summary_of(live));
        self.rows.truncate(ROWS_MAX);
    }
}

fn summary_of(live: &LiveTrace) -> TraceSummary {
    TraceSummary {
        trace_id: live.trace_id.clone(),
        start_unix_nano: live.start_unix_nano,
        duration_ns: live.duration_ns,
        name: live.name.clone(),
        service_name: live.service_name.clone(),
        has_root: live.has_root,
        span_count: live.span_count,
        error_count: live.error_count,
        first_error: None,
        services: live.service_name.iter().cloned().collect(),
    }
}

fn extend(row: &mut TraceSummary, live: &LiveTrace) {
    let end = |start: Nanos, length: SignedNanos| i128::from(start.0) + i128::from(length.0);
    let latest = end(row.start_unix_nano, row.duration_ns).max(end(live.start_unix_nano, live.duration_ns));
    let earlier = live.start_unix_nano < row.start_unix_nano;
    row.start_unix_nano = row.start_unix_nano.min(live.start_unix_nano);
    let length = latest - i128::from(row.start_unix_nano.0);
    row.duration_ns = SignedNanos(i64::try_from(length).unwrap_or(i64::MAX));
    row.span_count += live.span_count;
    row.error_count += live.error_count;
    if live.has_root || (!row.has_root && earlier) {
        row.name.clone_from(&live.name);
        row.service_name.clone_from(&live.service_name);
    }
    row.has_root |= live.has_root;
    if let Some(service) = &live.service_name
        && let Err(place) = row.services.binary_search(service)
    {
        row.services.insert(place, service.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(id: usize, start: u64, duration: i64, root: bool, errors: u64) -> LiveTrace {
        LiveTrace {
            trace_id: format!("{id:032x}"),
            span_count: 2,
            error_count: errors,
            start_unix_nano: Nanos(start),
            duration_ns: SignedNanos(duration),
            service_name: Some(if root { "gateway" } else { "stock" }.to_owned()),
            name: if root { "GET /" } else { "inner" }.to_owned(),
            has_root: root,
        }
    }

    #[test]
    fn parts_of_a_trace_add_up_in_one_row() {
        let mut feed = Feed::new(false);
        feed.apply(&live(1, 150, 20, false, 1));
        feed.apply(&live(2, 10, 1, true, 0));
        feed.apply(&live(1, 100, 100, true, 0));
        let [second, first] = feed.rows() else { panic!("two traces are two rows") };
        assert_eq!(second.trace_id, format!("{:032x}", 2));
        assert_eq!((first.span_count, first.error_count, first.has_root), (4, 1, true));
        assert_eq!((first.start_unix_nano, first.duration_ns), (Nanos(100), SignedNanos(100)));
        assert_eq!((first.name.as_str(), first.services.len()), ("GET /", 2));
    }

    #[test]
    fn the_servers_numbers_replace_ours_and_rows_stay_where_they_are() {
        let mut feed = Feed::new(false);
        for id in 0..3 {
            feed.apply(&live(id, 1, 1, true, 0));
        }
        let mut listed: Vec<TraceSummary> = feed.rows().to_vec();
        listed.reverse();
        listed[0].span_count = 99;
        listed.push(summary_of(&live(7, 1, 1, true, 0)));
        feed.load(listed);
        let ids: Vec<String> = feed.rows().iter().map(|row| row.trace_id.clone()).collect();
        assert_eq!(ids, [7, 2, 1, 0].map(|id| format!("{id:032x}")));
        assert_eq!(feed.rows()[3].span_count, 99);
    }

    #[test]
    fn a_full_list_lets_the_oldest_go_and_an_error_list_takes_errors_only() {
        let mut feed = Feed::new(true);
        for id in 0..ROWS_MAX + 10 {
            feed.apply(&live(id, 1, 1, true, u64::from(id % 2 == 0)));
            feed.apply(&live(id + 1_000, 1, 1, true, 1));
        }
        assert_eq!(feed.rows().len(), ROWS_MAX);
        assert!(feed.rows().iter().all(|row| row.error_count > 0));
    }
}
