//! The start page: the paste box, what arrives, and help for a first trace.

use std::time::Duration;

use leptos::prelude::*;
use telltale_api::issue::IssueView;
use telltale_api::live::{Endpoints, Recent, Totals};
use wasm_bindgen_futures::spawn_local;

use crate::client::{self, Failure, Lifetime};
use crate::components::bits::{Ago, FailureBox, Skeleton};
use crate::components::first_run::FirstRun;
use crate::components::issues::{Issues, merge};
use crate::components::paste_box::PasteBox;
use crate::components::trace_list::TraceList;
use crate::feed::Feed;
use crate::live::{Batch, use_live};
use crate::{format, strings};

/// How often the server's own list is asked for while things arrive: it knows roots, services and totals better.
const RELOAD_EVERY: Duration = Duration::from_secs(5);

/// What the page knows.
#[derive(Clone, Copy)]
struct HomeState {
    traces: RwSignal<Feed>,
    errors: RwSignal<Feed>,
    issues: RwSignal<Vec<IssueView>>,
    totals: RwSignal<Option<Totals>>,
    endpoints: StoredValue<Endpoints>,
    failure: RwSignal<Option<Failure>>,
    stale: StoredValue<bool>,
    lifetime: Lifetime,
}

impl HomeState {
    fn of_component() -> Self {
        Self {
            traces: RwSignal::new(Feed::new(false)),
            errors: RwSignal::new(Feed::new(true)),
            issues: RwSignal::new(Vec::new()),
            totals: RwSignal::new(None),
            endpoints: StoredValue::new(Endpoints::default()),
            failure: RwSignal::new(None),
            stale: StoredValue::new(false),
            lifetime: Lifetime::of_component(),
        }
    }

    fn load(self) {
        self.stale.set_value(false);
        spawn_local(async move {
            let answer = client::recent(self.lifetime).await;
            if self.lifetime.is_over() {
                return;
            }
            match answer {
                Ok(recent) => self.take(recent),
                Err(Failure::Aborted) => {}
                Err(failure) => self.failure.set(Some(failure)),
            }
        });
    }

    fn take(self, recent: Recent) {
        self.failure.set(None);
        self.endpoints.set_value(recent.endpoints);
        self.traces.update(|feed| feed.load(recent.traces));
        self.errors.update(|feed| feed.load(recent.errors));
        self.issues.set(recent.issues);
        self.totals.set(Some(recent.totals));
    }

    fn apply(self, batch: &Batch) {
        if !batch.traces.is_empty() {
            self.traces.update(|feed| batch.traces.iter().for_each(|trace| feed.apply(trace)));
            self.errors.update(|feed| batch.traces.iter().for_each(|trace| feed.apply(trace)));
        }
        for issue in &batch.issues {
            self.issues.update(|issues| merge(issues, issue.clone()));
        }
        self.totals.update(|totals| {
            if let Some(totals) = totals {
                totals.spans += batch.spans;
                totals.logs += batch.logs;
                totals.points += batch.points;
            }
        });
        self.stale.set_value(true);
    }
}

/// The page.
#[component]
pub(crate) fn HomePage(
    /// Whether the help for a first trace is shown whatever the store holds.
    start: bool,
) -> impl IntoView {
    document().set_title(strings::HOME_DOCUMENT_TITLE);
    let state = HomeState::of_component();
    state.load();
    let live = use_live();
    let seen = StoredValue::new(live.batch.get_untracked());
    Effect::new(move |_| {
        let batch = live.batch.get();
        if batch != seen.get_value() {
            state.apply(&batch);
            seen.set_value(batch);
        }
    });
    if let Ok(timer) = set_interval_with_handle(
        move || {
            if state.stale.try_get_value() == Some(true) {
                state.load();
            }
        },
        RELOAD_EVERY,
    ) {
        on_cleanup(move || timer.clear());
    }
    // An empty store stays on the help until the reader leaves it or its first trace opens.
    let first_run = Memo::new(move |before: Option<&Option<bool>>| {
        let empty = state.totals.with(|totals| totals.as_ref().map(|t| t.spans + t.logs + t.points == 0));
        match (before.copied().flatten(), empty) {
            (Some(decided), _) => Some(decided),
            (None, Some(empty)) => Some(empty || start),
            (None, None) => None,
        }
    });
    let body = move || match first_run.get() {
        None => view! { <Waiting state/> }.into_any(),
        Some(true) => {
            let endpoints = state.endpoints.get_value();
            view! { <FirstRun endpoints issues=state.issues opens=!start/> }.into_any()
        }
        Some(false) => view! { <Lists state/> }.into_any(),
    };
    view! {
        <div class="home">
            <div class="hero">
                <h1>{strings::HOME_TITLE}</h1>
                <PasteBox large=true/>
            </div>
            {body}
            <Footer totals=state.totals/>
        </div>
    }
}

/// Before the first answer: a skeleton, or why there is none.
#[component]
fn Waiting(
    /// The page's state.
    state: HomeState,
) -> impl IntoView {
    let retry = Callback::new(move |()| state.load());
    move || match state.failure.get() {
        Some(failure) => view! { <FailureBox title=strings::HOME_FAILED failure retry/> }.into_any(),
        None => view! { <Skeleton rows=8/> }.into_any(),
    }
}

/// The newest errors and the newest traces.
#[component]
fn Lists(
    /// The page's state.
    state: HomeState,
) -> impl IntoView {
    let retry = Callback::new(move |()| state.load());
    view! {
        {move || state.failure.get().map(|failure| view! { <FailureBox title=strings::HOME_STALE failure retry/> })}
        <div class="home-lists">
            <TraceList feed=state.errors title=strings::ERRORS_TITLE empty=strings::NO_ERRORS errors=true/>
            <TraceList feed=state.traces title=strings::TRACES_TITLE empty=strings::NO_TRACES/>
        </div>
        <Issues issues=state.issues/>
        <p class="muted"><a href="/start" data-go="">{strings::CONNECT_ANOTHER}</a></p>
    }
}

/// What the store holds.
#[component]
fn Footer(
    /// The totals.
    totals: RwSignal<Option<Totals>>,
) -> impl IntoView {
    let text = move || {
        totals.get().map(|totals| {
            let parts = [
                format::counted(u64::try_from(totals.services.len()).unwrap_or(u64::MAX), "service"),
                format::counted(totals.spans, "span"),
                format::counted(totals.logs, "log record"),
                format::counted(totals.points, "data point"),
                strings::on_disk(&format::bytes(totals.disk_bytes)),
            ];
            let last = totals.last_ingest_unix_nano.map(|nanos| {
                view! { <span>{strings::LAST_ARRIVAL} " " <Ago nanos=nanos.0/></span> }
            });
            view! { {parts.map(|part| view! { <span>{part}</span> }).into_iter().collect_view()} {last} }
        })
    };
    view! { <footer class="totals muted">{text}</footer> }
}
