//! Copy-paste lines that send a first trace, one tab a language.

use leptos::prelude::*;

use crate::components::copy_button::copy_button;
use crate::dom::{El, el, text_el};
use crate::strings;

/// A language and its lines.
struct Snippet {
    name: &'static str,
    text: String,
}

/// Returns the snippets for an OTLP/HTTP address.
fn snippets(endpoint: &str) -> Vec<Snippet> {
    let of = |name, text: &str| Snippet { name, text: text.replace(strings::SNIPPET_PLACE, endpoint) };
    vec![
        of("Any SDK", strings::SNIPPET_ANY),
        of("Python", strings::SNIPPET_PYTHON),
        of("Node", strings::SNIPPET_NODE),
        of("Elixir", strings::SNIPPET_ELIXIR),
        of("curl", strings::SNIPPET_CURL),
    ]
}

/// The tabs; `endpoint` is the OTLP/HTTP address as the reader's machine reaches it.
pub(crate) fn snippet_tabs(endpoint: &str) -> El {
    let chosen = RwSignal::new(0_usize);
    let all = StoredValue::new(snippets(endpoint));
    let text = Signal::derive(move || {
        all.with_value(|all| all.get(chosen.get()).map(|snippet| snippet.text.clone()).unwrap_or_default())
    });
    let names: Vec<&'static str> = all.with_value(|all| all.iter().map(|snippet| snippet.name).collect());
    let tabs = tab_list("snippet-tab", "snippet-panel", strings::SNIPPETS_LABEL, &names, chosen);
    let panel = el("div")
        .id("snippet-panel")
        .class("snippet")
        .attr("role", "tabpanel")
        .attr("tabindex", "0")
        .dyn_attr("aria-labelledby", move || Some(format!("snippet-tab-{}", chosen.get())))
        .add(el("pre").add(el("code").dyn_text(move || text.get())))
        .add(copy_button(move || text.get_untracked(), strings::WHAT_SNIPPET, None));
    el("div").class("snippets").add([tabs, panel])
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
