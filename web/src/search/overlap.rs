//! What a live list shows once although it comes twice: with the rows that were there already, and by the stream.
//!
//! The stream stands before the list is asked for, so that no row falls between the two. A row may therefore be in both,
//! and either may come first: the answer may overtake the event of a row that it has.

use telltale_api::search::SearchRow;

/// How long after the list rows of the stream may be ones of the list. Events take milliseconds; an equal row that comes
/// later is one that was sent again, and is shown.
const OVERLAP_NS: u64 = 5_000_000_000;

/// Tells what is new of the rows of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overlap {
    /// The list is not there yet; these came meanwhile.
    Waiting(Vec<SearchRow>),
    /// The list is there; these of its rows did not come by the stream, and may until a time.
    Known(Vec<SearchRow>, u64),
}

impl Default for Overlap {
    fn default() -> Self {
        Self::Waiting(Vec::new())
    }
}

impl Overlap {
    /// Takes rows of the stream, newest last, and returns those to be shown now.
    pub fn take(&mut self, mut rows: Vec<SearchRow>, now_unix_nano: u64) -> Vec<SearchRow> {
        match self {
            Self::Waiting(early) => {
                early.append(&mut rows);
                Vec::new()
            }
            Self::Known(known, until) => {
                if now_unix_nano > *until {
                    known.clear();
                }
                without(&mut rows, known);
                rows
            }
        }
    }

    /// Takes the list, and returns the rows that came meanwhile and are not in it, newest last.
    pub fn list(&mut self, mut listed: Vec<SearchRow>, now_unix_nano: u64) -> Vec<SearchRow> {
        let mut early = match std::mem::take(self) {
            Self::Waiting(early) => early,
            Self::Known(..) => Vec::new(),
        };
        without(&mut early, &mut listed);
        *self = Self::Known(listed, now_unix_nano.saturating_add(OVERLAP_NS));
        early
    }
}

/// Takes out of `rows` those that are in `known`, and out of `known` each that was met: a row that was sent twice is two.
fn without(rows: &mut Vec<SearchRow>, known: &mut Vec<SearchRow>) {
    rows.retain(|row| match known.iter().position(|other| other == row) {
        Some(at) => {
            known.remove(at);
            false
        }
        None => true,
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use telltale_api::Nanos;

    use super::*;

    fn row(name: u8) -> SearchRow {
        SearchRow { time_unix_nano: Nanos(7), name: name.to_string(), ..SearchRow::default() }
    }

    proptest! {
        #[test]
        fn every_row_is_shown_once_whenever_the_list_comes(
            names in prop::collection::vec(0_u8..6, 0..12), asked_at in 0_usize..13, comes_at in 0_usize..13, page in 0_usize..13,
        ) {
            // Rows arrive in order, each by the stream; the list has the newest ones of when it was asked for, and its answer
            // comes at any later or earlier place in the stream.
            let asked_at = asked_at.min(names.len());
            let old = [row(100), row(101)];
            let mut listed: Vec<SearchRow> = old.iter().cloned().chain(names.iter().take(asked_at).map(|name| row(*name))).collect();
            listed.reverse();
            listed.truncate(page);
            let mut overlap = Overlap::default();
            let mut shown = Vec::new();
            for (at, name) in names.iter().enumerate() {
                if at == comes_at {
                    shown.extend(listed.iter().cloned());
                    shown.extend(overlap.list(listed.clone(), 1));
                }
                shown.extend(overlap.take(vec![row(*name)], 2));
            }
            if comes_at >= names.len() {
                shown.extend(listed.iter().cloned());
                shown.extend(overlap.list(listed.clone(), 1));
            }
            let mut wanted: Vec<SearchRow> = names.iter().map(|name| row(*name)).collect();
            wanted.extend(old.iter().filter(|row| listed.contains(row)).cloned());
            let in_order = |mut rows: Vec<SearchRow>| {
                rows.sort_by(|a, b| a.name.cmp(&b.name));
                rows
            };
            prop_assert_eq!(in_order(shown), in_order(wanted));
        }
    }

    #[test]
    fn what_is_sent_again_later_is_shown_again() {
        let mut overlap = Overlap::default();
        assert_eq!(overlap.list(vec![row(1), row(2)], 1), []);
        assert_eq!(overlap.take(vec![row(1)], 2), []);
        assert_eq!(overlap.take(vec![row(1)], 3), [row(1)]);
        assert_eq!(overlap.take(vec![row(2)], 2 + OVERLAP_NS), [row(2)]);
    }

    #[test]
    fn rows_that_wait_keep_their_order() {
        let mut overlap = Overlap::default();
        assert_eq!(overlap.take(vec![row(1), row(2)], 1), []);
        assert_eq!(overlap.take(vec![row(3), row(4)], 1), []);
        assert_eq!(overlap.list(vec![row(2)], 1), [row(1), row(3), row(4)]);
    }
}
