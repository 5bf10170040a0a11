//! Where the panels of a dashboard stand: their order and their sizes, and what moving and resizing makes of them. Pure.
//!
//! Panels flow: each stands behind the one before it, in the next row when it does not fit. So a place is a place in the order, and
//! rows (the panels that begin a section) keep theirs while others pass them.

use telltale_api::dashboard::{COLUMNS, Panel, PanelKind};

/// Columns that a panel has at least: less could not be taken hold of.
const COLUMNS_MIN: u8 = 2;
/// Rows that a panel has at least.
const ROWS_MIN: u8 = 2;
/// Rows that a panel has at most by hand; more are written in the file.
const ROWS_MAX: u8 = 60;

/// Panels in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    slots: Vec<Slot>,
    /// The first place that a panel may have: behind the first row when nothing stands above it.
    first: usize,
}

/// One panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    /// Its place in the dashboard as it is saved.
    panel: usize,
    columns: u8,
    rows: u8,
    is_row: bool,
}

impl Layout {
    /// Takes a dashboard's panels as they stand.
    #[must_use]
    pub fn of(panels: &[Panel]) -> Self {
        let slot = |(at, panel): (usize, &Panel)| Slot {
            panel: at,
            columns: panel.columns(),
            rows: panel.rows(),
            is_row: panel.kind == PanelKind::Row,
        };
        let first = usize::from(panels.first().is_some_and(|panel| panel.kind == PanelKind::Row));
        Self { slots: panels.iter().enumerate().map(slot).collect(), first }
    }

    /// Returns the panels of a section in their order: behind the row that is named, or above the first row.
    #[must_use]
    pub fn under(&self, row: Option<usize>) -> Vec<usize> {
        let behind = match row {
            None => self.slots.as_slice(),
            Some(row) => {
                let at = self.slots.iter().position(|slot| slot.panel == row && slot.is_row);
                at.and_then(|at| self.slots.get(at + 1..)).unwrap_or_default()
            }
        };
        behind.iter().take_while(|slot| !slot.is_row).map(|slot| slot.panel).collect()
    }

    /// Returns columns and rows of a panel.
    #[must_use]
    pub fn size(&self, panel: usize) -> (u8, u8) {
        self.slots.iter().find(|slot| slot.panel == panel).map_or((COLUMNS, 1), |slot| (slot.columns, slot.rows))
    }

    /// Returns a panel's place among those of its section and their number, from 1, for people.
    #[must_use]
    pub fn place(&self, panel: usize) -> (usize, usize) {
        let rows = self.slots.iter().take_while(|slot| slot.panel != panel).filter(|slot| slot.is_row);
        let section = self.under(rows.last().map(|slot| slot.panel));
        (section.iter().position(|one| *one == panel).map_or(0, |at| at + 1), section.len())
    }

    /// Moves a panel to where another stands, which makes room in the direction that the panel came from.
    #[must_use]
    pub fn moved_to(&self, panel: usize, other: usize) -> Self {
        let to = self.slots.iter().position(|slot| slot.panel == other);
        self.with_at(panel, |_| to)
    }

    /// Moves a panel to the end of a section.
    #[must_use]
    pub fn moved_under(&self, panel: usize, row: Option<usize>) -> Self {
        let last = self.under(row).last().copied().or(row);
        let Some(last) = last.and_then(|last| self.slots.iter().position(|slot| slot.panel == last)) else {
            return self.with_at(panel, |_| Some(0));
        };
        self.with_at(panel, |from| Some(if from <= last { last } else { last + 1 }))
    }

    /// Moves a panel by places; over a row it comes into the section before or behind.
    #[must_use]
    pub fn stepped(&self, panel: usize, places: isize) -> Self {
        self.with_at(panel, |from| Some(from.saturating_add_signed(places)))
    }

    fn with_at(&self, panel: usize, to: impl Fn(usize) -> Option<usize>) -> Self {
        let mut moved = self.clone();
        let from = self.slots.iter().position(|slot| slot.panel == panel && !slot.is_row);
        if let Some(from) = from
            && let Some(to) = to(from)
        {
            let slot = moved.slots.remove(from);
            moved.slots.insert(to.clamp(self.first, moved.slots.len()), slot);
        }
        moved
    }

    /// Gives a panel another size, within what a panel may have.
    #[must_use]
    pub fn resized(&self, panel: usize, columns: i32, rows: i32) -> Self {
        let within = |value: i32, least: u8, most: u8| {
            u8::try_from(value.clamp(i32::from(least), i32::from(most))).unwrap_or(least)
        };
        let mut resized = self.clone();
        if let Some(slot) = resized.slots.iter_mut().find(|slot| slot.panel == panel && !slot.is_row) {
            slot.columns = within(columns, COLUMNS_MIN, COLUMNS);
            slot.rows = within(rows, ROWS_MIN, ROWS_MAX.max(slot.rows));
        }
        resized
    }

    /// Returns the panels as they are saved now. A size that is not another stays as it was written.
    #[must_use]
    pub fn apply(&self, panels: &[Panel]) -> Vec<Panel> {
        let placed = |slot: &Slot| {
            let mut panel = panels.get(slot.panel)?.clone();
            if slot.columns != panel.columns() {
                panel.width = slot.columns;
            }
            if slot.rows != panel.rows() {
                panel.height = slot.rows;
            }
            Some(panel)
        };
        self.slots.iter().filter_map(placed).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn panels(kinds: &str) -> Vec<Panel> {
        let panel = |(at, kind): (usize, char)| Panel {
            title: at.to_string(),
            kind: if kind == 'r' { PanelKind::Row } else { PanelKind::Graph },
            ..Panel::default()
        };
        kinds.chars().enumerate().map(panel).collect()
    }

    fn order(layout: &Layout, panels: &[Panel]) -> String {
        layout.apply(panels).into_iter().map(|panel| panel.title).collect()
    }

    /// Scenario: two panels above a row and two below it. Guarantees: a panel passes the row into the other section and stops at the ends.
    #[test]
    fn a_panel_steps_through_its_section_and_into_the_next() {
        let panels = panels("pprpp");
        let layout = Layout::of(&panels);
        let steps = |panel, places| order(&layout.stepped(panel, places), &panels);
        assert_eq!((steps(0, 1), steps(0, 2), steps(0, 9)), ("10234".into(), "12034".into(), "12340".into()));
        assert_eq!((steps(3, -1), steps(3, -9)), ("01324".into(), "30124".into()));
        assert_eq!(layout.stepped(3, -1).under(None), [0, 1, 3]);
        assert_eq!(layout.stepped(3, -1).under(Some(2)), [4]);
        assert_eq!((layout.place(4), layout.place(0)), ((2, 2), (1, 2)));
        assert_eq!(steps(2, 1), "01234", "a row stays");
    }

    /// Scenario: a dashboard that begins with a row. Guarantees: nothing gets above it, where nothing is shown.
    #[test]
    fn nothing_moves_above_a_first_row() {
        let panels = panels("rpprp");
        let layout = Layout::of(&panels);
        assert_eq!(order(&layout.stepped(1, -5), &panels), "01234");
        assert_eq!(order(&layout.moved_to(4, 1), &panels), "04123");
        assert_eq!(order(&layout.moved_under(1, Some(3)), &panels), "02341");
        assert_eq!(order(&layout.moved_under(4, Some(0)), &panels), "01243");
        assert_eq!(layout.moved_under(4, Some(0)).under(Some(3)), Vec::<usize>::new());
        let emptied = layout.moved_under(4, Some(0));
        assert_eq!(order(&emptied.moved_under(1, Some(3)), &panels), "02431", "into a section without panels");
    }

    /// Scenario: sizes that were not written. Guarantees: only a size that was changed is written, within its ends.
    #[test]
    fn only_sizes_that_change_are_written() {
        let panels = panels("pp");
        let resized = Layout::of(&panels).resized(1, 99, 0);
        assert_eq!(resized.size(1), (COLUMNS, ROWS_MIN));
        let saved = resized.apply(&panels);
        assert_eq!((saved[0].width, saved[0].height), (0, 0));
        assert_eq!((saved[1].width, saved[1].height), (COLUMNS, ROWS_MIN));
        assert_eq!(resized.resized(1, 12, 8).apply(&panels), panels);
    }

    proptest! {
        /// Scenario: any moves. Guarantees: every panel is there once, rows keep their order, and each panel is in exactly one section.
        #[test]
        fn moves_lose_nothing(kinds in "[pr]{1,9}", moves in proptest::collection::vec((0..9_usize, -9..9_isize, 0..9_usize), 0..9)) {
            let panels = panels(&kinds);
            let mut layout = Layout::of(&panels);
            let rows: Vec<usize> = (0..panels.len()).filter(|at| panels[*at].kind == PanelKind::Row).collect();
            for (panel, places, other) in moves {
                layout = layout.stepped(panel, places).moved_to(other, panel);
                layout = layout.moved_under(panel, rows.get(other % rows.len().max(1)).copied());
            }
            let mut all: Vec<usize> = rows.iter().flat_map(|row| layout.under(Some(*row))).chain(layout.under(None)).collect();
            all.extend(&rows);
            all.sort_unstable();
            prop_assert_eq!(all, (0..panels.len()).collect::<Vec<_>>());
            let saved: Vec<String> = layout.apply(&panels).into_iter().filter(|one| one.kind == PanelKind::Row).map(|one| one.title).collect();
            prop_assert_eq!(saved, rows.iter().map(ToString::to_string).collect::<Vec<_>>());
        }
    }
}
