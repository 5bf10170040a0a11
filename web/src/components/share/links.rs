//! Links that show one trace, masked, to whoever has them, until they end.

use leptos::prelude::*;
use telltale_api::share::{ShareCreated, ShareLink};
use wasm_bindgen_futures::spawn_local;

use super::{Share, held, until};
use crate::client::{self, Failure};
use crate::components::bits::words;
use crate::components::copy_button::copy_button;
use crate::dom::{El, el, text_el};
use crate::shared::Shared;
use crate::strings;

/// What is known of the links of this trace.
#[derive(Clone, Copy)]
struct Links {
    share: Share,
    seconds: RwSignal<u64>,
    made: RwSignal<Option<Shared<ShareCreated>>>,
    held: RwSignal<Shared<Vec<ShareLink>>>,
}

/// Makes a link, shows it once, and lists those that hold.
pub(super) fn links(share: Share) -> El {
    let seconds = strings::SHARE_EXPIRIES.iter().find(|(_, _, chosen)| *chosen).map_or(0, |(seconds, ..)| *seconds);
    let links = Links {
        share,
        seconds: RwSignal::new(seconds),
        made: RwSignal::new(None),
        held: RwSignal::new(Shared::default()),
    };
    links.load();
    let options = strings::SHARE_EXPIRIES.iter().map(|(seconds, words, chosen)| {
        let option = text_el("option", "", words).attr("value", &seconds.to_string());
        if *chosen { option.attr("selected", "") } else { option }
    });
    let choice = el("select")
        .id("share-expiry")
        .class("share-expiry")
        .label(strings::SHARE_EXPIRY)
        .on("change", move |event| {
            if let Ok(seconds) = event_target_value(&event).parse() {
                links.seconds.set(seconds);
            }
        })
        .add_all(options);
    let make = text_el("button", "button", strings::SHARE_MAKE)
        .id("share-make")
        .attr("type", "button")
        .on_click(move || links.make());
    el("section").class("share-part").attr("aria-labelledby", "share-readonly").add([
        text_el("h3", "", strings::SHARE_READONLY).id("share-readonly"),
        text_el("p", "muted", strings::SHARE_READONLY_HELP),
        el("div").class("share-buttons").add([choice, make]),
        el("div").attr("aria-live", "polite").children(move || links.made.get().map(|made| made_el(&made))),
        el("div").children(move || list(links, &links.held.get())),
    ])
}

impl Links {
    fn load(self) {
        let trace_id = self.share.state.trace_id.get_value();
        spawn_local(async move {
            let answer = client::shares(self.share.state.lifetime).await;
            // Without the list, links can still be made.
            if let Ok(list) = answer {
                let own = list.links.into_iter().filter(|link| link.trace_id == trace_id).collect();
                self.held.try_set(Shared::new(own));
            }
        });
    }

    fn make(self) {
        let announcer = self.share.announcer;
        let trace_id = self.share.state.trace_id.get_value();
        let without = self.share.without.get_untracked();
        let seconds = self.seconds.get_untracked();
        spawn_local(async move {
            match client::share_link(&trace_id, seconds, without, self.share.state.lifetime).await {
                Ok(made) => {
                    self.made.try_set(Some(Shared::new(made)));
                    self.load();
                }
                Err(Failure::Aborted) => {}
                Err(failure) => announcer.say(words(&failure).0),
            }
        });
    }

    fn end(self, id: String) {
        let announcer = self.share.announcer;
        spawn_local(async move {
            match client::end_share(&id, self.share.state.lifetime).await {
                Ok(()) => {
                    self.made.try_update(|made| {
                        if made.as_ref().is_some_and(|made| made.link.id == id) {
                            *made = None;
                        }
                    });
                    announcer.say(strings::SHARE_ENDED);
                    self.load();
                }
                Err(Failure::Aborted) => {}
                Err(failure) => announcer.say(words(&failure).0),
            }
        });
    }
}

/// The link itself: told this once.
fn made_el(made: &ShareCreated) -> El {
    let address = format!("{}{}", location().origin().unwrap_or_default(), made.path);
    let text = address.clone();
    let place = el("p").class("share-made");
    // It appears below what is in sight.
    let shown = El::of(place.element().clone());
    request_animation_frame(move || shown.html().scroll_into_view());
    place.add([
        text_el("a", "", &address).attr("href", &address).attr("target", "_blank").attr("rel", "noreferrer"),
        copy_button(move || text.clone(), strings::WHAT_SHARE_LINK, None),
        until(made.link.expires_unix_nano.0),
    ])
}

fn list(links: Links, held_links: &[ShareLink]) -> Option<El> {
    if held_links.is_empty() {
        return None;
    }
    let rows = held_links.iter().map(|link| {
        let id = link.id.clone();
        let open = strings::share_without(&link.without.join(", "));
        let end = text_el("button", "button", strings::SHARE_END)
            .attr("type", "button")
            .label(&strings::share_end(&link.id))
            .on_click(move || links.end(id.clone()));
        el("li")
            .class("share-held")
            .add([text_el("code", "", &link.id), until(link.expires_unix_nano.0)])
            .add((!link.without.is_empty()).then(|| text_el("span", "warn-text", &open)))
            .add(end)
    });
    let title = text_el("h4", "", &strings::share_held(&held(held_links.len())));
    Some(el("div").add(title).add(el("ul").add_all(rows)))
}
