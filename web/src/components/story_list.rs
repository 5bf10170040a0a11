//! Spans, span events and log records in one list by time; on demand also the records of the neighbourhood.

use std::collections::HashMap;

use leptos::prelude::*;
use telltale_story::pack::Details;

use crate::components::bits::{failure_box, service_chip};
use crate::components::tabs::{find_box, split_switch, switch};
use crate::components::virtual_rows::VirtualRows;
use crate::dom::{El, distinct, el, sign, text_el};
use crate::entries::{Choice, Entry, entries, time_of};
use crate::pages::story::data::{Trace, at};
use crate::pages::story::near::{self, NEAR_MAX, Near};
use crate::pages::story::state::StoryState;
use crate::shared::Shared;
use crate::waterfall::layout::Line;
use crate::waterfall::marks::{MarkLook, log_look};
use crate::{format, strings};

/// Indentation of a level, and the deepest one that is indented.
const INDENT_PX: u32 = 12;
const INDENTED_LEVELS: u32 = 12;

/// What the list is made from.
#[derive(Clone, Copy)]
struct List {
    state: StoryState,
    choice: RwSignal<Choice>,
    shown: Memo<Shared<Vec<Entry>>>,
    near: Memo<Option<Shared<Near>>>,
    active: RwSignal<usize>,
    beside: bool,
}

/// The view's content; `beside` the waterfall it does without the tools that stand there, and scrolls to what is chosen there.
pub(crate) fn story_list(state: StoryState, beside: bool) -> El {
    let choice = RwSignal::new(Choice::All);
    let wanted = Memo::new(move |_| state.view.with(|view| view.near));
    Effect::new(move |_| {
        if wanted.get() && state.near.with_untracked(Option::is_none) {
            near::load(state);
        }
    });
    let near = Memo::new(move |_| state.near.get().filter(|_| wanted.get()).and_then(Result::ok));
    let errors = Memo::new(move |_| state.view.with(|view| view.errors));
    let shown = Memo::new(move |_| {
        let Some(trace) = state.trace.get() else { return Shared::default() };
        let times: Vec<i64> =
            near.get().map(|near| near.logs.iter().map(|log| log.time_ns).collect()).unwrap_or_default();
        let choice = if errors.get() { Choice::Errors } else { choice.get() };
        let found = state.found.get();
        Shared::new(entries(&trace.structure, choice, found.as_deref(), &times))
    });
    let list = List { state, choice, shown, near, active: RwSignal::new(0), beside };
    let some = Memo::new(move |_| shown.with(|shown| !shown.is_empty()));
    let body = move || if some.get() { grid(list) } else { text_el("p", "list-empty muted", strings::LIST_EMPTY) };
    el("div").add([tools(list), el("div").children(move || near_words(state)), el("div").children(body)])
}

fn tools(list: List) -> El {
    let state = list.state;
    let choices =
        [(Choice::All, strings::LIST_ALL), (Choice::Logs, strings::LIST_LOGS), (Choice::Errors, strings::LIST_ERRORS)];
    let buttons = choices.map(|(which, name)| {
        let is_on = move || match which {
            Choice::Errors => state.view.with(|view| view.errors),
            other => list.choice.get() == other && !state.view.with(|view| view.errors),
        };
        text_el("button", "button", name)
            .attr("type", "button")
            .dyn_attr("aria-pressed", move || Some(is_on().to_string()))
            .on_click(move || {
                state.change(|view| view.errors = which == Choice::Errors);
                if which != Choice::Errors {
                    list.choice.set(which);
                }
            })
    });
    let near = switch(
        strings::NEIGHBOURS,
        move || state.view.with(|view| view.near),
        move |on| state.change(|view| view.near = on),
    );
    let tools = el("div").class("panel-tools");
    let tools = if list.beside { tools } else { tools.add([find_box(state), split_switch(state)]) };
    tools.add([
        el("div").class("button-group").attr("role", "group").label(strings::LIST_CHOICE_LABEL).add(buttons),
        near.attr("title", strings::NEIGHBOURS_HELP),
    ])
}

/// What came of asking for neighbours.
fn near_words(state: StoryState) -> Option<El> {
    if !state.view.with(|view| view.near) {
        return None;
    }
    match state.near.get()? {
        Err(failure) => Some(failure_box(strings::NEIGHBOURS_FAILED, &failure, move || near::load(state))),
        Ok(near) => {
            let words = strings::neighbours(near.logs.len(), &near.hosts.join(", "));
            let cut = if near.cut { format!(" {}", strings::neighbours_cut(NEAR_MAX)) } else { String::new() };
            Some(text_el("p", "muted near-words", &format!("{words}{cut}")).attr("role", "status"))
        }
    }
}

fn grid(list: List) -> El {
    let List { state, shown, active, .. } = list;
    let count = Signal::derive(move || shown.with(|shown| shown.len()));
    let rows = VirtualRows::of_component(count);
    follow_selection(list, rows);
    let window = rows.window();
    let in_sight = StoredValue::new(HashMap::<u64, (usize, Entry)>::new());
    let keys = move || {
        let (start, end) = window.get();
        let version = state.generation.get() << 1 | u64::from(state.details.with(Option::is_some));
        let shown = shown.get();
        let visible = shown.iter().enumerate().skip(start).take(end.saturating_sub(start));
        let keyed: HashMap<u64, (usize, Entry)> = visible
            .map(|(place, entry)| (format::hash(&format!("{version} {place} {entry:?}")), (place, *entry)))
            .collect();
        let mut ordered: Vec<(usize, u64)> = keyed.iter().map(|(key, (place, _))| (*place, *key)).collect();
        ordered.sort_unstable();
        in_sight.set_value(keyed);
        distinct(ordered.into_iter().map(|(_, key)| key))
    };
    let row_of = move |key: u64| {
        let entry = in_sight.with_value(|shown| shown.get(&key).copied());
        match (entry, state.trace.get_untracked()) {
            (Some((place, entry)), Some(trace)) => row_el(list, &trace, place, entry),
            _ => el("div"),
        }
    };
    let active_id = move || {
        let (start, end) = window.get();
        let place = active.get();
        (start <= place && place < end.min(count.get())).then(|| format!("entry-{place}"))
    };
    let header = |class: &str, words: &str| text_el("span", class, words).attr("role", "columnheader");
    let head = el("div").class("list-row list-row-head").attr("role", "row").attr("aria-rowindex", "1").add([
        header("", strings::COLUMN_OFFSET),
        header("", strings::COLUMN_WHAT),
        header("", strings::COLUMN_HAPPENED),
        header("list-length", strings::COLUMN_TIME),
    ]);
    let shown_rows = el("div").class("rows-shown").attr("role", "rowgroup").each(keys, row_of);
    el("div")
        .class("story-list")
        .attr("role", "grid")
        .attr("tabindex", "0")
        .label(strings::LIST_LABEL)
        .attr("aria-colcount", "4")
        .dyn_attr("aria-rowcount", move || Some((count.get() + 1).to_string()))
        .dyn_attr("aria-activedescendant", active_id)
        .dyn_class("finding", move || state.found.with(Option::is_some))
        .on_key(move |event| on_key(list, rows, event))
        .add([el("div").class("rows-head").attr("role", "rowgroup").add(head), rows.place(shown_rows)])
}

/// What is chosen in the waterfall is chosen here too.
fn follow_selection(list: List, rows: VirtualRows) {
    Effect::new(move |_| {
        let Some(Line::Row(row)) = list.state.active.get() else { return };
        let Some(trace) = list.state.trace.get_untracked() else { return };
        let shown = list.shown.get_untracked();
        // An event or a record of the row that is chosen here stays.
        let at = list.active.get_untracked();
        if shown.get(at).and_then(|entry| row_of_entry(&trace, *entry)) == Some(row) {
            return;
        }
        if let Some(place) = shown.iter().position(|entry| *entry == Entry::Span(row)) {
            list.active.set(place);
            if list.beside {
                rows.reveal(place);
            }
        }
    });
}

/// Returns the row of the span that an entry belongs to.
fn row_of_entry(trace: &Trace, entry: Entry) -> Option<u32> {
    match entry {
        Entry::Span(row) => Some(row),
        Entry::Event(event) => Some(at(&trace.structure.events.row, event)),
        Entry::Log(log) => at(&trace.structure.logs.row, log).checked_sub(1),
        Entry::Near(_) => None,
    }
}

/// Chooses the span of an entry in the waterfall too.
fn choose(state: StoryState, entry: Entry) {
    let row = state.trace.get_untracked().and_then(|trace| row_of_entry(&trace, entry));
    if let Some(row) = row {
        state.activate_row(row);
    }
}

fn on_key(list: List, rows: VirtualRows, event: &web_sys::KeyboardEvent) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    let last = list.shown.with_untracked(|shown| shown.len()).saturating_sub(1);
    let at = list.active.get_untracked();
    let to = match event.key().as_str() {
        "ArrowDown" | "j" => at + 1,
        "ArrowUp" | "k" => at.saturating_sub(1),
        "PageDown" => at + rows.page_rows(),
        "PageUp" => at.saturating_sub(rows.page_rows()),
        "Home" => 0,
        "End" => last,
        "Enter" | " " => {
            event.prevent_default();
            if let Some(entry) = list.shown.with_untracked(|shown| shown.get(at).copied()) {
                open(list.state, entry);
            }
            return;
        }
        _ => return,
    };
    event.prevent_default();
    list.active.set(to.min(last));
    rows.reveal(to.min(last));
    if let Some(entry) = list.shown.with_untracked(|shown| shown.get(to.min(last)).copied()) {
        choose(list.state, entry);
    }
}

/// Opens what an entry stands for.
fn open(state: StoryState, entry: Entry) {
    let Some(trace) = state.trace.get_untracked() else { return };
    let structure = &trace.structure;
    let row = match entry {
        Entry::Span(row) => Some(row),
        Entry::Event(event) => Some(at(&structure.events.row, event)),
        Entry::Log(log) => return state.open_log(log),
        Entry::Near(_) => None,
    };
    if let Some(row) = row {
        state.open_span(&structure.id_hex(row));
    }
}

/// What a row says.
struct Words {
    kind: &'static str,
    mark: &'static str,
    class: &'static str,
    text: String,
    service: Option<String>,
    depth: u32,
    length: Option<i64>,
}

fn words_of(list: List, trace: &Trace, entry: Entry) -> Words {
    let structure = &trace.structure;
    let rows = &structure.rows;
    let details: Option<Shared<Details>> = list.state.details.get_untracked();
    let service = |row: u32| structure.service(row).map(str::to_owned);
    match entry {
        Entry::Span(row) => {
            let error = rows.is_error(row);
            Words {
                kind: if error { strings::ENTRY_SPAN_FAILED } else { strings::ENTRY_SPAN },
                mark: if error { "✖" } else { "▸" },
                class: if error { "list-row entry-error" } else { "list-row" },
                text: structure.name(row).to_owned(),
                service: service(row),
                depth: trace.depth(row),
                length: Some(trace.duration_ns(row)),
            }
        }
        Entry::Event(event) => {
            let row = at(&structure.events.row, event);
            let exception = at(&structure.events.is_exception, event);
            let first = u32::try_from(structure.events_of(row).start).unwrap_or_default();
            let span = details.and_then(|details| details.span(structure, row));
            let told = span.as_ref().and_then(|span| span.events.get(usize::try_from(event - first).ok()?));
            let text = told.map_or_else(
                || structure.text(at(&structure.events.name, event)).to_owned(),
                telltale_story::story::event_text,
            );
            Words {
                kind: if exception { strings::ENTRY_EXCEPTION } else { strings::ENTRY_EVENT },
                mark: if exception { "✖" } else { "◆" },
                class: if exception { "list-row entry-error" } else { "list-row" },
                text,
                service: service(row),
                depth: trace.depth(row) + 1,
                length: None,
            }
        }
        Entry::Log(log) => {
            let record = details.and_then(|details| details.log(structure, log));
            let row = at(&structure.logs.row, log).checked_sub(1);
            log_words(
                at(&structure.logs.severity, log),
                record.as_ref().map(telltale_story::story::log_text).unwrap_or_default(),
                structure.maybe_text(at(&structure.logs.service, log)).map(str::to_owned),
                row.map_or(0, |row| trace.depth(row) + 1),
            )
        }
        Entry::Near(place) => {
            let near = list.near.get_untracked();
            let log = near.as_ref().and_then(|near| near.logs.get(usize::try_from(place).ok()?));
            let (severity, text, service) =
                log.map_or((0, String::new(), None), |log| (log.severity, log.body.clone(), log.service.clone()));
            Words { kind: strings::ENTRY_NEAR, class: "list-row entry-near", ..log_words(severity, text, service, 0) }
        }
    }
}

fn log_words(severity: i32, text: String, service: Option<String>, depth: u32) -> Words {
    let (kind, mark, class) = match (log_look(severity), severity) {
        (MarkLook::Error, _) => (strings::ENTRY_LOG_ERROR, "✖", "list-row entry-error"),
        (MarkLook::Warn, _) => (strings::ENTRY_LOG_WARN, "▲", "list-row entry-warn"),
        (_, 1..=8) => (strings::ENTRY_LOG, "≡", "list-row entry-debug"),
        _ => (strings::ENTRY_LOG, "≡", "list-row"),
    };
    Words { kind, mark, class, text, service, depth, length: None }
}

fn row_el(list: List, trace: &Trace, place: usize, entry: Entry) -> El {
    let words = words_of(list, trace, entry);
    let active = list.active;
    let near = list.near.get_untracked();
    let times: Vec<i64> = match (entry, near) {
        (Entry::Near(_), Some(near)) => near.logs.iter().map(|log| log.time_ns).collect(),
        _ => Vec::new(),
    };
    let is_log = matches!(entry, Entry::Log(_) | Entry::Near(_));
    let indent = format!("{}px", words.depth.min(INDENTED_LEVELS) * INDENT_PX);
    let state = list.state;
    // What is selected in the waterfall is marked here too.
    let row = match entry {
        Entry::Span(row) => Some(row),
        Entry::Event(event) => Some(at(&trace.structure.events.row, event)),
        Entry::Log(_) | Entry::Near(_) => None,
    };
    let span_id = row.map(|row| trace.structure.id_hex(row));
    let is_open = Memo::new(move |_| match entry {
        Entry::Log(log) => state.nav.route().log == Some(log),
        _ => span_id.is_some() && state.open_span.get() == span_id,
    });
    let text = words.text.lines().next().unwrap_or_default();
    let cell = |class: &str| el("span").class(class).attr("role", "gridcell");
    el("div")
        .class(words.class)
        .id(&format!("entry-{place}"))
        .attr("role", "row")
        .attr("aria-rowindex", &(place + 2).to_string())
        .dyn_class("row-active", move || active.get() == place)
        .dyn_class("row-open", move || is_open.get())
        .on_click(move || {
            active.set(place);
            open(state, entry);
            choose(state, entry);
        })
        .add([
            cell("num list-offset").text(&format::offset(time_of(&trace.structure, entry, &times))),
            cell("list-kind").add(sign(words.mark)).text(&format!(" {}", words.kind)),
            cell("list-what").style("padding-left", &indent).add([
                service_chip(&trace.palette.look(words.service.as_deref())),
                text_el("span", if is_log { "list-text list-log" } else { "list-text" }, text)
                    .attr("title", &words.text),
            ]),
            cell("num list-length").text(&words.length.map(format::duration).unwrap_or_default()),
        ])
}
