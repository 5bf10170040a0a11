//! The tabs of a story, and the box that finds inside it.

use leptos::prelude::*;

use crate::pages::story::state::StoryState;
use crate::route::Tab;
use crate::{format, strings};

/// The tabs, with counts.
#[component]
pub(crate) fn StoryTabs() -> impl IntoView {
    let state = expect_context::<StoryState>();
    let chosen = Memo::new(move |_| state.nav.route().tab);
    let count_of = move |tab: Tab| {
        let count = state.data.with(|data| {
            let data = data.as_ref()?;
            match tab {
                Tab::List => u64::try_from(data.story.entries.len()).ok(),
                Tab::Errors => Some(data.story.counts.errors),
                Tab::Timeline => Some(data.story.counts.spans),
                Tab::Raw => None,
            }
        });
        count.map(|count| view! { <span class="tab-count">{format::count(count)}</span> })
    };
    let tabs = Tab::ALL.into_iter().enumerate().map(|(index, tab)| {
        view! {
            <button type="button" role="tab" class="tab" id=format!("tab-{}", tab.word()) aria-controls="story-panel"
                aria-selected=move || (chosen.get() == tab).to_string()
                tabindex=move || if chosen.get() == tab { "0" } else { "-1" }
                on:click=move |_| state.show_tab(tab)
                on:keydown=move |event| {
                    let step = match event.key().as_str() {
                        "ArrowRight" => 1,
                        "ArrowLeft" => Tab::ALL.len() - 1,
                        _ => return,
                    };
                    event.prevent_default();
                    if let Some(next) = Tab::ALL.get((index + step) % Tab::ALL.len()) {
                        state.show_tab(*next);
                        crate::keys::focus(&format!("tab-{}", next.word()));
                    }
                }>
                {strings::tab_name(tab)} " " {move || count_of(tab)}
            </button>
        }
    });
    view! { <div class="tabs story-tabs" role="tablist" aria-label=strings::TABS_LABEL>{tabs.collect_view()}</div> }
}

/// Finds a text in spans, attributes, events and log records.
#[component]
pub(crate) fn FindBox() -> impl IntoView {
    let state = expect_context::<StoryState>();
    let text = Memo::new(move |_| state.nav.route().find);
    let result = move || {
        state.matches.get().map(|matches| match matches.count() {
            0 => strings::NO_MATCH.to_owned(),
            count => strings::matches(count),
        })
    };
    view! {
        <div class="find" role="search" aria-label=strings::FIND_PLACEHOLDER>
            <input id=strings::FIND_ID class="find-input" type="search" autocomplete="off" spellcheck="false"
                placeholder=strings::FIND_PLACEHOLDER aria-label=strings::FIND_PLACEHOLDER
                prop:value=move || text.get()
                on:input=move |event| state.find(event_target_value(&event))
                on:keydown=move |event| {
                    if event.key() == "Enter" {
                        event.prevent_default();
                        state.next_match(if event.shift_key() { -1 } else { 1 });
                    }
                }/>
            <span class="find-result muted" aria-live="polite">{result}</span>
            <Show when=move || state.matches.with(Option::is_some)>
                <button class="icon-button" type="button" aria-label=strings::PREVIOUS_MATCH title=strings::PREVIOUS_MATCH
                    on:click=move |_| state.next_match(-1)><span aria-hidden="true">"‹"</span></button>
                <button class="icon-button" type="button" aria-label=strings::NEXT_MATCH title=strings::NEXT_MATCH
                    on:click=move |_| state.next_match(1)><span aria-hidden="true">"›"</span></button>
            </Show>
        </div>
    }
}
