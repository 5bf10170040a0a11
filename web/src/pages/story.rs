//! The page of one request: what happened, first in words, then drawn, then raw.

pub(crate) mod data;
pub(crate) mod near;
pub(crate) mod state;

use std::time::Duration;

use leptos::prelude::*;
use telltale_api::resolve::{ResolveAnswer, ResolvedCandidate, Searched};
use wasm_bindgen_futures::spawn_local;

use crate::client::{self, Failure};
use crate::components::around::around;
use crate::components::bits::{failure_box, skeleton};
use crate::components::drawer::drawer;
use crate::components::errors_tab::errors_tab;
use crate::components::facts::facts;
use crate::components::flame::flame_tab;
use crate::components::graph_tab::graph_tab;
use crate::components::open_files::open_button;
use crate::components::raw_tab::raw_tab;
use crate::components::story_list::story_list;
use crate::components::table_tab::table_tab;
use crate::components::tabs::{crumbs, story_tabs};
use crate::components::time_bar::time_bar;
use crate::components::timeline::timeline;
use crate::components::verdict::{story_head, verdict};
use crate::components::virtual_rows::PANE_CLASS;
use crate::dom::{El, el, text_el};
use crate::keys::{Key, use_keys};
use crate::live::use_live;
use crate::pages::not_found::nothing_found;
use crate::prefs::now_nanos;
use crate::route::Tab;
use crate::shared::Shared;
use crate::strings;
use data::Trace;
use state::{Load, StoryState};

/// How long after an arrival the trace is asked for again, so that a burst costs one request.
const REFETCH_AFTER: Duration = Duration::from_millis(300);

/// How long a trace counts as still arriving after its last span.
const QUIET_NS: u64 = 5_000_000_000;

/// The page.
pub(crate) fn story_page(trace_id: &str) -> El {
    document().set_title(&strings::story_document_title(trace_id));
    let state = StoryState::of_component(trace_id.to_owned());
    provide_context(state);
    load(state);
    follow_arrivals(state);
    handle_keys(state);
    let body = move || match state.load.get() {
        Load::Loading => vec![text_el("h1", "hidden", strings::LOADING), skeleton(14)],
        Load::NotFound => vec![el("div").class("page-narrow").add(not_found(state))],
        Load::Failed(failure) => {
            let title = text_el("h1", "", strings::STORY_FAILED);
            vec![el("div").class("page-narrow").add([title, failure_box("", &failure, move || load(state))])]
        }
        Load::Ready => vec![ready(state), el("div").class("drawer-place").children(move || drawer(state))],
    };
    el("div").class("story-page").dyn_class("with-drawer", move || state.drawer_is_open()).children(body)
}

/// Everything of a story that is there.
fn ready(state: StoryState) -> El {
    let tab = Memo::new(move |_| state.view.with(|view| view.tab));
    let split = Memo::new(move |_| state.view.with(|view| view.split));
    let panel = move || match tab.get() {
        Tab::Timeline if split.get() => side_by_side(state),
        Tab::Timeline => timeline(state),
        Tab::List => story_list(state, false),
        Tab::Flame => flame_tab(state),
        Tab::Table => table_tab(state),
        Tab::Graph => graph_tab(state),
        Tab::Errors => errors_tab(state),
        Tab::Raw => raw_tab(state),
    };
    let told = el("div").children(move || match state.story.get() {
        None => vec![skeleton(3)],
        Some(Err(failure)) => vec![failure_box(strings::VERDICT_FAILED, &failure, move || load_story(state))],
        Some(Ok(story)) => {
            let answer = el("div").class("answer").add(facts(state, &story)).add(time_bar(state, &story));
            let mut parts = verdict(state, &story);
            parts.push(answer);
            parts
        }
    });
    let labelled = move || Some(format!("tab-{}", tab.get().word()));
    let panel = el("div")
        .id("story-panel")
        .class("story-panel")
        .attr("role", "tabpanel")
        .dyn_attr("aria-labelledby", labelled)
        .children(panel);
    let foot = el("p").class("story-foot").add(open_button());
    el("article")
        .class("story")
        .add([story_head(state), told, story_tabs(state), crumbs(state), panel, around(state)])
        .add(foot)
}

/// Waterfall and list, each scrolling by itself, with one selection.
fn side_by_side(state: StoryState) -> El {
    let pane = |view: El| el("div").class(PANE_CLASS).add(view);
    el("div").class("split").add([pane(timeline(state)), pane(story_list(state, true))])
}

/// No span of this id is stored: say what was looked for, and wait.
fn not_found(state: StoryState) -> El {
    let candidate = ResolvedCandidate {
        form: strings::TRACE_ID_WORDS.to_owned(),
        id: state.trace_id.get_value(),
        span_id: None,
        confidence: 100,
        note: None,
        traces: Vec::new(),
    };
    // What else is known of the id takes the server a moment; the page waits for the trace all the while.
    let known = RwSignal::new(None::<ResolveAnswer>);
    let trace_id = state.trace_id.get_value();
    spawn_local(async move {
        let answer = client::resolve(&trace_id, state.lifetime).await;
        if let Ok(answer) = answer
            && !state.lifetime.is_over()
        {
            known.set(Some(answer));
        }
    });
    let parts = move || match known.get() {
        None => nothing_found(std::slice::from_ref(&candidate), &Searched::default(), None),
        Some(answer) => nothing_found(std::slice::from_ref(&candidate), &answer.searched, answer.not_found.as_ref()),
    };
    el("div").class("page-part").children(parts)
}

/// Asks for the trace, and for its story once the rows can be drawn: what is drawn first needs the server's and this machine's
/// processors first, and of a large trace the server holds one thing at a time.
fn load(state: StoryState) {
    let trace_id = state.trace_id.get_value();
    spawn_local(async move {
        // At first the rows are drawn before the rest is there; later both change at once.
        let first = state.trace.with_untracked(Option::is_none);
        let mut kept = None;
        let answer = client::pack(&trace_id, state.lifetime, |structure| {
            if state.lifetime.is_over() {
                return;
            }
            if structure.rows.is_empty() && structure.logs.time_ns.is_empty() {
                state.load.set(Load::NotFound);
                return;
            }
            load_story(state);
            let trace = Trace::new(structure);
            if first {
                state.take(trace);
            } else {
                kept = Some(trace);
            }
        });
        match answer.await {
            _ if state.lifetime.is_over() => {}
            Ok(details) => {
                if let Some(trace) = kept {
                    state.take(trace);
                }
                state.details.set(Some(Shared::new(details)));
            }
            Err(Failure::Aborted) => {}
            // A story that is shown stays; the stream brings the next chance.
            Err(_) if state.details.with_untracked(Option::is_some) => {}
            Err(failure) if failure.is_not_found() => state.load.set(Load::NotFound),
            Err(failure) => state.load.set(Load::Failed(failure)),
        }
    });
}

fn load_story(state: StoryState) {
    let trace_id = state.trace_id.get_value();
    spawn_local(async move {
        let answer = client::story(&trace_id, state.lifetime).await;
        match answer {
            _ if state.lifetime.is_over() => {}
            Ok(story) => {
                document().set_title(&strings::story_title(&story.title));
                state.story.set(Some(Ok(Shared::new(story))));
            }
            Err(Failure::Aborted) => {}
            Err(_) if state.story.with_untracked(|story| matches!(story, Some(Ok(_)))) => {}
            Err(failure) => state.story.set(Some(Err(failure))),
        }
    });
}

/// Loads again when something of the trace arrives, and takes the badge away when it has been quiet for a while.
fn follow_arrivals(state: StoryState) {
    let live = use_live();
    let pending = StoredValue::new(false);
    let seen = StoredValue::new(live.batch.get_untracked());
    Effect::new(move |_| {
        let batch = live.batch.get();
        let old = batch == seen.get_value();
        if old || !(batch.missed || state.trace_id.with_value(|id| batch.touches(id))) || pending.get_value() {
            return;
        }
        seen.set_value(batch);
        pending.set_value(true);
        set_timeout(
            move || {
                if pending.try_get_value().is_some() {
                    pending.set_value(false);
                    load(state);
                }
            },
            REFETCH_AFTER,
        );
    });
    let check = move || {
        let last = state.trace.with_untracked(|trace| trace.as_ref().map_or(0, |trace| trace.arrived_nanos));
        let receiving = last > 0 && now_nanos().saturating_sub(last) < QUIET_NS;
        if state.receiving.get_untracked() != receiving {
            state.receiving.set(receiving);
        }
    };
    if let Ok(timer) = set_interval_with_handle(check, Duration::from_secs(1)) {
        on_cleanup(move || timer.clear());
    }
}

/// The keys of this page.
fn handle_keys(state: StoryState) {
    use_keys().handle(move |key: Key| {
        if state.load.with_untracked(|load| *load != Load::Ready) {
            return false;
        }
        match (key.name.as_str(), key.shift) {
            ("j", _) => state.step(1),
            ("k", _) => state.step(-1),
            ("e", false) => state.next_error(true),
            ("E" | "e", _) => state.next_error(false),
            ("n", false) => state.next_match(true),
            ("N" | "n", _) => state.next_match(false),
            (".", _) => state.step_to_sibling(true),
            (",", _) => state.step_to_sibling(false),
            ("]", _) => state.fold_all(false),
            ("[", _) => state.fold_all(true),
            ("b", _) => state.change(|view| view.flat = !view.flat),
            ("o", _) => state.change(|view| view.errors = !view.errors),
            ("f", false) => crate::keys::focus(strings::FIND_ID),
            ("F" | "f", _) => state.change(|view| view.hide = !view.hide),
            ("z", _) => state.zoom_to_active(),
            ("r", _) => state.root_at_active(),
            ("w", _) => state.zoom_by(0.5, 0.0),
            ("s", _) => state.zoom_by(2.0, 0.0),
            ("a", _) => state.zoom_by(1.0, -0.25),
            ("d", _) => state.zoom_by(1.0, 0.25),
            ("v", _) => state.set_split(!state.view.with_untracked(|view| view.split && view.tab == Tab::Timeline)),
            ("y", _) => state.sharing.set(true),
            ("Escape", _) => return state.escape(),
            ("Enter", _) => return state.open_active_unless_focused(),
            (digit, _) => {
                let place = digit.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                let Some(tab) = place.and_then(|place| Tab::ALL.get(place)) else { return false };
                state.show_tab(*tab);
            }
        }
        true
    });
}
