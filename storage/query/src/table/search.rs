//! `match(body, …)` over log segments, `trace_id = …` and `attr('key') = 'value'` over logs and spans, joined by AND and OR:
//! the indexes say which rows can match, the scan ([`super::indexed`]) reads only these.
//!
//! An index narrows, and a filter above the scan decides: without an index, with a query that requires no word, or when most
//! rows match, the segment is scanned. One kind of filter is decided here: words of a body, of which the index knows exactly
//! the rows that hold them. Then no body is read to find them again; without the index, bodies are, of log records that are not
//! compacted yet those of the pages whose filter has the words.

use std::ops::{ControlFlow, Range};

use arrow::array::{AsArray as _, BooleanBufferBuilder};
use datafusion::common::Result;
use datafusion::datasource::physical_plan::parquet::{ParquetAccessPlan, RowGroupAccess};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use datafusion::scalar::ScalarValue;
use parquet::arrow::arrow_reader::RowSelection;
use telltale_model::TraceId;
use telltale_storage::limits::PAGE_ROWS_LOGS;
use telltale_storage::schema::{Table, col};
use telltale_storage::text::{Probe, RequiredTerm, for_each_token};
use telltale_storage::{LogIndex, Segment, intersection};

use crate::functions::{MATCH, matching};
use crate::limits::{INDEX_MAX_HIT_PERCENT, INDEX_MAX_TRACES};

/// What the indexes of segments are asked for the filters of a scan.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Questions {
    /// May name more rows than pass, never fewer.
    narrowing: Option<Question>,
    /// Names exactly the rows that pass.
    deciding: Option<Question>,
}

/// What the index of a segment is asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Question {
    /// Words that the body must hold.
    Terms(Vec<RequiredTerm>),
    /// Traces of which one must be the record's.
    Traces(Vec<TraceId>),
    /// The text of an attribute's value, be it the row's own or of its resource or scope.
    Value(String),
    /// All must hold.
    All(Vec<Question>),
    /// One must hold.
    One(Vec<Question>),
    /// The index cannot tell.
    Unknown,
}

/// Whether a filter holds a search that the index can narrow.
pub(crate) fn is_search(filter: &Expr) -> bool {
    question(filter).is_ok_and(|question| question != Question::Unknown)
}

/// Returns what a filter asks the index.
fn question(filter: &Expr) -> Result<Question> {
    let of_both = |left: &Expr, right: &Expr| Ok::<_, DataFusionError>([question(left)?, question(right)?]);
    Ok(match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => all(of_both(left, right)?.into()),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let parts = of_both(left, right)?;
            if parts.contains(&Question::Unknown) { Question::Unknown } else { Question::One(parts.into()) }
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => match (left.as_ref(), right.as_ref()) {
            (Expr::Column(column), Expr::Literal(value, _)) | (Expr::Literal(value, _), Expr::Column(column))
                if column.name == col::TRACE_ID =>
            {
                traces([value].into_iter())
            }
            (attribute, Expr::Literal(value, _)) | (Expr::Literal(value, _), attribute)
                if is_attribute_text(attribute) =>
            {
                value.try_as_str().flatten().map_or(Question::Unknown, value_question)
            }
            _ => Question::Unknown,
        },
        Expr::InList(InList { expr, list, negated: false }) => match expr.as_ref() {
            Expr::Column(column) if column.name == col::TRACE_ID => {
                let values: Option<Vec<_>> = list
                    .iter()
                    .map(|value| if let Expr::Literal(value, _) = value { Some(value) } else { None })
                    .collect();
                values.map_or(Question::Unknown, |values| traces(values.into_iter()))
            }
            _ => Question::Unknown,
        },
        other => match query_of(other) {
            Some(query) => {
                let query = matching::parse(query).map_err(|error| DataFusionError::External(Box::new(error)))?;
                let terms = query.required_terms();
                if terms.is_empty() { Question::Unknown } else { Question::Terms(terms) }
            }
            None => Question::Unknown,
        },
    })
}

/// Whether an expression's value is always the text of an attribute of the row, its resource or its scope, or null:
/// `attr('key')`, or the first of several such.
fn is_attribute_text(expr: &Expr) -> bool {
    match expr {
        Expr::ScalarFunction(ScalarFunction { func, args }) => match func.name() {
            "attr" | "resource_attr" | "scope_attr" => matches!(args.first(), Some(Expr::Column(_))),
            "coalesce" => args.iter().all(is_attribute_text),
            _ => false,
        },
        // What DataFusion makes of `coalesce`.
        Expr::Case(case) => {
            let results = case.when_then_expr.iter().map(|(_, result)| result).chain(&case.else_expr);
            results.into_iter().all(|result| is_attribute_text(result))
        }
        _ => false,
    }
}

/// Asks for the text of a value, unless it may be that of a value that the index leaves out: a boolean, a double, bytes, a
/// list or a map.
fn value_question(text: &str) -> Question {
    let is_odd = text.starts_with(['"', '[', '{']) || matches!(text, "true" | "false" | "null");
    let is_double = text.parse::<i64>().is_err() && text.parse::<f64>().is_ok();
    if is_odd || is_double { Question::Unknown } else { Question::Value(text.to_owned()) }
}

/// Joins what must hold together.
fn all(parts: Vec<Question>) -> Question {
    let mut known: Vec<Question> = parts.into_iter().filter(|part| *part != Question::Unknown).collect();
    match known.len() {
        0 => Question::Unknown,
        1 => known.remove(0),
        _ => Question::All(known),
    }
}

/// Asks for the traces of hex texts; a text that is no id is no record's.
fn traces<'a>(values: impl Iterator<Item = &'a ScalarValue>) -> Question {
    let ids: Option<Vec<Option<TraceId>>> =
        values.map(|value| Some(value.try_as_str()?.and_then(|text| text.parse().ok()))).collect();
    ids.map_or(Question::Unknown, |ids| Question::Traces(ids.into_iter().flatten().collect()))
}

/// Returns the query of `match(body, 'query')`.
fn query_of(filter: &Expr) -> Option<&str> {
    let Expr::ScalarFunction(ScalarFunction { func, args }) = filter else { return None };
    let [Expr::Column(column), Expr::Literal(query, _)] = args.as_slice() else { return None };
    (func.name() == MATCH && column.name == col::BODY).then(|| query.try_as_str().flatten())?
}

/// Whether the index of every segment of log records knows exactly which rows pass a filter.
pub(super) fn is_decided(filter: &Expr) -> bool {
    deciding(filter).is_some()
}

/// Returns the question that decides a filter: words of a body, joined by AND and OR.
fn deciding(filter: &Expr) -> Option<Question> {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            Some(Question::All(vec![deciding(left)?, deciding(right)?]))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            Some(Question::One(vec![deciding(left)?, deciding(right)?]))
        }
        // A query that cannot be read is none that is decided; whoever evaluates it says why.
        other => matching::parse(query_of(other)?).ok()?.plain_words().map(Question::Terms),
    }
}

/// Returns what filters, which must all hold, ask the indexes of a table's segments; `None`: nothing. All of `decided`
/// are decided ([`is_decided`]).
pub(super) fn questions(table: Table, decided: &[&Expr], others: &[&Expr]) -> Result<Option<Questions>> {
    if table.holds_points() {
        return Ok(None);
    }
    let known = |question| (question != Question::Unknown).then_some(question);
    let narrowing = known(all(others.iter().map(|filter| question(filter)).collect::<Result<_>>()?));
    let deciding = known(all(decided.iter().filter_map(|filter| deciding(filter)).collect()));
    let is_asked = narrowing.is_some() || deciding.is_some();
    Ok(is_asked.then_some(Questions { narrowing, deciding }))
}

/// What must be read of a segment.
#[derive(Debug)]
pub(super) enum Rows {
    /// Everything.
    All,
    /// These rows.
    Some(ParquetAccessPlan),
    /// Nothing.
    None,
}

/// Returns what must be read of a segment.
pub(super) fn narrow(segment: &Segment, questions: &Questions) -> Result<Rows> {
    let index = segment.log_index();
    let index = index.as_deref();
    let total = usize::try_from(segment.rows()).unwrap_or(usize::MAX);
    let decided = questions.deciding.as_ref().map(|question| decide(segment, index, question)).transpose()?;
    let narrowed = questions.narrowing.as_ref().map(|question| candidates(segment, index, question)).transpose()?;
    let is_worth_it = |rows: &Vec<u32>| rows.len().saturating_mul(100) <= total.saturating_mul(INDEX_MAX_HIT_PERCENT);
    let rows = match (decided, narrowed.flatten().filter(is_worth_it)) {
        (Some(decided), Some(narrowed)) => intersection(&decided, &narrowed),
        (Some(rows), None) | (None, Some(rows)) => rows,
        (None, None) => return Ok(Rows::All),
    };
    Ok(match rows.len() {
        0 => Rows::None,
        hits if hits == total => Rows::All,
        _ => {
            let metadata = segment.metadata().map_err(super::external)?;
            let groups = metadata.row_groups().iter().map(|group| usize::try_from(group.num_rows()).unwrap_or(0));
            Rows::Some(ParquetAccessPlan::new(by_row_group(&rows, groups)))
        }
    })
}

/// Returns exactly the rows, ascending, that pass a question of words; without the index the bodies of those that may are read.
fn decide(segment: &Segment, index: Option<&LogIndex>, question: &Question) -> Result<Vec<u32>> {
    let possible = match (index, candidates(segment, index, question)?) {
        (Some(_), Some(rows)) => return Ok(rows),
        (_, possible) => possible,
    };
    let (total, probe) = (segment.rows(), question.probe());
    let pages = (0..total).step_by(PAGE_ROWS_LOGS).map(|from| from..total.min(from + PAGE_ROWS_LOGS as u64));
    let mut rows = Vec::new();
    for page in pages {
        let asked = possible.as_ref().map_or_else(|| vec![page.clone()], |rows| runs_within(rows, &page));
        if asked.is_empty() {
            continue;
        }
        let batches = segment.read(Some(&[col::BODY]), Some(&asked)).map_err(super::external)?;
        let bodies = batches.iter().filter_map(|batch| batch.column(0).as_string_opt::<i32>()).flatten();
        let passes = |body: &str| probe.as_ref().is_none_or(|probe| probe.may_hold(body)) && question.holds(body);
        let passed = asked.into_iter().flatten().zip(bodies).filter(|(_, body)| body.is_some_and(passes));
        rows.extend(passed.filter_map(|(row, _)| u32::try_from(row).ok()));
    }
    Ok(rows)
}

/// Returns the stretches of a page that the rows, ascending, cover.
fn runs_within(rows: &[u32], page: &Range<u64>) -> Vec<Range<u64>> {
    let after = rows.get(rows.partition_point(|row| u64::from(*row) < page.start)..).unwrap_or_default();
    let here = after.get(..after.partition_point(|row| u64::from(*row) < page.end)).unwrap_or_default();
    let follows = |one: &u32, other: &u32| one.checked_add(1) == Some(*other);
    here.chunk_by(follows).filter_map(|run| Some(u64::from(*run.first()?)..u64::from(*run.last()?) + 1)).collect()
}

impl Question {
    /// Returns what to look for in a body first, where that can be said.
    fn probe(&self) -> Option<Probe> {
        match self {
            Self::Terms(terms) => Probe::of(terms),
            Self::All(parts) => parts.iter().find_map(Self::probe),
            Self::One(_) | Self::Traces(_) | Self::Value(_) | Self::Unknown => None,
        }
    }

    /// Whether a body passes a question of words.
    fn holds(&self, body: &str) -> bool {
        match self {
            Self::Terms(terms) => {
                let mut missing: Vec<&RequiredTerm> = terms.iter().collect();
                for_each_token(body, |token| {
                    missing.retain(|term| !term.accepts(token));
                    if missing.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                });
                missing.is_empty()
            }
            Self::All(parts) => parts.iter().all(|part| part.holds(body)),
            Self::One(parts) => parts.iter().any(|part| part.holds(body)),
            Self::Traces(_) | Self::Value(_) | Self::Unknown => false,
        }
    }
}

/// Returns the rows that the index leaves over, ascending; `None` when it cannot tell. Of words it knows exactly the rows that have them;
/// without the log index filters name some more.
fn candidates(segment: &Segment, index: Option<&LogIndex>, question: &Question) -> Result<Option<Vec<u32>>> {
    match question {
        Question::Unknown => Ok(None),
        Question::Terms(terms) => match index {
            Some(index) => index.candidates(terms).map_err(super::external),
            None => Ok(segment.rows_of_words(terms).and_then(|ranges| few(&ranges, segment.rows()))),
        },
        Question::Value(text) => Ok(segment.rows_of_value(text).and_then(|ranges| few(&ranges, segment.rows()))),
        Question::Traces(traces) => {
            let rows = match index {
                Some(index) => traces.iter().map(|id| index.rows_of_trace(id)).collect::<Result<Vec<_>, _>>(),
                // Spans lie by trace: the trace rows say where.
                None if segment.trace_rows_path().is_some() && traces.len() <= INDEX_MAX_TRACES => {
                    traces.iter().map(|id| rows_of_trace(segment, id)).collect()
                }
                // Log records without an index.
                None => {
                    let rows = traces.iter().map(|id| few(&segment.rows_of_trace_id(id)?, segment.rows()));
                    let Some(rows) = rows.collect::<Option<Vec<_>>>() else { return Ok(None) };
                    Ok(rows)
                }
            };
            let mut rows = rows.map_err(super::external)?.concat();
            rows.sort_unstable();
            rows.dedup();
            Ok(Some(rows))
        }
        Question::All(parts) => {
            let mut left: Option<Vec<u32>> = None;
            for part in parts {
                let Some(rows) = candidates(segment, index, part)? else { continue };
                left = Some(match left {
                    None => rows,
                    Some(left) => intersection(&left, &rows),
                });
                if left.as_ref().is_some_and(Vec::is_empty) {
                    break;
                }
            }
            Ok(left)
        }
        Question::One(parts) => {
            let mut rows = Vec::new();
            for part in parts {
                let Some(more) = candidates(segment, index, part)? else { return Ok(None) };
                rows.extend(more);
            }
            rows.sort_unstable();
            rows.dedup();
            Ok(Some(rows))
        }
    }
}

/// Returns the rows of a trace in a segment of spans.
fn rows_of_trace(segment: &Segment, id: &TraceId) -> Result<Vec<u32>, telltale_storage::Error> {
    let found = if segment.may_contain_trace(id) { segment.trace_rows(id)? } else { None };
    let range = found.map(|found| found.row_start..found.row_start.saturating_add(found.row_count));
    Ok(range.into_iter().flatten().filter_map(|row| u32::try_from(row).ok()).collect())
}

/// Returns the rows of ranges one by one; `None` when they are so many that they narrow nothing.
fn few(ranges: &[Range<u64>], total: u64) -> Option<Vec<u32>> {
    let count: u64 = ranges.iter().map(|range| range.end - range.start).sum();
    let percent = u64::try_from(INDEX_MAX_HIT_PERCENT).unwrap_or(100);
    if count.saturating_mul(100) > total.saturating_mul(percent) {
        return None;
    }
    ranges.iter().cloned().flatten().map(|row| u32::try_from(row).ok()).collect()
}

/// Selects the given rows, ascending, of groups with so many rows each.
fn by_row_group(rows: &[u32], groups: impl Iterator<Item = usize>) -> Vec<RowGroupAccess> {
    let (mut rest, mut start) = (rows, 0);
    let group = |count: usize| {
        let end = start + count;
        let here = rest.partition_point(|row| (*row as usize) < end);
        let (rows, after) = rest.split_at_checked(here).unwrap_or((rest, &[]));
        let access = match rows.len() {
            0 => RowGroupAccess::Skip,
            all if all == count => RowGroupAccess::Scan,
            _ => RowGroupAccess::Selection(bits(rows, start, count)),
        };
        (rest, start) = (after, end);
        access
    };
    groups.map(group).collect()
}

/// A bit a row: many rows here and there take no more memory than few.
fn bits(rows: &[u32], start: usize, count: usize) -> RowSelection {
    let mut bits = BooleanBufferBuilder::new(count);
    bits.append_n(count, false);
    for row in rows {
        bits.set_bit(*row as usize - start, true);
    }
    RowSelection::from_boolean_buffer(bits.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What is read of pages are the rows that are asked for, each once.
        #[test]
        fn pages_are_read_where_rows_are_asked_for(
            asked in prop::collection::btree_set(0..60_u32, 0..60),
            page in 1..25_u64,
        ) {
            let asked: Vec<u32> = asked.into_iter().collect();
            let pages = (0..60).step_by(page as usize).map(|from| from..from + page);
            let runs: Vec<_> = pages.flat_map(|page| {
                let runs = runs_within(&asked, &page);
                assert!(runs.iter().all(|run| page.start <= run.start && run.end <= page.end));
                assert!(runs.is_sorted_by(|one, other| one.end < other.start), "{runs:?}");
                runs
            }).collect();
            prop_assert!(runs.into_iter().flatten().eq(asked.into_iter().map(u64::from)));
        }

        /// Whatever rows are asked for, of however many groups: these rows and no others are read.
        #[test]
        fn the_rows_that_are_asked_for_are_read(
            groups in prop::collection::vec(1..40_usize, 1..5),
            asked in prop::collection::btree_set(0..160_u32, 0..160),
        ) {
            let total: usize = groups.iter().sum();
            let asked: Vec<u32> = asked.into_iter().filter(|row| (*row as usize) < total).collect();
            let mut read = Vec::new();
            let mut start = 0;
            let accesses = by_row_group(&asked, groups.iter().copied());
            prop_assert_eq!(accesses.len(), groups.len());
            for (access, count) in accesses.into_iter().zip(&groups) {
                match access {
                    RowGroupAccess::Skip => {}
                    RowGroupAccess::Scan => read.extend(start..start + count),
                    RowGroupAccess::Selection(rows) => {
                        let mask = rows.as_mask().unwrap();
                        prop_assert_eq!(mask.len(), *count);
                        read.extend(mask.set_indices().map(|row| start + row));
                    }
                }
                start += count;
            }
            let asked: Vec<usize> = asked.into_iter().map(|row| row as usize).collect();
            prop_assert_eq!(read, asked);
        }
    }
}
