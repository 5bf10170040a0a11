//! Who sends: each sender with its protocol, SDK, rate and last error, and what of it was refused or odd, with the fix.
//!
//! The list follows what arrives, and what is refused, within seconds. `problems=1` in the address shows only senders with problems.

use std::time::Duration;

use leptos::prelude::*;
use telltale_api::issue::IssueView;
use telltale_api::live::Recent;
use telltale_api::routes;
use telltale_api::sender::{SenderList, SenderView};
use wasm_bindgen_futures::spawn_local;

use crate::client::{self, Failure, Lifetime};
use crate::components::bits::{ago, clock_time, failure_box, go_link, skeleton};
use crate::components::issues::line as issue_line;
use crate::components::tabs::switch;
use crate::dom::{El, distinct, el, sign, text_el};
use crate::live::{LiveStatus, use_live};
use crate::nav::use_nav;
use crate::shared::Shared;
use crate::{format, red, strings};

/// How often the list is asked for while something happens.
const RELOAD_EVERY: Duration = Duration::from_secs(2);

/// Services that a card's title names.
const NAMES: usize = 6;

/// How a sender does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Well,
    Odd,
    Broken,
}

impl Health {
    fn of(sender: &SenderView) -> Self {
        if sender.refused_requests > 0 || sender.rejected_items > 0 {
            Self::Broken
        } else if sender.issues.is_empty() {
            Self::Well
        } else {
            Self::Odd
        }
    }
}

/// What the page knows.
#[derive(Clone, Copy)]
struct State {
    list: RwSignal<Option<Shared<SenderList>>>,
    failure: RwSignal<Option<Failure>>,
    endpoints: RwSignal<Vec<String>>,
    stale: StoredValue<bool>,
    lifetime: Lifetime,
}

impl State {
    fn load(self) {
        self.stale.set_value(false);
        spawn_local(async move {
            let answer = client::json::<SenderList>(routes::SENDERS, self.lifetime).await;
            if self.lifetime.is_over() {
                return;
            }
            match answer {
                Ok(list) => {
                    self.failure.set(None);
                    self.list.set(Some(Shared::new(list)));
                }
                Err(Failure::Aborted) => {}
                Err(failure) => self.failure.set(Some(failure)),
            }
        });
    }

    /// Asks once where senders send to; only the empty page says it.
    fn load_endpoints(self) {
        spawn_local(async move {
            let recent: Result<Recent, Failure> = client::recent(self.lifetime).await;
            if let Ok(recent) = recent
                && !self.lifetime.is_over()
            {
                let found = recent.endpoints;
                self.endpoints.set(vec![found.otlp_http, found.otlp_grpc]);
            }
        });
    }

    /// A rate goes down without anything arriving.
    fn is_moving(self) -> bool {
        self.list.with_untracked(|list| {
            list.as_ref().is_some_and(|list| list.senders.iter().any(|sender| sender.items_per_second > 0.0))
        })
    }
}

/// The page.
pub(crate) fn ingest() -> El {
    document().set_title(strings::INGEST_DOCUMENT_TITLE);
    let state = State {
        list: RwSignal::new(None),
        failure: RwSignal::new(None),
        endpoints: RwSignal::new(Vec::new()),
        stale: StoredValue::new(false),
        lifetime: Lifetime::of_component(),
    };
    state.load();
    state.load_endpoints();
    let live = use_live();
    Effect::new(move |before: Option<()>| {
        live.batch.track();
        if before.is_some() {
            state.stale.set_value(true);
        }
    });
    // Whether it is the stream that broke or the server is told by asking.
    Effect::new(move |_| {
        if live.status.get() == LiveStatus::Broken {
            state.load();
        }
    });
    let tick = move || {
        if state.stale.try_get_value() == Some(true) || (!state.lifetime.is_over() && state.is_moving()) {
            state.load();
        }
    };
    if let Ok(timer) = set_interval_with_handle(tick, RELOAD_EVERY) {
        on_cleanup(move || timer.clear());
    }
    let phase = Memo::new(move |_| {
        state.list.with(|list| list.as_ref().map(|list| list.senders.is_empty() && list.others.is_empty()))
    });
    let body = move || match phase.get() {
        None => el("div").children(move || match state.failure.get() {
            Some(failure) => failure_box(strings::INGEST_FAILED, &failure, move || state.load()),
            None => skeleton(6),
        }),
        Some(true) => nobody(state),
        Some(false) => somebody(state),
    };
    el("div").class("ingest").add([text_el("h1", "", strings::INGEST_TITLE), el("div").children(body)])
}

fn nobody(state: State) -> El {
    let addresses = move || {
        let endpoints = state.endpoints.get();
        endpoints.iter().map(|address| el("li").add(text_el("code", "", address))).collect::<Vec<El>>()
    };
    el("div").class("notice").attr("role", "status").add([
        text_el("p", "", strings::INGEST_NONE),
        text_el("p", "muted", strings::INGEST_NONE_HINT),
        el("ul").class("plain-list").children(addresses),
        el("p").add(go_link("/start", strings::HOW_TO_SEND)),
    ])
}

fn somebody(state: State) -> El {
    let nav = use_nav();
    let problems = nav.param("problems");
    let only = Memo::new(move |_| problems.get().is_some());
    let switch = switch(
        strings::INGEST_PROBLEMS,
        move || only.get(),
        move |on| nav.replace_with(nav.place_now().with("problems", on.then_some("1"))),
    );
    let shown = move |list: &SenderList| {
        let fits = |sender: &&SenderView| !only.get() || Health::of(sender) != Health::Well;
        let mut senders: Vec<SenderView> = list.senders.iter().filter(fits).cloned().collect();
        // The server's order moves with every request; a reader wants to find a sender where it was.
        senders.sort_by(|one, other| title(one).cmp(&title(other)).then_with(|| identity(one).cmp(&identity(other))));
        senders
    };
    let listed = Memo::new(move |_| state.list.with(|list| list.as_deref().map(shown).unwrap_or_default()));
    let cards = el("ul").class("senders").label(strings::INGEST_LIST).each(
        move || listed.with(|list| distinct(list.iter().map(key))),
        move |wanted| {
            listed.with_untracked(|list| list.iter().find(|one| key(one) == wanted).map_or_else(|| el("li"), card))
        },
    );
    let empty =
        move || listed.with(Vec::is_empty).then(|| text_el("p", "muted list-empty", strings::INGEST_NO_PROBLEMS));
    let failure = move || {
        let failure = state.failure.get();
        failure.map(|failure| failure_box(strings::INGEST_STALE, &failure, move || state.load()))
    };
    el("div").add([
        el("div").children(failure),
        el("div").class("panel-tools").add([
            el("p")
                .class("muted")
                .dyn_text(move || state.list.with(|list| list.as_deref().map(summary).unwrap_or_default())),
            switch,
        ]),
        cards,
        el("div").children(empty),
        el("div").children(move || state.list.with(|list| list.as_deref().map(rest))),
    ])
}

fn summary(list: &SenderList) -> String {
    let problems = list.senders.iter().filter(|sender| Health::of(sender) != Health::Well).count();
    let rate: f64 = list.senders.iter().map(|sender| sender.items_per_second).sum();
    let count = u64::try_from(list.senders.len()).unwrap_or(u64::MAX);
    strings::ingest_summary(&format::counted(count, "sender"), &red::rate(rate), problems)
}

/// What the list does not hold.
fn rest(list: &SenderList) -> El {
    let forgotten = (list.forgotten > 0).then(|| {
        text_el("p", "muted", &strings::ingest_forgotten(&format::count(list.forgotten), &format::count(list.limit)))
    });
    let others = (!list.others.is_empty()).then(|| {
        el("section").class("issues").add(text_el("h2", "", strings::INGEST_OTHERS)).add(issue_lines(&list.others))
    });
    el("div").add(forgotten).add(others)
}

fn identity(sender: &SenderView) -> String {
    format!("{} {} {}", sender.peer, sender.protocol, sender.user_agent.as_deref().unwrap_or_default())
}

/// A card's key changes with what it says.
fn key(sender: &SenderView) -> u64 {
    let told: Vec<(&str, u64)> = sender.issues.iter().map(|issue| (issue.code.as_str(), issue.count)).collect();
    let numbers = [
        sender.requests,
        sender.refused_requests,
        sender.rejected_items,
        sender.bytes,
        sender.last_unix_nano.0,
        sender.items_per_second.to_bits(),
    ];
    format::hash(&format!("{} {told:?} {numbers:?}", identity(sender)))
}

/// The services of a sender, or what else it can be called.
fn title(sender: &SenderView) -> String {
    match (sender.services.as_slice(), sender.has_unnamed) {
        ([], true) => strings::INGEST_UNNAMED.to_owned(),
        ([], false) => strings::INGEST_NOTHING_STORED.to_owned(),
        (services, unnamed) => {
            let mut names: Vec<&str> = services.iter().take(NAMES).map(String::as_str).collect();
            let unnamed = unnamed.then_some(strings::NO_SERVICE_NAME);
            names.extend(unnamed);
            let more = services.len().saturating_sub(NAMES);
            let names = names.join(", ");
            if more == 0 { names } else { strings::ingest_and_more(&names, &more.to_string()) }
        }
    }
}

/// All names, where the title has not all of them.
fn all_names(sender: &SenderView) -> Option<El> {
    (sender.services.len() > NAMES).then(|| {
        let summary = text_el("summary", "muted", strings::INGEST_ALL_NAMES);
        el("details").add([summary, text_el("p", "", &sender.services.join(", "))])
    })
}

fn card(sender: &SenderView) -> El {
    let (class, badge, mark, word) = match Health::of(sender) {
        Health::Well => ("sender", "badge badge-ok", "✓", strings::INGEST_WELL),
        Health::Odd => ("sender sender-odd", "badge badge-warn", "▲", strings::INGEST_ODD),
        Health::Broken => ("sender sender-broken", "badge badge-error", "✖", strings::INGEST_BROKEN),
    };
    let head = el("div").class("sender-head").add([
        text_el("h2", "sender-name", &title(sender)),
        el("span").class(badge).add(sign(mark)).text(word),
        text_el("span", "num sender-rate", &red::rate(sender.items_per_second)),
    ]);
    let more = (sender.names_left_out > 0)
        .then(|| text_el("p", "muted", &strings::ingest_more_names(&format::count(sender.names_left_out))));
    el("li")
        .class(class)
        .add(head)
        .add(all_names(sender))
        .add(more)
        .add(facts(sender))
        .add(last_error(sender))
        .add(issue_lines(&sender.issues))
}

fn facts(sender: &SenderView) -> El {
    let compressed = match sender.compression.as_str() {
        "none" => strings::INGEST_PLAIN.to_owned(),
        how => strings::ingest_compressed(how),
    };
    let stored: Vec<String> = [(sender.spans, "span"), (sender.logs, "log record"), (sender.points, "data point")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| format::counted(count, noun))
        .chain([format!("{} ({})", format::counted(sender.requests, "request"), format::bytes(sender.bytes))])
        .collect();
    let refused = if sender.refused_requests + sender.rejected_items == 0 {
        text_el("dd", "muted", strings::INGEST_NONE_REFUSED)
    } else {
        let (requests, items) =
            (format::counted(sender.refused_requests, "request"), format::counted(sender.rejected_items, "item"));
        text_el("dd", "danger-text", &strings::ingest_refused(&requests, &items))
    };
    let sdks: Vec<String> = sender
        .sdks
        .iter()
        .map(|sdk| [&sdk.name, &sdk.language, &sdk.version].map(String::as_str).join(" ").trim().to_owned())
        .collect();
    let sdk = if sdks.is_empty() { strings::INGEST_NO_SDK.to_owned() } else { sdks.join(", ") };
    let agent = sender.user_agent.as_deref().unwrap_or(strings::INGEST_NO_AGENT);
    let fact = |term: &str, value: El| el("div").class("sender-fact").add([text_el("dt", "muted", term), value]);
    el("dl").class("sender-facts").add([
        fact(strings::INGEST_FROM, text_el("dd", "", &sender.peer)),
        fact(strings::INGEST_PROTOCOL, text_el("dd", "", &format!("{}, {compressed}", sender.protocol))),
        fact(strings::INGEST_SDK, text_el("dd", "", &sdk)),
        fact(strings::INGEST_AGENT, text_el("dd", "", agent)),
        fact(strings::INGEST_STORED, text_el("dd", "", &stored.join(", "))),
        fact(strings::INGEST_REFUSED, refused),
        fact(
            strings::INGEST_SEEN,
            el("dd").add(ago(sender.last_unix_nano.0)).text(" · ").add(clock_time(sender.last_unix_nano.0)),
        ),
    ])
}

/// The last error, where the issues below do not tell it already.
fn last_error(sender: &SenderView) -> Option<El> {
    let error = sender.last_error.as_ref()?;
    let is_told = sender.issues.iter().any(|issue| issue.code == error.code && issue.message == error.message);
    (!is_told).then(|| {
        let what = el("p")
            .add(text_el("strong", "danger-text", strings::INGEST_ERROR))
            .text(&format!(" {} · ", error.message));
        let fix = el("p").add(text_el("span", "muted", &format!("{} ", strings::ISSUE_FIX))).text(&error.hint);
        el("div").class("issue issue-rejected").add([what.add(clock_time(error.at_unix_nano.0)), fix])
    })
}

fn issue_lines(issues: &[IssueView]) -> Option<El> {
    (!issues.is_empty()).then(|| el("ul").class("issue-rows").add_all(issues.iter().map(issue_line)))
}
