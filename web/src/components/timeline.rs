//! The waterfall: a tree of spans with bars, as an ARIA treegrid.
//!
//! The grid has the focus and names its active row; rows outside of the window are not in the page. Keys follow the ARIA
//! authoring practices for treegrids.

mod row;

use leptos::prelude::*;

use crate::components::tabs::FindBox;
use crate::components::virtual_rows::VirtualRows;
use crate::pages::story::state::StoryState;
use crate::strings;
use row::TimelineRow;

/// The id of the grid.
const GRID_ID: &str = "timeline-grid";

/// The tab's content.
#[component]
pub(crate) fn Timeline() -> impl IntoView {
    let state = expect_context::<StoryState>();
    let count = Signal::derive(move || state.visible.get().len());
    let rows = VirtualRows::of_component(count);
    state.rows.set(Some(rows));
    on_cleanup(move || {
        state.rows.try_set(None);
    });
    let window = rows.window();
    let each = move || {
        let (start, end) = window.get();
        let visible = state.visible.get();
        let generation = state.generation.get();
        let waterfall = state.waterfall.get();
        let shown = visible.iter().enumerate().skip(start).take(end - start);
        let keyed = shown.filter_map(|(place, row)| {
            let node = waterfall.nodes.get(*row)?;
            Some((place, *row, node.key, generation, state.is_folded(node.key, node.starts_folded)))
        });
        keyed.collect::<Vec<_>>()
    };
    // Only a row that is in the page can be named.
    let active_id = move || {
        let key = state.active.get()?;
        let (start, end) = window.get();
        let waterfall = state.waterfall.get();
        let visible = state.visible.get();
        let shown = visible.get(start..end.min(visible.len()))?;
        shown.iter().any(|row| waterfall.nodes.get(*row).is_some_and(|node| node.key == key)).then(|| row_id(key))
    };
    let is_empty = move || state.data.with(|data| data.as_ref().is_some_and(|data| data.view.spans.is_empty()));
    view! {
        <div class="panel-tools">
            <FindBox/>
            <label class="check">
                <input type="checkbox" prop:checked=move || state.grouped.get()
                    on:change=move |event| state.grouped.set(event_target_checked(&event))/>
                {strings::GROUP_REPEATS}
            </label>
            <button class="button" type="button" on:click=move |_| state.fold_all(false)>{strings::EXPAND_ALL}</button>
            <button class="button" type="button" on:click=move |_| state.fold_all(true)>{strings::COLLAPSE_ALL}</button>
        </div>
        <Show when=move || !is_empty() fallback=|| view! { <p class="list-empty muted">{strings::NO_SPANS}</p> }>
            <div id=GRID_ID class="timeline" role="treegrid" tabindex="0" aria-label=strings::TIMELINE_LABEL
                aria-rowcount=move || (count.get() + 1).to_string() aria-colcount="3"
                aria-activedescendant=active_id
                style=("--grid-step", move || grid_step(state))
                class:finding=move || state.matches.with(Option::is_some)
                on:keydown=move |event| on_key(state, rows, &event)>
                <div role="rowgroup" class="rows-head">
                    <div role="row" class="timeline-row timeline-head" aria-rowindex="1">
                        <span role="columnheader" class="cell-name">{strings::COLUMN_SPAN}</span>
                        <span role="columnheader" class="cell-time">{strings::COLUMN_TIME}</span>
                        <span role="columnheader" class="cell-bar axis"><Axis/></span>
                    </div>
                </div>
                <div class="rows-space" role="presentation" node_ref=rows.list style:height=rows.height()>
                    <div class="rows-shown" role="rowgroup" style:transform=rows.shift()>
                        <For each=each key=|item| *item
                            children=move |(place, row, _, _, _)| view! { <TimelineRow place row/> }/>
                    </div>
                </div>
            </div>
        </Show>
    }
}

/// Returns the element id of a row.
fn row_id(key: u64) -> String {
    format!("row-{key:x}")
}

/// The times along the top.
#[component]
fn Axis() -> impl IntoView {
    let state = expect_context::<StoryState>();
    let labels = move || {
        state.data.with(|data| {
            let ticks = data.as_ref().map(|data| data.ticks.clone()).unwrap_or_default();
            let labels = ticks.into_iter().map(|tick| {
                // A label at the right edge would stand outside.
                let class = if tick.at > 0.93 { "tick tick-last" } else { "tick" };
                view! { <span class=class style:left=format!("{:.3}%", tick.at * 100.0)>{tick.label}</span> }
            });
            labels.collect_view()
        })
    };
    view! { <span class="hidden">{strings::COLUMN_BAR}</span><span class="ticks" aria-hidden="true">{labels}</span> }
}

/// Returns the distance of the lines behind the bars.
fn grid_step(state: StoryState) -> String {
    let step = state.data.with(|data| data.as_ref().and_then(|data| data.ticks.get(1)).map(|tick| tick.at));
    format!("{:.4}%", step.filter(|step| *step > 0.0).unwrap_or(1.0) * 100.0)
}

/// Keys inside the grid; letters are the page's.
fn on_key(state: StoryState, rows: VirtualRows, event: &web_sys::KeyboardEvent) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    let page = isize::try_from(rows.page_rows()).unwrap_or(20);
    match event.key().as_str() {
        "ArrowDown" => state.step(1),
        "ArrowUp" => state.step(-1),
        "PageDown" => state.step(page),
        "PageUp" => state.step(-page),
        "Home" => state.step_to_end(false),
        "End" => state.step_to_end(true),
        "ArrowRight" => state.expand_or_enter(),
        "ArrowLeft" => state.collapse_or_leave(),
        "Enter" | " " => state.open_active(),
        _ => return,
    }
    event.prevent_default();
}
