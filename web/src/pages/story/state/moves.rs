//! Moving through the lines: keys, links, search results.

use leptos::prelude::*;

use super::StoryState;
use crate::route::Tab;
use crate::waterfall::layout::Line;

impl StoryState {
    /// Opens a span's drawer and brings its line into sight.
    pub(crate) fn open_span(self, span_id: &str) {
        self.nav.go(self.nav.route_now().with_span(Some(span_id)));
        self.activate_span(span_id);
    }

    /// Opens a log record's drawer.
    pub(crate) fn open_log(self, log: u32) {
        let mut route = self.nav.route_now().with_span(None);
        route.log = Some(log);
        self.nav.go(route);
    }

    /// Closes the drawer.
    pub(crate) fn close_drawer(self) {
        self.nav.go(self.nav.route_now().with_span(None));
    }

    /// Shows a view.
    pub(crate) fn show_tab(self, tab: Tab) {
        let mut route = self.nav.route_now();
        route.view.tab = tab;
        // The list's own view is the list alone.
        route.view.split &= tab != Tab::List;
        self.nav.go(route);
    }

    /// Puts the list beside the waterfall, or takes it away.
    pub(crate) fn set_split(self, split: bool) {
        self.change(|view| (view.tab, view.split) = (Tab::Timeline, split));
    }

    /// Closes what is open last: drawer, search, zoom and root, filter. Returns whether there was something.
    pub(crate) fn escape(self) -> bool {
        let route = self.nav.route_now();
        let view = &route.view;
        if route.span_id().is_some() || route.log.is_some() {
            self.close_drawer();
            crate::keys::focus("timeline-grid");
        } else if !view.find.is_empty() {
            self.change(|view| (view.find, view.hide) = (String::new(), false));
        } else if view.zoom.is_some() || view.root.is_some() {
            self.change(|view| (view.zoom, view.root) = (None, None));
        } else if view.errors {
            self.change(|view| view.errors = false);
        } else {
            return false;
        }
        true
    }

    /// Makes a span's line the active one.
    pub(crate) fn activate_span(self, span_id: &str) {
        let row = self.trace.with_untracked(|trace| trace.as_ref()?.structure.row_of_hex(span_id));
        if let Some(row) = row {
            self.activate_row(row);
        }
    }

    /// Unfolds the way to a row, makes it the active line and brings it into sight.
    pub(crate) fn activate_row(self, row: u32) {
        let Some(trace) = self.trace.get_untracked() else { return };
        let rows = &trace.structure.rows;
        for above in rows.ancestors(row).collect::<Vec<_>>() {
            if self.is_folded(&trace, Line::Row(above)) {
                self.set_folded(Line::Row(above), false);
            }
        }
        if let Some(first) = trace.layout.bundle_of(rows, row).filter(|_| !self.view.with_untracked(|view| view.flat))
            && self.is_folded(&trace, Line::Bundle(first))
        {
            self.set_folded(Line::Bundle(first), false);
        }
        self.activate(Line::Row(row));
    }

    /// Makes a line the active one and brings it into sight; an open drawer follows.
    pub(crate) fn activate(self, line: Line) {
        self.active.set(Some(line));
        let place = self.lines.get_untracked().iter().position(|known| *known == line);
        if let (Some(place), Some(rows)) = (place, self.rows.get_untracked()) {
            rows.reveal(place);
        }
        if self.nav.route_now().span_id().is_some()
            && let Some(span_id) = self.span_id_of(line)
        {
            self.nav.replace(self.nav.route_now().with_span(Some(&span_id)));
        }
    }

    /// Returns the span that a line stands for.
    pub(crate) fn span_id_of(self, line: Line) -> Option<String> {
        let Line::Row(row) = line else { return None };
        let trace = self.trace.get_untracked()?;
        (!trace.structure.rows.is_missing(row)).then(|| trace.structure.id_hex(row))
    }

    /// Returns the active line's place among the shown ones.
    fn active_place(self) -> Option<usize> {
        let active = self.active.get_untracked()?;
        self.lines.get_untracked().iter().position(|line| *line == active)
    }

    /// Moves the active line.
    pub(crate) fn step(self, by: isize) {
        let lines = self.lines.get_untracked();
        let Some(last) = lines.len().checked_sub(1) else { return };
        let place = self.active_place().map_or(0, |place| place.saturating_add_signed(by).min(last));
        if let Some(line) = lines.get(place) {
            self.activate(*line);
        }
    }

    /// Moves to the first or the last line.
    pub(crate) fn step_to_end(self, last: bool) {
        let lines = self.lines.get_untracked();
        if let Some(line) = if last { lines.last() } else { lines.first() } {
            self.activate(*line);
        }
    }

    /// Moves to the next sibling.
    pub(crate) fn step_to_sibling(self, forward: bool) {
        let Some(trace) = self.trace.get_untracked() else { return };
        let Some(Line::Row(row) | Line::Bundle(row)) = self.active.get_untracked() else { return };
        let rows = &trace.structure.rows;
        let parent = rows.parent(row);
        let next = if forward {
            Some(rows.end(row)).filter(|next| *next < trace.row_count() && rows.parent(*next) == parent)
        } else {
            let from = parent.map_or(0, |parent| parent + 1);
            (from..row).rev().find(|other| rows.parent(*other) == parent)
        };
        if let Some(next) = next {
            self.activate_row(next);
        }
    }

    /// Moves to the next row with an error, folded away or not.
    pub(crate) fn next_error(self, forward: bool) {
        let Some(trace) = self.trace.get_untracked() else { return };
        let rows: Vec<u32> = trace.layout.error_rows().collect();
        self.next_of(&rows, forward);
    }

    /// Moves to the next row that mentions the text looked for.
    pub(crate) fn next_match(self, forward: bool) {
        if let Some(found) = self.found.get_untracked() {
            self.next_of(&found.rows, forward);
        }
    }

    /// Moves to the next of some rows (in order), around the end.
    fn next_of(self, rows: &[u32], forward: bool) {
        let at = self.active.get_untracked().map(|(Line::Row(row) | Line::Bundle(row))| row);
        let next = match (at, forward) {
            (None, true) => rows.first(),
            (None, false) => rows.last(),
            (Some(at), true) => rows.iter().find(|row| **row > at).or_else(|| rows.first()),
            (Some(at), false) => rows.iter().rev().find(|row| **row < at).or_else(|| rows.last()),
        };
        if let Some(row) = next {
            if self.view.with_untracked(|view| view.tab) != Tab::Timeline {
                self.show_tab(Tab::Timeline);
            }
            self.activate_row(*row);
        }
    }

    /// Unfolds the active line, or moves to its first child.
    pub(crate) fn expand_or_enter(self) {
        let (Some(trace), Some(line)) = (self.trace.get_untracked(), self.active.get_untracked()) else { return };
        let opens = match line {
            Line::Row(row) => trace.structure.rows.has_children(row),
            Line::Bundle(_) => true,
        };
        if opens && self.is_folded(&trace, line) {
            self.set_folded(line, false);
        } else if opens {
            self.step(1);
        }
    }

    /// Folds the active line, or moves to its parent.
    pub(crate) fn collapse_or_leave(self) {
        let (Some(trace), Some(line)) = (self.trace.get_untracked(), self.active.get_untracked()) else { return };
        let rows = &trace.structure.rows;
        match line {
            Line::Bundle(_) if !self.is_folded(&trace, line) => self.set_folded(line, true),
            Line::Row(row) if rows.has_children(row) && !self.is_folded(&trace, line) => self.set_folded(line, true),
            Line::Row(row) | Line::Bundle(row) => {
                let bundle = trace.layout.bundle_of(rows, row).filter(|_| matches!(line, Line::Row(_)));
                let shown = bundle.map(Line::Bundle).filter(|bundle| self.lines.get_untracked().contains(bundle));
                match (shown, rows.parent(row)) {
                    (Some(bundle), _) => self.activate(bundle),
                    (None, Some(parent)) => self.activate_row(parent),
                    (None, None) => {}
                }
            }
        }
    }

    /// Opens what the active line stands for: a span's drawer, or a bundle.
    pub(crate) fn open_active(self) {
        if let Some(line) = self.active.get_untracked() {
            self.open_line(line);
        }
    }

    /// Opens what a line stands for.
    pub(crate) fn open_line(self, line: Line) {
        let Some(trace) = self.trace.get_untracked() else { return };
        self.active.set(Some(line));
        match self.span_id_of(line) {
            Some(span_id) => self.nav.go(self.nav.route_now().with_span(Some(&span_id))),
            None => self.set_folded(line, !self.is_folded(&trace, line)),
        }
    }

    /// Opens the active line when Enter was pressed outside of buttons and links, which have their own use for it.
    pub(crate) fn open_active_unless_focused(self) -> bool {
        let focused = document().active_element();
        let own_use = focused.is_some_and(|element| matches!(element.tag_name().as_str(), "A" | "BUTTON" | "SUMMARY"));
        let timeline = self.view.with_untracked(|view| view.tab) == Tab::Timeline;
        if own_use || !timeline || self.active.get_untracked().is_none() {
            return false;
        }
        self.open_active();
        true
    }

    /// Zooms to the active span; again: back to the whole.
    pub(crate) fn zoom_to_active(self) {
        let (Some(trace), Some(line)) = (self.trace.get_untracked(), self.active.get_untracked()) else { return };
        let (Line::Row(row) | Line::Bundle(row)) = line;
        let length = match line {
            Line::Row(row) => trace.duration_ns(row),
            Line::Bundle(row) => trace.layout.bundle(row).map_or(1, |bundle| bundle.length_ns),
        };
        let start = trace.start_ns(row);
        let zoom = (start, start.saturating_add(length.max(1)));
        self.change(|view| view.zoom = if view.zoom == Some(zoom) { None } else { Some(zoom) });
    }

    /// Takes the active span as the root; again: the whole trace.
    pub(crate) fn root_at_active(self) {
        let root = self.active.get_untracked().and_then(|line| self.span_id_of(line));
        self.change(|view| {
            view.root = if view.root == root { None } else { root };
            view.zoom = None;
        });
    }

    /// Makes the shown time shorter (`by` below 1) or longer around its middle, or moves it by a share of itself.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "times on a screen")]
    pub(crate) fn zoom_by(self, by: f64, move_by: f64) {
        let Some(trace) = self.trace.get_untracked() else { return };
        let (from, to) = untrack(|| self.span_of_time());
        let length = (to - from) as f64;
        let middle = from as f64 + length / 2.0 + length * move_by;
        let half = (length * by / 2.0).max(1.0);
        let whole = trace.length_ns();
        let from = ((middle - half) as i64).clamp(0, whole);
        let to = ((middle + half) as i64).clamp(from + 1, whole.max(from + 1));
        self.change(|view| view.zoom = if from == 0 && to == whole { None } else { Some((from, to)) });
    }
}
