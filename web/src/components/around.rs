//! Around it: other requests of the same operation, user and business key, and what was measured meanwhile.
//!
//! Asked for when it is opened: most readers have their answer before.

mod measured;

use leptos::prelude::*;
use telltale_api::around::{Around, Neighbours, OperationAround, SameKey};
use telltale_api::trace::TraceSummary;
use wasm_bindgen_futures::spawn_local;

use crate::client::{self, Failure};
use crate::components::bits::{date_time, failure_box, go_link, skeleton};
use crate::components::trace_list::trace_line;
use crate::dom::{El, el, hidden, sign, text_el};
use crate::pages::story::state::StoryState;
use crate::route::{Page, Route};
use crate::shared::Shared;
use crate::{format, strings};

/// The section.
pub(crate) fn around(state: StoryState) -> El {
    let answer = RwSignal::new(None::<Result<Shared<Around>, Failure>>);
    let load = move || {
        let trace_id = state.trace_id.get_value();
        spawn_local(async move {
            let result = client::around(&trace_id, state.lifetime).await;
            if result.as_ref().err() != Some(&Failure::Aborted) {
                answer.try_set(Some(result.map(Shared::new)));
            }
        });
    };
    let asked = RwSignal::new(false);
    let open = move |_| {
        if !asked.get_untracked() {
            asked.set(true);
            load();
        }
    };
    let content = move || match answer.get() {
        _ if !asked.get() => Vec::new(),
        None => vec![skeleton(4)],
        Some(Err(failure)) => vec![failure_box(strings::AROUND_FAILED, &failure, load)],
        Some(Ok(around)) => parts(state, &around),
    };
    el("details")
        .class("around")
        .on("toggle", open)
        .add([text_el("summary", "", strings::AROUND_TITLE), el("div").class("around-parts").children(content)])
}

fn parts(state: StoryState, around: &Around) -> Vec<El> {
    let mut parts = Vec::new();
    let own = state.trace_id.get_value();
    parts.extend(around.healthy.as_ref().map(|healthy| healthy_el(&own, healthy)));
    match &around.operation {
        Some(operation) if operation.traces.len() > 1 => parts.extend(operation_el(&own, operation)),
        _ => parts.push(text_el("p", "muted", strings::AROUND_ALONE)),
    }
    if !around.neighbours.is_empty() {
        parts.push(text_el("h3", "", strings::AROUND_NEIGHBOURS));
        parts.push(el("ul").class("around-neighbours").add_all(around.neighbours.iter().map(neighbours_el)));
    }
    if !around.same_key.is_empty() {
        parts.push(text_el("h3", "", strings::AROUND_SAME));
        parts.extend(around.same_key.iter().map(same_key_el));
    }
    parts.extend(measured::measured(state, around));
    parts
}

/// A link to the comparison of a request with this one.
fn compare(own: &str, other: &TraceSummary, words: &str) -> El {
    let page = Page::Diff { a: other.trace_id.clone(), b: own.to_owned() };
    go_link(&Route { page, ..Route::home() }.url(), words)
}

fn healthy_el(own: &str, healthy: &TraceSummary) -> El {
    el("p").class("around-healthy").add([
        compare(own, healthy, strings::AROUND_HEALTHY).class("button"),
        text_el("span", "num", &format!(" {} ", format::duration(healthy.duration_ns.0))),
        el("span").class("muted num").add(date_time(healthy.start_unix_nano.0)),
    ])
}

/// The newest requests of the operation, this one marked.
fn operation_el(own: &str, operation: &OperationAround) -> Vec<El> {
    let longest = operation.traces.iter().map(|other| other.duration_ns.0).max().unwrap_or(1).max(1);
    let rows = operation.traces.iter().map(|other| {
        let here = other.trace_id == own;
        let failed = (other.error_count > 0)
            .then(|| el("span").class("danger-text").add([sign("✖ "), hidden(strings::ERROR_WORD)]));
        let width = format!("{}%", other.duration_ns.0.max(0) / (longest / 100).max(1));
        let name = if here {
            text_el("strong", "", strings::AROUND_THIS)
        } else {
            go_link(&Route::story(&other.trace_id, None).url(), &other.trace_id)
        };
        let row = el("tr").class(if here { "around-here" } else { "" });
        let row = if here { row.attr("aria-current", "true") } else { row };
        row.add([
            el("td").class("num").add(date_time(other.start_unix_nano.0)),
            el("td").add(failed).add(name),
            text_el("td", "num", &format::duration(other.duration_ns.0)),
            el("td").class("around-bar").attr("aria-hidden", "true").add(el("span").style("width", &width)),
            el("td").add((!here).then(|| compare(own, other, strings::AROUND_COMPARE))),
        ])
    });
    let header = |words: &str| text_el("th", "", words).attr("scope", "col");
    let head = el("tr").add([
        header(strings::AROUND_WHEN),
        header(strings::AROUND_REQUEST),
        header(strings::COLUMN_TIME),
        header("").attr("aria-hidden", "true"),
        header(strings::AROUND_COMPARE),
    ]);
    let service = operation.service_name.as_deref().unwrap_or(strings::NO_SERVICE_NAME);
    vec![
        text_el("h3", "", &strings::around_operation(service, &operation.name)),
        el("table").class("plain-table").add([el("thead").add(head), el("tbody").add_all(rows)]),
    ]
}

/// The request before and after, of one user, session or device.
fn neighbours_el(neighbours: &Neighbours) -> El {
    let one = |words: &str, other: &Option<TraceSummary>| {
        let other = other.as_ref()?;
        let failed = (other.error_count > 0)
            .then(|| el("span").class("danger-text").add([sign(" ✖"), hidden(strings::ERROR_WORD)]));
        let link = go_link(&Route::story(&other.trace_id, None).url(), &other.name);
        let part = el("span").text(&format!("{words} ")).add(link).add(failed);
        Some(part.text(" ").add(el("span").class("muted num").add(date_time(other.start_unix_nano.0))))
    };
    el("li")
        .add(text_el("code", "", &neighbours.key))
        .text(" ")
        .add(text_el("strong", "", &neighbours.value))
        .add(one(strings::AROUND_BEFORE, &neighbours.previous))
        .add(one(strings::AROUND_AFTER, &neighbours.next))
}

/// Other requests with the same order, invoice, parcel …
fn same_key_el(same: &SameKey) -> El {
    let lines = same.traces.iter().map(|row| trace_line(row, false, Signal::stored(0)));
    let mut notes = Vec::new();
    if same.logs_without_trace > 0 {
        notes.push(strings::around_logs(&format::counted(same.logs_without_trace, "log record")));
    }
    if !same.is_complete {
        notes.push(strings::AROUND_MORE.to_owned());
    }
    el("div")
        .add(el("p").add(text_el("code", "", &same.key)).text(" ").add(text_el("strong", "", &same.value)))
        .add(el("ul").class("trace-rows").add_all(lines))
        .add((!notes.is_empty()).then(|| text_el("p", "muted", &notes.join(" "))))
}
