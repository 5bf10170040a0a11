//! `match(body, …)` and `trace_id = …` over log segments: the index says which rows can match, the scan reads only these.
//!
//! The index narrows and never decides. Without one, with a query that requires no word, or when most rows match, the
//! segment is scanned.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::utils::split_conjunction;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use telltale_model::TraceId;
use telltale_storage::Segment;
use telltale_storage::schema::{Table, col};
use telltale_storage::text::RequiredTerm;

use super::files::ScanFile;
use super::filter;
use crate::functions::{MATCH, matching};
use crate::limits::INDEX_MAX_HIT_PERCENT;

/// Whether a filter holds a search that the index can narrow.
pub(crate) fn is_search(filter: &Expr) -> bool {
    split_conjunction(filter).into_iter().any(|part| query_of(part).is_some())
}

/// Returns the query of `match(body, 'query')`.
fn query_of(filter: &Expr) -> Option<&str> {
    let Expr::ScalarFunction(ScalarFunction { func, args }) = filter else { return None };
    let [Expr::Column(column), Expr::Literal(query, _)] = args.as_slice() else { return None };
    (func.name() == MATCH && column.name == col::BODY).then(|| query.try_as_str().flatten())?
}

/// What the index of a log segment is asked.
struct Question {
    /// Words that the body must hold.
    terms: Vec<RequiredTerm>,
    /// Traces of which one must be the record's.
    traces: Option<Vec<TraceId>>,
}

/// Returns the files of the segments, each narrowed by the searches and traces among the filters; `stored` is what the
/// filters say about stored columns.
pub(crate) async fn narrow(
    table: Table,
    segments: Vec<Arc<Segment>>,
    stored: Option<&Expr>,
    filters: &[Expr],
) -> Result<Vec<ScanFile>> {
    let mut question = Question { terms: Vec::new(), traces: None };
    if table == Table::Logs {
        question.traces = stored.and_then(filter::traces);
        for query in filters.iter().flat_map(split_conjunction).filter_map(query_of) {
            let query = matching::parse(query).map_err(|error| DataFusionError::External(Box::new(error)))?;
            question.terms.extend(query.required_terms());
        }
    }
    if question.terms.is_empty() && question.traces.is_none() {
        return Ok(segments.into_iter().map(|segment| ScanFile::data(segment, None)).collect());
    }
    let look_up =
        move || segments.into_iter().filter_map(|segment| narrow_one(segment, &question).transpose()).collect();
    SpawnedTask::spawn_blocking(look_up)
        .join()
        .await
        .map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))?
}

/// Returns what must be read of a segment; `None`: nothing.
fn narrow_one(segment: Arc<Segment>, question: &Question) -> Result<Option<ScanFile>> {
    let Some(rows) = candidates(&segment, question)? else {
        return Ok(Some(ScanFile::data(segment, None)));
    };
    if rows.is_empty() {
        return Ok(None);
    }
    let total = usize::try_from(segment.rows()).unwrap_or(usize::MAX);
    if rows.len().saturating_mul(100) > total.saturating_mul(INDEX_MAX_HIT_PERCENT) {
        return Ok(Some(ScanFile::data(segment, None)));
    }
    let selection = select(&rows, total);
    Ok(Some(ScanFile::data(segment, Some(selection))))
}

/// Returns the rows that the index leaves over, ascending; `None` when it cannot tell.
fn candidates(segment: &Segment, question: &Question) -> Result<Option<Vec<u32>>> {
    let Some(index) = segment.log_index() else { return Ok(None) };
    let by_words =
        if question.terms.is_empty() { None } else { index.candidates(&question.terms).map_err(super::external)? };
    let Some(traces) = &question.traces else { return Ok(by_words) };
    let mut rows = Vec::new();
    for id in traces {
        rows.extend(index.rows_of_trace(id).map_err(super::external)?);
    }
    rows.sort_unstable();
    if let Some(by_words) = by_words {
        rows.retain(|row| by_words.binary_search(row).is_ok());
    }
    Ok(Some(rows))
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
