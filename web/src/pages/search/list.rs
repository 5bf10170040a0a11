//! The rows: a list of any length of which those in sight are in the page, each unfolding where it stands.

use std::collections::BTreeMap;

use leptos::prelude::*;
use telltale_api::routes;
use telltale_api::search::SearchRow;

use super::detail::{detail, detail_lines};
use super::histogram::colour;
use super::{PAGE_ROWS, State};
use crate::client::Lifetime;
use crate::components::bits::{clock_time, date_time, failure_box, go_link, service_chip, skeleton};
use crate::components::virtual_rows::VirtualRows;
use crate::dom::{El, el, hidden, passing_memo, sign, text_el};
use crate::palette::Palette;
use crate::prefs::now_nanos;
use crate::route::Route;
use crate::search::{Asked, Buffer, Kind, Lines, ROWS_MAX, level, status, value_of};
use crate::waterfall::viewport::ROW_PX;
use crate::{format, strings};

/// What the list shares with its rows.
#[derive(Clone, Copy)]
pub(super) struct List {
    pub(super) state: State,
    pub(super) columns: Memo<Vec<String>>,
    /// Unfolded rows by number, with the lines that each has more.
    open: RwSignal<BTreeMap<u64, usize>>,
    /// The row that keys move from.
    active: RwSignal<Option<u64>>,
    lines: Memo<Lines>,
    /// Whether times need their date: not all rows are of today.
    is_dated: Memo<bool>,
    /// Called when a row is unfolded, and when live rows are scrolled.
    unfolded: Callback<()>,
}

const DAY_NS: u64 = 86_400_000_000_000;

/// Columns until the reader chooses: time always comes first.
pub(super) const fn usual_columns(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Logs => &["level", "service", "body"],
        Kind::Spans | Kind::Traces => &["status", "service", "name", "duration"],
    }
}

/// The columns that the address asks for.
pub(super) fn columns(state: State) -> Memo<Vec<String>> {
    let chosen = state.nav.param("cols");
    Memo::new(move |_| match chosen.get() {
        Some(text) => text.split(',').filter(|key| !key.is_empty()).map(str::to_owned).collect(),
        None => {
            let kind = state.asked.with(|asked| asked.kind);
            usual_columns(kind).iter().map(|key| (*key).to_owned()).collect()
        }
    })
}

/// The tab of rows: the list, or why there is none.
pub(super) fn rows(state: State) -> Vec<El> {
    #[derive(Clone, Copy, PartialEq)]
    enum Shown {
        Waiting,
        Failed,
        Empty,
        Rows,
    }
    let shown = Memo::new(move |_| {
        let is_empty = state.rows.with(Buffer::is_empty);
        state.found.with(|found| match found {
            None => Shown::Waiting,
            Some(Err(_)) => Shown::Failed,
            Some(Ok(_)) if is_empty => Shown::Empty,
            Some(Ok(_)) => Shown::Rows,
        })
    });
    vec![el("div").children(move || match shown.get() {
        Shown::Waiting => vec![skeleton(12)],
        Shown::Failed => state.found.with(|found| match found {
            Some(Err(failure)) => {
                vec![failure_box(strings::SEARCH_FAILED, failure, move || state.again.update(|again| *again += 1))]
            }
            _ => Vec::new(),
        }),
        Shown::Empty => nothing(state),
        Shown::Rows => vec![grid(state, Callback::new(|()| ())), end(state)],
    })]
}

/// Nothing matches: what could be left out.
fn nothing(state: State) -> Vec<El> {
    let asked = state.asked.get();
    let lifetime = Lifetime::of_component();
    let mut ways = Vec::new();
    let mut way = |words: &str, change: &dyn Fn(&mut Asked)| {
        let mut other = asked.clone();
        change(&mut other);
        let count = RwSignal::new(String::new());
        let address = format!("{}?{}&include=count", routes::SEARCH, other.parameters());
        super::ask(address, lifetime, move |answer| {
            // Without an answer the way is still one.
            count.set(answer.ok().and_then(|answer| answer.total).map(format::count).unwrap_or_default());
        });
        let link = go_link(&state.place_of(change).url(), words).text(" ");
        ways.push(el("li").add(link).add(el("span").class("num muted").dyn_text(move || count.get())));
    };
    if asked.from.is_some() || asked.to.is_some() {
        way(strings::SEARCH_ALL_TIMES, &|asked| (asked.from, asked.to) = (None, None));
    }
    if !asked.query.is_empty() {
        way(strings::SEARCH_WITHOUT, &|asked| asked.query.clear());
    }
    match asked.kind {
        Kind::Logs => way(strings::SEARCH_IN_SPANS, &|asked| asked.kind = Kind::Spans),
        Kind::Spans | Kind::Traces => way(strings::SEARCH_IN_LOGS, &|asked| asked.kind = Kind::Logs),
    }
    let is_bare = asked == Asked { kind: asked.kind, ..Asked::default() };
    let words = if is_bare { strings::SEARCH_NOTHING_STORED } else { strings::SEARCH_NOTHING };
    let title = el("div").attr("role", "status").add(text_el("h2", "", words));
    let mut parts = vec![title, el("ul").class("plain-list").add(ways)];
    if is_bare {
        parts.push(el("p").add(go_link("/start", strings::HOW_TO_SEND)));
    }
    vec![el("section").class("search-nothing").add(parts)]
}

/// Below the last row: more comes, that was all, or that is as much as a page holds.
fn end(state: State) -> El {
    el("p").class("muted search-end").attr("role", "status").dyn_text(move || {
        let has_more = state.found.with(|found| matches!(found, Some(Ok(found)) if found.next.is_some()));
        match (has_more, state.rows.with(Buffer::is_full)) {
            (true, true) => strings::search_full(&format::count(u64::try_from(ROWS_MAX).unwrap_or(0))),
            (true, false) => strings::LOADING.to_owned(),
            (false, _) => strings::SEARCH_END.to_owned(),
        }
    })
}

/// The grid itself.
pub(super) fn grid(state: State, unfolded: Callback<()>) -> El {
    let open = RwSignal::new(BTreeMap::new());
    let lines = Memo::new(move |_| {
        state.rows.with(|rows| {
            let unfolded = open.with(|open: &BTreeMap<u64, usize>| {
                open.iter().filter_map(|(number, more)| Some((rows.place(*number)?, *more))).collect()
            });
            Lines::new(rows.len(), unfolded)
        })
    });
    let is_dated = Memo::new(move |_| {
        let today = now_nanos() / DAY_NS;
        state.rows.with(|rows| {
            let ends = [rows.at(0), rows.len().checked_sub(1).and_then(|last| rows.at(last))];
            ends.into_iter().flatten().any(|row| row.time_unix_nano.0 / DAY_NS != today)
        })
    });
    let list = List { state, columns: columns(state), open, active: RwSignal::new(None), lines, is_dated, unfolded };
    let total = Signal::derive(move || lines.with(Lines::total));
    let rows = VirtualRows::of_component(total);
    let window = rows.window();
    let in_sight = Memo::new(move |_| {
        let (start, end) = window.get();
        lines.with(|lines| (lines.row_at(start), (lines.row_at(end) + 1).min(state.rows.with(Buffer::len))))
    });
    Effect::new(move |_| {
        let (_, end) = in_sight.get();
        let held = state.rows.with_untracked(Buffer::len);
        if end + PAGE_ROWS / 4 >= held {
            state.more();
        }
    });
    // Whoever scrolls away from the top of live rows reads: they must not run away.
    Effect::new(move |_| {
        if state.is_live.get() && rows.is_scrolled() {
            unfolded.run(());
        }
    });
    show_asked_row(list, rows);
    let keys = move || {
        let (start, end) = in_sight.get();
        state.rows.with(|rows| (start..end).map(|place| rows.number(place)).collect())
    };
    let shown = el("div").class("rows-shown found-rows").attr("role", "rowgroup").children(move || {
        // Other columns: other rows.
        let columns = list.columns.get();
        el("div").attr("role", "presentation").each(keys, move |number| item(list, &columns, number))
    });
    let active_id = move || {
        let (start, end) = in_sight.get();
        let number = list.active.get()?;
        let place = state.rows.with(|rows| rows.place(number))?;
        (start <= place && place < end).then(|| format!("found-{number}"))
    };
    el("div")
        .id("search-rows")
        .class("story-list found")
        .attr("role", "treegrid")
        .attr("tabindex", "0")
        .label(strings::SEARCH_ROWS)
        .dyn_attr("aria-rowcount", move || Some((state.rows.with(Buffer::len) + 1).to_string()))
        .dyn_attr("aria-activedescendant", active_id)
        .dyn_attr("aria-busy", move || Some(state.loading.get().to_string()))
        .dyn_style("--columns", move || list.columns.with(|columns| template(columns, list.is_dated.get())))
        .on_key(move |event| on_key(list, rows, event))
        .add([head(list), rows.space(shown)])
}

/// Finds the row that the address names, as a way back from a story does, and shows it.
fn show_asked_row(list: List, rows: VirtualRows) {
    let at = list.state.nav.param("at");
    let done = StoredValue::new(None::<String>);
    Effect::new(move |_| {
        let Some(text) = at.get() else { return };
        let Ok(time) = text.parse::<u64>() else { return };
        let state = list.state;
        let (found, is_beyond) = state.rows.with(|rows| {
            let place = rows.rows().position(|row| row.time_unix_nano.0 == time);
            let last = rows.len().checked_sub(1).and_then(|last| rows.at(last));
            (place.map(|place| (place, rows.number(place))), last.is_some_and(|last| last.time_unix_nano.0 < time))
        });
        if done.get_value().as_ref() == Some(&text) {
            return;
        }
        match found {
            Some((place, number)) => {
                done.set_value(Some(text));
                list.active.set(Some(number));
                // The list has its height with the next frame.
                request_animation_frame(move || {
                    if list.lines.try_get_untracked().is_some() {
                        rows.reveal(list.lines.with_untracked(|lines| lines.line_of(place)));
                    }
                });
            }
            None if !is_beyond && !state.asked.with_untracked(|asked| asked.slowest) => state.more(),
            None => {}
        }
    });
}

fn template(columns: &[String], is_dated: bool) -> String {
    let mut out = if is_dated { "224px" } else { "120px" }.to_owned();
    for column in columns {
        out.push_str(match column.as_str() {
            "level" | "status" => " 72px",
            "service" => " minmax(90px, 150px)",
            "duration" => " 88px",
            "body" | "name" => " minmax(0, 1fr)",
            _ => " minmax(80px, 180px)",
        });
    }
    if !columns.iter().any(|column| column == "body" || column == "name") {
        out.push_str(" minmax(0, 1fr)");
    }
    out.push_str(" 28px");
    out
}

fn head(list: List) -> El {
    let row = el("div").class("found-line found-head").attr("role", "row").attr("aria-rowindex", "1");
    let cells = move || {
        let columns = list.columns.get();
        let mut cells = vec![text_el("span", "", strings::SEARCH_TIME).attr("role", "columnheader")];
        cells.extend(columns.iter().map(|key| text_el("span", "found-cell", key).attr("role", "columnheader")));
        if !columns.iter().any(|column| column == "body" || column == "name") {
            cells.push(el("span").attr("role", "presentation"));
        }
        cells.push(el("span").attr("role", "columnheader").add(hidden(strings::SEARCH_STORY)));
        cells
    };
    el("div").class("rows-head").attr("role", "rowgroup").add(row.children(cells))
}

/// A row: its line, and what is unfolded below it.
fn item(list: List, columns: &[String], number: u64) -> El {
    let state = list.state;
    let place = passing_memo(move || state.rows.with(|rows| rows.place(number)));
    // A live trace grows: its row is another one then.
    let row =
        passing_memo(move || state.rows.with(|rows| rows.place(number).and_then(|place| rows.at(place)).cloned()));
    let is_open = passing_memo(move || list.open.with(|open| open.contains_key(&number)));
    let columns = columns.to_vec();
    let cells = move || row.with(|row| row.as_ref().map_or_else(Vec::new, |row| cells(list, &columns, row, is_open)));
    let line = el("div")
        .class("found-line")
        .attr("role", "presentation")
        .on("click", move |event| {
            let on_link = event.default_prevented() || is_link(&event);
            if !on_link {
                list.active.set(Some(number));
                fold(list, number, !is_open.get_untracked());
            }
        })
        .children(cells);
    let below = move || row.with(|row| row.as_ref().map(|row| detail(list, row)));
    let details = el("div")
        .attr("role", "gridcell")
        .class("found-below")
        .children(move || if is_open.get() { below() } else { None });
    el("div")
        .class("found-item")
        .id(&format!("found-{number}"))
        .attr("role", "row")
        .attr("aria-level", "1")
        .dyn_attr("aria-rowindex", move || Some((place.get().unwrap_or(0) + 2).to_string()))
        .dyn_attr("aria-expanded", move || Some(is_open.get().to_string()))
        .dyn_class("row-active", move || list.active.get() == Some(number))
        .dyn_class("row-open", move || is_open.get())
        .dyn_style("transform", move || {
            let line = list.lines.with(|lines| lines.line_of(place.get().unwrap_or(0)));
            format!("translateY({}px)", px(line))
        })
        .dyn_style("height", move || {
            let more = list.lines.with(|lines| place.get().map_or(0, |place| lines.more(place)));
            format!("{}px", px(more + 1))
        })
        .add([line, details])
}

/// What stands in a row's line.
fn cells(list: List, columns: &[String], row: &SearchRow, is_open: Memo<bool>) -> Vec<El> {
    let kind = list.state.kind();
    let mark = match kind {
        Kind::Logs => colour(&level(row)),
        Kind::Spans | Kind::Traces => colour(status(row)),
    };
    let time = el("span").class("num found-time").attr("role", "gridcell").add([
        el("span").class(&format!("found-mark {mark}")).attr("aria-hidden", "true"),
        el("span")
            .class("twisty-sign")
            .attr("aria-hidden", "true")
            .dyn_text(move || if is_open.get() { "▾" } else { "▸" }.to_owned()),
        time_of(list, row.time_unix_nano.0),
    ]);
    let mut cells = vec![time];
    cells.extend(columns.iter().map(|key| cell(row, kind, key)));
    if !columns.iter().any(|column| column == "body" || column == "name") {
        cells.push(el("span").attr("role", "presentation"));
    }
    cells.push(story_cell(list, row));
    cells
}

fn px(lines: usize) -> f64 {
    f64::from(u32::try_from(lines).unwrap_or(u32::MAX)) * ROW_PX
}

fn is_link(event: &web_sys::Event) -> bool {
    use wasm_bindgen::JsCast;
    let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    element.is_some_and(|element| element.closest("a, button").ok().flatten().is_some())
}

/// Time of day; with its date where not all rows are of today.
fn time_of(list: List, nanos: u64) -> El {
    el("span").children(move || if list.is_dated.get() { date_time(nanos) } else { clock_time(nanos) })
}

fn cell(row: &SearchRow, kind: Kind, key: &str) -> El {
    let cell = el("span").class("found-cell").attr("role", "gridcell");
    match key {
        "level" if kind == Kind::Logs => {
            let level = level(row);
            let word = if row.severity_text.is_empty() { level.clone() } else { row.severity_text.to_lowercase() };
            cell.class(&format!("found-cell found-{}", colour(&level))).text(&word)
        }
        "status" if kind != Kind::Logs => {
            let status = status(row);
            let signs = if status == "error" { "✖ " } else { "" };
            cell.class(&format!("found-cell found-{}", colour(status))).add(sign(signs)).text(status)
        }
        "service" => {
            let look = Palette::default().look(row.service_name.as_deref());
            let name = crate::components::bits::service_name(&look.name);
            cell.attr("title", &name).add([service_chip(&look), sign(&format!(" {name}"))])
        }
        "body" => cell.class("found-cell found-text").text(first_line(&row.text)),
        "name" => cell.class("found-cell found-text").text(&row.name).add(
            (!row.text.is_empty()).then(|| text_el("span", "danger-text", &format!(" {}", first_line(&row.text)))),
        ),
        "duration" => cell
            .class("found-cell num found-length")
            .text(&row.duration_ns.map(|ns| format::duration(ns.0)).unwrap_or_default()),
        key => {
            let value = value_of(row, kind, key).unwrap_or_default();
            cell.attr("title", &value).text(first_line(&value))
        }
    }
}

fn first_line(text: &str) -> &str {
    // A line in a list shows a screenful at most; the whole is below it when it is unfolded.
    let line = text.lines().next().unwrap_or_default();
    line.char_indices().nth(400).and_then(|(end, _)| line.get(..end)).unwrap_or(line)
}

/// Returns the address of the story that a row belongs to.
pub(super) fn story_of(row: &SearchRow) -> Option<String> {
    let trace = row.trace_id.as_deref()?;
    Some(Route::story(trace, row.span_id.as_deref()).url())
}

fn story_cell(list: List, row: &SearchRow) -> El {
    let cell = el("span").attr("role", "gridcell");
    let Some(address) = story_of(row) else { return cell };
    let time = row.time_unix_nano.0;
    cell.add(
        el("a")
            .class("found-story")
            .attr("href", &address)
            .attr("tabindex", "-1")
            .named(strings::SEARCH_SAME_TRACE)
            .on_click(move || remember(list.state, time))
            .add(sign("↗")),
    )
}

/// Lets the way back lead to this row.
pub(super) fn remember(state: State, time: u64) {
    if !state.is_live.get_untracked() {
        state.nav.replace_with(state.nav.place_now().with("at", Some(&time.to_string())));
    }
}

fn fold(list: List, number: u64, unfold: bool) {
    let state = list.state;
    let more = state.rows.with_untracked(|rows| {
        rows.place(number).and_then(|place| rows.at(place)).map_or(0, |row| detail_lines(row, state.kind()))
    });
    list.open.update(|open| {
        if unfold {
            open.insert(number, more);
        } else {
            open.remove(&number);
        }
    });
    if unfold {
        list.unfolded.run(());
    }
}

fn on_key(list: List, rows: VirtualRows, event: &web_sys::KeyboardEvent) {
    use wasm_bindgen::JsCast;
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    // Keys on a button or a link of an unfolded row are its own.
    let on_itself = event.target().is_some_and(|target| {
        target.dyn_ref::<web_sys::Element>().is_some_and(|element| element.id() == "search-rows")
    });
    if !on_itself {
        return;
    }
    let state = list.state;
    let held = state.rows.with_untracked(Buffer::len);
    let Some(last) = held.checked_sub(1) else { return };
    let number = list.active.get_untracked();
    let at = number.and_then(|number| state.rows.with_untracked(|rows| rows.place(number)));
    let here = at.unwrap_or(0);
    let to = match event.key().as_str() {
        "ArrowDown" | "j" => at.map_or(0, |at| at + 1),
        "ArrowUp" | "k" => here.saturating_sub(1),
        "PageDown" => here + rows.page_rows(),
        "PageUp" => here.saturating_sub(rows.page_rows()),
        "Home" => 0,
        "End" => last,
        key @ ("Enter" | " " | "ArrowRight" | "ArrowLeft" | "o") => {
            event.prevent_default();
            let Some(number) = number else { return };
            let is_open = list.open.with_untracked(|open| open.contains_key(&number));
            match key {
                "ArrowRight" => fold(list, number, true),
                "ArrowLeft" => fold(list, number, false),
                "o" => {
                    let row = state.rows.with_untracked(|rows| rows.at(here).cloned());
                    if let Some((row, address)) = row.and_then(|row| Some((story_of(&row)?, row))).map(|(a, r)| (r, a))
                    {
                        remember(state, row.time_unix_nano.0);
                        state.nav.go_to(crate::route::Place::of_url(&address));
                    }
                }
                _ => fold(list, number, !is_open),
            }
            return;
        }
        _ => return,
    };
    event.prevent_default();
    let to = to.min(last);
    list.active.set(Some(state.rows.with_untracked(|rows| rows.number(to))));
    rows.reveal(list.lines.with_untracked(|lines| lines.line_of(to)));
}
