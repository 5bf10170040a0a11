//! One row of the waterfall: name, duration, pinned attributes, bar with its ticks.

use leptos::prelude::*;
use telltale_model::SpanKind;

use super::percent;
use crate::components::bits::service_chip;
use crate::dom::{El, el, hidden, sign, text_el};
use crate::pages::story::data::{Trace, at};
use crate::pages::story::state::StoryState;
use crate::waterfall::layout::Line;
use crate::waterfall::marks::{Mark, MarkLook, log_look, thin};
use crate::{format, strings};

/// Indentation of a level, and the deepest level that is indented: deeper ones would leave no room for names.
const INDENT_PX: u32 = 14;
const INDENTED_LEVELS: u32 = 16;

/// Returns the id of a line's element.
pub(super) fn row_id(line: Line) -> String {
    match line {
        Line::Row(row) => format!("row-{row}"),
        Line::Bundle(row) => format!("bundle-{row}"),
    }
}

/// The row; `place` is its place among the shown lines.
pub(super) fn row_el(state: StoryState, trace: &Trace, place: usize, line: Line) -> El {
    let rows = &trace.structure.rows;
    let (Line::Row(row) | Line::Bundle(row)) = line;
    let is_row = matches!(line, Line::Row(_));
    let is_missing = rows.is_missing(row);
    let is_error = is_row && rows.is_error(row);
    let opens = !is_row || rows.has_children(row);
    let folded = opens && state.is_folded(trace, line);
    let span_id = state.span_id_of(line);
    let is_open = Memo::new(move |_| span_id.is_some() && state.open_span.get() == span_id);
    let root = state.view.with_untracked(|view| view.root.clone());
    let above = root.and_then(|id| trace.structure.row_of_hex(&id)).map_or(0, |root| trace.depth(root));
    let depth = trace.depth(row).saturating_sub(above) + u32::from(is_row && in_bundle(state, trace, row));
    let mut class = "timeline-row".to_owned();
    if is_error {
        class.push_str(" row-error");
    }
    if is_missing {
        class.push_str(" row-missing");
    }
    let duration = match line {
        Line::Row(_) if is_missing => "–".to_owned(),
        Line::Row(row) => format::duration(trace.duration_ns(row)),
        Line::Bundle(row) => {
            trace.layout.bundle(row).map(|bundle| format::duration(bundle.length_ns)).unwrap_or_default()
        }
    };
    let element = el("div")
        .class(&class)
        .id(&row_id(line))
        .attr("role", "row")
        .attr("aria-rowindex", &(place + 2).to_string())
        .attr("aria-level", &(depth + 1).to_string())
        .dyn_class("row-active", move || state.active.get() == Some(line))
        .dyn_class("row-open", move || is_open.get())
        .dyn_class("row-match", move || {
            is_row && state.found.with(|found| found.as_ref().is_some_and(|f| f.rows.binary_search(&row).is_ok()))
        })
        .dyn_attr("aria-selected", move || Some(is_open.get().to_string()))
        .on_click(move || state.open_line(line));
    let element = if opens { element.attr("aria-expanded", if folded { "false" } else { "true" }) } else { element };
    element
        .add([
            name_cell(state, trace, line, depth, folded),
            text_el("span", "cell-time num", &duration).attr("role", "gridcell"),
        ])
        .add(pinned_cells(state, trace, line))
        .add(bar_cell(state, trace, line))
}

fn in_bundle(state: StoryState, trace: &Trace, row: u32) -> bool {
    let rows = &trace.structure.rows;
    let flat = state.view.with_untracked(|view| view.flat || view.errors || view.hide);
    !flat && !rows.has_children(row) && trace.layout.bundle_of(rows, row).is_some()
}

fn name_cell(state: StoryState, trace: &Trace, line: Line, depth: u32, folded: bool) -> El {
    let structure = &trace.structure;
    let (Line::Row(row) | Line::Bundle(row)) = line;
    let is_row = matches!(line, Line::Row(_));
    let opens = !is_row || structure.rows.has_children(row);
    let twisty = opens.then(|| {
        let class = if folded { "twisty twisty-folded" } else { "twisty" };
        el("span").class(class).attr("aria-hidden", "true").on("click", move |event| {
            event.stop_propagation();
            state.set_folded(line, !folded);
        })
    });
    let missing = structure.rows.is_missing(row);
    let text = if missing { strings::missing_parent(&structure.id_hex(row)) } else { structure.name(row).to_owned() };
    let mut parts = vec![el("span").class("twisty-place").add(twisty)];
    if !missing {
        parts.push(service_chip(&trace.look(row)));
    }
    if depth > INDENTED_LEVELS {
        parts.push(text_el("span", "tag", &strings::level(depth + 1)));
    }
    parts.push(text_el("span", "row-name", &text).attr("title", &text));
    if is_row && structure.rows.is_error(row) {
        parts.push(el("span").class("row-failed").add(sign("✖ ")).text(strings::ERROR_WORD));
    }
    if let Line::Bundle(first) = line
        && let Some(bundle) = trace.layout.bundle(first)
    {
        parts.push(text_el("span", "tag", &strings::repeats(bundle.count, &format::duration(bundle.sum_ns))));
        if is_n_plus_one(state, &structure.id_hex(first)) {
            parts.push(text_el("span", "tag tag-warn", strings::N_PLUS_ONE));
        }
    } else if folded {
        let below = structure.rows.end(row) - row - 1;
        let errors = trace.layout.errors_below(&structure.rows, row);
        parts.push(text_el("span", "row-below", &strings::folded_below(below, errors)));
    }
    if is_row && structure.rows.has_links(row) {
        parts.push(
            el("span")
                .class("row-below")
                .attr("title", strings::HAS_LINKS)
                .add([sign("↗"), hidden(strings::HAS_LINKS)]),
        );
    }
    let indent = format!("{}px", depth.min(INDENTED_LEVELS) * INDENT_PX);
    el("span").class("cell-name").attr("role", "gridcell").style("padding-left", &indent).add(parts)
}

fn is_n_plus_one(state: StoryState, first: &str) -> bool {
    state.story.with_untracked(|story| {
        let Some(Ok(story)) = story else { return false };
        story.repeats.iter().any(|repeat| repeat.is_n_plus_one && repeat.span_id == first)
    })
}

/// The values of pinned attributes, when the details are there.
fn pinned_cells(state: StoryState, trace: &Trace, line: Line) -> Vec<El> {
    let columns = state.view.with_untracked(|view| view.columns.clone());
    if columns.is_empty() {
        return Vec::new();
    }
    let span = match line {
        Line::Row(row) => {
            state.details.with_untracked(|details| details.as_ref().and_then(|d| d.span(&trace.structure, row)))
        }
        Line::Bundle(_) => None,
    };
    let value = |key: &String| {
        let span = span.as_ref()?;
        let resource = usize::try_from(span.resource).ok().and_then(|at| trace.structure.resources.get(at));
        let own = span.attributes.iter().chain(resource.into_iter().flat_map(|resource| &resource.attributes));
        own.into_iter().find(|attribute| attribute.key == *key).map(|attribute| attribute.value.clone())
    };
    let cells = columns.iter().map(|key| {
        let value = value(key).unwrap_or_default();
        text_el("span", "cell-pinned", &value).attr("role", "gridcell").attr("title", &value)
    });
    cells.collect()
}

/// Where things stand in the shown time.
struct Scale {
    from: i64,
    length: i64,
}

impl Scale {
    /// Returns a place, 0 to 100 inside of what is shown.
    #[expect(clippy::cast_precision_loss, reason = "a place on the screen needs no more than 52 bits")]
    fn percent(&self, offset_ns: i64) -> f64 {
        offset_ns.saturating_sub(self.from) as f64 / self.length as f64 * 100.0
    }
}

fn bar_cell(state: StoryState, trace: &Trace, line: Line) -> El {
    let rows = &trace.structure.rows;
    let (Line::Row(row) | Line::Bundle(row)) = line;
    let cell = el("span").class("cell-bar").attr("role", "gridcell");
    if rows.is_missing(row) {
        return cell.add(hidden(strings::NOT_ARRIVED));
    }
    let (from, to) = untrack(|| state.span_of_time());
    let scale = Scale { from, length: (to - from).max(1) };
    let start = trace.start_ns(row);
    let length = match line {
        Line::Row(row) => trace.duration_ns(row).max(0),
        Line::Bundle(row) => trace.layout.bundle(row).map_or(0, |bundle| bundle.length_ns),
    };
    let pieces = if matches!(line, Line::Row(_)) { trace.path_of(row) } else { &[] };
    let words = strings::bar_words(
        &format::offset(start),
        &format::duration(length),
        &format::permille(share(length, trace.length_ns())),
        SpanKind::from_otlp(rows.kind(row)).name(),
        !pieces.is_empty(),
    );
    let mut drawn = Vec::new();
    let (left, right) = (scale.percent(start), scale.percent(start.saturating_add(length)));
    if right >= 0.0 && left <= 100.0 {
        let (left, right) = (left.max(0.0), right.min(100.0));
        let class = format!("bar {}", trace.look(row).class);
        drawn.push(el("span").class(&class).style("left", &percent(left)).style("width", &percent(right - left)));
        if matches!(line, Line::Bundle(_)) {
            if let Some(bar) = drawn.last() {
                let _hatched = bar.element().class_list().add_1("bar-bundle");
            }
        }
    }
    for (begin, end) in pieces {
        let (left, right) = (scale.percent(*begin).max(0.0), scale.percent(*end).min(100.0));
        if right > left {
            drawn.push(
                el("span").class("critical").style("left", &percent(left)).style("width", &percent(right - left)),
            );
        }
    }
    if matches!(line, Line::Row(_)) {
        let ticks = marks(trace, row, &scale).into_iter();
        drawn.extend(ticks.map(|mark| el("span").class(mark.look.class()).style("left", &percent(mark.percent))));
    }
    cell.attr("title", &words)
        .add([hidden(&words), el("span").class("bar-area").attr("aria-hidden", "true").add(drawn)])
}

fn marks(trace: &Trace, row: u32, scale: &Scale) -> Vec<Mark> {
    let structure = &trace.structure;
    let events = structure.events_of(row).map(|place| {
        let exception = structure.events.is_exception.get(place) == Some(&true);
        let time = structure.events.time_ns.get(place).copied().unwrap_or_default();
        Mark { percent: scale.percent(time), look: if exception { MarkLook::Error } else { MarkLook::Event } }
    });
    let logs = trace.logs_of(row).map(|log| Mark {
        percent: scale.percent(at(&structure.logs.time_ns, log)),
        look: log_look(at(&structure.logs.severity, log)),
    });
    thin(events.chain(logs))
}

fn share(part: i64, whole: i64) -> u32 {
    let permille = i128::from(part.max(0)) * 1_000 / i128::from(whole.max(1));
    u32::try_from(permille).unwrap_or(1_000)
}
