//! Everything about one span, or one log record: why it failed first, then the rest, raw last.

mod log;
mod parts;
mod span;

use leptos::prelude::*;

use crate::pages::story::state::StoryState;
use crate::strings;
use log::LogDetails;
use span::SpanDetails;

/// The drawer; nothing while nothing is open.
#[component]
pub(crate) fn Drawer() -> impl IntoView {
    let state = expect_context::<StoryState>();
    let opened = Memo::new(move |_| {
        let route = state.nav.route();
        match (route.span_id(), route.log) {
            (Some(span_id), _) => Some(Opened::Span(span_id.to_owned())),
            (None, Some(log)) => Some(Opened::Log(usize::try_from(log).unwrap_or(usize::MAX))),
            (None, None) => None,
        }
    });
    let content = move || {
        state.generation.track();
        match opened.get()? {
            Opened::Span(span_id) => Some(view! { <SpanDetails span_id/> }.into_any()),
            Opened::Log(index) => Some(view! { <LogDetails index/> }.into_any()),
        }
    };
    view! {
        <Show when=move || opened.with(Option::is_some)>
            <section class="drawer" aria-label=strings::DRAWER_LABEL tabindex="0">
                <button class="icon-button drawer-close" type="button" title=strings::CLOSE_DRAWER aria-label=strings::CLOSE_DRAWER
                    on:click=move |_| {
                        state.close_drawer();
                        crate::keys::focus("timeline-grid");
                    }>
                    <span aria-hidden="true">"✕"</span>
                </button>
                {content}
            </section>
        </Show>
    }
}

/// What is open.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Opened {
    Span(String),
    Log(usize),
}
