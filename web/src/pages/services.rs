//! Services: a table of their rates, errors and durations, the map of who calls whom, and one service with its operations.
//!
//! The address is the state: `from` and `to` as the API takes them, `view=map`, `sort`, `find`, and on the map `at` and `calls`.

use leptos::prelude::*;
use telltale_api::dashboard::{SloList, SloState};
use telltale_api::routes;
use telltale_api::services::{ServiceMap, Services};

use crate::components::bits::{failure_box, go_link, skeleton, time_el};
use crate::components::loaded::Loaded;
use crate::dom::{El, el, text_el};
use crate::nav::use_nav;
use crate::palette::Palette;
use crate::red::{self, Order};
use crate::route::{Place, decode, encode};
use crate::shared::Shared;
use crate::{format, strings};

mod detail;
mod map;
mod table;

/// Range when the address has none.
const RANGE: &str = "15m";
/// Page of the spans without a service name; a name has its slashes encoded, so that none is called so.
const UNNAMED: &str = "/services/-/unnamed";

/// The pages at and below `/services`.
pub(crate) fn services(path: &str) -> El {
    if path == UNNAMED {
        return detail::detail("");
    }
    match path.strip_prefix("/services/") {
        // In a path a plus sign is itself.
        Some(name) => detail::detail(&decode(&name.replace('+', "%2B"))),
        None => list(),
    }
}

/// The address of a service's page for the same time.
fn service_place(name: &str) -> String {
    let path = if name.is_empty() { UNNAMED.to_owned() } else { format!("/services/{}", encode(name)) };
    let now = use_nav().place_now();
    let place = Place::of_url(&path);
    place.with("from", now.param("from")).with("to", now.param("to")).url()
}

/// The address of a search for spans of a service in the same time.
fn search_place(service: &str, rest: &str) -> String {
    let service = if service.is_empty() { "not service:*".to_owned() } else { format!("service={}", quoted(service)) };
    let query = format!("{service} {rest}");
    let now = use_nav().place_now();
    let place = Place::of_url("/search").with("q", Some(query.trim())).with("kind", Some("spans"));
    place.with("from", Some(now.param("from").unwrap_or(RANGE))).with("to", now.param("to")).url()
}

/// A value as the search language takes it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The path of the API with the time of the page.
fn asked(path: &str, service: Option<&str>) -> Memo<String> {
    let nav = use_nav();
    let (from, to) = (nav.param("from"), nav.param("to"));
    let (path, service) = (path.to_owned(), service.map(str::to_owned));
    Memo::new(move |_| {
        let place = Place::of_url(&path).with("from", Some(&from.get().unwrap_or_else(|| RANGE.to_owned())));
        place.with("to", to.get().as_deref()).with("service", service.as_deref()).url()
    })
}

/// All services.
fn list() -> El {
    document().set_title(strings::SERVICES_DOCUMENT_TITLE);
    let services = Loaded::<Services>::of_component(asked(routes::SERVICES, None));
    let view = use_nav().param("view");
    let is_map = Memo::new(move |_| view.get().as_deref() == Some("map"));
    let reload = RwSignal::new(0_u32);
    let objectives = objectives(None);
    let body = move || if is_map.get() { map_part(services, reload) } else { table_part(services, objectives) };
    let again = move || {
        services.load();
        objectives.load();
        reload.update(|times| *times += 1);
    };
    el("div").class("services").add([
        el("div").class("services-head").add([text_el("h1", "", strings::SERVICES_TITLE), views(is_map)]),
        tools(again),
        el("div").children(body),
    ])
}

/// The choice between table and map.
fn views(is_map: Memo<bool>) -> El {
    let nav = use_nav();
    let button = |words: &str, map: bool| {
        text_el("button", "button", words)
            .attr("type", "button")
            .dyn_attr("aria-pressed", move || Some((is_map.get() == map).to_string()))
            .on_click(move || {
                let place = nav.place_now().with("at", None).with("calls", None);
                nav.go_to(place.with("view", map.then_some("map")));
            })
    };
    let buttons = [button(strings::SERVICES_AS_TABLE, false), button(strings::SERVICES_AS_MAP, true)];
    el("div").class("button-group").attr("role", "group").label(strings::SERVICES_VIEW).add(buttons)
}

/// The range of time, and asking again.
fn tools(again: impl Fn() + 'static) -> El {
    let nav = use_nav();
    let (from, to) = (nav.param("from"), nav.param("to"));
    let buttons = strings::SERVICES_RANGES.iter().map(move |(range, words)| {
        let shown = move || to.get().is_none() && from.get().as_deref().unwrap_or(RANGE) == *range;
        text_el("button", "button", words)
            .attr("type", "button")
            .dyn_attr("aria-pressed", move || Some(shown().to_string()))
            .on_click(move || {
                let place = nav.place_now().with("to", None);
                nav.go_to(place.with("from", (*range != RANGE).then_some(*range)));
            })
    });
    let again = text_el("button", "button", strings::SERVICES_RELOAD).attr("type", "button").on_click(again);
    el("div").class("services-tools").add([
        el("div").class("button-group").attr("role", "group").label(strings::SERVICES_RANGE).add_all(buttons),
        again,
    ])
}

/// Whatever was asked for: a skeleton, a failure, or what `show` makes of the answer.
fn part<T: serde::de::DeserializeOwned + Send + Sync + 'static>(
    loaded: Loaded<T>,
    show: impl Fn(&Shared<T>) -> Vec<El> + 'static,
) -> El {
    el("div").children(move || match loaded.answer.get() {
        None => vec![skeleton(8)],
        Some(Err(failure)) => vec![failure_box(strings::SERVICES_FAILED, &failure, move || loaded.load())],
        Some(Ok(answer)) => show(&answer),
    })
}

/// The objectives of one service, or of all.
fn objectives(service: Option<&str>) -> Loaded<SloList> {
    let url = Place::of_url(routes::SLOS).with("service", service).url();
    Loaded::of_component(Memo::new(move |_| url.clone()))
}

/// The objectives that have come; a page of services without them is still a page of services.
fn objectives_now(objectives: Loaded<SloList>) -> Vec<SloState> {
    objectives.answer.get().and_then(Result::ok).map(|list| list.slos.clone()).unwrap_or_default()
}

fn table_part(services: Loaded<Services>, objectives: Loaded<SloList>) -> El {
    part(services, move |services| {
        if services.services.is_empty() {
            return vec![nothing()];
        }
        vec![
            summary(services),
            incomplete(services.is_complete),
            table::services_table(services, objectives_now(objectives)),
        ]
    })
}

fn map_part(services: Loaded<Services>, reload: RwSignal<u32>) -> El {
    let map = Loaded::<ServiceMap>::of_component(asked(routes::SERVICE_MAP, None));
    Effect::new(move |_| {
        if reload.get() > 0 {
            map.load();
        }
    });
    part(map, move |map| {
        if map.nodes.is_empty() {
            return vec![nothing()];
        }
        let services = services.answer.get().and_then(Result::ok);
        vec![incomplete(map.is_complete), map::map_view(map, services.as_ref())]
    })
}

/// There are no requests in this time.
fn nothing() -> El {
    el("div").class("notice").attr("role", "status").add([
        text_el("p", "", strings::SERVICES_NONE),
        el("p")
            .class("muted")
            .text(strings::SERVICES_NONE_HINT)
            .text(" ")
            .add(go_link("/ingest", strings::SERVICES_TO_INGEST))
            .text(" · ")
            .add(go_link("/start", strings::HOW_TO_SEND)),
    ])
}

fn incomplete(is_complete: bool) -> El {
    el("div").add((!is_complete).then(|| text_el("p", "notice warn-text", strings::SERVICES_INCOMPLETE)))
}

fn summary(services: &Services) -> El {
    let sum =
        |of: fn(&telltale_api::services::Red) -> f64| services.services.iter().map(|one| of(&one.now)).sum::<f64>();
    let (requests, errors) = (sum(|red| red.requests), sum(|red| red.errors));
    let share = if requests > 0.0 { errors / requests } else { 0.0 };
    let count = u64::try_from(services.services.len()).unwrap_or(u64::MAX);
    let words = strings::services_summary(
        &format::counted(count, "service"),
        &red::rate(sum(|red| red.rate)),
        &red::requests(requests),
        &if errors > 0.0 {
            strings::services_errors(&red::share(share))
        } else {
            strings::SERVICES_NO_ERRORS.to_owned()
        },
    );
    el("p")
        .class("muted services-summary")
        .text(&words)
        .add(time_range(services.from_unix_nano.0, services.to_unix_nano.0))
}

/// From when to when, and what changes are measured against.
fn time_range(from: u64, to: u64) -> El {
    el("span")
        .add(time_el(from, format::clock_seconds))
        .text(" – ")
        .add(time_el(to, format::clock_seconds))
        .text(&format!(" · {}", strings::services_compared(&red::length(to.saturating_sub(from)))))
}

/// The order that the address asks for.
fn order() -> Memo<Order> {
    let sort = use_nav().param("sort");
    Memo::new(move |_| Order::of_word(sort.get().as_deref()))
}

/// A service's colour: the same on every page.
fn look(name: &str) -> crate::palette::ServiceLook {
    Palette::default().look(Some(name))
}
