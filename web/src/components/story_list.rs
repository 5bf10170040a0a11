//! Spans, span events and log records in one list by time; on demand also the records of the neighbourhood.

use leptos::prelude::*;
use telltale_story::pack::Details;

use crate::components::bits::failure_box;
use crate::components::row_pool::{Part, Row, row_of_event, row_pool};
use crate::components::tabs::{find_box, split_switch, switch};
use crate::components::timeline::{show_service, tell_service};
use crate::components::virtual_rows::VirtualRows;
use crate::dom::{El, el, text_el};
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
    let content = Memo::new(move |before: Option<&u64>| {
        shown.track();
        state.generation.track();
        state.details.track();
        before.map_or(0, |before| before + 1)
    });
    let entry_at = move |place: usize| shown.with_untracked(|shown| shown.get(place).copied());
    let fill = move |row: &mut ListRow, place: usize| {
        if let (Some(entry), Some(trace)) = (entry_at(place), state.trace.get_untracked()) {
            row.fill(list, &trace, place, entry);
        }
    };
    let fill_rest = move |row: &mut ListRow, _: usize| {
        if let Some(trace) = state.trace.get_untracked() {
            row.fill_rest(&trace);
        }
    };
    let open_row = Memo::new(move |_| {
        let id = state.open_span.get()?;
        state.trace.with(|trace| trace.as_ref()?.structure.row_of_hex(&id))
    });
    // What is selected in the waterfall is marked here too.
    let mark = move |row: &mut ListRow, place: usize, _: bool| {
        let open = match row.entry {
            Some(Entry::Log(log)) => state.nav.route().log == Some(log),
            Some(Entry::Span(span)) => open_row.get() == Some(span),
            Some(Entry::Event(event)) => state.trace.with_untracked(|trace| {
                let of = trace.as_ref().map(|trace| at(&trace.structure.events.row, event));
                of.is_some() && of == open_row.get()
            }),
            Some(Entry::Near(_)) | None => false,
        };
        row.mark(active.get() == place, open);
    };
    let on_click = move |event: web_sys::Event| {
        let Some(place) = row_of_event(&event) else { return };
        active.set(place);
        if let Some(entry) = entry_at(place) {
            open(state, entry);
            choose(state, entry);
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
    let shown_rows = row_pool(rows, content, fill, fill_rest, mark).on("click", on_click);
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
        .add([el("div").class("rows-head").attr("role", "rowgroup").add(head), rows.space(shown_rows)])
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

/// A row of the list: its parts, in the order in which they stand.
struct ListRow {
    row: Part,
    offset: Part,
    kind: Part,
    what: Part,
    chip: Part,
    text: Part,
    length: Part,
    entry: Option<Entry>,
    words: Option<Words>,
}

impl Row for ListRow {
    fn new() -> Self {
        let cell = |class: &str| Part::cell(class, "gridcell");
        let (mut chip, text) = (Part::new("span", "chip"), Part::new("span", "list-text"));
        chip.attr("role", "img");
        let what = cell("list-what").holding(&[&chip, &text]);
        let (offset, kind, length) = (cell("num list-offset"), cell("list-kind"), cell("num list-length"));
        let mut row = Part::new("div", "list-row").holding(&[&offset, &kind, &what, &length]);
        row.attr("role", "row");
        Self { row, offset, kind, what, chip, text, length, entry: None, words: None }
    }

    fn part(&mut self) -> &mut Part {
        &mut self.row
    }
}

impl ListRow {
    fn fill(&mut self, list: List, trace: &Trace, place: usize, entry: Entry) {
        let words = words_of(list, trace, entry);
        let near_ns = |near: u32| {
            let near = usize::try_from(near).ok()?;
            list.near.with_untracked(|all| all.as_ref()?.logs.get(near).map(|log| log.time_ns))
        };
        let time = match entry {
            Entry::Near(near) => near_ns(near).unwrap_or_default(),
            _ => time_of(&trace.structure, entry, &[]),
        };
        self.entry = Some(entry);
        self.row.attr("id", &format!("entry-{place}"));
        self.offset.text(&format::offset(time));
        self.kind.text(&format!("{} {}", words.mark, words.kind));
        self.what.css(&format!("padding-left:{}px", words.depth.min(INDENTED_LEVELS) * INDENT_PX));
        show_service(&mut self.chip, &trace.palette.look(words.service.as_deref()));
        let is_log = matches!(entry, Entry::Log(_) | Entry::Near(_));
        self.text.attr("class", if is_log { "list-text list-log" } else { "list-text" });
        self.text.text(words.text.lines().next().unwrap_or_default());
        self.length.text(&words.length.map(format::duration).unwrap_or_default());
        self.words = Some(words);
    }

    /// Tells the row what is only seen on hover or heard.
    fn fill_rest(&mut self, trace: &Trace) {
        let Some(words) = &self.words else { return };
        tell_service(&mut self.chip, &trace.palette.look(words.service.as_deref()));
        self.text.attr("title", &words.text);
    }

    fn mark(&mut self, active: bool, open: bool) {
        let mut class = self.words.as_ref().map_or("list-row", |words| words.class).to_owned();
        if active {
            class.push_str(" row-active");
        }
        if open {
            class.push_str(" row-open");
        }
        self.row.attr("class", &class);
    }
}
