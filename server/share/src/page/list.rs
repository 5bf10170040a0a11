//! Spans, events and logs in one list by time.

use std::fmt::Write as _;

use telltale_api::story::EntryKind;
use telltale_story::format::number::{count, counted};
use telltale_story::format::{duration, offset};

use super::Page;
use super::markup::text;
use super::rows::palette;
use crate::limits::PAGE_ENTRIES;

pub(super) fn entries(out: &mut String, page: &Page<'_>) {
    let entries = &page.story.entries;
    if entries.is_empty() {
        return;
    }
    let palette = palette(page.view);
    out.push_str("<section id=\"list\"><h2>Everything by time</h2>\n");
    let left_out = entries.len().saturating_sub(PAGE_ENTRIES);
    if left_out > 0 {
        let _infallible = writeln!(
            out,
            "<p class=\"notice\">The first {} of {} are listed here. All of them are in the data.</p>",
            count(PAGE_ENTRIES as u64),
            counted(entries.len() as u64, "line")
        );
    }
    out.push_str("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Everything by time\"><table class=\"entries\"><thead><tr><th class=\"num\">After</th><th>Service</th><th>What</th><th class=\"num\">Length</th></tr></thead><tbody>\n");
    for entry in entries.iter().take(PAGE_ENTRIES) {
        let look = palette.look(entry.service_name.as_deref());
        let kind = match entry.kind {
            EntryKind::Span => "span",
            EntryKind::Event => "event",
            EntryKind::Log => "log",
        };
        let length = entry.duration_ns.map(|length| duration(length.0)).unwrap_or_default();
        let words = match &entry.span_id {
            Some(id) => format!("<a href=\"#s-{}\">{}</a>", text(id), text(&entry.text)),
            None => text(&entry.text),
        };
        // The level of a span or an event says nothing that its colour does not, unless it is an error.
        let says = entry.kind == EntryKind::Log || entry.level == "error";
        let told = if says { format!("<span class=\"level\">{}</span> ", text(&entry.level)) } else { String::new() };
        let _infallible = writeln!(
            out,
            "<tr class=\"entry {level}{error}\"><td class=\"num\">{after}</td><td><span class=\"tag {class}\" aria-hidden=\"true\">{letters}</span> {service}</td>\
             <td><span class=\"kind muted\">{kind}</span> {told}{words}</td><td class=\"num\">{length}</td></tr>",
            level = text(&entry.level),
            error = if entry.level == "error" { " error" } else { "" },
            after = offset(entry.offset_ns.0),
            class = look.class,
            letters = text(&look.letters),
            service = text(entry.service_name.as_deref().unwrap_or_default()),
        );
    }
    out.push_str("</tbody></table></div></section>\n");
}
