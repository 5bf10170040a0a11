//! What a reader wants first: how it ended, what to know before believing it, the facts, where the time went.

use std::fmt::Write as _;

use telltale_api::story::{Fact, Outcome, Story};
use telltale_story::format::duration;
use telltale_story::format::number::{counted, percent};
use telltale_story::format::time::date_time;

use super::Page;
use super::markup::text;
use super::rows::palette;

pub(super) fn card(out: &mut String, page: &Page<'_>) {
    let story = page.story;
    title(out, story);
    out.push_str("<p class=\"verdict\">");
    for phrase in &story.verdict {
        let words = text(&phrase.text);
        let words = if phrase.strong { format!("<strong>{words}</strong>") } else { words };
        match phrase.span_id.as_deref().filter(|_| !phrase.text.trim().is_empty()) {
            Some(id) => _ = write!(out, "<a href=\"#s-{}\">{words}</a>", text(id)),
            None => out.push_str(&words),
        }
    }
    out.push_str("</p>\n");
    if !story.chips.is_empty() {
        out.push_str("<ul class=\"chips\">");
        for chip in &story.chips {
            let _infallible = write!(out, "<li>{}</li>", text(&chip.text));
        }
        out.push_str("</ul>\n");
    }
    if !page.notes.is_empty() {
        out.push_str("<ul class=\"notes muted\">");
        for note in page.notes {
            let _infallible = write!(out, "<li>{}</li>", text(note));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("<div class=\"cards\">\n");
    facts(out, &story.facts);
    time(out, page);
    out.push_str("</div>\n");
}

fn title(out: &mut String, story: &Story) {
    let (sign, word, class) = match story.outcome {
        Outcome::Ok => ("✓", "ok", "ok"),
        Outcome::Failed => ("✗", "failed", "bad"),
        Outcome::Recovered => ("!", "recovered", "warn"),
        Outcome::Unknown => ("?", "unknown", "muted"),
    };
    let status = story.status.as_deref().map(|status| format!(" · {}", text(status))).unwrap_or_default();
    let counts = &story.counts;
    let mut figures =
        vec![counted(counts.services, "service"), counted(counts.spans, "span"), counted(counts.logs, "log")];
    if counts.errors > 0 {
        figures.push(counted(counts.errors, "error"));
    }
    let _infallible = write!(
        out,
        "<h1><span class=\"sign {class}\" role=\"img\" aria-label=\"{word}\">{sign}</span> {}{status} · {}</h1>\n\
         <p class=\"muted\"><code>{}</code> · <time data-ns=\"{}\">{}</time> · {}</p>\n",
        text(&story.title),
        duration(story.duration_ns.0),
        text(&story.trace_id),
        story.start_unix_nano.0,
        date_time(story.start_unix_nano.0, 0),
        figures.join(" · ")
    );
}

fn facts(out: &mut String, facts: &[Fact]) {
    let (recorded, missing): (Vec<&Fact>, Vec<&Fact>) = facts.iter().partition(|fact| !fact.values.is_empty());
    if recorded.is_empty() && missing.is_empty() {
        return;
    }
    out.push_str("<section class=\"card\"><h2>Facts</h2><dl>");
    for fact in recorded {
        let _infallible = write!(out, "<div><dt>{}</dt>", text(&fact.label));
        for value in &fact.values {
            let tag = if fact.view == "text" { "code" } else { "pre" };
            let service = value.service_name.as_deref().filter(|_| fact.values.len() > 1);
            let service =
                service.map(|name| format!(" <span class=\"muted\">{}</span>", text(name))).unwrap_or_default();
            let source = text(&value.key);
            let shown = format!("<{tag} title=\"{source}\">{}</{tag}>", text(&value.value));
            let _infallible = match &value.span_id {
                Some(id) => write!(
                    out,
                    "<dd>{shown}{service} <a class=\"to\" href=\"#s-{}\" aria-label=\"to the span\">→</a></dd>",
                    text(id)
                ),
                None => write!(out, "<dd>{shown}{service}</dd>"),
            };
        }
        if fact.left_out > 0 {
            let _infallible = write!(out, "<dd class=\"muted\">and {} more</dd>", fact.left_out);
        }
        out.push_str("</div>");
    }
    out.push_str("</dl>");
    if !missing.is_empty() {
        let told: Vec<String> = missing.iter().map(|fact| text(&fact.label)).collect();
        let _infallible = write!(out, "<p class=\"muted\">Not recorded: {}</p>", told.join(", "));
    }
    out.push_str("</section>\n");
}

fn time(out: &mut String, page: &Page<'_>) {
    let shares = &page.story.time_by_service;
    if shares.is_empty() {
        return;
    }
    let palette = palette(page.view);
    out.push_str("<section class=\"card\"><h2>Where the time went</h2><svg class=\"share\" aria-hidden=\"true\">");
    let mut left = 0;
    for share in shares {
        let class = palette.look(share.service_name.as_deref()).class;
        let (from, width) = (f64::from(left) / 10.0, f64::from(share.share_permille) / 10.0);
        let _infallible = write!(out, "<rect class=\"{class}\" x=\"{from}%\" width=\"{width}%\" height=\"100%\"/>");
        left += share.share_permille;
    }
    out.push_str("</svg><table><thead><tr><th>Service</th><th class=\"num\">Self time</th><th class=\"num\">Share</th><th class=\"num\">Spans</th></tr></thead><tbody>");
    for share in shares {
        let look = palette.look(share.service_name.as_deref());
        let name = share.service_name.as_deref().unwrap_or("(no service.name)");
        let _infallible = write!(
            out,
            "<tr><td><span class=\"tag {}\" aria-hidden=\"true\">{}</span> {}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>",
            look.class,
            text(&look.letters),
            text(name),
            duration(share.self_time_ns.0),
            percent(share.share_permille),
            share.span_count
        );
    }
    out.push_str("</tbody></table></section>\n");
}
