//! Around it: other requests of the same operation, the nearest one that went well, measurements of this moment.
//!
//! Asked for when it is opened: most readers have their answer before.

use leptos::prelude::*;
use serde::Deserialize;
use telltale_api::Nanos;
use telltale_api::story::Story;
use wasm_bindgen_futures::spawn_local;

use crate::client::{self, Failure};
use crate::components::bits::{clock_time, date_time, failure_box, go_link, skeleton};
use crate::dom::{El, el, hidden, sign, text_el};
use crate::pages::story::data::Trace;
use crate::pages::story::state::StoryState;
use crate::route::{Page, Route};
use crate::shared::Shared;
use crate::{format, strings};

/// Requests of the operation that are asked for, on each side of this one.
const EACH_SIDE: usize = 10;

/// A request of the same operation.
#[derive(Debug, Clone, Deserialize)]
struct Other {
    trace_id: String,
    t: Nanos,
    duration_ns: i64,
    status_code: Option<i32>,
}

/// The section.
pub(crate) fn around(state: StoryState) -> El {
    let answer = RwSignal::new(None::<Result<Shared<Vec<Other>>, Failure>>);
    let load = move || {
        let Some(trace) = state.trace.get_untracked() else { return };
        let Some(sql) = sql(&trace) else {
            answer.set(Some(Ok(Shared::default())));
            return;
        };
        spawn_local(async move {
            let result = client::sql::<Other>(&sql, state.lifetime).await;
            if result.as_ref().err() != Some(&Failure::Aborted) {
                answer.try_set(Some(result.map(|answer| Shared::new(answer.rows))));
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
    let content = move || {
        let Some(trace) = state.trace.get() else { return Vec::new() };
        let mut parts = match answer.get() {
            None => vec![skeleton(4)],
            Some(Err(failure)) => vec![failure_box(strings::AROUND_FAILED, &failure, load)],
            Some(Ok(others)) => operation(state, &trace, &others),
        };
        parts.extend(measurements(&trace));
        if let Some(Ok(story)) = state.story.get() {
            parts.extend(same_values(&story));
        }
        parts
    };
    el("details").class("around").on("toggle", open).add([
        text_el("summary", "", strings::AROUND_TITLE),
        el("div").class("around-parts").children(move || if asked.get() { content() } else { Vec::new() }),
    ])
}

/// Asks for root spans of the operation before and after this one.
fn sql(trace: &Trace) -> Option<String> {
    let structure = &trace.structure;
    let root = (0..trace.row_count()).find(|row| !structure.rows.is_missing(*row))?;
    let quoted = |text: &str| text.replace('\'', "''");
    let service = structure.service(root).map_or_else(|| "IS NULL".to_owned(), |name| format!("= '{}'", quoted(name)));
    let start = structure.unix_nano(trace.start_ns(root));
    let side = |compare: &str, order: &str| {
        format!(
            "SELECT * FROM (SELECT trace_id, CAST(start_time_unix_nano AS BIGINT) AS t, duration_ns, status_code FROM spans \
             WHERE parent_span_id IS NULL AND name = '{}' AND service_name {service} \
             AND CAST(start_time_unix_nano AS BIGINT) {compare} {start} ORDER BY start_time_unix_nano {order} LIMIT {EACH_SIDE})",
            quoted(structure.name(root))
        )
    };
    Some(format!("{} UNION ALL {}", side("<=", "DESC"), side(">", "ASC")))
}

fn operation(state: StoryState, trace: &Trace, others: &[Other]) -> Vec<El> {
    let own = state.trace_id.get_value();
    let mut sorted: Vec<&Other> = others.iter().collect();
    sorted.sort_by_key(|other| std::cmp::Reverse(other.t.0));
    if sorted.iter().all(|other| other.trace_id == own) {
        return vec![text_el("p", "muted", strings::AROUND_ALONE)];
    }
    let start = trace.structure.meta.start_unix_nano;
    let well = |other: &&&Other| other.trace_id != own && other.status_code != Some(2);
    let healthy = sorted.iter().filter(well).min_by_key(|other| other.t.0.abs_diff(start));
    let compare = |other: &Other, words: &str| {
        let page = Page::Diff { a: other.trace_id.clone(), b: own.clone() };
        go_link(&Route { page, ..Route::home() }.url(), words)
    };
    let longest = sorted.iter().map(|other| other.duration_ns).max().unwrap_or(1).max(1);
    let rows = sorted.iter().map(|other| {
        let here = other.trace_id == own;
        let failed = (other.status_code == Some(2))
            .then(|| el("span").class("danger-text").add([sign("✖ "), hidden(strings::ERROR_WORD)]));
        let width = format!("{}%", other.duration_ns.max(0) / (longest / 100).max(1));
        let name = if here {
            text_el("strong", "", strings::AROUND_THIS)
        } else {
            go_link(&Route::story(&other.trace_id, None).url(), &other.trace_id)
        };
        el("tr").class(if here { "around-here" } else { "" }).add([
            el("td").class("num").add(date_time(other.t.0)),
            el("td").add(failed).add(name),
            text_el("td", "num", &format::duration(other.duration_ns)),
            el("td").class("around-bar").attr("aria-hidden", "true").add(el("span").style("width", &width)),
            el("td").add((!here).then(|| compare(other, strings::AROUND_COMPARE))),
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
    let table = el("table").class("plain-table").add([el("thead").add(head), el("tbody").add_all(rows)]);
    let healthy = healthy.map(|other| {
        el("p")
            .add(compare(other, strings::AROUND_HEALTHY))
            .text(&format!(" ({})", format::duration(other.duration_ns)))
    });
    let mut parts = vec![text_el("h3", "", strings::AROUND_OPERATION)];
    parts.extend(healthy);
    parts.push(table);
    parts
}

/// Exemplars of metrics that name this trace.
fn measurements(trace: &Trace) -> Vec<El> {
    let exemplars = &trace.structure.exemplars;
    if exemplars.is_empty() {
        return Vec::new();
    }
    let rows = exemplars.iter().map(|exemplar| {
        el("tr").add([
            el("td").class("num").add(clock_time(exemplar.time_unix_nano.0)),
            text_el("td", "", &exemplar.metric),
            text_el("td", "num", &format!("{} {}", exemplar.value, exemplar.unit)),
            text_el("td", "muted", exemplar.service_name.as_deref().unwrap_or_default()),
        ])
    });
    let table = el("table").class("plain-table").label(strings::AROUND_METRICS).add(el("tbody").add_all(rows));
    vec![text_el("h3", "", strings::AROUND_METRICS), table]
}

/// Values that identify a user, a session, a device or an order lead to where else they stand.
fn same_values(story: &Story) -> Vec<El> {
    let facts = story.facts.iter().filter(|fact| strings::AROUND_FACTS.contains(&fact.label.as_str()));
    let links: Vec<El> = facts
        .flat_map(|fact| fact.values.iter().map(move |value| (fact, value)))
        .map(|(fact, value)| {
            let link = go_link(&Route::paste(&value.value).url(), &value.value);
            el("li").text(&format!("{} ", fact.label)).add(link)
        })
        .collect();
    if links.is_empty() {
        return Vec::new();
    }
    vec![text_el("h3", "", strings::AROUND_SAME), el("ul").class("around-values").add(links)]
}
