//! Query plans as trees: what PostgreSQL, MySQL, SQLite, SQL Server, DataFusion and Spark print.
//!
//! [`parse`] never fails: a text in no known format is shown as it is. Every format becomes the same flat list of
//! operators with their depth; here their own times are told from those of their inputs and the worst one is found.
//! Only the server uses this: a browser asks `POST /api/plan`, so that the parsers stay out of its download.

mod draft;
mod indented;
mod mysql;
mod postgres;
mod sqlserver;
mod xml;

#[cfg(test)]
mod tests;

use serde_json::Value;
use telltale_api::SignedNanos;
use telltale_api::plan::{PlanNode, PlanView};

use crate::format::{duration, number};
use crate::limits::{PLAN_BYTES, PLAN_MISESTIMATE, PLAN_NODES};
use draft::{Draft, Sketch};

/// Reads a plan in whatever format it is.
#[must_use]
pub fn parse(text: &str) -> PlanView {
    if text.len() > PLAN_BYTES {
        let note = format!("the plan is longer than {} and is shown as it is", number::bytes(bytes(PLAN_BYTES)));
        return PlanView { notes: vec![note], ..plain(text) };
    }
    match sketch(text, 0).filter(|sketch| !sketch.nodes.is_empty()) {
        Some(sketch) => finish(sketch, text),
        None => plain(text),
    }
}

fn bytes(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// A plan that is not understood.
fn plain(text: &str) -> PlanView {
    PlanView {
        format: "text".to_owned(),
        label: "in a format that is not known".to_owned(),
        text: text.to_owned(),
        ..PlanView::default()
    }
}

/// Finds the format and reads it. `nested` counts how often a plan was found inside a JSON text.
fn sketch(text: &str, nested: u8) -> Option<Sketch> {
    let trimmed = text.trim_start_matches('\u{feff}').trim();
    if trimmed.starts_with(['{', '[', '"'])
        && let Ok(value) = serde_json::from_str::<Value>(trimmed)
    {
        return from_json(&value, nested);
    }
    if trimmed.starts_with('<') {
        return sqlserver::read(trimmed);
    }
    let readers: [fn(&str) -> Option<Sketch>; 5] =
        [mysql::tree, postgres::text, indented::spark, indented::sqlite, indented::data_fusion];
    let text = cleaned(trimmed);
    readers.iter().find_map(|reader| reader(&text))
}

/// Reads a plan that came as JSON: of PostgreSQL, of MySQL, or any text format as rows or as one string.
fn from_json(value: &Value, nested: u8) -> Option<Sketch> {
    if let Some(found) = postgres::json(value).or_else(|| mysql::json(value)).or_else(|| indented::sqlite_rows(value)) {
        return Some(found);
    }
    if nested > 1 {
        return None;
    }
    match value {
        Value::String(text) => sketch(text, nested + 1),
        // The rows of `EXPLAIN`, each an object with one member, or the bare lines.
        Value::Array(rows) => {
            let line = |row: &Value| match row {
                Value::String(text) => Some(text.clone()),
                Value::Object(members) if members.len() == 1 => {
                    members.values().next().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                }
                _ => None,
            };
            let lines: Vec<String> = rows.iter().map(line).collect::<Option<_>>()?;
            if lines.is_empty() { None } else { sketch(&lines.join("\n"), nested + 1) }
        }
        Value::Object(members) if members.len() == 1 => {
            let value = members.values().next()?;
            from_json(value, nested + 1)
        }
        _ => None,
    }
}

/// Takes off what clients print around a plan: headings, rulers, row counts, frames.
fn cleaned(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let line = line.trim_end_matches(['\r', ' ', '\t']);
        // psql's mark of a line that goes on, and the frame of a table with one column.
        let line = line.strip_suffix('+').map_or(line, str::trim_end);
        let line = line.strip_prefix("| ").and_then(|rest| rest.strip_suffix('|')).map_or(line, str::trim_end);
        let word = line.trim();
        let ruler = !word.is_empty() && word.chars().all(|character| matches!(character, '-' | '+' | '=' | '─'));
        let counted = word.starts_with('(') && (word.ends_with(" rows)") || word.ends_with(" row)"));
        let heading = matches!(word, "QUERY PLAN" | "EXPLAIN" | "plan" | "Query Plan");
        if !ruler && !counted && !heading && !word.is_empty() {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// Tells own times from those of inputs, finds the worst operator, writes the view.
fn finish(mut sketch: Sketch, text: &str) -> PlanView {
    let left_out = sketch.nodes.len().saturating_sub(PLAN_NODES);
    let own = Own::of(&sketch.nodes);
    sketch.nodes.truncate(PLAN_NODES);
    let mut notes = sketch.notes;
    if left_out > 0 {
        notes.push(format!("{} of the plan are not shown", number::counted(bytes(left_out), "further operator")));
    }
    let total_ms =
        sketch.nodes.iter().filter(|node| node.depth == 0).filter_map(|node| node.time_ms).reduce(|a, b| a + b);
    let nodes: Vec<PlanNode> =
        sketch.nodes.into_iter().zip(own.parts()).map(|(node, part)| node_view(node, part)).collect();
    let worst = worst(&nodes);
    PlanView {
        format: sketch.format.to_owned(),
        label: sketch.label.to_owned(),
        worst_reason: worst.and_then(|at| nodes.get(at)).map(|node| reason(node, own.timed)),
        worst: worst.and_then(|at| u32::try_from(at).ok()),
        total_time_ns: total_ms.map(nanos),
        notes,
        nodes,
        text: text.to_owned(),
    }
}

/// What each operator takes for itself: milliseconds when the plan was measured, else units of cost.
struct Own {
    timed: bool,
    /// Whether anything was measured or estimated at all.
    known: bool,
    amounts: Vec<f64>,
}

/// An operator's own time in milliseconds, when measured, and its share in thousandths.
type Part = (Option<f64>, u32);

impl Own {
    fn of(nodes: &[Draft]) -> Self {
        let timed = nodes.iter().any(|node| node.time_ms.is_some() || node.own_ms.is_some());
        let whole = |node: &Draft| {
            if timed { node.time_ms } else { node.cost.as_deref().and_then(draft::leading_number) }
        };
        let mut amounts: Vec<f64> = nodes.iter().map(|node| whole(node).unwrap_or(0.0)).collect();
        let inclusive = amounts.clone();
        // Each operator's amount is taken from its parent, the nearest one above; what is not known takes nothing.
        let mut above: Vec<usize> = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            above.truncate(usize::try_from(node.depth).unwrap_or(usize::MAX));
            let parent = above.iter().rev().find(|up| nodes.get(**up).is_some_and(|up| whole(up).is_some()));
            if let (Some(slot), Some(own)) = (parent.and_then(|up| amounts.get_mut(*up)), inclusive.get(at)) {
                *slot -= own;
            }
            above.push(at);
        }
        for (amount, node) in amounts.iter_mut().zip(nodes) {
            *amount = if timed { node.own_ms.unwrap_or(*amount) } else { *amount }.max(0.0);
        }
        let known = timed || nodes.iter().any(|node| whole(node).is_some());
        Self { timed, known, amounts }
    }

    fn parts(&self) -> impl Iterator<Item = Part> + '_ {
        let all: f64 = self.amounts.iter().sum();
        self.amounts.iter().map(move |amount| {
            let share = if self.known && all > 0.0 { (amount / all * 1000.0).round() } else { 0.0 };
            (self.timed.then_some(*amount), count(share).and_then(|share| share.try_into().ok()).unwrap_or(0))
        })
    }
}

/// Returns milliseconds as nanoseconds; a float never leaves the range of the type.
fn nanos(ms: f64) -> SignedNanos {
    #[expect(clippy::cast_possible_truncation, reason = "conversions from float saturate")]
    SignedNanos((ms * 1e6).round() as i64)
}

/// Returns a count that is not negative as a whole number.
fn count(number: f64) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "conversions from float saturate")]
    (number.is_finite() && number >= 0.0).then(|| number.round() as u64)
}

fn node_view(node: Draft, (own_ms, share_permille): Part) -> PlanNode {
    let mut details = node.details;
    if node.details_left_out > 0 {
        let value = format!("and {}", number::counted(bytes(node.details_left_out), "further remark"));
        details.push(telltale_api::plan::PlanDetail { key: String::new(), value });
    }
    PlanNode {
        depth: node.depth,
        name: node.name,
        target: node.target.filter(|target| !target.is_empty()),
        cost: node.cost,
        rows_estimated: node.rows_estimated.and_then(count),
        rows: node.rows.and_then(count),
        loops: node.loops.and_then(count),
        time_ns: node.time_ms.map(nanos),
        self_time_ns: own_ms.map(nanos),
        share_permille,
        misestimate: misestimate(node.rows_estimated, node.rows),
        details,
    }
}

/// Returns the factor between expected and real rows from [`PLAN_MISESTIMATE`] on. Less than one row counts as one.
fn misestimate(expected: Option<f64>, came: Option<f64>) -> Option<u64> {
    let (expected, came) = (expected?.max(1.0), came?.max(1.0));
    count(if came > expected { came / expected } else { expected / came }).filter(|factor| *factor >= PLAN_MISESTIMATE)
}

/// Returns the operator with the largest share; of equal ones the first.
fn worst(nodes: &[PlanNode]) -> Option<usize> {
    let shares = nodes.iter().enumerate().filter(|(_at, node)| node.share_permille > 0);
    shares.max_by_key(|(at, node)| (node.share_permille, std::cmp::Reverse(*at))).map(|(at, _node)| at)
}

/// `91 % of the time (1.82 s) is spent here; 3 rows were expected and 48 213 came`.
fn reason(node: &PlanNode, timed: bool) -> String {
    let share = number::percent(node.share_permille);
    let own = node.self_time_ns.map_or(0, |own| own.0);
    let mut out = if timed {
        format!("{share} of the time ({}) is spent here", duration(own))
    } else {
        format!("{share} of the estimated cost is here")
    };
    if let (Some(_factor), Some(expected), Some(came)) = (node.misestimate, node.rows_estimated, node.rows) {
        let came = number::count(came);
        out.push_str(&format!("; {} expected and {came} came", rows_were(expected)));
    }
    out
}

fn rows_were(rows: u64) -> String {
    format!("{} {}", number::counted(rows, "row"), if rows == 1 { "was" } else { "were" })
}
