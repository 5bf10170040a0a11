//! Spans, span events and log records in one list by time.

use leptos::prelude::*;
use telltale_api::story::{Entry, EntryKind};

use crate::components::bits::ServiceChip;
use crate::components::tabs::FindBox;
use crate::components::virtual_rows::VirtualRows;
use crate::pages::story::data::StoryData;
use crate::pages::story::state::{Matches, StoryState};
use crate::shared::Shared;
use crate::{format, strings};

/// Indentation of a level, and the deepest one that is indented.
const INDENT_PX: u32 = 12;
const INDENTED_LEVELS: u32 = 12;

/// Which entries are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    All,
    Logs,
    Errors,
}

/// The tab's content.
#[component]
pub(crate) fn StoryList() -> impl IntoView {
    let state = expect_context::<StoryState>();
    let choice = RwSignal::new(Choice::All);
    let active = RwSignal::new(0_usize);
    let shown = Memo::new(move |_| {
        let choice = choice.get();
        let matches = state.matches.get();
        let data = state.data.get();
        Shared::new(data.map_or_else(Vec::new, |data| choose(&data, choice, matches.as_ref())))
    });
    let count = Signal::derive(move || shown.get().len());
    let rows = VirtualRows::of_component(count);
    let window = rows.window();
    let each = move || {
        let (start, end) = window.get();
        let generation = state.generation.get();
        let shown = shown.get();
        let visible = shown.iter().enumerate().skip(start).take(end - start);
        visible.map(|(place, entry)| (place, *entry, generation)).collect::<Vec<_>>()
    };
    let active_id = move || {
        let (start, end) = window.get();
        let place = active.get();
        (start <= place && place < end.min(count.get())).then(|| format!("entry-{place}"))
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let last = count.get_untracked().saturating_sub(1);
        let at = active.get_untracked();
        let to = match event.key().as_str() {
            "ArrowDown" | "j" => at + 1,
            "ArrowUp" | "k" => at.saturating_sub(1),
            "PageDown" => at + rows.page_rows(),
            "PageUp" => at.saturating_sub(rows.page_rows()),
            "Home" => 0,
            "End" => last,
            "Enter" | " " => {
                event.prevent_default();
                let entry = shown.with_untracked(|shown| shown.get(at).copied());
                if let Some(entry) = entry {
                    open(state, entry);
                }
                return;
            }
            _ => return,
        };
        event.prevent_default();
        active.set(to.min(last));
        rows.reveal(to.min(last));
    };
    let choices =
        [(Choice::All, strings::LIST_ALL), (Choice::Logs, strings::LIST_LOGS), (Choice::Errors, strings::LIST_ERRORS)];
    let buttons = choices.map(|(which, name)| {
        view! {
            <button type="button" class="button" aria-pressed=move || (choice.get() == which).to_string()
                on:click=move |_| choice.set(which)>{name}</button>
        }
    });
    view! {
        <div class="panel-tools">
            <FindBox/>
            <div class="button-group" role="group" aria-label=strings::LIST_CHOICE_LABEL>{buttons.into_iter().collect_view()}</div>
        </div>
        <Show when=move || { count.get() > 0 } fallback=|| view! { <p class="list-empty muted">{strings::LIST_EMPTY}</p> }>
            <div class="story-list" role="grid" tabindex="0" aria-label=strings::LIST_LABEL
                aria-rowcount=move || (count.get() + 1).to_string() aria-colcount="4"
                aria-activedescendant=active_id
                on:keydown=on_key>
                <div role="rowgroup" class="rows-head">
                    <div role="row" class="list-row list-row-head" aria-rowindex="1">
                        <span role="columnheader">{strings::COLUMN_OFFSET}</span>
                        <span role="columnheader">{strings::COLUMN_WHAT}</span>
                        <span role="columnheader">{strings::COLUMN_HAPPENED}</span>
                        <span role="columnheader" class="list-length">{strings::COLUMN_TIME}</span>
                    </div>
                </div>
                <div class="rows-space" role="presentation" node_ref=rows.list style:height=rows.height()>
                    <div class="rows-shown" role="rowgroup" style:transform=rows.shift()>
                        <For each=each key=|item| *item children=move |(place, entry, _)| view! { <EntryRow place entry active/> }/>
                    </div>
                </div>
            </div>
        </Show>
    }
}

/// Returns the positions of the entries that are shown.
fn choose(data: &StoryData, choice: Choice, matches: Option<&Shared<Matches>>) -> Vec<usize> {
    let chosen = data.story.entries.iter().enumerate().filter(|(_, entry)| match choice {
        Choice::All => true,
        Choice::Logs => entry.kind == EntryKind::Log,
        Choice::Errors => entry.level == "error",
    });
    let found = chosen.filter(|(_, entry)| matches.is_none_or(|matches| is_found(data, entry, matches)));
    found.map(|(index, _)| index).collect()
}

fn is_found(data: &StoryData, entry: &Entry, matches: &Matches) -> bool {
    match entry.kind {
        EntryKind::Log => usize::try_from(entry.index).is_ok_and(|index| matches.logs.contains(&index)),
        EntryKind::Span | EntryKind::Event => {
            let span = entry.span_id.as_deref().and_then(|id| data.span_index(id));
            span.is_some_and(|span| matches.spans.contains(&span))
        }
    }
}

/// Opens what an entry stands for.
fn open(state: StoryState, entry: usize) {
    let target = state.data.with_untracked(|data| {
        let entry = data.as_ref()?.story.entries.get(entry)?;
        Some((entry.kind, entry.span_id.clone(), usize::try_from(entry.index).ok()?))
    });
    match target {
        Some((EntryKind::Log, _, index)) => state.open_log(index),
        Some((_, Some(span_id), _)) => state.open_span(&span_id),
        _ => {}
    }
}

/// One line.
#[component]
fn EntryRow(
    /// Its place among the shown entries.
    place: usize,
    /// Its position in the story's entries.
    entry: usize,
    /// The place that the keyboard is at.
    active: RwSignal<usize>,
) -> impl IntoView {
    let state = expect_context::<StoryState>();
    let data = state.data.get_untracked()?;
    let row = data.story.entries.get(entry)?;
    let look = state.waterfall.get_untracked().palette.look(row.service_name.as_deref());
    let (kind, sign) = match (row.kind, row.level.as_str()) {
        (EntryKind::Span, "error") => (strings::ENTRY_SPAN_FAILED, "✖"),
        (EntryKind::Span, _) => (strings::ENTRY_SPAN, "▸"),
        (EntryKind::Event, "error") => (strings::ENTRY_EXCEPTION, "✖"),
        (EntryKind::Event, _) => (strings::ENTRY_EVENT, "◆"),
        (EntryKind::Log, "error") => (strings::ENTRY_LOG_ERROR, "✖"),
        (EntryKind::Log, "warn") => (strings::ENTRY_LOG_WARN, "▲"),
        (EntryKind::Log, _) => (strings::ENTRY_LOG, "≡"),
    };
    let class = match row.level.as_str() {
        "error" => "list-row entry-error",
        "warn" => "list-row entry-warn",
        "debug" => "list-row entry-debug",
        _ => "list-row",
    };
    let indent = format!("{}px", row.depth.min(INDENTED_LEVELS) * INDENT_PX);
    let is_log = row.kind == EntryKind::Log;
    let length = row.duration_ns.map(|duration| format::duration(duration.0));
    Some(view! {
        <div class=class role="row" id=format!("entry-{place}") aria-rowindex=(place + 2).to_string()
            class:row-active=move || active.get() == place
            on:click=move |_| {
                active.set(place);
                open(state, entry);
            }>
            <span role="gridcell" class="num list-offset">{format::offset(row.offset_ns.0)}</span>
            <span role="gridcell" class="list-kind"><span aria-hidden="true">{sign}</span>" "{kind}</span>
            <span role="gridcell" class="list-what" style:padding-left=indent>
                <ServiceChip look/>
                <span class:list-log=is_log class="list-text" title=row.text.clone()>{first_line(&row.text)}</span>
            </span>
            <span role="gridcell" class="num list-length">{length}</span>
        </div>
    })
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
