//! `match(body, …)` over log segments, `trace_id = …` and `attr('key') = 'value'` over logs and spans, joined by AND and OR:
//! the indexes say which rows can match, the scan ([`super::indexed`]) reads only these.
//!
//! An index narrows and never decides. Without one, with a query that requires no word, or when most rows match, the
//! segment is scanned.

use datafusion::common::Result;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use datafusion::scalar::ScalarValue;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use telltale_model::TraceId;
use telltale_storage::schema::{Table, col};
use telltale_storage::text::RequiredTerm;
use telltale_storage::{LogIndex, Segment};

use crate::functions::{MATCH, matching};
use crate::limits::{INDEX_MAX_HIT_PERCENT, INDEX_MAX_TRACES};

/// What the index of a log segment is asked; it may name more rows than pass, never fewer.
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

/// Returns what the filters, which must all hold, ask the indexes of a table's segments; `None`: nothing.
pub(super) fn question_of(table: Table, filters: &[Expr]) -> Result<Option<Question>> {
    if !matches!(table, Table::Logs | Table::Spans) {
        return Ok(None);
    }
    let asked = all(filters.iter().map(question).collect::<Result<_>>()?);
    Ok((asked != Question::Unknown).then_some(asked))
}

/// What must be read of a segment.
#[derive(Debug)]
pub(super) enum Rows {
    /// Everything.
    All,
    /// These rows.
    Some(RowSelection),
    /// Nothing.
    None,
}

/// Returns what must be read of a segment.
pub(super) fn narrow(segment: &Segment, question: &Question) -> Result<Rows> {
    let index = segment.log_index();
    let Some(rows) = candidates(segment, index.as_deref(), question)? else { return Ok(Rows::All) };
    let total = usize::try_from(segment.rows()).unwrap_or(usize::MAX);
    Ok(match rows.len() {
        0 => Rows::None,
        hits if hits.saturating_mul(100) > total.saturating_mul(INDEX_MAX_HIT_PERCENT) => Rows::All,
        _ => Rows::Some(select(&rows, total)),
    })
}

/// Returns the rows that the index leaves over, ascending; `None` when it cannot tell.
fn candidates(segment: &Segment, index: Option<&LogIndex>, question: &Question) -> Result<Option<Vec<u32>>> {
    match question {
        Question::Unknown => Ok(None),
        Question::Terms(terms) => match index {
            Some(index) => index.candidates(terms).map_err(super::external),
            None => Ok(None),
        },
        Question::Value(text) => Ok(segment.rows_of_value(text).and_then(|ranges| few(&ranges, segment.rows()))),
        Question::Traces(traces) => {
            let rows = match index {
                Some(index) => traces.iter().map(|id| index.rows_of_trace(id)).collect::<Result<Vec<_>, _>>(),
                // Spans lie by trace: the trace rows say where.
                None if segment.trace_rows_path().is_some() && traces.len() <= INDEX_MAX_TRACES => {
                    traces.iter().map(|id| rows_of_trace(segment, id)).collect()
                }
                None => return Ok(None),
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
                    Some(mut left) => {
                        left.retain(|row| rows.binary_search(row).is_ok());
                        left
                    }
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
fn few(ranges: &[std::ops::Range<u64>], total: u64) -> Option<Vec<u32>> {
    let count: u64 = ranges.iter().map(|range| range.end - range.start).sum();
    let percent = u64::try_from(INDEX_MAX_HIT_PERCENT).unwrap_or(100);
    if count.saturating_mul(100) > total.saturating_mul(percent) {
        return None;
    }
    ranges.iter().cloned().flatten().map(|row| u32::try_from(row).ok()).collect()
}

/// Selects the given rows, ascending, of `total`.
fn select(rows: &[u32], total: usize) -> RowSelection {
    let mut selectors: Vec<RowSelector> = Vec::new();
    let mut next = 0;
    for row in rows.iter().map(|row| *row as usize) {
        if row < next || row >= total {
            continue;
        }
        if row > next {
            selectors.push(RowSelector::skip(row - next));
        }
        match selectors.last_mut() {
            Some(last) if !last.skip => last.row_count += 1,
            _ => selectors.push(RowSelector::select(1)),
        }
        next = row + 1;
    }
    if next < total {
        selectors.push(RowSelector::skip(total - next));
    }
    selectors.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_covers_every_row_of_the_file() {
        let selection: Vec<RowSelector> = select(&[0, 1, 4, 7], 9).into();
        let expected = [
            RowSelector::select(2),
            RowSelector::skip(2),
            RowSelector::select(1),
            RowSelector::skip(2),
            RowSelector::select(1),
            RowSelector::skip(1),
        ];
        assert_eq!(selection, expected);
        assert_eq!(Vec::<RowSelector>::from(select(&[2], 3)), [RowSelector::skip(2), RowSelector::select(1)]);
    }
}
