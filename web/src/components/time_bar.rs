//! Where the time went: one bar by service, the operations with the most self time, gaps and what is unusual.

use leptos::prelude::*;
use telltale_api::story::{OperationTime, Story};

use crate::components::bits::{service_chip, service_name};
use crate::components::verdict::span_link;
use crate::dom::{El, el, sign, text_el};
use crate::pages::story::state::StoryState;
use crate::{format, strings};

/// The section.
pub(crate) fn time_bar(state: StoryState, story: &Story) -> Option<El> {
    if story.time_by_service.is_empty() {
        return None;
    }
    let palette = state.trace.get_untracked()?.palette.clone();
    let pieces = story.time_by_service.iter().map(|time| {
        let look = palette.look(time.service_name.as_deref());
        let width = format!("{}.{}%", time.share_permille / 10, time.share_permille % 10);
        el("span").class(&format!("time-piece {}", look.class)).style("width", &width)
    });
    let legend = story.time_by_service.iter().map(|time| {
        let look = palette.look(time.service_name.as_deref());
        let errors = format::counted(time.error_count, "error");
        el("li")
            .add([
                service_chip(&look),
                sign(&service_name(&look.name)),
                text_el("span", "num", &format::permille(time.share_permille)),
                text_el("span", "muted num", &format::duration(time.self_time_ns.0)),
            ])
            .add((time.error_count > 0).then(|| text_el("span", "danger-text", &errors)))
    });
    let operations = story.time_by_operation.iter().map(|time| {
        let look = palette.look(time.service_name.as_deref());
        el("li")
            .add([
                text_el("span", "num op-time", &format::duration(time.self_time_ns.0)),
                service_chip(&look),
                span_link(state, &time.span_id, "op-name", &time.name),
            ])
            .add((time.span_count > 1).then(|| text_el("span", "muted num", &strings::times(time.span_count))))
            .add(usual(story, time))
    });
    let body = el("div").class("time-body").add([
        el("div").class("time-services").add([
            el("div").class("time-bar").attr("aria-hidden", "true").add_all(pieces),
            el("ul").class("time-legend").add_all(legend),
        ]),
        el("ol").class("time-operations").label(strings::OPERATIONS_LABEL).add_all(operations),
    ]);
    let section = el("section").class("time").attr("aria-labelledby", "time-title");
    let section = section.add(text_el("h2", "", strings::TIME_TITLE).id("time-title")).add(body);
    Some(section.add(findings(state, story)))
}

/// What is usual for an operation in this store.
fn usual(story: &Story, time: &OperationTime) -> Option<El> {
    let mut known = story.usual.iter();
    let usual = known.find(|usual| usual.name == time.name && usual.service_name == time.service_name)?;
    let words = strings::usual(&format::duration(usual.p50_ns.0), &format::duration(usual.p95_ns.0));
    Some(text_el("span", "muted num op-usual", &words).attr("title", &strings::usual_of(&format::count(usual.count))))
}

/// Gaps, repeats and unusual spans, in words with a link each.
fn findings(state: StoryState, story: &Story) -> Option<El> {
    let gaps = story.gaps.iter().map(|gap| (&gap.span_id, &gap.text));
    let repeats = story.repeats.iter().map(|repeat| (&repeat.span_id, &repeat.text));
    let unusual = story.unusual.iter().map(|unusual| (&unusual.span_id, &unusual.text));
    let all: Vec<El> = gaps
        .chain(repeats)
        .chain(unusual)
        .map(|(span_id, text)| el("li").add(span_link(state, span_id, "finding", text)))
        .collect();
    (!all.is_empty()).then(|| el("ul").class("findings").label(strings::FINDINGS_LABEL).add(all))
}
