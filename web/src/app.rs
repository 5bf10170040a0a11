//! Starts the application: contexts, frame, and the page of the current place.

use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::announce::Announcer;
use crate::components::header::Header;
use crate::components::keys_dialog::KeysDialog;
use crate::components::paste_box::install_paste_anywhere;
use crate::keys::Keys;
use crate::live::Live;
use crate::nav::{Nav, use_nav};
use crate::pages::home::HomePage;
use crate::pages::not_found::{PastePage, UnknownPage};
use crate::pages::story::StoryPage;
use crate::prefs::Prefs;
use crate::route::Page;
use crate::strings;

/// Called by the start script once the module is loaded.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|info| leptos::logging::error!("{info}")));
    let Some(place) = document().get_element_by_id("app") else { return };
    place.set_text_content(None);
    if let Ok(place) = wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlElement>(place) {
        mount_to(place, App).forget();
    }
}

/// The frame of every page.
#[component]
fn App() -> impl IntoView {
    let announcer = Announcer::install();
    Prefs::install();
    Nav::install();
    Live::install();
    Keys::install();
    install_paste_anywhere();
    view! {
        <a class="skip-link" href="#main">{strings::SKIP_TO_CONTENT}</a>
        <Header/>
        <main id="main" tabindex="-1"><CurrentPage/></main>
        <KeysDialog/>
        {announcer.view()}
    }
}

/// What decides which page component is shown; a span that opens inside a story changes nothing here.
#[derive(Clone, PartialEq, Eq)]
enum Shown {
    Home { start: bool },
    Paste(String),
    Story(String),
    Unknown,
}

/// The page of the current place.
#[component]
fn CurrentPage() -> impl IntoView {
    let nav = use_nav();
    let shown = Memo::new(move |_| match nav.route().page {
        Page::Home => Shown::Home { start: false },
        Page::Start => Shown::Home { start: true },
        Page::Paste(text) => Shown::Paste(text),
        Page::Story { trace_id, .. } => Shown::Story(trace_id),
        Page::Unknown(_) => Shown::Unknown,
    });
    move || match shown.get() {
        Shown::Home { start } => view! { <HomePage start/> }.into_any(),
        Shown::Paste(text) => view! { <PastePage text/> }.into_any(),
        Shown::Story(trace_id) => view! { <StoryPage trace_id/> }.into_any(),
        Shown::Unknown => view! { <UnknownPage/> }.into_any(),
    }
}
