//! What is shown around a page of rows: how many match, when, and with which values of the main columns; all exact.

use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::Int64Type;
use telltale_api::Nanos;
use telltale_api::search::{Facet, FacetValue, SearchHistogram};
use telltale_api::sql::ScanReport;
use telltale_query::{Query, QueryError};
use telltale_search::Target;
use telltale_search::complete::quoted;

use super::page::numbers;
use super::{Asked, add};
use crate::limits::{FACET_VALUES, SEARCH_BUCKETS};

/// Names of levels, by band: 0 is "unset".
pub(crate) const LEVELS: [&str; 7] = ["unset", "trace", "debug", "info", "warn", "error", "fatal"];
/// Names of span states, by code.
pub(crate) const STATUSES: [&str; 3] = ["unset", "ok", "error"];
/// The band of a severity number.
pub(crate) const LEVEL_SQL: &str =
    "CASE WHEN severity_number BETWEEN 1 AND 24 THEN (severity_number - 1) / 4 + 1 ELSE 0 END";
const STATUS_SQL: &str = "coalesce(status_code, 0)";
const KIND_SQL: &str = "kind";

/// Returns how rows are grouped in the histogram: the names, and the expression of the group's number.
pub(crate) fn groups(target: Target) -> (&'static [&'static str], &'static str) {
    match target {
        Target::Spans => (&STATUSES, STATUS_SQL),
        Target::Logs => (&LEVELS, LEVEL_SQL),
    }
}

/// Counts all rows that match.
pub(crate) async fn count(store: &Query, asked: &Asked, report: &mut ScanReport) -> Result<u64, QueryError> {
    let sql = format!("SELECT count(*) AS n FROM {} WHERE {}", asked.target().table(), asked.condition());
    let answer = store.sql(&sql).await?;
    add(report, &answer.report);
    Ok(numbers(&answer.batches, 0).first().map_or(0, |count| u64::try_from(*count).unwrap_or(0)))
}

/// Counts rows over time; the sum of all counts is the number of rows that match.
pub(crate) async fn histogram(
    store: &Query,
    asked: &Asked,
    report: &mut ScanReport,
) -> Result<SearchHistogram, QueryError> {
    let (table, time, condition) = (asked.target().table(), asked.target().time_column(), asked.condition());
    let (names, group) = groups(asked.target());
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let (from, to) = match (asked.from, asked.to) {
        (Some(from), Some(to)) => (from.saturating_i64(), to.saturating_i64().saturating_sub(1)),
        _ => {
            let sql = format!("SELECT min({time}) AS least, max({time}) AS most FROM {table} WHERE {condition}");
            let answer = store.sql(&sql).await?;
            add(report, &answer.report);
            let is_empty = answer.batches.iter().all(|batch| batch.columns().iter().any(|column| column.is_null(0)));
            if is_empty {
                return Ok(SearchHistogram { groups: names, ..SearchHistogram::default() });
            }
            let least = numbers(&answer.batches, 0).first().copied().unwrap_or(0);
            let most = numbers(&answer.batches, 1).first().copied().unwrap_or(0);
            (asked.from.map_or(least, |from| from.saturating_i64()), most.max(least))
        }
    };
    let step = step(u64::try_from(to.saturating_sub(from)).unwrap_or(0));
    let step_signed = i64::try_from(step).unwrap_or(i64::MAX);
    let first = from.div_euclid(step_signed);
    let buckets = usize::try_from(to.div_euclid(step_signed) - first + 1).unwrap_or(1);
    let sql = format!(
        "SELECT CAST({time} AS BIGINT) / {step} AS bucket, CAST({group} AS BIGINT) AS g, count(*) AS n \
         FROM {table} WHERE {condition} GROUP BY 1, 2"
    );
    let answer = store.sql(&sql).await?;
    add(report, &answer.report);
    let mut counts = vec![vec![0; buckets]; names.len()];
    let cells = [0, 1, 2].map(|column| numbers(&answer.batches, column));
    let [bucket, group, n] = &cells;
    for ((bucket, group), n) in bucket.iter().zip(group).zip(n) {
        let at = usize::try_from(bucket - first).unwrap_or(0).min(buckets.saturating_sub(1));
        // A state that OTLP does not list counts as unset.
        let group = usize::try_from(*group).ok().filter(|group| *group < counts.len()).unwrap_or(0);
        if let Some(cell) = counts.get_mut(group).and_then(|row| row.get_mut(at)) {
            *cell += u64::try_from(*n).unwrap_or(0);
        }
    }
    let from_unix_nano = Nanos(u64::try_from(first.saturating_mul(step_signed)).unwrap_or(0));
    Ok(SearchHistogram { from_unix_nano, step_ns: Nanos(step), groups: names, counts })
}

/// Returns the least round length of a bucket that makes about [`SEARCH_BUCKETS`] of a range.
fn step(range_ns: u64) -> u64 {
    const SECOND: u64 = 1_000_000_000;
    const STEPS: [u64; 24] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800,
        604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000,
    ];
    let wanted = range_ns.div_ceil(SEARCH_BUCKETS).max(1);
    if wanted <= SECOND {
        let mut step = 1;
        loop {
            for factor in [1, 2, 5] {
                if step * factor >= wanted {
                    return step * factor;
                }
            }
            step *= 10;
        }
    }
    let seconds = wanted.div_ceil(SECOND);
    STEPS.into_iter().find(|step| *step >= seconds).unwrap_or_else(|| seconds.next_multiple_of(31_536_000)) * SECOND
}

/// A column whose values are counted.
struct Column {
    key: &'static str,
    expression: &'static str,
    /// Names of numbers, by number; empty for texts.
    names: &'static [&'static str],
}

/// Names of span kinds, by number.
pub(crate) const KINDS: [&str; 6] = ["unspecified", "internal", "server", "client", "producer", "consumer"];

fn columns(target: Target) -> &'static [Column] {
    const SPANS: [Column; 4] = [
        Column { key: "service", expression: "service_name", names: &[] },
        Column { key: "name", expression: "name", names: &[] },
        Column { key: "status", expression: STATUS_SQL, names: &STATUSES },
        Column { key: "kind", expression: KIND_SQL, names: &KINDS },
    ];
    const LOGS: [Column; 2] = [
        Column { key: "service", expression: "service_name", names: &[] },
        Column { key: "level", expression: LEVEL_SQL, names: &LEVELS },
    ];
    match target {
        Target::Spans => &SPANS,
        Target::Logs => &LOGS,
    }
}

/// Counts the values of the main columns.
pub(crate) async fn column_facets(
    store: &Query,
    asked: &Asked,
    report: &mut ScanReport,
) -> Result<Vec<Facet>, QueryError> {
    let mut out = Vec::new();
    for column in columns(asked.target()) {
        let expression = match column.names.is_empty() {
            true => column.expression.to_owned(),
            false => format!("CAST({} AS VARCHAR)", column.expression),
        };
        let mut facet = facet(store, asked, column.key, &expression, report).await?;
        if !column.names.is_empty() {
            name_values(&mut facet, column);
        }
        out.push(facet);
    }
    Ok(out)
}

/// Counts the values of one of the columns whose values have names: `level`, `status`, `kind`.
pub(crate) async fn named_facet(
    store: &Query,
    asked: &Asked,
    key: &str,
    report: &mut ScanReport,
) -> Result<Facet, QueryError> {
    let Some(column) = columns(asked.target()).iter().find(|column| column.key == key) else {
        return Ok(Facet::default());
    };
    let expression = format!("CAST({} AS VARCHAR)", column.expression);
    let mut facet = facet(store, asked, column.key, &expression, report).await?;
    name_values(&mut facet, column);
    Ok(facet)
}

fn name_values(facet: &mut Facet, column: &Column) {
    for value in &mut facet.values {
        if let Some(name) = value.value.parse().ok().and_then(|number: usize| column.names.get(number)) {
            (*name).clone_into(&mut value.value);
        }
        // A record without a level cannot be asked for by one.
        value.condition = match (column.key, value.value.as_str()) {
            ("level", "unset") => "-has:level".to_owned(),
            (key, value) => format!("{key}:{}", quoted(value)),
        };
    }
}

/// Counts the values of one expression over all rows that match.
pub(crate) async fn facet(
    store: &Query,
    asked: &Asked,
    key: &str,
    expression: &str,
    report: &mut ScanReport,
) -> Result<Facet, QueryError> {
    let (table, condition) = (asked.target().table(), asked.condition());
    // The row with the totals is the one without a value of its own.
    let sql = format!(
        "WITH counted AS (SELECT {expression} AS v, count(*) AS n FROM {table} WHERE {condition} GROUP BY 1) \
         SELECT v, n, sum(n) OVER () AS total, count(*) OVER () AS kinds FROM counted WHERE v IS NOT NULL \
         ORDER BY n DESC, v LIMIT {FACET_VALUES}"
    );
    let answer = store.sql(&sql).await?;
    add(report, &answer.report);
    let mut values = Vec::new();
    let mut total = 0;
    for batch in &answer.batches {
        let texts = batch.column(0).as_string::<i32>();
        let [counts, totals] = [1, 2].map(|column| batch.column(column).as_primitive_opt::<Int64Type>());
        for row in 0..batch.num_rows() {
            let number = |column: Option<&arrow::array::Int64Array>| {
                column.map_or(0, |column| u64::try_from(column.value(row)).unwrap_or(0))
            };
            total = number(totals);
            let value = texts.value(row).to_owned();
            let condition = format!("{key}={}", quoted(&value));
            values.push(FacetValue { value, count: number(counts), condition });
        }
    }
    let listed: u64 = values.iter().map(|value| value.count).sum();
    Ok(Facet { key: key.to_owned(), rows: total, other: total - listed, values, is_exact: true, of_rows: total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_make_few_buckets() {
        for (range, expected) in [
            (0, 1),
            (60, 1),
            (61, 2),
            (121, 5),
            (6_000_000, 100_000),
            (60_000_000_000, 1_000_000_000),
            (900_000_000_000, 15_000_000_000),
            (3_600_000_000_000, 60_000_000_000),
            (86_400_000_000_000, 1_800_000_000_000),
        ] {
            assert_eq!(step(range), expected, "{range}");
        }
        for exponent in 0..63 {
            let range = 1_u64 << exponent;
            assert!(range / step(range) <= SEARCH_BUCKETS + 1, "{range}");
        }
    }
}
