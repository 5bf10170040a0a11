//! The views of a story, the tools that several of them share, and the way from the root to the open span.

use leptos::prelude::*;

use crate::dom::{El, el, sign, text_el};
use crate::pages::story::state::StoryState;
use crate::route::Tab;
use crate::{format, strings};

/// The tabs, with counts.
pub(crate) fn story_tabs(state: StoryState) -> El {
    let chosen = Memo::new(move |_| state.view.with(|view| view.tab));
    let count_of = move |tab: Tab| {
        let structure = state.trace.get().map(|trace| trace.structure.clone());
        let count = match (tab, structure) {
            (Tab::Timeline, Some(structure)) => structure.meta.span_count,
            (Tab::List, Some(structure)) => {
                let notes = structure.events.row.len() + structure.logs.row.len();
                structure.meta.span_count + u64::try_from(notes).unwrap_or_default()
            }
            (Tab::Errors, _) => match state.story.get() {
                Some(Ok(story)) => story.counts.errors,
                _ => return String::new(),
            },
            _ => return String::new(),
        };
        format::count(count)
    };
    let tabs = Tab::ALL.into_iter().enumerate().map(|(index, tab)| {
        let is_chosen = move || chosen.get() == tab;
        text_el("button", "tab", &format!("{} ", strings::tab_name(tab)))
            .id(&format!("tab-{}", tab.word()))
            .attr("type", "button")
            .attr("role", "tab")
            .attr("aria-controls", "story-panel")
            .dyn_attr("aria-selected", move || Some(is_chosen().to_string()))
            .dyn_attr("tabindex", move || Some(if is_chosen() { "0" } else { "-1" }.to_owned()))
            .on_click(move || state.show_tab(tab))
            .on_key(move |event| {
                let step = match event.key().as_str() {
                    "ArrowRight" => 1,
                    "ArrowLeft" => Tab::ALL.len() - 1,
                    _ => return,
                };
                event.prevent_default();
                if let Some(next) = Tab::ALL.get((index + step) % Tab::ALL.len()) {
                    state.show_tab(*next);
                    crate::keys::focus(&format!("tab-{}", next.word()));
                }
            })
            .add(el("span").class("tab-count").dyn_text(move || count_of(tab)))
    });
    el("div").class("tabs story-tabs").attr("role", "tablist").label(strings::TABS_LABEL).add_all(tabs)
}

/// Finds a text in spans, attributes, events and log records.
pub(crate) fn find_box(state: StoryState) -> El {
    let result = move || match state.found.get() {
        None => String::new(),
        Some(found) if found.rows.is_empty() && found.logs.is_empty() => strings::NO_MATCH.to_owned(),
        Some(found) => strings::matches(found.rows.len().max(found.logs.len())),
    };
    let step = move |name: &str, mark: &str, forward: bool| {
        el("button")
            .class("icon-button")
            .attr("type", "button")
            .named(name)
            .on_click(move || state.next_match(forward))
            .add(sign(mark))
    };
    let finding = Memo::new(move |_| state.found.with(Option::is_some));
    let buttons = move || {
        if !finding.get() {
            return Vec::new();
        }
        let hide = text_el("button", "button", strings::HIDE_OTHERS)
            .attr("type", "button")
            .dyn_attr("aria-pressed", move || Some(state.view.with(|view| view.hide).to_string()))
            .on_click(move || state.change(|view| view.hide = !view.hide));
        vec![step(strings::PREVIOUS_MATCH, "‹", false), step(strings::NEXT_MATCH, "›", true), hide]
    };
    let field = el("input")
        .id(strings::FIND_ID)
        .class("find-input")
        .attr("type", "search")
        .attr("autocomplete", "off")
        .attr("spellcheck", "false")
        .attr("placeholder", strings::FIND_PLACEHOLDER)
        .label(strings::FIND_PLACEHOLDER)
        .dyn_value(move || state.view.with(|view| view.find.clone()))
        .on_input(move |text| state.change(|view| view.find = text))
        .on_key(move |event| {
            if event.key() == "Enter" {
                event.prevent_default();
                state.next_match(!event.shift_key());
            }
        });
    el("div").class("find").attr("role", "search").label(strings::FIND_PLACEHOLDER).add([
        field,
        el("span").class("find-result muted").attr("aria-live", "polite").dyn_text(result),
        el("span").class("find-buttons").children(buttons),
    ])
}

/// A box that switches something of the view.
pub(crate) fn switch(words: &str, is_on: impl Fn() -> bool + 'static, act: impl Fn(bool) + 'static) -> El {
    let field = el("input").attr("type", "checkbox").dyn_checked(is_on).on_check(act);
    el("label").class("check").add(field).text(words)
}

/// The switch that puts list and waterfall side by side.
pub(crate) fn split_switch(state: StoryState) -> El {
    let is_on = move || state.view.with(|view| view.split && view.tab == Tab::Timeline);
    switch(strings::SIDE_BY_SIDE, is_on, move |on| state.set_split(on)).attr("title", strings::SIDE_BY_SIDE_HELP)
}

/// The switch for errors alone.
pub(crate) fn errors_switch(state: StoryState) -> El {
    switch(
        strings::ERRORS_ONLY,
        move || state.view.with(|view| view.errors),
        move |on| state.change(|view| view.errors = on),
    )
}

/// The way from the root to the open span, and what the view is cut to.
pub(crate) fn crumbs(state: StoryState) -> El {
    let cut = Memo::new(move |_| state.view.with(|view| (view.root.clone(), view.zoom)));
    let way = move || {
        let trace = state.trace.get()?;
        let row = trace.structure.row_of_hex(&state.open_span.get()?)?;
        let rows = &trace.structure.rows;
        let mut way: Vec<u32> = rows.ancestors(row).filter(|row| !rows.is_missing(*row)).collect();
        way.reverse();
        let links = way.into_iter().map(|row| {
            let id = trace.structure.id_hex(row);
            el("li").add(crate::components::verdict::span_link(state, &id, "crumb", trace.structure.name(row)))
        });
        let here = text_el("span", "", trace.structure.name(row)).attr("aria-current", "true");
        let list = el("ol").class("crumbs").add_all(links).add(el("li").add(here));
        Some(el("nav").label(strings::CRUMBS_LABEL).add(list))
    };
    let narrowed = move || {
        let (root, zoom) = cut.get();
        let name = root.as_ref().and_then(|id| {
            let trace = state.trace.get()?;
            let row = trace.structure.row_of_hex(id)?;
            Some(strings::rooted_at(trace.structure.name(row)))
        });
        let zoomed = zoom.map(|(from, to)| strings::zoomed_to(&format::offset(from), &format::offset(to)));
        let words = [name, zoomed].into_iter().flatten().collect::<Vec<_>>().join(" · ");
        (!words.is_empty()).then(|| {
            let whole = text_el("button", "button", strings::SHOW_ALL)
                .attr("type", "button")
                .on_click(move || state.change(|view| (view.root, view.zoom) = (None, None)));
            el("p").class("narrowed").text(&words).add(whole)
        })
    };
    el("div").class("crumbs-place").add([el("div").children(way), el("div").children(narrowed)])
}
