//! Starts an area of the application: contexts, frame, and the page of the current place.

use std::cell::Cell;

use leptos::prelude::*;
use telltale_api::area::Area;

use crate::announce::Announcer;
use crate::components::header::header;
use crate::components::keys_dialog::keys_dialog;
use crate::components::paste_box::install_paste_anywhere;
use crate::dom::{El, el, text_el};
use crate::keys::Keys;
use crate::live::Live;
use crate::nav::Nav;
use crate::prefs::Prefs;
use crate::strings;

thread_local! {
    /// What the application's signals belong to: it lives as long as the document.
    static APPLICATION: Cell<Option<Owner>> = const { Cell::new(None) };
}

/// Puts the frame and the area's pages into the shell; `page` follows the place by itself.
pub(crate) fn start(area: Area, page: fn() -> El) {
    std::panic::set_hook(Box::new(|info| leptos::logging::error!("{info}")));
    let Some(place) = document().get_element_by_id("app") else { return };
    place.set_text_content(None);
    mount_to(wasm_bindgen::JsCast::unchecked_into(place.clone()), || ()).forget();
    let owner = Owner::new();
    owner.with(|| El::of(place).add(frame(area, page)));
    APPLICATION.set(Some(owner));
}

/// The frame of every page.
fn frame(area: Area, page: fn() -> El) -> Vec<El> {
    let announcer = Announcer::install();
    Prefs::install();
    Nav::install(area);
    Live::install();
    Keys::install();
    install_paste_anywhere();
    vec![
        text_el("a", "skip-link", strings::SKIP_TO_CONTENT).attr("href", "#main"),
        header(area),
        el("main").id("main").attr("tabindex", "-1").add(page()),
        keys_dialog(),
        announcer.view(),
    ]
}
