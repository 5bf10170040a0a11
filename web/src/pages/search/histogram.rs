//! Matching rows over time, coloured by level or status.

use std::rc::Rc;

use leptos::prelude::*;
use telltale_api::search::SearchHistogram;

use super::State;
use super::bars::{Bars, bars};
use crate::components::bits::failure_box;
use crate::dom::{El, el, text_el};
use crate::prefs::use_prefs;
use crate::search::Kind;
use crate::shared::Shared;
use crate::{format, strings};

/// The class that colours a level or a status.
pub(super) fn colour(group: &str) -> &'static str {
    match group {
        "error" | "fatal" => "bar-error",
        "warn" => "bar-warn",
        "info" | "ok" => "bar-info",
        "debug" | "trace" => "bar-debug",
        _ => "bar-unset",
    }
}

/// The section.
pub(super) fn histogram(state: State) -> El {
    let shown = state.histogram;
    el("section").class("search-histogram").label(strings::SEARCH_HISTOGRAM).children(move || match shown.get() {
        None => vec![el("div").class("bars-wait").attr("aria-busy", "true")],
        // The rows say why there is no answer.
        Some(Err(_)) if state.found.with(|found| matches!(found, Some(Err(_)))) => Vec::new(),
        Some(Err(failure)) => {
            vec![failure_box(strings::SEARCH_HISTOGRAM_FAILED, &failure, move || {
                state.again.update(|again| *again += 1)
            })]
        }
        Some(Ok(histogram)) => drawn(state, &histogram),
    })
}

/// Returns how many rows match.
pub(super) fn total(histogram: &SearchHistogram) -> u64 {
    histogram.counts.iter().flatten().sum()
}

fn drawn(state: State, histogram: &Shared<SearchHistogram>) -> Vec<El> {
    let prefs = use_prefs();
    let all = total(histogram);
    let kind = state.kind();
    let noun = match kind {
        Kind::Logs => strings::SEARCH_LOGS_FOUND,
        Kind::Spans => strings::SEARCH_SPANS_FOUND,
        Kind::Traces => strings::SEARCH_TRACES_FOUND,
    };
    let count = el("p")
        .class("search-count")
        .attr("role", "status")
        .add([text_el("strong", "num", &format::count(all)), text_el("span", "", &format!(" {noun}"))]);
    if all == 0 {
        return vec![count];
    }
    let buckets = histogram.counts.first().map_or(0, Vec::len);
    let (first_time, step) = (histogram.from_unix_nano.0, histogram.step_ns.0);
    let time = move |bucket: usize| first_time + step * u64::try_from(bucket).unwrap_or(0);
    let zone = prefs.zone_minutes(first_time);
    let length = step.saturating_mul(u64::try_from(buckets).unwrap_or(0));
    let is_days = length > 20 * 3_600 * 1_000_000_000;
    let words = move |nanos: u64| if is_days { format::date_time(nanos, zone) } else { format::clock(nanos, zone) };
    let ticks = (0..5).map(|part| words(first_time + length / 4 * part));
    let groups: Vec<(String, &'static str)> =
        histogram.groups.iter().map(|group| (group.clone(), colour(group))).collect();
    let legend = groups.iter().zip(&histogram.counts).filter(|(_, counts)| counts.iter().any(|count| *count > 0)).map(
        |((name, class), counts)| {
            let sum: u64 = counts.iter().sum();
            el("li").add([
                el("span").class(&format!("bars-swatch {class}")).attr("aria-hidden", "true"),
                text_el("span", "", name),
                text_el("span", "muted num", &format::count(sum)),
            ])
        },
    );
    let legend = el("ul").class("bars-legend").label(strings::SEARCH_LEGEND).add_all(legend);
    let zoom = Rc::new(move |first: usize, last: usize| {
        state.go(|asked| {
            (asked.from, asked.to) = (Some(time(first).to_string()), Some(time(last + 1).to_string()));
        });
    });
    let compare = Rc::new(move |first: usize, last: usize| {
        let place = state.nav.place_now().with("tab", Some("different"));
        state.nav.go_to(place.with("sel", Some(&format!("{}-{}", time(first), time(last + 1)))));
    });
    let tab = state.nav.param("tab");
    let compares = Memo::new(move |_| tab.get().as_deref() == Some("different"));
    let drawing = bars(
        Bars {
            groups,
            counts: histogram.counts.clone(),
            range: Box::new(move |first, last| format!("{} – {}", words(time(first)), words(time(last + 1)))),
            ticks: ticks.collect(),
            name: strings::SEARCH_BARS,
        },
        zoom,
        compare,
        compares,
    );
    let how = el("p").class("muted search-how").dyn_text(move || {
        if compares.get() { strings::SEARCH_HOW_COMPARE } else { strings::SEARCH_HOW_ZOOM }.to_owned()
    });
    vec![el("div").class("search-counts").add([count, legend]), drawing, how]
}
