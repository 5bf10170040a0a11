//! The graph: lines, exemplars as dots, a legend to choose by, a brush to zoom with.

use std::collections::BTreeSet;
use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::{Asked, Dot, Found};
use crate::chart::{BOTTOM, LEFT, Scale, TOP, bands, path, time_ticks, value_ticks};
use crate::components::time_range::{use_crosshair, zoom_to};
use crate::dom::{El, el, svg, text_el};
use crate::nav::use_nav;
use crate::prefs::use_prefs;
use crate::{format, strings};

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "seconds since 1970 are far below 2^53")]
pub(super) const fn float(seconds: u64) -> f64 {
    seconds as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::as_conversions,
    reason = "casts of floats saturate"
)]
pub(super) const fn nanos(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::as_conversions,
    reason = "casts of floats saturate"
)]
const fn whole(seconds: f64) -> u64 {
    seconds as u64
}

/// The class that gives the line of that number its colour.
fn colour(at: usize) -> String {
    format!("svc svc-{}", at % 12 + 1)
}

/// The picture, its legend, and how to use it.
pub(super) fn drawn(asked: &Rc<Asked>, found: &Rc<Found>, hidden: RwSignal<BTreeSet<String>>) -> Vec<El> {
    let hover = use_crosshair();
    vec![drawing(asked, found, hidden, hover), legend(asked, found, hidden, hover)]
}

/// The picture, drawn anew when lines are hidden or shown.
fn drawing(
    asked: &Rc<Asked>,
    found: &Rc<Found>,
    hidden: RwSignal<BTreeSet<String>>,
    hover: RwSignal<Option<f64>>,
) -> El {
    let nav = use_nav();
    // Where the brush began and is, as parts of the width.
    let brush = RwSignal::new(None::<(f64, f64)>);
    let flat = flat(asked);
    let picture = el("div").children(picture(asked, found, hidden));
    el("div")
        .class("charts-drawing")
        .on_mouse("mousemove", move |event| {
            let x = place_of(event, &flat);
            hover.set(Some(flat.time_at(x)));
            if event.buttons() == 1 {
                brush.update(|brush| *brush = brush.map(|(from, _)| (from, x)));
            }
        })
        .on_mouse("mousedown", move |event| {
            let on_dot = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
            let on_dot = on_dot.is_some_and(|element| element.closest("a").ok().flatten().is_some());
            if event.button() == 0 && !on_dot {
                event.prevent_default();
                let x = place_of(event, &flat);
                brush.set(Some((x, x)));
            }
        })
        .on_mouse("mouseup", move |_| {
            let Some((from, to)) = brush.get_untracked() else { return };
            brush.set(None);
            if (from - to).abs() > 8.0 {
                let (first, last) = (flat.time_at(from.min(to)), flat.time_at(from.max(to)));
                zoom_to(nav, whole(first), whole(last.ceil()));
            }
        })
        .on_mouse("mouseleave", move |_| {
            hover.set(None);
            brush.set(None);
        })
        .add([picture, over(&flat, hover, brush)])
}

/// The scale of times alone.
fn flat(asked: &Asked) -> Scale {
    let (start, end) = (float(asked.start), float(asked.end));
    Scale { start, end: end.max(start + 1.0), low: 0.0, high: 1.0, is_binary: false, size: asked.size }
}

/// Crosshair and brush, above the picture.
fn over(flat: &Scale, hover: RwSignal<Option<f64>>, brush: RwSignal<Option<(f64, f64)>>) -> El {
    let flat = *flat;
    let (width, height) = (flat.size.width, flat.size.height);
    let inside = move || hover.get().filter(|time| *time >= flat.start && *time <= flat.end);
    let cross = svg("line")
        .attr("class", "charts-cross")
        .attr("y1", &TOP.to_string())
        .attr("y2", &(height - BOTTOM).to_string())
        .dyn_attr("x1", move || inside().map(|time| flat.x(time).to_string()))
        .dyn_attr("x2", move || inside().map(|time| flat.x(time).to_string()))
        .dyn_attr("visibility", move || inside().is_none().then(|| "hidden".to_owned()));
    let band = svg("rect")
        .attr("class", "charts-brush")
        .attr("y", &TOP.to_string())
        .attr("height", &(height - TOP - BOTTOM).to_string())
        .dyn_attr("x", move || brush.get().map(|(from, to)| from.min(to).to_string()))
        .dyn_attr("width", move || Some(brush.get().map_or(0.0, |(from, to)| (from - to).abs()).to_string()));
    svg("svg")
        .attr("viewBox", &format!("0 0 {width} {height}"))
        .attr("aria-hidden", "true")
        .style("position", "absolute")
        .style("inset", "0")
        .style("pointer-events", "none")
        .add([cross, band])
}

fn picture(asked: &Rc<Asked>, found: &Rc<Found>, hidden: RwSignal<BTreeSet<String>>) -> impl Fn() -> El + 'static {
    let prefs = use_prefs();
    let (asked, found) = (Rc::clone(asked), Rc::clone(found));
    let drawn = if asked.stacked { bands(&found.lines) } else { found.lines.clone() };
    move || {
        let hidden = hidden.get();
        let shown = || drawn.iter().filter(|line| !hidden.contains(&line.name));
        let values = shown().flat_map(|line| line.points.iter().map(|point| point.1));
        let (start, end) = (float(asked.start), float(asked.end));
        let scale =
            Scale::of(start, end, values, asked.shown.unit).sized(asked.size).within(asked.ends.0, asked.ends.1);
        let zone = prefs.zone_minutes(nanos(start));
        let names: Vec<&str> = shown().filter(|line| !line.is_before).map(|line| line.name.as_str()).collect();
        let clock = |seconds: f64| format::clock(nanos(seconds), zone);
        let lines = shown().map(|line| {
            let before = if line.is_before { " charts-before" } else { "" };
            svg("path")
                .attr("class", &format!("charts-line {}{before}", colour(colour_of(&found, &line.name))))
                .attr("d", &path(&scale, &line.points, float(asked.step)))
        });
        let limits = asked.thresholds.iter().filter(|limit| limit.from > scale.low && limit.from < scale.high);
        let limits = limits.map(|limit| {
            let y = format!("{:.1}", scale.y(limit.from));
            svg("line")
                .attr("class", &format!("charts-limit {}", super::level(&asked.thresholds, limit.from)))
                .attr("x1", &LEFT.to_string())
                .attr("x2", &asked.size.width.to_string())
                .attr("y1", &y)
                .attr("y2", &y)
        });
        svg("svg")
            .attr("viewBox", &format!("0 0 {} {}", asked.size.width, asked.size.height))
            .attr("role", "group")
            .label(&strings::charts_graph(&names.join(", "), &clock(start), &clock(end)))
            .add_all(values_axis(&asked, &scale).into_iter())
            .add_all(times_axis(&scale, zone).into_iter())
            .add_all(limits)
            .add_all(lines)
            .add_all(found.dots.iter().map(|dot| exemplar(dot, &scale, &asked, zone)))
    }
}

/// The number of a line among those of now: the same one of the period before has its colour.
fn colour_of(found: &Found, name: &str) -> usize {
    found.lines.iter().filter(|line| !line.is_before).position(|line| line.name == name).unwrap_or(0)
}

/// Where the pointer is, in the units of the drawing.
fn place_of(event: &web_sys::MouseEvent, scale: &Scale) -> f64 {
    let Some(target) = event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else {
        return LEFT;
    };
    let bounds = target.get_bounding_client_rect();
    let x = (f64::from(event.client_x()) - bounds.left()) / bounds.width().max(1.0) * scale.size.width;
    x.clamp(LEFT, scale.size.width)
}

pub(super) fn values_axis(asked: &Asked, scale: &Scale) -> Vec<El> {
    let ticks = value_ticks(scale.low, scale.high, scale.is_binary);
    let mut out = Vec::new();
    for value in ticks.into_iter().filter(|value| *value >= scale.low && *value <= scale.high) {
        let y = scale.y(value);
        out.push(
            svg("line")
                .attr("class", "charts-grid")
                .attr("x1", &LEFT.to_string())
                .attr("x2", &scale.size.width.to_string())
                .attr("y1", &format!("{y:.1}"))
                .attr("y2", &format!("{y:.1}")),
        );
        out.push(
            svg("text")
                .attr("class", "charts-axis")
                .attr("x", &(LEFT - 8.0).to_string())
                .attr("y", &format!("{:.1}", y + 4.0))
                .attr("text-anchor", "end")
                .text(&asked.shown.format(value)),
        );
    }
    out
}

pub(super) fn times_axis(scale: &Scale, zone: i32) -> Vec<El> {
    let long = scale.end - scale.start > 86_400.0;
    let mut out = Vec::new();
    for time in time_ticks(scale.start, scale.end, zone) {
        let words = if long { format::date_time(nanos(time), zone) } else { format::clock(nanos(time), zone) };
        // Parts of a second say nothing at an axis, nor do seconds over more than half an hour.
        let cut =
            if long { words.get(5..16) } else { words.get(..if scale.end - scale.start > 1800.0 { 5 } else { 8 }) };
        let x = scale.x(time);
        if x > scale.size.width - 24.0 {
            continue;
        }
        out.push(
            svg("text")
                .attr("class", "charts-axis")
                .attr("x", &format!("{x:.1}"))
                .attr("y", &(scale.size.height - 8.0).to_string())
                .attr("text-anchor", if x < LEFT + 24.0 { "start" } else { "middle" })
                .text(cut.unwrap_or(&words)),
        );
    }
    out
}

/// A dot that opens the story of the request; where its value does not fit the graph, on the lower edge.
fn exemplar(dot: &Dot, scale: &Scale, asked: &Asked, zone: i32) -> El {
    let fits = dot.value.is_finite() && !asked.shown.per_second && dot.value >= scale.low && dot.value <= scale.high;
    let y = if fits { scale.y(dot.value) } else { scale.size.height - BOTTOM };
    let x = scale.x(dot.seconds.clamp(scale.start, scale.end));
    let words =
        strings::charts_exemplar(&asked.shown.unit.format(dot.value, false), &format::clock(nanos(dot.seconds), zone));
    svg("a").attr("href", &format!("/t/{}", dot.trace_id)).attr("data-go", "").label(&words).add([
        svg("title").text(&words),
        svg("circle")
            .attr("class", "charts-dot")
            .attr("cx", &format!("{x:.1}"))
            .attr("cy", &format!("{y:.1}"))
            .attr("r", "5"),
    ])
}

/// One button a line: its name, and its value under the pointer, else the latest.
fn legend(
    asked: &Rc<Asked>,
    found: &Rc<Found>,
    hidden: RwSignal<BTreeSet<String>>,
    hover: RwSignal<Option<f64>>,
) -> El {
    let of_now = found.lines.iter().enumerate().filter(|(_, line)| !line.is_before);
    let items = of_now.enumerate().map(|(colour_at, (at, line))| {
        let (asked, lines) = (Rc::clone(asked), Rc::clone(found));
        let name = line.name.clone();
        let value = move || {
            let points = lines.lines.get(at).map(|line| line.points.as_slice()).unwrap_or_default();
            let point = match hover.get() {
                None => points.last(),
                Some(time) => {
                    points.iter().min_by(|left, right| (left.0 - time).abs().total_cmp(&(right.0 - time).abs()))
                }
            };
            point.map_or_else(String::new, |point| asked.shown.format(point.1))
        };
        let (seen, toggled) = (name.clone(), name.clone());
        let button = el("button")
            .attr("type", "button")
            .dyn_attr("aria-pressed", move || Some((!hidden.with(|hidden| hidden.contains(&seen))).to_string()))
            .on_click(move || {
                hidden.update(|hidden| {
                    if !hidden.remove(&toggled) {
                        hidden.insert(toggled.clone());
                    }
                });
            })
            .add(el("span").class(&format!("charts-swatch {}", colour(colour_at))).attr("aria-hidden", "true"))
            .text(&name)
            .add(el("span").class("num muted").dyn_text(value));
        el("li").add(button)
    });
    let before = found.lines.iter().any(|line| line.is_before);
    let list = el("ul").class("charts-legend").label(strings::CHARTS_LEGEND).add_all(items);
    el("div").add([list]).add(before.then(|| text_el("p", "muted", strings::CHARTS_BEFORE)))
}
