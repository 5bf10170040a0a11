//! A comparison for terminals and tickets.

use telltale_api::diff::{DiffCell, DiffRow, DiffSide, TraceDiff, ValueChange};

use super::duration::duration;
use super::escape::{code_block, code_span, markdown_line, one_line};
use super::number::{count, counted};
use super::wrap::{pad_left, shorten, wrap};
use crate::limits::{DIFF_TEXT_ROWS, INDENT_LEVELS, TEXT_WIDTH};

/// Returns a comparison as text of at most [`TEXT_WIDTH`] characters a line.
#[must_use]
pub fn diff_text(diff: &TraceDiff) -> String {
    let mut out = String::new();
    push(&mut out, &format!("A  {}", side(&diff.a)));
    push(&mut out, &format!("B  {}", side(&diff.b)));
    out.push('\n');
    for sentence in &diff.sentences {
        hanging(&mut out, "- ", sentence);
    }
    changes(&mut out, "Facts that differ", &diff.facts);
    rows(&mut out, diff);
    if !diff.logs.is_empty() {
        out.push_str("\nLog lines of one side\n");
        for log in &diff.logs {
            let sign = if log.change == "added" { '+' } else { '-' };
            let service = log.service_name.as_deref().map(|service| format!("{service} › ")).unwrap_or_default();
            let times = if log.count > 1 { format!(" × {}", count(log.count)) } else { String::new() };
            hanging(
                &mut out,
                &format!("  {sign} "),
                &format!("{} {service}{}{times}", log.level.to_uppercase(), log.text),
            );
        }
    }
    out
}

/// Returns a comparison as Markdown.
#[must_use]
pub fn diff_markdown(diff: &TraceDiff) -> String {
    let mut out = format!("### {}\n\n", markdown_line(&diff.b.title));
    for (letter, of) in [("A", &diff.a), ("B", &diff.b)] {
        out.push_str(&format!("- {letter}: {}\n", code_span(&side(of))));
    }
    out.push('\n');
    for sentence in &diff.sentences {
        out.push_str(&format!("- {}\n", markdown_line(sentence)));
    }
    let mut outline = String::new();
    rows(&mut outline, diff);
    if let Some((_heading, body)) = outline.trim_start().split_once('\n') {
        out.push_str("\n**Operations that differ**\n\n");
        out.push_str(&code_block(body));
    }
    out
}

fn push(out: &mut String, text: &str) {
    out.push_str(shorten(text, TEXT_WIDTH).trim_end());
    out.push('\n');
}

fn hanging(out: &mut String, marker: &str, text: &str) {
    let width = marker.chars().count();
    for (at, part) in wrap(&one_line(text), TEXT_WIDTH.saturating_sub(width)).into_iter().enumerate() {
        push(out, &if at == 0 { format!("{marker}{part}") } else { format!("{}{part}", " ".repeat(width)) });
    }
}

/// `0af7… · POST /orders · 500 · 2.31 s · 47 spans`.
fn side(side: &DiffSide) -> String {
    let id = match (side.is_baseline, side.trace_ids.first()) {
        (false, Some(id)) => id.clone(),
        _ => format!("usual of {}", counted(u64::try_from(side.trace_ids.len()).unwrap_or(0), "trace")),
    };
    let status = side.status.as_ref().map(|status| format!(" · {}", one_line(status))).unwrap_or_default();
    format!(
        "{id} · {}{status} · {} · {}",
        one_line(&side.title),
        duration(side.duration_ns.0),
        counted(side.span_count, "span")
    )
}

fn changes(out: &mut String, heading: &str, changes: &[ValueChange]) {
    if changes.is_empty() {
        return;
    }
    out.push_str(&format!("\n{heading}\n"));
    changes.iter().for_each(|change| value(out, "  ", change));
}

fn value(out: &mut String, indent: &str, change: &ValueChange) {
    let told = |values: &[String]| if values.is_empty() { "not recorded".to_owned() } else { values.join(" · ") };
    hanging(
        out,
        &format!("{indent}{}: ", one_line(&change.key)),
        &format!("{} → {}", told(&change.a), told(&change.b)),
    );
}

/// The tree of what differs; rows that are the same stand only above others that differ.
fn rows(out: &mut String, diff: &TraceDiff) {
    let shown = shown_rows(&diff.rows);
    if shown.is_empty() {
        return;
    }
    out.push_str("\nOperations that differ (A, B, difference)\n");
    for row in shown.iter().take(DIFF_TEXT_ROWS) {
        let cell = |cell: &Option<DiffCell>| {
            pad_left(&cell.as_ref().map_or_else(|| "–".to_owned(), |cell| duration(cell.duration_ns.0)), 9)
        };
        let delta = if row.change == "same" { String::new() } else { signed(row.delta_ns.0) };
        let indent = "  ".repeat(usize::try_from(row.depth.min(INDENT_LEVELS)).unwrap_or(0));
        let service = row.service_name.as_deref().map(|service| format!("{service} › ")).unwrap_or_default();
        let mark = match row.change.as_str() {
            "added" => '+',
            "removed" => '-',
            "slower" | "faster" | "changed" => '~',
            _ => ' ',
        };
        push(
            out,
            &format!(
                "{mark}{}{}{}  {indent}{}{}",
                cell(&row.a),
                cell(&row.b),
                pad_left(&delta, 10),
                one_line(&format!("{service}{}", row.name)),
                times(row)
            ),
        );
        for change in &row.attributes {
            value(out, &format!("{}{indent}", " ".repeat(33)), change);
        }
    }
    let more = shown.len().saturating_sub(DIFF_TEXT_ROWS);
    let more = u64::try_from(more).unwrap_or(0) + diff.rows_left_out;
    if more > 0 {
        push(out, &format!("  and {}", counted(more, "further row")));
    }
}

fn signed(ns: i64) -> String {
    if ns > 0 { format!("+{}", duration(ns)) } else { duration(ns) }
}

/// ` × 3 → 12` when the counts differ.
fn times(row: &DiffRow) -> String {
    let count_of = |cell: &Option<DiffCell>| cell.as_ref().map_or(0, |cell| cell.count);
    let (before, after) = (count_of(&row.a), count_of(&row.b));
    let errors = |cell: &Option<DiffCell>| cell.as_ref().map_or(0, |cell| cell.error_count);
    let failed = if errors(&row.a) == errors(&row.b) {
        String::new()
    } else {
        format!(", errors {} → {}", errors(&row.a), errors(&row.b))
    };
    if before == after || before == 0 || after == 0 {
        failed
    } else {
        format!(" × {} → {}{failed}", count(before), count(after))
    }
}

/// Keeps rows that differ and everything above them: from the last row up, a row is above the kept one after it when it
/// stands further left.
fn shown_rows(rows: &[DiffRow]) -> Vec<&DiffRow> {
    let mut out = Vec::new();
    let mut kept: Option<u32> = None;
    for row in rows.iter().rev() {
        if row.change != "same" || kept.is_some_and(|depth| row.depth < depth) {
            kept = Some(row.depth);
            out.push(row);
        }
    }
    out.reverse();
    out
}
