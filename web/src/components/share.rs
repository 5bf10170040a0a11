//! The share bar: a story for others, masked. What is masked is shown before anything goes out.

mod links;

use leptos::prelude::*;
use telltale_api::share::{RedactionPlace, RedactionPreview, RedactionRule};
use wasm_bindgen_futures::spawn_local;

use crate::announce::{Announcer, use_announcer};
use crate::client::{self, Failure};
use crate::components::bits::{failure_box, skeleton, words};
use crate::components::copy_button::{copy, copy_button};
use crate::components::dialog::dialog;
use crate::components::verdict::span_link;
use crate::dom::{El, el, hidden, sign, text_el};
use crate::pages::story::state::StoryState;
use crate::route::Route;
use crate::shared::Shared;
use crate::{format, strings};

/// What the server says would be masked.
type Preview = Option<Result<Shared<RedactionPreview>, Failure>>;

/// What the dialog knows while it is open.
#[derive(Clone, Copy)]
struct Share {
    state: StoryState,
    open: RwSignal<bool>,
    announcer: Announcer,
    /// With every rule: the list of what can be chosen.
    all: RwSignal<Preview>,
    /// With the rules that are left.
    now: RwSignal<Preview>,
    /// Names of the rules that are left off.
    without: RwSignal<Vec<String>>,
    /// The Markdown that went out last.
    markdown: RwSignal<Option<String>>,
}

/// The button that opens the dialog, and the dialog.
pub(crate) fn share(state: StoryState) -> [El; 2] {
    let share = Share {
        state,
        open: state.sharing,
        announcer: use_announcer(),
        all: RwSignal::new(None),
        now: RwSignal::new(None),
        without: RwSignal::new(Vec::new()),
        markdown: RwSignal::new(None),
    };
    let button = text_el("button", "button button-main", &format!("{} ", strings::SHARE_BUTTON))
        .id("share-open")
        .attr("type", "button")
        .attr("aria-haspopup", "dialog")
        .on_click(move || share.open.set(true))
        .add(text_el("kbd", "", "y").attr("aria-hidden", "true"));
    // Asked for anew each time: the trace may have grown.
    Effect::new(move |_| {
        if share.open.get() {
            share.begin();
        }
    });
    let content = el("div").class("share-parts").children(move || if share.open.get() { parts(share) } else { vec![] });
    [button, dialog(share.open, "share-dialog", strings::SHARE_TITLE, "share-title", content)]
}

impl Share {
    fn begin(self) {
        self.all.set(None);
        self.without.set(Vec::new());
        self.markdown.set(None);
        self.ask();
    }

    /// Asks what the chosen rules mask; nothing can go out until the answer is there.
    fn ask(self) {
        self.now.set(None);
        self.markdown.set(None);
        let without = self.without.get_untracked();
        let trace_id = self.state.trace_id.get_value();
        spawn_local(async move {
            let answer = client::share_preview(&trace_id, &without, self.state.lifetime).await;
            let over = self.state.lifetime.is_over() || answer.as_ref().err() == Some(&Failure::Aborted);
            // An answer to a choice that was changed meanwhile is not the answer.
            if over || self.without.with_untracked(|now| *now != without) {
                return;
            }
            let answer = answer.map(Shared::new);
            if without.is_empty() {
                self.all.set(Some(answer.clone()));
            }
            self.now.set(Some(answer));
        });
    }

    fn choose(self, rule: &str, on: bool) {
        self.without.update(|without| {
            without.retain(|known| known != rule);
            if !on {
                without.push(rule.to_owned());
            }
        });
        self.ask();
    }

    fn url(self, file: &str) -> String {
        self.without.with_untracked(|without| client::share_url(&self.state.trace_id.get_value(), file, without))
    }

    fn copy_markdown(self) {
        let announcer = self.announcer;
        let url = self.url("story.md");
        spawn_local(async move {
            match client::text(&url, self.state.lifetime).await {
                Ok(text) => {
                    copy(&text, strings::WHAT_STORY, announcer);
                    self.markdown.try_set(Some(text));
                }
                Err(Failure::Aborted) => {}
                Err(failure) => announcer.say(words(&failure).0),
            }
        });
    }
}

fn parts(share: Share) -> Vec<El> {
    let masked = move || match share.all.get() {
        None => match share.now.get() {
            Some(Err(failure)) => vec![failure_box(strings::SHARE_FAILED, &failure, move || share.ask())],
            _ => vec![skeleton(4)],
        },
        Some(Err(failure)) => vec![failure_box(strings::SHARE_FAILED, &failure, move || share.ask())],
        Some(Ok(all)) => rules(share, &all),
    };
    let ready = Memo::new(move |_| matches!(share.now.get(), Some(Ok(_))));
    let out = move || if ready.get() { outs(share) } else { Vec::new() };
    vec![
        el("section").class("share-part").attr("aria-labelledby", "share-masked").add([
            text_el("h3", "", strings::SHARE_MASKED).id("share-masked"),
            el("p").attr("role", "status").children(move || summary(share)),
            el("div").children(masked),
        ]),
        el("div").class("share-parts").children(out),
    ]
}

/// How much is masked in all.
fn summary(share: Share) -> Option<El> {
    let Some(Ok(now)) = share.now.get() else { return None };
    let left_off = share.without.with(Vec::len);
    let kept = text_el("span", "", &strings::share_total(now.total));
    let open = (left_off > 0).then(|| {
        let words = strings::share_left_off(left_off);
        el("strong").class("warn-text").add(sign(" ▲ ")).text(&words)
    });
    Some(el("span").add(kept).add(open))
}

/// Every rule that found something, each with a box, and the names of the others.
fn rules(share: Share, all: &RedactionPreview) -> Vec<El> {
    let mut parts = Vec::new();
    if !all.rules.is_empty() {
        let rules = all.rules.iter().map(|rule| rule_el(share, rule));
        parts.push(el("ul").class("share-rules").label(strings::SHARE_RULES).add_all(rules));
    }
    if !all.idle.is_empty() {
        parts.push(text_el("p", "muted", &strings::share_idle(&all.idle.join(", "))));
    }
    parts
}

fn rule_el(share: Share, rule: &RedactionRule) -> El {
    let name = rule.rule.clone();
    let (known, chosen) = (name.clone(), name.clone());
    let is_on = Memo::new(move |_| share.without.with(|without| !without.contains(&known)));
    let field = el("input")
        .attr("type", "checkbox")
        .dyn_checked(move || is_on.get())
        .on_check(move |on| share.choose(&chosen, on));
    let full = rule.count;
    let count = move || {
        if !is_on.get() {
            return strings::share_open(full);
        }
        let now = match share.now.get() {
            Some(Ok(now)) => now.rules.iter().find(|known| known.rule == name).map_or(0, |rule| rule.count),
            _ => full,
        };
        strings::times(now)
    };
    let places = rule.places.iter().map(|place| place_el(share, place));
    let more = (rule.places_left_out > 0).then(|| text_el("p", "muted", &strings::share_more(rule.places_left_out)));
    let table = el("table").class("plain-table share-places").add(el("tbody").add_all(places));
    let label = el("label").class("check").add(field).add(text_el("strong", "", &rule.rule));
    let head = el("div").class("share-rule").add([
        label,
        text_el("span", "muted", &rule.what),
        el("span").class("num").dyn_class("warn-text", move || !is_on.get()).dyn_text(count),
    ]);
    let shown = el("details").attr("open", "").add(text_el("summary", "", strings::SHARE_WHERE)).add(table);
    el("li").dyn_class("share-off", move || !is_on.get()).add(head).add(shown.add(more))
}

/// Where a rule found something: before and after.
fn place_el(share: Share, place: &RedactionPlace) -> El {
    let where_ = if place.key.is_empty() { place.place.clone() } else { format!("{} ", place.place) };
    let key = (!place.key.is_empty()).then(|| text_el("code", "", &place.key));
    let span = place.span_id.as_ref().map(|id| {
        let link = span_link(share.state, id, "", strings::SHARE_SPAN);
        el("span").on_click(move || share.open.set(false)).add(link)
    });
    let change = el("td").add([
        el("del").text(&place.before).add(hidden(strings::SHARE_BECOMES)),
        sign(" → "),
        el("code").text(&place.after),
    ]);
    el("tr").add([
        el("td").text(&where_).add(key),
        change,
        text_el("td", "num", &strings::times(place.count)),
        el("td").add(span),
    ])
}

/// The ways out, once it is known what is masked.
fn outs(share: Share) -> Vec<El> {
    let file =
        |words: &str, file: &str| text_el("a", "button", words).attr("href", &share.url(file)).attr("download", "");
    let protobuf = |words: &str, signal: &str| {
        let url = share.url("otlp.pb");
        let join = if url.contains('?') { '&' } else { '?' };
        text_el("a", "button", words).attr("href", &format!("{url}{join}signal={signal}")).attr("download", "")
    };
    let markdown = text_el("button", "button", strings::SHARE_MARKDOWN)
        .id("share-markdown")
        .attr("type", "button")
        .on_click(move || share.copy_markdown());
    let address = Route::story(&share.state.trace_id.get_value(), None).url();
    let link = copy_button(
        move || format!("{}{address}", location().origin().unwrap_or_default()),
        strings::WHAT_LINK,
        Some(strings::COPY_LINK),
    );
    let buttons = [
        markdown,
        file(strings::SHARE_HTML, "story.html"),
        file(strings::SHARE_JSON, "otlp.json"),
        protobuf(strings::SHARE_SPANS, "traces"),
        protobuf(strings::SHARE_LOGS, "logs"),
    ];
    // What was copied stands here too: for a look, and for browsers without a clipboard.
    let copied = move || {
        share.markdown.get().map(|text| {
            el("textarea")
                .class("share-text")
                .attr("readonly", "")
                .attr("rows", "8")
                .label(strings::SHARE_MARKDOWN_LABEL)
                .text(&text)
        })
    };
    let take = el("section").class("share-part").attr("aria-labelledby", "share-take").add([
        text_el("h3", "", strings::SHARE_TAKE).id("share-take"),
        el("div").class("share-buttons").add(buttons),
        el("div").children(copied),
    ]);
    let plain = el("section").class("share-part").attr("aria-labelledby", "share-link").add([
        text_el("h3", "", strings::SHARE_LINK).id("share-link"),
        el("div").class("share-buttons").add(link).add(text_el("span", "muted", strings::SHARE_LINK_HELP)),
    ]);
    vec![take, links::links(share), plain]
}

/// Says when a link ends.
fn until(nanos: u64) -> El {
    el("span").class("num").text(&format!("{} ", strings::SHARE_UNTIL)).add(crate::components::bits::date_time(nanos))
}

/// A number of links in words.
fn held(count: usize) -> String {
    format::counted(u64::try_from(count).unwrap_or(u64::MAX), "link")
}
