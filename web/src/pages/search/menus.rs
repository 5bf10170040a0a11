//! What stands between the box and the rows: time, order, live, columns, saved searches, export, the statement.

use leptos::prelude::*;
use telltale_api::routes;
use telltale_api::search::{SavedSearch, SavedSearches};
use wasm_bindgen_futures::spawn_local;

use super::detail::toggle_column;
use super::list::{columns, usual_columns};
use super::{Answer, State, follow};
use crate::announce::use_announcer;
use crate::client::{self, Lifetime};
use crate::components::bits::{failure_box, go_link, words};
use crate::components::copy_button::copy_button;
use crate::components::tabs::switch;
use crate::dom::{El, el, sign, text_el};
use crate::prefs::{Prefs, use_prefs};
use crate::route::encode;
use crate::search::{Asked, Kind};
use crate::{format, strings};

/// The row of controls.
pub(super) fn bar(state: State) -> El {
    el("div").class("search-tools").add([
        times(state),
        order(state),
        follow::live_button(state),
        el("span").class("search-gap"),
        menu("search-columns", strings::SEARCH_COLUMNS, move || columns_menu(state)),
        menu("search-saved", strings::SEARCH_SAVED, move || saved_menu(state)),
        menu("search-export", strings::SEARCH_EXPORT, move || export_menu(state)),
        menu("search-sql", strings::SEARCH_SQL, move || sql_menu(state)),
    ])
}

/// A button that opens a box below itself; Escape closes it.
fn menu(id: &'static str, name: &str, content: impl Fn() -> El + Clone + 'static) -> El {
    let is_open = RwSignal::new(false);
    let body = el("div").children(move || {
        let content = content.clone();
        is_open.get().then(move || content().class("menu-box"))
    });
    let summary = text_el("summary", "button", name).id(id);
    el("details")
        .class("menu")
        .on("toggle", move |event| {
            let details = event.target().map(|target| wasm_bindgen::JsCast::unchecked_into::<web_sys::Element>(target));
            is_open.set(details.is_some_and(|details| details.has_attribute("open")));
        })
        .on_key(move |event| {
            if event.key() == "Escape" {
                event.prevent_default();
                if let Some(summary) = document().get_element_by_id(id)
                    && let Some(details) = summary.parent_element()
                {
                    crate::keys::focus(id);
                    if details.remove_attribute("open").is_err() {
                        leptos::logging::warn!("{id} stays open");
                    }
                }
            }
        })
        .add([summary, body])
}

/// The range of time: up to now, or between two moments.
fn times(state: State) -> El {
    let select = el("select")
        .id("search-range")
        .class("search-select")
        .label(strings::SEARCH_RANGE)
        .on("change", move |event| {
            let value = event_target_value(&event);
            if value != "between" {
                state.go(|asked| {
                    (asked.from, asked.to) = ((!value.is_empty()).then(|| value.clone()), None);
                });
            }
        })
        .children(move || {
            let (from, to) = state.asked.with(|asked| (asked.from.clone(), asked.to.clone()));
            let is_usual = |word: &str| to.is_none() && from.as_deref().unwrap_or("") == word;
            let mut options: Vec<El> =
                strings::SEARCH_RANGES.iter().map(|(word, name)| option(word, name, is_usual(word))).collect();
            if !strings::SEARCH_RANGES.iter().any(|(word, _)| is_usual(word)) {
                options.push(option("between", strings::SEARCH_BETWEEN, true));
            }
            options
        });
    let chosen = move || {
        let (from, to) = state.asked.with(|asked| (asked.from.clone(), asked.to.clone()));
        let is_moment = |text: &Option<String>| text.as_ref().is_some_and(|text| text.parse::<u64>().is_ok());
        if is_moment(&from) || to.is_some() { between(state, from, to) } else { Vec::new() }
    };
    el("div").class("search-times").add([select, el("span").class("search-between").children(chosen)])
}

fn option(value: &str, name: &str, is_on: bool) -> El {
    let option = el("option").attr("value", value).text(name);
    if is_on { option.attr("selected", "") } else { option }
}

/// Two moments as fields, and the way out.
fn between(state: State, from: Option<String>, to: Option<String>) -> Vec<El> {
    let prefs = use_prefs();
    let field = |id: &str, label: &str, value: Option<String>, is_end: bool| {
        let nanos = value.as_deref().and_then(|text| text.parse::<u64>().ok());
        el("input")
            .id(id)
            .class("search-moment")
            .attr("type", "datetime-local")
            .attr("step", "0.001")
            .label(label)
            .attr("value", &nanos.map(|nanos| moment(nanos, prefs)).unwrap_or_default())
            .on("change", move |event| {
                let nanos = nanos_of(&event_target_value(&event), prefs).map(|nanos| nanos.to_string());
                state.go(|asked| if is_end { asked.to = nanos.clone() } else { asked.from = nanos.clone() });
            })
    };
    vec![
        field("search-from", strings::SEARCH_FROM, from, false),
        sign("–"),
        field("search-to", strings::SEARCH_TO, to, true),
        el("button")
            .class("icon-button")
            .attr("type", "button")
            .named(strings::SEARCH_ALL_TIMES)
            .on_click(move || state.go(|asked| (asked.from, asked.to) = (None, None)))
            .add(sign("×")),
    ]
}

/// Returns a moment as a field for local times takes it.
fn moment(nanos: u64, prefs: Prefs) -> String {
    let zone = untrack(|| prefs.zone_minutes(nanos));
    // `2025-11-21 10:41:07.318 +01:00`
    let text = format::date_time(nanos, zone).replace('\u{a0}', " ");
    let mut parts = text.split(' ');
    format!("{}T{}", parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// Reads a local time in the zone that times are shown in.
fn nanos_of(text: &str, prefs: Prefs) -> Option<u64> {
    let utc = js_sys::Date::parse(&format!("{text}Z"));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::as_conversions,
        reason = "casts of floats saturate"
    )]
    let millis = utc as u64;
    if utc.is_nan() {
        return None;
    }
    let nanos = millis.checked_mul(1_000_000)?;
    let shift = i64::from(untrack(|| prefs.zone_minutes(nanos))) * 60_000_000_000;
    u64::try_from(i64::try_from(nanos).ok()? - shift).ok()
}

fn order(state: State) -> El {
    let has_order = Memo::new(move |_| state.asked.with(|asked| asked.kind != Kind::Logs));
    el("div").children(move || {
        has_order.get().then(|| {
            let choices = [(false, strings::SEARCH_NEWEST), (true, strings::SEARCH_SLOWEST)].map(|(slowest, name)| {
                text_el("button", "button", name)
                    .attr("type", "button")
                    .dyn_attr("aria-pressed", move || {
                        Some(state.asked.with(|asked| asked.slowest == slowest).to_string())
                    })
                    .on_click(move || state.go(|asked| asked.slowest = slowest))
            });
            el("div").class("button-group").attr("role", "group").label(strings::SEARCH_ORDER).add(choices)
        })
    })
}

fn columns_menu(state: State) -> El {
    let chosen = columns(state);
    let known = Memo::new(move |_| {
        let mut keys: Vec<String> =
            usual_columns(state.asked.with(|asked| asked.kind)).iter().map(|key| (*key).to_owned()).collect();
        let facets = state.facets.with(|facets| match facets {
            Some(Ok(answer)) => answer.0.iter().map(|facet| facet.key.clone()).collect(),
            _ => Vec::new(),
        });
        for key in chosen.get().into_iter().chain(facets) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    });
    let list = el("ul").children(move || {
        let keys = known.get();
        let lines = keys.into_iter().map(|key| {
            let (shown, act) = (key.clone(), key.clone());
            el("li").add(switch(
                &key,
                move || chosen.with(|chosen| chosen.contains(&shown)),
                move |_| toggle_column(state, &chosen.get_untracked(), &act),
            ))
        });
        lines.collect::<Vec<_>>()
    });
    el("div").add([text_el("p", "muted", strings::SEARCH_COLUMNS_HELP), list])
}

fn export_menu(state: State) -> El {
    let links = strings::SEARCH_FORMATS.iter().map(|(form, name)| {
        let address = move || {
            let parameters = state.asked.with(Asked::parameters);
            Some(format!("{}?{parameters}&format={form}", routes::SEARCH_EXPORT))
        };
        el("li").add(text_el("a", "", name).attr("download", "").dyn_attr("href", address))
    });
    el("div").add([text_el("p", "muted", strings::SEARCH_EXPORT_HELP), el("ul").class("plain-list").add_all(links)])
}

fn sql_menu(state: State) -> El {
    let sql = move || {
        state.found.with(|found| match found {
            Some(Ok(found)) => found.sql.clone(),
            _ => String::new(),
        })
    };
    el("div").class("menu-wide").add([
        text_el("p", "muted", strings::SEARCH_SQL_HELP),
        el("pre").id("search-statement").attr("tabindex", "0").dyn_text(sql),
        copy_button(sql, strings::SEARCH_WHAT_SQL, Some(strings::SEARCH_COPY_SQL)),
    ])
}

fn saved_menu(state: State) -> El {
    let lifetime = Lifetime::of_component();
    let announcer = use_announcer();
    let saved: RwSignal<Answer<Vec<SavedSearch>>> = RwSignal::new(None);
    let load = move || {
        spawn_local(async move {
            let answer = client::json::<SavedSearches>(routes::SEARCHES, lifetime).await;
            if !lifetime.is_over() {
                saved.set(Some(answer.map(|answer| answer.searches)));
            }
        });
    };
    load();
    let name = RwSignal::new(String::new());
    let columns = columns(state);
    let change = move |method: &'static str, name: String, body: String| {
        spawn_local(async move {
            let address = format!("{}/{}", routes::SEARCHES, encode(&name));
            match client::change(method, &address, &body, lifetime).await {
                Ok(()) => load(),
                Err(_) if lifetime.is_over() => {}
                Err(failure) => announcer.say(words(&failure).0),
            }
        });
    };
    let save = move || {
        let asked = state.asked.get_untracked();
        let search = SavedSearch {
            name: String::new(),
            query: asked.query,
            kind: asked.kind.word().to_owned(),
            columns: columns.get_untracked(),
        };
        let wanted = name.get_untracked().trim().to_owned();
        if !wanted.is_empty() {
            name.set(String::new());
            change("PUT", wanted, serde_json::to_string(&search).unwrap_or_default());
        }
    };
    let list = el("ul").class("saved-list").children(move || match saved.get() {
        None => Vec::new(),
        Some(Err(failure)) => vec![el("li").add(failure_box(strings::SEARCH_SAVED_FAILED, &failure, load))],
        Some(Ok(list)) if list.is_empty() => vec![text_el("li", "muted", strings::SEARCH_SAVED_NONE)],
        Some(Ok(list)) => list.into_iter().map(|one| saved_el(one, change)).collect(),
    });
    let form = el("form")
        .class("saved-form")
        .on("submit", move |event| {
            event.prevent_default();
            save();
        })
        .add([
            el("input")
                .id("search-name")
                .class("find-input")
                .attr("type", "text")
                .attr("placeholder", strings::SEARCH_SAVE_NAME)
                .label(strings::SEARCH_SAVE_NAME)
                .dyn_value(move || name.get())
                .on_input(move |text| name.set(text)),
            text_el("button", "button", strings::SEARCH_SAVE).attr("type", "submit"),
        ]);
    el("div").add([list, form])
}

fn saved_el(one: SavedSearch, change: impl Fn(&'static str, String, String) + 'static) -> El {
    let kind = Kind::ALL.into_iter().find(|kind| kind.word() == one.kind).unwrap_or_default();
    let asked = Asked { query: one.query.clone(), kind, ..Asked::default() };
    let columns = (!one.columns.is_empty()).then(|| one.columns.join(","));
    let is_usual = one.columns.iter().map(String::as_str).eq(usual_columns(kind).iter().copied());
    let address = asked.place().with("cols", columns.as_deref().filter(|_| !is_usual)).url();
    let name = one.name.clone();
    el("li").add([
        go_link(&address, &one.name),
        text_el("code", "muted", &format!("{} {}", one.kind, one.query)),
        el("button")
            .class("icon-button")
            .attr("type", "button")
            .named(&strings::search_delete(&one.name))
            .on_click(move || change("DELETE", name.clone(), String::new()))
            .add(sign("×")),
    ])
}
