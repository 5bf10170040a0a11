//! Live rows: what matches is on top as soon as it is acknowledged. Pausing lets go of the stream and remembers the place
//! in it; going on begins there, and what the server no longer has is counted.

use std::time::Duration;

use leptos::prelude::*;
use telltale_api::live::LiveRows;
use telltale_api::routes;
use telltale_api::search::{SearchAnswer, SearchRow};
use wasm_bindgen_futures::spawn_local;
use web_sys::MessageEvent;

use super::list::grid;
use super::{PAGE_ROWS, State};
use crate::client::{self, Failure, Lifetime};
use crate::components::bits::{failure_box, go_link};
use crate::dom::{El, el, text_el};
use crate::event_stream::EventStream;
use crate::prefs::now_nanos;
use crate::route::encode;
use crate::search::{Asked, Buffer, Kind, Overlap, listed};
use crate::{format, strings};

/// How long a broken stream rests before it is opened again.
const RETRY: Duration = Duration::from_secs(1);
/// How often the rate is measured.
const RATE_EVERY: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Connecting,
    Open,
    Paused,
    Broken,
}

/// The stream of one search.
#[derive(Clone, Copy)]
struct Follow {
    state: State,
    lifetime: Lifetime,
    status: RwSignal<Status>,
    /// Where to go on: the id of the last event.
    last: StoredValue<Option<String>>,
    /// Rows that matched and are not shown, because they came too fast.
    skipped: RwSignal<u64>,
    /// Whether the server was started anew in between: nobody knows how much was missed.
    is_gap: RwSignal<bool>,
    /// When the last row came, to find by search what was skipped.
    since: StoredValue<Option<u64>>,
    /// Rows of the last second, and those that are being counted.
    rate: RwSignal<u64>,
    counted: StoredValue<u64>,
    /// Why the server does not take the search.
    refused: RwSignal<Option<Failure>>,
    /// What comes twice: by the stream, and with the rows that were there already.
    overlap: StoredValue<Overlap>,
    source: StoredValue<Option<EventStream>, LocalStorage>,
}

/// The list of live rows with its buttons.
pub(super) fn live(state: State) -> El {
    let asked = Memo::new(move |_| state.asked.get());
    el("div").children(move || {
        asked.track();
        followed(state)
    })
}

fn followed(state: State) -> Vec<El> {
    let follow = Follow {
        state,
        lifetime: Lifetime::of_component(),
        status: RwSignal::new(Status::Connecting),
        last: StoredValue::new(None),
        skipped: RwSignal::new(0),
        is_gap: RwSignal::new(false),
        since: StoredValue::new(None),
        rate: RwSignal::new(0),
        counted: StoredValue::new(0),
        refused: RwSignal::new(None),
        overlap: StoredValue::new(Overlap::default()),
        source: StoredValue::new_local(None),
    };
    state.rows.update(Buffer::clear);
    follow.open();
    on_cleanup(move || drop(follow.source.try_update_value(Option::take)));
    if let Ok(timer) = set_interval_with_handle(
        move || follow.rate.set(follow.counted.try_update_value(std::mem::take).unwrap_or_default()),
        RATE_EVERY,
    ) {
        on_cleanup(move || timer.clear());
    }
    // Browsers keep pages that were left, and with them their streams.
    let hide = window_event_listener_untyped("pagehide", move |_| follow.pause());
    on_cleanup(move || hide.remove());
    state.pause.set_value(Some(Callback::new(move |()| follow.toggle())));
    on_cleanup(move || {
        state.pause.try_update_value(|pause| *pause = None);
    });
    let is_empty = Memo::new(move |_| state.rows.with(Buffer::is_empty));
    let body = move || match is_empty.get() {
        _ if follow.refused.with(Option::is_some) => follow.refused.with(|refused| {
            let again = move || {
                follow.refused.set(None);
                follow.open();
            };
            refused.as_ref().map_or_else(|| el("div"), |failure| failure_box(strings::SEARCH_FAILED, failure, again))
        }),
        true => text_el("p", "muted list-empty", strings::SEARCH_LIVE_WAITING),
        // Whoever reads a row does not want it to run away.
        false => grid(state, Callback::new(move |()| follow.pause())),
    };
    vec![bar(follow), el("div").children(body)]
}

fn bar(follow: Follow) -> El {
    let status = follow.status;
    let words = move || match status.get() {
        Status::Connecting => strings::LIVE_CONNECTING.to_owned(),
        Status::Open => strings::search_live_rate(&format::counted(follow.rate.get(), "row")),
        Status::Paused => strings::SEARCH_PAUSED.to_owned(),
        Status::Broken => strings::LIVE_BROKEN.to_owned(),
    };
    let button = el("button")
        .id("search-pause")
        .class("button")
        .attr("type", "button")
        .on_click(move || follow.toggle())
        .dyn_text(move || {
            if status.get() == Status::Paused { strings::SEARCH_RESUME } else { strings::SEARCH_PAUSE }.to_owned()
        });
    let skipped = move || {
        let (skipped, is_gap) = (follow.skipped.get(), follow.is_gap.get());
        (skipped > 0 || is_gap).then(|| {
            let mut asked = follow.state.asked.get_untracked();
            asked.from = follow.since.get_value().map(|since| since.to_string());
            let words = match is_gap {
                true => strings::SEARCH_GAP.to_owned(),
                false => strings::search_skipped(&format::count(skipped)),
            };
            el("p").class("search-skipped").add([
                text_el("span", "", &format!("{words} ")),
                go_link(&asked.place().url(), strings::SEARCH_SKIPPED_FIND),
            ])
        })
    };
    el("div").class("search-live").add([
        el("p").class("search-live-state").attr("role", "status").add([
            el("span")
                .class("live-dot")
                .attr("aria-hidden", "true")
                .dyn_class("live-dot-still", move || status.get() != Status::Open),
            el("span").id("search-live-words").dyn_text(words),
        ]),
        button,
        el("div").id("search-skipped").children(skipped),
    ])
}

impl Follow {
    fn toggle(self) {
        if self.status.get_untracked() == Status::Paused { self.open() } else { self.pause() }
    }

    /// Lets go of the stream; what arrives meanwhile is the server's to keep.
    fn pause(self) {
        if self.source.try_update_value(Option::take).flatten().is_some()
            || self.status.try_get_untracked() == Some(Status::Broken)
        {
            self.status.set(Status::Paused);
        }
    }

    fn open(self) {
        let asked = self.state.asked.get_untracked();
        let mut address = format!("{}?q={}&kind={}", routes::LIVE, encode(&asked.query), asked.kind.word());
        if let Some(last) = self.last.get_value() {
            address.push_str(&format!("&after={}", encode(&last)));
        }
        self.status.set(Status::Connecting);
        let take = move |_name, event: &MessageEvent| self.take(event);
        // It stands with its first event, which comes at once.
        let stream = EventStream::open(&address, &["rows"], take, || (), move || self.rest());
        if stream.is_none() {
            self.status.set(Status::Broken);
        }
        self.source.set_value(stream);
    }

    /// Opens the broken stream again after a while, where it was, by the id that is known here.
    fn rest(self) {
        if self.status.try_get_untracked().is_none_or(|status| status == Status::Paused) {
            return;
        }
        self.status.set(Status::Broken);
        if self.last.with_value(Option::is_none) {
            self.ask_why();
        }
        set_timeout(
            move || {
                if self.status.try_get_untracked() == Some(Status::Broken) {
                    drop(self.source.try_update_value(Option::take));
                    self.open();
                }
            },
            RETRY,
        );
    }

    /// A stream does not say why it was refused; the search does.
    fn ask_why(self) {
        let parameters = self.state.asked.with_untracked(Asked::parameters);
        let address = format!("{}?{parameters}&include=", routes::SEARCH);
        spawn_local(async move {
            let answer = client::json::<SearchAnswer>(&address, self.lifetime).await;
            if let Err(failure @ Failure::Refused { status: 400, .. }) = answer
                && !self.lifetime.is_over()
            {
                drop(self.source.try_update_value(Option::take));
                self.status.set(Status::Paused);
                self.refused.set(Some(failure));
            }
        });
    }

    fn take(self, event: &MessageEvent) {
        let Some(text) = event.data().as_string() else { return };
        let news: LiveRows = match serde_json::from_str(&text) {
            Ok(news) => news,
            Err(error) => return leptos::logging::warn!("live rows are not understood: {error}"),
        };
        let is_first = self.last.with_value(Option::is_none);
        self.last.set_value(Some(event.last_event_id()));
        if self.status.get_untracked() != Status::Open {
            self.status.set(Status::Open);
        }
        let lost = news.left_out + news.missed;
        if lost > 0 {
            if self.since.with_value(Option::is_none) {
                let newest = self.state.rows.with_untracked(|rows| rows.at(0).map(|row| row.time_unix_nano.0));
                self.since.set_value(Some(newest.unwrap_or_else(now_nanos)));
            }
            self.skipped.update(|skipped| *skipped += lost);
        }
        if news.is_restart {
            self.is_gap.set(true);
        }
        let news: Vec<SearchRow> = listed(news.rows, &news.traces).collect();
        self.counted.update_value(|counted| *counted += u64::try_from(news.len()).unwrap_or(0) + lost);
        if is_first {
            self.ask_for_what_is_there();
        }
        let news = self.overlap.try_update_value(|overlap| overlap.take(news, now_nanos())).unwrap_or_default();
        if !news.is_empty() {
            self.state.rows.update(|rows| self.put(rows, news));
        }
    }

    /// Puts what is new on top; a trace that is shown already is renewed.
    fn put(self, rows: &mut Buffer, news: Vec<SearchRow>) {
        if self.state.kind() == Kind::Traces { rows.renew(news) } else { rows.prepend(news) }
    }

    /// Asks for the newest rows once the stream stands, so that none falls between the two.
    fn ask_for_what_is_there(self) {
        let parameters = self.state.asked.with_untracked(Asked::parameters);
        let address = format!("{}?{parameters}&limit={PAGE_ROWS}&include=rows", routes::SEARCH);
        spawn_local(async move {
            let answer = client::json::<SearchAnswer>(&address, self.lifetime).await;
            if self.lifetime.is_over() {
                return;
            }
            let listed: Vec<SearchRow> =
                answer.map(|answer| listed(answer.rows, &answer.traces).collect()).unwrap_or_default();
            let overlap = self.overlap.try_update_value(|overlap| overlap.list(listed.clone(), now_nanos()));
            let fresh = overlap.unwrap_or_default();
            self.state.rows.update(|rows| {
                rows.append(listed);
                self.put(rows, fresh);
            });
        });
    }
}

/// The button that begins and ends following.
pub(super) fn live_button(state: State) -> El {
    el("button")
        .id("search-live")
        .class("button")
        .attr("type", "button")
        .dyn_attr("aria-pressed", move || Some(state.is_live.get().to_string()))
        .on_click(move || {
            let live = (!state.is_live.get_untracked()).then_some("1");
            let place = state.nav.place_now().with("live", live).with("at", None);
            // What arrives now is of no earlier time.
            let place =
                if live.is_some() { place.with("from", None).with("to", None).with("order", None) } else { place };
            state.nav.go_to(place);
        })
        .text(strings::SEARCH_LIVE)
}
