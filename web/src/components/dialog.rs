//! A dialog over the page: keeps the focus inside, gives it back, closes with Escape and its button.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::announce::use_announcer;
use crate::dom::{El, el, sign, text_el};
use crate::strings;

/// A dialog that opens and closes with a signal. `title_id` must be the only one of its name on the page. Messages are said
/// inside too: what lies behind a dialog is neither seen nor heard.
pub(crate) fn dialog(open: RwSignal<bool>, class: &str, title: &str, title_id: &str, content: El) -> El {
    let close = el("button")
        .class("icon-button")
        .attr("type", "button")
        .named(strings::CLOSE)
        .on_click(move || open.set(false))
        .add(sign("✕"));
    let announcer = use_announcer();
    let said = el("div").children(move || if open.get() { Some(announcer.view()) } else { None });
    let dialog = el("dialog").class(&format!("dialog {class}")).attr("aria-labelledby", title_id).add([
        el("div").class("dialog-head").add(text_el("h2", "", title).id(title_id)).add(close),
        content,
        said,
    ]);
    let dialog = dialog.on("close", move |_| open.set(false));
    let element: web_sys::HtmlDialogElement = dialog.element().clone().unchecked_into();
    let element = StoredValue::new_local(element);
    Effect::new(move |_| {
        let Some(element) = element.try_get_value() else { return };
        let open = open.get();
        if open && !element.open() {
            if element.show_modal().is_err() {
                leptos::logging::warn!("the dialog cannot be opened");
            }
        } else if !open && element.open() {
            element.close();
        }
    });
    dialog
}

/// Returns whether a dialog covers the page, so that the page's keys are not meant.
pub(crate) fn covers_page() -> bool {
    document().query_selector("dialog[open]").is_ok_and(|found| found.is_some())
}
