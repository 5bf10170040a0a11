//! Where a span points to, and who points to it.

use leptos::prelude::*;
use serde::Deserialize;
use telltale_api::trace::SpanRow;
use wasm_bindgen_futures::spawn_local;

use super::parts::attributes;
use crate::client::{self, Failure};
use crate::components::bits::{go_link, words};
use crate::dom::{El, el, text_el};
use crate::pages::story::state::StoryState;
use crate::route::Route;
use crate::strings;

/// Back-links that are asked for at most.
const BACK_LINKS_MAX: usize = 50;

/// The links of a span.
pub(super) fn links(span: &SpanRow) -> Vec<El> {
    if span.links.is_empty() && span.dropped_links_count == 0 {
        return Vec::new();
    }
    let items = span.links.iter().map(|link| {
        let address = Route::story(&link.trace_id, Some(&link.span_id)).url();
        let more =
            (!link.attributes.is_empty()).then(|| attributes(None, &link.attributes, link.dropped_attributes_count));
        let ids = format!("{} / {}", link.trace_id, link.span_id);
        el("li").add(go_link(&address, &ids).class("link-ids")).add(more)
    });
    let mut parts = vec![
        text_el("h3", "", &strings::counted_part(strings::LINKS, span.links.len())),
        el("ul").class("drawer-list").add_all(items),
    ];
    if span.dropped_links_count > 0 {
        parts.push(text_el("p", "warn-text", &strings::dropped_links(span.dropped_links_count)));
    }
    parts
}

/// A span that links here.
#[derive(Clone, Deserialize)]
struct BackLink {
    trace_id: String,
    span_id: String,
    name: Option<String>,
    service_name: Option<String>,
}

/// The spans that link to this one, asked for when it is opened.
pub(super) fn back_links(state: StoryState, span_id: &str) -> El {
    let answer = RwSignal::new(None::<Result<Vec<BackLink>, String>>);
    let (trace_id, span_id) = (state.trace_id.get_value(), span_id.to_owned());
    let sql = format!(
        "SELECT trace_id, span_id, span_name AS name, service_name FROM span_links \
         WHERE linked_trace_id = '{trace_id}' AND linked_span_id = '{span_id}' LIMIT {}",
        BACK_LINKS_MAX + 1
    );
    let open = move |_| {
        if answer.with_untracked(|answer| matches!(answer, Some(Ok(_)))) {
            return;
        }
        let sql = sql.clone();
        spawn_local(async move {
            let result = client::sql::<BackLink>(&sql, state.lifetime).await;
            if result.as_ref().err() != Some(&Failure::Aborted) {
                answer.try_set(Some(result.map(|answer| answer.rows).map_err(|failure| words(&failure).0)));
            }
        });
    };
    let content = move || match answer.get() {
        None => text_el("p", "muted", strings::LOADING),
        Some(Err(why)) => text_el("p", "danger-text", &why),
        Some(Ok(rows)) if rows.is_empty() => text_el("p", "muted", strings::NO_BACK_LINKS),
        Some(Ok(rows)) => {
            let items = rows.iter().take(BACK_LINKS_MAX).map(|row| {
                let address = Route::story(&row.trace_id, Some(&row.span_id)).url();
                let name = row.name.as_deref().unwrap_or(&row.span_id);
                let service = row.service_name.as_ref().map(|name| text_el("span", "muted", &format!(" · {name}")));
                el("li").add(go_link(&address, name)).add(service)
            });
            let cut =
                (rows.len() > BACK_LINKS_MAX).then(|| text_el("p", "muted", &strings::back_links_cut(BACK_LINKS_MAX)));
            el("div").add(el("ul").class("drawer-list").add_all(items)).add(cut)
        }
    };
    el("details")
        .class("drawer-part")
        .on("toggle", open)
        .add([text_el("summary", "", strings::BACK_LINKS), el("div").children(content)])
}
