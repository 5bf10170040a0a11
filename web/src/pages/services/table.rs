//! Tables of services and operations, sorted by what the reader chooses.

use leptos::prelude::*;
use telltale_api::dashboard::SloState;
use telltale_api::services::{OperationView, Red, ServiceView, Services};

use super::{look, order, search_place, service_place};
use crate::components::bits::{go_link, service_chip, service_name};
use crate::components::slo_state::slo_lines;
use crate::dom::{El, el, svg, text_el};
use crate::nav::use_nav;
use crate::red::{self, Change, Measured, Order};
use crate::route::Route;
use crate::shared::Shared;
use crate::{format, strings};

/// Rows that are shown at first.
const ROWS: usize = 200;
/// Size of the drawing of a trend.
const SPARK: (f64, f64) = (120.0, 22.0);

/// The services; their objectives are a column where there are any.
pub(super) fn services_table(services: &Shared<Services>, objectives: Vec<SloState>) -> El {
    let nav = use_nav();
    let find = nav.param("find");
    let services = services.clone();
    let field = el("input")
        .class("find-input services-find")
        .attr("type", "search")
        .attr("placeholder", strings::SERVICES_FIND)
        .label(strings::SERVICES_FIND)
        .dyn_value(move || find.get().unwrap_or_default())
        .on_input(move |text| {
            nav.replace_with(nav.place_now().with("find", Some(text.as_str()).filter(|text| !text.is_empty())))
        });
    let has_any = services.services.iter().any(|one| objectives.iter().any(|slo| slo.service == one.name()));
    let mut columns = vec![(None, strings::SERVICES_TREND)];
    columns.extend(has_any.then_some((None, strings::SERVICES_OBJECTIVES)));
    listed(strings::SERVICES_TABLE, strings::SERVICES_NAME, columns, Some(field), {
        move |order: Order| {
            let wanted = find.get().unwrap_or_default().to_lowercase();
            let fits = |one: &&ServiceView| service_name(one.name()).to_lowercase().contains(&wanted);
            let mut list: Vec<&ServiceView> = services.services.iter().filter(fits).collect();
            red::sort(&mut list, order);
            let row = |service: &ServiceView| {
                let own = objectives.iter().filter(|slo| slo.service == service.name());
                service_row(service).add(has_any.then(|| el("td").add(slo_lines(own))))
            };
            list.into_iter().map(row).collect()
        }
    })
}

fn service_row(service: &ServiceView) -> El {
    let name = service.name();
    let link = go_link(&service_place(name), &service_name(name)).attr("title", &service_name(name));
    let head = el("th").class("red-name").attr("scope", "row").add([service_chip(&look(name)), link]);
    let mut cells = vec![head];
    cells.extend(red_cells("td", &service.now, service.before.as_ref()));
    cells.push(el("td").add(spark(service)));
    el("tr").add(cells)
}

/// The operations of a service.
pub(super) fn operations_table(service: &ServiceView) -> El {
    let name = service.name().to_owned();
    let operations = service.operations.clone();
    let columns = vec![(None, strings::SERVICES_EXAMPLES)];
    let table = listed(strings::SERVICES_OPERATIONS, strings::SERVICES_OPERATION, columns, None, move |order| {
        let mut list: Vec<&OperationView> = operations.iter().collect();
        red::sort(&mut list, order);
        list.into_iter().map(|operation| operation_row(&name, operation)).collect()
    });
    let left_out = (service.operations_left_out > 0)
        .then(|| text_el("p", "muted", &strings::services_left_out(&format::count(service.operations_left_out))));
    el("div").add(table).add(left_out)
}

fn operation_row(service: &str, operation: &OperationView) -> El {
    let query = format!("name={}", super::quoted(&operation.name));
    let link = go_link(&search_place(service, &query), &operation.name).attr("title", &operation.name);
    let mut cells = vec![el("th").class("red-name").attr("scope", "row").add(link)];
    cells.extend(red_cells("td", &operation.now, operation.before.as_ref()));
    cells.push(el("td").add(examples([
        operation.slowest_trace_id.as_deref(),
        operation.error_trace_id.as_deref(),
        operation.newest_trace_id.as_deref(),
    ])));
    el("tr").add(cells)
}

/// Links to the slowest, a failed and the newest request.
pub(super) fn examples(traces: [Option<&str>; 3]) -> El {
    let words = [strings::EXAMPLE_SLOWEST, strings::EXAMPLE_FAILED, strings::EXAMPLE_NEWEST];
    let links = traces.into_iter().zip(words).filter_map(|(trace, words)| {
        let class = if words == strings::EXAMPLE_FAILED { "danger-text" } else { "" };
        Some(go_link(&Route::story(trace?, None).url(), words).class(class))
    });
    let links: Vec<El> = links.collect();
    if links.is_empty() {
        return text_el("span", "muted", "–");
    }
    el("span").class("red-examples").add(links)
}

/// Rate, errors and durations, each with its change below.
pub(super) fn red_cells(tag: &str, now: &Red, before: Option<&Red>) -> Vec<El> {
    let errors = el(tag).class(if now.errors > 0.0 { "num danger-text" } else { "num muted" });
    vec![
        changed(
            el(tag).class("num").attr("title", &strings::requests(&red::requests(now.requests))),
            &red::rate(now.rate),
            red::rate_change(now, before),
        ),
        changed(
            errors.attr("title", &strings::failed(&red::requests(now.errors))),
            &red::share(now.error_share),
            red::error_change(now, before),
        ),
        text_el(tag, "num", &red::time(now, now.p50_ns)),
        changed(el(tag).class("num"), &red::time(now, now.p95_ns), red::time_change(now, before)),
        text_el(tag, "num", &red::time(now, now.p99_ns)),
    ]
}

fn changed(cell: El, words: &str, change: Option<Change>) -> El {
    let class = |is_worse| if is_worse { "red-change red-worse" } else { "red-change" };
    cell.text(words).add(change.map(|change| text_el("span", class(change.is_worse), &change.words)))
}

/// Requests over the range, and the failed ones among them.
fn spark(service: &ServiceView) -> El {
    let most = service.trend.iter().copied().fold(0.0, f64::max);
    let path = |class: &str, values: &[f64]| svg("path").class(class).attr("d", &red::bars(values, most, SPARK));
    svg("svg")
        .class("red-spark")
        .attr("viewBox", &format!("0 0 {} {}", SPARK.0, SPARK.1))
        .attr("role", "img")
        .label(&strings::spark_words(&red::requests(most), &red::requests(service.now.errors)))
        .add([path("red-bars", &service.trend), path("red-bars-failed", &service.error_trend)])
}

/// Columns that every table has: the order and its words.
const COLUMNS: [(Order, &str); 5] = [
    (Order::Rate, strings::SERVICES_RATE),
    (Order::Errors, strings::SERVICES_ERRORS),
    (Order::P50, "p50"),
    (Order::P95, "p95"),
    (Order::P99, "p99"),
];

/// A table whose order is in the address; long ones show their first rows until asked for all.
fn listed(
    caption: &str,
    first: &'static str,
    more: Vec<(Option<Order>, &'static str)>,
    tool: Option<El>,
    rows: impl Fn(Order) -> Vec<El> + 'static,
) -> El {
    let order = order();
    let all = RwSignal::new(false);
    let left = RwSignal::new(0_usize);
    let mut heads = vec![head(order, Some(Order::Name), first)];
    heads.extend(COLUMNS.iter().map(|(by, words)| head(order, Some(*by), words).class("num")));
    heads.extend(more.into_iter().map(|(by, words)| head(order, by, words)));
    let body = el("tbody").children(move || {
        let mut rows = rows(order.get());
        let shown = if all.get() { rows.len() } else { ROWS.min(rows.len()) };
        left.set(rows.len() - shown);
        rows.truncate(shown);
        rows
    });
    let button = move || {
        let left = left.get();
        (left > 0).then(|| {
            let words = strings::services_more(&format::count(u64::try_from(left).unwrap_or(u64::MAX)));
            text_el("button", "button", &words).attr("type", "button").on_click(move || all.set(true))
        })
    };
    let table = el("table").class("red-table").add([
        text_el("caption", "hidden", caption),
        el("thead").add(el("tr").add(heads)),
        body,
    ]);
    // Wide tables scroll by themselves, also with the keyboard.
    let place = el("div").class("red-place").attr("tabindex", "0").attr("role", "group").label(caption).add(table);
    el("div").add([
        el("div").class("panel-tools").add(tool).add(slower(order)),
        place,
        el("div").class("panel-tools").children(button),
    ])
}

/// The order that has no column of its own.
fn slower(order: Memo<Order>) -> El {
    let nav = use_nav();
    text_el("button", "button", strings::SERVICES_SLOWER)
        .attr("type", "button")
        .dyn_attr("aria-pressed", move || Some((order.get() == Order::Slower).to_string()))
        .on_click(move || {
            let word = (order.get_untracked() != Order::Slower).then_some(Order::Slower.word());
            nav.replace_with(nav.place_now().with("sort", word));
        })
}

fn head(order: Memo<Order>, by: Option<Order>, words: &'static str) -> El {
    let cell = el("th").attr("scope", "col");
    let Some(by) = by else { return cell.text(words) };
    let nav = use_nav();
    let direction = if by == Order::Name { "ascending" } else { "descending" };
    let sorted = move || Some(if order.get() == by { direction } else { "none" }.to_owned());
    let button = text_el("button", "sort-button", words).attr("type", "button").on_click(move || {
        let word = (by != Order::Rate).then_some(by.word());
        nav.replace_with(nav.place_now().with("sort", word));
    });
    cell.dyn_attr("aria-sort", sorted).add(button)
}
