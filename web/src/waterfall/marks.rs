//! Ticks on a bar: span events and log records.
//!
//! However many there are, a row gets at most [`MARKS_MAX`] ticks: those that would stand on each other become one, with
//! the most serious look of them.

use telltale_model::Severity;

/// Places for ticks on a row.
pub const MARKS_MAX: usize = 160;

/// Places for pieces of the critical path on a bar, and for gaps between them.
pub const PIECES_MAX: usize = 500;

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

impl MarkLook {
    /// Returns its CSS classes.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Log => "mark",
            Self::Event => "mark mark-event",
            Self::Warn => "mark mark-warn",
            Self::Error => "mark mark-error",
        }
    }
}

/// A tick.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// Place as a share of what is shown, 0 to 100.
    pub percent: f64,
    /// How it looks.
    pub look: MarkLook,
}

/// Puts ticks that would stand on each other together; those outside of what is shown are left out.
#[must_use]
pub fn thin(all: impl Iterator<Item = Mark>) -> Vec<Mark> {
    let mut all: Vec<Mark> = all.filter(|mark| (0.0..=100.0).contains(&mark.percent)).collect();
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

/// Puts pieces of a bar together between which nothing could be seen, and leaves out what is not shown; `pieces` have a
/// beginning and an end, 0 to 100 inside of what is shown, and stand in order. However many they are, at most
/// [`PIECES_MAX`] are left.
#[must_use]
pub fn joined(pieces: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut joined: Vec<(f64, f64)> = Vec::new();
    for (begin, end) in pieces {
        let (begin, end) = (begin.max(0.0), end.min(100.0));
        if end <= begin {
            continue;
        }
        match joined.last_mut() {
            Some(last) if place_of(begin, PIECES_MAX) - place_of(last.1, PIECES_MAX) < 2 => last.1 = last.1.max(end),
            _ => joined.push((begin, end)),
        }
    }
    joined
}

fn place(percent: f64) -> i64 {
    place_of(percent, MARKS_MAX)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the product lies between 0 and the number of places"
)]
fn place_of(percent: f64, places: usize) -> i64 {
    (percent / 100.0 * (places as f64 - 1.0)).round() as i64
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

    #[test]
    fn a_hundred_thousand_pieces_become_few_that_cover_them() {
        let one = |at: u32| (f64::from(at) / 1_000.0, f64::from(at) / 1_000.0 + 0.0009);
        assert_eq!(joined((0..100_000).map(one)), [(0.0, 99.9999)]);
        // Every second hundredth: nothing is seen between them. Every second percent: all gaps are.
        assert_eq!(joined((0..5_000).map(|at| f64::from(at) / 50.0).map(|at| (at, at + 0.01))).len(), 1);
        let wide: Vec<_> = (0..50).map(|at| f64::from(at) * 2.0).map(|at| (at, at + 1.0)).collect();
        assert_eq!(joined(wide.iter().copied()), wide);
        let gaps = (0..1_000).map(|at| f64::from(at) / 10.0).map(|at| (at, at + 0.0001));
        assert!(joined(gaps.chain([(99.0, 180.0)])).len() <= PIECES_MAX);
    }

    #[test]
    fn pieces_outside_of_what_is_shown_are_left_out() {
        assert_eq!(
            joined([(-5.0, -1.0), (-1.0, 4.0), (50.0, 50.0), (90.0, 120.0), (130.0, 140.0)].into_iter()),
            [(0.0, 4.0), (90.0, 100.0)]
        );
    }

    #[test]
    fn ten_thousand_events_become_a_bounded_row_of_ticks_that_shows_the_exception() {
        let all = (0..10_000).map(|time| {
            let look = if time == 5_000 { MarkLook::Error } else { MarkLook::Event };
            Mark { percent: f64::from(time) / 99.0, look }
        });
        let marks = thin(all);
        assert!(marks.len() <= MARKS_MAX, "{}", marks.len());
        assert_eq!(marks.iter().filter(|mark| mark.look == MarkLook::Error).count(), 1);
        assert!(marks.iter().all(|mark| mark.percent <= 100.0));
    }

    #[test]
    fn severities_have_looks() {
        assert_eq!(
            [1, 9, 13, 17, 24, 99].map(log_look),
            [MarkLook::Log, MarkLook::Log, MarkLook::Warn, MarkLook::Error, MarkLook::Error, MarkLook::Log]
        );
    }
}
