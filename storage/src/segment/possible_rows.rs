//! Which rows of a segment may hold an id, a value or a word: what filters and the index of values say of it.

use std::ops::Range;

use telltale_model::{SpanId, TraceId};

use super::bloom::Key;
use super::terms::{Kind, Terms};
use super::{Segment, files, manifest};
use crate::schema::Table;
use crate::text::RequiredTerm;

impl Segment {
    /// Tells whether rows may have this span id; never false when they do. Points: always true.
    #[must_use]
    pub fn may_contain_span(&self, id: &SpanId) -> bool {
        self.rows_of_span(id).is_none_or(|rows| !rows.is_empty())
    }

    /// Returns the rows that may have this span id, as ascending ranges; `None`: any may. Spans and logs.
    #[must_use]
    pub fn rows_of_span(&self, id: &SpanId) -> Option<Vec<Range<u64>>> {
        if !self.blooms().may_contain(Key::Span, id.as_bytes()) {
            return Some(Vec::new());
        }
        self.rows_of_term(Kind::Span, id.as_bytes())
    }

    /// Returns the rows that may have this text, or integer in decimal digits, as the value of an attribute of their own,
    /// their events, links, resource or scope, as ascending ranges; `None`: any may. Spans and logs.
    #[must_use]
    pub fn rows_of_value(&self, value: &str) -> Option<Vec<Range<u64>>> {
        self.rows_of_term(Kind::Value, value.as_bytes())
    }

    /// Returns the rows whose body may hold every one of these words, as ascending ranges; `None`: any may, and log records that have a
    /// [`LogIndex`], which knows it better.
    #[must_use]
    pub fn rows_of_words(&self, words: &[RequiredTerm]) -> Option<Vec<Range<u64>>> {
        if !self.has_words() {
            return None;
        }
        let words = words.iter().filter(|word| !word.is_prefix);
        let found = words.filter_map(|word| self.rows_of_term(Kind::Word, word.text.as_bytes()));
        found.reduce(|one, other| both(&one, &other))
    }

    /// Returns the log records that may belong to a trace, as ascending ranges; `None`: any may, and those that have a [`LogIndex`].
    #[must_use]
    pub fn rows_of_trace_id(&self, id: &TraceId) -> Option<Vec<Range<u64>>> {
        self.has_words().then(|| self.rows_of_term(Kind::Trace, id.as_bytes())).flatten()
    }

    /// Tells whether the index of values knows words and trace ids: where no other index does.
    fn has_words(&self) -> bool {
        self.table() == Table::Logs && self.manifest().is_ok_and(|manifest| !manifest.has_log_index())
    }

    /// Asks the index of values; a missing or damaged one costs speed only.
    fn rows_of_term(&self, kind: Kind, term: &[u8]) -> Option<Vec<Range<u64>>> {
        let open = || {
            // Segments of telltale 0.1 have none.
            if !self.manifest()?.files.iter().any(|file| file.name == manifest::TERMS) {
                return Ok(None);
            }
            let file = self.open_checked(manifest::TERMS)?;
            Terms::open(file, &self.dir.join(manifest::TERMS), self.rows()).map(Some)
        };
        let terms = files::open_once(&self.handles.terms, &self.context, open)?;
        self.touch(manifest::TERMS);
        let found = terms.rows_of(kind, term);
        found.map_err(|error| self.context.report(&format!("{}: {error}", self.dir.display()))).ok()
    }
}

/// Returns what is in both of two lists of ascending ranges.
fn both(one: &[Range<u64>], other: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut found = Vec::new();
    let (mut ones, mut others) = (one.iter().peekable(), other.iter().peekable());
    while let (Some(one), Some(other)) = (ones.peek(), others.peek()) {
        let rows = one.start.max(other.start)..one.end.min(other.end);
        let shorter = if one.end <= other.end { &mut ones } else { &mut others };
        shorter.next();
        if !rows.is_empty() {
            found.push(rows);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_in_common_what_both_have() {
        let check = |one: Vec<u64>, other: Vec<u64>| {
            let ranges = |rows: &[u64]| rows.iter().map(|row| row * 3..row * 3 + 2).collect::<Vec<_>>();
            let found: Vec<u64> = both(&ranges(&one), &ranges(&other)).into_iter().flatten().collect();
            let expected: Vec<u64> =
                ranges(&one).into_iter().flatten().filter(|row| other.contains(&(row / 3))).collect();
            assert_eq!(found, expected);
        };
        check(vec![], vec![1]);
        check(vec![0, 1, 2, 7], vec![1, 2, 3, 7, 9]);
        let (long, shorts) = (std::iter::once(0..10).collect::<Vec<_>>(), vec![1..2, 4..6, 9..12]);
        assert_eq!(both(&long, &shorts), [1..2, 4..6, 9..10]);
        assert_eq!(both(&shorts, &long), [1..2, 4..6, 9..10]);
    }
}
