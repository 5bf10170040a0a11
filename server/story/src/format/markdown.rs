//! The story for a ticket: Markdown that shows telemetry as text, never as markup.

use std::fmt::Write as _;

use telltale_api::story::{Fact, Phrase, Story};
use telltale_api::trace::TraceView;

use super::duration::duration;
use super::escape::{code_block, code_span, markdown_line};
use super::findings::{caveats, findings};
use super::number::{count, counted, percent};
use super::text::{figures, sign, what_happened};
use crate::story::Analysis;

/// Returns the story as Markdown: heading, verdict, caveats, facts, time, and the outline as a code block.
#[must_use]
pub fn markdown(story: &Story, view: &TraceView, analysis: &Analysis) -> String {
    let mut out = String::new();
    let status = story.status.as_deref().map(|status| format!(" · {}", markdown_line(status))).unwrap_or_default();
    let title = markdown_line(&story.title);
    put(&mut out, &format!("### {} {title}{status} · {}", sign(story.outcome), duration(story.duration_ns.0)));
    put(&mut out, &format!("{} · {}", code_span(&story.trace_id), markdown_line(&figures(story))));
    put(&mut out, &story.verdict.iter().map(phrase).collect::<String>());
    list(&mut out, caveats(story).map(|chip| format!("⚠ {}", markdown_line(&chip.text))));
    facts(&mut out, &story.facts);
    time(&mut out, story);
    for (heading, sentences) in findings(story) {
        put(&mut out, &format!("**{heading}**"));
        list(&mut out, sentences.iter().map(|sentence| markdown_line(sentence)));
    }
    let mut outline = String::new();
    what_happened(&mut outline, story, view, analysis);
    let body = outline.trim_start().split_once('\n').map_or("", |(_heading, body)| body);
    if !body.is_empty() {
        put(&mut out, "**What happened**");
        out.push_str(&code_block(body));
    }
    out
}

/// Returns the facts alone as Markdown, for a reader who wants who, what and which version without the story.
#[must_use]
pub fn facts_markdown(story: &Story) -> String {
    let mut out = String::new();
    put(&mut out, &format!("{} · {}", markdown_line(&story.title), code_span(&story.trace_id)));
    facts(&mut out, &story.facts);
    out
}

/// Appends a paragraph.
fn put(out: &mut String, text: &str) {
    out.push_str(text);
    out.push_str("\n\n");
}

/// Appends a list and a blank line, or nothing.
fn list(out: &mut String, items: impl Iterator<Item = String>) {
    let before = out.len();
    for item in items {
        let _infallible = writeln!(out, "- {item}");
    }
    if out.len() > before {
        out.push('\n');
    }
}

/// Bold words that keep their spaces outside, since Markdown ignores stars beside spaces.
fn phrase(phrase: &Phrase) -> String {
    let words = phrase.text.trim();
    if !phrase.strong || words.is_empty() {
        return markdown_line(&phrase.text);
    }
    format!("**{}**", markdown_line(words))
}

fn facts(out: &mut String, facts: &[Fact]) {
    if facts.is_empty() {
        return;
    }
    put(out, "**Facts**");
    let (recorded, missing): (Vec<&Fact>, Vec<&Fact>) = facts.iter().partition(|fact| !fact.values.is_empty());
    for fact in &recorded {
        let label = markdown_line(&fact.label);
        if fact.view == "text" {
            let _infallible = writeln!(out, "- {label}: {}", values(fact));
            continue;
        }
        let _infallible = writeln!(out, "- {label}:\n");
        for value in &fact.values {
            for line in code_block(&value.value).lines() {
                let _infallible = writeln!(out, "  {line}");
            }
            out.push('\n');
        }
        if fact.left_out > 0 {
            let _infallible = writeln!(out, "  and {} more\n", count(fact.left_out));
        }
    }
    if !missing.is_empty() {
        let told: Vec<String> = missing
            .iter()
            .map(|fact| format!("{} ({})", markdown_line(&fact.label), code_span(&fact.expected_key)))
            .collect();
        let _infallible = writeln!(out, "- Not recorded: {}", told.join(", "));
    }
    out.push('\n');
}

/// Returns the values of a fact as code spans, each with its service when several services give one.
fn values(fact: &Fact) -> String {
    let several = fact.values.windows(2).any(|pair| matches!(pair, [a, b] if a.service_name != b.service_name));
    let told = fact.values.iter().map(|value| match &value.service_name {
        Some(service) if several => format!("{} ({})", code_span(&value.value), markdown_line(service)),
        _ => code_span(&value.value),
    });
    let mut told: Vec<String> = told.collect();
    if fact.left_out > 0 {
        told.push(format!("and {} more", count(fact.left_out)));
    }
    told.join(", ")
}

fn time(out: &mut String, story: &Story) {
    if story.time_by_service.is_empty() {
        return;
    }
    put(out, "**Where the time went** (self time)");
    let told = story.time_by_service.iter().map(|service| {
        let name = service.service_name.as_deref().map_or_else(|| "(no service.name)".to_owned(), code_span);
        let own = duration(service.self_time_ns.0);
        format!("{name}: {own}, {}, {}", percent(service.share_permille), counted(service.span_count, "span"))
    });
    list(out, told);
}
