//! What selected rows have that the others have not: a region of the histogram, a band of durations, or any condition.

use std::rc::Rc;

use leptos::prelude::*;
use serde::Deserialize;
use telltale_api::routes;
use telltale_api::search::{Difference, Differences};
use wasm_bindgen_futures::spawn_local;

use super::bars::{Bars, bars};
use super::{Answer, State};
use crate::client::{self, Failure, Lifetime};
use crate::components::bits::{failure_box, go_link, skeleton};
use crate::dom::{El, el, text_el};
use crate::route::encode;
use crate::search::{Asked, Kind, beside};
use crate::shared::Shared;
use crate::{format, strings};

/// Buckets of durations for each doubling.
const BUCKETS_A_DOUBLING: i32 = 2;

/// What is selected: a time (`from-to` in nanoseconds) or a condition.
#[derive(Clone, PartialEq)]
enum Selected {
    Time(u64, u64),
    Condition(String),
}

fn selected(text: &str) -> Selected {
    let time = text.split_once('-').and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    time.map_or_else(|| Selected::Condition(text.to_owned()), |(from, to)| Selected::Time(from, to))
}

/// The tab.
pub(super) fn different(state: State) -> Vec<El> {
    let chosen = state.nav.param("sel");
    let is_spans = Memo::new(move |_| state.asked.with(|asked| asked.kind != Kind::Logs));
    let durations = el("div").children(move || is_spans.get().then(|| durations(state)));
    let result = el("div").children(move || {
        state.again.track();
        match chosen.get() {
            None => vec![text_el("p", "notice", strings::SEARCH_SELECT_FIRST)],
            Some(text) => compared(state, &selected(&text)),
        }
    });
    vec![selection_form(state), durations, result]
}

/// The selection as a condition, with the usual ones as buttons.
fn selection_form(state: State) -> El {
    let chosen = state.nav.param("sel");
    let text = RwSignal::new(String::new());
    Effect::new(move |_| {
        let shown = chosen.get().map(|text| selected(&text));
        text.set(match shown {
            Some(Selected::Condition(condition)) => condition,
            _ => String::new(),
        });
    });
    let show = move || {
        let text = text.get_untracked();
        state.show("sel", Some(text.trim()).filter(|text| !text.is_empty()));
    };
    let usual: &[(&str, &str)] = match state.kind() {
        Kind::Logs => &strings::SEARCH_SELECT_LOGS,
        Kind::Spans | Kind::Traces => &strings::SEARCH_SELECT_SPANS,
    };
    let buttons = usual.iter().map(move |(condition, name)| {
        text_el("button", "button", name)
            .attr("type", "button")
            .dyn_attr("aria-pressed", move || Some((chosen.get().as_deref() == Some(*condition)).to_string()))
            .on_click(move || state.show("sel", Some(condition)))
    });
    let field = el("input")
        .id("search-selection")
        .class("find-input")
        .attr("type", "text")
        .attr("spellcheck", "false")
        .attr("placeholder", strings::SEARCH_SELECTION_HINT)
        .label(strings::SEARCH_SELECTION)
        .dyn_value(move || text.get())
        .on_input(move |typed| text.set(typed));
    el("form")
        .class("panel-tools")
        .on("submit", move |event| {
            event.prevent_default();
            show();
        })
        .add([
            el("div")
                .class("find")
                .add([field, text_el("button", "button", strings::SEARCH_COMPARE).attr("type", "submit")]),
            el("div").class("button-group").add_all(buttons),
        ])
}

/// Rows of the statement that counts durations.
#[derive(Debug, Deserialize)]
struct DurationRow {
    bucket: Option<i64>,
    failed: bool,
    n: u64,
}

/// How long the spans take, to select a band of it.
fn durations(state: State) -> El {
    let answer: RwSignal<Answer<Shared<Vec<DurationRow>>>> = RwSignal::new(None);
    let condition = Memo::new(move |_| {
        state.found.with(|found| match found {
            Some(Ok(found)) => Some(found.condition.clone()),
            _ => None,
        })
    });
    Effect::new(move |_| {
        let Some(condition) = condition.get() else { return };
        let lifetime = Lifetime::of_component();
        let sql = format!(
            "SELECT CAST(floor(log2(greatest(duration_ns, 1)) * {BUCKETS_A_DOUBLING}) AS BIGINT) AS bucket, \
             coalesce(status_code, 0) = 2 AS failed, count(*) AS n FROM spans WHERE {condition} GROUP BY 1, 2"
        );
        spawn_local(async move {
            let found = client::sql::<DurationRow>(&sql, lifetime).await;
            if !lifetime.is_over() && !matches!(found, Err(Failure::Aborted)) {
                answer.set(Some(found.map(|found| Shared::new(found.rows))));
            }
        });
    });
    el("section").class("search-durations").add([
        text_el("h2", "", strings::SEARCH_DURATIONS),
        el("div").children(move || match answer.get() {
            None => vec![skeleton(3)],
            Some(Err(failure)) => vec![failure_box(strings::SEARCH_DURATIONS_FAILED, &failure, || ())],
            Some(Ok(rows)) => duration_bars(state, &rows),
        }),
    ])
}

/// Returns the duration at a place among the buckets, in quarters of a bucket.
fn edge(quarters: i64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::as_conversions,
        clippy::cast_precision_loss,
        reason = "buckets are below 128; casts of floats saturate"
    )]
    let edge = (quarters as f64 / f64::from(4 * BUCKETS_A_DOUBLING)).exp2().ceil() as i64;
    edge
}

fn duration_bars(state: State, rows: &[DurationRow]) -> Vec<El> {
    let buckets = || rows.iter().filter_map(|row| row.bucket);
    let (Some(least), Some(most)) = (buckets().min(), buckets().max()) else {
        return vec![text_el("p", "muted", strings::SEARCH_NOTHING)];
    };
    let count = usize::try_from(most - least + 1).unwrap_or(1);
    let mut counts = vec![vec![0; count]; 2];
    for row in rows {
        let at = row.bucket.and_then(|bucket| usize::try_from(bucket - least).ok());
        let cell = at.and_then(|at| counts.get_mut(usize::from(row.failed)).and_then(|row| row.get_mut(at)));
        if let Some(cell) = cell {
            *cell += row.n;
        }
    }
    let bucket = move |at: usize| least + i64::try_from(at).unwrap_or(0);
    let band = move |first: usize, last: usize| (edge(4 * bucket(first)), edge(4 * bucket(last + 1)));
    let select = Rc::new(move |first: usize, last: usize| {
        let (from, to) = band(first, last);
        state.show("sel", Some(&format!("duration>={from}ns duration<{to}ns")));
    });
    let ticks = (0..5).map(|part| format::duration(edge(4 * least + (most - least + 1) * part)));
    let drawing = bars(
        Bars {
            groups: vec![
                (strings::SEARCH_NOT_FAILED.to_owned(), "bar-info"),
                (strings::ERROR_WORD.to_owned(), "bar-error"),
            ],
            counts,
            range: Box::new(move |first, last| {
                let (from, to) = band(first, last);
                format!("{} – {}", format::duration(from), format::duration(to))
            }),
            ticks: ticks.collect(),
            name: strings::SEARCH_DURATION_BARS,
        },
        Rc::clone(&select) as super::bars::Act,
        select,
        Memo::new(|_| true),
    );
    vec![drawing]
}

/// The ranked differences.
fn compared(state: State, selected: &Selected) -> Vec<El> {
    let answer: RwSignal<Answer<Shared<Differences>>> = RwSignal::new(None);
    let part = match selected {
        Selected::Time(from, to) => format!("selection_from={from}&selection_to={to}"),
        Selected::Condition(condition) => format!("selection={}", encode(condition)),
    };
    Effect::new(move |_| {
        let parameters = state.asked.with(Asked::parameters);
        let lifetime = Lifetime::of_component();
        let address = format!("{}?{parameters}&{part}", routes::SEARCH_DIFFERENT);
        spawn_local(async move {
            let found = client::json::<Differences>(&address, lifetime).await;
            if !lifetime.is_over() && !matches!(found, Err(Failure::Aborted)) {
                answer.set(Some(found.map(Shared::new)));
            }
        });
    });
    vec![el("div").children(move || match answer.get() {
        None => vec![skeleton(8)],
        Some(Err(failure)) => {
            vec![failure_box(strings::SEARCH_DIFFERENT_FAILED, &failure, move || {
                state.again.update(|again| *again += 1)
            })]
        }
        Some(Ok(found)) => ranked(state, &found),
    })]
}

fn ranked(state: State, found: &Differences) -> Vec<El> {
    let mut words = strings::search_compared(&format::count(found.selected), &format::count(found.rest));
    if !found.is_complete {
        words.push_str(strings::SEARCH_COMPARED_CUT);
    }
    let words = text_el("p", "muted", &words).attr("role", "status");
    if found.differences.is_empty() {
        return vec![words, text_el("p", "notice", strings::SEARCH_NO_DIFFERENCE)];
    }
    let heads = [strings::SEARCH_KEY, strings::SEARCH_VALUE, strings::SEARCH_OF_SELECTED, strings::SEARCH_OF_REST];
    let heads = heads.map(|words| text_el("th", "", words).attr("scope", "col"));
    let rows = found.differences.iter().map(|one| difference_row(state, one));
    let table =
        el("table").class("search-table").add(el("thead").add(el("tr").add(heads))).add(el("tbody").add_all(rows));
    vec![words, table]
}

fn difference_row(state: State, one: &Difference) -> El {
    let place = state.place_of(|asked| asked.query = beside(&asked.query, &one.condition)).with("tab", None);
    let share = |share: f64, count: u64, class: &str| {
        let text = format!("{:.0} %", share * 100.0);
        let bar = el("span")
            .class("share-bar")
            .attr("aria-hidden", "true")
            .add(el("span").class(class).style("width", &format!("{:.1}%", share * 100.0)));
        el("td").class("num share").add([
            text_el("span", "", &text),
            text_el("span", "muted", &format::count(count)),
            bar,
        ])
    };
    let value = if one.value.is_empty() { strings::EMPTY_TEXT } else { &one.value };
    el("tr").add([
        text_el("th", "", &one.key).attr("scope", "row"),
        el("td").add(go_link(&place.url(), value)),
        share(one.selected_share, one.selected, "share-selected"),
        share(one.rest_share, one.rest, "share-rest"),
    ])
}
