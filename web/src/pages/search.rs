//! The search page: one box, a histogram, facets, rows that unfold, patterns, differences, live rows.
//!
//! The address is the state: `q`, `kind`, `from`, `to`, `order` are the search; `tab`, `cols`, `since`, `sel` say how it is
//! looked at; `live` follows what arrives; `at` is a row to be shown.

use leptos::prelude::*;
use telltale_api::routes;
use telltale_api::search::{Facet, SearchAnswer, SearchHistogram};
use wasm_bindgen_futures::spawn_local;

use crate::client::{self, Failure, Lifetime};
use crate::dom::{El, el, text_el};
use crate::keys::{Key, focus, use_keys};
use crate::nav::{Nav, use_nav};
use crate::route::Place;
use crate::search::{Asked, Buffer, Kind, listed};
use crate::shared::Shared;
use crate::strings;

mod bars;
mod detail;
mod different;
mod facets;
mod follow;
mod histogram;
mod list;
mod menus;
mod patterns;
mod query_box;

/// Rows that are asked for at once.
const PAGE_ROWS: usize = 100;

/// Id of the search box.
const BOX_ID: &str = "search-box";

/// What came of asking for something.
type Answer<T> = Option<Result<T, Failure>>;

/// The rows, and what is known about them.
#[derive(Clone, PartialEq, Default)]
struct Found {
    /// The statement that means the same, and its condition.
    sql: String,
    condition: String,
    /// Where the next page begins.
    next: Option<String>,
}

/// What all parts of the page share.
#[derive(Clone, Copy)]
struct State {
    nav: Nav,
    asked: Memo<Asked>,
    /// Whether rows come by themselves.
    is_live: Memo<bool>,
    rows: RwSignal<Buffer>,
    found: RwSignal<Answer<Found>>,
    /// Whether a page of rows is on its way.
    loading: RwSignal<bool>,
    histogram: RwSignal<Answer<Shared<SearchHistogram>>>,
    facets: RwSignal<Answer<Shared<(Vec<Facet>, Vec<String>)>>>,
    /// Whether the facets are still those of the search before.
    old_facets: RwSignal<bool>,
    /// Until when answers to the current search are of interest.
    current: StoredValue<Option<Lifetime>>,
    /// Pauses live rows or goes on, while they are followed.
    pause: StoredValue<Option<Callback<()>>>,
    /// Asks everything again.
    again: RwSignal<u32>,
}

impl State {
    fn new() -> Self {
        let nav = use_nav();
        let live = nav.param("live");
        let asked = Memo::new(move |_| Asked::of(&nav.place()));
        Self {
            nav,
            asked,
            is_live: Memo::new(move |_| live.get().is_some()),
            rows: RwSignal::new(Buffer::default()),
            found: RwSignal::new(None),
            loading: RwSignal::new(false),
            histogram: RwSignal::new(None),
            facets: RwSignal::new(None),
            old_facets: RwSignal::new(true),
            current: StoredValue::new(None),
            pause: StoredValue::new(None),
            again: RwSignal::new(0),
        }
    }

    fn kind(self) -> Kind {
        self.asked.with_untracked(|asked| asked.kind)
    }

    /// Returns the place with another search; how it is looked at stays where it fits.
    fn place_of(self, change: impl FnOnce(&mut Asked)) -> Place {
        let mut asked = self.asked.get_untracked();
        let before = asked.kind;
        change(&mut asked);
        let mut place = asked.place();
        let now = self.nav.place_now();
        for name in ["tab", "cols", "live", "since"] {
            let stays = asked.kind == before || name == "live";
            place = place.with(name, now.param(name).filter(|_| stays));
        }
        place
    }

    /// Searches for something else.
    fn go(self, change: impl FnOnce(&mut Asked)) {
        self.nav.go_to(self.place_of(change));
    }

    /// Changes how the search is looked at.
    fn show(self, name: &str, value: Option<&str>) {
        self.nav.go_to(self.nav.place_now().with(name, value));
    }

    /// Asks whenever the search changes; what is shown stays until the answer is there.
    fn ask_when_it_changes(self) {
        Effect::new(move |_| {
            let asked = self.asked.get();
            self.again.track();
            let lifetime = Lifetime::of_component();
            self.current.set_value(Some(lifetime));
            if self.is_live.get() {
                return;
            }
            self.loading.set(true);
            let address = format!("{}?{}", routes::SEARCH, asked.parameters());
            self.ask_rows(format!("{address}&limit={PAGE_ROWS}&include=rows"), lifetime, true);
            let histogram = self.histogram;
            ask(format!("{address}&include=histogram"), lifetime, move |answer| {
                histogram.set(Some(answer.map(|answer| Shared::new(answer.histogram.unwrap_or_default()))));
            });
            let (facets, old_facets) = (self.facets, self.old_facets);
            old_facets.set(true);
            ask(format!("{address}&include=facets"), lifetime, move |answer| {
                facets.set(Some(answer.map(|answer| Shared::new((answer.facets, answer.notes)))));
                old_facets.set(false);
            });
        });
    }

    fn ask_rows(self, address: String, lifetime: Lifetime, is_first: bool) {
        ask(address, lifetime, move |answer| {
            self.loading.set(false);
            match answer {
                Ok(answer) => {
                    let next = answer.next.clone();
                    let page = listed(answer.rows, &answer.traces);
                    self.rows.update(|rows| {
                        if is_first {
                            rows.clear();
                        }
                        rows.append(page);
                    });
                    self.found.set(Some(Ok(Found { sql: answer.sql, condition: answer.condition, next })));
                }
                Err(failure) => {
                    if is_first {
                        self.rows.update(Buffer::clear);
                    }
                    self.found.set(Some(Err(failure)));
                }
            }
        });
    }

    /// Asks for the next page, unless there is none, the list is full or one is on its way.
    fn more(self) {
        if self.loading.get_untracked() || self.is_live.get_untracked() || self.rows.with_untracked(Buffer::is_full) {
            return;
        }
        let next = self.found.with_untracked(|found| match found {
            Some(Ok(found)) => found.next.clone(),
            _ => None,
        });
        let (Some(next), Some(lifetime)) = (next, self.current.get_value()) else { return };
        self.loading.set(true);
        let parameters = self.asked.with_untracked(Asked::parameters);
        let address = format!("{}?{parameters}&limit={PAGE_ROWS}&include=rows&cursor={next}", routes::SEARCH);
        self.ask_rows(address, lifetime, false);
    }
}

/// Asks and hands the answer on, unless nobody waits for it any more.
fn ask(address: String, lifetime: Lifetime, take: impl FnOnce(Result<SearchAnswer, Failure>) + 'static) {
    spawn_local(async move {
        let answer = client::json::<SearchAnswer>(&address, lifetime).await;
        if !lifetime.is_over() && !matches!(answer, Err(Failure::Aborted)) {
            take(answer);
        }
    });
}

/// The page.
pub(crate) fn search() -> El {
    document().set_title(strings::SEARCH_DOCUMENT_TITLE);
    let state = State::new();
    state.ask_when_it_changes();
    use_keys().handle(move |key: Key| match key.name.as_str() {
        "f" => {
            focus(BOX_ID);
            true
        }
        "p" => match state.pause.get_value() {
            Some(pause) => {
                pause.run(());
                true
            }
            None => false,
        },
        _ => false,
    });
    let side = el("div").class("search-body").children(move || match state.is_live.get() {
        true => vec![el("div").class("search-main search-wide").add(follow::live(state))],
        false => vec![facets::facets(state), el("div").class("search-main").add(found(state))],
    });
    el("div").class("search").add([
        text_el("h1", "hidden", strings::SEARCH_TITLE),
        query_box::query_box(state),
        menus::bar(state),
        el("div").children(move || (!state.is_live.get()).then(|| histogram::histogram(state))),
        side,
    ])
}

/// The tabs and what they show.
fn found(state: State) -> Vec<El> {
    let tab = state.nav.param("tab");
    let is_logs = Memo::new(move |_| state.asked.with(|asked| asked.kind == Kind::Logs));
    let chosen = Memo::new(move |_| match tab.get().as_deref() {
        Some("patterns") if is_logs.get() => "patterns",
        Some("different") => "different",
        _ => "rows",
    });
    let names = [
        ("rows", strings::SEARCH_ROWS),
        ("patterns", strings::SEARCH_PATTERNS),
        ("different", strings::SEARCH_DIFFERENT),
    ];
    let tabs = el("div").class("tabs").attr("role", "tablist").label(strings::SEARCH_TABS).children(move || {
        let shown: Vec<(&str, &str)> =
            names.into_iter().filter(|(word, _)| *word != "patterns" || is_logs.get()).collect();
        let count = shown.len();
        let words: Vec<&'static str> = shown.iter().map(|(word, _)| *word).collect();
        let tabs = shown.into_iter().enumerate().map(|(at, (word, name))| {
            let words = words.clone();
            text_el("button", "tab", name)
                .id(&format!("search-tab-{word}"))
                .attr("type", "button")
                .attr("role", "tab")
                .attr("aria-controls", "search-panel")
                .dyn_attr("aria-selected", move || Some((chosen.get() == word).to_string()))
                .dyn_attr("tabindex", move || Some(if chosen.get() == word { "0" } else { "-1" }.to_owned()))
                .on_click(move || state.show("tab", (word != "rows").then_some(word)))
                .on_key(move |event| {
                    let step = match event.key().as_str() {
                        "ArrowRight" => 1,
                        "ArrowLeft" => count - 1,
                        _ => return,
                    };
                    event.prevent_default();
                    if let Some(next) = words.get((at + step) % count) {
                        state.show("tab", (*next != "rows").then_some(next));
                        focus(&format!("search-tab-{next}"));
                    }
                })
        });
        tabs.collect::<Vec<_>>()
    });
    let panel = el("div")
        .id("search-panel")
        .attr("role", "tabpanel")
        .dyn_attr("aria-labelledby", move || Some(format!("search-tab-{}", chosen.get())))
        .children(move || match chosen.get() {
            "patterns" => patterns::patterns(state),
            "different" => different::different(state),
            _ => list::rows(state),
        });
    vec![tabs, panel]
}
