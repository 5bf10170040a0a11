//! What the server found beyond verdict and facts, as lists of sentences: gaps, repetitions, unusual spans, plans.

use telltale_api::story::{Chip, Story, StoryPlan};

/// A heading with its sentences.
pub(super) type Finding = (&'static str, Vec<String>);

/// Returns what was found; headings without sentences are left out.
pub(super) fn findings(story: &Story) -> Vec<Finding> {
    let all = [
        ("Gaps", story.gaps.iter().map(|gap| gap.text.clone()).collect()),
        ("Again and again", story.repeats.iter().map(|repeat| first_upper(&repeat.text)).collect()),
        ("Unusual", story.unusual.iter().map(|unusual| unusual.text.clone()).collect()),
        ("Query plans", story.plans.iter().filter_map(plan).collect::<Vec<_>>()),
    ];
    all.into_iter().filter(|(_heading, sentences)| !sentences.is_empty()).collect()
}

/// Returns the caveats that are not told again below.
pub(super) fn caveats(story: &Story) -> impl Iterator<Item = &Chip> {
    story.chips.iter().filter(|chip| !matches!(chip.code.as_str(), "n_plus_one" | "unusual"))
}

/// `PostgreSQL EXPLAIN, text: Seq Scan on readings: 91 % of the time (1.82 s) is spent here`.
fn plan(plan: &StoryPlan) -> Option<String> {
    let view = &plan.plan;
    let worst = view.worst.and_then(|worst| view.nodes.get(usize::try_from(worst).ok()?))?;
    let target = worst.target.as_deref().map(|target| format!(" on {target}")).unwrap_or_default();
    Some(format!("{}{target} ({}): {}", worst.name, view.label, view.worst_reason.as_deref()?))
}

fn first_upper(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
