//! A list of any length of which only the rows in sight are in the page. The window scrolls, not the list; where lists stand
//! side by side, each pane scrolls by itself.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

use crate::dom::{El, el};
use crate::waterfall::viewport::{ROW_PX, Viewport, is_hurried_step};

/// A pane that scrolls by itself; its list's head stays at its top.
pub(crate) const PANE_CLASS: &str = "split-pane";

/// How long a list must rest after a hurry until rows around the visible ones exist again. Shorter than any tooltip takes.
const REST: Duration = Duration::from_millis(100);

/// Follows the scrolling for one list.
#[derive(Clone, Copy)]
pub(crate) struct VirtualRows {
    list: StoredValue<Option<web_sys::Element>, LocalStorage>,
    rows: Signal<usize>,
    scrolled_px: RwSignal<f64>,
    visible_px: RwSignal<f64>,
    is_hurried: RwSignal<bool>,
    /// Counts steps in a hurry, so that the last one can be told from earlier ones.
    hurries: StoredValue<u32>,
    measuring: StoredValue<bool>,
}

impl VirtualRows {
    /// Follows the window until the current component goes away.
    pub(crate) fn of_component(rows: Signal<usize>) -> Self {
        let this = Self {
            list: StoredValue::new_local(None),
            rows,
            scrolled_px: RwSignal::new(-300.0),
            visible_px: RwSignal::new(900.0),
            is_hurried: RwSignal::new(false),
            hurries: StoredValue::new(0),
            measuring: StoredValue::new(false),
        };
        let resize = window_event_listener(leptos::ev::resize, move |_| this.measure_soon());
        on_cleanup(move || resize.remove());
        this.follow_scrolling();
        this.observe_body();
        Effect::new(move |_| {
            rows.track();
            this.measure_soon();
        });
        this
    }

    /// Hears the window and every pane: what scrolls inside of the page is only heard on its way down.
    fn follow_scrolling(self) {
        let scrolled = Closure::<dyn Fn()>::new(move || self.measure_soon());
        let listener: &js_sys::Function = scrolled.as_ref().unchecked_ref();
        if window().add_event_listener_with_callback_and_bool("scroll", listener, true).is_err() {
            leptos::logging::warn!("scrolling is not heard");
        }
        let kept = StoredValue::new_local(Some(scrolled));
        on_cleanup(move || {
            kept.try_update_value(|kept| {
                if let Some(scrolled) = kept.take() {
                    let listener: &js_sys::Function = scrolled.as_ref().unchecked_ref();
                    let _gone = window().remove_event_listener_with_callback_and_bool("scroll", listener, true);
                }
            });
        });
    }

    /// The pane that the list scrolls in, when it is not the window.
    fn pane(self) -> Option<web_sys::Element> {
        let list = self.list.try_get_value().flatten()?;
        list.closest(&format!(".{PANE_CLASS}")).ok().flatten()
    }

    /// Whatever changes height above the list moves it: measure again.
    fn observe_body(self) {
        let changed = Closure::<dyn Fn()>::new(move || self.measure_soon());
        let observer = web_sys::ResizeObserver::new(changed.as_ref().unchecked_ref()).ok();
        let kept = StoredValue::new_local(Some((observer, changed)));
        kept.with_value(|kept| {
            if let (Some((Some(observer), _)), Some(body)) = (kept, document().body()) {
                observer.observe(&body);
            }
        });
        on_cleanup(move || {
            kept.try_update_value(|kept| {
                if let Some((Some(observer), _)) = kept.take() {
                    observer.disconnect();
                }
            });
        });
    }

    /// Measures with the next frame, once however often it is asked.
    fn measure_soon(self) {
        if self.measuring.try_get_value() != Some(false) {
            return;
        }
        self.measuring.set_value(true);
        request_animation_frame(move || {
            if self.measuring.try_get_value().is_some() {
                self.measuring.set_value(false);
                self.measure();
            }
        });
    }

    fn measure(self) {
        let Some(list) = self.list.try_get_value().flatten() else { return };
        let (covered, height) = match self.pane() {
            Some(pane) => {
                let place = pane.get_bounding_client_rect();
                (place.top() + height_of(&pane, ".rows-head"), place.bottom())
            }
            None => (covered_px(), window().inner_height().ok().and_then(|value| value.as_f64()).unwrap_or(900.0)),
        };
        let scrolled_px = covered - list.get_bounding_client_rect().top();
        if is_hurried_step(scrolled_px - self.scrolled_px.get_untracked()) {
            self.hurry();
        }
        self.scrolled_px.set(scrolled_px);
        self.visible_px.set((height - covered).max(ROW_PX));
    }

    /// The list is in a hurry until no such step was taken for a while.
    fn hurry(self) {
        self.hurries.update_value(|hurries| *hurries = hurries.wrapping_add(1));
        if !self.is_hurried.get_untracked() {
            self.is_hurried.set(true);
            self.rest_later();
        }
    }

    fn rest_later(self) {
        let seen = self.hurries.get_value();
        let rest = move || match self.hurries.try_get_value() {
            Some(hurries) if hurries == seen => {
                self.is_hurried.try_set(false);
            }
            Some(_) => self.rest_later(),
            None => {}
        };
        set_timeout(rest, REST);
    }

    fn viewport(self) -> Viewport {
        Viewport {
            rows: self.rows.get(),
            scrolled_px: self.scrolled_px.get(),
            visible_px: self.visible_px.get(),
            is_hurried: self.is_hurried.get(),
        }
    }

    /// Returns whether the list is scrolled so fast that what a row shows on hover can wait.
    pub(crate) fn is_hurried(self) -> bool {
        self.is_hurried.get()
    }

    /// Returns the first row that must exist and the one after the last.
    pub(crate) fn window(self) -> Memo<(usize, usize)> {
        Memo::new(move |_| {
            let window = self.viewport().window();
            (window.start, window.end)
        })
    }

    /// Returns whether the list is too long for its rows to stand at their own places.
    pub(crate) fn is_capped(self) -> bool {
        Viewport { rows: self.rows.get(), ..Viewport::default() }.is_capped()
    }

    /// Returns the row that rows around this one are placed from.
    pub(crate) fn base_of(self, row: usize) -> usize {
        Viewport { rows: self.rows.get_untracked(), ..Viewport::default() }.base(row)
    }

    /// Returns the transform that brings rows, placed from the base of this one, to where they must be.
    pub(crate) fn shift_of(self, row: usize) -> String {
        if !self.is_capped() {
            return "none".to_owned();
        }
        let viewport = self.viewport();
        format!("translateY({}px)", viewport.top_of(viewport.base(row)))
    }

    /// Returns the element that has the whole list's height, with `rows` (the ones in sight) at their place in it.
    pub(crate) fn place(self, rows: El) -> El {
        let shown = rows.dyn_style("transform", move || {
            let viewport = self.viewport();
            format!("translateY({}px)", viewport.top_of(viewport.window().start))
        });
        self.space(shown)
    }

    /// Returns the element that has the whole list's height; `rows` stand at its top and find their own places in it.
    pub(crate) fn space(self, rows: El) -> El {
        let space = el("div")
            .class("rows-space")
            .attr("role", "presentation")
            .dyn_style("height", move || format!("{}px", self.viewport().spacer_px()))
            .add(rows);
        self.list.set_value(Some(space.element().clone()));
        space
    }

    /// Returns whether the list's beginning is out of sight.
    pub(crate) fn is_scrolled(self) -> bool {
        self.scrolled_px.get() > ROW_PX
    }

    /// Scrolls so that a row is in sight.
    pub(crate) fn reveal(self, row: usize) {
        self.measure();
        let viewport = untrack(move || self.viewport());
        if let Some(target) = viewport.scroll_to(row) {
            let by = target - viewport.scrolled_px;
            match self.pane() {
                Some(pane) => pane.scroll_by_with_x_and_y(0.0, by),
                None => window().scroll_by_with_x_and_y(0.0, by),
            }
        }
    }

    /// Returns how many rows fit, for moving by pages.
    pub(crate) fn page_rows(self) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of rows")]
        let rows = (self.visible_px.get_untracked() / ROW_PX).max(2.0) as usize;
        rows - 1
    }
}

/// Returns how much of the window's top is covered by what stays there: the bar and the list's own head.
fn covered_px() -> f64 {
    let page = document().document_element();
    page.map_or(0.0, |page| height_of(&page, ".app-header") + height_of(&page, ".rows-head"))
}

/// Returns the height of the first fitting element inside of another one.
fn height_of(inside: &web_sys::Element, selector: &str) -> f64 {
    let element = inside.query_selector(selector).ok().flatten();
    element.map_or(0.0, |element| element.get_bounding_client_rect().height())
}
