//! The map of who calls whom: drawn from left to right, walked with the arrow keys, and the same as a table.

use std::collections::HashMap;

use leptos::prelude::*;
use telltale_api::services::{MapEdge, Red, ServiceMap, Services};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent, MouseEvent};

use super::detail::{call_cells, calls_table, node_name};
use super::{look, search_place, service_place};
use crate::components::bits::{go_link, service_name};
use crate::dom::{El, el, svg, text_el};
use crate::map::drawn::{Drawn, NODE, is_labelled};
use crate::map::{Focus, Map, Step};
use crate::nav::{Nav, use_nav};
use crate::red;
use crate::shared::Shared;
use crate::{format, strings};

/// Letters of a name that fit into a node.
const LETTERS: usize = 22;
/// Pixels from which on a pressed mouse drags.
const DRAG_MIN: i32 = 4;
/// Calls that the table shows.
const TABLE_ROWS: usize = 500;

/// What the map's parts share.
#[derive(Clone)]
struct State {
    map: Shared<Map>,
    answer: Shared<ServiceMap>,
    /// Entry requests of services, by name.
    reds: Shared<HashMap<String, Red>>,
    /// Where the keyboard is.
    at: RwSignal<Focus>,
    /// What the address names.
    chosen: Memo<Option<Focus>>,
    /// Per cent; none fits the map to the page.
    zoom: RwSignal<Option<u32>>,
    /// Whether the mouse drags the map: what it lets go of is not chosen.
    is_dragged: StoredValue<bool>,
    /// Handlers run outside of any owner: they cannot ask for it.
    nav: Nav,
}

/// The map with its tools, what is chosen on it, and the table of all calls.
pub(super) fn map_view(answer: &Shared<ServiceMap>, services: Option<&Shared<Services>>) -> El {
    let nav = use_nav();
    let map = Shared::new(Map::new(answer));
    let reds = services.into_iter().flat_map(|services| services.services.iter());
    let reds = reds.map(|one| (one.name.clone().unwrap_or_default(), one.now.clone())).collect();
    let (at, calls) = (nav.param("at"), nav.param("calls"));
    let chosen = Memo::new({
        let map = map.clone();
        move |_| map.find(&at.get()?, calls.get().as_deref())
    });
    let state = State {
        at: RwSignal::new(chosen.get_untracked().unwrap_or(Focus::Node(0))),
        map,
        answer: answer.clone(),
        reds: Shared::new(reds),
        chosen,
        zoom: RwSignal::new(None),
        is_dragged: StoredValue::new(false),
        nav,
    };
    let panel = state.clone();
    el("div").class("map").add([
        head(&state),
        drawing(&state),
        el("section")
            .class("map-panel")
            .attr("aria-live", "polite")
            .label(strings::MAP_CHOSEN)
            .children(move || chosen_part(&panel)),
        table(&state),
    ])
}

fn head(state: &State) -> El {
    let zoom = state.zoom;
    let button = |words: &str, name: &str, act: fn(u32) -> Option<u32>| {
        text_el("button", "button", words)
            .attr("type", "button")
            .named(name)
            .on_click(move || zoom.update(|zoom| *zoom = act(zoom.unwrap_or(100))))
    };
    let buttons = [
        button("−", strings::MAP_SMALLER, |zoom| Some(zoom.saturating_sub(20).max(40))),
        button("+", strings::MAP_LARGER, |zoom| Some((zoom + 20).min(240))),
        button(strings::MAP_FIT_WORDS, strings::MAP_FIT, |_| None),
    ];
    let unnamed = state.answer.unnamed_calls;
    let services = state.map.nodes.iter().filter(|node| node.node.kind == "service").count();
    let others = state.map.nodes.len() - services;
    let count = |count: usize, noun: &str| format::counted(u64::try_from(count).unwrap_or(u64::MAX), noun);
    let words =
        strings::map_words(&count(services, "service"), &count(others, "peer"), &count(state.map.edges.len(), "call"));
    let hint = (unnamed > 0.0).then(|| text_el("p", "muted", &strings::map_unnamed(&red::requests(unnamed))));
    el("div")
        .add(el("div").class("panel-tools").add([
            text_el("p", "muted", &words),
            el("div").class("button-group").attr("role", "group").label(strings::MAP_ZOOM).add(buttons),
            text_el("p", "muted map-keys", strings::MAP_KEYS),
        ]))
        .add(hint)
}

fn drawing(state: &State) -> El {
    let map = &state.map;
    let texts: Vec<[String; 2]> = map.edges.iter().map(|edge| numbers(map, &edge.edge.calls)).collect();
    let drawn = Drawn::new(map, &texts);
    let (width, height) = drawn.size;
    let most = map.edges.iter().map(|edge| edge.edge.calls.rate).fold(0.0, f64::max);
    let edges = texts.iter().enumerate().filter_map(|(number, texts)| edge_el(state, &drawn, number, (texts, most)));
    let nodes = (0..map.nodes.len()).filter_map(|number| node_el(state, &drawn, number));
    let zoom = state.zoom;
    let wide = move || match zoom.get() {
        Some(percent) => format!("{}px", width * usize::try_from(percent).unwrap_or(100) / 100),
        None => "100%".to_owned(),
    };
    let keys = state.clone();
    let picture = svg("svg")
        .class("map-picture")
        .attr("role", "group")
        .attr("viewBox", &format!("0 0 {width} {height}"))
        .label(strings::MAP_LABEL)
        .style("min-width", &format!("{}px", width * 13 / 20))
        .dyn_style("width", wide)
        .dyn_style("max-width", move || if zoom.get().is_some() { "none".to_owned() } else { format!("{width}px") })
        .add(arrow_heads())
        .add_all(edges)
        .add_all(nodes)
        .on_key(move |event| press(&keys, event));
    pan(el("div").class("map-place").add(picture), state.is_dragged)
}

/// The two ends of lines: calls, and calls that fail.
fn arrow_heads() -> El {
    let head = |id: &str, class: &str| {
        let tip = svg("path").class(class).attr("d", "M0,0L8,4L0,8z");
        svg("marker")
            .id(id)
            .attr("viewBox", "0 0 8 8")
            .attr("refX", "7")
            .attr("refY", "4")
            .attr("markerWidth", "9")
            .attr("markerHeight", "9")
            .attr("markerUnits", "userSpaceOnUse")
            .attr("orient", "auto")
            .add(tip)
    };
    svg("defs").add([head("map-tip", "map-tip"), head("map-tip-failed", "map-tip map-tip-failed")])
}

/// Lets a large map be dragged.
fn pan(place: El, is_dragged: StoredValue<bool>) -> El {
    let from = StoredValue::new(None::<(i32, i32, i32, i32)>);
    let element: Element = place.element().clone();
    let moved = element.clone();
    place
        .on_mouse("mousedown", move |event: &MouseEvent| {
            is_dragged.set_value(false);
            if event.button() == 0 {
                from.set_value(Some((event.client_x(), event.client_y(), element.scroll_left(), element.scroll_top())));
            }
        })
        .on_mouse("mousemove", move |event| {
            if let Some((x, y, left, top)) = from.get_value().filter(|_| event.buttons() & 1 == 1) {
                let (right, down) = (event.client_x() - x, event.client_y() - y);
                if right.abs().max(down.abs()) >= DRAG_MIN {
                    is_dragged.set_value(true);
                }
                moved.set_scroll_left(left - right);
                moved.set_scroll_top(top - down);
            }
        })
        .on("mouseup", move |_| from.set_value(None))
        // The click that ends a drag comes by here after those who are clicked.
        .on("click", move |_| is_dragged.set_value(false))
}

fn id_of(focus: Focus) -> String {
    match focus {
        Focus::Node(at) => format!("map-node-{at}"),
        Focus::Edge(at) => format!("map-call-{at}"),
    }
}

fn press(state: &State, event: &KeyboardEvent) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    let at = state.at.get_untracked();
    let step = match event.key().as_str() {
        "ArrowRight" => Step::Right,
        "ArrowLeft" => Step::Left,
        "ArrowDown" => Step::Down,
        "ArrowUp" => Step::Up,
        "Home" => Step::First,
        "End" => Step::Last,
        "Enter" | " " => {
            event.prevent_default();
            choose(state, Some(at));
            return;
        }
        "Escape" => {
            choose(state, None);
            return;
        }
        _ => return,
    };
    event.prevent_default();
    let next = state.map.step(at, step);
    state.at.set(next);
    if let Some(element) = document().get_element_by_id(&id_of(next)) {
        // Elements of a drawing take the focus like others.
        let element: &HtmlElement = element.unchecked_ref();
        if element.focus().is_err() {
            leptos::logging::warn!("the map's focus cannot move");
        }
    }
}

/// Puts what is chosen into the address.
fn choose(state: &State, focus: Option<Focus>) {
    let nav = state.nav;
    let node = |at: usize| state.map.nodes.get(at).map(|node| node.node.id.as_str());
    let edge = |at: usize| state.map.edges.get(at).map(|edge| (edge.edge.from.as_str(), edge.edge.to.as_str()));
    let (at, calls) = match focus {
        None => (None, None),
        Some(Focus::Node(number)) => (node(number), None),
        Some(Focus::Edge(number)) => edge(number).unzip(),
    };
    nav.replace_with(nav.place_now().with("at", at).with("calls", calls));
}

/// Makes something on the map reachable and able to be chosen.
fn reachable(element: El, state: &State, focus: Focus) -> El {
    let (at, chosen) = (state.at, state.chosen);
    let near = {
        let map = state.map.clone();
        Memo::new(move |_| chosen.get().is_none_or(|chosen| map.is_near(chosen, focus)))
    };
    let clicked = state.clone();
    element
        .id(&id_of(focus))
        .attr("role", "button")
        .dyn_attr("tabindex", move || Some(if at.get() == focus { "0" } else { "-1" }.to_owned()))
        .dyn_attr("aria-pressed", move || Some((chosen.get() == Some(focus)).to_string()))
        .dyn_class("map-far", move || !near.get())
        .dyn_class("map-chosen", move || chosen.get() == Some(focus))
        .on_click(move || {
            if clicked.is_dragged.get_value() {
                return;
            }
            clicked.at.set(focus);
            choose(&clicked, (clicked.chosen.get_untracked() != Some(focus)).then_some(focus));
        })
}

fn node_el(state: &State, drawn: &Drawn, number: usize) -> Option<El> {
    let node = state.map.nodes.get(number)?;
    let (x, y) = *drawn.nodes.get(number)?;
    let is_service = node.node.kind == "service";
    let name = if is_service { service_name(&node.node.name) } else { node.node.name.clone() };
    let numbers = node_red(state, number);
    let failing = numbers.as_ref().is_some_and(|red| red.errors > 0.0);
    let mut told = numbers.as_ref().map_or_else(|| strings::MAP_NO_REQUESTS.to_owned(), told);
    if !is_service {
        let kind = node.node.system.as_deref().unwrap_or_else(|| strings::peer_kind(&node.node.kind));
        told = format!("{told} · {kind}");
    }
    let class = match (is_service, failing) {
        (true, false) => "map-node",
        (true, true) => "map-node map-failing",
        (false, false) => "map-node map-peer",
        (false, true) => "map-node map-peer map-failing",
    };
    let text = |class: &str, down: usize, words: &str| {
        svg("text")
            .class(class)
            .attr("aria-hidden", "true")
            .attr("x", &(x + 16).to_string())
            .attr("y", &(y + down).to_string())
            .text(words)
    };
    let stripe =
        is_service.then(|| rect((x, y), (6, NODE.1)).class(&format!("map-stripe {}", look(&node.node.name).class)));
    let words = strings::map_node(&name, strings::peer_kind(&node.node.kind), &told);
    let drawn = svg("g")
        .class(class)
        .add(title(&words))
        .add(rect((x, y), NODE).attr("rx", "5").class("map-box"))
        .add(stripe)
        .add([text("map-name", 19, &short(&name, LETTERS)), text("map-numbers", 37, &short(&told, 29))]);
    Some(reachable(drawn, state, Focus::Node(number)))
}

/// The name of a part of a drawing; browsers show it on hover.
fn title(words: &str) -> El {
    svg("title").text(words)
}

fn rect((x, y): (usize, usize), (width, height): (usize, usize)) -> El {
    svg("rect")
        .attr("x", &x.to_string())
        .attr("y", &y.to_string())
        .attr("width", &width.to_string())
        .attr("height", &height.to_string())
}

fn short(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        text.to_owned()
    } else {
        text.chars().take(letters - 1).chain(['…']).collect()
    }
}

/// What a node answers: its entry requests, or the calls to it where it sends no spans.
fn node_red(state: &State, number: usize) -> Option<Red> {
    let node = state.map.nodes.get(number)?;
    if node.node.kind == "service" {
        return state.reds.get(&node.node.name).filter(|red| red.requests > 0.0).cloned();
    }
    let mut sum = Red::default();
    for edge in state.map.edges.iter().filter(|edge| edge.to == number) {
        sum.requests += edge.edge.calls.requests;
        sum.rate += edge.edge.calls.rate;
        sum.errors += edge.edge.calls.errors;
    }
    sum.error_share = if sum.requests > 0.0 { sum.errors / sum.requests } else { 0.0 };
    (sum.requests > 0.0).then_some(sum)
}

/// Rate and errors in a few letters.
fn told(red: &Red) -> String {
    if red.errors > 0.0 {
        format!("{} · {} ✖", red::rate(red.rate), red::share(red.error_share))
    } else {
        red::rate(red.rate)
    }
}

/// The numbers that stand at a call in two lines; on full maps in one.
fn numbers(map: &Map, calls: &Red) -> [String; 2] {
    let slow = if is_labelled(map) { strings::map_label(&red::time(calls, calls.p95_ns)) } else { String::new() };
    [told(calls), slow]
}

fn edge_el(state: &State, drawn: &Drawn, number: usize, (texts, most): (&[String; 2], f64)) -> Option<El> {
    let edge = state.map.edges.get(number)?;
    let path = drawn.lines.get(number)?.path();
    let label = drawn.labels.get(number)?;
    let calls = &edge.edge.calls;
    let failing = calls.errors > 0.0;
    let share = if most > 0.0 { (calls.rate / most).sqrt() } else { 0.0 };
    let line = svg("path")
        .class("map-line")
        .attr("d", &path)
        .attr("stroke-width", &format!("{:.1}", 1.0 + 3.5 * share))
        .attr("marker-end", if failing { "url(#map-tip-failed)" } else { "url(#map-tip)" });
    let told = told(calls);
    let always = is_labelled(&state.map);
    let slow = red::time(calls, calls.p95_ns);
    let line_of = |(text, base): (&String, f64)| {
        svg("tspan").attr("x", &label.right.to_string()).attr("y", &base.to_string()).text(text)
    };
    let label = svg("text").class("map-label").add_all(texts.iter().zip(label.bases).map(line_of));
    let (chosen, map) = (state.chosen, state.map.clone());
    let is_told = Memo::new(move |_| chosen.get().map_or(always, |focus| map.is_near(focus, Focus::Edge(number))));
    let words = strings::map_call(&name_of(state, &edge.edge.from), &name_of(state, &edge.edge.to), &told, &slow);
    let drawn = svg("g")
        .class(if failing { "map-call map-failing" } else { "map-call" })
        .add(title(&words))
        .add([svg("path").class("map-grip").attr("d", &path), line])
        .add(label.dyn_class("map-quiet", move || !is_told.get()));
    Some(reachable(drawn, state, Focus::Edge(number)))
}

/// A node's name by its id.
fn name_of(state: &State, id: &str) -> String {
    let node = state.answer.nodes.iter().find(|node| node.id == id);
    node.map_or_else(|| id.to_owned(), |node| service_name(&node.name))
}

/// What is chosen, with its numbers, its calls and examples.
fn chosen_part(state: &State) -> Vec<El> {
    match state.chosen.get() {
        None => vec![text_el("p", "muted", strings::MAP_CHOOSE)],
        Some(Focus::Node(number)) => node_part(state, number).unwrap_or_default(),
        Some(Focus::Edge(number)) => {
            state.map.edges.get(number).map(|edge| edge_part(state, &edge.edge)).unwrap_or_default()
        }
    }
}

fn node_part(state: &State, number: usize) -> Option<Vec<El>> {
    let node = &state.map.nodes.get(number)?.node;
    let title = el("h2").class("map-title").add(node_name(&state.answer, &node.id));
    let ways = (node.kind == "service").then(|| {
        el("p").class("button-group").add([
            go_link(&service_place(&node.name), strings::MAP_OPEN).class("button"),
            go_link(&search_place(&node.name, ""), strings::SERVICES_SEARCH).class("button"),
        ])
    });
    let rows: Vec<El> = state
        .map
        .edges
        .iter()
        .filter(|edge| edge.from == number || edge.to == number)
        .map(|edge| row(state, &edge.edge))
        .collect();
    let calls = if rows.is_empty() { text_el("p", "muted", strings::SERVICES_NO_CALLS) } else { two_sided(rows) };
    Some([Some(title), ways, Some(calls)].into_iter().flatten().collect())
}

fn edge_part(state: &State, edge: &MapEdge) -> Vec<El> {
    let title = el("h2")
        .class("map-title")
        .add(node_name(&state.answer, &edge.from))
        .text(" → ")
        .add(node_name(&state.answer, &edge.to));
    vec![title, two_sided(vec![row(state, edge)])]
}

fn two_sided(rows: Vec<El>) -> El {
    calls_table(strings::MAP_CALLS, &[strings::COLUMN_CALLER, strings::COLUMN_CALLED], rows)
}

fn row(state: &State, edge: &MapEdge) -> El {
    let name = |id: &str| el("td").class("red-name").add(node_name(&state.answer, id));
    el("tr").add([name(&edge.from), name(&edge.to)]).add(call_cells(edge))
}

/// All calls, most first.
fn table(state: &State) -> El {
    let edges = &state.map.edges;
    if edges.is_empty() {
        return text_el("p", "muted", strings::MAP_NO_CALLS);
    }
    let rows = edges.iter().take(TABLE_ROWS).map(|edge| row(state, &edge.edge)).collect();
    let more = edges.len().saturating_sub(TABLE_ROWS);
    let more = (more > 0)
        .then(|| text_el("p", "muted", &strings::map_more(&format::count(u64::try_from(more).unwrap_or(u64::MAX)))));
    el("section").class("map-table").add([text_el("h2", "", strings::MAP_TABLE), two_sided(rows)]).add(more)
}
