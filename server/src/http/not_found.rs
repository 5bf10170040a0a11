//! What is known of an id that is not in the store: near ids, the text elsewhere, sampling, the newest data.
//!
//! Everything here is a handful of bounded questions, asked only when nothing was found. None of them failing takes the
//! answer away: what could not be asked is left out and logged.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::Value;
use telltale_api::Nanos;
use telltale_api::resolve::{Elsewhere, NearTrace, NotFound, Searched, ServiceNews};
use telltale_model::TraceId;
use telltale_query::{ValueHit, ValueOrigin, json_rows};
use telltale_storage::schema::{Table, col};
use telltale_story::format::{date_time, duration, number};
use telltale_story::resolve::{Candidate, Form, Key};

use super::problem::Problem;
use super::{measure, view};
use crate::limits::{ELSEWHERE, NEAR_TRACES, NEWS_TRACES, TEXT_CHARS};
use crate::state::AppState;

/// Digits that two ids must share at their beginning to be called near.
const SHARED_DIGITS: usize = 8;

/// Gathers what is known.
pub(super) async fn not_found(state: &AppState, paste: &str, found: &[Candidate], searched: &Searched) -> NotFound {
    let best = found.first();
    let id = found.iter().find_map(|candidate| if let Key::Trace(id) = candidate.key { Some(id) } else { None });
    let (from, to) = range(state);
    let mut out = NotFound {
        near: told("near ids", near(state, id, paste).await),
        elsewhere: told("the text elsewhere", elsewhere(state, paste, found).await),
        sampled: best.and_then(sampled),
        made_unix_nano: best.and_then(made),
        from_unix_nano: from,
        to_unix_nano: to,
        services: told("newest data", services(state).await),
        sentences: Vec::new(),
    };
    out.sentences = sentences(&out, best, searched, state.now());
    out
}

/// Takes what was found; a question that failed is noted and gives nothing.
fn told<T>(what: &str, found: Result<Vec<T>, Problem>) -> Vec<T> {
    found.unwrap_or_else(|problem| {
        tracing::warn!(what, problem = ?problem, "a part of a not-found answer is left out");
        Vec::new()
    })
}

/// What a spelling says of sampling.
fn sampled(candidate: &Candidate) -> Option<bool> {
    let off = candidate.note.as_deref().is_some_and(|note| note.contains("did not sample"));
    match candidate.form {
        _ if off => Some(false),
        Form::TraceParent | Form::GrpcBinary => Some(true),
        _ => None,
    }
}

/// When an id of AWS X-Ray was made: its first four bytes are seconds.
fn made(candidate: &Candidate) -> Option<Nanos> {
    let Key::Trace(id) = &candidate.key else { return None };
    let [a, b, c, d, ..] = *id.as_bytes();
    let seconds = u64::from(u32::from_be_bytes([a, b, c, d]));
    (candidate.form == Form::XRay).then(|| Nanos(seconds.saturating_mul(1_000_000_000)))
}

/// Start of the earliest and of the latest span in the store.
fn range(state: &AppState) -> (Option<Nanos>, Option<Nanos>) {
    use arrow::array::AsArray as _;
    use arrow::datatypes::TimestampNanosecondType;
    let snapshot = state.storage.snapshot();
    let mut times: Vec<i64> =
        snapshot.segments(Table::Spans).flat_map(|segment| [segment.min_time(), segment.max_time()]).collect();
    for batch in snapshot.batches(Table::Spans) {
        let starts = batch.column_by_name(col::START_TIME_UNIX_NANO);
        let starts = starts.and_then(|starts| starts.as_primitive_opt::<TimestampNanosecondType>());
        times.extend(starts.and_then(arrow::compute::min));
        times.extend(starts.and_then(arrow::compute::max));
    }
    let nanos = |time: i64| u64::try_from(time).ok().map(Nanos);
    (times.iter().min().copied().and_then(nanos), times.iter().max().copied().and_then(nanos))
}

/// Finds traces whose id differs in one digit, two exchanged digits or one lost or doubled digit, then those that begin
/// with the same digits.
async fn near(state: &AppState, id: Option<TraceId>, paste: &str) -> Result<Vec<NearTrace>, Problem> {
    let mut wanted: Vec<(TraceId, &str)> = Vec::new();
    if let Some(id) = id {
        wanted.extend(one_edit(&id.to_hex()));
    }
    wanted.extend(miscounted(paste.trim()));
    let ids: Vec<TraceId> = wanted.iter().map(|(id, _why)| *id).collect();
    let rows = measure::query(state, "summaries", state.query.summaries(&ids)).await?;
    let why = |id: TraceId| wanted.iter().find(|(near, _why)| *near == id).map_or("", |(_id, why)| *why);
    let mut out: Vec<NearTrace> = rows
        .into_iter()
        .map(|row| NearTrace { why: why(row.trace_id).to_owned(), trace: view::summary(row) })
        .collect();
    if let (Some(id), true) = (id, out.len() < NEAR_TRACES) {
        let digits: String = id.to_hex().chars().take(SHARED_DIGITS).collect();
        for row in state.query.summaries(&super::resolve::by_prefix(&state.query, &digits).await?).await? {
            let trace = view::summary(row);
            if out.iter().all(|near| near.trace.trace_id != trace.trace_id) {
                out.push(NearTrace { why: format!("begins with the same {SHARED_DIGITS} digits"), trace });
            }
        }
    }
    out.truncate(NEAR_TRACES);
    Ok(out)
}

/// Ids that one typing mistake away: a digit changed, or two neighbours exchanged.
fn one_edit(hex: &str) -> Vec<(TraceId, &'static str)> {
    let mut out = Vec::new();
    let bytes = hex.as_bytes();
    let mut add = |digits: Vec<u8>, why| {
        let id = String::from_utf8(digits).ok().and_then(|text| text.parse().ok());
        out.extend(id.map(|id| (id, why)));
    };
    for place in 0..bytes.len() {
        for digit in b"0123456789abcdef" {
            let mut changed = bytes.to_vec();
            if let Some(slot) = changed.get_mut(place).filter(|slot| **slot != *digit) {
                *slot = *digit;
                add(changed, "differs in one digit");
            }
        }
        let mut changed = bytes.to_vec();
        if place + 1 < changed.len() && changed.get(place) != changed.get(place + 1) {
            changed.swap(place, place + 1);
            add(changed, "two digits are exchanged");
        }
    }
    out
}

/// Ids that a text of 31 or 33 digits may have been before one was lost or doubled.
fn miscounted(text: &str) -> Vec<(TraceId, &'static str)> {
    let lower = text.to_ascii_lowercase();
    if !lower.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Vec::new();
    }
    let bytes = lower.as_bytes();
    let parse = |digits: Vec<u8>| String::from_utf8(digits).ok().and_then(|text| text.parse::<TraceId>().ok());
    match bytes.len() {
        31 => (0..=31)
            .flat_map(|place| b"0123456789abcdef".iter().map(move |digit| (place, *digit)))
            .filter_map(|(place, digit)| {
                let mut digits = bytes.to_vec();
                digits.insert(place, digit);
                Some((parse(digits)?, "has one digit more"))
            })
            .collect(),
        33 => (0..33)
            .filter_map(|place| {
                let mut digits = bytes.to_vec();
                digits.remove(place);
                Some((parse(digits)?, "has one digit less"))
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Finds log lines that hold the id, or the whole paste when it is short.
async fn elsewhere(state: &AppState, paste: &str, found: &[Candidate]) -> Result<Vec<Elsewhere>, Problem> {
    let mut texts: Vec<String> = Vec::new();
    let whole = paste.trim();
    if !whole.is_empty() && whole.chars().count() <= TEXT_CHARS && !whole.contains('\n') {
        texts.push(whole.to_owned());
    }
    texts.extend(found.iter().take(2).map(|candidate| candidate.key.to_string()).filter(|text| text.len() >= 6));
    texts.dedup();
    let mut out: Vec<Elsewhere> = Vec::new();
    for text in texts {
        let values = measure::query(state, "find_value", state.query.find_value(&text, ELSEWHERE)).await?;
        for line in in_logs(state, &text).await?.into_iter().chain(values.hits.iter().map(|hit| of_value(hit, &text))) {
            if out.len() < ELSEWHERE && !out.contains(&line) {
                out.push(line);
            }
        }
    }
    Ok(out)
}

/// A place where the text is the value of an attribute.
fn of_value(hit: &ValueHit, text: &str) -> Elsewhere {
    let place = match hit.origin {
        ValueOrigin::Span => "span",
        ValueOrigin::SpanEvent => "span_event",
        ValueOrigin::SpanLink => "span_link",
        ValueOrigin::Log => "log_attribute",
        ValueOrigin::LogBody => "log_body",
        ValueOrigin::Resource => "resource",
        ValueOrigin::Scope => "scope",
    };
    Elsewhere {
        place: place.to_owned(),
        key: hit.key.clone(),
        text: text.to_owned(),
        trace_id: hit.trace_id.map(|id| id.to_hex()),
        span_id: hit.span_id.map(|id| id.to_hex()),
        service_name: hit.service_name.clone(),
        time_unix_nano: Nanos(u64::try_from(hit.time_ns).unwrap_or(0)),
    }
}

/// Finds the newest log lines that hold a text.
async fn in_logs(state: &AppState, text: &str) -> Result<Vec<Elsewhere>, Problem> {
    // A phrase of the search's own language; quotes inside it would end it.
    let phrase = text.replace(['"', '\''], " ");
    if !phrase.chars().any(char::is_alphanumeric) {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT body, trace_id, span_id, service_name, CAST(time_unix_nano AS BIGINT) AS at FROM logs \
         WHERE match(body, '\"{phrase}\"') ORDER BY time_unix_nano DESC LIMIT {ELSEWHERE}"
    );
    let answer = measure::query(state, "elsewhere", state.query.sql(&sql)).await?;
    let member = |row: &Value, name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
    let line = |row: &Value| Elsewhere {
        place: "log".to_owned(),
        key: String::new(),
        text: crate::text::shorten(&member(row, "body").unwrap_or_default(), TEXT_CHARS),
        trace_id: member(row, "trace_id"),
        span_id: member(row, "span_id"),
        service_name: member(row, "service_name"),
        time_unix_nano: Nanos(row.get("at").and_then(Value::as_i64).and_then(|at| u64::try_from(at).ok()).unwrap_or(0)),
    };
    Ok(json_rows(&answer.batches)?.into_iter().map(|row| line(&row)).collect())
}

/// The services of the newest traces, each with the start of its newest one.
async fn services(state: &AppState) -> Result<Vec<ServiceNews>, Problem> {
    let rows = measure::query(state, "recent", state.query.recent(NEWS_TRACES, false)).await?;
    let mut newest: BTreeMap<String, u64> = BTreeMap::new();
    for row in rows {
        let start = u64::try_from(row.start_time_ns).unwrap_or(0);
        for service in row.service_names {
            let last = newest.entry(service).or_default();
            *last = (*last).max(start);
        }
    }
    let mut out: Vec<ServiceNews> = newest
        .into_iter()
        .map(|(service_name, last)| ServiceNews { service_name, last_unix_nano: Nanos(last) })
        .collect();
    out.sort_by_key(|news| Reverse(news.last_unix_nano));
    Ok(out)
}

/// Says it in words, the most telling first.
fn sentences(found: &NotFound, best: Option<&Candidate>, searched: &Searched, now: Nanos) -> Vec<String> {
    let mut out = Vec::new();
    match best {
        Some(best) => out.push(format!("It was read as {}: {}.", best.form.label(), best.key)),
        None => out.push("No id was found in that text; it was looked for as it stands.".to_owned()),
    }
    let range = match (found.from_unix_nano, found.to_unix_nano) {
        (Some(from), Some(to)) => format!(", from {} to {}", date_time(from.0, 0), date_time(to.0, 0)),
        _ => String::new(),
    };
    out.push(format!(
        "{} in {} and memory{range} were searched in {}.",
        number::counted(searched.spans, "span"),
        number::counted(searched.segments, "segment"),
        duration(i64::try_from(searched.elapsed_us.saturating_mul(1_000)).unwrap_or(i64::MAX))
    ));
    if found.sampled == Some(false) {
        out.push("The caller did not sample this request: most likely its spans were never sent.".to_owned());
    }
    if let (Some(made), Some(from)) = (found.made_unix_nano, found.from_unix_nano) {
        let older = if made < from { ", before anything that is stored" } else { "" };
        out.push(format!("By its first digits the id was made at {}{older}.", date_time(made.0, 0)));
    }
    out.extend(
        found.near.first().map(|near| format!("There is {} ({}): {}.", near.trace.trace_id, near.why, near.trace.name)),
    );
    if !found.elsewhere.is_empty() {
        let count = u64::try_from(found.elsewhere.len()).unwrap_or(u64::MAX);
        out.push(format!("The text stands elsewhere, in {}.", number::counted(count, "log line or attribute")));
    }
    match found.services.first() {
        Some(newest) => {
            let ago = now.0.saturating_sub(newest.last_unix_nano.0);
            let ago = duration(i64::try_from(ago).unwrap_or(i64::MAX));
            out.push(format!("The newest trace is of {} and began {ago} ago.", newest.service_name));
        }
        None => out.push("No trace has arrived yet: point an exporter at this server.".to_owned()),
    }
    out.push("A request that is only just over may still be on its way: SDKs send every few seconds.".to_owned());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mistake_away_are_all_changed_and_exchanged_digits() {
        let hex = "0af7651916cd43dd8448eb211c80319c";
        let near = one_edit(hex);
        assert!(near.iter().all(|(id, _why)| id.to_hex() != hex));
        let why = |text: &str| near.iter().find(|(id, _why)| id.to_hex() == text).map(|(_id, why)| *why);
        assert_eq!(why("0af7651916cd43dd8448eb211c80319d"), Some("differs in one digit"));
        assert_eq!(why("a0f7651916cd43dd8448eb211c80319c"), Some("two digits are exchanged"));
        assert_eq!(why("1bf7651916cd43dd8448eb211c80319c"), None);
        assert!(near.len() >= 32 * 15, "{}", near.len());
    }

    #[test]
    fn a_lost_and_a_doubled_digit_are_undone() {
        let whole = "0af7651916cd43dd8448eb211c80319c";
        for (text, why) in [
            ("0af765191cd43dd8448eb211c80319c", "has one digit more"),
            ("0aff7651916cd43dd8448eb211c80319c", "has one digit less"),
        ] {
            assert!(miscounted(text).iter().any(|(id, reason)| id.to_hex() == whole && *reason == why), "{text}");
        }
        assert_eq!(miscounted("0af7"), []);
        assert_eq!(miscounted("not hex at all, thirty-one chars"), []);
    }
}
