//! Templates of the log lines that match: how often, how severe, what is new since a time.

use leptos::prelude::*;
use telltale_api::routes;
use telltale_api::search::{PatternView, Patterns};
use wasm_bindgen_futures::spawn_local;

use super::histogram::colour;
use super::{Answer, State};
use crate::client::{self, Failure, Lifetime};
use crate::components::bits::{clock_time, failure_box, go_link, skeleton};
use crate::dom::{El, el, text_el};
use crate::search::{Asked, beside};
use crate::shared::Shared;
use crate::{format, strings};

/// The tab.
pub(super) fn patterns(state: State) -> Vec<El> {
    let since = state.nav.param("since");
    let answer: RwSignal<Answer<Shared<Patterns>>> = RwSignal::new(None);
    Effect::new(move |_| {
        let parameters = state.asked.with(Asked::parameters);
        state.again.track();
        let since = since.get().unwrap_or_else(|| strings::SEARCH_SINCE_USUAL.to_owned());
        let lifetime = Lifetime::of_component();
        let address = format!("{}?{parameters}&since={}", routes::SEARCH_PATTERNS, crate::route::encode(&since));
        answer.set(None);
        spawn_local(async move {
            let found = client::json::<Patterns>(&address, lifetime).await;
            if !lifetime.is_over() && !matches!(found, Err(Failure::Aborted)) {
                answer.set(Some(found.map(Shared::new)));
            }
        });
    });
    let select = el("select")
        .id("patterns-since")
        .class("search-select")
        .on("change", move |event| {
            let value = event_target_value(&event);
            state.show("since", (value != strings::SEARCH_SINCE_USUAL).then_some(value.as_str()));
        })
        .children(move || {
            let chosen = since.get().unwrap_or_else(|| strings::SEARCH_SINCE_USUAL.to_owned());
            let options = strings::SEARCH_SINCE.iter().map(|(word, name)| {
                let option = el("option").attr("value", word).text(name);
                if *word == chosen { option.attr("selected", "") } else { option }
            });
            options.collect::<Vec<_>>()
        });
    let label = text_el("label", "", strings::SEARCH_NEW_SINCE).attr("for", "patterns-since");
    let body = el("div").children(move || match answer.get() {
        None => vec![skeleton(8)],
        Some(Err(failure)) => {
            vec![failure_box(strings::SEARCH_PATTERNS_FAILED, &failure, move || {
                state.again.update(|again| *again += 1)
            })]
        }
        Some(Ok(found)) => listed(state, &found),
    });
    vec![el("div").class("panel-tools").add([label, select]), body]
}

fn listed(state: State, found: &Patterns) -> Vec<El> {
    if found.patterns.is_empty() {
        return vec![text_el("p", "muted list-empty", strings::SEARCH_NOTHING).attr("role", "status")];
    }
    let mut words = strings::search_patterns_of(
        &format::count(u64::try_from(found.patterns.len()).unwrap_or(0)),
        &format::count(found.lines),
    );
    if !found.is_complete {
        words.push_str(strings::SEARCH_PATTERNS_CUT);
    }
    if found.other > 0 {
        words.push_str(&strings::search_patterns_other(&format::count(found.other)));
    }
    let heads = [
        strings::SEARCH_PATTERN_COUNT,
        strings::SEARCH_PATTERN_LEVEL,
        strings::SEARCH_PATTERN,
        strings::SEARCH_PATTERN_FIRST,
        strings::SEARCH_PATTERN_LAST,
    ];
    let heads = heads.map(|words| text_el("th", "", words).attr("scope", "col"));
    // What is new comes first; of each, the most frequent.
    let mut sorted: Vec<&PatternView> = found.patterns.iter().collect();
    sorted.sort_by_key(|pattern| !pattern.is_new);
    let rows = sorted.into_iter().map(|pattern| pattern_row(state, pattern));
    let table =
        el("table").class("search-table").add(el("thead").add(el("tr").add(heads))).add(el("tbody").add_all(rows));
    vec![text_el("p", "muted", &words).attr("role", "status"), table]
}

fn pattern_row(state: State, pattern: &PatternView) -> El {
    let template = el("td").class("pattern-text").attr("title", &pattern.example);
    let template = match pattern.query.is_empty() {
        true => template.add(text_el("code", "", &pattern.template)),
        false => {
            let mut place = state.place_of(|asked| asked.query = beside(&asked.query, &pattern.query));
            place = place.with("tab", None);
            template.add(go_link(&place.url(), "").add(text_el("code", "", &pattern.template)))
        }
    };
    let is_new = pattern.is_new.then(|| text_el("span", "badge badge-warn", strings::SEARCH_NEW));
    el("tr").add([
        text_el("td", "num", &format::count(pattern.count)),
        el("td").add(text_el("span", &format!("found-{}", colour(&pattern.level)), &pattern.level)),
        template.add(is_new),
        el("td").class("num").add(clock_time(pattern.first_unix_nano.0)),
        el("td").class("num").add(clock_time(pattern.last_unix_nano.0)),
    ])
}
