//! How rows lie in a list in which some are unfolded: each row is a line, and an unfolded one has more below it.

/// The lines of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lines {
    rows: usize,
    /// Unfolded rows in order: place, and how many lines it has more.
    unfolded: Vec<(usize, usize)>,
}

impl Lines {
    /// Lays out so many rows; `unfolded` has the place of each unfolded row and the lines that it has more.
    #[must_use]
    pub fn new(rows: usize, mut unfolded: Vec<(usize, usize)>) -> Self {
        unfolded.retain(|(place, _)| *place < rows);
        unfolded.sort_unstable();
        unfolded.dedup_by_key(|(place, _)| *place);
        Self { rows, unfolded }
    }

    /// Returns how many lines there are.
    #[must_use]
    pub fn total(&self) -> usize {
        self.rows + self.unfolded.iter().map(|(_, more)| more).sum::<usize>()
    }

    /// Returns the first line of a row.
    #[must_use]
    pub fn line_of(&self, place: usize) -> usize {
        place + self.unfolded.iter().take_while(|(row, _)| *row < place).map(|(_, more)| more).sum::<usize>()
    }

    /// Returns the lines that a row has below its own.
    #[must_use]
    pub fn more(&self, place: usize) -> usize {
        let found = self.unfolded.binary_search_by_key(&place, |(row, _)| *row);
        found.ok().and_then(|at| self.unfolded.get(at)).map_or(0, |(_, more)| *more)
    }

    /// Returns the row that a line belongs to; for a line after the end, how many rows there are.
    #[must_use]
    pub fn row_at(&self, line: usize) -> usize {
        let mut before = 0;
        for (row, more) in &self.unfolded {
            if line <= row + before {
                break;
            }
            if line <= row + before + more {
                return *row;
            }
            before += more;
        }
        line.saturating_sub(before).min(self.rows)
    }
}
