//! Where the reader is, and how they get elsewhere: the browser's history and clicks on our own links.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

use crate::route::Route;

/// The current place; a context of the whole application.
#[derive(Clone, Copy)]
pub(crate) struct Nav {
    route: RwSignal<Route>,
}

impl Nav {
    /// Reads the address bar, follows the history and takes over clicks on links that stay in the application.
    pub(crate) fn install() -> Self {
        let nav = Self { route: RwSignal::new(current()) };
        provide_context(nav);
        window_event_listener(leptos::ev::popstate, move |_| nav.route.set(current()));
        window_event_listener(leptos::ev::click, move |event| nav.follow(&event));
        nav
    }

    /// Returns the current place and subscribes to it.
    pub(crate) fn route(self) -> Route {
        self.route.get()
    }

    /// Returns the current place.
    pub(crate) fn route_now(self) -> Route {
        self.route.get_untracked()
    }

    /// Goes to a place, with an entry in the history.
    pub(crate) fn go(self, route: Route) {
        if route == self.route_now() {
            return;
        }
        let changes_page = route.trace_id() != self.route_now().trace_id() || route.trace_id().is_none();
        if let Ok(history) = window().history()
            && history.push_state_with_url(&JsValue::NULL, "", Some(&route.url())).is_err()
        {
            leptos::logging::warn!("the browser refused a history entry for {}", route.url());
        }
        self.route.set(route);
        if changes_page {
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
    }

    /// Goes to a place without an entry in the history: moving a selection, typing a filter.
    pub(crate) fn replace(self, route: Route) {
        if route == self.route_now() {
            return;
        }
        if let Ok(history) = window().history()
            && history.replace_state_with_url(&JsValue::NULL, "", Some(&route.url())).is_err()
        {
            leptos::logging::warn!("the browser refused to replace the address by {}", route.url());
        }
        self.route.set(route);
    }

    fn follow(self, event: &web_sys::MouseEvent) {
        let modified = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
        if event.default_prevented() || event.button() != 0 || modified {
            return;
        }
        let link = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .and_then(|element| element.closest("a[data-go]").ok().flatten());
        let Some(address) = link.and_then(|link| link.get_attribute("href")) else { return };
        event.prevent_default();
        let (path, query) = address.split_once('?').unwrap_or((&address, ""));
        self.go(Route::parse(path, query));
    }
}

fn current() -> Route {
    let place = location();
    let path = place.pathname().unwrap_or_default();
    let search = place.search().unwrap_or_default();
    Route::parse(&path, search.strip_prefix('?').unwrap_or(&search))
}

/// Returns the current place's handle.
pub(crate) fn use_nav() -> Nav {
    expect_context::<Nav>()
}
