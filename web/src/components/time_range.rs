//! The time that a page of metrics shows: `s` seconds up to now, or `from` and `to`; `live=1` follows the clock, `cmp=1` shows the period before.

use std::time::Duration;

use leptos::prelude::*;

use crate::dom::{El, el, text_el};
use crate::nav::{Nav, use_nav};
use crate::prefs::now_nanos;
use crate::route::Place;
use crate::strings;

/// How often a live page asks anew.
const LIVE_EVERY: Duration = Duration::from_secs(10);

/// A time, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// What a page starts with when its address says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usual {
    pub(crate) seconds: u64,
    pub(crate) live: bool,
}

pub(crate) const USUAL: Usual = Usual { seconds: 3_600, live: false };

/// The time now, in seconds.
pub(crate) fn now_seconds() -> u64 {
    now_nanos() / 1_000_000_000
}

/// The time that the address asks for.
pub(crate) fn range_of(place: &Place, usual: Usual) -> Range {
    let number = |name: &str| place.param(name).and_then(|text| text.parse::<u64>().ok());
    match (number("from"), number("to")) {
        (Some(start), Some(end)) if start < end => Range { start, end },
        _ => {
            let end = now_seconds();
            Range { start: end.saturating_sub(number("s").unwrap_or(usual.seconds).max(1)), end }
        }
    }
}

/// Whether the address, or the page, asks to follow the clock.
pub(crate) fn is_live(place: &Place, usual: Usual) -> bool {
    let is_fixed = place.param("from").is_some();
    !is_fixed && place.param("live").map_or(usual.live, |live| live == "1")
}

/// The place with another time.
pub(crate) fn zoomed(place: Place, start: u64, end: u64) -> Place {
    let end = end.max(start + 1);
    place.with("s", None).with("from", Some(&start.to_string())).with("to", Some(&end.to_string()))
}

/// The time, kept current on a live page.
pub(crate) fn use_range(usual: Usual) -> Memo<Range> {
    let nav = use_nav();
    let tick = RwSignal::new(0u64);
    if let Ok(timer) = set_interval_with_handle(
        move || {
            if is_live(&nav.place_now(), usual) {
                tick.update(|tick| *tick += 1);
            }
        },
        LIVE_EVERY,
    ) {
        on_cleanup(move || timer.clear());
    }
    let params = ["s", "from", "to", "live"].map(|name| nav.param(name));
    Memo::new(move |_| {
        let _every = tick.get();
        for param in params {
            let _changed = param.get();
        }
        range_of(&nav.place_now(), usual)
    })
}

/// Buttons of ranges, zoom, live and the period before.
pub(crate) fn tools(usual: Usual) -> El {
    let nav = use_nav();
    let seconds = nav.param("s");
    let from = nav.param("from");
    let buttons = strings::CHARTS_RANGES.into_iter().map(move |(range, words)| {
        let shown = move || {
            let asked = seconds.get().and_then(|text| text.parse::<u64>().ok()).unwrap_or(usual.seconds);
            from.get().is_none() && asked == range
        };
        pressed(words, shown, move || {
            let place = nav.place_now().with("from", None).with("to", None).with("s", Some(&range.to_string()));
            nav.go_to(place);
        })
    });
    let out = text_el("button", "button", strings::CHARTS_ZOOM_OUT).attr("type", "button").on_click(move || {
        let Range { start, end } = range_of(&nav.place_now(), usual);
        let half = (end - start) / 2;
        nav.go_to(zoomed(nav.place_now(), start.saturating_sub(half), (end + half).min(now_seconds().max(end))));
    });
    let live = pressed(
        strings::CHARTS_LIVE,
        move || is_live(&nav.place(), usual),
        move || {
            let place = nav.place_now();
            let on = !is_live(&place, usual);
            nav.go_to(place.with("from", None).with("to", None).with("live", Some(if on { "1" } else { "0" })));
        },
    );
    let compared = nav.param("cmp");
    let compare = pressed(
        strings::CHARTS_COMPARE,
        move || compared.get().is_some(),
        move || {
            let place = nav.place_now();
            let on = place.param("cmp").is_none();
            nav.go_to(place.with("cmp", on.then_some("1")));
        },
    );
    el("div")
        .class("charts-tools")
        .attr("role", "group")
        .label(strings::CHARTS_RANGE)
        .add_all(buttons)
        .add([out, live, compare])
}

/// A button that is on or off.
pub(crate) fn pressed(words: &str, on: impl Fn() -> bool + 'static, act: impl Fn() + 'static) -> El {
    text_el("button", "button", words)
        .attr("type", "button")
        .dyn_attr("aria-pressed", move || Some(on().to_string()))
        .on_click(act)
}

/// The crosshair that all graphs of a page share: a time in seconds.
#[derive(Clone, Copy)]
pub(crate) struct Crosshair(pub(crate) RwSignal<Option<f64>>);

/// The page's crosshair, or one of the graph's own.
pub(crate) fn use_crosshair() -> RwSignal<Option<f64>> {
    use_context::<Crosshair>().map_or_else(|| RwSignal::new(None), |crosshair| crosshair.0)
}

/// Provides one crosshair for all graphs of a page.
pub(crate) fn share_crosshair() {
    provide_context(Crosshair(RwSignal::new(None)));
}

/// Goes to the time between two seconds.
pub(crate) fn zoom_to(nav: Nav, start: u64, end: u64) {
    nav.go_to(zoomed(nav.place_now(), start, end));
}
