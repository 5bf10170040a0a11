//! The smallest pieces: chips of services, times, skeletons, failures.

use std::time::Duration;

use leptos::prelude::*;

use crate::client::Failure;
use crate::dom::{El, el, hidden, sign, text_el};
use crate::format;
use crate::palette::ServiceLook;
use crate::prefs::{now_nanos, use_prefs};
use crate::strings;

/// How long a page may be empty before it shows a skeleton: a quick answer must not flicker.
const SKELETON_AFTER: Duration = Duration::from_millis(150);

/// Returns the name of a service as pages show it.
pub(crate) fn service_name(name: &str) -> String {
    if name.is_empty() { strings::NO_SERVICE_NAME.to_owned() } else { name.to_owned() }
}

/// Returns a failure in words, with a hint.
pub(crate) fn words(failure: &Failure) -> (String, Option<String>) {
    match failure {
        Failure::Aborted => (strings::FAILURE_ABORTED.to_owned(), None),
        Failure::Offline => (strings::FAILURE_OFFLINE.to_owned(), Some(strings::FAILURE_OFFLINE_HINT.to_owned())),
        Failure::Refused { status: 401 | 403, .. } => {
            (strings::FAILURE_LOGIN.to_owned(), Some(strings::FAILURE_LOGIN_HINT.to_owned()))
        }
        Failure::Refused { status, detail: Some(detail) } => {
            (strings::server_said(*status, &detail.message), detail.hint.clone())
        }
        Failure::Refused { status, detail: None } => (strings::server_answered(*status), None),
        Failure::Unreadable(why) => (strings::FAILURE_UNREADABLE.to_owned(), Some(strings::unreadable_hint(why))),
    }
}

/// Two letters of a service on its colour, with the name for screen readers and on hover.
pub(crate) fn service_chip(look: &ServiceLook) -> El {
    let name = service_name(&look.name);
    el("span").class(&format!("chip {}", look.class)).attr("title", &name).add([sign(&look.letters), hidden(&name)])
}

/// Date and time in the zone that the reader chose; the exact time on hover.
pub(crate) fn date_time(nanos: u64) -> El {
    time_el(nanos, format::date_time)
}

/// Time of day in the zone that the reader chose; the exact time on hover.
pub(crate) fn clock_time(nanos: u64) -> El {
    time_el(nanos, format::clock)
}

/// A time in the words of a format; the exact time on hover.
pub(crate) fn time_el(nanos: u64, words: fn(u64, i32) -> String) -> El {
    let prefs = use_prefs();
    let exact = telltale_model::UnixNanos(nanos).to_string();
    el("time").attr("datetime", &exact).attr("title", &exact).dyn_text(move || words(nanos, prefs.zone_minutes(nanos)))
}

/// How long ago a time was, kept current.
pub(crate) fn ago(nanos: u64) -> El {
    let now = RwSignal::new(now_nanos());
    if let Ok(timer) = set_interval_with_handle(move || now.set(now_nanos()), Duration::from_secs(5)) {
        on_cleanup(move || timer.clear());
    }
    el("span").dyn_text(move || format::ago(nanos, now.get()))
}

/// Grey bars in the shape of what will come, after a moment.
pub(crate) fn skeleton(rows: usize) -> El {
    let shown = RwSignal::new(false);
    if let Ok(timer) = set_timeout_with_handle(move || shown.set(true), SKELETON_AFTER) {
        on_cleanup(move || timer.clear());
    }
    let bars = move || {
        let bars = (0..rows).map(|_| el("div").class("skeleton-bar"));
        shown.get().then(|| {
            vec![
                text_el("p", "hidden", strings::LOADING).attr("role", "status"),
                el("div").attr("aria-hidden", "true").add_all(bars),
            ]
        })
    };
    el("div").class("skeleton").attr("aria-busy", "true").children(move || bars().unwrap_or_default())
}

/// Says why there is nothing to show and offers to try again; a page that says what failed needs no `title`.
pub(crate) fn failure_box(title: &str, failure: &Failure, retry: impl Fn() + 'static) -> El {
    let (reason, hint) = words(failure);
    el("section")
        .class("failure")
        .attr("role", "alert")
        .add((!title.is_empty()).then(|| text_el("h2", "", title)))
        .add(text_el("p", "", &reason))
        .add(hint.map(|hint| text_el("p", "muted", &hint)))
        .add(text_el("button", "button", strings::RETRY).attr("type", "button").on_click(retry))
}

/// A link to a page of ours.
pub(crate) fn go_link(address: &str, words: &str) -> El {
    text_el("a", "", words).attr("href", address).attr("data-go", "")
}
