//! The answer card: what a supporter asks for first, each value with the span that carries it.

use leptos::prelude::*;
use telltale_api::story::{Fact, FactValue};

use crate::components::copy_button::CopyButton;
use crate::components::verdict::span_link;
use crate::pages::story::state::StoryState;
use crate::strings;

/// The card.
#[component]
pub(crate) fn Facts() -> impl IntoView {
    let state = expect_context::<StoryState>();
    move || {
        let data = state.data.get()?;
        let (known, missing): (Vec<&Fact>, Vec<&Fact>) =
            data.story.facts.iter().partition(|fact| !fact.values.is_empty());
        if known.is_empty() && missing.is_empty() {
            return None;
        }
        let (blocks, texts): (Vec<&Fact>, Vec<&Fact>) = known.into_iter().partition(|fact| fact.view != "text");
        let texts = texts.into_iter().map(|fact| fact_view(state, fact)).collect_view();
        let blocks = blocks.into_iter().map(|fact| block_view(state, fact)).collect_view();
        Some(view! {
            <section class="facts" aria-labelledby="facts-title">
                <h2 id="facts-title" class="hidden">{strings::FACTS_TITLE}</h2>
                <dl class="fact-list">{texts}</dl>
                <div class="fact-blocks">{blocks}</div>
                {missing_view(&missing)}
            </section>
        })
    }
}

fn fact_view(state: StoryState, fact: &Fact) -> impl IntoView + use<> {
    let differ = fact.values.len() > 1;
    let values = fact.values.iter().map(|value| value_view(state, value, differ)).collect_view();
    let several = fact.values.len() > 1;
    view! { <div class="fact" class:fact-several=several><dt>{fact.label.clone()}</dt>{values}</div> }
}

fn value_view(state: StoryState, value: &FactValue, with_service: bool) -> impl IntoView + use<> {
    let text = match &value.span_id {
        Some(span_id) => span_link(state, span_id.clone(), "fact-value", value.value.clone()),
        None => view! { <span class="fact-value">{value.value.clone()}</span> }.into_any(),
    };
    let service = value.service_name.clone().filter(|_| with_service);
    view! {
        <dd title=value.key.clone()>
            {text}
            {service.map(|name| view! { <span class="fact-service muted">{name}</span> })}
        </dd>
    }
}

/// A statement or a plan: monospaced, with a way to copy it.
fn block_view(state: StoryState, fact: &Fact) -> impl IntoView + use<> {
    let label = fact.label.clone();
    let blocks = fact.values.iter().map(|value| {
        let text = value.value.clone();
        let from = match &value.span_id {
            Some(span_id) => span_link(state, span_id.clone(), "fact-from", value.key.clone()),
            None => value.key.clone().into_any(),
        };
        view! {
            <figure class="fact-block">
                <figcaption>{label.clone()} " " <span class="muted">{from}</span><CopyButton text=text.clone() what=strings::WHAT_VALUE/></figcaption>
                <pre tabindex="0"><code>{text}</code></pre>
            </figure>
        }
    });
    blocks.collect_view()
}

fn missing_view(missing: &[&Fact]) -> Option<impl IntoView + use<>> {
    if missing.is_empty() {
        return None;
    }
    let items = missing.iter().map(|fact| {
        view! { <li>{fact.label.clone()} " " <code>{fact.expected_key.clone()}</code></li> }
    });
    Some(view! {
        <div class="facts-missing muted">
            <span title=strings::NOT_RECORDED_HELP>{strings::NOT_RECORDED}</span>
            <ul>{items.collect_view()}</ul>
        </div>
    })
}
