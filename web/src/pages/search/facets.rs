//! Values that the rows have, with counts; a click keeps the rows with a value, another click lets the others back in.

use leptos::prelude::*;
use telltale_api::search::{Facet, FacetValue};

use super::State;
use crate::components::bits::{failure_box, skeleton};
use crate::dom::{El, el, hidden, sign, text_el};
use crate::keys::focus;
use crate::search::{beside, negated, toggled, without};
use crate::{format, strings};

/// What the ids of values begin with.
const ID: &str = "facet-";

/// Values that are shown before the others are asked for.
const SHOWN: usize = 5;

/// The column of facets.
pub(super) fn facets(state: State) -> El {
    let shown = state.facets;
    let place = el("aside")
        .class("search-facets")
        .label(strings::SEARCH_FACETS)
        .dyn_attr("aria-busy", move || Some(state.old_facets.get().to_string()));
    place.children(move || match shown.get() {
        None => vec![skeleton(10)],
        Some(Err(_)) if state.found.with(|found| matches!(found, Some(Err(_)))) => Vec::new(),
        Some(Err(failure)) => {
            vec![failure_box(strings::SEARCH_FACETS_FAILED, &failure, move || state.again.update(|again| *again += 1))]
        }
        Some(Ok(answer)) => {
            keep_focus();
            let (facets, notes) = &*answer;
            let mut parts: Vec<El> =
                facets.iter().filter(|facet| !facet.values.is_empty()).map(|one| facet_el(state, one)).collect();
            if parts.is_empty() {
                parts.push(text_el("p", "muted", strings::SEARCH_NO_FACETS));
            }
            parts.extend(notes.iter().map(|note| text_el("p", "muted search-note", note)));
            parts
        }
    })
}

/// Facets are made anew with each answer: the focus comes back to the value that had it.
fn keep_focus() {
    let focused = document().active_element().filter(|element| element.id().starts_with(ID));
    if let Some(focused) = focused {
        request_animation_frame(move || focus(&focused.id()));
    }
}

fn facet_el(state: State, facet: &Facet) -> El {
    let is_long = RwSignal::new(false);
    let most = facet.values.iter().map(|value| value.count).max().unwrap_or(1).max(1);
    let values: Vec<FacetValue> = facet.values.clone();
    let (key, other, is_exact) = (facet.key.clone(), facet.other, facet.is_exact);
    let list = el("ul").children(move || {
        let shown = if is_long.get() { values.len() } else { SHOWN };
        values.iter().take(shown).map(|value| value_el(state, &key, value, most)).collect::<Vec<_>>()
    });
    let hidden_values = facet.values.len().saturating_sub(SHOWN);
    let more =
        (hidden_values > 0).then(|| {
            el("button")
                .class("link-button")
                .attr("type", "button")
                .on_click(move || is_long.update(|is_long| *is_long = !*is_long))
                .dyn_text(move || {
                    if is_long.get() { strings::SEARCH_LESS.to_owned() } else { strings::search_more(hidden_values) }
                })
        });
    let rest = (other > 0).then(|| text_el("p", "muted", &strings::search_other(&format::count(other))));
    let name = el("summary").add(text_el("h2", "", &facet.key)).add(
        (!is_exact)
            .then(|| text_el("span", "tag", strings::SEARCH_SAMPLED).attr("title", strings::SEARCH_SAMPLED_HELP)),
    );
    el("details").class("facet").attr("open", "").add(name).add(list).add(more).add(rest)
}

fn value_el(state: State, key: &str, value: &FacetValue, most: u64) -> El {
    let is_on = state.asked.with_untracked(|asked| without(&asked.query, &value.condition).is_some());
    let shown = if value.value.is_empty() { strings::EMPTY_TEXT } else { &value.value };
    let (only, not) = (value.condition.clone(), negated(&value.condition));
    // The address follows what is chosen meanwhile, such as columns.
    let only = move || {
        state.nav.place();
        Some(state.place_of(|asked| asked.query = toggled(&asked.query, &only)).url())
    };
    let not = move || {
        state.nav.place();
        Some(state.place_of(|asked| asked.query = beside(&asked.query, &not)).url())
    };
    let width = format!("{}%", value.count.saturating_mul(100) / most);
    let link = el("a")
        .class("facet-value")
        .id(&format!("{ID}{:x}", format::hash(&value.condition)))
        .dyn_attr("href", only)
        .attr("data-go", "")
        .attr("title", &value.condition)
        .add([
            el("span").class("facet-bar").attr("aria-hidden", "true").style("width", &width),
            text_el("span", "facet-name", shown),
            text_el("span", "num muted", &format::count(value.count)),
        ])
        .add(is_on.then(|| hidden(strings::SEARCH_CHOSEN)));
    let exclude = el("a")
        .class("facet-not")
        .id(&format!("{ID}not-{:x}", format::hash(&value.condition)))
        .dyn_attr("href", not)
        .attr("data-go", "")
        .named(&strings::search_not(key, shown))
        .add(sign("−"));
    el("li").class(if is_on { "facet-line facet-on" } else { "facet-line" }).add([link, exclude])
}
