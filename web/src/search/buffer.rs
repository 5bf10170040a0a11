//! The rows that the page holds: a bounded list that grows at the end by pages, or at the front while it is live.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use telltale_api::search::SearchRow;

/// Rows that a page holds at most; beyond, a search is to be narrowed, and a live list forgets its oldest.
pub const ROWS_MAX: usize = 5_000;

/// Number of the first row of a new list: half of what there is, so that it can grow at both ends.
const MIDDLE: u64 = 1 << 40;

/// Rows in order, each with a number that stays its own while others come and go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buffer {
    first: u64,
    rows: VecDeque<Arc<SearchRow>>,
}

impl Default for Buffer {
    fn default() -> Self {
        Self { first: MIDDLE, rows: VecDeque::new() }
    }
}

impl Buffer {
    /// Returns how many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns whether no more rows are taken at the end.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.rows.len() >= ROWS_MAX
    }

    /// Returns the row at a place.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<&Arc<SearchRow>> {
        self.rows.get(place)
    }

    /// Returns the rows in order.
    pub fn rows(&self) -> impl Iterator<Item = &Arc<SearchRow>> {
        self.rows.iter()
    }

    /// Returns the number of the row at a place.
    #[must_use]
    pub fn number(&self, place: usize) -> u64 {
        self.first.saturating_add(u64::try_from(place).unwrap_or(u64::MAX))
    }

    /// Returns the place of the row with a number; `None` when it is gone.
    #[must_use]
    pub fn place(&self, number: u64) -> Option<usize> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        (place < self.rows.len()).then_some(place)
    }

    /// Lets all rows go; the numbers of the next ones are others.
    pub fn clear(&mut self) {
        self.first = self.first.saturating_add(u64::try_from(ROWS_MAX * 2).unwrap_or(0));
        self.rows.clear();
    }

    /// Adds the next page.
    pub fn append(&mut self, page: impl IntoIterator<Item = SearchRow>) {
        let room = ROWS_MAX.saturating_sub(self.rows.len());
        self.rows.extend(page.into_iter().take(room).map(Arc::new));
    }

    /// Puts newer rows on top, the newest last; the oldest rows go when there are too many.
    pub fn prepend(&mut self, newer: impl IntoIterator<Item = SearchRow>) {
        for row in newer {
            self.first -= 1;
            self.rows.push_front(Arc::new(row));
        }
        self.rows.truncate(ROWS_MAX);
    }

    /// Takes traces as they are now, the newest last: one that is there is replaced where it stands, the others come on top.
    pub fn renew(&mut self, traces: impl IntoIterator<Item = SearchRow>) {
        let ids = self.rows.iter().enumerate().filter_map(|(place, row)| Some((row.trace_id.clone()?, place)));
        let known: HashMap<String, usize> = ids.collect();
        let mut new = Vec::new();
        for row in traces {
            let place = row.trace_id.as_ref().and_then(|id| known.get(id));
            match place.and_then(|place| self.rows.get_mut(*place)) {
                Some(old) => *old = Arc::new(row),
                None => new.push(row),
            }
        }
        self.prepend(new);
    }
}
