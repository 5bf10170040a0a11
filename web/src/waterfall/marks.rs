//! Ticks on a bar: span events and log records.
//!
//! However many there are, a row gets at most [`MARKS_MAX`] ticks: those that would stand on each other become one, with
//! the most serious look of them.

use telltale_api::trace::{LogRow, SpanRow};
use telltale_model::{Severity, semconv};

/// Places for ticks on a row.
pub const MARKS_MAX: usize = 160;

/// How a tick looks, least serious first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkLook {
    /// A log record below WARN.
    Log,
    /// A span event.
    Event,
    /// A log record of WARN.
    Warn,
    /// An exception, or a log record of ERROR or FATAL.
    Error,
}

/// A tick.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// Place as a share of the trace, 0 to 100.
    pub percent: f64,
    /// How it looks.
    pub look: MarkLook,
}

/// Returns the ticks of a span from its events and its log records; `percent` turns a time into a place.
pub fn marks<'a>(span: &SpanRow, logs: impl Iterator<Item = &'a LogRow>, percent: impl Fn(u64) -> f64) -> Vec<Mark> {
    let events = span.events.iter().map(|event| {
        let look = if event.name == semconv::EXCEPTION_EVENT { MarkLook::Error } else { MarkLook::Event };
        Mark { percent: percent(event.time_unix_nano.0), look }
    });
    let logs = logs.map(|log| Mark { percent: percent(log.time_unix_nano.0), look: log_look(log.severity_number) });
    let mut all: Vec<Mark> = events.chain(logs).collect();
    all.sort_by(|a, b| a.percent.total_cmp(&b.percent));
    let mut thinned: Vec<Mark> = Vec::new();
    for mark in all {
        match thinned.last_mut() {
            Some(last) if place(last.percent) == place(mark.percent) => last.look = last.look.max(mark.look),
            _ => thinned.push(mark),
        }
    }
    thinned
}

#[expect(clippy::cast_possible_truncation, reason = "the product lies between 0 and the number of places")]
fn place(percent: f64) -> i64 {
    const PLACES: f64 = 160.0;
    (percent / 100.0 * (PLACES - 1.0)).round() as i64
}

/// Returns the look of a log record's tick.
#[must_use]
pub const fn log_look(severity_number: i32) -> MarkLook {
    match Severity::from_number(severity_number) {
        Some(Severity::Warn) => MarkLook::Warn,
        Some(Severity::Error | Severity::Fatal) => MarkLook::Error,
        _ => MarkLook::Log,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telltale_api::Nanos;
    use telltale_api::trace::EventRow;

    #[test]
    fn ten_thousand_events_become_a_bounded_row_of_ticks_that_shows_the_exception() {
        let mut span = SpanRow::default();
        for time in 0..10_000 {
            span.events.push(EventRow { time_unix_nano: Nanos(time), name: "retry".into(), ..EventRow::default() });
        }
        span.events[5_000].name = semconv::EXCEPTION_EVENT.into();
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let marks = marks(&span, std::iter::empty(), |time| time as f64 / 100.0);
        assert!(marks.len() <= MARKS_MAX, "{}", marks.len());
        assert_eq!(marks.iter().filter(|mark| mark.look == MarkLook::Error).count(), 1);
    }

    #[test]
    fn severities_have_looks() {
        assert_eq!(
            [1, 9, 13, 17, 24, 99].map(log_look),
            [MarkLook::Log, MarkLook::Log, MarkLook::Warn, MarkLook::Error, MarkLook::Error, MarkLook::Log]
        );
    }
}
