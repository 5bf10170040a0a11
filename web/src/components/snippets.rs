//! Copy-paste lines that send a first trace, one tab a language.

use leptos::prelude::*;

use crate::components::copy_button::CopyButton;
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

/// The tabs.
#[component]
pub(crate) fn Snippets(
    /// The OTLP/HTTP address, as the reader's machine reaches it.
    #[prop(into)]
    endpoint: Signal<String>,
) -> impl IntoView {
    let chosen = RwSignal::new(0_usize);
    let all = Memo::new(move |_| endpoint.get());
    let text = Signal::derive(move || {
        snippets(&all.get()).into_iter().nth(chosen.get()).map(|snippet| snippet.text).unwrap_or_default()
    });
    let count = snippets("").len();
    let tabs = snippets("").into_iter().enumerate().map(|(index, snippet)| {
        view! {
            <button type="button" role="tab" class="tab" id=format!("snippet-tab-{index}") aria-controls="snippet-panel"
                aria-selected=move || (chosen.get() == index).to_string()
                tabindex=move || if chosen.get() == index { "0" } else { "-1" }
                on:click=move |_| chosen.set(index)
                on:keydown=move |event| {
                    let next = match event.key().as_str() {
                        "ArrowRight" => (index + 1) % count,
                        "ArrowLeft" => (index + count - 1) % count,
                        _ => return,
                    };
                    event.prevent_default();
                    chosen.set(next);
                    crate::keys::focus(&format!("snippet-tab-{next}"));
                }>
                {snippet.name}
            </button>
        }
    });
    view! {
        <div class="snippets">
            <div class="tabs" role="tablist" aria-label=strings::SNIPPETS_LABEL>{tabs.collect_view()}</div>
            <div class="snippet" id="snippet-panel" role="tabpanel" tabindex="0"
                aria-labelledby=move || format!("snippet-tab-{}", chosen.get())>
                <pre><code>{text}</code></pre>
                <CopyButton text what=strings::WHAT_SNIPPET/>
            </div>
        </div>
    }
}
