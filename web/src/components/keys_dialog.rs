//! The overview of the keyboard shortcuts, with the switch for single letters.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::dom::{El, el, sign, text_el};
use crate::keys::use_keys;
use crate::prefs::use_prefs;
use crate::strings;

/// The dialog; opens when [`crate::keys::Keys::help_open`] says so.
pub(crate) fn keys_dialog() -> El {
    let keys = use_keys();
    let prefs = use_prefs();
    let rows = strings::KEYS.iter().map(|(names, meaning)| {
        let names = names.split(' ').map(|name| text_el("kbd", "", name));
        el("div").class("keys-row").add(el("dt").add_all(names)).add(text_el("dd", "", meaning))
    });
    let close = el("button")
        .class("icon-button")
        .attr("type", "button")
        .label(strings::CLOSE)
        .on_click(move || keys.help_open.set(false))
        .add(sign("✕"));
    let single = el("input")
        .attr("type", "checkbox")
        .dyn_checked(move || prefs.single_keys.get())
        .on_check(move |on| prefs.set_single_keys(on));
    let dialog = el("dialog").class("keys-dialog").attr("aria-labelledby", "keys-title").add([
        el("div").class("keys-head").add(text_el("h2", "", strings::KEYS_TITLE).id("keys-title")).add(close),
        el("dl").class("keys-list").add_all(rows),
        el("label").class("keys-switch").add(single).text(strings::SINGLE_KEYS),
    ]);
    let dialog = dialog.on("close", move |_| keys.help_open.set(false));
    let element: web_sys::HtmlDialogElement = dialog.element().clone().unchecked_into();
    let element = StoredValue::new_local(element);
    Effect::new(move |_| {
        let Some(element) = element.try_get_value() else { return };
        let open = keys.help_open.get();
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
