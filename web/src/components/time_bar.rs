//! Where the time went: one bar by service, and the operations with the most self time.

use leptos::prelude::*;

use crate::components::bits::{ServiceChip, service_name};
use crate::components::verdict::span_link;
use crate::pages::story::state::StoryState;
use crate::{format, strings};

/// The section.
#[component]
pub(crate) fn TimeBar() -> impl IntoView {
    let state = expect_context::<StoryState>();
    move || {
        let data = state.data.get()?;
        if data.story.time_by_service.is_empty() {
            return None;
        }
        let palette = state.waterfall.get().palette.clone();
        let pieces = data.story.time_by_service.iter().map(|time| {
            let look = palette.look(time.service_name.as_deref());
            let class = format!("time-piece {}", look.class);
            let width = format!("{}.{}%", time.share_permille / 10, time.share_permille % 10);
            view! { <span class=class style:width=width></span> }
        });
        let legend = data.story.time_by_service.iter().map(|time| {
            let look = palette.look(time.service_name.as_deref());
            let name = service_name(&look.name);
            let errors = (time.error_count > 0)
                .then(|| view! { <span class="danger-text">{format::counted(time.error_count, "error")}</span> });
            view! {
                <li>
                    <ServiceChip look/>
                    <span aria-hidden="true">{name}</span>
                    <span class="num">{format::permille(time.share_permille)}</span>
                    <span class="muted num">{format::duration(time.self_time_ns.0)}</span>
                    {errors}
                </li>
            }
        });
        let operations = data.story.time_by_operation.iter().map(|time| {
            let look = palette.look(time.service_name.as_deref());
            view! {
                <li>
                    <span class="num op-time">{format::duration(time.self_time_ns.0)}</span>
                    <ServiceChip look/>
                    {span_link(state, time.span_id.clone(), "op-name", time.name.clone())}
                    {(time.span_count > 1).then(|| view! { <span class="muted num">{strings::times(time.span_count)}</span> })}
                </li>
            }
        });
        Some(view! {
            <section class="time" aria-labelledby="time-title">
                <h2 id="time-title">{strings::TIME_TITLE}</h2>
                <div class="time-body">
                    <div class="time-services">
                        <div class="time-bar" aria-hidden="true">{pieces.collect_view()}</div>
                        <ul class="time-legend">{legend.collect_view()}</ul>
                    </div>
                    <ol class="time-operations" aria-label=strings::OPERATIONS_LABEL>{operations.collect_view()}</ol>
                </div>
            </section>
        })
    }
}
