//! What is shown around a page of rows: how many match, when, and with which values of the main columns; all exact, and
//! all in one pass over the rows.

use std::collections::BTreeMap;

use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;
use telltale_api::Nanos;
use telltale_api::search::{Facet, FacetValue, SearchHistogram};
use telltale_api::sql::ScanReport;
use telltale_query::{AT, BAND, Groups, OverTime, Query, QueryError, Values};
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

/// The same band.
fn level(severity_number: Option<i32>) -> usize {
    match severity_number {
        Some(number @ 1..=24) => usize::try_from((number - 1) / 4 + 1).unwrap_or(0),
        _ => 0,
    }
}

/// A state that OTLP does not list counts as unset.
fn status(status_code: Option<i32>) -> usize {
    status_code.and_then(|code| usize::try_from(code).ok()).filter(|code| *code < STATUSES.len()).unwrap_or(0)
}

/// Returns how rows are grouped in the histogram: the names, the column that says it, and the group of its value.
fn groups(target: Target) -> (&'static [&'static str], &'static str, Groups) {
    match target {
        Target::Spans => (&STATUSES, "status_code", Groups { count: STATUSES.len(), of: status }),
        Target::Logs => (&LEVELS, "severity_number", Groups { count: LEVELS.len(), of: level }),
    }
}

/// Counts all rows that match.
pub(crate) async fn count(store: &Query, asked: &Asked, report: &mut ScanReport) -> Result<u64, QueryError> {
    let sql = format!("SELECT count(*) AS n FROM {} WHERE {}", asked.target().table(), asked.condition());
    let answer = store.sql(&sql).await?;
    add(report, &answer.report);
    Ok(numbers(&answer.batches, 0).first().map_or(0, |count| u64::try_from(*count).unwrap_or(0)))
}

/// What is wanted around a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Wanted {
    pub(crate) histogram: bool,
    pub(crate) facets: bool,
}

/// What stands around a page.
#[derive(Debug, Default)]
pub(crate) struct Around {
    /// All rows that match.
    pub(crate) total: u64,
    pub(crate) histogram: Option<SearchHistogram>,
    /// Of the main columns.
    pub(crate) facets: Vec<Facet>,
}

/// Counts rows over time and the values of the main columns, whichever is wanted.
pub(crate) async fn around(
    store: &Query,
    asked: &Asked,
    wanted: Wanted,
    report: &mut ScanReport,
) -> Result<Around, QueryError> {
    let target = asked.target();
    let (names, band, groups) = groups(target);
    let mut counted = vec![format!("{band} AS {BAND}")];
    if wanted.histogram {
        counted.push(format!("{} AS {AT}", target.time_column()));
    }
    let columns = if wanted.facets { columns(target) } else { &[] };
    counted.extend(columns.iter().filter(|column| column.source != band).map(|column| column.source.to_owned()));
    let sql = format!("SELECT {} FROM {} WHERE {}", counted.join(", "), target.table(), asked.condition());
    let counts = store.count(&sql, groups).await?;
    add(report, &counts.report);
    let mut facets = Vec::new();
    for column in columns {
        let name = if column.source == band { BAND } else { column.source };
        facets.push(match counts.column(name) {
            Some(Values::TooMany) => column_facet(store, asked, column, report).await?,
            Some(values) => column.facet(values, counts.rows),
            // Without rows there are no columns.
            None => column.facet(&Values::Numbers(Vec::new()), 0),
        });
    }
    let histogram = wanted.histogram.then(|| histogram(asked, names, counts.over_time.as_ref()));
    Ok(Around { total: counts.rows, histogram, facets })
}

/// Shows rows over time in round buckets; the sum of all counts is the number of rows that match.
fn histogram(asked: &Asked, names: &[&str], over_time: Option<&OverTime>) -> SearchHistogram {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let asked_from = asked.from.map(|from| from.saturating_i64());
    let (from, to) = match (asked_from, asked.to, over_time) {
        (Some(from), Some(to), _) => (from, to.saturating_i64().saturating_sub(1)),
        (from, _, Some(found)) => (from.unwrap_or(found.least), found.most),
        (_, _, None) => return SearchHistogram { groups: names, ..SearchHistogram::default() },
    };
    let step = step(u64::try_from(to.saturating_sub(from)).unwrap_or(0));
    let step_signed = i64::try_from(step).unwrap_or(i64::MAX);
    let first = from.div_euclid(step_signed);
    let buckets = usize::try_from(to.div_euclid(step_signed) - first + 1).unwrap_or(1);
    let mut counts = vec![vec![0; buckets]; names.len()];
    let counted_step = over_time.map_or(1, |found| found.step_ns);
    for (bucket, rows) in over_time.into_iter().flat_map(|found| &found.buckets) {
        let bucket = bucket.saturating_mul(counted_step).div_euclid(step_signed);
        let at = usize::try_from(bucket - first).unwrap_or(0).min(buckets.saturating_sub(1));
        for (row, rows) in counts.iter_mut().zip(rows) {
            if let Some(cell) = row.get_mut(at) {
                *cell += rows;
            }
        }
    }
    let from_unix_nano = Nanos(u64::try_from(first.saturating_mul(step_signed)).unwrap_or(0));
    SearchHistogram { from_unix_nano, step_ns: Nanos(step), groups: names, counts }
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
    /// As it is stored.
    source: &'static str,
    /// Its values as they are told apart.
    expression: &'static str,
    /// Names of numbers, by number; empty for texts.
    names: &'static [&'static str],
    /// From a stored number to the one that names it.
    number: fn(i32) -> i64,
}

/// Names of span kinds, by number.
pub(crate) const KINDS: [&str; 6] = ["unspecified", "internal", "server", "client", "producer", "consumer"];

fn columns(target: Target) -> &'static [Column] {
    const fn text(key: &'static str, source: &'static str) -> Column {
        Column { key, source, expression: source, names: &[], number: as_it_is }
    }
    const SPANS: [Column; 4] = [
        text("service", "service_name"),
        text("name", "name"),
        Column { expression: STATUS_SQL, names: &STATUSES, ..text("status", "status_code") },
        Column { expression: KIND_SQL, names: &KINDS, ..text("kind", "kind") },
    ];
    const LOGS: [Column; 2] = [
        text("service", "service_name"),
        Column { expression: LEVEL_SQL, names: &LEVELS, number: level_number, ..text("level", "severity_number") },
    ];
    match target {
        Target::Spans => &SPANS,
        Target::Logs => &LOGS,
    }
}

fn as_it_is(number: i32) -> i64 {
    i64::from(number)
}

fn level_number(severity_number: i32) -> i64 {
    i64::try_from(level(Some(severity_number))).unwrap_or(0)
}

impl Column {
    /// Lists the most frequent of the values that were counted over `rows` rows.
    fn facet(&self, values: &Values, rows: u64) -> Facet {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        match values {
            Values::Texts(texts) => counts.extend(texts.iter().cloned()),
            Values::Numbers(numbers) => {
                for (number, rows) in numbers {
                    *counts.entry((self.number)(*number).to_string()).or_default() += rows;
                }
            }
            Values::TooMany => {}
        }
        let counted: u64 = counts.values().sum();
        if self.key == "status" && rows > counted {
            // Null is what OTLP calls unset.
            *counts.entry("0".to_owned()).or_default() += rows - counted;
        }
        let total = counts.values().sum();
        let mut values: Vec<(String, u64)> = counts.into_iter().collect();
        values.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        values.truncate(FACET_VALUES);
        let mut facet = listed(self.key, values, total);
        if !self.names.is_empty() {
            name_values(&mut facet, self);
        }
        facet
    }
}

/// Counts the values of one of the main columns.
async fn column_facet(
    store: &Query,
    asked: &Asked,
    column: &Column,
    report: &mut ScanReport,
) -> Result<Facet, QueryError> {
    let expression = match column.names.is_empty() {
        true => column.expression.to_owned(),
        false => format!("CAST({} AS VARCHAR)", column.expression),
    };
    let mut facet = facet(store, asked, column.key, &expression, report).await?;
    if !column.names.is_empty() {
        name_values(&mut facet, column);
    }
    Ok(facet)
}

/// Counts the values of one of the columns whose values have names: `level`, `status`, `kind`.
pub(crate) async fn named_facet(
    store: &Query,
    asked: &Asked,
    key: &str,
    report: &mut ScanReport,
) -> Result<Facet, QueryError> {
    match columns(asked.target()).iter().find(|column| column.key == key) {
        Some(column) => column_facet(store, asked, column, report).await,
        None => Ok(Facet::default()),
    }
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
            values.push((texts.value(row).to_owned(), number(counts)));
        }
    }
    Ok(listed(key, values, total))
}

/// Lists values that were counted over all rows that match; `total` rows have one.
fn listed(key: &str, values: Vec<(String, u64)>, total: u64) -> Facet {
    let listed: u64 = values.iter().map(|(_, count)| count).sum();
    let values = values.into_iter().map(|(value, count)| {
        let condition = format!("{key}={}", quoted(&value));
        FacetValue { value, count, condition }
    });
    let values = values.collect();
    Facet { key: key.to_owned(), rows: total, other: total - listed, values, is_exact: true, of_rows: total }
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
