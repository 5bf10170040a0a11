//! Query plans that changed: the same operation, other steps.

use telltale_api::diff::PlanChange;
use telltale_api::plan::PlanView;

use super::tree::Node;
use crate::limits::STORY_PLANS;
use crate::plan::parse;
use crate::story::{FactConfig, FactView, key_fits};

/// Returns the plans that differ in their steps, at most [`STORY_PLANS`].
pub(super) fn changes(matched: &[(&Node<'_>, &Node<'_>)], config: &FactConfig) -> Vec<PlanChange> {
    let rules = config.facts.iter().filter(|rule| rule.view == FactView::Plan && !rule.redact);
    let patterns: Vec<&str> = rules.flat_map(|rule| &rule.keys).map(String::as_str).collect();
    let pairs = matched.iter().filter_map(|(a, b)| Some((*b, plan(a, &patterns)?, plan(b, &patterns)?)));
    let changed = pairs.filter_map(|(node, a, b)| {
        let (steps_a, steps_b) = (steps(&a), steps(&b));
        let at = steps_a
            .iter()
            .zip(&steps_b)
            .position(|(a, b)| a != b)
            .or_else(|| (steps_a.len() != steps_b.len()).then(|| steps_a.len().min(steps_b.len())))?;
        let step = |steps: &[String]| steps.get(at).cloned().unwrap_or_else(|| "nothing".to_owned());
        let text = format!("{} became {}", step(&steps_a), step(&steps_b));
        let service = node.key.service.map(|service| format!("{service} › ")).unwrap_or_default();
        Some(PlanChange { operation: format!("{service}{}", node.key.name), text, a, b })
    });
    changed.take(STORY_PLANS).collect()
}

/// Reads the first plan that a node's spans or their events carry.
fn plan(node: &Node<'_>, patterns: &[&str]) -> Option<PlanView> {
    let rows = node.members.iter().flat_map(|member| {
        let events = member.span.events.iter().flat_map(|event| &event.attributes);
        member.span.attributes.iter().chain(events)
    });
    let text = rows.filter(|row| patterns.iter().any(|pattern| key_fits(pattern, &row.key))).map(|row| &row.value);
    text.map(|text| parse(text)).find(|plan| !plan.nodes.is_empty())
}

/// Returns each step in words, without costs and times.
fn steps(plan: &PlanView) -> Vec<String> {
    let step = |node: &telltale_api::plan::PlanNode| match &node.target {
        Some(target) => format!("{} on {target}", node.name),
        None => node.name.clone(),
    };
    plan.nodes.iter().map(step).collect()
}
