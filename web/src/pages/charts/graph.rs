//! The graph: lines, exemplars as dots, a legend to choose by, a brush to zoom with.

use std::collections::BTreeSet;
use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;

use super::{Asked, zoomed};
use crate::chart::{BOTTOM, EXEMPLARS_MAX, HEIGHT, LEFT, SERIES_MAX, Scale, TOP, WIDTH, path, time_ticks, value_ticks};
use crate::client::{self, Failure, Lifetime};
use crate::components::bits::{failure_box, skeleton};
use crate::dom::{El, el, svg, text_el};
use crate::nav::use_nav;
use crate::prefs::use_prefs;
use crate::prometheus::{Exemplars, Matrix, line_name, number};
use crate::route::encode;
use crate::{format, strings};

/// A line of the graph.
struct Line {
    name: String,
    points: Vec<(f64, f64)>,
}

/// A request that was measured.
#[derive(Clone)]
struct Dot {
    seconds: f64,
    value: f64,
    trace_id: String,
}

/// What was found.
struct Found {
    lines: Vec<Line>,
    all: usize,
    dots: Vec<Dot>,
    notes: Vec<String>,
}

/// Asks and draws.
pub(super) fn graph(asked: Asked) -> El {
    let lifetime = Lifetime::of_component();
    let found = RwSignal::new_local(None::<Result<Rc<Found>, Failure>>);
    let asked = Rc::new(asked);
    let load = {
        let asked = Rc::clone(&asked);
        move || {
            let asked = Rc::clone(&asked);
            spawn_local(async move {
                let result = ask(&asked, lifetime).await;
                if lifetime.is_over() || matches!(result, Err(Failure::Aborted)) {
                    return;
                }
                found.set(Some(result.map(Rc::new)));
            });
        }
    };
    load();
    el("div").children(move || match found.get() {
        None => vec![skeleton(6)],
        Some(Err(failure)) => vec![failure_box(strings::CHARTS_FAILED, &failure, load.clone())],
        Some(Ok(found)) if found.lines.is_empty() => {
            vec![text_el("p", "muted", strings::CHARTS_EMPTY).attr("role", "status")]
        }
        Some(Ok(found)) => drawn(&asked, &found),
    })
}

async fn ask(asked: &Asked, lifetime: Lifetime) -> Result<Found, Failure> {
    let mut out = Found { lines: Vec::new(), all: 0, dots: Vec::new(), notes: Vec::new() };
    let times = format!("start={}&end={}", asked.start, asked.end);
    for question in &asked.questions {
        let expr = encode(&question.expr);
        let answer =
            client::prometheus::<Matrix>(&format!("query_range?query={expr}&{times}&step={}", asked.step), lifetime)
                .await?;
        out.notes.extend(answer.warnings);
        for series in answer.data.result {
            out.all += 1;
            if out.lines.len() < SERIES_MAX {
                let parts = [question.name.clone(), line_name(&series.metric)];
                let name = parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" · ");
                let name = if name.is_empty() { strings::CHARTS_ALL.to_owned() } else { name };
                out.lines.push(Line { name, points: series.points() });
            }
        }
    }
    if let Some(first) = asked.questions.first() {
        let path = format!("query_exemplars?query={}&{times}", encode(&first.expr));
        // A graph without its exemplars is still a graph.
        if let Ok(answer) = client::prometheus::<Vec<Exemplars>>(&path, lifetime).await {
            let dots = answer.data.into_iter().flat_map(|series| series.exemplars).filter_map(|exemplar| {
                let trace_id = exemplar.labels.get("trace_id")?.clone();
                Some(Dot { seconds: exemplar.timestamp, value: number(&exemplar.value), trace_id })
            });
            out.dots = dots.take(EXEMPLARS_MAX).collect();
        }
    }
    Ok(out)
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "seconds since 1970 are far below 2^53")]
const fn float(seconds: u64) -> f64 {
    seconds as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::as_conversions,
    reason = "casts of floats saturate"
)]
const fn nanos(seconds: f64) -> u64 {
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

fn drawn(asked: &Rc<Asked>, found: &Rc<Found>) -> Vec<El> {
    let hidden = RwSignal::new(BTreeSet::<usize>::new());
    let hover = RwSignal::new(None::<f64>);
    let mut parts = Vec::new();
    if found.all > found.lines.len() {
        let number = |value: usize| format::count(u64::try_from(value).unwrap_or(u64::MAX));
        parts.push(text_el(
            "p",
            "notice",
            &strings::charts_more_series(&number(found.lines.len()), &number(found.all)),
        ));
    }
    let mut notes: Vec<&String> = found.notes.iter().collect();
    notes.sort();
    notes.dedup();
    parts.extend(notes.into_iter().map(|note| text_el("p", "notice", note)));
    parts.push(drawing(asked, found, hidden, hover));
    parts.push(legend(asked, found, hidden, hover));
    parts.push(text_el("p", "muted", strings::CHARTS_HOW));
    parts
}

/// The picture, drawn anew when lines are hidden or shown.
fn drawing(
    asked: &Rc<Asked>,
    found: &Rc<Found>,
    hidden: RwSignal<BTreeSet<usize>>,
    hover: RwSignal<Option<f64>>,
) -> El {
    let nav = use_nav();
    let prefs = use_prefs();
    // Where the brush began and is, as parts of the width.
    let brush = RwSignal::new(None::<(f64, f64)>);
    let (asked, found) = (Rc::clone(asked), Rc::clone(found));
    let (start, end) = (float(asked.start), float(asked.end));
    let flat = Scale { start, end: end.max(start + 1.0), low: 0.0, high: 1.0, is_binary: false };
    let picture = el("div").children(move || {
        let hidden = hidden.get();
        let shown = || found.lines.iter().enumerate().filter(|(at, _)| !hidden.contains(at));
        let values = shown().flat_map(|(_, line)| line.points.iter().map(|point| point.1));
        let scale = Scale::of(start, end, values, asked.unit);
        let zone = prefs.zone_minutes(nanos(start));
        let names: Vec<&str> = shown().map(|(_, line)| line.name.as_str()).collect();
        let clock = |seconds: f64| format::clock(nanos(seconds), zone);
        let lines = shown().map(|(at, line)| {
            svg("path")
                .attr("class", &format!("charts-line {}", colour(at)))
                .attr("d", &path(&scale, &line.points, float(asked.step)))
        });
        svg("svg")
            .attr("viewBox", &format!("0 0 {WIDTH} {HEIGHT}"))
            .attr("role", "group")
            .label(&strings::charts_graph(&names.join(", "), &clock(start), &clock(end)))
            .add_all(values_axis(&asked, &scale).into_iter())
            .add_all(times_axis(&scale, zone).into_iter())
            .add_all(lines)
            .add_all(found.dots.iter().map(|dot| exemplar(dot, &scale, &asked, zone)))
    });
    let cross = svg("line")
        .attr("class", "charts-cross")
        .attr("y1", &TOP.to_string())
        .attr("y2", &(HEIGHT - BOTTOM).to_string())
        .dyn_attr("x1", move || hover.get().map(|time| flat.x(time).to_string()))
        .dyn_attr("x2", move || hover.get().map(|time| flat.x(time).to_string()))
        .dyn_attr("visibility", move || hover.get().is_none().then(|| "hidden".to_owned()));
    let band = svg("rect")
        .attr("class", "charts-brush")
        .attr("y", &TOP.to_string())
        .attr("height", &(HEIGHT - TOP - BOTTOM).to_string())
        .dyn_attr("x", move || brush.get().map(|(from, to)| from.min(to).to_string()))
        .dyn_attr("width", move || Some(brush.get().map_or(0.0, |(from, to)| (from - to).abs()).to_string()));
    let over = svg("svg")
        .attr("viewBox", &format!("0 0 {WIDTH} {HEIGHT}"))
        .attr("aria-hidden", "true")
        .style("position", "absolute")
        .style("inset", "0")
        .style("pointer-events", "none")
        .add([cross, band]);
    el("div")
        .class("charts-drawing")
        .on_mouse("mousemove", move |event| {
            let x = place_of(event);
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
                brush.set(Some((place_of(event), place_of(event))));
            }
        })
        .on_mouse("mouseup", move |_| {
            let Some((from, to)) = brush.get_untracked() else { return };
            brush.set(None);
            if (from - to).abs() > 8.0 {
                let (first, last) = (flat.time_at(from.min(to)), flat.time_at(from.max(to)));
                nav.go_to(zoomed(nav.place_now(), whole(first), whole(last.ceil())));
            }
        })
        .on_mouse("mouseleave", move |_| {
            hover.set(None);
            brush.set(None);
        })
        .add([picture, over])
}

/// Where the pointer is, in the units of the drawing.
fn place_of(event: &web_sys::MouseEvent) -> f64 {
    let Some(target) = event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else {
        return LEFT;
    };
    let bounds = target.get_bounding_client_rect();
    let x = (f64::from(event.client_x()) - bounds.left()) / bounds.width().max(1.0) * WIDTH;
    x.clamp(LEFT, WIDTH)
}

fn values_axis(asked: &Asked, scale: &Scale) -> Vec<El> {
    let ticks = value_ticks(scale.low, scale.high, scale.is_binary);
    let mut out = Vec::new();
    for value in ticks.into_iter().filter(|value| *value >= scale.low && *value <= scale.high) {
        let y = scale.y(value);
        out.push(
            svg("line")
                .attr("class", "charts-grid")
                .attr("x1", &LEFT.to_string())
                .attr("x2", &WIDTH.to_string())
                .attr("y1", &format!("{y:.1}"))
                .attr("y2", &format!("{y:.1}")),
        );
        out.push(
            svg("text")
                .attr("class", "charts-axis")
                .attr("x", &(LEFT - 8.0).to_string())
                .attr("y", &format!("{:.1}", y + 4.0))
                .attr("text-anchor", "end")
                .text(&asked.unit.format(value, asked.per_second)),
        );
    }
    out
}

fn times_axis(scale: &Scale, zone: i32) -> Vec<El> {
    let long = scale.end - scale.start > 86_400.0;
    let mut out = Vec::new();
    for time in time_ticks(scale.start, scale.end, zone) {
        let words = if long { format::date_time(nanos(time), zone) } else { format::clock(nanos(time), zone) };
        // Parts of a second say nothing at an axis, nor do seconds over more than half an hour.
        let cut =
            if long { words.get(5..16) } else { words.get(..if scale.end - scale.start > 1800.0 { 5 } else { 8 }) };
        let x = scale.x(time);
        if x > WIDTH - 24.0 {
            continue;
        }
        out.push(
            svg("text")
                .attr("class", "charts-axis")
                .attr("x", &format!("{x:.1}"))
                .attr("y", &(HEIGHT - 8.0).to_string())
                .attr("text-anchor", if x < LEFT + 24.0 { "start" } else { "middle" })
                .text(cut.unwrap_or(&words)),
        );
    }
    out
}

/// A dot that opens the story of the request; where its value does not fit the graph, on the lower edge.
fn exemplar(dot: &Dot, scale: &Scale, asked: &Asked, zone: i32) -> El {
    let fits = dot.value.is_finite() && !asked.per_second && dot.value >= scale.low && dot.value <= scale.high;
    let y = if fits { scale.y(dot.value) } else { HEIGHT - BOTTOM };
    let x = scale.x(dot.seconds.clamp(scale.start, scale.end));
    let words =
        strings::charts_exemplar(&asked.unit.format(dot.value, false), &format::clock(nanos(dot.seconds), zone));
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
fn legend(asked: &Rc<Asked>, found: &Rc<Found>, hidden: RwSignal<BTreeSet<usize>>, hover: RwSignal<Option<f64>>) -> El {
    let items = (0..found.lines.len()).map(|at| {
        let (asked, lines) = (Rc::clone(asked), Rc::clone(found));
        let name = lines.lines.get(at).map(|line| line.name.clone()).unwrap_or_default();
        let value = move || {
            let points = lines.lines.get(at).map(|line| line.points.as_slice()).unwrap_or_default();
            let point = match hover.get() {
                None => points.last(),
                Some(time) => {
                    points.iter().min_by(|left, right| (left.0 - time).abs().total_cmp(&(right.0 - time).abs()))
                }
            };
            point.map_or_else(String::new, |point| asked.unit.format(point.1, asked.per_second))
        };
        let button = el("button")
            .attr("type", "button")
            .dyn_attr("aria-pressed", move || Some((!hidden.with(|hidden| hidden.contains(&at))).to_string()))
            .on_click(move || {
                hidden.update(|hidden| {
                    if !hidden.remove(&at) {
                        hidden.insert(at);
                    }
                });
            })
            .add(el("span").class(&format!("charts-swatch {}", colour(at))).attr("aria-hidden", "true"))
            .text(&name)
            .add(el("span").class("num muted").dyn_text(value));
        el("li").add(button)
    });
    el("ul").class("charts-legend").label(strings::CHARTS_LEGEND).add_all(items)
}
