//! Opens files of telemetry: dropped anywhere on the page, or chosen. Says what each held, and what of it was not understood.

use leptos::prelude::*;
use telltale_api::import::{ImportAnswer, ImportNote};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DragEvent, File, FileList, HtmlInputElement};

use crate::client::{self, Failure, Lifetime};
use crate::components::bits::{go_link, words};
use crate::components::dialog::dialog;
use crate::dom::{El, el, sign, text_el};
use crate::nav::{Nav, use_nav};
use crate::route::Route;
use crate::shared::Shared;
use crate::{format, strings};

/// Traces of a file that are linked to; the answer names no more.
const TRACES_NAMED: usize = 20;

/// What became of a file.
#[derive(Clone, PartialEq)]
enum Outcome {
    /// It is being read.
    Reading,
    /// The browser does not give it: a folder, or a file that is gone.
    Unreadable,
    /// The server does not take it.
    Refused(Failure),
    /// It was read.
    Read(Shared<ImportAnswer>),
}

/// A file and what became of it.
#[derive(Clone, PartialEq)]
struct Opened {
    name: String,
    bytes: f64,
    outcome: Outcome,
}

/// Files that are opened; a context of the story's area.
#[derive(Clone, Copy)]
pub(crate) struct Opener {
    files: RwSignal<Vec<Opened>>,
    shown: RwSignal<bool>,
    dragging: RwSignal<bool>,
    lifetime: Lifetime,
    nav: Nav,
}

impl Opener {
    /// Takes files that are dropped anywhere; returns what must stand in the page for it.
    pub(crate) fn install() -> [El; 2] {
        let opener = Self {
            files: RwSignal::new(Vec::new()),
            shown: RwSignal::new(false),
            dragging: RwSignal::new(false),
            lifetime: Lifetime::of_component(),
            nav: use_nav(),
        };
        provide_context(opener);
        let over = move |event: web_sys::Event| {
            if files_of(&event).is_some() {
                event.prevent_default();
                opener.dragging.set(true);
            }
        };
        window_event_listener_untyped("dragenter", over);
        window_event_listener_untyped("dragover", over);
        window_event_listener_untyped("dragleave", move |event| {
            // Leaving an element for another one inside of the window is no leaving.
            let to = event.dyn_ref::<DragEvent>().and_then(|event| event.related_target());
            if to.is_none() {
                opener.dragging.set(false);
            }
        });
        window_event_listener_untyped("drop", move |event| {
            opener.dragging.set(false);
            if let Some(files) = files_of(&event) {
                event.prevent_default();
                opener.open(&files);
            }
        });
        let place = el("div")
            .class("drop-here")
            .attr("aria-hidden", "true")
            .dyn_class("drop-shown", move || opener.dragging.get())
            .add(text_el("p", "", strings::DROP_HERE));
        let list = el("ul").class("opened").attr("aria-live", "polite").children(move || {
            let files = opener.files.get();
            files.iter().map(|file| opened_el(opener, file)).collect::<Vec<El>>()
        });
        [place, dialog(opener.shown, "open-dialog", strings::OPEN_TITLE, "open-title", list)]
    }

    fn open(self, files: &FileList) {
        let files: Vec<File> = (0..files.length()).filter_map(|at| files.get(at)).collect();
        if files.is_empty() {
            return;
        }
        let begun = |file: &File| Opened { name: file.name(), bytes: file.size(), outcome: Outcome::Reading };
        self.files.set(files.iter().map(begun).collect());
        self.shown.set(true);
        spawn_local(async move {
            // One after the other: the server reads few at once, and disks like it so.
            for (at, file) in files.iter().enumerate() {
                let outcome = read(file, self.lifetime).await;
                self.files.update(|files| {
                    if let Some(file) = files.get_mut(at) {
                        file.outcome = outcome;
                    }
                });
            }
            self.go_on();
        });
    }

    /// A single trace without a fault is what the reader came for.
    fn go_on(self) {
        let only = self.files.with_untracked(|files| match files.as_slice() {
            [Opened { outcome: Outcome::Read(answer), .. }] if answer.faults.is_empty() => {
                match answer.trace_ids.as_slice() {
                    [only] => Some(only.clone()),
                    _ => None,
                }
            }
            _ => None,
        });
        if let Some(trace_id) = only
            && self.shown.get_untracked()
        {
            self.shown.set(false);
            self.nav.go(Route::story(&trace_id, None));
        }
    }
}

/// Returns the files that an event carries.
fn files_of(event: &web_sys::Event) -> Option<FileList> {
    let data = event.dyn_ref::<DragEvent>()?.data_transfer()?;
    let has_files = data.types().iter().any(|kind| kind.as_string().as_deref() == Some("Files"));
    // While it is over the page the list is there and empty.
    if has_files { data.files() } else { None }
}

async fn read(file: &File, lifetime: Lifetime) -> Outcome {
    let first = file.slice_with_i32_and_i32(0, 1);
    let is_there = match first {
        Ok(first) => JsFuture::from(first.array_buffer()).await.is_ok(),
        Err(_) => false,
    };
    if !is_there {
        return Outcome::Unreadable;
    }
    match client::import(file, lifetime).await {
        Ok(answer) => Outcome::Read(Shared::new(answer)),
        Err(failure) => Outcome::Refused(failure),
    }
}

/// The button that lets the reader choose files.
pub(crate) fn open_button() -> El {
    let opener = expect_context::<Opener>();
    let field = el("input")
        .id("open-files")
        .class("hidden")
        .attr("type", "file")
        .attr("multiple", "")
        .attr("tabindex", "-1")
        .label(strings::OPEN_FILE);
    let chooser: HtmlInputElement = field.element().clone().unchecked_into();
    let chosen = chooser.clone();
    let field = field.on("change", move |_| {
        if let Some(files) = chosen.files() {
            opener.open(&files);
        }
        // The same file can be chosen again.
        chosen.set_value("");
    });
    let button = text_el("button", "button", strings::OPEN_FILE)
        .id("open-button")
        .attr("type", "button")
        .attr("title", strings::OPEN_HELP)
        .on_click(move || chooser.click());
    el("span").class("open-file").add([button, field, text_el("span", "muted", strings::OPEN_OR_DROP)])
}

fn opened_el(opener: Opener, file: &Opened) -> El {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number of bytes")]
    let bytes = file.bytes as u64;
    let head = el("p")
        .add([text_el("strong", "", &file.name), text_el("span", "muted", &format!(" {}", format::bytes(bytes)))]);
    let entry = el("li").class("opened-file").add(head);
    match &file.outcome {
        Outcome::Reading => {
            let pulse = el("span").class("pulse").attr("aria-hidden", "true");
            entry.add(el("p").class("waiting").add(pulse).text(strings::OPENING))
        }
        Outcome::Unreadable => entry.add(failed(strings::OPEN_UNREADABLE, None)),
        Outcome::Refused(failure) => {
            let (reason, hint) = words(failure);
            // The reason names what is understood already.
            let hint = hint.filter(|_| !failure.is("import_nothing"));
            entry.add(failed(&reason, hint))
        }
        Outcome::Read(answer) => entry.add(read_el(opener, answer)),
    }
}

fn failed(reason: &str, hint: Option<String>) -> El {
    el("div")
        .class("failure")
        .add(el("p").add(sign("✖ ")).text(reason))
        .add(hint.map(|hint| text_el("p", "muted", &hint)))
}

fn read_el(opener: Opener, answer: &ImportAnswer) -> Vec<El> {
    let counts = [
        answer.formats.join(", "),
        format::counted(answer.spans, "span"),
        format::counted(answer.logs, "log record"),
        format::counted(answer.points, "data point"),
    ];
    let counts: Vec<&str> = counts.iter().map(String::as_str).filter(|words| !words.is_empty()).collect();
    let mut parts = vec![el("p").add(sign("✓ ").class("ok-text")).text(&counts.join(" · "))];
    if !answer.trace_ids.is_empty() {
        let links = answer.trace_ids.iter().map(|id| {
            let link = go_link(&Route::story(id, None).url(), id).on_click(move || opener.shown.set(false));
            el("li").add(link)
        });
        let named = answer.trace_ids.len();
        let title = if named < TRACES_NAMED { strings::OPEN_TRACES } else { strings::OPEN_FIRST_TRACES };
        parts.push(text_el("h3", "", title));
        parts.push(el("ul").class("opened-traces").add_all(links));
    }
    if !answer.faults.is_empty() {
        parts.push(text_el("h3", "danger-text", &strings::open_faults(answer.rejected)));
        parts.push(notes(&answer.faults, answer.faults_left_out));
    }
    if !answer.skipped.is_empty() {
        parts.push(text_el("h3", "", strings::OPEN_SKIPPED));
        parts.push(notes(&answer.skipped, answer.skipped_left_out));
    }
    parts
}

/// Places and reasons.
fn notes(notes: &[ImportNote], left_out: u64) -> El {
    let rows = notes.iter().map(|note| {
        el("li").add([text_el("code", "", &note.place), text_el("span", "", &format!(" {}", note.reason))])
    });
    let more = (left_out > 0).then(|| text_el("li", "muted", &strings::open_more(&format::count(left_out))));
    el("ul").class("opened-notes").add_all(rows).add(more)
}
