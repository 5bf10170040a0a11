//! The waterfall: a tree of spans with bars, as an ARIA treegrid.
//!
//! The grid has the focus and names its active row; rows outside of the window are not in the page. Keys follow the ARIA
//! authoring practices for treegrids.

mod minimap;
mod row;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::components::row_pool::{row_of_event, row_pool};
use crate::components::tabs::{errors_switch, find_box, split_switch, switch};
use crate::components::virtual_rows::VirtualRows;
use crate::dom::{El, el, hidden, text_el};
use crate::pages::story::state::StoryState;
use crate::strings;
use crate::waterfall::layout::Line;
use minimap::minimap;
use row::{Marked, TimelineRow, row_id};
pub(crate) use row::{show_service, tell_service};

/// The id of the grid.
const GRID_ID: &str = "timeline-grid";

/// The view's content.
pub(crate) fn timeline(state: StoryState) -> El {
    let is_empty = Memo::new(move |_| state.trace.with(|trace| trace.as_ref().is_none_or(|t| t.row_count() == 0)));
    let grid = move || {
        if is_empty.get() {
            vec![text_el("p", "list-empty muted", strings::NO_SPANS)]
        } else {
            vec![minimap(state), rows_grid(state)]
        }
    };
    el("div").add([tools(state), el("div").children(grid)])
}

fn tools(state: StoryState) -> El {
    let bundle = switch(
        strings::GROUP_REPEATS,
        move || !state.view.with(|view| view.flat),
        move |on| state.change(|view| view.flat = !on),
    );
    let button = |words: &str, folded: bool| {
        text_el("button", "button", words).attr("type", "button").on_click(move || state.fold_all(folded))
    };
    el("div").class("panel-tools").add([
        find_box(state),
        errors_switch(state),
        bundle,
        split_switch(state),
        button(strings::EXPAND_ALL, false),
        button(strings::COLLAPSE_ALL, true),
        el("span").children(move || pinned(state)),
    ])
}

/// The pinned columns, each with a way to take it away.
fn pinned(state: StoryState) -> Vec<El> {
    let columns = state.view.with(|view| view.columns.clone());
    let chip = |key: String| {
        let gone = key.clone();
        text_el("button", "tag tag-button", &format!("{key} ✕"))
            .attr("type", "button")
            .label(&strings::unpin(&key))
            .on_click(move || state.change(|view| view.columns.retain(|known| *known != gone)))
    };
    columns.into_iter().map(chip).collect()
}

fn rows_grid(state: StoryState) -> El {
    let count = Signal::derive(move || state.lines.with(|lines| lines.len()));
    let rows = VirtualRows::of_component(count);
    state.rows.set(Some(rows));
    on_cleanup(move || {
        state.rows.try_set(None);
    });
    let window = rows.window();
    let columns = Memo::new(move |_| state.view.with(|view| view.columns.clone()));
    // What rows show changes when the trace was loaded again, when something was folded, zoomed, pinned.
    let content = Memo::new(move |before: Option<&u64>| {
        state.lines.track();
        state.generation.track();
        state.span_of_time();
        if !columns.with(Vec::is_empty) {
            state.details.track();
        }
        before.map_or(0, |before| before + 1)
    });
    let line_at = move |place: usize| state.lines.with_untracked(|lines| lines.get(place).copied());
    let fill = move |row: &mut TimelineRow, place: usize| {
        if let (Some(line), Some(trace)) = (line_at(place), state.trace.get_untracked()) {
            row.fill(state, &trace, line);
        }
    };
    let fill_rest = move |row: &mut TimelineRow, place: usize| {
        if let (Some(line), Some(trace)) = (line_at(place), state.trace.get_untracked()) {
            row.fill_rest(state, &trace, line);
        }
    };
    let open = Memo::new(move |_| {
        let id = state.open_span.get()?;
        state.trace.with(|trace| trace.as_ref()?.structure.row_of_hex(&id)).map(Line::Row)
    });
    let mark = move |row: &mut TimelineRow, _: usize, is_whole: bool| {
        state.found.with(|found| {
            let found = found.as_ref().map(|found| found.rows.as_slice());
            row.mark(&Marked { active: state.active.get(), open: open.get(), found, is_whole });
        });
    };
    let on_click = move |event: web_sys::Event| {
        let Some(line) = row_of_event(&event).and_then(line_at) else { return };
        let target: Option<web_sys::Element> = event.target().and_then(|target| target.dyn_into().ok());
        match state.trace.get_untracked() {
            Some(trace) if target.is_some_and(|target| target.class_list().contains("twisty")) => {
                state.set_folded(line, !state.is_folded(&trace, line));
            }
            _ => state.open_line(line),
        }
    };
    let active = move || {
        // Only a row that is in the page can be named.
        let line = state.active.get()?;
        let (start, end) = window.get();
        let lines = state.lines.get();
        let shown = lines.get(start..end.min(lines.len()))?;
        shown.contains(&line).then(|| row_id(line))
    };
    let shown = row_pool(rows, content, fill, fill_rest, mark).on("click", on_click);
    let lines = el("div").class("lines").attr("aria-hidden", "true").children(move || time_lines(state));
    el("div")
        .id(GRID_ID)
        .class("timeline")
        .attr("role", "treegrid")
        .attr("tabindex", "0")
        .label(strings::TIMELINE_LABEL)
        .dyn_attr("aria-rowcount", move || Some((count.get() + 1).to_string()))
        .dyn_attr("aria-colcount", move || Some((3 + columns.with(Vec::len)).to_string()))
        .dyn_attr("aria-activedescendant", active)
        .dyn_style("--pinned", move || format!("repeat({}, minmax(60px, 130px))", columns.with(Vec::len).max(1)))
        .dyn_class("has-pinned", move || !columns.with(Vec::is_empty))
        .dyn_class("finding", move || state.found.with(Option::is_some))
        .on_key(move |event| on_key(state, rows, event))
        .add([
            el("div").class("rows-head").attr("role", "rowgroup").children(move || head(state, &columns.get())),
            rows.space(el("div").class("timeline-row timeline-lines").add(lines)).add(shown),
        ])
}

fn head(state: StoryState, columns: &[String]) -> El {
    let cell = |class: &str, words: &str| text_el("span", class, words).attr("role", "columnheader");
    let pinned = columns.iter().map(|key| cell("cell-pinned", key).attr("title", key));
    el("div")
        .class("timeline-row timeline-head")
        .attr("role", "row")
        .attr("aria-rowindex", "1")
        .add([cell("cell-name", strings::COLUMN_SPAN), cell("cell-time", strings::COLUMN_TIME)])
        .add_all(pinned)
        .add(cell("cell-bar axis", "").add([
            hidden(strings::COLUMN_BAR),
            el("span").class("ticks").attr("aria-hidden", "true").children(move || axis(state)),
        ]))
}

fn axis(state: StoryState) -> Vec<El> {
    let (window, origin) = state.window();
    let label = |tick: telltale_story::waterfall::Tick| {
        // A label at the right edge would stand outside.
        let class = if tick.at > 0.93 { "tick tick-last" } else { "tick" };
        text_el("span", class, &tick.label).style("left", &percent(tick.at * 100.0))
    };
    window.ticks(origin).into_iter().map(label).collect()
}

/// Returns a place as CSS has it.
pub(crate) fn percent(value: f64) -> String {
    // Thousandths are enough for any screen; integers need no code for floating point.
    #[expect(clippy::cast_possible_truncation, reason = "a percentage in thousandths")]
    let thousandths = (value * 1_000.0) as i64;
    let sign = if thousandths < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}%", thousandths.abs() / 1_000, thousandths.abs() % 1_000)
}

/// The lines behind the bars: elements as high as the list, since a background of each row would be drawn with each.
fn time_lines(state: StoryState) -> Vec<El> {
    let (window, origin) = state.window();
    let line =
        |tick: telltale_story::waterfall::Tick| el("span").class("line").style("left", &percent(tick.at * 100.0));
    window.ticks(origin).into_iter().map(line).collect()
}

/// Keys inside the grid; letters are the page's.
fn on_key(state: StoryState, rows: VirtualRows, event: &web_sys::KeyboardEvent) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    let page = isize::try_from(rows.page_rows()).unwrap_or(20);
    match event.key().as_str() {
        "ArrowDown" => state.step(1),
        "ArrowUp" => state.step(-1),
        "PageDown" => state.step(page),
        "PageUp" => state.step(-page),
        "Home" => state.step_to_end(false),
        "End" => state.step_to_end(true),
        "ArrowRight" => state.expand_or_enter(),
        "ArrowLeft" => state.collapse_or_leave(),
        "Enter" | " " => state.open_active(),
        _ => return,
    }
    event.prevent_default();
}
