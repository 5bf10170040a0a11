//! One row of the waterfall: name, duration, pinned attributes, bar with its ticks.

use leptos::prelude::*;
use telltale_model::SpanKind;

use super::percent;
use crate::components::bits::service_name;
use crate::components::row_pool::{Part, Row};
use crate::dom::{El, el, hidden, sign, text_el};
use crate::pages::story::data::{Trace, at};
use crate::pages::story::state::StoryState;
use crate::palette::ServiceLook;
use crate::waterfall::layout::Line;
use crate::waterfall::marks::{Mark, MarkLook, joined, log_look, thin};
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

/// A row of the waterfall: its parts, in the order in which they stand.
pub(super) struct TimelineRow {
    row: Part,
    name: Part,
    twisty: Part,
    chip: Part,
    words: Part,
    extras: Part,
    time: Part,
    pinned: Vec<Part>,
    bar_cell: Part,
    bar: Part,
    pieces: Part,
    line: Option<Line>,
    class: &'static str,
}

impl Row for TimelineRow {
    fn new() -> Self {
        let (twisty, mut chip) = (Part::new("span", "twisty-place"), Part::new("span", "chip"));
        chip.attr("role", "img");
        let (words, extras) = (Part::new("span", "row-name"), Part::new("span", "row-extras"));
        let name = Part::cell("cell-name", "gridcell").holding(&[&twisty, &chip, &words, &extras]);
        let time = Part::cell("cell-time num", "gridcell");
        let (bar, pieces) = (Part::new("span", "bar"), Part::new("span", "row-extras"));
        let bar_cell = Part::cell("cell-bar", "gridcell").holding(&[&bar, &pieces]);
        let mut row = Part::new("div", "timeline-row").holding(&[&name, &time, &bar_cell]);
        row.attr("role", "row");
        let (pinned, line, class) = (Vec::new(), None, "timeline-row");
        Self { row, name, twisty, chip, words, extras, time, pinned, bar_cell, bar, pieces, line, class }
    }

    fn part(&mut self) -> &mut Part {
        &mut self.row
    }
}

impl TimelineRow {
    /// Lets the row show of a line what a reader in a hurry sees: its name, where it stands and its bar. The style hides what it
    /// shows of another line until it is told the rest.
    pub(super) fn fill(&mut self, state: StoryState, trace: &Trace, line: Line) {
        let rows = &trace.structure.rows;
        let (Line::Row(row) | Line::Bundle(row)) = line;
        self.line = Some(line);
        self.class = match (matches!(line, Line::Row(_)) && rows.is_error(row), rows.is_missing(row)) {
            (true, _) => "timeline-row row-error",
            (false, true) => "timeline-row row-missing",
            (false, false) => "timeline-row",
        };
        self.row.attr("id", &row_id(line));
        self.words.text(&name_of(trace, row));
        let indented = depth_of(state, trace, line).min(INDENTED_LEVELS);
        self.name.css(&format!("padding-left:{}px", indented * INDENT_PX));
        self.fill_bar(state, trace, line);
    }

    /// Tells the row the rest: what is read at rest, seen on hover or heard.
    pub(super) fn fill_rest(&mut self, state: StoryState, trace: &Trace, line: Line) {
        let rows = &trace.structure.rows;
        let (Line::Row(row) | Line::Bundle(row)) = line;
        let is_missing = rows.is_missing(row);
        let opens = matches!(line, Line::Bundle(_)) || rows.has_children(row);
        let folded = opens && state.is_folded(trace, line);
        let depth = depth_of(state, trace, line);
        self.row.attr("aria-level", &(depth + 1).to_string());
        self.row.maybe("aria-expanded", opens.then_some(if folded { "false" } else { "true" }));
        self.words.attr("title", &name_of(trace, row));
        self.extras.show(extras(state, trace, line, depth, folded));
        self.twisty.attr(
            "class",
            match (opens, folded) {
                (false, _) => "twisty-place",
                (true, false) => "twisty-place twisty",
                (true, true) => "twisty-place twisty twisty-folded",
            },
        );
        self.time.text(&if is_missing { "–".to_owned() } else { format::duration(length_of(trace, line)) });
        self.fill_pinned(&pinned_values(state, trace, line));
        if is_missing {
            self.chip.attr("class", "row-nothing");
            self.pieces.show(Vec::new());
            self.bar_cell.attr("title", strings::NOT_ARRIVED);
            return;
        }
        show_service(&mut self.chip, &trace.look(row));
        tell_service(&mut self.chip, &trace.look(row));
        self.pieces.show(pieces(state, trace, line));
        let length = length_of(trace, line);
        self.bar_cell.attr(
            "title",
            &strings::bar_words(
                &format::offset(trace.start_ns(row)),
                &format::duration(length),
                &format::permille(share(length, trace.length_ns())),
                SpanKind::from_otlp(trace.structure.rows.kind(row)).name(),
                !path_of(trace, line).is_empty(),
            ),
        );
    }

    /// Marks the row as the active one, the open one, one that matches.
    pub(super) fn mark(&mut self, marked: &Marked<'_>) {
        let Some(line) = self.line else { return };
        let mut class = self.class.to_owned();
        if !marked.is_whole {
            class.push_str(" row-hurried");
        }
        if marked.active == Some(line) {
            class.push_str(" row-active");
        }
        let open = marked.open == Some(line);
        if open {
            class.push_str(" row-open");
        }
        if let (Line::Row(row), Some(found)) = (line, marked.found)
            && found.binary_search(&row).is_ok()
        {
            class.push_str(" row-match");
        }
        self.row.attr("class", &class);
        self.row.attr("aria-selected", if open { "true" } else { "false" });
    }

    /// The values of pinned attributes, each in a cell of its own before the bar.
    fn fill_pinned(&mut self, values: &[String]) {
        while self.pinned.len() > values.len() {
            if let Some(cell) = self.pinned.pop() {
                cell.element().element().remove();
            }
        }
        while self.pinned.len() < values.len() {
            let cell = Part::cell("cell-pinned", "gridcell");
            self.row.put_before(&cell, &self.bar_cell);
            self.pinned.push(cell);
        }
        for (cell, value) in self.pinned.iter_mut().zip(values) {
            cell.text(value);
            cell.attr("title", value);
        }
    }

    fn fill_bar(&mut self, state: StoryState, trace: &Trace, line: Line) {
        let rows = &trace.structure.rows;
        let (Line::Row(row) | Line::Bundle(row)) = line;
        let scale = Scale::of(state);
        let start = trace.start_ns(row);
        let (left, right) = (scale.percent(start), scale.percent(start.saturating_add(length_of(trace, line))));
        if !rows.is_missing(row) && right >= 0.0 && left <= 100.0 {
            let bundle = if matches!(line, Line::Row(_)) { "" } else { " bar-bundle" };
            self.bar.attr("class", &format!("bar {}{bundle}", trace.look(row).class));
            self.bar.css(&placed(left.max(0.0), right.min(100.0)));
        } else {
            self.bar.attr("class", "row-nothing");
        }
    }
}

/// What is drawn on and under a bar: the critical path, events and logs.
fn pieces(state: StoryState, trace: &Trace, line: Line) -> Vec<El> {
    let scale = Scale::of(state);
    let path = path_of(trace, line).iter().map(|(begin, end)| (scale.percent(*begin), scale.percent(*end)));
    let critical = joined(path).into_iter().map(|(left, right)| {
        el("span").class("critical").style("left", &percent(left)).style("width", &percent(right - left))
    });
    let mut drawn: Vec<El> = critical.collect();
    if let Line::Row(row) = line {
        let ticks = marks(trace, row, &scale).into_iter();
        drawn.extend(ticks.map(|mark| el("span").class(mark.look.class()).style("left", &percent(mark.percent))));
    }
    drawn
}

/// Returns how many levels a line stands below the topmost one that is shown.
fn depth_of(state: StoryState, trace: &Trace, line: Line) -> u32 {
    let (Line::Row(row) | Line::Bundle(row)) = line;
    let root = state.view.with_untracked(|view| view.root.clone());
    let above = root.and_then(|id| trace.structure.row_of_hex(&id)).map_or(0, |root| trace.depth(root));
    let is_bundled = matches!(line, Line::Row(_)) && in_bundle(state, trace, row);
    trace.depth(row).saturating_sub(above) + u32::from(is_bundled)
}

fn name_of(trace: &Trace, row: u32) -> String {
    let structure = &trace.structure;
    if structure.rows.is_missing(row) {
        strings::missing_parent(&structure.id_hex(row))
    } else {
        structure.name(row).to_owned()
    }
}

/// Returns how long a line's bar is.
fn length_of(trace: &Trace, line: Line) -> i64 {
    match line {
        Line::Row(row) => trace.duration_ns(row).max(0),
        Line::Bundle(row) => trace.layout.bundle(row).map_or(0, |bundle| bundle.length_ns),
    }
}

/// Returns the pieces of the critical path on a line.
fn path_of(trace: &Trace, line: Line) -> &[(i64, i64)] {
    match line {
        Line::Row(row) => trace.path_of(row),
        Line::Bundle(_) => &[],
    }
}

/// What is marked among the rows.
pub(super) struct Marked<'a> {
    pub(super) active: Option<Line>,
    pub(super) open: Option<Line>,
    pub(super) found: Option<&'a [u32]>,
    /// Whether the row shows more than what a reader in a hurry sees.
    pub(super) is_whole: bool,
}

fn placed(left: f64, right: f64) -> String {
    format!("left:{};width:{}", percent(left), percent(right - left))
}

/// Lets a chip show a service: two letters on its colour.
pub(crate) fn show_service(chip: &mut Part, look: &ServiceLook) {
    chip.attr("class", &format!("chip {}", look.class));
    chip.text(&look.letters);
}

/// Gives a chip that shows a service its name for screen readers and on hover.
pub(crate) fn tell_service(chip: &mut Part, look: &ServiceLook) {
    let name = service_name(&look.name);
    chip.attr("aria-label", &name);
    chip.attr("title", &name);
}

fn in_bundle(state: StoryState, trace: &Trace, row: u32) -> bool {
    let rows = &trace.structure.rows;
    let flat = state.view.with_untracked(|view| view.flat || view.errors || view.hide);
    !flat && !rows.has_children(row) && trace.layout.bundle_of(rows, row).is_some()
}

/// What stands behind the name: repeats, what is folded away, errors, links.
fn extras(state: StoryState, trace: &Trace, line: Line, depth: u32, folded: bool) -> Vec<El> {
    let structure = &trace.structure;
    let (Line::Row(row) | Line::Bundle(row)) = line;
    let is_row = matches!(line, Line::Row(_));
    let mut parts = Vec::new();
    if is_row && structure.rows.is_error(row) {
        parts.push(el("span").class("row-failed").add(sign("✖ ")).text(strings::ERROR_WORD));
    }
    if depth > INDENTED_LEVELS {
        parts.push(text_el("span", "tag", &strings::level(depth + 1)));
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
    parts
}

fn is_n_plus_one(state: StoryState, first: &str) -> bool {
    state.story.with_untracked(|story| {
        let Some(Ok(story)) = story else { return false };
        story.repeats.iter().any(|repeat| repeat.is_n_plus_one && repeat.span_id == first)
    })
}

/// The values of pinned attributes, when the details are there.
fn pinned_values(state: StoryState, trace: &Trace, line: Line) -> Vec<String> {
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
    columns.iter().map(|key| value(key).unwrap_or_default()).collect()
}

/// Where things stand in the shown time.
struct Scale {
    from: i64,
    length: i64,
}

impl Scale {
    /// The time that is shown.
    fn of(state: StoryState) -> Self {
        let (from, to) = state.span_of_time();
        Self { from, length: (to - from).max(1) }
    }

    /// Returns a place, 0 to 100 inside of what is shown.
    #[expect(clippy::cast_precision_loss, reason = "a place on the screen needs no more than 52 bits")]
    fn percent(&self, offset_ns: i64) -> f64 {
        offset_ns.saturating_sub(self.from) as f64 / self.length as f64 * 100.0
    }
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
