//! A list of traces, one line each, newest first.

use leptos::prelude::*;
use telltale_api::trace::TraceSummary;

use crate::components::bits::{ClockTime, service_name};
use crate::feed::Feed;
use crate::route::Route;
use crate::{format, strings};

/// A list that follows a feed, but stands still while it is pointed at or has the focus.
#[component]
pub(crate) fn TraceList(
    /// The traces.
    feed: RwSignal<Feed>,
    /// Heading.
    title: &'static str,
    /// What stands there when the list is empty.
    empty: &'static str,
    /// Whether the first error of each trace is shown.
    #[prop(optional)]
    errors: bool,
) -> impl IntoView {
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
            return None;
        }
        let first = shown.with(|rows| rows.first().map(|row| row.trace_id.clone()))?;
        let new = feed.with(|feed| feed.rows().iter().take_while(|row| row.trace_id != first).count());
        (new > 0).then(|| strings::waiting(new))
    };
    let longest =
        Memo::new(move |_| shown.with(|rows| rows.iter().map(|row| row.duration_ns.0).max().unwrap_or(1).max(1)));
    let class = if errors { "trace-list trace-list-errors" } else { "trace-list" };
    view! {
        <section class=class>
            <div class="list-head">
                <h2>{title}</h2>
                <p class="muted" aria-live="off">{waiting}</p>
            </div>
            <ul class="trace-rows"
                on:mouseenter=move |_| hovered.set(true) on:mouseleave=move |_| hovered.set(false)
                on:focusin=move |_| focused.set(true) on:focusout=move |_| focused.set(false)>
                <For each=move || shown.get()
                    key=|row| (row.trace_id.clone(), row.span_count, row.error_count, row.duration_ns, row.has_root)
                    children=move |row| view! { <TraceLine row errors longest/> }/>
            </ul>
            <Show when=move || shown.with(Vec::is_empty)><p class="muted list-empty">{empty}</p></Show>
        </section>
    }
}

/// One trace as a link.
#[component]
pub(crate) fn TraceLine(
    /// The trace.
    row: TraceSummary,
    /// Whether its first error is shown.
    #[prop(optional)]
    errors: bool,
    /// The longest duration in the list, for the bar.
    #[prop(optional, into)]
    longest: Signal<i64>,
) -> impl IntoView {
    let failed = row.error_count > 0;
    let address = Route::story(&row.trace_id, None).url();
    let duration = row.duration_ns.0;
    let services = match (row.service_name.as_deref(), row.services.len()) {
        (Some(name), 0 | 1) => service_name(name),
        (Some(name), count) => strings::and_others(&service_name(name), count),
        (None, _) => service_name(""),
    };
    let share = move || format!("{:.1}%", share_of(duration, longest.get()));
    let message = errors.then(|| row.first_error.clone()).flatten();
    view! {
        <li>
            <a class="trace-line" class:trace-failed=failed href=address data-go="">
                <span class="line-time num"><ClockTime nanos=row.start_unix_nano.0/></span>
                <span class="line-sign">
                    {failed.then(|| view! { <span class="error-sign" aria-hidden="true">"✖"</span><span class="hidden">{strings::ERROR_WORD}</span> })}
                </span>
                <span class="line-name">
                    <span class="line-title">{row.name.clone()}</span>
                    {(!row.has_root).then(|| view! { <span class="tag">{strings::ROOT_MISSING}</span> })}
                    {message.map(|message| view! { <span class="line-message">{message}</span> })}
                </span>
                <span class="line-services muted">{services}</span>
                <span class="line-duration num">{format::duration(duration)}</span>
                <span class="line-bar" aria-hidden="true"><span style:width=share></span></span>
                <span class="line-count muted num">{format::counted(row.span_count, "span")}</span>
            </a>
        </li>
    }
}

#[expect(clippy::cast_precision_loss, reason = "the width of a bar")]
fn share_of(duration: i64, longest: i64) -> f64 {
    if longest <= 0 { 0.0 } else { (duration as f64 / longest as f64 * 100.0).clamp(0.0, 100.0) }
}
