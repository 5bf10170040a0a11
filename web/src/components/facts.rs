//! The answer card: what a supporter asks for first, each value with the span that carries it.

use leptos::prelude::*;
use telltale_api::routes;
use telltale_api::story::{Fact, FactValue, Story};
use wasm_bindgen_futures::spawn_local;

use crate::announce::use_announcer;
use crate::client;
use crate::components::bits::words;
use crate::components::copy_button::{copy, copy_button};
use crate::components::drawer::plan::plan_el;
use crate::components::verdict::span_link;
use crate::dom::{El, el, text_el};
use crate::pages::story::state::StoryState;
use crate::strings;

/// The card.
pub(crate) fn facts(state: StoryState, story: &Story) -> Option<El> {
    let (known, missing): (Vec<&Fact>, Vec<&Fact>) = story.facts.iter().partition(|fact| !fact.values.is_empty());
    if known.is_empty() && missing.is_empty() {
        return None;
    }
    let (blocks, texts): (Vec<&Fact>, Vec<&Fact>) = known.into_iter().partition(|fact| fact.view != "text");
    let texts = texts.into_iter().map(|fact| fact_el(state, fact));
    let blocks = blocks.into_iter().flat_map(|fact| blocks_of(state, story, fact));
    let card = el("section").class("facts").attr("aria-labelledby", "facts-title").add([
        text_el("h2", "hidden", strings::FACTS_TITLE).id("facts-title"),
        el("dl").class("fact-list").add_all(texts),
        el("div").class("fact-blocks").add_all(blocks),
    ]);
    Some(card.add(missing_el(&missing)).add(copy_facts(state)))
}

fn copy_facts(state: StoryState) -> El {
    let announcer = use_announcer();
    let act = move || {
        let url = format!("{}{}.facts.md", routes::STORY_PAGE, state.trace_id.get_value());
        spawn_local(async move {
            match client::text(&url, state.lifetime).await {
                Ok(markdown) => copy(&markdown, strings::WHAT_FACTS, announcer),
                Err(client::Failure::Aborted) => {}
                Err(failure) => announcer.say(words(&failure).0),
            }
        });
    };
    let button = text_el("button", "link-button", strings::COPY_FACTS).attr("type", "button").on_click(act);
    el("p").class("facts-copy").add(button)
}

fn fact_el(state: StoryState, fact: &Fact) -> El {
    let differ = fact.values.len() > 1;
    let values = fact.values.iter().map(|value| value_el(state, value, differ));
    let class = if differ { "fact fact-several" } else { "fact" };
    let more = (fact.left_out > 0).then(|| text_el("dd", "muted", &strings::more_values(fact.left_out)));
    el("div").class(class).add(text_el("dt", "", &fact.label)).add_all(values).add(more)
}

fn value_el(state: StoryState, value: &FactValue, with_service: bool) -> El {
    let text = match &value.span_id {
        Some(span_id) => span_link(state, span_id, "fact-value", &value.value),
        None => text_el("span", "fact-value", &value.value),
    };
    let service = value.service_name.as_ref().filter(|_| with_service);
    el("dd").attr("title", &value.key).add(text).add(service.map(|name| text_el("span", "fact-service muted", name)))
}

/// Statements, plans and other long texts: monospaced, with a way to copy them; a plan that was understood is a tree.
fn blocks_of(state: StoryState, story: &Story, fact: &Fact) -> Vec<El> {
    let block = |value: &FactValue| {
        let text = value.value.clone();
        let from = match &value.span_id {
            Some(span_id) => span_link(state, span_id, "fact-from", &value.key),
            None => text_el("span", "", &value.key),
        };
        let copy = copy_button(move || text.clone(), strings::WHAT_VALUE, None);
        let caption =
            text_el("figcaption", "", &format!("{} ", fact.label)).add(el("span").class("muted").add(from)).add(copy);
        let known = story.plans.iter().filter(|plan| plan.span_id == value.span_id && plan.key == value.key);
        let plan = known.map(|plan| &plan.plan).find(|plan| plan.text == value.value);
        let body = match plan.filter(|plan| !plan.nodes.is_empty()) {
            Some(plan) => plan_el(plan, true),
            None => el("pre").attr("tabindex", "0").add(text_el("code", "", &value.value)),
        };
        el("figure").class("fact-block").add([caption, body])
    };
    fact.values.iter().map(block).collect()
}

fn missing_el(missing: &[&Fact]) -> Option<El> {
    if missing.is_empty() {
        return None;
    }
    let items = missing
        .iter()
        .map(|fact| text_el("li", "", &format!("{} ", fact.label)).add(text_el("code", "", &fact.expected_key)));
    Some(el("div").class("facts-missing muted").add([
        text_el("span", "", strings::NOT_RECORDED).attr("title", strings::NOT_RECORDED_HELP),
        el("ul").add_all(items),
    ]))
}
