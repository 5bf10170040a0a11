//! Bars over buckets with a brush: by pointer, by keys, and with what a selection holds in words.

use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::dom::{El, el, svg, text_el};
use crate::{format, strings};

/// Height of the drawing in its own units; a bucket is ten wide.
const HEIGHT: u64 = 100;
const WIDTH: usize = 10;

/// What is drawn.
pub(super) struct Bars {
    /// Names of the groups with the class that colours them, the lowest first.
    pub(super) groups: Vec<(String, &'static str)>,
    /// A list a group: how many in each bucket.
    pub(super) counts: Vec<Vec<u64>>,
    /// Says where a range of buckets begins and ends.
    pub(super) range: Box<dyn Fn(usize, usize) -> String>,
    /// What is written below the bars, from left to right.
    pub(super) ticks: Vec<String>,
    /// Name of the drawing.
    pub(super) name: &'static str,
}

/// What is done with a selection of buckets, first and last.
pub(super) type Act = Rc<dyn Fn(usize, usize)>;

impl Bars {
    fn buckets(&self) -> usize {
        self.counts.first().map_or(0, Vec::len)
    }

    fn sum(&self, group: usize, first: usize, last: usize) -> u64 {
        self.counts.get(group).and_then(|row| row.get(first..=last)).map_or(0, |part| part.iter().sum())
    }

    /// Says what a range of buckets holds.
    fn words(&self, first: usize, last: usize) -> String {
        let groups: Vec<String> = (0..self.groups.len())
            .filter_map(|group| {
                let sum = self.sum(group, first, last);
                let name = self.groups.get(group).map_or("", |(name, _)| name.as_str());
                (sum > 0).then(|| format!("{} {name}", format::count(sum)))
            })
            .collect();
        let all: u64 = (0..self.groups.len()).map(|group| self.sum(group, first, last)).sum();
        strings::bars_range(&(self.range)(first, last), &format::count(all), &groups.join(", "))
    }
}

/// Draws; Enter and dragging do `zoom`, `d` and dragging with Shift do `compare`; `compares` lets dragging compare.
pub(super) fn bars(bars: Bars, zoom: Act, compare: Act, compares: Memo<bool>) -> El {
    let bars = Rc::new(bars);
    let buckets = bars.buckets();
    // Where the selection began and where it is.
    let picked = RwSignal::new(None::<(usize, usize)>);
    let cursor = StoredValue::new(buckets.saturating_sub(1));
    let range = move || picked.get().map(|(one, other)| (one.min(other), one.max(other)));
    let (spoken, shown) = (Rc::clone(&bars), Rc::clone(&bars));
    let tenths = move |at: usize| format!("{}%", f64_of(at) * 100.0 / f64_of(buckets.max(1)));
    let brush = el("div")
        .class("bars-brush")
        .attr("aria-hidden", "true")
        .dyn_attr("hidden", move || range().is_none().then(String::new))
        .dyn_style("left", move || range().map_or_else(|| "0".to_owned(), |(first, _)| tenths(first)))
        .dyn_style("width", move || range().map_or_else(|| "0".to_owned(), |(first, last)| tenths(last + 1 - first)));
    let (key_zoom, key_compare) = (Rc::clone(&zoom), Rc::clone(&compare));
    let on_key = move |event: &web_sys::KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let at = cursor.get_value();
        let last = buckets.saturating_sub(1);
        let to = match event.key().as_str() {
            "ArrowLeft" => at.saturating_sub(1),
            "ArrowRight" => (at + 1).min(last),
            "Home" => 0,
            "End" => last,
            key @ ("Enter" | "d") => {
                event.prevent_default();
                if let Some((first, last)) = untrack(range) {
                    if key == "d" { key_compare(first, last) } else { key_zoom(first, last) }
                }
                return;
            }
            "Escape" => return picked.set(None),
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        cursor.set_value(to);
        let from = picked.get_untracked().map(|(from, _)| from).filter(|_| event.shift_key());
        // Without a selection the first step shows where the cursor is.
        let is_step = matches!(event.key().as_str(), "ArrowLeft" | "ArrowRight");
        let is_new = is_step && picked.get_untracked().is_none() && !event.shift_key();
        let to = if is_new { at } else { to };
        cursor.set_value(to);
        picked.set(Some((from.unwrap_or(to), to)));
    };
    let dragging = StoredValue::new(None::<usize>);
    let slider = el("div")
        .class("bars-drawing")
        .attr("role", "slider")
        .attr("tabindex", "0")
        .label(bars.name)
        .attr("aria-valuemin", "1")
        .attr("aria-valuemax", &buckets.max(1).to_string())
        .dyn_attr("aria-valuenow", move || {
            Some((range().map_or(buckets.saturating_sub(1), |(_, last)| last) + 1).to_string())
        })
        .dyn_attr("aria-valuetext", move || {
            let (first, last) = range().unwrap_or((0, buckets.saturating_sub(1)));
            Some(spoken.words(first, last))
        })
        .on_key(on_key)
        .on_mouse("pointerdown", move |event| {
            if event.button() == 0 && buckets > 0 {
                // A drag that leaves the bars goes on at their edge.
                let place = event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
                let pointer = event.unchecked_ref::<web_sys::PointerEvent>().pointer_id();
                if place.is_none_or(|place| place.set_pointer_capture(pointer).is_err()) {
                    leptos::logging::warn!("the bars do not hold the pointer");
                }
                let at = bucket_of(event, buckets);
                dragging.set_value(Some(at));
                cursor.set_value(at);
                picked.set(Some((at, at)));
            }
        })
        .on_mouse("pointermove", move |event| {
            let Some(from) = dragging.get_value() else { return };
            if event.buttons() != 1 {
                return dragging.set_value(None);
            }
            picked.set(Some((from, bucket_of(event, buckets))));
        })
        .on_mouse("pointerup", move |event| {
            if dragging.get_value().is_none() {
                return;
            }
            dragging.set_value(None);
            if let Some((first, last)) = untrack(range).filter(|(first, last)| first < last) {
                if event.shift_key() || compares.get_untracked() { compare(first, last) } else { zoom(first, last) }
            }
        })
        .add([drawing(&bars), brush]);
    let words = el("p").class("bars-words muted").attr("aria-hidden", "true").dyn_text(move || {
        let (first, last) = range().unwrap_or((0, buckets.saturating_sub(1)));
        shown.words(first, last)
    });
    let ticks = bars.ticks.iter().map(|tick| text_el("span", "", tick));
    let ticks = el("div").class("bars-ticks muted num").attr("aria-hidden", "true").add_all(ticks);
    el("div").class("bars").add([words, slider, ticks])
}

fn drawing(bars: &Bars) -> El {
    let buckets = bars.buckets();
    let most = (0..buckets).map(|at| bars.counts.iter().filter_map(|row| row.get(at)).sum::<u64>()).max().unwrap_or(0);
    let mut all = Vec::new();
    for at in 0..buckets {
        let mut below = 0_u64;
        for (row, (_, class)) in bars.counts.iter().zip(&bars.groups) {
            let count = row.get(at).copied().unwrap_or(0);
            if count == 0 {
                continue;
            }
            // What is there is seen, however little it is.
            let scaled = |count: u64| f64_of_u64(count) * f64_of_u64(HEIGHT) / f64_of_u64(most.max(1));
            let height = scaled(count).max(1.5);
            let top = (f64_of_u64(HEIGHT) - scaled(below) - height).max(0.0);
            below += count;
            all.push(
                svg("rect")
                    .attr("class", class)
                    .attr("x", &format!("{}.5", at * WIDTH))
                    .attr("width", &(WIDTH - 1).to_string())
                    .attr("y", &format!("{top:.2}"))
                    .attr("height", &format!("{height:.2}")),
            );
        }
    }
    svg("svg")
        .attr("viewBox", &format!("0 0 {} {HEIGHT}", (buckets * WIDTH).max(WIDTH)))
        .attr("preserveAspectRatio", "none")
        .attr("aria-hidden", "true")
        .add_all(all.into_iter())
}

fn bucket_of(event: &web_sys::MouseEvent, buckets: usize) -> usize {
    let place = event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let Some(place) = place.map(|place| place.get_bounding_client_rect()) else { return 0 };
    let share = (f64::from(event.client_x()) - place.left()) / place.width().max(1.0);
    let at = (share.clamp(0.0, 1.0) * f64_of(buckets)).floor();
    (0..buckets).take_while(|bucket| f64_of(*bucket) < at).count().min(buckets.saturating_sub(1))
}

fn f64_of(value: usize) -> f64 {
    f64::from(u32::try_from(value).unwrap_or(u32::MAX))
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "a height in pixels")]
const fn f64_of_u64(value: u64) -> f64 {
    value as f64
}
