//! One service: how it does, its operations, and whom it calls and is called by.

use leptos::prelude::*;
use telltale_api::Nanos;
use telltale_api::routes;
use telltale_api::services::{MapEdge, ServiceMap, ServiceView, Services};

use super::table::{examples, operations_table, red_cells};
use super::{
    asked, incomplete, look, nothing, objectives, objectives_now, part, search_place, service_place, time_range, tools,
};
use crate::components::bits::{go_link, service_chip, service_name, time_el};
use crate::components::loaded::Loaded;
use crate::components::slo_state::slo_lines;
use crate::dom::{El, el, svg, text_el};
use crate::red;
use crate::{format, strings};

/// Size of a chart's drawing; the page stretches it.
const CHART: (f64, f64) = (300.0, 80.0);

/// The page of a service; an empty name is that of the spans without one.
pub(super) fn detail(name: &str) -> El {
    document().set_title(&strings::service_document_title(&service_name(name)));
    let services = Loaded::<Services>::of_component(asked(routes::SERVICES, Some(name)));
    let map = Loaded::<ServiceMap>::of_component(asked(routes::SERVICE_MAP, None));
    let objectives = objectives(Some(name));
    let again = move || {
        services.load();
        map.load();
        objectives.load();
    };
    let title =
        el("h1").class("service-title").add(service_chip(&look(name))).text(&format!(" {}", service_name(name)));
    let way = el("nav").label(strings::SERVICES_WAY).add(go_link("/services", strings::SERVICES_TITLE));
    let name = name.to_owned();
    let called = name.clone();
    let numbers = part(services, move |services| match services.services.first() {
        None => vec![nothing()],
        Some(service) => vec![incomplete(services.is_complete), numbers(services, service), operations_table(service)],
    });
    let promised = el("div").children(move || {
        let own = objectives_now(objectives);
        (!own.is_empty()).then(|| {
            let title = text_el("h2", "", strings::SERVICES_OBJECTIVES);
            el("section").class("service-calls").add([title, slo_lines(own.iter())])
        })
    });
    let calls = part(map, move |map| {
        vec![
            calls(strings::SERVICES_CALLED_BY, map, &|edge| (edge.to == called).then_some(&edge.from)),
            calls(strings::SERVICES_CALLS, map, &|edge| (edge.from == called).then_some(&edge.to)),
        ]
    });
    el("div").class("services").add([
        el("div").class("services-head").add([el("div").add([way, title]), links(&name)]),
        tools(again),
        promised,
        numbers,
        calls,
    ])
}

/// Ways on from here.
fn links(name: &str) -> El {
    let map = crate::route::Place::of_url("/services").with("view", Some("map")).with("at", Some(name)).url();
    el("div").class("button-group").add([
        go_link(&search_place(name, ""), strings::SERVICES_SEARCH).class("button"),
        go_link(&search_place(name, "status:error"), strings::SERVICES_SEARCH_FAILED).class("button"),
        go_link(&map, strings::SERVICES_ON_MAP).class("button"),
    ])
}

/// What it does now, in numbers and three charts.
fn numbers(services: &Services, service: &ServiceView) -> El {
    let heads = [strings::SERVICES_RATE, strings::SERVICES_ERRORS, "p50", "p95", "p99"];
    let values = red_cells("dd", &service.now, service.before.as_ref());
    let facts = heads
        .iter()
        .zip(values)
        .map(|(words, value)| el("div").class("service-fact").add([text_el("dt", "muted", words), value]));
    let (from, to) = (services.from_unix_nano.0, services.to_unix_nano.0);
    el("section").class("service-numbers").add([
        el("dl").class("service-facts").add_all(facts),
        el("p").class("muted").add(time_range(from, to)),
        charts(service, services.trend_step_ns, (from, to)),
    ])
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "drawn to a pixel")]
fn charts(service: &ServiceView, step: Nanos, range: (u64, u64)) -> El {
    let seconds = step.0 as f64 / 1e9;
    let per_second = |values: &[f64]| values.iter().map(|value| value / seconds).collect::<Vec<f64>>();
    let nanos = |values: &[Nanos]| values.iter().map(|value| value.0 as f64).collect::<Vec<f64>>();
    let most = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    let (requests, failed) = (per_second(&service.trend), per_second(&service.error_trend));
    let shares: Vec<f64> = service
        .trend
        .iter()
        .zip(&service.error_trend)
        .map(|(all, failed)| if *all > 0.0 { failed / all } else { 0.0 })
        .collect();
    let (p50, p95) = (nanos(&service.p50_trend_ns), nanos(&service.p95_trend_ns));
    let bars =
        |class: &str, values: &[f64], most: f64| svg("path").class(class).attr("d", &red::bars(values, most, CHART));
    let line =
        |class: &str, values: &[f64], most: f64| svg("path").class(class).attr("d", &red::line(values, most, CHART));
    let (top_rate, top_share, top_time) = (most(&requests), most(&shares), most(&p95));
    let time = red::time(&service.now, Nanos(whole(top_time)));
    el("div").class("service-charts").add([
        chart(
            strings::CHART_RATE,
            &red::rate(top_rate),
            range,
            vec![bars("red-bars", &requests, top_rate), bars("red-bars-failed", &failed, top_rate)],
        ),
        chart(strings::CHART_ERRORS, &red::share(top_share), range, vec![bars("red-bars-failed", &shares, top_share)]),
        chart(
            strings::CHART_TIME,
            &time,
            range,
            vec![line("red-line", &p50, top_time), line("red-line red-line-high", &p95, top_time)],
        ),
    ])
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::as_conversions, reason = "casts saturate")]
fn whole(value: f64) -> u64 {
    value as u64
}

/// One chart with its highest value and its time.
fn chart(title: &str, most: &str, (from, to): (u64, u64), drawn: Vec<El>) -> El {
    let drawing = svg("svg")
        .attr("viewBox", &format!("0 0 {} {}", CHART.0, CHART.1))
        .attr("preserveAspectRatio", "none")
        .attr("role", "img")
        .label(&strings::chart_words(title, most))
        .add(drawn);
    let head =
        el("figcaption").add([text_el("span", "", title), text_el("span", "muted num", &strings::chart_most(most))]);
    let ends = el("p")
        .class("service-chart-ends muted")
        .add([time_el(from, format::clock_seconds), time_el(to, format::clock_seconds)]);
    el("figure").class("service-chart").add([head, drawing, ends])
}

/// The calls in one direction; `other` names the other side of those that belong here.
fn calls(title: &str, map: &ServiceMap, other: &dyn Fn(&MapEdge) -> Option<&String>) -> El {
    let rows: Vec<El> = map.edges.iter().filter_map(|edge| Some(call_row(map, edge, other(edge)?))).collect();
    let section = el("section").class("service-calls").add(text_el("h2", "", title));
    if rows.is_empty() {
        return section.add(text_el("p", "muted", strings::SERVICES_NO_CALLS));
    }
    section.add(calls_table(title, &[strings::SERVICES_OTHER_SIDE], rows))
}

/// A table of calls; `names` are the heads of its first columns.
pub(super) fn calls_table(caption: &str, names: &[&str], rows: Vec<El>) -> El {
    let numbers = [strings::SERVICES_RATE, strings::SERVICES_ERRORS, "p50", "p95", "p99"];
    let heads = names.iter().map(|words| text_el("th", "", words).attr("scope", "col"));
    let numbers = numbers.iter().map(|words| text_el("th", "num", words).attr("scope", "col"));
    let examples = text_el("th", "", strings::SERVICES_EXAMPLES).attr("scope", "col");
    let head = el("tr").add_all(heads).add_all(numbers).add(examples);
    let table = el("table").class("red-table").add([
        text_el("caption", "hidden", caption),
        el("thead").add(head),
        el("tbody").add(rows),
    ]);
    el("div").class("red-place").attr("tabindex", "0").attr("role", "group").label(caption).add(table)
}

fn call_row(map: &ServiceMap, edge: &MapEdge, other: &str) -> El {
    let mut cells = vec![el("th").class("red-name").attr("scope", "row").add(node_name(map, other))];
    cells.extend(call_cells(edge));
    el("tr").add(cells)
}

/// Numbers and examples of a call.
pub(super) fn call_cells(edge: &MapEdge) -> Vec<El> {
    let mut cells = red_cells("td", &edge.calls, None);
    // There is no period before to compare with: "new" would be said of everything.
    if let Some(rate) = cells.first_mut() {
        *rate = text_el("td", "num", &red::rate(edge.calls.rate));
    }
    cells.push(el("td").add(examples([
        edge.slowest_trace_id.as_deref(),
        edge.error_trace_id.as_deref(),
        edge.newest_trace_id.as_deref(),
    ])));
    cells
}

/// A node by its name: services lead to their page, others say what they are.
pub(super) fn node_name(map: &ServiceMap, id: &str) -> Vec<El> {
    let Some(node) = map.nodes.iter().find(|node| node.id == id) else { return vec![text_el("span", "", id)] };
    if node.kind == "service" {
        let link = go_link(&service_place(&node.name), &service_name(&node.name));
        return vec![service_chip(&look(&node.name)), link];
    }
    let kind = strings::peer_kind(&node.kind);
    let words = node
        .system
        .as_ref()
        .filter(|system| **system != node.name)
        .map_or_else(|| kind.to_owned(), |system| format!("{kind}, {system}"));
    vec![text_el("span", "", &node.name), text_el("span", "tag", &words)]
}
