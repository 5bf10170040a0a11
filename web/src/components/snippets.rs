//! Copy-paste lines that send a first trace, one tab a language; the lines themselves are in `telltale_api::snippets`.

use leptos::prelude::*;
use telltale_api::snippets::{Part, SNIPPETS};

use crate::components::copy_button::copy_button;
use crate::dom::{El, el, text_el};
use crate::strings;

/// The tabs; `endpoint` is the OTLP/HTTP address as the reader's machine reaches it.
pub(crate) fn snippet_tabs(endpoint: &str) -> El {
    let chosen = RwSignal::new(0_usize);
    let names: Vec<&'static str> = SNIPPETS.iter().map(|snippet| snippet.name).collect();
    let tabs = tab_list("snippet-tab", "snippet-panel", strings::SNIPPETS_LABEL, &names, chosen);
    let endpoint = endpoint.to_owned();
    let ui = location().origin().unwrap_or_default();
    let parts = move || {
        let parts = SNIPPETS.get(chosen.get()).map(|snippet| snippet.parts).unwrap_or_default();
        parts.iter().map(|part| part_el(part, &endpoint, &ui)).collect::<Vec<El>>()
    };
    let panel = el("div")
        .id("snippet-panel")
        .class("snippet")
        .attr("role", "tabpanel")
        .attr("tabindex", "0")
        .dyn_attr("aria-labelledby", move || Some(format!("snippet-tab-{}", chosen.get())))
        .children(parts);
    el("div").class("snippets").add([tabs, panel])
}

/// Lines, where they belong, and a button that copies them.
fn part_el(part: &Part, endpoint: &str, ui: &str) -> El {
    let text = part.filled(endpoint, ui);
    let code = el("pre").add(text_el("code", "", &text));
    let lines =
        el("div").class("snippet-lines").add([code, copy_button(move || text.clone(), strings::WHAT_SNIPPET, None)]);
    el("div").class("snippet-part").add([text_el("p", "muted", part.place), lines])
}

/// A list of tabs that chooses one of several panels.
fn tab_list(prefix: &'static str, panel: &str, label: &str, names: &[&str], chosen: RwSignal<usize>) -> El {
    let count = names.len();
    let tabs = names.iter().enumerate().map(|(index, name)| {
        let is_chosen = move || chosen.get() == index;
        text_el("button", "tab", name)
            .id(&format!("{prefix}-{index}"))
            .attr("type", "button")
            .attr("role", "tab")
            .attr("aria-controls", panel)
            .dyn_attr("aria-selected", move || Some(is_chosen().to_string()))
            .dyn_attr("tabindex", move || Some(if is_chosen() { "0" } else { "-1" }.to_owned()))
            .on_click(move || chosen.set(index))
            .on_key(move |event| {
                let next = match event.key().as_str() {
                    "ArrowRight" => (index + 1) % count,
                    "ArrowLeft" => (index + count - 1) % count,
                    _ => return,
                };
                event.prevent_default();
                chosen.set(next);
                crate::keys::focus(&format!("{prefix}-{next}"));
            })
    });
    el("div").class("tabs").attr("role", "tablist").label(label).add_all(tabs)
}
