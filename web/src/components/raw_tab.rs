//! The trace as it was sent: OTLP as JSON, to read, to copy, to download.

use js_sys::JSON;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use crate::client::{self, Failure};
use crate::components::bits::{FailureBox, Skeleton};
use crate::components::copy_button::CopyButton;
use crate::pages::story::state::StoryState;
use crate::{format, strings};

/// Characters that are shown; the download has them all.
const SHOWN_CHARS: u32 = 200_000;

/// The tab's content.
#[component]
pub(crate) fn RawTab() -> impl IntoView {
    let state = expect_context::<StoryState>();
    let text = RwSignal::new(None::<Result<(String, u32), Failure>>);
    let load = move || {
        with_otlp(state, move |answer| {
            text.try_set(Some(answer.map(|otlp| {
                let whole = pretty(&otlp);
                (String::from(whole.slice(0, SHOWN_CHARS)), whole.length())
            })));
        });
    };
    Effect::new(move |_| {
        state.generation.track();
        load();
    });
    let retry = Callback::new(move |()| load());
    let address = client::otlp_url(&state.trace_id.get_value());
    move || match text.get() {
        None => view! { <Skeleton rows=10/> }.into_any(),
        Some(Err(failure)) => view! { <FailureBox title=strings::RAW_FAILED failure retry/> }.into_any(),
        Some(Ok((shown, length))) => {
            let cut = (length > SHOWN_CHARS).then(|| {
                view! { <p class="notice">{strings::raw_cut(&format::count(SHOWN_CHARS.into()), &format::count(length.into()))}</p> }
            });
            view! {
                <div class="panel-tools">
                    <a class="button" href=address.clone() download="">{strings::DOWNLOAD_OTLP}</a>
                    <CopyButton text=shown.clone() what=strings::WHAT_JSON label=strings::COPY_JSON/>
                </div>
                {cut}
                <pre class="raw" tabindex="0" aria-label=strings::RAW_LABEL><code>{shown}</code></pre>
            }
            .into_any()
        }
    }
}

/// Hands the trace as OTLP/JSON on, asking the server at most once a load.
pub(crate) fn with_otlp(state: StoryState, then: impl FnOnce(Result<JsValue, Failure>) + 'static) {
    if let Some(known) = state.otlp.get_value() {
        then(Ok(known));
        return;
    }
    let trace_id = state.trace_id.get_value();
    spawn_local(async move {
        let answer = client::otlp(&trace_id, state.lifetime).await;
        if state.lifetime.is_over() || answer.as_ref().err() == Some(&Failure::Aborted) {
            return;
        }
        if let Ok(otlp) = &answer {
            state.otlp.set_value(Some(otlp.clone()));
        }
        then(answer);
    });
}

/// Writes JSON with two spaces of indentation.
pub(crate) fn pretty(value: &JsValue) -> js_sys::JsString {
    JSON::stringify_with_replacer_and_space(value, &JsValue::NULL, &JsValue::from_f64(2.0)).unwrap_or_default()
}
