//! The flame view: time by operation, what was called below what called it, equal calls merged.

use leptos::prelude::*;

use crate::components::timeline::percent;
use crate::components::verdict::span_link;
use crate::dom::{El, el, text_el};
use crate::pages::story::data::Trace;
use crate::pages::story::state::StoryState;
use crate::stats::{Flame, flames};
use crate::{format, strings};

/// Boxes that are drawn; the rest is counted and said.
const BOXES_MAX: usize = 1_200;

/// Height of a line, in pixels.
const LINE_PX: u32 = 26;

/// Share of the width from which a box is large enough to be pressed; smaller ones can be reached through their parent.
const PRESSED_FROM: f64 = 2.2;

/// The view's content.
pub(crate) fn flame_tab(state: StoryState) -> El {
    let top = RwSignal::new(None::<usize>);
    let boxes = Memo::new(move |_| state.trace.get().map(|trace| flames(&trace.structure)));
    let chosen = RwSignal::new(None::<usize>);
    let words = move || {
        let (Some(trace), Some(place)) = (state.trace.get(), chosen.get().or(top.get())) else { return Vec::new() };
        boxes
            .with(|boxes| {
                boxes.as_ref().and_then(|boxes| boxes.get(place)).map(|flame| described(state, &trace, flame))
            })
            .unwrap_or_default()
    };
    let back = move || {
        top.get().map(|_| {
            text_el("button", "button", strings::FLAME_WHOLE).attr("type", "button").on_click(move || top.set(None))
        })
    };
    let picture = move || {
        let trace = state.trace.get()?;
        boxes.with(|boxes| Some(picture(&trace, boxes.as_ref()?, top, chosen, state)))
    };
    el("div").class("flame").add([
        el("div").class("panel-tools").add([
            text_el("p", "muted", strings::FLAME_HELP),
            el("span").children(back),
            el("p").class("flame-words").attr("aria-live", "polite").children(words),
        ]),
        el("div").children(picture),
    ])
}

fn described(state: StoryState, trace: &Trace, flame: &Flame) -> Vec<El> {
    let name = trace.structure.text(flame.name);
    let words = strings::flame_words(
        &format::count(flame.count),
        &format::duration(flame.total_ns),
        &format::duration(flame.self_ns),
        flame.errors,
    );
    vec![
        text_el("strong", "", name),
        text_el("span", "num", &words),
        span_link(state, &trace.structure.id_hex(flame.row), "", strings::FLAME_LONGEST),
    ]
}

fn picture(
    trace: &Trace,
    boxes: &[Flame],
    top: RwSignal<Option<usize>>,
    chosen: RwSignal<Option<usize>>,
    state: StoryState,
) -> El {
    let root = top.get().and_then(|place| boxes.get(place).map(|flame| (place, flame)));
    let (left, width, depth) = match root {
        Some((_, flame)) => (flame.left_ns, flame.width_ns, flame.depth),
        None => (0, boxes.iter().filter(|b| b.parent.is_none()).map(|b| b.width_ns).sum::<i64>().max(1), 0),
    };
    let inside = |flame: &Flame| {
        flame.depth >= depth && flame.left_ns >= left && flame.left_ns < left.saturating_add(width)
            || is_above(flame, left, depth)
    };
    let mut shown: Vec<(usize, &Flame)> = boxes.iter().enumerate().filter(|(_, flame)| inside(flame)).collect();
    let all = shown.len();
    shown.sort_by_key(|(_, flame)| std::cmp::Reverse(flame.width_ns));
    shown.truncate(BOXES_MAX);
    shown.sort_by_key(|(_, flame)| (flame.depth, flame.left_ns));
    let lines = shown.iter().map(|(_, flame)| flame.depth).max().unwrap_or_default() + 1;
    #[expect(clippy::cast_precision_loss, reason = "a place on the screen")]
    let share = |ns: i64| ns as f64 / width as f64 * 100.0;
    let boxes_drawn = shown.iter().map(|(place, flame)| {
        let place = *place;
        let name = trace.structure.text(flame.name);
        let look = trace.palette.look(trace.structure.maybe_text(flame.service));
        let words = format!("{name}, {}, {}", format::duration(flame.total_ns), format::counted(flame.count, "span"));
        let from = share(flame.left_ns - left).max(0.0);
        let to = share(flame.left_ns + flame.width_ns - left).min(100.0);
        let class = if flame.errors > 0 { "flame-box flame-error" } else { "flame-box" };
        let large = to - from >= PRESSED_FROM;
        let drawn = text_el(if large { "button" } else { "span" }, &format!("{class} {}", look.class), name)
            .attr("title", &words)
            .style("left", &percent(from))
            .style("width", &percent((to - from).max(0.0)))
            .style("top", &format!("{}px", flame.depth * LINE_PX))
            .on("mouseenter", move |_| chosen.set(Some(place)))
            .on_click(move || top.set(Some(place)));
        if large {
            // The link to the longest span is not beside the box: the keyboard has its own way there.
            let longest = trace.structure.id_hex(flame.row);
            let drawn = drawn.attr("type", "button").label(&words).on("focus", move |_| chosen.set(Some(place)));
            drawn.on_key(move |event| {
                if event.key() == "Enter" && event.shift_key() {
                    event.prevent_default();
                    state.open_span(&longest);
                }
            })
        } else {
            drawn.attr("aria-hidden", "true")
        }
    });
    let drawing = el("div")
        .class("flame-boxes")
        .attr("role", "group")
        .label(strings::FLAME_LABEL)
        .style("height", &format!("{}px", lines * LINE_PX))
        .add_all(boxes_drawn);
    let rest = all.saturating_sub(BOXES_MAX);
    el("div").add(drawing).add((rest > 0).then(|| text_el("p", "notice", &strings::flame_rest(rest))))
}

/// Whether a box is on the way to the chosen one: it stays above, as wide as everything.
fn is_above(flame: &Flame, left: i64, depth: u32) -> bool {
    flame.depth < depth && flame.left_ns <= left && left < flame.left_ns.saturating_add(flame.width_ns)
}
