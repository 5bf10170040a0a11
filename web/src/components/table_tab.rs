//! Spans as a table: each, or gathered by what they share, with sums, sorted by any column.

use std::collections::HashMap;

use leptos::prelude::*;
use telltale_model::SpanKind;

use crate::components::bits::service_chip;
use crate::components::verdict::span_link;
use crate::components::virtual_rows::VirtualRows;
use crate::dom::{El, el, text_el};
use crate::pages::story::data::Trace;
use crate::pages::story::state::StoryState;
use crate::shared::Shared;
use crate::stats::{Sort, Stat, gather, sort};
use crate::{format, strings};

/// Ways to gather that need no attribute: word in the URL, words on the page.
const WAYS: [(&str, &str); 5] = [
    ("operation", strings::BY_OPERATION),
    ("service", strings::BY_SERVICE),
    ("kind", strings::BY_KIND),
    ("none", strings::BY_NONE),
    ("", strings::BY_ATTRIBUTE),
];

/// The view's content.
pub(crate) fn table_tab(state: StoryState) -> El {
    let by = Memo::new(move |_| state.view.with(|view| view.by.clone()).unwrap_or_else(|| "operation".to_owned()));
    let order = RwSignal::new(Sort::SelfTime);
    let stats = Memo::new(move |_| {
        let Some(trace) = state.trace.get() else { return Shared::default() };
        let mut stats = gathered(state, &trace, &by.get());
        sort(&mut stats, order.get());
        Shared::new(stats)
    });
    let count = Signal::derive(move || stats.with(|stats| stats.len()));
    let rows = VirtualRows::of_component(count);
    let window = rows.window();
    let version = Memo::new(move |before: Option<&u64>| {
        stats.track();
        before.map_or(0, |before| before + 1)
    });
    let keys = move || {
        let (start, end) = window.get();
        let version = version.get() << 32;
        let end = end.min(count.get());
        (start..end).map(|place| version | u64::try_from(place).unwrap_or_default()).collect()
    };
    let row_of = move |key: u64| {
        let place = usize::try_from(key & 0xffff_ffff).unwrap_or_default();
        let stats = stats.get_untracked();
        match (stats.get(place), state.trace.get_untracked()) {
            (Some(stat), Some(trace)) => row_el(state, &trace, stat, place),
            _ => el("div"),
        }
    };
    let shown = el("div").class("rows-shown").attr("role", "rowgroup").each(keys, row_of);
    let grid = el("div")
        .class("span-table")
        .attr("role", "table")
        .label(strings::TABLE_LABEL)
        .dyn_attr("aria-rowcount", move || Some((count.get() + 1).to_string()))
        .add([el("div").class("rows-head").attr("role", "rowgroup").add(head(order)), rows.place(shown)]);
    el("div").add([tools(state, by, count), grid])
}

fn tools(state: StoryState, by: Memo<String>, count: Signal<usize>) -> El {
    let options = WAYS.iter().map(|(word, words)| text_el("option", "", words).attr("value", word));
    let known = move || WAYS.iter().any(|(word, _)| !word.is_empty() && *word == by.get());
    let asks_key = RwSignal::new(!untrack(known));
    let choose = el("select").id("table-by").class("select").add_all(options).on_input(move |value| {
        asks_key.set(value.is_empty());
        if !value.is_empty() {
            state.change(|view| view.by = (value != "operation").then_some(value));
        }
    });
    let field: web_sys::HtmlSelectElement = wasm_bindgen::JsCast::unchecked_into(choose.element().clone());
    field.set_value(&if untrack(known) { by.get_untracked() } else { String::new() });
    let key = move || {
        asks_key.get().then(|| {
            el("input")
                .class("find-input")
                .attr("type", "text")
                .attr("placeholder", strings::ATTRIBUTE_KEY)
                .label(strings::ATTRIBUTE_KEY)
                .attr("list", "attribute-keys")
                .dyn_value(move || if known() { String::new() } else { by.get() })
                .on_input(move |value| {
                    state.change(|view| view.by = (!value.trim().is_empty()).then(|| value.trim().to_owned()))
                })
        })
    };
    el("div").class("panel-tools").add([
        el("label").class("check").text(&format!("{} ", strings::GROUP_BY)).add(choose),
        el("span").children(key),
        el("p").class("muted").attr("aria-live", "polite").dyn_text(move || strings::table_rows(count.get())),
    ])
}

fn gathered(state: StoryState, trace: &Trace, by: &str) -> Vec<Stat> {
    let structure = &trace.structure;
    match by {
        "operation" => gather(structure, |row| {
            Some(format!("{}\u{1f}{}", structure.name(row), structure.service(row).unwrap_or_default()))
        }),
        "service" => gather(structure, |row| Some(structure.service(row).unwrap_or_default().to_owned())),
        "kind" => gather(structure, |row| Some(SpanKind::from_otlp(structure.rows.kind(row)).name().to_owned())),
        "none" => gather(structure, |row| Some(format!("{}\u{1f}{row}", structure.name(row)))),
        key => {
            let mut values: HashMap<u32, String> = HashMap::new();
            let Some(details) = state.details.get() else { return Vec::new() };
            details.for_each_span(structure, |row, span| {
                if let Some(found) = span.attributes.iter().find(|attribute| attribute.key == key) {
                    values.insert(row, found.value.clone());
                }
                true
            });
            gather(structure, |row| Some(values.remove(&row).unwrap_or_else(|| strings::WITHOUT_ATTRIBUTE.to_owned())))
        }
    }
}

/// The columns that can be sorted by.
const COLUMNS: [(Sort, &str); 6] = [
    (Sort::Label, strings::COLUMN_GROUP),
    (Sort::Count, strings::COLUMN_COUNT),
    (Sort::Errors, strings::COLUMN_ERRORS),
    (Sort::SelfTime, strings::COLUMN_SELF),
    (Sort::Total, strings::COLUMN_TOTAL),
    (Sort::Max, strings::COLUMN_LONGEST),
];

fn head(order: RwSignal<Sort>) -> El {
    let cells = COLUMNS.iter().map(|(by, words)| {
        let by = *by;
        let sorted = move || {
            let direction = if by == Sort::Label { "ascending" } else { "descending" };
            Some(if order.get() == by { direction } else { "none" }.to_owned())
        };
        let button = text_el("button", "sort-button", words).attr("type", "button").on_click(move || order.set(by));
        el("span").attr("role", "columnheader").dyn_attr("aria-sort", sorted).add(button)
    });
    el("div").class("table-row table-head").attr("role", "row").attr("aria-rowindex", "1").add_all(cells)
}

fn row_el(state: StoryState, trace: &Trace, stat: &Stat, place: usize) -> El {
    let label = stat.label.split('\u{1f}').next().unwrap_or_default();
    let label = if label.is_empty() { strings::NO_SERVICE_NAME } else { label };
    let chip = stat.service.map(|service| service_chip(&trace.palette.look(trace.structure.maybe_text(service))));
    let link = span_link(state, &trace.structure.id_hex(stat.row), "row-name", label).attr("title", label);
    let cell = |class: &str, text: &str| text_el("span", class, text).attr("role", "cell");
    let errors = if stat.errors > 0 { format::count(stat.errors) } else { "–".to_owned() };
    el("div").class("table-row").attr("role", "row").attr("aria-rowindex", &(place + 2).to_string()).add([
        el("span").class("table-label").attr("role", "cell").add(chip).add(link),
        cell("num", &format::count(stat.count)),
        cell(if stat.errors > 0 { "num danger-text" } else { "num muted" }, &errors),
        cell("num", &format::duration(stat.self_ns)),
        cell("num", &format::duration(stat.total_ns)),
        cell("num", &format::duration(stat.max_ns)),
    ])
}
