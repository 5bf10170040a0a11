//! The start page: the paste box, what arrives, and help for a first trace.

use std::time::Duration;

use leptos::prelude::*;
use telltale_api::issue::IssueView;
use telltale_api::live::{Endpoints, Recent, Totals};
use wasm_bindgen_futures::spawn_local;

use crate::client::{self, Failure, Lifetime};
use crate::components::bits::{ago, failure_box, go_link, skeleton};
use crate::components::first_run::first_run;
use crate::components::issues::{issues, merge};
use crate::components::open_files::open_button;
use crate::components::paste_box::paste_box;
use crate::components::trace_list::trace_list;
use crate::dom::{El, el, text_el};
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

/// The page; `start` shows the help for a first trace whatever the store holds.
pub(crate) fn home(start: bool) -> El {
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
    let first = Memo::new(move |before: Option<&Option<bool>>| {
        let empty = state.totals.with(|totals| totals.as_ref().map(|t| t.spans + t.logs + t.points == 0));
        match (before.copied().flatten(), empty) {
            (Some(decided), _) => Some(decided),
            (None, Some(empty)) => Some(empty || start),
            (None, None) => None,
        }
    });
    let body = move || match first.get() {
        None => waiting(state),
        Some(true) => first_run(&state.endpoints.get_value(), state.issues, !start),
        Some(false) => lists(state),
    };
    el("div").class("home").add([
        el("div").class("hero").add([text_el("h1", "", strings::HOME_TITLE), paste_box(true), open_button()]),
        el("div").children(body),
        el("footer").class("totals muted").children(move || state.totals.get().map(footer).unwrap_or_default()),
    ])
}

/// Before the first answer: a skeleton, or why there is none.
fn waiting(state: HomeState) -> El {
    el("div").children(move || match state.failure.get() {
        Some(failure) => failure_box(strings::HOME_FAILED, &failure, move || state.load()),
        None => skeleton(8),
    })
}

/// The newest errors and the newest traces.
fn lists(state: HomeState) -> El {
    let failure = move || {
        let failure = state.failure.get();
        failure.map(|failure| failure_box(strings::HOME_STALE, &failure, move || state.load()))
    };
    el("div").add([
        el("div").children(failure),
        el("div").class("home-lists").add([
            trace_list(state.errors, strings::ERRORS_TITLE, strings::NO_ERRORS, true),
            trace_list(state.traces, strings::TRACES_TITLE, strings::NO_TRACES, false),
        ]),
        issues(state.issues),
        el("p").class("muted home-start").add(go_link("/start", strings::CONNECT_ANOTHER)),
    ])
}

/// What the store holds.
fn footer(totals: Totals) -> Vec<El> {
    let parts = [
        format::counted(u64::try_from(totals.services.len()).unwrap_or(u64::MAX), "service"),
        format::counted(totals.spans, "span"),
        format::counted(totals.logs, "log record"),
        format::counted(totals.points, "data point"),
        strings::on_disk(&format::bytes(totals.disk_bytes)),
    ];
    let mut shown: Vec<El> = parts.iter().map(|part| text_el("span", "", part)).collect();
    if let Some(nanos) = totals.last_ingest_unix_nano {
        shown.push(text_el("span", "", &format!("{} ", strings::LAST_ARRIVAL)).add(ago(nanos.0)));
    }
    shown
}
