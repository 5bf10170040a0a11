//! A log record's details.

use leptos::prelude::*;

use super::parts::{attributes, origin, severity};
use crate::components::bits::{DateTime, ServiceChip};
use crate::components::copy_button::CopyButton;
use crate::components::verdict::span_link;
use crate::pages::story::state::StoryState;
use crate::strings;

/// The details.
#[component]
pub(crate) fn LogDetails(
    /// The record, by position.
    index: usize,
) -> impl IntoView {
    let state = expect_context::<StoryState>();
    let data = state.data.get_untracked()?;
    let Some(log) = data.view.logs.get(index) else {
        return Some(view! { <h2>{strings::LOG_TITLE}</h2><p>{strings::NO_SUCH_LOG}</p> }.into_any());
    };
    let look = state.waterfall.get_untracked().palette.look(log.service_name.as_deref());
    let (class, word) = severity(log);
    let place = |position: u32| usize::try_from(position).unwrap_or(usize::MAX);
    let span = log.span_id.clone().map(|span_id| {
        let name = data.span(&span_id).map_or_else(|| span_id.clone(), |(_, span)| span.name.clone());
        view! { <p>{strings::WRITTEN_IN} " " {span_link(state, span_id, "", name)}</p> }
    });
    Some(view! {
        <header class="drawer-head">
            <h2>{strings::LOG_TITLE}</h2>
            <p class="drawer-sub"><ServiceChip look/> <span class=class>{word}</span> <DateTime nanos=log.time_unix_nano.0/></p>
        </header>
        {(!log.event_name.is_empty()).then(|| view! { <p><strong>{log.event_name.clone()}</strong></p> })}
        <div class="drawer-body-text">
            <pre class="log-text" tabindex="0"><code>{log.body.clone()}</code></pre>
            <CopyButton text=log.body.clone() what=strings::WHAT_VALUE/>
        </div>
        {span}
        <h3>{strings::ATTRIBUTES}</h3>
        {attributes(&log.attributes, log.dropped_attributes_count)}
        {origin(data.view.resources.get(place(log.resource)), data.view.scopes.get(place(log.scope)))}
    }
    .into_any())
}
