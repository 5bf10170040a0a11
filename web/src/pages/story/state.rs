//! What the story page knows, and what its keys and clicks do with it.
//!
//! What is shown, and how, stands in the URL ([`View`]); here is what was loaded, which line the keyboard is at, and what
//! was folded by hand.

mod moves;

use std::collections::HashMap;

use leptos::prelude::*;
use telltale_api::story::Story;
use telltale_story::pack::{Details, Found};
use telltale_story::waterfall::Window;
use wasm_bindgen::JsValue;

use crate::client::{Failure, Lifetime};
use crate::components::virtual_rows::VirtualRows;
use crate::nav::{Nav, use_nav};
use crate::pages::story::data::Trace;
use crate::pages::story::near::Near;
use crate::route::{Page, View};
use crate::shared::Shared;
use crate::waterfall::layout::{Choice, Line, with_ancestors};

/// How far loading is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Load {
    /// No answer yet.
    Loading,
    /// There is a trace.
    Ready,
    /// The store has no such trace.
    NotFound,
    /// There is no answer.
    Failed(Failure),
}

/// The state; a context of the page.
#[derive(Clone, Copy)]
pub(crate) struct StoryState {
    /// The trace's id.
    pub(crate) trace_id: StoredValue<String>,
    /// How far loading is.
    pub(crate) load: RwSignal<Load>,
    /// The trace, as soon as it can be drawn.
    pub(crate) trace: RwSignal<Option<Shared<Trace>>>,
    /// Attributes, events and bodies, when all of them are there.
    pub(crate) details: RwSignal<Option<Shared<Details>>>,
    /// What happened, as the server tells it.
    pub(crate) story: RwSignal<Option<Result<Shared<Story>, Failure>>>,
    /// Whether something of the trace arrived a moment ago.
    pub(crate) receiving: RwSignal<bool>,
    /// What is found; none when nothing is looked for.
    pub(crate) found: Memo<Option<Shared<Found>>>,
    /// The lines of the waterfall that are not folded away.
    pub(crate) lines: Memo<Shared<Vec<Line>>>,
    /// The line that the keyboard is at.
    pub(crate) active: RwSignal<Option<Line>>,
    /// The rows on the screen, while the timeline is shown.
    pub(crate) rows: RwSignal<Option<VirtualRows>>,
    /// Records of the same hosts without a trace id, once asked for.
    pub(crate) near: RwSignal<Option<Result<Shared<Near>, Failure>>>,
    /// The trace as OTLP/JSON, once somebody asked.
    pub(crate) otlp: StoredValue<Option<JsValue>, LocalStorage>,
    /// Whether the share dialog is open.
    pub(crate) sharing: RwSignal<bool>,
    /// Counts loads, so that what was asked for before can be told from what is current.
    pub(crate) generation: RwSignal<u64>,
    /// The current place.
    pub(crate) nav: Nav,
    /// What of it is shown.
    pub(crate) view: Memo<View>,
    /// The open span, 16 hex digits.
    pub(crate) open_span: Memo<Option<String>>,
    /// Ends with the page.
    pub(crate) lifetime: Lifetime,
    folds: RwSignal<HashMap<u64, bool>>,
}

impl StoryState {
    /// Creates the state of a page.
    pub(crate) fn of_component(trace_id: String) -> Self {
        let nav = use_nav();
        let trace = RwSignal::new(None::<Shared<Trace>>);
        let details = RwSignal::new(None::<Shared<Details>>);
        let folds = RwSignal::new(HashMap::new());
        let view = Memo::new(move |_| nav.route().view);
        let find = Memo::new(move |_| view.with(|view| view.find.clone()));
        let found = Memo::new(move |_| {
            let (trace, details) = (trace.get()?, details.get()?);
            details.find(&trace.structure, &find.get()).map(Shared::new)
        });
        let shape = Memo::new(move |_| view.with(|view| (view.flat, view.errors, view.hide, view.root.clone())));
        let lines = Memo::new(move |_| {
            let Some(trace) = trace.get() else { return Shared::default() };
            let (flat, errors, hide, root) = shape.get();
            let rows = &trace.structure.rows;
            let mut wanted = errors.then(|| with_ancestors(rows, trace.layout.error_rows()));
            if hide && let Some(found) = found.get() {
                let matching = found.rows.iter().copied().filter(|row| !errors || rows.is_error(*row));
                wanted = Some(with_ancestors(rows, matching));
            }
            let root = root.and_then(|id| trace.structure.row_of_hex(&id));
            folds.with(|folds| {
                let choice = Choice { folds: Some(folds), flat, root, keep: wanted.as_deref() };
                Shared::new(trace.layout.lines(rows, choice))
            })
        });
        Self {
            trace_id: StoredValue::new(trace_id),
            load: RwSignal::new(Load::Loading),
            trace,
            details,
            story: RwSignal::new(None),
            receiving: RwSignal::new(false),
            found,
            lines,
            active: RwSignal::new(None),
            rows: RwSignal::new(None),
            near: RwSignal::new(None),
            otlp: StoredValue::new_local(None),
            sharing: RwSignal::new(false),
            generation: RwSignal::new(0),
            nav,
            view,
            open_span: Memo::new(move |_| nav.route().span_id().map(str::to_owned)),
            lifetime: Lifetime::of_component(),
            folds,
        }
    }

    /// Takes a trace in that can be drawn. What was folded, selected and looked for stays.
    pub(crate) fn take(self, trace: Trace) {
        let first = self.trace.with_untracked(Option::is_none);
        let active = self.active_id();
        self.otlp.set_value(None);
        self.generation.update(|generation| *generation += 1);
        let row = active.and_then(|id| trace.structure.row_of_id(id));
        self.trace.set(Some(Shared::new(trace)));
        if let Some(row) = row {
            self.active.set(Some(Line::Row(row)));
        }
        // What is open on the page (a dialog, a field) stays when more of the trace arrives.
        if self.load.get_untracked() != Load::Ready {
            self.load.set(Load::Ready);
        }
        if first && let Some(span_id) = self.nav.route_now().span_id() {
            self.activate_span(span_id);
        }
    }

    fn active_id(self) -> Option<u64> {
        let (Line::Row(row) | Line::Bundle(row)) = self.active.get_untracked()?;
        let trace = self.trace.get_untracked()?;
        trace.structure.rows.id.get(usize::try_from(row).ok()?).copied()
    }

    /// Returns the time that is shown, from the trace's start: all of it, the root's, or what the reader zoomed to.
    pub(crate) fn span_of_time(self) -> (i64, i64) {
        let Some(trace) = self.trace.get() else { return (0, 1) };
        self.view.with(|view| {
            if let Some(zoom) = view.zoom {
                return zoom;
            }
            let root = view.root.as_ref().and_then(|id| trace.structure.row_of_hex(id));
            root.map_or((0, trace.length_ns()), |row| {
                let start = trace.start_ns(row);
                (start, start.saturating_add(trace.duration_ns(row).max(1)))
            })
        })
    }

    /// Returns the window of that time, for axes.
    pub(crate) fn window(self) -> (Window, u64) {
        let origin = self.trace.with(|trace| trace.as_ref().map_or(0, |trace| trace.structure.meta.start_unix_nano));
        let (from, to) = self.span_of_time();
        let at = |offset: i64| origin.saturating_add_signed(offset);
        (Window { start_unix_nano: at(from), end_unix_nano: at(to) }, origin)
    }

    /// Returns whether the drawer has something to show.
    pub(crate) fn drawer_is_open(self) -> bool {
        let route = self.nav.route();
        route.span_id().is_some() || route.log.is_some()
    }

    /// Changes what is shown without an entry in the history.
    pub(crate) fn change(self, change: impl FnOnce(&mut View)) {
        let mut route = self.nav.route_now();
        if matches!(route.page, Page::Story { .. }) {
            change(&mut route.view);
            self.nav.replace(route);
        }
    }

    /// Returns whether a line is folded.
    pub(crate) fn is_folded(self, trace: &Trace, line: Line) -> bool {
        let (errors, hide) = self.view.with_untracked(|view| (view.errors, view.hide));
        let filtered = errors || (hide && self.found.with_untracked(Option::is_some));
        let keep: Option<&[bool]> = if filtered { Some(&[]) } else { None };
        self.folds.with_untracked(|folds| {
            let choice = Choice { folds: Some(folds), keep, ..Choice::default() };
            trace.layout.is_folded(&trace.structure.rows, line, choice)
        })
    }

    /// Folds or unfolds a line.
    pub(crate) fn set_folded(self, line: Line, folded: bool) {
        let Some(trace) = self.trace.get_untracked() else { return };
        let key = trace.layout.key(&trace.structure.rows, line);
        self.folds.update(|folds| {
            folds.insert(key, folded);
        });
    }

    /// Folds or unfolds everything but the top.
    pub(crate) fn fold_all(self, folded: bool) {
        let Some(trace) = self.trace.get_untracked() else { return };
        let rows = &trace.structure.rows;
        let parents = (0..trace.row_count()).filter(|row| rows.has_children(*row));
        let mut choices: HashMap<u64, bool> =
            parents.map(|row| (trace.layout.key(rows, Line::Row(row)), folded && trace.depth(row) > 0)).collect();
        choices.extend(trace.layout.bundles().map(|first| (trace.layout.key(rows, Line::Bundle(first)), folded)));
        self.folds.set(choices);
    }
}
