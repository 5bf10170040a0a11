//! The waterfall: one line a span, its bar an SVG of its own, its details below it.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use telltale_api::trace::{SpanRow, TraceView};
use telltale_story::critical_path::{Segment, critical_path};
use telltale_story::format::number::{count, counted};
use telltale_story::format::{duration, offset};
use telltale_story::outline::{Item, Notes};
use telltale_story::palette::Palette;
use telltale_story::story::{Analysis, display_name, is_error};
use telltale_story::waterfall::Window;

use super::detail;
use super::markup::text;
use crate::limits::PAGE_SPANS;

/// Levels that rows are indented; deeper ones stand at the last.
const INDENTS: u32 = 24;

/// Returns the colours of the trace's services.
pub(super) fn palette(view: &TraceView) -> Palette {
    let mut counts: HashMap<String, u64> = HashMap::new();
    for span in &view.spans {
        *counts.entry(span.service_name.clone().unwrap_or_default()).or_default() += 1;
    }
    Palette::new(&counts)
}

fn at(position: u32) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// Everything that rows are written from.
struct Rows<'a> {
    view: &'a TraceView,
    analysis: &'a Analysis,
    window: Window,
    notes: Notes,
    palette: Palette,
    critical: HashMap<u32, Vec<Segment>>,
}

pub(super) fn waterfall(out: &mut String, view: &TraceView, analysis: &Analysis) {
    if view.spans.is_empty() {
        return;
    }
    let mut critical: HashMap<u32, Vec<Segment>> = HashMap::new();
    for part in analysis.root.map(|root| critical_path(&view.spans, &analysis.tree, root)).unwrap_or_default() {
        critical.entry(part.span).or_default().push(part);
    }
    let rows = Rows {
        view,
        analysis,
        window: Window::whole(analysis),
        notes: Notes::new(view),
        palette: palette(view),
        critical,
    };
    let shown = shown(view, analysis);
    let _infallible = writeln!(out, "<section id=\"spans\"><h2>Spans</h2>");
    if shown.len() < view.spans.len() {
        let _infallible = writeln!(
            out,
            "<p class=\"notice\">{} of {} are listed here: those that failed, what leads to them, and the first others. All of them are in the data.</p>",
            count(shown.len() as u64),
            counted(view.spans.len() as u64, "span")
        );
    }
    rows.axis(out);
    out.push_str("<ol class=\"rows\">\n");
    for span in analysis.tree.order().iter().filter(|span| shown.contains(span)) {
        rows.row(out, *span);
    }
    out.push_str("</ol></section>\n");
}

/// Chooses the spans that are listed: all of them as long as the page stays readable.
fn shown(view: &TraceView, analysis: &Analysis) -> BTreeSet<u32> {
    let order = analysis.tree.order();
    if order.len() <= PAGE_SPANS {
        return order.iter().copied().collect();
    }
    let failed = order.iter().copied().filter(|span| view.spans.get(at(*span)).is_some_and(is_error));
    let mut shown = BTreeSet::new();
    for span in failed.chain(order.iter().copied()) {
        if shown.len() >= PAGE_SPANS {
            break;
        }
        // A row without the rows that lead to it hangs in the air.
        shown.extend(analysis.tree.ancestors(span));
        shown.insert(span);
    }
    shown
}

impl Rows<'_> {
    fn axis(&self, out: &mut String) {
        out.push_str("<svg class=\"axis\" aria-hidden=\"true\">");
        for tick in self.window.ticks(self.analysis.start_unix_nano) {
            let x = tick.at * 100.0;
            let anchor = if tick.at > 0.92 { "end" } else { "start" };
            let _infallible = write!(
                out,
                "<line x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"0\" y2=\"100%\"/><text x=\"{x:.2}%\" y=\"12\" dx=\"{}\" text-anchor=\"{anchor}\">{}</text>",
                if anchor == "end" { -3 } else { 3 },
                text(&tick.label)
            );
        }
        out.push_str("</svg>\n");
    }

    fn row(&self, out: &mut String, position: u32) {
        let Some(span) = self.view.spans.get(at(position)) else { return };
        let failed = is_error(span);
        let depth = self.analysis.tree.depth(position).min(INDENTS);
        let look = self.palette.look(span.service_name.as_deref());
        let _infallible = write!(
            out,
            "<li class=\"row{}\" id=\"s-{}\"><details><summary><span class=\"name d{depth}\"><span class=\"tag {}\" aria-hidden=\"true\">{}</span> \
             {}<span class=\"op\">{}</span> <span class=\"muted svcname\">{}</span></span><span class=\"num dur\">{}</span>",
            if failed { " error" } else { "" },
            text(&span.span_id),
            look.class,
            text(&look.letters),
            if failed { "<span class=\"bad\" role=\"img\" aria-label=\"failed\">✗</span> " } else { "" },
            text(&display_name(span)),
            text(span.service_name.as_deref().unwrap_or("(no service.name)")),
            duration(span.duration_ns.0),
        );
        self.bar(out, span, position, &look.class, failed);
        out.push_str("</summary>");
        let self_time = self.analysis.self_times_ns.get(at(position)).copied().unwrap_or(0);
        detail::span(out, self.view, span, self.notes.of_span(position), self.analysis.start_unix_nano, self_time);
        out.push_str("</details></li>\n");
    }

    fn bar(&self, out: &mut String, span: &SpanRow, position: u32, class: &str, failed: bool) {
        out.push_str("<svg class=\"bar\" aria-hidden=\"true\">");
        if let Some(bar) = self.window.bar_of(self.view, position) {
            let error = if failed { " failed" } else { "" };
            let _infallible = write!(
                out,
                "<title>{} after the start</title><rect class=\"{class}{error}\" x=\"{:.3}%\" y=\"5\" width=\"{:.3}%\" height=\"12\" rx=\"2\"/>",
                offset(self.analysis.offset_ns(span.start_unix_nano.0)),
                bar.left * 100.0,
                (bar.width * 100.0).max(0.15),
            );
        }
        for part in self.critical.get(&position).map_or(&[][..], Vec::as_slice) {
            if let Some(bar) = self.window.bar(part.start_unix_nano, part.end_unix_nano) {
                let (x, width) = (bar.left * 100.0, bar.width * 100.0);
                let _infallible =
                    write!(out, "<rect class=\"critical\" x=\"{x:.3}%\" y=\"19\" width=\"{width:.3}%\" height=\"2\"/>");
            }
        }
        for mark in self.window.marks(self.view, &self.notes, position) {
            if matches!(mark.item, Item::Event(..) | Item::Log(_)) {
                let _infallible = write!(
                    out,
                    "<circle class=\"mark {}\" cx=\"{:.3}%\" cy=\"11\" r=\"3\"/>",
                    mark.level,
                    mark.at * 100.0
                );
            }
        }
        out.push_str("</svg>");
    }
}
