//! Arranging: panels are moved and resized by a pointer or by keys, seen at once, and saved when asked for.
//!
//! While somebody drags, the page follows; charts are drawn anew for their size when the panel is let go.

use leptos::prelude::*;
use telltale_api::dashboard::{Dashboard, DashboardAnswer};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{KeyboardEvent, PointerEvent};

use super::editor::Found;
use crate::announce::use_announcer;
use crate::chart::Layout;
use crate::client::{self, Lifetime};
use crate::components::bits::words;
use crate::components::time_range::pressed;
use crate::dom::{El, el, sign, text_el};
use crate::strings;

/// Pixels between two panels, as the style sheet has it.
const GAP: f64 = 8.0;
/// Pixels of a row of the grid with the gap behind it.
const ROW: f64 = 38.0;
/// The attribute that names the panel of an element.
pub(super) const PANEL: &str = "data-panel";
/// The attribute of a section: the place of its row, empty above the first.
pub(super) const SECTION: &str = "data-row";

/// How a dashboard is being arranged.
#[derive(Clone, Copy)]
pub(super) struct Arrange {
    on: RwSignal<bool>,
    layout: RwSignal<Layout>,
    saved: StoredValue<Layout>,
    dragged: RwSignal<Option<Drag>>,
    /// What charts are drawn for.
    settled: Memo<Layout>,
}

/// A panel that is held.
#[derive(Clone, Debug, PartialEq)]
struct Drag {
    panel: usize,
    /// Another panel that it was moved over: not again before the pointer has left that.
    over: Option<usize>,
    resize: Option<Resize>,
    /// To go back to.
    before: Layout,
}

/// The size that a panel had where the pointer took hold of it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Resize {
    x: f64,
    y: f64,
    columns: u8,
    rows: u8,
    /// Pixels of a column with the gap behind it.
    column: f64,
}

impl Arrange {
    /// Begins with the dashboard as it is saved; listens while the dashboard is shown.
    pub(super) fn new(dashboard: &Dashboard) -> Self {
        let saved = Layout::of(&dashboard.panels);
        let layout = RwSignal::new(saved.clone());
        let dragged = RwSignal::new(None::<Drag>);
        let settled = Memo::new(move |old: Option<&Layout>| match (dragged.with(Option::is_some), old) {
            (true, Some(old)) => old.clone(),
            _ => layout.get(),
        });
        let this = Self { on: RwSignal::new(false), layout, saved: StoredValue::new(saved), dragged, settled };
        for event in ["pointermove", "pointerup", "pointercancel"] {
            let listener = window_event_listener_untyped(event, move |event| this.pointer(event.unchecked_ref()));
            on_cleanup(move || listener.remove());
        }
        let listener = window_event_listener(leptos::ev::keydown, move |event| {
            if event.key() == "Escape"
                && let Some(drag) = this.dragged.try_update(Option::take).flatten()
            {
                this.layout.set(drag.before);
            }
        });
        on_cleanup(move || listener.remove());
        this
    }

    /// Returns the panels of a section, in their order.
    pub(super) fn under(self, row: Option<usize>) -> Vec<usize> {
        self.layout.with(|layout| layout.under(row))
    }

    /// Returns columns and rows of a panel as they are shown.
    pub(super) fn size(self, panel: usize) -> (u8, u8) {
        self.layout.with(|layout| layout.size(panel))
    }

    /// Returns columns and rows that a panel's chart is drawn for.
    pub(super) fn settled_size(self, panel: usize) -> (u8, u8) {
        self.settled.with(|layout| layout.size(panel))
    }

    /// Says whether panels can be taken hold of.
    pub(super) fn is_on(self) -> bool {
        self.on.get()
    }

    /// Says whether a panel is held.
    pub(super) fn is_dragged(self, panel: usize) -> bool {
        self.dragged.with(|drag| drag.as_ref().is_some_and(|drag| drag.panel == panel))
    }

    fn pointer(self, event: &PointerEvent) {
        let Some(drag) = self.dragged.try_get_untracked().flatten() else { return };
        match event.type_().as_str() {
            "pointermove" => self.follow(drag, event),
            _ => self.dragged.set(None),
        }
    }

    fn follow(self, mut drag: Drag, event: &PointerEvent) {
        let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
        if let Some(from) = drag.resize {
            let columns = f64::from(from.columns) + (x - from.x) / from.column;
            let rows = f64::from(from.rows) + (y - from.y) / ROW;
            self.change(|layout| layout.resized(drag.panel, whole(columns), whole(rows)));
            return;
        }
        let Some(under) = at_point(event) else { return };
        let number = |selector: &str, name: &str| -> Option<String> {
            under.closest(&format!("{selector}[{name}]")).ok().flatten()?.get_attribute(name)
        };
        let over = number("article", PANEL).and_then(|place| place.parse().ok());
        if over == Some(drag.panel) || (over.is_some() && over == drag.over) {
            return;
        }
        match (over, number("section", SECTION)) {
            (Some(other), _) => self.change(|layout| layout.moved_to(drag.panel, other)),
            // Beside all panels of a section that it is not in: it becomes the last one there.
            (None, Some(row)) => {
                let row = row.parse().ok();
                if !self.layout.with_untracked(|layout| layout.under(row).contains(&drag.panel)) {
                    self.change(|layout| layout.moved_under(drag.panel, row));
                }
            }
            (None, None) => {}
        }
        drag.over = over;
        self.dragged.set(Some(drag));
    }

    /// Changes the layout, and tells others only when it is another one then.
    fn change(self, to: impl Fn(&Layout) -> Layout) {
        let changed = self.layout.with_untracked(&to);
        if self.layout.with_untracked(|layout| *layout != changed) {
            self.layout.set(changed);
        }
    }

    /// What a panel is taken hold of by; `title` is its name.
    pub(super) fn handles(self, panel: usize, title: &str) -> [El; 2] {
        let announcer = use_announcer();
        let mover = handle("panel-mover", "⠿", &strings::panel_move(title));
        let sizer = handle("panel-sizer", "◢", &strings::panel_resize(title));
        let mover =
            mover.on("pointerdown", move |event| self.hold(event.unchecked_ref(), panel, false)).on_key(move |event| {
                let step = match event.key().as_str() {
                    "ArrowLeft" | "ArrowUp" => -1,
                    "ArrowRight" | "ArrowDown" => 1,
                    _ => return,
                };
                taken(event);
                self.change(|layout| layout.stepped(panel, step));
                let (place, all) = self.layout.with_untracked(|layout| layout.place(panel));
                announcer.say(strings::panel_placed(place, all));
                // What is put elsewhere on the page loses the focus, or is made anew there.
                request_animation_frame(move || focus_mover(panel));
            });
        let sizer =
            sizer.on("pointerdown", move |event| self.hold(event.unchecked_ref(), panel, true)).on_key(move |event| {
                let (columns, rows) = match event.key().as_str() {
                    "ArrowLeft" => (-1, 0),
                    "ArrowRight" => (1, 0),
                    "ArrowUp" => (0, -1),
                    "ArrowDown" => (0, 1),
                    _ => return,
                };
                taken(event);
                let (wide, high) = self.layout.with_untracked(|layout| layout.size(panel));
                self.change(|layout| layout.resized(panel, i32::from(wide) + columns, i32::from(high) + rows));
                let (wide, high) = self.layout.with_untracked(|layout| layout.size(panel));
                announcer.say(strings::panel_sized(wide, high));
            });
        [mover, sizer]
    }

    fn hold(self, event: &PointerEvent, panel: usize, is_resize: bool) {
        if event.button() != 0 {
            return;
        }
        // No text is chosen and nothing scrolls while a panel is held.
        event.prevent_default();
        let before = self.layout.get_untracked();
        let (columns, rows) = before.size(panel);
        let grid = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let grid = grid.and_then(|handle| handle.closest(".dashboard-grid").ok().flatten());
        let width = grid.map_or(1_200.0, |grid| grid.get_bounding_client_rect().width());
        let resize = is_resize.then(|| Resize {
            x: f64::from(event.client_x()),
            y: f64::from(event.client_y()),
            columns,
            rows,
            column: ((width + GAP) / f64::from(telltale_api::dashboard::COLUMNS)).max(1.0),
        });
        self.dragged.set(Some(Drag { panel, over: None, resize, before }));
    }

    /// The button that begins and ends arranging.
    pub(super) fn button(self) -> El {
        pressed(
            strings::DASHBOARD_ARRANGE,
            move || self.on.get(),
            move || {
                self.on.update(|on| *on = !*on);
                if !self.on.get_untracked() {
                    self.reset();
                }
            },
        )
    }

    fn reset(self) {
        self.dragged.set(None);
        self.layout.set(self.saved.get_value());
    }

    /// How it is done, and the buttons that keep it or not; while arranging.
    pub(super) fn bar(self, answer: &DashboardAnswer, found: Found) -> El {
        let lifetime = Lifetime::of_component();
        let announcer = use_announcer();
        let answer = StoredValue::new(answer.clone());
        let save = move || {
            let Some(answer) = answer.try_get_value() else { return };
            let panels = self.layout.with_untracked(|layout| layout.apply(&answer.dashboard.panels));
            spawn_local(async move {
                let dashboard = Dashboard { panels, ..answer.dashboard };
                match client::save_dashboard(&answer.name, &dashboard, lifetime).await {
                    Ok(saved) => {
                        announcer.say(strings::DASHBOARD_ARRANGED);
                        found.set(Some(Ok(saved)));
                    }
                    Err(failure) => announcer.say(words(&failure).0),
                }
            });
        };
        el("div").children(move || {
            self.on.get().then(|| {
                let is_same = move || self.layout.with(|layout| self.saved.with_value(|saved| saved == layout));
                let button = |class: &str, words: &str| {
                    text_el("button", class, words)
                        .attr("type", "button")
                        .dyn_attr("disabled", move || is_same().then(String::new))
                };
                el("div").class("charts-tools dashboard-arranging").add([
                    button("button button-main", strings::DASHBOARD_ARRANGE_SAVE).on_click(save),
                    button("button", strings::DASHBOARD_ARRANGE_UNDO).on_click(move || self.reset()),
                    text_el("p", "muted", strings::DASHBOARD_ARRANGE_HOW),
                ])
            })
        })
    }
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "no screen has so many pixels")]
fn at_point(event: &PointerEvent) -> Option<web_sys::Element> {
    document().element_from_point(event.client_x() as f32, event.client_y() as f32)
}

/// Gives a panel's handle the focus back, unless whoever uses the keyboard has gone elsewhere meanwhile.
fn focus_mover(panel: usize) {
    let focused = document().active_element();
    if focused.is_some_and(|focused| focused.tag_name() != "BODY") {
        return;
    }
    let mover = document().query_selector(&format!("[{PANEL}=\"{panel}\"] .panel-mover")).ok().flatten();
    if let Some(mover) = mover.and_then(|mover| mover.dyn_into::<web_sys::HtmlElement>().ok()) {
        crate::dom::done(mover.focus());
    }
}

fn handle(class: &str, drawn: &str, name: &str) -> El {
    el("button").class(&format!("panel-handle {class}")).attr("type", "button").named(name).add(sign(drawn))
}

/// A key that was meant for a handle scrolls nothing and is nobody else's.
fn taken(event: &KeyboardEvent) {
    event.prevent_default();
    event.stop_propagation();
}

#[expect(clippy::cast_possible_truncation, clippy::as_conversions, reason = "casts of floats saturate")]
fn whole(value: f64) -> i32 {
    value.round() as i32
}
