//! The whole story, as only the server tells it: with what the store knows of other traces and with query plans read.
//! A browser asks for it, so that none of this is in its download.

#[cfg(test)]
mod tests;

use telltale_api::story::{Chip, Fact, Story, StoryPlan};
use telltale_api::trace::TraceView;

use super::fact_config::FactConfig;
use super::unusual::{Baselines, unusual};
use super::{Analysis, gaps, repeats};
use crate::limits::{CHIP_SPANS, STORY_PLANS};
use crate::plan;

/// Tells everything about a trace: what [`super::tell`] does, and gaps, repetitions, unusual spans and plans.
#[must_use]
pub fn tell_in_full(view: &TraceView, config: &FactConfig, baselines: &Baselines) -> Story {
    let analysis = Analysis::new(view);
    let story = tell_head_in_full(view, &analysis, config, baselines);
    Story { entries: super::entries(view, &analysis), ..story }
}

/// Tells the same without the list of entries, which is as long as the trace: for those who make it themselves or need none.
#[must_use]
pub fn tell_head_in_full(view: &TraceView, analysis: &Analysis, config: &FactConfig, baselines: &Baselines) -> Story {
    let mut story = super::head(view, analysis, config);
    story.gaps = gaps::gaps(view, analysis);
    story.repeats = repeats::repeats(view, analysis);
    story.usual = baselines.usual();
    story.unusual = unusual(view, &story.usual);
    story.plans = plans(&story.facts);
    let chips: Vec<Chip> = [n_plus_one(&story), unusual_chip(&story)].into_iter().flatten().collect();
    story.chips.extend(chips);
    story
}

fn n_plus_one(story: &Story) -> Option<Chip> {
    let found: Vec<_> = story.repeats.iter().filter(|repeat| repeat.is_n_plus_one).collect();
    let text = format!("N+1: {}", found.first()?.text);
    let span_ids = found.iter().take(CHIP_SPANS).map(|repeat| repeat.span_id.clone()).collect();
    Some(Chip { code: "n_plus_one".to_owned(), text, span_ids, clocks: Vec::new() })
}

fn unusual_chip(story: &Story) -> Option<Chip> {
    let text = story.unusual.first()?.text.clone();
    let span_ids = story.unusual.iter().take(CHIP_SPANS).map(|unusual| unusual.span_id.clone()).collect();
    Some(Chip { code: "unusual".to_owned(), text, span_ids, clocks: Vec::new() })
}

/// Reads the plans among the facts, at most [`STORY_PLANS`] of them.
fn plans(facts: &[Fact]) -> Vec<StoryPlan> {
    let values = facts.iter().filter(|fact| fact.view == "plan" && !fact.is_redacted).flat_map(|fact| &fact.values);
    let read = values.take(STORY_PLANS).map(|value| StoryPlan {
        span_id: value.span_id.clone(),
        key: value.key.clone(),
        plan: plan::parse(&value.value),
    });
    read.collect()
}
