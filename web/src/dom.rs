//! How views are made: elements of the page, put together by method calls, kept current by Leptos' signals.
//!
//! Leptos decides what depends on what (signals, memos, effects, owners, contexts); the elements are made here. Leptos'
//! own `view!` gives every piece of markup a type of its own with code of its own, which was two thirds of the download;
//! here a piece of markup is a few calls into code that exists once (docs/decisions/0007).
//!
//! Whatever an element needs while it lives (listeners, effects) is kept by the reactive owner in which it was made, and
//! goes with it: [`El::children`] and [`El::each`] open an owner for what they show. Text is always a text node.

use std::any::Any;
use std::collections::HashMap;

use leptos::prelude::*;
use leptos::reactive::graph::{Subscriber as _, ToAnySubscriber};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue, UnwrapThrowExt};
use web_sys::{Event, HtmlElement, KeyboardEvent, MouseEvent, Node};

/// An element that is being made, or is already on the page.
#[derive(Clone, Debug)]
pub(crate) struct El(web_sys::Element);

/// What an element can hold.
#[derive(Debug)]
pub(crate) enum Child {
    /// Nothing.
    None,
    /// A text or an element.
    One(Node),
    /// Several, in order.
    Many(Vec<Node>),
}

/// Makes an element.
pub(crate) fn el(tag: &str) -> El {
    // Tags are literals of ours: a browser that refuses one is no browser.
    El(document().create_element(tag).unwrap_throw())
}

/// Makes an element of a drawing.
pub(crate) fn svg(tag: &str) -> El {
    document().create_element_ns(Some("http://www.w3.org/2000/svg"), tag).map_or_else(|_| el(tag), El)
}

/// Makes an element with a class and a text: most of what a page is.
pub(crate) fn text_el(tag: &str, class: &str, text: &str) -> El {
    el(tag).class(class).text(text)
}

/// Returns the keys without repeats, for [`El::each`].
pub(crate) fn distinct(keys: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut seen = std::collections::HashSet::new();
    keys.filter(|key| seen.insert(*key)).collect()
}

/// Text for screen readers only.
pub(crate) fn hidden(text: &str) -> El {
    text_el("span", "hidden", text)
}

/// A sign that says nothing to screen readers.
pub(crate) fn sign(text: &str) -> El {
    el("span").attr("aria-hidden", "true").text(text)
}

impl El {
    /// Takes an element that is on the page.
    pub(crate) fn of(element: web_sys::Element) -> Self {
        Self(element)
    }

    /// Returns the element itself.
    pub(crate) fn element(&self) -> &web_sys::Element {
        &self.0
    }

    /// Returns the element as HTML, for focus, style and measures.
    pub(crate) fn html(&self) -> &HtmlElement {
        self.0.unchecked_ref()
    }

    /// Sets the classes.
    pub(crate) fn class(self, class: &str) -> Self {
        if !class.is_empty() {
            done(self.0.set_attribute("class", class));
        }
        self
    }

    /// Sets the id.
    pub(crate) fn id(self, id: &str) -> Self {
        self.0.set_id(id);
        self
    }

    /// Sets an attribute.
    pub(crate) fn attr(self, name: &str, value: &str) -> Self {
        done(self.0.set_attribute(name, value));
        self
    }

    /// Names the element for screen readers.
    pub(crate) fn label(self, text: &str) -> Self {
        self.attr("aria-label", text)
    }

    /// Names the element for screen readers and on hover.
    pub(crate) fn named(self, text: &str) -> Self {
        self.attr("aria-label", text).attr("title", text)
    }

    /// Sets a style property; allowed by the content security policy, as a `style` attribute is not.
    pub(crate) fn style(self, property: &str, value: &str) -> Self {
        done(self.html().style().set_property(property, value));
        self
    }

    /// Appends a text.
    pub(crate) fn text(self, text: &str) -> Self {
        if !text.is_empty() {
            append(&self.0, document().create_text_node(text).unchecked_into());
        }
        self
    }

    /// Appends elements, texts, or nothing.
    pub(crate) fn add(self, child: impl Into<Child>) -> Self {
        put(&self.0, child.into());
        self
    }

    /// Appends elements one by one.
    pub(crate) fn add_all(self, children: impl Iterator<Item = El>) -> Self {
        for child in children {
            append(&self.0, child.0.unchecked_into());
        }
        self
    }

    /// Listens to an event as long as the element lives.
    pub(crate) fn on(self, event: &str, act: impl FnMut(Event) + 'static) -> Self {
        listen(&self.0, event, Box::new(act));
        self
    }

    /// Acts on clicks.
    pub(crate) fn on_click(self, act: impl Fn() + 'static) -> Self {
        self.on("click", move |_| act())
    }

    /// Acts on keys.
    pub(crate) fn on_key(self, act: impl Fn(&KeyboardEvent) + 'static) -> Self {
        self.on("keydown", move |event| act(event.unchecked_ref()))
    }

    /// Acts on pointer events.
    pub(crate) fn on_mouse(self, event: &str, act: impl Fn(&MouseEvent) + 'static) -> Self {
        self.on(event, move |event| act(event.unchecked_ref()))
    }

    /// Acts on what is typed or chosen; `act` gets the field's value.
    pub(crate) fn on_input(self, act: impl Fn(String) + 'static) -> Self {
        self.on("input", move |event| act(event_target_value(&event)))
    }

    /// Acts on a box that is ticked or not.
    pub(crate) fn on_check(self, act: impl Fn(bool) + 'static) -> Self {
        self.on("change", move |event| act(event_target_checked(&event)))
    }

    /// Appends a text that follows signals.
    pub(crate) fn dyn_text(self, text: impl Fn() -> String + 'static) -> Self {
        let node = document().create_text_node("");
        let place = node.clone();
        follow(Box::new(move || place.set_data(&text())));
        append(&self.0, node.unchecked_into());
        self
    }

    /// Lets an attribute follow signals; it is absent for `None`.
    pub(crate) fn dyn_attr(self, name: &'static str, value: impl Fn() -> Option<String> + 'static) -> Self {
        let element = self.0.clone();
        follow(Box::new(move || match value() {
            Some(value) => done(element.set_attribute(name, &value)),
            None => done(element.remove_attribute(name)),
        }));
        self
    }

    /// Lets a class come and go with signals.
    pub(crate) fn dyn_class(self, class: &'static str, on: impl Fn() -> bool + 'static) -> Self {
        let element = self.0.clone();
        follow(Box::new(move || done(element.class_list().toggle_with_force(class, on()))));
        self
    }

    /// Lets a style property follow signals.
    pub(crate) fn dyn_style(self, property: &'static str, value: impl Fn() -> String + 'static) -> Self {
        let element: HtmlElement = self.0.clone().unchecked_into();
        follow(Box::new(move || done(element.style().set_property(property, &value()))));
        self
    }

    /// Lets the value of a field follow signals.
    pub(crate) fn dyn_value(self, value: impl Fn() -> String + 'static) -> Self {
        let field: web_sys::HtmlInputElement = self.0.clone().unchecked_into();
        follow(Box::new(move || {
            let value = value();
            // Setting an equal value would move the cursor.
            if field.value() != value {
                field.set_value(&value);
            }
        }));
        self
    }

    /// Lets a box be ticked by signals.
    pub(crate) fn dyn_checked(self, checked: impl Fn() -> bool + 'static) -> Self {
        let field: web_sys::HtmlInputElement = self.0.clone().unchecked_into();
        follow(Box::new(move || field.set_checked(checked())));
        self
    }

    /// Shows what `view` returns as the element's only content, anew whenever a signal that it reads changes.
    pub(crate) fn children<C: Into<Child>>(self, view: impl Fn() -> C + 'static) -> Self {
        replace(self.0.clone(), Box::new(move || view().into()));
        self
    }

    /// Shows an element for each key, in order; an element stays as long as its key does. Keys must be distinct.
    pub(crate) fn each(self, keys: impl Fn() -> Vec<u64> + 'static, view: impl Fn(u64) -> El + 'static) -> Self {
        each(self.0.clone(), Box::new(keys), Box::new(view));
        self
    }
}

pub(crate) fn done<T>(result: Result<T, JsValue>) {
    if let Err(error) = result {
        leptos::logging::warn!("the browser refused a change of the page: {error:?}");
    }
}

fn append(parent: &web_sys::Element, node: Node) {
    done(parent.append_child(&node));
}

fn put(parent: &web_sys::Element, child: Child) {
    match child {
        Child::None => {}
        Child::One(node) => append(parent, node),
        Child::Many(nodes) => nodes.into_iter().for_each(|node| append(parent, node)),
    }
}

/// Keeps something until the current owner is cleaned up.
fn keep(thing: Box<dyn Any>) {
    let _kept = StoredValue::new_local(thing);
}

/// Runs now, and again whenever a signal that was read changes, until the current owner is cleaned up.
pub(crate) fn follow(mut run: Box<dyn FnMut()>) {
    keep(Box::new(Followed(RenderEffect::new(move |_: Option<()>| run()))));
}

/// An effect that leaves nothing behind: a signal remembers who read it until it changes next, which for most is never.
struct Followed(RenderEffect<()>);

impl Drop for Followed {
    fn drop(&mut self) {
        forget_sources(&self.0);
    }
}

fn forget_sources(reader: &impl ToAnySubscriber) {
    let reader = reader.to_any_subscriber();
    reader.clear_sources(&reader);
}

/// Returns a memo for something that comes and goes often: like [`follow`], it leaves nothing behind in the signals that it read.
pub(crate) fn passing_memo<T: Send + Sync + PartialEq + 'static>(
    run: impl Fn() -> T + Send + Sync + 'static,
) -> Memo<T> {
    let memo = ArcMemo::new(move |_| run());
    let kept = memo.clone();
    on_cleanup(move || forget_sources(&kept));
    memo.into()
}

fn listen(element: &web_sys::Element, event: &str, act: Box<dyn FnMut(Event)>) {
    let listener = Closure::wrap(act);
    done(element.add_event_listener_with_callback(event, listener.as_ref().unchecked_ref()));
    keep(Box::new(listener));
}

fn replace(place: web_sys::Element, view: Box<dyn Fn() -> Child>) {
    follow(Box::new(move || {
        let child = view();
        place.set_text_content(None);
        put(&place, child);
    }));
}

/// What [`El::each`] shows for a key.
struct Shown {
    element: web_sys::Element,
    owner: Owner,
}

fn each(place: web_sys::Element, keys: Box<dyn Fn() -> Vec<u64>>, view: Box<dyn Fn(u64) -> El>) {
    let parent = Owner::current().unwrap_or_default();
    let mut shown: HashMap<u64, Shown> = HashMap::new();
    // An owner remembers every child that it ever had, so that a list whose elements come and go uses theirs again.
    let mut free: Vec<Owner> = Vec::new();
    follow(Box::new(move || {
        let keys = keys();
        let wanted: std::collections::HashSet<u64> = keys.iter().copied().collect();
        shown.retain(|key, old| {
            let stays = wanted.contains(key);
            if !stays {
                old.element.remove();
                old.owner.cleanup();
                free.push(old.owner.clone());
            }
            stays
        });
        let mut next: Option<web_sys::Element> = place.first_element_child();
        for key in keys {
            let element = match shown.get(&key) {
                Some(known) => known.element.clone(),
                None => {
                    let owner = free.pop().unwrap_or_else(|| parent.child());
                    let made = untrack(|| owner.with(|| view(key)));
                    shown.insert(key, Shown { element: made.0.clone(), owner });
                    made.0
                }
            };
            if next.as_ref() == Some(&element) {
                next = element.next_element_sibling();
            } else {
                done(place.insert_before(&element, next.as_deref()));
            }
        }
    }));
}

impl From<El> for Child {
    fn from(element: El) -> Self {
        Self::One(element.0.unchecked_into())
    }
}

impl From<Option<El>> for Child {
    fn from(element: Option<El>) -> Self {
        element.map_or(Self::None, Self::from)
    }
}

impl From<Vec<El>> for Child {
    fn from(elements: Vec<El>) -> Self {
        Self::Many(elements.into_iter().map(|element| element.0.unchecked_into()).collect())
    }
}

impl<const N: usize> From<[El; N]> for Child {
    fn from(elements: [El; N]) -> Self {
        Self::from(Vec::from(elements))
    }
}

impl From<&str> for Child {
    fn from(text: &str) -> Self {
        Self::One(document().create_text_node(text).unchecked_into())
    }
}

impl From<String> for Child {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}
