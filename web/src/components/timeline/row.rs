//! One row of the waterfall: name, duration, bar with its ticks.

use leptos::prelude::*;
use leptos::tachys::html::attribute::custom::custom_attribute;
use telltale_api::trace::SpanRow;
use telltale_model::SpanKind;

use super::row_id;
use crate::components::bits::ServiceChip;
use crate::pages::story::data::StoryData;
use crate::pages::story::state::StoryState;
use crate::shared::Shared;
use crate::waterfall::marks::{MarkLook, marks};
use crate::waterfall::{Node, NodeKind, Waterfall};
use crate::{format, strings};

/// Indentation of a level, and the deepest level that is indented: deeper ones would leave no room for names.
const INDENT_PX: usize = 14;
const INDENTED_LEVELS: usize = 16;

/// The row.
#[component]
pub(crate) fn TimelineRow(
    /// Its place among the visible rows.
    place: usize,
    /// Its place in the waterfall.
    row: usize,
) -> impl IntoView {
    let state = expect_context::<StoryState>();
    let waterfall = state.waterfall.get_untracked();
    let data = state.data.get_untracked()?;
    let node = waterfall.nodes.get(row)?.clone();
    let key = node.key;
    let span = match node.kind {
        NodeKind::Span(index) | NodeKind::Group { first: index, .. } => data.view.spans.get(index).cloned(),
        NodeKind::Missing(_) => None,
    };
    let span_id = match node.kind {
        NodeKind::Span(_) => span.as_ref().map(|span| span.span_id.clone()),
        _ => None,
    };
    let opened = Memo::new(move |_| span_id.is_some() && state.nav.route().span_id() == span_id.as_deref());
    let index = if let NodeKind::Span(index) = node.kind { Some(index) } else { None };
    let matched =
        move || index.is_some_and(|index| state.matches.with(|m| m.as_ref().is_some_and(|m| m.spans.contains(&index))));
    let folded = state.is_folded(key, node.starts_folded);
    let expanded = (node.children > 0).then(|| (!folded).to_string());
    let name = name_cell(state, &node, span.as_ref(), &waterfall, folded);
    let time = time_text(&node);
    let bar = bar_cell(&node, span.as_ref(), &waterfall, &data);
    Some(view! {
        <div class="timeline-row" role="row" id=row_id(key)
            class:row-active=move || state.active.get() == Some(key)
            class:row-open=move || opened.get()
            class:row-match=matched
            class:row-error=node.is_error
            class:row-missing=matches!(node.kind, NodeKind::Missing(_))
            aria-rowindex=(place + 2).to_string()
            {..custom_attribute("aria-level", (node.depth + 1).to_string())}
            aria-posinset=node.position.to_string() aria-setsize=node.set_size.to_string()
            aria-expanded=expanded
            aria-selected=move || opened.get().to_string()
            on:click=move |_| state.open_row(row)>
            {name}
            <span role="gridcell" class="cell-time num">{time}</span>
            {bar}
        </div>
    })
}

fn name_cell(
    state: StoryState,
    node: &Node,
    span: Option<&SpanRow>,
    waterfall: &Waterfall,
    folded: bool,
) -> impl IntoView + use<> {
    let indent = format!("{}px", node.depth.min(INDENTED_LEVELS) * INDENT_PX);
    let key = node.key;
    let twisty = (node.children > 0).then(|| {
        view! {
            <span class="twisty" class:twisty-folded=folded aria-hidden="true"
                on:click=move |event| {
                    event.stop_propagation();
                    state.set_folded(key, !folded);
                }></span>
        }
    });
    let look = span.map(|span| waterfall.palette.look(span.service_name.as_deref()));
    let below = (folded && node.descendants > 0).then(|| strings::folded_below(node.descendants, node.errors_below));
    let text = match &node.kind {
        NodeKind::Missing(id) => strings::missing_parent(id),
        _ => span.map(|span| span.name.clone()).unwrap_or_default(),
    };
    let repeats = match node.kind {
        NodeKind::Group { count, sum_ns, .. } => Some(strings::repeats(count, &format::duration(sum_ns))),
        _ => None,
    };
    let deep =
        (node.depth > INDENTED_LEVELS).then(|| view! { <span class="tag">{strings::level(node.depth + 1)}</span> });
    view! {
        <span role="gridcell" class="cell-name" style:padding-left=indent>
            <span class="twisty-place">{twisty}</span>
            {look.map(|look| view! { <ServiceChip look/> })}
            {deep}
            <span class="row-name" title=text.clone()>{text.clone()}</span>
            {node.is_error.then(|| view! { <span class="row-failed"><span aria-hidden="true">"✖ "</span>{strings::ERROR_WORD}</span> })}
            {repeats.map(|words| view! { <span class="tag">{words}</span> })}
            {below.filter(|_| !matches!(node.kind, NodeKind::Group { .. })).map(|words| view! { <span class="row-below">{words}</span> })}
        </span>
    }
}

fn time_text(node: &Node) -> String {
    match node.kind {
        NodeKind::Missing(_) => "–".to_owned(),
        NodeKind::Span(_) | NodeKind::Group { .. } => format::duration(node.duration_ns),
    }
}

fn bar_cell(node: &Node, span: Option<&SpanRow>, waterfall: &Shared<Waterfall>, data: &Shared<StoryData>) -> AnyView {
    let Some(span) = span else {
        return view! { <span role="gridcell" class="cell-bar"><span class="hidden">{strings::NOT_ARRIVED}</span></span> }.into_any();
    };
    let left = waterfall.percent(node.offset_ns);
    let width = (waterfall.percent(node.offset_ns.saturating_add(node.duration_ns)) - left).max(0.0);
    let class = format!("bar {}", waterfall.palette.look(span.service_name.as_deref()).class);
    let critical = match node.kind {
        NodeKind::Span(index) => data.critical.get(&index).cloned().unwrap_or_default(),
        _ => Vec::new(),
    };
    let on_path = !critical.is_empty();
    let place = |nanos: u64| {
        waterfall.percent(i64::try_from(nanos.saturating_sub(waterfall.start_unix_nano)).unwrap_or(i64::MAX))
    };
    let lines = critical.iter().map(|(start, end)| {
        let from = place(*start);
        let style = (format!("{from:.3}%"), format!("{:.3}%", (place(*end) - from).max(0.0)));
        view! { <span class="critical" style:left=style.0 style:width=style.1></span> }
    });
    let ticks = match node.kind {
        NodeKind::Span(_) => marks(span, data.logs_of(&span.span_id).map(|(_, log)| log), place),
        _ => Vec::new(),
    };
    let ticks = ticks.into_iter().map(|mark| {
        let class = match mark.look {
            MarkLook::Log => "mark",
            MarkLook::Event => "mark mark-event",
            MarkLook::Warn => "mark mark-warn",
            MarkLook::Error => "mark mark-error",
        };
        view! { <span class=class style:left=format!("{:.3}%", mark.percent)></span> }
    });
    let words = strings::bar_words(
        &format::offset(node.offset_ns),
        &format::duration(node.duration_ns),
        &format::permille(share(node.duration_ns, waterfall.duration_ns)),
        SpanKind::from_otlp(span.kind).name(),
        on_path,
    );
    view! {
        <span role="gridcell" class="cell-bar" title=words.clone()>
            <span class="hidden">{words.clone()}</span>
            <span class="bar-area" aria-hidden="true">
                <span class=class style:left=format!("{left:.3}%") style:width=format!("{width:.3}%")></span>
                {lines.collect_view()}
                {ticks.collect_view()}
            </span>
        </span>
    }
    .into_any()
}

fn share(part: i64, whole: i64) -> u32 {
    let permille = i128::from(part.max(0)) * 1_000 / i128::from(whole.max(1));
    u32::try_from(permille).unwrap_or(1_000)
}
