//! What an unfolded row shows: its whole text, every field with what can be done with it, and the ways on.

use leptos::prelude::*;
use telltale_api::search::SearchRow;
use telltale_search::complete::quoted;

use super::State;
use super::list::{List, columns, remember, story_of};
use crate::components::bits::go_link;
use crate::components::copy_button::copy_button;
use crate::dom::{El, el, sign, text_el};
use crate::route::Place;
use crate::search::{Asked, Field, Kind, beside, fields, negated};
use crate::strings;

/// Lines of the smallest and the greatest details; what is longer scrolls in its place.
const LINES_MIN: usize = 4;
const LINES_MAX: usize = 22;

/// How far around a record its neighbours are shown.
const AROUND_NS: u64 = 5_000_000_000;

/// Returns how many lines the details of a row take.
pub(super) fn detail_lines(row: &SearchRow, kind: Kind) -> usize {
    // The ways on, the text, a line a field, and room above and below.
    let text = if row.text.is_empty() { 0 } else { row.text.lines().count().max(row.text.len() / 140 + 1) + 1 };
    (fields(row, kind).len() + text + 3).clamp(LINES_MIN, LINES_MAX)
}

/// The details.
pub(super) fn detail(list: List, row: &SearchRow) -> El {
    let state = list.state;
    let kind = state.kind();
    let text = (!row.text.is_empty()).then(|| {
        let copied = row.text.clone();
        el("div")
            .class("detail-text")
            .add([text_el("pre", "", &row.text), copy_button(move || copied.clone(), strings::WHAT_LINE, None)])
    });
    let items = fields(row, kind).into_iter().map(|field| field_el(list, field));
    el("div")
        .class("found-detail")
        .attr("tabindex", "0")
        .attr("role", "group")
        .label(strings::SEARCH_DETAILS)
        .add(ways(state, row))
        .add(text)
        .add(el("dl").class("detail-fields").add_all(items))
}

/// Where a row leads to.
fn ways(state: State, row: &SearchRow) -> El {
    let mut ways = Vec::new();
    let time = row.time_unix_nano.0;
    if let Some(address) = story_of(row) {
        ways.push(
            go_link(&address, strings::SEARCH_SAME_TRACE).class("button").on_click(move || remember(state, time)),
        );
        let trace = row.trace_id.clone().unwrap_or_default();
        let logs = Asked { query: format!("trace={trace}"), kind: Kind::Logs, ..Asked::default() };
        ways.push(go_link(&logs.place().url(), strings::SEARCH_TRACE_LOGS).class("button"));
    }
    let service = row.service_name.as_ref().map(|name| format!("service={}", quoted(name))).unwrap_or_default();
    let around = Asked {
        query: service,
        kind: Kind::Logs,
        from: Some(time.saturating_sub(AROUND_NS).to_string()),
        to: Some((time + AROUND_NS).to_string()),
        slowest: false,
    };
    let around = around.place().with("at", Some(&time.to_string())).url();
    ways.push(go_link(&around, strings::SEARCH_AROUND).class("button"));
    el("div").class("detail-ways").add(ways)
}

fn field_el(list: List, field: Field) -> El {
    let state = list.state;
    let Field { key, value, condition, .. } = field;
    let is_trace_list = state.kind() == Kind::Traces;
    let act = |class: &str, mark: &str, name: String, condition: String| {
        let address = move || {
            state.nav.place();
            Some(state.place_of(|asked| asked.query = beside(&asked.query, &condition)).url())
        };
        el("a").class(class).attr("data-go", "").named(&name).dyn_attr("href", address).add(sign(mark))
    };
    let (shown, copied) = (value.clone(), value.clone());
    let mut acts = Vec::new();
    if !is_trace_list {
        acts.push(act("icon-button", "=", strings::search_only(&key, &value), condition.clone()));
        acts.push(act("icon-button", "≠", strings::search_not(&key, &value), negated(&condition)));
        acts.push(column_button(state, &key));
    }
    if !value.is_empty() {
        let elsewhere = Place::at("/").with("q", Some(&value)).url();
        acts.push(
            go_link(&elsewhere, "").class("icon-button").named(&strings::search_elsewhere(&value)).add(sign("⌕")),
        );
    }
    acts.push(copy_button(move || copied.clone(), strings::WHAT_VALUE, None));
    let value = if shown.is_empty() {
        text_el("span", "value-empty", strings::EMPTY_TEXT)
    } else {
        text_el("span", "value", &shown)
    };
    el("div")
        .class("detail-field")
        .add([text_el("dt", "", &key), el("dd").add(value).add(el("span").class("detail-acts").add(acts))])
}

/// Makes a field a column of the list, or no longer.
pub(super) fn column_button(state: State, key: &str) -> El {
    let (shown, act) = (key.to_owned(), key.to_owned());
    let columns = columns(state);
    el("button")
        .class("icon-button pin-button")
        .attr("type", "button")
        .named(&strings::search_column(key))
        .dyn_attr("aria-pressed", move || Some(columns.with(|columns| columns.contains(&shown)).to_string()))
        .on_click(move || toggle_column(state, &columns.get_untracked(), &act))
        .add(el("span").class("pin-sign").attr("aria-hidden", "true"))
}

/// Shows or hides a column; texts stay last, so that a new column stands before them.
pub(super) fn toggle_column(state: State, columns: &[String], key: &str) {
    let mut chosen: Vec<String> = columns.iter().filter(|column| *column != key).cloned().collect();
    if chosen.len() == columns.len() {
        let at = chosen.iter().position(|column| column == "body" || column == "name").unwrap_or(chosen.len());
        chosen.insert(at, key.to_owned());
    }
    let usual = super::list::usual_columns(state.kind());
    let is_usual = chosen.iter().map(String::as_str).eq(usual.iter().copied());
    let text = chosen.join(",");
    // An empty list is a choice too.
    let text = if text.is_empty() { ",".to_owned() } else { text };
    state.nav.replace_with(state.nav.place_now().with("cols", (!is_usual).then_some(text.as_str())));
}
