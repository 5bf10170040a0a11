//! The bar on top of every page: way home, paste box, what arrives, theme, keys.

use leptos::prelude::*;

use crate::components::paste_box::PasteBox;
use crate::format;
use crate::keys::use_keys;
use crate::live::{LiveStatus, use_live};
use crate::nav::use_nav;
use crate::prefs::use_prefs;
use crate::route::Page;
use crate::strings;

/// The bar.
#[component]
pub(crate) fn Header() -> impl IntoView {
    let nav = use_nav();
    let prefs = use_prefs();
    let keys = use_keys();
    // The start page has the box in its middle.
    let has_box = Memo::new(move |_| !matches!(nav.route().page, Page::Home | Page::Start));
    view! {
        <header class="app-header">
            <a class="brand" href="/" data-go="">
                <span class="brand-sign" aria-hidden="true"></span>
                "telltale"
            </a>
            <div class="header-box">
                <Show when=move || has_box.get()><PasteBox large=false/></Show>
            </div>
            <LiveSign/>
            <button class="icon-button" type="button" on:click=move |_| prefs.next_theme()
                title=move || strings::theme_title(prefs.theme.get().label())
                aria-label=move || strings::theme_title(prefs.theme.get().label())>
                <span class="theme-sign" aria-hidden="true"></span>
            </button>
            <button class="icon-button" type="button" on:click=move |_| keys.help_open.set(true)
                title=strings::KEYS_TITLE aria-label=strings::KEYS_TITLE>
                <span aria-hidden="true">"?"</span>
            </button>
        </header>
    }
}

/// Whether the page hears what arrives, and how much that is.
#[component]
fn LiveSign() -> impl IntoView {
    let live = use_live();
    let text = move || match (live.status.get(), live.spans_per_second.get()) {
        (LiveStatus::Connecting, _) => strings::LIVE_CONNECTING.to_owned(),
        (LiveStatus::Broken, _) => strings::LIVE_BROKEN.to_owned(),
        (LiveStatus::Open, 0) => strings::LIVE_QUIET.to_owned(),
        (LiveStatus::Open, rate) => strings::live_rate(&format::count(rate)),
    };
    let class = move || match live.status.get() {
        LiveStatus::Connecting => "live-sign",
        LiveStatus::Broken => "live-sign live-sign-broken",
        LiveStatus::Open => "live-sign live-sign-open",
    };
    view! {
        <p class=class title=strings::LIVE_TITLE>
            <span class="live-dot" aria-hidden="true"></span>
            {text}
        </p>
    }
}
