//! The whole trace on a strip, with a brush for the part of its time that is shown.
//!
//! However many spans there are, the strip has [`COLUMNS`] times [`LANES`] places; a place takes the colour of the first
//! span that covers it, errors before all others. Two sliders do by keyboard what the brush does by pointer.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::dom::{El, el, svg};
use crate::pages::story::data::{Trace, at};
use crate::pages::story::state::StoryState;
use crate::{format, strings};

/// Places of the strip from left to right.
const COLUMNS: usize = 240;
/// Places from top to bottom.
const LANES: usize = 6;
/// Steps of the sliders.
const STEPS: i64 = 1_000;

/// The strip.
pub(super) fn minimap(state: StoryState) -> El {
    let picture = el("div").class("minimap-picture").attr("aria-hidden", "true").children(move || {
        let trace = state.trace.get()?;
        Some(picture(&trace))
    });
    let brush = el("div")
        .class("minimap-brush")
        .attr("aria-hidden", "true")
        .dyn_style("left", move || tenths(shares(state).0))
        .dyn_style("width", move || {
            let (from, to) = shares(state);
            tenths((to - from).max(5))
        })
        .dyn_class("minimap-whole", move || state.view.with(|view| view.zoom.is_none()));
    let strip = el("div").class("minimap-strip").add([picture, brush]);
    drag(state, &strip);
    let slider = |label: &str, is_end: bool| {
        el("input")
            .class("minimap-slider")
            .attr("type", "range")
            .attr("min", "0")
            .attr("max", "1000")
            .label(label)
            .dyn_value(move || {
                let (from, to) = shares(state);
                (if is_end { to } else { from }).to_string()
            })
            .dyn_attr("aria-valuetext", move || {
                let (from, to) = state.span_of_time();
                Some(format::offset(if is_end { to } else { from }))
            })
            .on_input(move |value| {
                let Ok(value) = value.parse::<i64>() else { return };
                let (from, to) = untrack(|| shares(state));
                if is_end { set(state, from, value.max(from + 1)) } else { set(state, value.min(to - 1), to) }
            })
    };
    let sliders = [slider(strings::ZOOM_FROM, false), slider(strings::ZOOM_TO, true)];
    el("div")
        .class("minimap")
        .attr("role", "group")
        .label(strings::MINIMAP_LABEL)
        .add([strip, el("div").class("minimap-sliders").add(sliders)])
}

/// Returns thousandths as a percentage.
fn tenths(thousandths: i64) -> String {
    format!("{}.{}%", thousandths / 10, thousandths % 10)
}

/// Returns the shown time in thousandths of the whole.
fn shares(state: StoryState) -> (i64, i64) {
    let (from, to) = state.span_of_time();
    let whole = state.trace.with(|trace| trace.as_ref().map_or(1, |trace| trace.length_ns()));
    let share = |at: i64| i64::try_from(i128::from(at) * i128::from(STEPS) / i128::from(whole)).unwrap_or_default();
    (share(from).clamp(0, STEPS), share(to).clamp(0, STEPS))
}

fn set(state: StoryState, from: i64, to: i64) {
    let whole = state.trace.with_untracked(|trace| trace.as_ref().map_or(1, |trace| trace.length_ns()));
    let at = |share: i64| i64::try_from(i128::from(whole) * i128::from(share) / i128::from(STEPS)).unwrap_or(whole);
    let (from, to) = (from.clamp(0, STEPS - 1), to.clamp(from + 1, STEPS));
    state.change(|view| {
        view.zoom = if from == 0 && to == STEPS { None } else { Some((at(from), at(to).max(at(from) + 1))) }
    });
}

/// Drawing with the pointer chooses a part; a click without a move shows the whole again.
fn drag(state: StoryState, strip: &El) {
    let begun = StoredValue::new(None::<i64>);
    let element = strip.element().clone();
    #[expect(clippy::cast_possible_truncation, reason = "a share of the strip in thousandths")]
    let place = move |event: &web_sys::MouseEvent| {
        let rect = element.get_bounding_client_rect();
        let share = (f64::from(event.client_x()) - rect.left()) / rect.width().max(1.0);
        ((share * 1_000.0) as i64).clamp(0, STEPS)
    };
    let (down, moved, up) = (place.clone(), place.clone(), place);
    let strip = strip.clone().on("pointerdown", move |event| {
        let event: &web_sys::PointerEvent = event.unchecked_ref();
        if let Some(target) = event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            && target.set_pointer_capture(event.pointer_id()).is_err()
        {
            leptos::logging::warn!("the pointer is not captured");
        }
        begun.set_value(Some(down(event.unchecked_ref())));
    });
    let strip = strip.on("pointermove", move |event| {
        let at = moved(event.unchecked_ref());
        if let Some(from) = begun.get_value().filter(|from| (at - from).abs() > 3) {
            set(state, from.min(at), from.max(at));
        }
    });
    let _listening = strip.on("pointerup", move |event| {
        let at = up(event.unchecked_ref());
        if begun.get_value().is_some_and(|from| (at - from).abs() <= 3) {
            state.change(|view| view.zoom = None);
        }
        begun.set_value(None);
    });
}

fn picture(trace: &Trace) -> El {
    let grid = bins(trace);
    let mut drawing = svg("svg")
        .attr("viewBox", &format!("0 0 {COLUMNS} {LANES}"))
        .attr("preserveAspectRatio", "none")
        .attr("focusable", "false");
    for (lane, places) in grid.iter().enumerate() {
        let mut column = 0;
        while let Some(first) = places.get(column) {
            let run = places.iter().skip(column).take_while(|place| *place == first).count().max(1);
            if let Some(class) = first.class(trace) {
                let rect = svg("rect")
                    .class(&class)
                    .attr("x", &column.to_string())
                    .attr("y", &lane.to_string())
                    .attr("width", &run.to_string())
                    .attr("height", "0.82");
                drawing = drawing.add(rect);
            }
            column += run;
        }
    }
    drawing
}

/// What covers a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Nothing,
    /// A span of this service, by position plus one.
    Service(u32),
    Error,
}

impl Place {
    fn class(self, trace: &Trace) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Error => Some("minimap-error".to_owned()),
            Self::Service(service) => Some(trace.palette.look(trace.structure.maybe_text(service)).class),
        }
    }
}

fn bins(trace: &Trace) -> [[Place; COLUMNS]; LANES] {
    let rows = &trace.structure.rows;
    let whole = i128::from(trace.length_ns());
    let columns = i128::try_from(COLUMNS).unwrap_or(1);
    let column =
        |at: i64| usize::try_from(i128::from(at.max(0)) * columns / whole).unwrap_or_default().min(COLUMNS - 1);
    let deepest = rows.depth.iter().copied().max().unwrap_or_default() + 1;
    let lanes = u32::try_from(LANES).unwrap_or(1);
    let mut grid = [[Place::Nothing; COLUMNS]; LANES];
    for row in (0..trace.row_count()).filter(|row| !rows.is_missing(*row)) {
        let depth = trace.depth(row);
        let lane = if deepest <= lanes {
            depth
        } else {
            u32::try_from(u64::from(depth) * u64::from(lanes) / u64::from(deepest)).unwrap_or_default()
        };
        let start = trace.start_ns(row);
        let range = column(start)..=column(start.saturating_add(trace.duration_ns(row).max(0)));
        let service = Place::Service(at(&rows.service, row));
        let lane = usize::try_from(lane).unwrap_or_default();
        let Some(places) = grid.get_mut(lane).and_then(|lane| lane.get_mut(range)) else { continue };
        for place in places.iter_mut().filter(|place| **place == Place::Nothing) {
            *place = service;
        }
        // A failed span shows where it ended; all of it in red would hide who it was.
        if let Some(last) = places.last_mut().filter(|_| rows.is_error(row)) {
            *last = Place::Error;
        }
    }
    grid
}
