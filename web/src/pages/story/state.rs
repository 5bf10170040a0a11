//! What the story page knows, and what its keys and clicks do with it.

use std::collections::{HashMap, HashSet};

use leptos::prelude::*;
use wasm_bindgen::JsValue;

use crate::client::{Failure, Lifetime};
use crate::components::virtual_rows::VirtualRows;
use crate::find::Needle;
use crate::nav::{Nav, use_nav};
use crate::pages::story::data::StoryData;
use crate::route::{Page, Tab};
use crate::shared::Shared;
use crate::waterfall::{NodeKind, Waterfall};

/// How far loading is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Load {
    /// No answer yet.
    Loading,
    /// There is a story.
    Ready,
    /// The store has no such trace.
    NotFound,
    /// There is no answer.
    Failed(Failure),
}

/// What mentions the text that is looked for.
#[derive(Debug, Default)]
pub(crate) struct Matches {
    /// Spans, by position; those whose logs mention it too.
    pub(crate) spans: HashSet<usize>,
    /// Log records, by position.
    pub(crate) logs: HashSet<usize>,
    /// Rows of the waterfall, in order.
    rows: Vec<usize>,
}

impl Matches {
    /// Returns how many rows match.
    pub(crate) fn count(&self) -> usize {
        self.rows.len()
    }
}

/// The state; a context of the page.
#[derive(Clone, Copy)]
pub(crate) struct StoryState {
    /// The trace.
    pub(crate) trace_id: StoredValue<String>,
    /// How far loading is.
    pub(crate) load: RwSignal<Load>,
    /// The trace, once it is there.
    pub(crate) data: RwSignal<Option<Shared<StoryData>>>,
    /// Whether something of the trace arrived a moment ago.
    pub(crate) receiving: RwSignal<bool>,
    /// Whether repeats are one row.
    pub(crate) grouped: RwSignal<bool>,
    /// The trace as rows.
    pub(crate) waterfall: Memo<Shared<Waterfall>>,
    /// The rows that are not folded away.
    pub(crate) visible: Memo<Shared<Vec<usize>>>,
    /// The row that the keyboard is at, by key.
    pub(crate) active: RwSignal<Option<u64>>,
    /// What is found; none when nothing is looked for.
    pub(crate) matches: Memo<Option<Shared<Matches>>>,
    /// The rows on the screen, while the timeline is shown.
    pub(crate) rows: RwSignal<Option<VirtualRows>>,
    /// The trace as OTLP/JSON, once somebody asked.
    pub(crate) otlp: StoredValue<Option<JsValue>, LocalStorage>,
    /// Counts loads, so that what was asked for before can be told from what is current.
    pub(crate) generation: RwSignal<u64>,
    /// The current place.
    pub(crate) nav: Nav,
    /// Ends with the page.
    pub(crate) lifetime: Lifetime,
    folds: RwSignal<HashMap<u64, bool>>,
}

impl StoryState {
    /// Creates the state of a page.
    pub(crate) fn of_component(trace_id: String) -> Self {
        let nav = use_nav();
        let data = RwSignal::new(None::<Shared<StoryData>>);
        let grouped = RwSignal::new(true);
        let folds = RwSignal::new(HashMap::new());
        let waterfall = Memo::new(move |_| {
            let grouped = grouped.get();
            data.with(|data| {
                data.as_ref().map_or_else(Shared::default, |data| Shared::new(Waterfall::new(&data.view, grouped)))
            })
        });
        let visible = Memo::new(move |_| folds.with(|folds| Shared::new(waterfall.get().visible(folds))));
        let find = Memo::new(move |_| nav.route().find);
        let matches = Memo::new(move |_| {
            let needle = Needle::new(&find.get())?;
            let waterfall = waterfall.get();
            data.with(|data| Some(Shared::new(find_all(data.as_ref()?, &waterfall, &needle))))
        });
        Self {
            trace_id: StoredValue::new(trace_id),
            load: RwSignal::new(Load::Loading),
            data,
            receiving: RwSignal::new(false),
            grouped,
            waterfall,
            visible,
            active: RwSignal::new(None),
            matches,
            rows: RwSignal::new(None),
            otlp: StoredValue::new_local(None),
            generation: RwSignal::new(0),
            nav,
            lifetime: Lifetime::of_component(),
            folds,
        }
    }

    /// Takes a loaded trace in. What was folded, selected and looked for stays.
    pub(crate) fn take(self, data: StoryData) {
        let first = self.data.with_untracked(Option::is_none);
        self.otlp.set_value(None);
        self.generation.update(|generation| *generation += 1);
        self.data.set(Some(Shared::new(data)));
        self.load.set(Load::Ready);
        if first && let Some(span_id) = self.nav.route_now().span_id() {
            self.activate_span(span_id);
        }
    }

    /// Returns whether the drawer has something to show.
    pub(crate) fn drawer_is_open(self) -> bool {
        let route = self.nav.route();
        self.load.get() == Load::Ready && (route.span_id().is_some() || route.log.is_some())
    }

    /// Shows a tab.
    pub(crate) fn show_tab(self, tab: Tab) {
        let mut route = self.nav.route_now();
        route.tab = tab;
        self.nav.replace(route);
    }

    /// Opens a span's drawer, with an entry in the history, and makes its row the active one.
    pub(crate) fn open_span(self, span_id: &str) {
        self.nav.go(self.nav.route_now().with_span(Some(span_id)));
        self.activate_span(span_id);
    }

    /// Opens a log record's drawer.
    pub(crate) fn open_log(self, index: usize) {
        let mut route = self.nav.route_now().with_span(None);
        route.log = u32::try_from(index).ok();
        self.nav.go(route);
    }

    /// Closes the drawer.
    pub(crate) fn close_drawer(self) {
        self.nav.go(self.nav.route_now().with_span(None));
    }

    /// Closes the drawer, else clears the search; returns whether there was anything to do.
    pub(crate) fn escape(self) -> bool {
        let mut route = self.nav.route_now();
        if route.span_id().is_some() || route.log.is_some() {
            self.close_drawer();
        } else if route.find.is_empty() {
            return false;
        } else {
            route.find.clear();
            self.nav.replace(route);
        }
        true
    }

    /// Unfolds the way to a span's row and makes it the active one.
    pub(crate) fn activate_span(self, span_id: &str) {
        let index = self.data.with_untracked(|data| data.as_ref().and_then(|data| data.span_index(span_id)));
        let row = index.and_then(|index| self.waterfall.get_untracked().row_of_span.get(index).copied());
        if let Some(row) = row {
            self.activate_row(row);
        }
    }

    /// Unfolds the way to a row, makes it the active one and brings it into sight.
    pub(crate) fn activate_row(self, row: usize) {
        let waterfall = self.waterfall.get_untracked();
        let folded: Vec<u64> = waterfall
            .ancestors(row)
            .filter_map(|row| waterfall.nodes.get(row))
            .filter(|node| self.is_folded(node.key, node.starts_folded))
            .map(|node| node.key)
            .collect();
        if !folded.is_empty() {
            self.folds.update(|folds| folds.extend(folded.into_iter().map(|key| (key, false))));
        }
        let Some(node) = waterfall.nodes.get(row) else { return };
        self.active.set(Some(node.key));
        let place = self.visible.get_untracked().iter().position(|visible| *visible == row);
        if let (Some(place), Some(rows)) = (place, self.rows.get_untracked()) {
            rows.reveal(place);
        }
        // An open drawer follows.
        if self.nav.route_now().span_id().is_some()
            && let Some(span_id) = self.span_id_of(&node.kind)
        {
            self.nav.replace(self.nav.route_now().with_span(Some(&span_id)));
        }
    }

    fn span_id_of(self, kind: &NodeKind) -> Option<String> {
        let NodeKind::Span(index) = kind else { return None };
        self.data.with_untracked(|data| Some(data.as_ref()?.view.spans.get(*index)?.span_id.clone()))
    }

    /// Returns whether a row is folded; `starts_folded` holds until the reader chose.
    pub(crate) fn is_folded(self, key: u64, starts_folded: bool) -> bool {
        self.folds.with_untracked(|folds| folds.get(&key).copied().unwrap_or(starts_folded))
    }

    /// Folds or unfolds a row.
    pub(crate) fn set_folded(self, key: u64, folded: bool) {
        self.folds.update(|folds| {
            folds.insert(key, folded);
        });
    }

    /// Folds or unfolds every row.
    pub(crate) fn fold_all(self, folded: bool) {
        let waterfall = self.waterfall.get_untracked();
        let parents = waterfall.nodes.iter().filter(|node| node.children > 0);
        let choices = parents.map(|node| (node.key, folded && node.depth > 0)).collect();
        self.folds.set(choices);
    }

    /// Returns the active row's place among the visible rows, and the row.
    fn active_place(self) -> Option<(usize, usize)> {
        let key = self.active.get_untracked()?;
        let waterfall = self.waterfall.get_untracked();
        let visible = self.visible.get_untracked();
        let mut places = visible.iter().enumerate();
        places.find(|(_, row)| waterfall.nodes.get(**row).is_some_and(|node| node.key == key)).map(|(p, r)| (p, *r))
    }

    /// Moves the active row.
    pub(crate) fn step(self, by: isize) {
        let visible = self.visible.get_untracked();
        let Some(last) = visible.len().checked_sub(1) else { return };
        let place = match self.active_place() {
            Some((place, _)) => place.saturating_add_signed(by).min(last),
            None => 0,
        };
        if let Some(row) = visible.get(place) {
            self.activate_row(*row);
        }
    }

    /// Moves to the first or the last row.
    pub(crate) fn step_to_end(self, last: bool) {
        let visible = self.visible.get_untracked();
        if let Some(row) = if last { visible.last() } else { visible.first() } {
            self.activate_row(*row);
        }
    }

    /// Moves to the next row with an error, folded away or not.
    pub(crate) fn next_error(self, by: isize) {
        let waterfall = self.waterfall.get_untracked();
        let rows: Vec<usize> =
            waterfall.nodes.iter().enumerate().filter(|(_, node)| node.is_error).map(|(row, _)| row).collect();
        self.next_of(&rows, by);
    }

    /// Moves to the next row that mentions the text looked for.
    pub(crate) fn next_match(self, by: isize) {
        if let Some(matches) = self.matches.get_untracked() {
            self.next_of(&matches.rows, by);
        }
    }

    /// Moves to the next of some rows (in order), around the end.
    fn next_of(self, rows: &[usize], by: isize) {
        let at = self.active_row();
        let next = match (at, by > 0) {
            (None, true) => rows.first(),
            (None, false) => rows.last(),
            (Some(at), true) => rows.iter().find(|row| **row > at).or_else(|| rows.first()),
            (Some(at), false) => rows.iter().rev().find(|row| **row < at).or_else(|| rows.last()),
        };
        if let Some(row) = next {
            if self.nav.route_now().tab != Tab::Timeline {
                self.show_tab(Tab::Timeline);
            }
            self.activate_row(*row);
        }
    }

    fn active_row(self) -> Option<usize> {
        let key = self.active.get_untracked()?;
        self.waterfall.get_untracked().nodes.iter().position(|node| node.key == key)
    }

    /// Unfolds the active row, or moves to its first child.
    pub(crate) fn expand_or_enter(self) {
        let Some((_, row)) = self.active_place() else { return };
        let waterfall = self.waterfall.get_untracked();
        let Some(node) = waterfall.nodes.get(row).filter(|node| node.children > 0) else { return };
        if self.is_folded(node.key, node.starts_folded) {
            self.set_folded(node.key, false);
        } else {
            self.step(1);
        }
    }

    /// Folds the active row, or moves to its parent.
    pub(crate) fn collapse_or_leave(self) {
        let Some((_, row)) = self.active_place() else { return };
        let waterfall = self.waterfall.get_untracked();
        let Some(node) = waterfall.nodes.get(row) else { return };
        if node.children > 0 && !self.is_folded(node.key, node.starts_folded) {
            self.set_folded(node.key, true);
        } else if let Some(parent) = node.parent {
            self.activate_row(parent);
        }
    }

    /// Opens what the active row stands for: a span's drawer, or a group.
    pub(crate) fn open_active(self) {
        let Some((_, row)) = self.active_place() else { return };
        self.open_row(row);
    }

    /// Opens what a row stands for.
    pub(crate) fn open_row(self, row: usize) {
        let waterfall = self.waterfall.get_untracked();
        let Some(node) = waterfall.nodes.get(row) else { return };
        self.active.set(Some(node.key));
        match self.span_id_of(&node.kind) {
            Some(span_id) => self.nav.go(self.nav.route_now().with_span(Some(&span_id))),
            None => self.set_folded(node.key, !self.is_folded(node.key, node.starts_folded)),
        }
    }

    /// Opens the active row when Enter was pressed outside of buttons and links, which have their own use for it.
    pub(crate) fn open_active_unless_focused(self) -> bool {
        let focused = document().active_element();
        let own_use = focused.is_some_and(|element| matches!(element.tag_name().as_str(), "A" | "BUTTON" | "SUMMARY"));
        if own_use || self.nav.route_now().tab != Tab::Timeline || self.active.get_untracked().is_none() {
            return false;
        }
        self.open_active();
        true
    }

    /// Looks for a text.
    pub(crate) fn find(self, text: String) {
        let mut route = self.nav.route_now();
        if matches!(route.page, Page::Story { .. }) {
            route.find = text;
            self.nav.replace(route);
        }
    }
}

fn find_all(data: &StoryData, waterfall: &Waterfall, needle: &Needle) -> Matches {
    let mut matches = Matches::default();
    for (index, log) in data.view.logs.iter().enumerate() {
        if needle.is_in_log(log) {
            matches.logs.insert(index);
            matches.spans.extend(log.span_id.as_deref().and_then(|span_id| data.span_index(span_id)));
        }
    }
    let spans = data.view.spans.iter().enumerate();
    matches.spans.extend(spans.filter(|(_, span)| needle.is_in_span(span)).map(|(index, _)| index));
    matches.rows = matches.spans.iter().filter_map(|span| waterfall.row_of_span.get(*span).copied()).collect();
    matches.rows.sort_unstable();
    matches
}
