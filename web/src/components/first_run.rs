//! The start page of an empty store: where to point an application, and what has knocked so far.
//!
//! The first trace that arrives opens by itself, unless the reader says no.

use std::time::Duration;

use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use telltale_api::issue::IssueView;
use telltale_api::live::{Endpoints, LiveTrace};

use crate::components::copy_button::CopyButton;
use crate::components::issues::Issues;
use crate::components::snippets::Snippets;
use crate::live::use_live;
use crate::nav::use_nav;
use crate::route::Route;
use crate::{format, strings};

/// How long the reader has to say no.
const OPENS_AFTER: Duration = Duration::from_secs(2);

/// The page's middle.
#[component]
pub(crate) fn FirstRun(
    /// Where senders send to, as the server sees it.
    endpoints: Endpoints,
    /// What senders did wrong or oddly.
    issues: RwSignal<Vec<IssueView>>,
    /// Whether the first trace opens by itself.
    opens: bool,
) -> impl IntoView {
    let http = StoredValue::new(as_seen_from_here(&endpoints.otlp_http, "4318"));
    let grpc = as_seen_from_here(&endpoints.otlp_grpc, "4317");
    let line = format!("OTEL_EXPORTER_OTLP_ENDPOINT={}", http.get_value());
    let line_to_copy = line.clone();
    view! {
        <section class="first-run">
            <h2>{strings::FIRST_TITLE}</h2>
            <ol class="steps">
                <li>
                    <h3>{strings::FIRST_POINT}</h3>
                    <p class="endpoint"><code>{line}</code><CopyButton text=line_to_copy what=strings::WHAT_LINE/></p>
                    <p class="muted">{strings::FIRST_GRPC} " " <code>{grpc}</code> ". " {strings::FIRST_EITHER}</p>
                    <Snippets endpoint=http.get_value()/>
                </li>
                <li>
                    <h3>{strings::FIRST_WAIT}</h3>
                    <Waiting opens/>
                    <Issues issues/>
                </li>
            </ol>
        </section>
    }
}

/// What has arrived since the page was opened.
#[component]
fn Waiting(
    /// Whether the first trace opens by itself.
    opens: bool,
) -> impl IntoView {
    let live = use_live();
    let nav = use_nav();
    let first = RwSignal::new(None::<LiveTrace>);
    let others = RwSignal::new((0_u64, 0_u64));
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let counting = RwSignal::new(false);
    let stop = move || {
        counting.set(false);
        if let Some(timer) = timer.get_value() {
            timer.clear();
        }
    };
    on_cleanup(move || {
        if let Some(timer) = timer.try_get_value().flatten() {
            timer.clear();
        }
    });
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
            let address = Route::story(&trace.trace_id, None);
            counting.set(true);
            timer.set_value(set_timeout_with_handle(move || nav.go(address), OPENS_AFTER).ok());
        }
    });
    let seen = move || {
        first.get().map(|trace| {
            let address = Route::story(&trace.trace_id, None).url();
            let words = strings::first_trace(
                trace.service_name.as_deref().unwrap_or(strings::NO_SERVICE_NAME),
                &format::counted(trace.span_count, "span"),
            );
            view! {
                <p class="first-seen">
                    <span class="ok-text"><span aria-hidden="true">"✓ "</span>{words}</span>
                    <a class="button button-main" href=address data-go="">{strings::OPEN_STORY}</a>
                    <Show when=move || counting.get()>
                        <span class="muted">{strings::OPENS_BY_ITSELF}</span>
                        <button class="button" type="button" on:click=move |_| stop()>{strings::STAY_HERE}</button>
                    </Show>
                </p>
            }
        })
    };
    let other_signals = move || {
        let (logs, points) = others.get();
        (logs + points > 0 && first.with(Option::is_none))
            .then(|| strings::only_others(&format::counted(logs, "log record"), &format::counted(points, "data point")))
    };
    view! {
        <div aria-live="polite">
            <Show when=move || first.with(Option::is_none)>
                <p class="waiting"><span class="pulse" aria-hidden="true"></span>{strings::WAITING_FIRST}</p>
            </Show>
            {seen}
            <p class="muted">{other_signals}</p>
        </div>
    }
}

/// Returns an address with the host under which this page was reached: a sender on the reader's machine needs that one.
fn as_seen_from_here(address: &str, default_port: &str) -> String {
    let port = address.rsplit_once(':').map_or(default_port, |(_, port)| port.trim_end_matches('/'));
    let port = if port.chars().all(|c| c.is_ascii_digit()) && !port.is_empty() { port } else { default_port };
    let host = location().hostname().unwrap_or_else(|_| "localhost".to_owned());
    format!("http://{host}:{port}")
}
