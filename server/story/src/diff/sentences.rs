//! What differs, in words, most important first.

use telltale_api::diff::{DiffCell, DiffRow, DiffSide, TraceDiff, ValueChange};
use telltale_api::story::Outcome;

use crate::format::{duration, number};
use crate::limits::{DIFF_NS, DIFF_SENTENCES};

/// Writes the sentences of a comparison.
pub(super) fn sentences(diff: &TraceDiff) -> Vec<String> {
    let mut out = vec![lengths(&diff.a, &diff.b)];
    out.extend(endings(&diff.a, &diff.b));
    out.extend(where_it_went(diff));
    out.extend(diff.rows.iter().flat_map(versions).take(DIFF_SENTENCES));
    let of_facts = diff.facts.iter().filter(|change| change.key != "Version" && change.key != "Status");
    out.extend(of_facts.map(|change| became(&change.key, change)).take(DIFF_SENTENCES));
    out.extend(diff.plans.iter().map(|plan| format!("The query plan of {} changed: {}.", plan.operation, plan.text)));
    out.extend(only_one(diff, "added", &name(&diff.b)));
    out.extend(only_one(diff, "removed", &name(&diff.a)));
    out.extend(logs(diff));
    if out.len() == 1 && diff.rows.iter().all(|row| row.change == "same") {
        out.push("Nothing else of note differs.".to_owned());
    }
    out
}

fn name(side: &DiffSide) -> String {
    match (side.is_baseline, side.trace_ids.as_slice()) {
        (false, [id, ..]) => id.chars().take(8).collect(),
        _ => format!("the usual ({})", number::counted(u64::try_from(side.trace_ids.len()).unwrap_or(0), "trace")),
    }
}

/// `0af76519 took 2.31 s, 1.90 s longer than 4bf92f35 (410 ms).`
fn lengths(a: &DiffSide, b: &DiffSide) -> String {
    let delta = b.duration_ns.0.saturating_sub(a.duration_ns.0);
    let (before, after) = (duration(a.duration_ns.0), duration(b.duration_ns.0));
    match delta {
        0 => format!("{} and {} both took {after}.", name(b), name(a)),
        1.. => format!("{} took {after}, {} longer than {} ({before}).", name(b), duration(delta), name(a)),
        _ => {
            format!("{} took {after}, {} less than {} ({before}).", name(b), duration(delta.saturating_neg()), name(a))
        }
    }
}

/// `4bf92f35 succeeded with 200, 0af76519 failed with 500.`
fn endings(a: &DiffSide, b: &DiffSide) -> Option<String> {
    let told = |side: &DiffSide| {
        let verb = match side.outcome {
            Outcome::Failed => "failed",
            Outcome::Ok => "succeeded",
            Outcome::Recovered => "recovered from errors",
            Outcome::Unknown => "has no spans to judge by",
        };
        let status = side.status.as_ref().map(|status| format!(" with {status}")).unwrap_or_default();
        format!("{} {verb}{status}", name(side))
    };
    ((a.outcome, &a.status) != (b.outcome, &b.status)).then(|| format!("{}, {}.", told(a), told(b)))
}

fn named(row: &DiffRow) -> String {
    row.service_name.as_deref().map_or_else(|| row.name.clone(), |service| format!("{service} › {}", row.name))
}

/// The row whose own time differs most.
fn where_it_went(diff: &TraceDiff) -> Option<String> {
    let row = diff.rows.iter().max_by_key(|row| row.self_delta_ns.0.unsigned_abs())?;
    let delta = row.self_delta_ns.0;
    if delta.unsigned_abs() < DIFF_NS.unsigned_abs() {
        return None;
    }
    let own = |cell: &Option<DiffCell>| {
        cell.as_ref().map_or_else(|| "nothing".to_owned(), |cell| duration(cell.self_time_ns.0))
    };
    let more = if delta > 0 { "more" } else { "less" };
    Some(format!(
        "The largest difference is in {} itself: {} {more}, {} instead of {}.",
        named(row),
        duration(i64::try_from(delta.unsigned_abs()).unwrap_or(i64::MAX)),
        own(&row.b),
        own(&row.a)
    ))
}

/// Versions and revisions that differ, by service.
fn versions(row: &DiffRow) -> Vec<String> {
    let service = row.service_name.as_deref().unwrap_or("an unnamed service");
    let told = |change: &&ValueChange| change.key.contains("version") || change.key.contains("revision");
    row.attributes.iter().filter(told).map(|change| became(&format!("{} of {service}", change.key), change)).collect()
}

/// `service.version of shop: 1.8.2 became 1.9.0.`
fn became(what: &str, change: &ValueChange) -> String {
    let values = |values: &[String]| if values.is_empty() { "not recorded".to_owned() } else { values.join(", ") };
    format!("{what}: {} became {}.", values(&change.a), values(&change.b))
}

/// `2 operations are only in 0af76519: shop › retry, shop › charge.`
fn only_one(diff: &TraceDiff, change: &str, side: &str) -> Option<String> {
    let rows: Vec<&DiffRow> = diff.rows.iter().filter(|row| row.change == change).collect();
    let named: Vec<String> = rows.iter().take(DIFF_SENTENCES).map(|row| named(row)).collect();
    let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let verb = if count == 1 { "is" } else { "are" };
    let more = if rows.len() > named.len() { ", …" } else { "" };
    (count > 0)
        .then(|| format!("{} {verb} only in {side}: {}{more}.", number::counted(count, "operation"), named.join(", ")))
}

/// The first log line of either side alone.
fn logs(diff: &TraceDiff) -> Option<String> {
    let first = diff.logs.first()?;
    let side = if first.change == "added" { &diff.b } else { &diff.a };
    let service = first.service_name.as_deref().map(|service| format!("{service} › ")).unwrap_or_default();
    let more = diff.logs.len().saturating_sub(1);
    let more = if more > 0 {
        format!(", and {} differ", number::counted(u64::try_from(more).unwrap_or(0), "further line"))
    } else {
        String::new()
    };
    Some(format!("Only {} logged {} “{service}{}”{more}.", name(side), first.level.to_uppercase(), first.text))
}
