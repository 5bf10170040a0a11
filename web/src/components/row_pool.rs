//! The elements of the rows in sight of a long list. They are made once: when other rows come into sight, the elements
//! that went out of it move to the other end and are told what they show now.
//!
//! A step of scrolling must fit into a frame together with the browser's own work, also where the processor draws
//! (no graphics card). So a row has few elements, nothing of it follows signals by itself, and a part that is told the
//! same again costs nothing. Every row stands at its own place (`top`): rows that stay in sight are not drawn again.
//! While the list is scrolled in a hurry, rows are only told what is seen, and elements stay where they are in the page; what
//! hovering shows, and the order that the page is read in, follow at rest.

use std::cell::RefCell;
use std::collections::VecDeque;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::components::virtual_rows::VirtualRows;
use crate::dom::{El, done, el, follow};
use crate::waterfall::viewport::ROW_PX;

/// A part of a row, and what it was told last.
#[derive(Debug)]
pub(crate) struct Part {
    element: web_sys::Element,
    words: Option<web_sys::Text>,
    told: Vec<(&'static str, String)>,
}

impl Part {
    /// Makes a part.
    pub(crate) fn new(tag: &str, class: &str) -> Self {
        let element = el(tag).class(class).element().clone();
        Self { element, words: None, told: Vec::new() }
    }

    /// Makes a part that is a cell.
    pub(crate) fn cell(class: &str, role: &str) -> Self {
        let part = Self::new("span", class);
        done(part.element.set_attribute("role", role));
        part
    }

    /// Puts other parts into this one, in order.
    pub(crate) fn holding(self, parts: &[&Self]) -> Self {
        for part in parts {
            done(self.element.append_child(&part.element));
        }
        self
    }

    /// Puts another part into this one, before one that it holds.
    pub(crate) fn put_before(&self, part: &Self, before: &Self) {
        done(self.element.insert_before(&part.element, Some(&before.element)));
    }

    /// Returns the element.
    pub(crate) fn element(&self) -> El {
        El::of(self.element.clone())
    }

    /// Sets an attribute.
    pub(crate) fn attr(&mut self, name: &'static str, value: &str) {
        if self.is_new(name, value) {
            done(self.element.set_attribute(name, value));
        }
    }

    /// Sets an attribute, or takes it away.
    pub(crate) fn maybe(&mut self, name: &'static str, value: Option<&str>) {
        match value {
            Some(value) => self.attr(name, value),
            None if self.told.iter().any(|(known, _)| *known == name) => {
                self.told.retain(|(known, _)| *known != name);
                done(self.element.remove_attribute(name));
            }
            None => {}
        }
    }

    /// Sets the style properties, all of them at once.
    pub(crate) fn css(&mut self, css: &str) {
        if self.is_new("style", css) {
            self.element.unchecked_ref::<web_sys::HtmlElement>().style().set_css_text(css);
        }
    }

    /// Sets the text, which stands before whatever the part holds.
    pub(crate) fn text(&mut self, text: &str) {
        if !self.is_new("", text) {
            return;
        }
        match &self.words {
            Some(words) => words.set_data(text),
            None => {
                let words = document().create_text_node(text);
                done(self.element.insert_before(&words, self.element.first_child().as_ref()));
                self.words = Some(words);
            }
        }
    }

    /// Shows these elements in the part, in place of all others.
    pub(crate) fn show(&mut self, elements: Vec<El>) {
        if elements.is_empty() && self.element.first_element_child().is_none() {
            return;
        }
        self.element.set_text_content(None);
        for shown in elements {
            done(self.element.append_child(shown.element()));
        }
    }

    fn is_new(&mut self, name: &'static str, value: &str) -> bool {
        match self.told.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) if old == value => false,
            Some((_, old)) => {
                value.clone_into(old);
                true
            }
            None => {
                self.told.push((name, value.to_owned()));
                true
            }
        }
    }
}

/// A row of a pool.
pub(crate) trait Row: Sized + 'static {
    /// Makes a row that shows nothing yet.
    fn new() -> Self;

    /// Returns the part that is the row's element.
    fn part(&mut self) -> &mut Part;
}

/// A row of a pool that shows something.
struct Shown<R> {
    at: usize,
    /// Whether the row was told the rest too.
    is_whole: bool,
    row: R,
}

struct Pool<R> {
    rows: VecDeque<Shown<R>>,
    base: usize,
    /// Whether the elements stand in the page in the order of the rows.
    is_ordered: bool,
}

impl<R: Row> Pool<R> {
    /// Lets the pool hold exactly the rows of a window, in order; `fill` tells those that are new to it. In a hurry no
    /// element moves in the page: one that moved is laid out anew.
    fn arrange(
        &mut self,
        place: &web_sys::Element,
        (start, end): (usize, usize),
        is_hurried: bool,
        fill: &mut dyn FnMut(&mut R, usize),
    ) {
        let mut spare = Vec::new();
        while self.rows.front().is_some_and(|shown| shown.at < start || shown.at >= end) {
            spare.extend(self.rows.pop_front().map(|shown| shown.row));
        }
        while self.rows.back().is_some_and(|shown| shown.at >= end || shown.at < start) {
            spare.extend(self.rows.pop_back().map(|shown| shown.row));
        }
        let first = self.rows.front().map_or(end, |shown| shown.at);
        let last = self.rows.back().map_or(end, |shown| shown.at + 1);
        let mut before = place.first_element_child();
        if let Some(shown) = self.rows.front_mut() {
            before = Some(shown.row.part().element.clone());
        } else if !spare.is_empty() {
            // All of them are other rows now: nothing needs to move.
            before = None;
            spare.reverse();
        }
        for at in start..first {
            let (mut row, known) = spare.pop().map_or_else(|| (R::new(), false), |row| (row, true));
            fill(&mut row, at);
            if !known || (before.is_some() && !is_hurried) {
                done(place.insert_before(&row.part().element, before.as_deref()));
            }
            self.rows.insert(at - start, Shown { at, is_whole: false, row });
        }
        for at in last..end {
            let (mut row, known) = spare.pop().map_or_else(|| (R::new(), false), |row| (row, true));
            fill(&mut row, at);
            if !known || !is_hurried {
                done(place.append_child(&row.part().element));
            }
            self.rows.push_back(Shown { at, is_whole: false, row });
        }
        for mut row in spare {
            row.part().element.remove();
        }
        if is_hurried {
            self.is_ordered = false;
        } else if !self.is_ordered {
            self.order(place);
        }
    }

    /// Puts the elements into the order of the rows.
    fn order(&mut self, place: &web_sys::Element) {
        for shown in &mut self.rows {
            done(place.append_child(&shown.row.part().element));
        }
        self.is_ordered = true;
    }

    /// Tells rows the rest, those that were not told yet.
    fn complete(&mut self, fill_rest: &dyn Fn(&mut R, usize)) {
        for shown in self.rows.iter_mut().filter(|shown| !shown.is_whole) {
            shown.is_whole = true;
            fill_rest(&mut shown.row, shown.at);
        }
    }
}

/// Lets the browser draw all of the list's space again instead of every part of every row that changed. Chromium adds up to 256
/// rectangles to a region one after another (`cc::InvalidationRegion`), which for the parts of a screen of rows takes longer than drawing
/// all of them, and is done at once when the first rectangle holds all others. What changes is a background that nobody sees.
fn draw_all(place: &web_sys::Element) {
    if let Some(space) = place.parent_element() {
        done(space.class_list().toggle("rows-space-again"));
    }
}

/// Returns the element that shows the rows in sight. `fill` tells a row what it shows, at a place of the list, and
/// `fill_rest` what nobody in a hurry sees; they are asked for all rows again when `content` changes. `mark` tells
/// a row how it is marked, and whether it was told the rest, whenever a signal that it reads changes.
pub(crate) fn row_pool<R: Row>(
    rows: VirtualRows,
    content: Memo<u64>,
    fill: impl Fn(&mut R, usize) + 'static,
    fill_rest: impl Fn(&mut R, usize) + 'static,
    mark: impl Fn(&mut R, usize, bool) + 'static,
) -> El {
    let shown = el("div").class("rows-shown").attr("role", "rowgroup");
    let place = shown.element().clone();
    let window = rows.window();
    let pool = std::rc::Rc::new(RefCell::new(Pool::<R> { rows: VecDeque::new(), base: 0, is_ordered: true }));
    let arranged = RwSignal::new(0_u64);
    let mut seen = None;
    let known = std::rc::Rc::clone(&pool);
    follow(Box::new(move || {
        let (start, end) = window.get();
        let is_hurried = rows.is_hurried();
        let content = content.get();
        let mut pool = known.borrow_mut();
        let base = rows.base_of(start);
        let fresh = seen != Some(content) || pool.base != base;
        seen = Some(content);
        pool.base = base;
        let mut tell = |row: &mut R, at: usize| {
            #[expect(clippy::cast_precision_loss, reason = "rows of a screen")]
            let top = at.saturating_sub(base) as f64 * ROW_PX;
            row.part().css(&format!("top:{top}px"));
            row.part().attr("aria-rowindex", &(at + 2).to_string());
            untrack(|| fill(row, at));
        };
        if fresh {
            pool.arrange(&place, (start, end), is_hurried, &mut |_, _| {});
            for shown in &mut pool.rows {
                shown.is_whole = false;
                tell(&mut shown.row, shown.at);
            }
        } else {
            pool.arrange(&place, (start, end), is_hurried, &mut tell);
        }
        if is_hurried {
            draw_all(&place);
        } else {
            untrack(|| pool.complete(&fill_rest));
        }
        drop(pool);
        arranged.update(|count| *count += 1);
    }));
    follow(Box::new(move || {
        arranged.track();
        for shown in &mut pool.borrow_mut().rows {
            mark(&mut shown.row, shown.at, shown.is_whole);
        }
    }));
    shown.dyn_style("transform", move || rows.shift_of(window.get().0))
}

/// Returns the place of the row that an event hit, by its `aria-rowindex`.
pub(crate) fn row_of_event(event: &web_sys::Event) -> Option<usize> {
    let target: web_sys::Element = event.target()?.dyn_into().ok()?;
    let row = target.closest("[aria-rowindex]").ok()??;
    row.get_attribute("aria-rowindex")?.parse::<usize>().ok()?.checked_sub(2)
}
