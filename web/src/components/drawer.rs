//! Everything about one span, or one log record: why it failed first, then the rest, raw last.

mod links;
mod log;
mod parts;
pub(crate) mod plan;
mod span;
mod viewers;

use leptos::prelude::*;

use crate::components::bits::skeleton;
use crate::dom::{El, el, sign};
use crate::pages::story::state::StoryState;
use crate::strings;
use log::log_details;
use span::span_details;

/// The drawer; nothing while nothing is open.
pub(crate) fn drawer(state: StoryState) -> Option<El> {
    let is_open = Memo::new(move |_| state.drawer_is_open());
    if !is_open.get() {
        return None;
    }
    let log = Memo::new(move |_| state.nav.route().log);
    let content = move || {
        let opened = state.open_span.get();
        let (Some(trace), Some(details)) = (state.trace.get(), state.details.get()) else { return vec![skeleton(6)] };
        match (opened, log.get()) {
            (Some(span_id), _) => span_details(state, &trace, &details, &span_id),
            (None, Some(log)) => log_details(state, &trace, &details, log),
            (None, None) => Vec::new(),
        }
    };
    let close = el("button")
        .class("icon-button drawer-close")
        .attr("type", "button")
        .named(strings::CLOSE_DRAWER)
        .on_click(move || {
            state.close_drawer();
            crate::keys::focus("timeline-grid");
        })
        .add(sign("✕"));
    let content = el("div").class("drawer-content").children(content);
    Some(el("section").class("drawer").attr("tabindex", "0").label(strings::DRAWER_LABEL).add([close, content]))
}
