//! One HTML file that tells a story without a server: it opens from a disk, asks for nothing, and carries its data.
//!
//! Everything is written in advance: verdict, caveats, facts, time, the waterfall with one SVG a row, details of every span,
//! the merged list, and the trace as OTLP/JSON for download. The script only filters, folds and saves; without it the page
//! reads the same. A content security policy with a nonce in the head allows that script and nothing else, so that telemetry
//! that became markup could still do nothing; [`markup::text`] sees to it that it does not become any.
//!
//! Rows are bounded: a larger trace shows its failed spans, what leads to them, and the first others, and says how many are
//! only in the data. Deliberately absent: redaction, which the caller does before, and the clock.

use std::fmt::Write as _;

use telltale_api::story::Story;
use telltale_api::trace::TraceView;
use telltale_story::format::time::date_time;
use telltale_story::story::Analysis;

mod card;
mod detail;
mod list;
mod markup;
mod rows;
#[cfg(test)]
mod tests;

use markup::text;

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// What a page is made of.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The story.
    pub story: &'a Story,
    /// The trace that it is about.
    pub view: &'a TraceView,
    /// The same trace as OTLP/JSON.
    pub otlp_json: &'a str,
    /// Said under the title: what was redacted, until when a link holds.
    pub notes: &'a [String],
    /// When the page was made, nanoseconds since the Unix epoch.
    pub made_unix_nano: u64,
    /// Letters and digits that nobody can guess, new for every page.
    pub nonce: &'a str,
}

/// Returns the policy that goes with a page of that nonce: into its head, and into the header of an answer.
#[must_use]
pub fn content_security_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; base-uri 'none'; \
         form-action 'none'"
    )
}

/// Writes the page.
#[must_use]
pub fn html(page: &Page<'_>) -> String {
    let analysis = Analysis::new(page.view);
    let mut out = String::with_capacity(page.otlp_json.len() + page.view.spans.len() * 1_024 + 32 * 1_024);
    head(&mut out, page);
    out.push_str("<body>\n<header class=\"top\"><span class=\"brand\">telltale</span><span class=\"muted\">the story of one request</span></header>\n<main>\n");
    card::card(&mut out, page);
    out.push_str(TOOLS);
    rows::waterfall(&mut out, page.view, &analysis);
    list::entries(&mut out, page);
    out.push_str("</main>\n");
    foot(&mut out, page);
    data(&mut out, page);
    let _infallible = writeln!(out, "<script nonce=\"{}\">{SCRIPT}</script>\n</body>\n</html>", page.nonce);
    out
}

/// The controls; the script shows them, without it they would do nothing.
const TOOLS: &str = "<div class=\"tools\" id=\"tools\" hidden>\
    <label class=\"grow\"><span class=\"muted\">Filter</span> <input id=\"filter\" type=\"search\" placeholder=\"name, service, attribute, log text\" autocomplete=\"off\"></label>\
    <label><input id=\"errors\" type=\"checkbox\"> errors only</label>\
    <button id=\"unfold\" type=\"button\">Open all</button>\
    <button id=\"save\" type=\"button\">Save as OTLP JSON</button>\
    <span id=\"hits\" class=\"muted\" role=\"status\"></span></div>\n";

fn head(out: &mut String, page: &Page<'_>) {
    let (nonce, policy) = (page.nonce, content_security_policy(page.nonce));
    let _infallible = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"content-security-policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{} · telltale</title>\n<style nonce=\"{nonce}\">\n{STYLE}</style>\n</head>\n",
        text(&page.story.title)
    );
}

fn foot(out: &mut String, page: &Page<'_>) {
    let _infallible = writeln!(
        out,
        "<footer class=\"muted\">Written by telltale {} at {}. This page loads nothing and sends nothing; the whole trace is in it.</footer>",
        env!("CARGO_PKG_VERSION"),
        date_time(page.made_unix_nano, 0)
    );
}

/// Embeds the data. In a script element only `<` could end it or begin another; JSON has an escape for it.
fn data(out: &mut String, page: &Page<'_>) {
    let _infallible =
        write!(out, "<script type=\"application/json\" id=\"otlp\" data-name=\"{}\">", text(&page.view.trace_id));
    for part in page.otlp_json.split_inclusive('<') {
        match part.strip_suffix('<') {
            Some(before) => {
                out.push_str(before);
                out.push_str("\\u003c");
            }
            None => out.push_str(part),
        }
    }
    out.push_str("</script>\n");
}
