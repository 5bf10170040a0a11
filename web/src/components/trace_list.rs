//! A list of traces, one line each, newest first.

use leptos::prelude::*;
use telltale_api::trace::TraceSummary;

use crate::components::bits::{clock_time, service_name};
use crate::dom::{El, distinct, el, hidden, sign, text_el};
use crate::feed::Feed;
use crate::route::Route;
use crate::{format, strings};

/// A list that follows a feed, but stands still while it is pointed at or has the focus; `empty` stands there when
/// nothing does, `errors` shows the first error of each trace.
pub(crate) fn trace_list(feed: RwSignal<Feed>, title: &str, empty: &'static str, errors: bool) -> El {
    let hovered = RwSignal::new(false);
    let focused = RwSignal::new(false);
    let still = Memo::new(move |_| hovered.get() || focused.get());
    let shown = RwSignal::new(Vec::<TraceSummary>::new());
    Effect::new(move |_| {
        let rows = feed.with(|feed| feed.rows().to_vec());
        if !still.get() {
            shown.set(rows);
        }
    });
    let waiting = move || {
        if !still.get() {
            return String::new();
        }
        let first = shown.with(|rows| rows.first().map(|row| row.trace_id.clone()));
        let new = first
            .map_or(0, |first| feed.with(|feed| feed.rows().iter().take_while(|row| row.trace_id != first).count()));
        if new > 0 { strings::waiting(new) } else { String::new() }
    };
    let longest =
        Memo::new(move |_| shown.with(|rows| rows.iter().map(|row| row.duration_ns.0).max().unwrap_or(1).max(1)));
    let rows = el("ul")
        .class("trace-rows")
        .on("mouseenter", move |_| hovered.set(true))
        .on("mouseleave", move |_| hovered.set(false))
        .on("focusin", move |_| focused.set(true))
        .on("focusout", move |_| focused.set(false))
        .each(
            move || shown.with(|rows| distinct(rows.iter().map(key_of))),
            move |key| {
                let row = shown.with_untracked(|rows| rows.iter().find(|row| key_of(row) == key).cloned());
                row.map_or_else(|| el("li"), |row| trace_line(&row, errors, longest.into()))
            },
        );
    let nothing = move || shown.with(Vec::is_empty).then(|| text_el("p", "muted list-empty", empty));
    el("section").class(if errors { "trace-list trace-list-errors" } else { "trace-list" }).add([
        el("div")
            .class("list-head")
            .add(text_el("h2", "", title))
            .add(el("p").class("muted").attr("aria-live", "off").dyn_text(waiting)),
        rows,
        el("div").children(nothing),
    ])
}

/// A trace's key changes with what its line says.
fn key_of(row: &TraceSummary) -> u64 {
    let state =
        format!("{} {} {} {} {}", row.trace_id, row.span_count, row.error_count, row.duration_ns.0, row.has_root);
    format::hash(&state)
}

/// One trace as a link; `longest` is the longest duration in the list, for the bar.
pub(crate) fn trace_line(row: &TraceSummary, errors: bool, longest: Signal<i64>) -> El {
    let failed = row.error_count > 0;
    let duration = row.duration_ns.0;
    let services = match (row.service_name.as_deref(), row.services.len()) {
        (Some(name), 0 | 1) => service_name(name),
        (Some(name), count) => strings::and_others(&service_name(name), count),
        (None, _) => service_name(""),
    };
    let signs = failed.then(|| vec![sign("✖").class("error-sign"), hidden(strings::ERROR_WORD)]);
    let message = row.first_error.as_ref().filter(|_| errors).map(|message| text_el("span", "line-message", message));
    let name = el("span")
        .class("line-name")
        .add(text_el("span", "line-title", &row.name))
        .add((!row.has_root).then(|| text_el("span", "tag", strings::ROOT_MISSING)))
        .add(message);
    let bar = el("span").dyn_style("width", move || format!("{:.1}%", share_of(duration, longest.get())));
    let line = el("a")
        .class(if failed { "trace-line trace-failed" } else { "trace-line" })
        .attr("href", &Route::story(&row.trace_id, None).url())
        .attr("data-go", "")
        .add([
            el("span").class("line-time num").add(clock_time(row.start_unix_nano.0)),
            el("span").class("line-sign").add(signs.unwrap_or_default()),
            name,
            text_el("span", "line-services muted", &services),
            text_el("span", "line-duration num", &format::duration(duration)),
            el("span").class("line-bar").attr("aria-hidden", "true").add(bar),
            text_el("span", "line-count muted num", &format::counted(row.span_count, "span")),
        ]);
    el("li").add(line)
}

#[expect(clippy::cast_precision_loss, reason = "the width of a bar")]
fn share_of(duration: i64, longest: i64) -> f64 {
    if longest <= 0 { 0.0 } else { (duration as f64 / longest as f64 * 100.0).clamp(0.0, 100.0) }
}
