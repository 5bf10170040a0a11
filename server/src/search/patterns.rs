//! Templates of the log lines that match.

use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::{Int32Type, TimestampNanosecondType};
use telltale_api::Nanos;
use telltale_api::search::{PatternView, Patterns};
use telltale_model::{Severity, UnixNanos};
use telltale_query::{Query, QueryError, QueryLimits};
use telltale_search::pattern::{Miner, Pattern};

use super::{Asked, summary};
use crate::limits::PATTERN_LINES;

/// Reads lines and finds their templates; lines of a template are new when none is older than `since`.
pub(crate) async fn read(store: &Query, asked: &Asked, since: Option<UnixNanos>) -> Result<Patterns, QueryError> {
    let sql = format!("SELECT body, severity_number, time_unix_nano FROM logs WHERE {}", asked.condition());
    let mut stream = store.stream(&sql, QueryLimits::default().time).await?;
    let mut miner = Miner::new();
    let (mut lines, mut is_complete) = (0, true);
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        let (bodies, levels) = (batch.column(0).as_string::<i32>(), batch.column(1).as_primitive::<Int32Type>());
        let times = batch.column(2).as_primitive::<TimestampNanosecondType>();
        for row in (0..batch.num_rows()).filter(|row| bodies.is_valid(*row)) {
            if lines >= PATTERN_LINES {
                is_complete = false;
                break;
            }
            lines += 1;
            miner.add(bodies.value(row), band(levels.value(row)), times.value(row));
        }
        if !is_complete {
            break;
        }
    }
    let (patterns, other) = miner.finish();
    let patterns = patterns.iter().map(|pattern| view(pattern, since)).collect();
    Ok(Patterns { lines, is_complete, other, patterns })
}

/// Returns the position of a severity number's level in [`summary::LEVELS`].
fn band(severity_number: i32) -> u8 {
    Severity::from_number(severity_number).map_or(0, |severity| match severity {
        Severity::Trace => 1,
        Severity::Debug => 2,
        Severity::Info => 3,
        Severity::Warn => 4,
        Severity::Error => 5,
        Severity::Fatal => 6,
    })
}

fn view(pattern: &Pattern, since: Option<UnixNanos>) -> PatternView {
    let level = pattern.levels.keys().max().copied().unwrap_or(0);
    let nanos = |time: i64| Nanos(u64::try_from(time).unwrap_or(0));
    PatternView {
        template: pattern.text(),
        count: pattern.count,
        level: summary::LEVELS.get(usize::from(level)).map_or("unset", |name| name).to_owned(),
        first_unix_nano: nanos(pattern.first_unix_nano),
        last_unix_nano: nanos(pattern.last_unix_nano),
        example: pattern.example.clone(),
        is_new: since.is_some_and(|since| pattern.first_unix_nano >= since.saturating_i64()),
        query: pattern.query(),
    }
}
