//! A button that puts a text on the clipboard and says so.

use leptos::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::announce::{Announcer, use_announcer};
use crate::dom::{El, el};
use crate::strings;

/// Puts a text on the clipboard and says what was copied.
pub(crate) fn copy(text: &str, what: &str, announcer: Announcer) {
    let navigator = window().navigator();
    // Over plain HTTP from another host there is no clipboard.
    let exists = js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|value| !value.is_undefined());
    if !exists {
        announcer.say(strings::NO_CLIPBOARD);
        return;
    }
    let promise = navigator.clipboard().write_text(text);
    let done = strings::copied(what);
    spawn_local(async move {
        match JsFuture::from(promise).await {
            Ok(_) => announcer.say(done),
            Err(_) => announcer.say(strings::NO_CLIPBOARD),
        }
    });
}

/// A small button that copies a text; a sign when it has no words of its own. `what` names the text: `trace ID`.
pub(crate) fn copy_button(text: impl Fn() -> String + 'static, what: &'static str, label: Option<&str>) -> El {
    let announcer = use_announcer();
    let button = el("button").attr("type", "button").named(&strings::copy_what(what)).on("click", move |event| {
        event.stop_propagation();
        copy(&text(), what, announcer);
    });
    match label {
        Some(label) => button.class("button").text(label),
        None => button.class("icon-button").add(el("span").class("copy-sign").attr("aria-hidden", "true")),
    }
}
