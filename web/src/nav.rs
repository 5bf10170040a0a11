//! Where the reader is, and how they get elsewhere: the browser's history and clicks on our own links.

use leptos::prelude::*;
use telltale_api::area::Area;
use wasm_bindgen::{JsCast, JsValue};

use crate::route::{Place, Route};

/// The current place; a context of the whole application.
#[derive(Clone, Copy)]
pub(crate) struct Nav {
    area: Area,
    place: RwSignal<Place>,
    route: Memo<Route>,
}

impl Nav {
    /// Reads the address bar, follows the history and takes over clicks on links that stay in the area.
    pub(crate) fn install(area: Area) -> Self {
        let place = RwSignal::new(current());
        let route = Memo::new(move |_| place.with(Route::of_place));
        let nav = Self { area, place, route };
        provide_context(nav);
        window_event_listener(leptos::ev::popstate, move |_| nav.place.set(current()));
        window_event_listener(leptos::ev::click, move |event| nav.follow(&event));
        nav
    }

    /// Returns the current place, path and query, and subscribes to it.
    pub(crate) fn place(self) -> Place {
        self.place.get()
    }

    /// Returns the current place.
    pub(crate) fn place_now(self) -> Place {
        self.place.get_untracked()
    }

    /// Returns a parameter of the current place and subscribes to it alone.
    pub(crate) fn param(self, name: &'static str) -> Memo<Option<String>> {
        Memo::new(move |_| self.place.with(|place| place.param(name).map(str::to_owned)))
    }

    /// Returns the current place as the story's pages read it, and subscribes to it.
    pub(crate) fn route(self) -> Route {
        self.route.get()
    }

    /// Returns the current place as the story's pages read it.
    pub(crate) fn route_now(self) -> Route {
        self.route.get_untracked()
    }

    /// Goes to a place of the story's pages, with an entry in the history.
    pub(crate) fn go(self, route: Route) {
        self.go_to(route.place());
    }

    /// Goes to a place of the story's pages without an entry in the history: moving a selection, typing a filter.
    pub(crate) fn replace(self, route: Route) {
        self.replace_with(route.place());
    }

    /// Goes to a place, with an entry in the history. A place of another area is an ordinary navigation.
    pub(crate) fn go_to(self, place: Place) {
        let before = self.place_now();
        if place == before {
            return;
        }
        if self.leaves(&place) {
            if location().assign(&place.url()).is_err() {
                leptos::logging::warn!("the browser refused to go to {}", place.url());
            }
            return;
        }
        if let Ok(history) = window().history()
            && history.push_state_with_url(&JsValue::NULL, "", Some(&place.url())).is_err()
        {
            leptos::logging::warn!("the browser refused a history entry for {}", place.url());
        }
        let changes_page = page_of(&place.path) != page_of(&before.path);
        self.place.set(place);
        if changes_page {
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
    }

    /// Goes to a place without an entry in the history.
    pub(crate) fn replace_with(self, place: Place) {
        if place == self.place_now() {
            return;
        }
        if self.leaves(&place) {
            if location().replace(&place.url()).is_err() {
                leptos::logging::warn!("the browser refused to go to {}", place.url());
            }
            return;
        }
        if let Ok(history) = window().history()
            && history.replace_state_with_url(&JsValue::NULL, "", Some(&place.url())).is_err()
        {
            leptos::logging::warn!("the browser refused to replace the address by {}", place.url());
        }
        self.place.set(place);
    }

    fn leaves(self, place: &Place) -> bool {
        Area::of_path(&place.path) != Some(self.area)
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
        let place = Place::of_url(&address);
        if !self.leaves(&place) {
            event.prevent_default();
            self.go_to(place);
        }
    }
}

/// What of a path names a page; the rest names what is open on it.
fn page_of(path: &str) -> &str {
    let mut slashes = path.match_indices('/').map(|(at, _)| at);
    slashes.nth(2).and_then(|end| path.get(..end)).unwrap_or(path)
}

fn current() -> Place {
    let place = location();
    let search = place.search().unwrap_or_default();
    Place::parse(&place.pathname().unwrap_or_default(), search.strip_prefix('?').unwrap_or(&search))
}

/// Returns the current place's handle.
pub(crate) fn use_nav() -> Nav {
    expect_context::<Nav>()
}
