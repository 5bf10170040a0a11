//! The overview of the keyboard shortcuts, with the switch for single letters.

use leptos::html::Dialog;
use leptos::prelude::*;

use crate::keys::use_keys;
use crate::prefs::use_prefs;
use crate::strings;

/// The dialog; opens when [`crate::keys::Keys::help_open`] says so.
#[component]
pub(crate) fn KeysDialog() -> impl IntoView {
    let keys = use_keys();
    let prefs = use_prefs();
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        if keys.help_open.get() && !dialog.open() {
            if dialog.show_modal().is_err() {
                leptos::logging::warn!("the dialog cannot be opened");
            }
        } else if !keys.help_open.get() && dialog.open() {
            dialog.close();
        }
    });
    let rows = strings::KEYS.iter().map(|(names, meaning)| {
        let names = names.split(' ').map(|name| view! { <kbd>{name}</kbd> }).collect_view();
        view! { <div class="keys-row"><dt>{names}</dt><dd>{*meaning}</dd></div> }
    });
    view! {
        <dialog node_ref=dialog class="keys-dialog" aria-labelledby="keys-title" on:close=move |_| keys.help_open.set(false)>
            <div class="keys-head">
                <h2 id="keys-title">{strings::KEYS_TITLE}</h2>
                <button class="icon-button" type="button" aria-label=strings::CLOSE on:click=move |_| keys.help_open.set(false)>
                    <span aria-hidden="true">"✕"</span>
                </button>
            </div>
            <dl class="keys-list">{rows.collect_view()}</dl>
            <label class="keys-switch">
                <input type="checkbox" prop:checked=move || prefs.single_keys.get()
                    on:change=move |event| prefs.set_single_keys(event_target_checked(&event))/>
                {strings::SINGLE_KEYS}
            </label>
        </dialog>
    }
}
