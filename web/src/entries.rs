//! The merged list: starts of spans, span events and log records in one order of time.

use telltale_story::pack::{Found, Structure};

use crate::waterfall::marks::{MarkLook, log_look};

/// A line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entry {
    /// A span begins, by its row.
    Span(u32),
    /// A span event, by its position in the structure.
    Event(u32),
    /// A log record, by position.
    Log(u32),
    /// A log record of the neighbourhood, without a trace id, by position in the list that was asked for.
    Near(u32),
}

/// What of the list is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// Everything.
    #[default]
    All,
    /// Log records.
    Logs,
    /// Errors: failed spans, exceptions, records of ERROR and above.
    Errors,
}

fn index(position: u32) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// Returns the list in order of time; `near` are the times of neighbouring records from the trace's start.
#[must_use]
pub fn entries(structure: &Structure, choice: Choice, found: Option<&Found>, near: &[i64]) -> Vec<Entry> {
    let rows = &structure.rows;
    let has_row = |row: u32| found.is_none_or(|found| found.rows.binary_search(&row).is_ok());
    let has_log = |log: u32| found.is_none_or(|found| found.logs.binary_search(&log).is_ok());
    let mut list: Vec<(i64, u32, Entry)> = Vec::new();
    if choice != Choice::Logs {
        let spans = (0_u32..).zip(&rows.start_ns).filter(|(row, _)| !rows.is_missing(*row) && has_row(*row));
        let spans = spans.filter(|(row, _)| choice == Choice::All || rows.is_error(*row));
        list.extend(spans.map(|(row, start)| (*start, row, Entry::Span(row))));
        let events = &structure.events;
        let all = (0_u32..).zip(events.row.iter().zip(&events.time_ns).zip(&events.is_exception));
        let all = all.filter(|(_, ((row, _), exception))| has_row(**row) && (choice == Choice::All || **exception));
        list.extend(all.map(|(at, ((row, time), _))| (*time, *row, Entry::Event(at))));
    }
    let logs = &structure.logs;
    let all = (0_u32..).zip(logs.time_ns.iter().zip(&logs.severity).zip(&logs.row));
    let all = all.filter(|(at, ((_, severity), _))| {
        has_log(*at) && (choice != Choice::Errors || log_look(**severity) == MarkLook::Error)
    });
    list.extend(all.map(|(at, ((time, _), row))| (*time, row.saturating_sub(1), Entry::Log(at))));
    if choice != Choice::Errors {
        list.extend((0_u32..).zip(near).map(|(at, time)| (*time, u32::MAX, Entry::Near(at))));
    }
    // A stable sort keeps a parent before a child that starts in the same nanosecond.
    list.sort_by_key(|(time, row, entry)| (*time, *row, rank(*entry)));
    list.into_iter().map(|(_, _, entry)| entry).collect()
}

const fn rank(entry: Entry) -> u8 {
    match entry {
        Entry::Span(_) => 0,
        Entry::Event(_) => 1,
        Entry::Log(_) => 2,
        Entry::Near(_) => 3,
    }
}

/// Returns when an entry happened, from the trace's start.
#[must_use]
pub fn time_of(structure: &Structure, entry: Entry, near: &[i64]) -> i64 {
    let time = match entry {
        Entry::Span(row) => structure.rows.start_ns.get(index(row)),
        Entry::Event(at) => structure.events.time_ns.get(index(at)),
        Entry::Log(at) => structure.logs.time_ns.get(index(at)),
        Entry::Near(at) => near.get(index(at)),
    };
    time.copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use telltale_story::pack::{Events, Logs, Rows};

    fn trace() -> Structure {
        Structure {
            rows: Rows {
                flags: vec![1, 8 | 1],
                depth: vec![0, 1],
                start_ns: vec![0, 0],
                duration_ns: vec![10, 5],
                self_ns: vec![5, 5],
                name: vec![0, 0],
                service: vec![0, 0],
                status: vec![0, 0],
                id: vec![1, 2],
                end: vec![2, 2],
                parent: vec![u32::MAX, 0],
            },
            events: Events { row: vec![0, 1], time_ns: vec![3, 4], name: vec![0, 0], is_exception: vec![false, true] },
            logs: Logs { time_ns: vec![2, 9], severity: vec![9, 17], row: vec![2, 0], service: vec![0, 0] },
            ..Structure::default()
        }
    }

    #[test]
    fn everything_is_in_the_order_of_time_and_a_parent_before_its_child() {
        let all = entries(&trace(), Choice::All, None, &[-1, 3]);
        use Entry::{Event, Log, Near, Span};
        assert_eq!(all, [Near(0), Span(0), Span(1), Log(0), Event(0), Near(1), Event(1), Log(1)]);
        assert_eq!(time_of(&trace(), Log(1), &[]), 9);
    }

    #[test]
    fn choices_and_finds_narrow_the_list() {
        use Entry::{Event, Log, Span};
        assert_eq!(entries(&trace(), Choice::Logs, None, &[]), [Log(0), Log(1)]);
        assert_eq!(entries(&trace(), Choice::Errors, None, &[5]), [Span(1), Event(1), Log(1)]);
        let found = Found { rows: vec![0], logs: vec![1] };
        assert_eq!(entries(&trace(), Choice::All, Some(&found), &[]), [Span(0), Event(0), Log(1)]);
    }
}
