//! The start page of an empty store: where to point an application, and what has knocked so far.
//!
//! The first trace that arrives opens by itself, unless the reader says no.

use std::time::Duration;

use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use telltale_api::issue::IssueView;
use telltale_api::live::{Endpoints, LiveTrace};

use crate::components::copy_button::copy_button;
use crate::components::issues::issues;
use crate::components::snippets::snippet_tabs;
use crate::dom::{El, el, sign, text_el};
use crate::live::use_live;
use crate::nav::use_nav;
use crate::route::Route;
use crate::{format, strings};

/// How long the reader has to say no.
const OPENS_AFTER: Duration = Duration::from_secs(2);

/// The page's middle: where senders send to as the server sees it, what they did wrong, and whether the first trace opens
/// by itself.
pub(crate) fn first_run(endpoints: &Endpoints, found: RwSignal<Vec<IssueView>>, opens: bool) -> El {
    let http = as_seen_from_here(&endpoints.otlp_http, "4318");
    let grpc = as_seen_from_here(&endpoints.otlp_grpc, "4317");
    let line = format!("OTEL_EXPORTER_OTLP_ENDPOINT={http}");
    let either = el("p")
        .class("muted")
        .text(&format!("{} ", strings::FIRST_GRPC))
        .add(text_el("code", "", &grpc))
        .text(&format!(". {}", strings::FIRST_EITHER));
    let point = el("li").add([
        text_el("h3", "", strings::FIRST_POINT),
        el("p").class("endpoint").add(text_el("code", "", &line)).add(copy_button(
            move || line.clone(),
            strings::WHAT_LINE,
            None,
        )),
        either,
        snippet_tabs(&http),
    ]);
    let wait = el("li").add([text_el("h3", "", strings::FIRST_WAIT), waiting(opens), issues(found)]);
    el("section")
        .class("first-run")
        .add(text_el("h2", "", strings::FIRST_TITLE))
        .add(el("ol").class("steps").add([point, wait]))
}

/// The trace that opens by itself unless the reader says no.
#[derive(Clone, Copy)]
struct Opening {
    timer: StoredValue<Option<TimeoutHandle>>,
    counting: RwSignal<bool>,
}

impl Opening {
    fn of_component() -> Self {
        let opening = Self { timer: StoredValue::new(None), counting: RwSignal::new(false) };
        on_cleanup(move || opening.clear());
        opening
    }

    fn begin(self, address: Route) {
        let nav = use_nav();
        self.counting.set(true);
        self.timer.set_value(set_timeout_with_handle(move || nav.go(address), OPENS_AFTER).ok());
    }

    fn stop(self) {
        self.counting.set(false);
        self.clear();
    }

    fn clear(self) {
        if let Some(timer) = self.timer.try_get_value().flatten() {
            timer.clear();
        }
    }
}

/// What has arrived since the page was opened.
fn waiting(opens: bool) -> El {
    let live = use_live();
    let first = RwSignal::new(None::<LiveTrace>);
    let others = RwSignal::new((0_u64, 0_u64));
    let opening = Opening::of_component();
    Effect::new(move |_| {
        let batch = live.batch.get();
        others.update(|(logs, points)| {
            *logs += batch.logs;
            *points += batch.points;
        });
        let Some(trace) = batch.traces.first() else { return };
        if first.with_untracked(Option::is_some) {
            return;
        }
        first.set(Some(trace.clone()));
        if opens {
            opening.begin(Route::story(&trace.trace_id, None));
        }
    });
    let seen = move || match first.get() {
        Some(trace) => arrived(&trace, opening),
        None => el("p")
            .class("waiting")
            .add(el("span").class("pulse").attr("aria-hidden", "true"))
            .text(strings::WAITING_FIRST),
    };
    let other_signals = move || {
        let (logs, points) = others.get();
        if logs + points == 0 || first.with(Option::is_some) {
            return String::new();
        }
        strings::only_others(&format::counted(logs, "log record"), &format::counted(points, "data point"))
    };
    el("div")
        .attr("aria-live", "polite")
        .add(el("div").children(seen))
        .add(el("p").class("muted").dyn_text(other_signals))
}

fn arrived(trace: &LiveTrace, opening: Opening) -> El {
    let words = strings::first_trace(
        trace.service_name.as_deref().unwrap_or(strings::NO_SERVICE_NAME),
        &format::counted(trace.span_count, "span"),
    );
    let stay = move || {
        opening.counting.get().then(|| {
            vec![
                text_el("span", "muted", strings::OPENS_BY_ITSELF),
                text_el("button", "button", strings::STAY_HERE).attr("type", "button").on_click(move || opening.stop()),
            ]
        })
    };
    el("p").class("first-seen").add([
        el("span").class("ok-text").add(sign("✓ ")).text(&words),
        text_el("a", "button button-main", strings::OPEN_STORY)
            .attr("href", &Route::story(&trace.trace_id, None).url())
            .attr("data-go", ""),
        el("span").class("first-stay").children(move || stay().unwrap_or_default()),
    ])
}

/// Returns an address with the host under which this page was reached: a sender on the reader's machine needs that one.
fn as_seen_from_here(address: &str, default_port: &str) -> String {
    let port = address.rsplit_once(':').map_or(default_port, |(_, port)| port.trim_end_matches('/'));
    let port = if port.chars().all(|c| c.is_ascii_digit()) && !port.is_empty() { port } else { default_port };
    let host = location().hostname().unwrap_or_else(|_| "localhost".to_owned());
    format!("http://{host}:{port}")
}
