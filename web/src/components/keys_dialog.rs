//! The overview of the keyboard shortcuts, with the switch for single letters.

use leptos::prelude::*;

use crate::components::dialog::dialog;
use crate::dom::{El, el, text_el};
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
    let single = el("input")
        .attr("type", "checkbox")
        .dyn_checked(move || prefs.single_keys.get())
        .on_check(move |on| prefs.set_single_keys(on));
    let content = el("div").add([
        el("dl").class("keys-list").add_all(rows),
        el("label").class("keys-switch").add(single).text(strings::SINGLE_KEYS),
    ]);
    dialog(keys.help_open, "keys-dialog", strings::KEYS_TITLE, "keys-title", content)
}
