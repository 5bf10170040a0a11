//! The bar on top of every page: way home, the areas, paste box, what arrives, theme, keys.

use leptos::prelude::*;
use telltale_api::area::Area;

use crate::components::paste_box::paste_box;
use crate::dom::{El, el, sign, text_el};
use crate::format;
use crate::keys::use_keys;
use crate::live::{LiveStatus, use_live};
use crate::nav::use_nav;
use crate::prefs::use_prefs;
use crate::strings;

/// The bar.
pub(crate) fn header(area: Area) -> El {
    let nav = use_nav();
    let prefs = use_prefs();
    let keys = use_keys();
    // The start page has the box in its middle.
    let has_box = Memo::new(move |_| !matches!(nav.place().path.trim_end_matches('/'), "" | "/start"));
    let brand = el("a").class("brand").attr("href", "/").attr("data-go", "");
    let theme = el("button")
        .class("icon-button")
        .attr("type", "button")
        .on_click(move || prefs.next_theme())
        .dyn_attr("title", move || Some(strings::theme_title(prefs.theme.get().label())))
        .dyn_attr("aria-label", move || Some(strings::theme_title(prefs.theme.get().label())))
        .add(el("span").class("theme-sign").attr("aria-hidden", "true"));
    let help = el("button")
        .class("icon-button")
        .attr("type", "button")
        .named(strings::KEYS_TITLE)
        .on_click(move || keys.help_open.set(true))
        .add(sign("?"));
    el("header").class("app-header").add([
        brand.add(el("span").class("brand-sign").attr("aria-hidden", "true")).text("telltale"),
        areas(area),
        el("div").class("header-box").children(move || has_box.get().then(|| paste_box(false))),
        live_sign(),
        theme,
        help,
    ])
}

/// The pages that are reachable from everywhere.
fn areas(area: Area) -> El {
    let nav = use_nav();
    let links = strings::HEADER_PAGES.iter().map(|(path, words)| {
        let link = text_el("a", "header-link", words).attr("href", path).attr("data-go", "");
        let here = move || {
            let at = nav.place().path;
            let below = at == *path || at.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
            (below && Area::of_path(path) == Some(area)).then(|| "page".to_owned())
        };
        link.dyn_attr("aria-current", here)
    });
    let list = el("nav").class("header-pages").label(strings::HEADER_LABEL).add_all(links);
    if strings::HEADER_PAGES.is_empty() { el("span") } else { list }
}

/// Whether the page hears what arrives, and how much that is.
fn live_sign() -> El {
    let live = use_live();
    let text = move || match (live.status.get(), live.spans_per_second.get()) {
        (LiveStatus::Connecting, _) => strings::LIVE_CONNECTING.to_owned(),
        (LiveStatus::Broken, _) => strings::LIVE_BROKEN.to_owned(),
        (LiveStatus::Open, 0) => strings::LIVE_QUIET.to_owned(),
        (LiveStatus::Open, rate) => strings::live_rate(&format::count(rate)),
    };
    el("p")
        .class("live-sign")
        .attr("title", strings::LIVE_TITLE)
        .dyn_class("live-sign-broken", move || live.status.get() == LiveStatus::Broken)
        .dyn_class("live-sign-open", move || live.status.get() == LiveStatus::Open)
        .add(el("span").class("live-dot").attr("aria-hidden", "true"))
        .dyn_text(text)
}
