//! Which lines of a trace are shown: what is folded, bundled, filtered, taken as the root.
//!
//! A trace comes in drawing order ([`telltale_story::pack::Rows`]), so lines are chosen by one pass over it, however
//! many rows there are. Runs of equal leaf siblings become one line; a span with an error is never put into one.

use std::collections::HashMap;

use telltale_story::pack::{Rows, Structure};

/// Siblings in a row, equal in service and name, that are bundled.
pub const BUNDLED_MIN: u32 = 5;

/// Lines that are open when a trace is first shown.
pub const FIRST_LINES: usize = 200;

/// What a line stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Line {
    /// A span, or a parent that never arrived, by its row.
    Row(u32),
    /// Equal siblings, by the row of the first.
    Bundle(u32),
}

/// Equal leaf siblings that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bundle {
    /// How many.
    pub count: u32,
    /// Sum of their durations.
    pub sum_ns: i64,
    /// From the start of the first to the latest end.
    pub length_ns: i64,
}

/// What the reader chose.
#[derive(Debug, Clone, Copy, Default)]
pub struct Choice<'a> {
    /// Folded or unfolded by hand, by [`Layout::key`].
    pub folds: Option<&'a HashMap<u64, bool>>,
    /// Repeats are shown each.
    pub flat: bool,
    /// The row that is shown as if it were the root.
    pub root: Option<u32>,
    /// Rows to show; none: all. Rows above these must be among them.
    pub keep: Option<&'a [bool]>,
}

/// What is computed once for a trace.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    bundles: HashMap<u32, Bundle>,
    /// Rows that start folded.
    folded: Vec<bool>,
    /// Failed spans before each row, and after the last.
    errors_before: Vec<u32>,
}

fn index(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
}

impl Layout {
    /// Lays out a trace. In a large one the ways to errors and the critical path are open, others as far as they fit.
    #[must_use]
    pub fn new(structure: &Structure) -> Self {
        let rows = &structure.rows;
        let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let mut errors = 0_u32;
        let mut errors_before = Vec::with_capacity(rows.len() + 1);
        errors_before.push(0);
        for row in 0..count {
            errors += u32::from(rows.is_error(row));
            errors_before.push(errors);
        }
        let mut layout = Self { bundles: bundles(rows, count), folded: Vec::new(), errors_before };
        layout.folded = layout.first_folds(structure, count);
        layout
    }

    /// Returns the lines that are shown.
    #[must_use]
    pub fn lines(&self, rows: &Rows, choice: Choice<'_>) -> Vec<Line> {
        let end = choice.root.map_or_else(|| u32::try_from(rows.len()).unwrap_or(u32::MAX), |root| rows.end(root));
        let mut row = choice.root.unwrap_or(0);
        let mut lines = Vec::new();
        while row < end {
            if let Some(keep) = choice.keep
                && keep.get(index(row)) != Some(&true)
            {
                // Nothing below a hidden row is shown either.
                row = rows.end(row);
                continue;
            }
            let bundle = self.bundles.get(&row).filter(|_| !choice.flat && choice.keep.is_none());
            if let Some(bundle) = bundle {
                let line = Line::Bundle(row);
                lines.push(line);
                if !self.is_folded(rows, line, choice) {
                    lines.extend((row..row + bundle.count).map(Line::Row));
                }
                row += bundle.count;
                continue;
            }
            let line = Line::Row(row);
            lines.push(line);
            let is_root = choice.root == Some(row);
            row = if !is_root && rows.has_children(row) && self.is_folded(rows, line, choice) {
                rows.end(row)
            } else {
                row + 1
            };
        }
        lines
    }

    /// Returns whether a line is folded. A filter opens what the reader did not fold by hand.
    #[must_use]
    pub fn is_folded(&self, rows: &Rows, line: Line, choice: Choice<'_>) -> bool {
        let by_hand = choice.folds.and_then(|folds| folds.get(&self.key(rows, line))).copied();
        by_hand.unwrap_or_else(|| match line {
            Line::Bundle(_) => true,
            Line::Row(row) => choice.keep.is_none() && self.folded.get(index(row)) == Some(&true),
        })
    }

    /// Returns a number for a line that stays when the trace grows.
    #[must_use]
    pub fn key(&self, rows: &Rows, line: Line) -> u64 {
        let id = |row: u32| rows.id.get(index(row)).copied().unwrap_or_default();
        match line {
            Line::Row(row) if rows.is_missing(row) => id(row).rotate_left(7) ^ 0x5bd1_e995,
            Line::Row(row) => id(row),
            Line::Bundle(row) => id(row).rotate_left(13) ^ 0x9e37_79b9,
        }
    }

    /// Returns the bundle that begins at a row.
    #[must_use]
    pub fn bundle(&self, first: u32) -> Option<Bundle> {
        self.bundles.get(&first).copied()
    }

    /// Returns the first rows of all bundles, in no order.
    pub fn bundles(&self) -> impl Iterator<Item = u32> + '_ {
        self.bundles.keys().copied()
    }

    /// Returns the bundle that holds a row, by its first row.
    #[must_use]
    pub fn bundle_of(&self, rows: &Rows, row: u32) -> Option<u32> {
        // Members of a bundle are leaves: their siblings stand directly before them.
        (0..=row)
            .rev()
            .take_while(|other| !rows.has_children(*other))
            .find_map(|first| {
                let bundle = self.bundles.get(&first)?;
                Some((first, bundle.count))
            })
            .and_then(|(first, count)| (row < first + count).then_some(first))
    }

    /// Returns how many spans below a row failed.
    #[must_use]
    pub fn errors_below(&self, rows: &Rows, row: u32) -> u32 {
        self.errors_between(row + 1, rows.end(row))
    }

    fn errors_between(&self, from: u32, to: u32) -> u32 {
        let before = |row: u32| self.errors_before.get(index(row)).copied().unwrap_or_default();
        before(to).saturating_sub(before(from))
    }

    /// Returns the rows with errors, in order.
    pub fn error_rows(&self) -> impl Iterator<Item = u32> + '_ {
        let pairs = self.errors_before.iter().zip(self.errors_before.iter().skip(1));
        (0_u32..).zip(pairs).filter(|(_, (before, after))| before < after).map(|(row, _)| row)
    }

    /// Folds nothing in a small trace. In a large one, opens best first: ways to errors, the critical path, upper levels.
    fn first_folds(&self, structure: &Structure, count: u32) -> Vec<bool> {
        let rows = &structure.rows;
        if rows.len() <= FIRST_LINES {
            return vec![false; rows.len()];
        }
        let mut on_path = vec![false; rows.len()];
        for piece in &structure.path {
            if let Some(place) = on_path.get_mut(index(piece.row)) {
                *place = true;
            }
        }
        let mut folded: Vec<bool> = (0..count).map(|row| rows.has_children(row)).collect();
        let rank = |row: u32| {
            let depth = rows.depth.get(index(row)).copied().unwrap_or_default();
            let path = on_path.get(index(row)) == Some(&true);
            (self.errors_below(rows, row) > 0, path, std::cmp::Reverse(depth), std::cmp::Reverse(row), row)
        };
        let tops: Vec<u32> = siblings(rows, 0, count).collect();
        let mut shown = self.lines_of(rows, 0, count);
        let mut queue: std::collections::BinaryHeap<_> =
            tops.into_iter().filter(|row| rows.has_children(*row)).map(rank).collect();
        while let Some((.., row)) = queue.pop() {
            let inside = self.lines_of(rows, row + 1, rows.end(row));
            // A top row always opens: a trace of one row tells nothing.
            if rows.parent(row).is_none() || shown + inside <= FIRST_LINES {
                shown += inside;
                if let Some(place) = folded.get_mut(index(row)) {
                    *place = false;
                }
                queue
                    .extend(siblings(rows, row + 1, rows.end(row)).filter(|child| rows.has_children(*child)).map(rank));
            }
        }
        folded
    }

    /// Counts the lines of siblings between two rows, bundles as one.
    fn lines_of(&self, rows: &Rows, from: u32, to: u32) -> usize {
        let mut row = from;
        let mut lines = 0;
        while row < to {
            lines += 1;
            row = self.bundles.get(&row).map_or_else(|| rows.end(row), |bundle| row + bundle.count);
        }
        lines
    }
}

/// Returns the siblings between two rows.
fn siblings(rows: &Rows, from: u32, to: u32) -> impl Iterator<Item = u32> + '_ {
    std::iter::successors(Some(from), |row| Some(rows.end(*row))).take_while(move |row| *row < to)
}

/// Finds runs of equal leaf siblings.
fn bundles(rows: &Rows, count: u32) -> HashMap<u32, Bundle> {
    let look = |row: u32| {
        let at = index(row);
        Some((*rows.name.get(at)?, *rows.service.get(at)?, *rows.depth.get(at)?))
    };
    let fits = |row: u32| !rows.has_children(row) && !rows.is_error(row) && !rows.is_missing(row);
    let mut found = HashMap::new();
    let mut first = 0;
    while first < count {
        if !fits(first) {
            first += 1;
            continue;
        }
        let mut end = first + 1;
        // Leaves of one depth that follow each other have one parent, unless they are roots or a row between ends it.
        while end < count && fits(end) && look(end) == look(first) && rows.parent(end) == rows.parent(first) {
            end += 1;
        }
        if end - first >= BUNDLED_MIN {
            found.insert(first, measure(rows, first, end));
        }
        first = end;
    }
    found
}

fn measure(rows: &Rows, first: u32, end: u32) -> Bundle {
    let range = index(first)..index(end);
    let durations = rows.duration_ns.get(range.clone()).unwrap_or_default();
    let starts = rows.start_ns.get(range).unwrap_or_default();
    let begin = starts.iter().copied().min().unwrap_or_default();
    let last = starts.iter().zip(durations).map(|(start, length)| start.saturating_add(*length)).max();
    Bundle {
        count: end - first,
        sum_ns: durations.iter().fold(0_i64, |sum, length| sum.saturating_add(*length)),
        length_ns: last.unwrap_or(begin).saturating_sub(begin),
    }
}

/// Marks the rows that are wanted and every row above them.
#[must_use]
pub fn with_ancestors(rows: &Rows, wanted: impl Iterator<Item = u32>) -> Vec<bool> {
    let mut keep = vec![false; rows.len()];
    for row in wanted {
        for above in std::iter::once(row).chain(rows.ancestors(row)) {
            match keep.get_mut(index(above)) {
                Some(place) if !*place => *place = true,
                _ => break,
            }
        }
    }
    keep
}

#[cfg(test)]
mod tests;
