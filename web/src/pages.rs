//! The pages, by area: what each area shows for a place.

use leptos::prelude::*;

use crate::components::open_files::Opener;
use crate::dom::{El, el};
use crate::nav::use_nav;
use crate::route::Page;

pub(crate) mod charts;
pub(crate) mod dashboards;
pub(crate) mod diff;
pub(crate) mod home;
pub(crate) mod ingest;
pub(crate) mod not_found;
pub(crate) mod runs;
pub(crate) mod search;
pub(crate) mod services;
pub(crate) mod signals;
pub(crate) mod slos;
pub(crate) mod story;

/// What decides which page of the story's area is shown; a span that opens inside a story changes nothing here.
#[derive(Clone, PartialEq, Eq)]
enum Shown {
    Home { start: bool },
    Paste(String),
    Story(String),
    Diff(String, String),
    Unknown,
}

/// The start page and the page of one request.
pub(crate) fn story_area() -> El {
    let nav = use_nav();
    let shown = Memo::new(move |_| match nav.route().page {
        Page::Home => Shown::Home { start: false },
        Page::Start => Shown::Home { start: true },
        Page::Paste(text) => Shown::Paste(text),
        Page::Story { trace_id, .. } => Shown::Story(trace_id),
        Page::Diff { a, b } => Shown::Diff(a, b),
        Page::Unknown(_) => Shown::Unknown,
    });
    let open = Opener::install();
    let page = el("div").children(move || match shown.get() {
        Shown::Home { start } => home::home(start),
        Shown::Paste(text) => not_found::paste_page(&text),
        Shown::Story(trace_id) => story::story_page(&trace_id),
        Shown::Diff(a, b) => diff::diff_page(&a, &b),
        Shown::Unknown => not_found::unknown_page(),
    });
    el("div").add(page).add(open)
}

/// Search, services, what arrives.
pub(crate) fn explore_area() -> El {
    pages_by_path(|path| match path {
        "/search" => search::search(),
        "/ingest" => ingest::ingest(),
        path if path == "/services" || path.starts_with("/services/") => services::services(path),
        _ => not_found::unknown_page(),
    })
}

/// Metrics.
pub(crate) fn metrics_area() -> El {
    pages_by_path(|path| match path {
        "/charts" => charts::charts(),
        "/slos" => slos::slos(),
        path if path == "/dashboards" || path.starts_with("/dashboards/") => dashboards::dashboards(path),
        _ => not_found::unknown_page(),
    })
}

/// Runs of tests and comparisons.
pub(crate) fn runs_area() -> El {
    pages_by_path(|path| match path {
        "/runs" => runs::runs(),
        "/signals" => signals::signals(),
        run if run.starts_with("/runs/") => runs::run_page(run),
        _ => not_found::unknown_page(),
    })
}

/// Shows the page of the current path, anew when the path changes; parameters are each page's own business.
fn pages_by_path(page: fn(&str) -> El) -> El {
    let nav = use_nav();
    let path = Memo::new(move |_| nav.place().path.trim_end_matches('/').to_owned());
    el("div").children(move || page(&path.get()))
}
