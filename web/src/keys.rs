//! Keyboard shortcuts: one listener for the whole application, which asks the open page first.
//!
//! Single letters can be switched off (WCAG 2.1.4) and never act while something is being typed.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;

use crate::components::dialog::covers_page;
use crate::nav::use_nav;
use crate::prefs::{Prefs, use_prefs};
use crate::route::Route;

/// A key that a page may act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// `KeyboardEvent.key`.
    pub(crate) name: String,
    /// Whether Shift was down.
    pub(crate) shift: bool,
}

/// What a page does with keys; returns whether it did anything.
type Handler = Callback<Key, bool>;

/// The shortcuts; a context of the whole application.
#[derive(Clone, Copy)]
pub(crate) struct Keys {
    page: StoredValue<Option<(u64, Handler)>>,
    handlers: StoredValue<u64>,
    /// Whether the overview of the keys is open.
    pub(crate) help_open: RwSignal<bool>,
    awaits_place: StoredValue<bool>,
}

impl Keys {
    /// Listens to the keyboard.
    pub(crate) fn install() -> Self {
        let keys = Self {
            page: StoredValue::new(None),
            handlers: StoredValue::new(0),
            help_open: RwSignal::new(false),
            awaits_place: StoredValue::new(false),
        };
        provide_context(keys);
        let prefs = use_prefs();
        let nav = use_nav();
        window_event_listener(leptos::ev::keydown, move |event| {
            if event.default_prevented() {
                return;
            }
            let command = event.ctrl_key() || event.meta_key();
            if command && event.key().eq_ignore_ascii_case("k") {
                event.prevent_default();
                focus_paste_box();
                return;
            }
            if command || event.alt_key() || event.is_composing() || keys.is_typing(&event) {
                return;
            }
            let key = Key { name: event.key(), shift: event.shift_key() };
            if keys.act(&key, prefs, nav) {
                event.prevent_default();
            }
        });
        keys
    }

    /// Lets the current component handle keys until it goes away.
    pub(crate) fn handle(self, handler: impl Fn(Key) -> bool + Send + Sync + 'static) {
        let number = self.handlers.get_value() + 1;
        self.handlers.set_value(number);
        self.page.set_value(Some((number, Callback::new(handler))));
        // The next page may have put its own handler in before this one goes.
        on_cleanup(move || {
            self.page.try_update_value(|page| {
                if page.as_ref().is_some_and(|(current, _)| *current == number) {
                    *page = None;
                }
            });
        });
    }

    fn act(self, key: &Key, prefs: Prefs, nav: crate::nav::Nav) -> bool {
        if covers_page() {
            return false;
        }
        let letter = key.name.chars().count() == 1;
        if letter && !prefs.single_keys.get_untracked() {
            return false;
        }
        let goes = self.awaits_place.get_value();
        self.awaits_place.set_value(false);
        match key.name.as_str() {
            "h" if goes => nav.go(Route::home()),
            "g" => self.awaits_place.set_value(true),
            "/" => focus_paste_box(),
            "?" => self.help_open.set(true),
            "t" => prefs.next_theme(),
            "u" => prefs.toggle_utc(),
            _ => return self.page.get_value().is_some_and(|(_, page)| page.run(key.clone())),
        }
        true
    }

    /// Returns whether a key belongs to a text field; Escape leaves the field.
    fn is_typing(self, event: &KeyboardEvent) -> bool {
        let element = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlElement>().ok());
        let Some(element) = element else { return false };
        let typing = matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT");
        if typing && event.key() == "Escape" && element.blur().is_err() {
            leptos::logging::warn!("the field keeps the focus");
        }
        typing
    }
}

/// The id of the field that takes a paste; one a page.
pub(crate) const PASTE_BOX_ID: &str = "paste-box";

/// Puts the cursor into the field that takes a paste.
pub(crate) fn focus_paste_box() {
    focus(PASTE_BOX_ID);
    if let Some(field) = document().get_element_by_id(PASTE_BOX_ID)
        && let Ok(field) = field.dyn_into::<web_sys::HtmlInputElement>()
    {
        field.select();
    }
}

/// Moves the focus to an element, when it is there.
pub(crate) fn focus(id: &str) {
    let element = document().get_element_by_id(id).and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(element) = element
        && element.focus().is_err()
    {
        leptos::logging::warn!("{id} does not take the focus");
    }
}

/// Returns the shortcuts.
pub(crate) fn use_keys() -> Keys {
    expect_context::<Keys>()
}
