//! The page of one request: what happened, first in words, then drawn, then raw.

pub(crate) mod data;
pub(crate) mod state;

use std::time::Duration;

use leptos::prelude::*;
use telltale_api::resolve::{ResolvedCandidate, Searched};
use wasm_bindgen_futures::spawn_local;

use crate::announce::use_announcer;
use crate::client::{self, Failure};
use crate::components::bits::{FailureBox, Skeleton};
use crate::components::copy_button::copy;
use crate::components::drawer::Drawer;
use crate::components::errors_tab::ErrorsTab;
use crate::components::facts::Facts;
use crate::components::raw_tab::RawTab;
use crate::components::story_list::StoryList;
use crate::components::tabs::StoryTabs;
use crate::components::time_bar::TimeBar;
use crate::components::timeline::Timeline;
use crate::components::verdict::{StoryHead, Verdict};
use crate::dom::El;
use crate::keys::{Key, use_keys};
use crate::live::use_live;
use crate::pages::not_found::nothing_found;
use crate::prefs::now_nanos;
use crate::route::Tab;
use crate::{strings, told};
use data::StoryData;
use state::{Load, StoryState};

/// How long after an arrival the trace is asked for again, so that a burst costs one request.
const REFETCH_AFTER: Duration = Duration::from_millis(300);

/// How long a trace counts as still arriving after its last span.
const QUIET_NS: u64 = 5_000_000_000;

/// The page.
#[component]
pub(crate) fn StoryPage(
    /// The trace, 32 lower-case hex digits.
    trace_id: String,
) -> impl IntoView {
    document().set_title(&strings::story_document_title(&trace_id));
    let state = StoryState::of_component(trace_id);
    provide_context(state);
    load(state);
    follow_arrivals(state);
    handle_keys(state);
    let retry = Callback::new(move |()| load(state));
    let body = move || match state.load.get() {
        Load::Loading => view! { <h1 class="hidden">{strings::LOADING}</h1><Skeleton rows=14/> }.into_any(),
        Load::NotFound => not_found(state.trace_id.get_value()).into_any(),
        Load::Failed(failure) => view! {
            <div class="page-narrow">
                <h1>{strings::STORY_FAILED}</h1>
                <FailureBox failure retry/>
            </div>
        }
        .into_any(),
        Load::Ready => view! { <Ready/> }.into_any(),
    };
    view! { <div class="story-page" class:with-drawer=move || state.drawer_is_open()>{body}</div> }
}

/// Everything of a story that is there.
#[component]
fn Ready() -> impl IntoView {
    let state = expect_context::<StoryState>();
    let tab = Memo::new(move |_| state.nav.route().tab);
    let panel = move || match tab.get() {
        Tab::Timeline => view! { <Timeline/> }.into_any(),
        Tab::List => view! { <StoryList/> }.into_any(),
        Tab::Errors => view! { <ErrorsTab/> }.into_any(),
        Tab::Raw => view! { <RawTab/> }.into_any(),
    };
    view! {
        <article class="story">
            <StoryHead/>
            <Verdict/>
            <div class="answer"><Facts/><TimeBar/></div>
            <StoryTabs/>
            <div id="story-panel" class="story-panel" role="tabpanel" aria-labelledby=move || format!("tab-{}", tab.get().word())>
                {panel}
            </div>
        </article>
        <Drawer/>
    }
}

/// No span of this id is stored: say what was looked for, and wait.
fn not_found(trace_id: String) -> impl IntoView {
    let candidate = ResolvedCandidate {
        form: strings::TRACE_ID_WORDS.to_owned(),
        id: trace_id,
        span_id: None,
        confidence: 100,
        note: None,
        traces: Vec::new(),
    };
    let place = NodeRef::<leptos::html::Div>::new();
    Effect::new(move |_| {
        if let Some(place) = place.get() {
            El::of(place.into()).add(nothing_found(&[candidate.clone()], &Searched::default()));
        }
    });
    view! { <div class="page-narrow" node_ref=place></div> }
}

/// Asks for the trace and computes its story.
fn load(state: StoryState) {
    let trace_id = state.trace_id.get_value();
    spawn_local(async move {
        let answer = client::trace(&trace_id, state.lifetime).await;
        if state.lifetime.is_over() {
            return;
        }
        match answer {
            Ok(view) if view.spans.is_empty() && view.logs.is_empty() => state.load.set(Load::NotFound),
            Ok(view) => {
                state.take(StoryData::new(view));
                show_title(state);
            }
            Err(Failure::Aborted) => {}
            // A story that is shown stays; the stream brings the next chance.
            Err(_) if state.data.with_untracked(Option::is_some) => {}
            Err(failure) if failure.is_not_found() => state.load.set(Load::NotFound),
            Err(failure) => state.load.set(Load::Failed(failure)),
        }
    });
}

fn show_title(state: StoryState) {
    state.data.with_untracked(|data| {
        if let Some(data) = data {
            document().set_title(&strings::story_title(&data.story.title));
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
        let last = state.data.with_untracked(|data| data.as_ref().map_or(0, |data| data.arrived_nanos));
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
    let announcer = use_announcer();
    use_keys().handle(move |key: Key| {
        if state.load.with_untracked(|load| *load != Load::Ready) {
            return false;
        }
        match (key.name.as_str(), key.shift) {
            ("j", _) => state.step(1),
            ("k", _) => state.step(-1),
            ("e", false) => state.next_error(1),
            ("E" | "e", _) => state.next_error(-1),
            ("n", false) => state.next_match(1),
            ("N" | "n", _) => state.next_match(-1),
            ("]", _) => state.fold_all(false),
            ("[", _) => state.fold_all(true),
            ("b", _) => state.grouped.update(|grouped| *grouped = !*grouped),
            ("f", _) => crate::keys::focus(strings::FIND_ID),
            ("y", _) => state.data.with_untracked(|data| {
                if let Some(data) = data {
                    copy(&told::markdown(&data.story, &data.view), strings::WHAT_STORY, announcer);
                }
            }),
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
