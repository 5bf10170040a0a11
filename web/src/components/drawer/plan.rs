//! A query plan as a tree, with what costs most marked.

use telltale_api::plan::{PlanNode, PlanView};

use crate::dom::{El, el, hidden, sign, text_el};
use crate::{format, strings};

/// Operators that are shown before a click asks for all; the worst one and the way to it are always among them.
const SHORT_NODES: usize = 8;

/// The plan; `short` leaves the further statements of each operator out.
pub(crate) fn plan_el(plan: &PlanView, short: bool) -> El {
    if plan.nodes.is_empty() {
        return el("pre").attr("tabindex", "0").add(text_el("code", "", &plan.text));
    }
    let worst = plan.worst.and_then(|worst| usize::try_from(worst).ok());
    let shown = |place: usize| !short || place < SHORT_NODES || worst.is_some_and(|worst| place <= worst);
    let nodes = plan.nodes.iter().enumerate().filter(|(place, _)| shown(*place));
    let items = nodes.map(|(place, node)| node_el(plan, node, worst == Some(place), short));
    let list = el("ol").class("plan").label(&strings::plan_label(&plan.label)).add_all(items);
    let left = plan.nodes.len() - (0..plan.nodes.len()).filter(|place| shown(*place)).count();
    let mut parts = Vec::new();
    if let Some(total) = plan.total_time_ns {
        parts.push(strings::plan_total(&format::duration(total.0)));
    }
    if left > 0 {
        parts.push(strings::plan_left(left));
    }
    parts.extend(plan.notes.iter().filter(|_| !short).cloned());
    let notes = (!parts.is_empty()).then(|| text_el("p", "muted plan-notes", &parts.join(" · ")));
    let whole = (!short).then(|| {
        let text = el("pre").attr("tabindex", "0").add(text_el("code", "", &plan.text));
        el("details").add([text_el("summary", "", strings::PLAN_TEXT), text])
    });
    el("div").class("plan-place").add(list).add(notes).add(whole)
}

fn node_el(plan: &PlanView, node: &PlanNode, is_worst: bool, short: bool) -> El {
    let mut numbers = Vec::new();
    if let Some(rows) = node.rows {
        numbers.push(strings::plan_rows(&format::count(rows), node.rows_estimated.map(format::count).as_deref()));
    } else if let Some(rows) = node.rows_estimated {
        numbers.push(strings::plan_rows_estimated(&format::count(rows)));
    }
    if let Some(loops) = node.loops.filter(|loops| *loops > 1) {
        numbers.push(strings::times(loops));
    }
    if let Some(time) = node.self_time_ns.or(node.time_ns) {
        numbers.push(format::duration(time.0));
    }
    if let Some(cost) = &node.cost {
        numbers.push(strings::plan_cost(cost));
    }
    let name = el("p")
        .class("plan-name")
        .add(is_worst.then(|| el("span").class("plan-worst-sign").add([sign("▲ "), hidden(strings::PLAN_WORST)])))
        .add(text_el("strong", "", &node.name))
        .add(node.target.as_ref().map(|target| text_el("span", "plan-target", target)))
        .add(text_el("span", "muted num", &numbers.join(" · ")))
        .add(node.misestimate.map(|factor| text_el("span", "tag tag-warn", &strings::misestimate(factor))));
    let width = format!("{}.{}%", node.share_permille / 10, node.share_permille % 10);
    let share = el("span").class("plan-share").attr("aria-hidden", "true").add(el("span").style("width", &width));
    let reason = plan.worst_reason.as_ref().filter(|_| is_worst);
    let details = node.details.iter().filter(|_| !short).map(|detail| {
        let key = if detail.key.is_empty() { String::new() } else { format!("{}: ", detail.key) };
        text_el("p", "plan-detail", &format!("{key}{}", detail.value))
    });
    el("li")
        .class(if is_worst { "plan-node plan-worst" } else { "plan-node" })
        .style("padding-left", &format!("{}px", 8 + node.depth.min(24) * 14))
        .add([name, share])
        .add(reason.map(|reason| text_el("p", "warn-text", reason)))
        .add_all(details)
}
