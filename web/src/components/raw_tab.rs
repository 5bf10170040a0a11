//! The trace as it was sent: OTLP as JSON, to read, to copy, to download.

use js_sys::JSON;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use crate::client::{self, Failure};
use crate::components::bits::{failure_box, skeleton};
use crate::components::copy_button::copy_button;
use crate::dom::{El, el, text_el};
use crate::pages::story::state::StoryState;
use crate::{format, strings};

/// Characters that are shown; the download has them all.
const SHOWN_CHARS: u32 = 200_000;

/// Spans up to which the page asks for all of it to show a part.
const SHOWN_SPANS: u64 = 20_000;

/// The view's content.
pub(crate) fn raw_tab(state: StoryState) -> El {
    let text = RwSignal::new(None::<Result<(String, u32), Failure>>);
    let load = move || {
        with_otlp(state, move |answer| {
            text.try_set(Some(answer.map(|otlp| {
                let whole = pretty(&otlp);
                (String::from(whole.slice(0, SHOWN_CHARS)), whole.length())
            })));
        });
    };
    let address = client::otlp_url(&state.trace_id.get_value());
    let link = move || text_el("a", "button", strings::DOWNLOAD_OTLP).attr("href", &address).attr("download", "");
    let spans = state.trace.with_untracked(|trace| trace.as_ref().map_or(0, |t| t.structure.meta.span_count));
    if spans > SHOWN_SPANS {
        let words = text_el("p", "notice", &strings::raw_too_large(&format::count(spans)));
        return el("div").add([words, el("div").class("panel-tools").add(link())]);
    }
    Effect::new(move |_| {
        state.generation.track();
        load();
    });
    el("div").children(move || match text.get() {
        None => vec![skeleton(10)],
        Some(Err(failure)) => vec![failure_box(strings::RAW_FAILED, &failure, load)],
        Some(Ok((shown, length))) => {
            let to_copy = shown.clone();
            let copy = copy_button(move || to_copy.clone(), strings::WHAT_JSON, Some(strings::COPY_JSON));
            let mut parts = vec![el("div").class("panel-tools").add([link(), copy])];
            if length > SHOWN_CHARS {
                let words = strings::raw_cut(&format::count(SHOWN_CHARS.into()), &format::count(length.into()));
                parts.push(text_el("p", "notice", &words));
            }
            let block = el("pre").class("raw").attr("tabindex", "0").label(strings::RAW_LABEL);
            parts.push(block.add(text_el("code", "", &shown)));
            parts
        }
    })
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
