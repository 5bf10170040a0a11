//! `match(body, …)` over log segments: the index says which rows can match, the scan reads only these.
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
use telltale_storage::Segment;
use telltale_storage::schema::{Table, col};
use telltale_storage::text::RequiredTerm;

use super::files::ScanFile;
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

/// Returns the files of the segments, each narrowed by every search among the filters.
pub(crate) async fn narrow(table: Table, segments: Vec<Arc<Segment>>, filters: &[Expr]) -> Result<Vec<ScanFile>> {
    let mut terms = Vec::new();
    if table == Table::Logs {
        for query in filters.iter().flat_map(split_conjunction).filter_map(query_of) {
            let query = matching::parse(query).map_err(|error| DataFusionError::External(Box::new(error)))?;
            terms.extend(query.required_terms());
        }
    }
    if terms.is_empty() {
        return Ok(segments.into_iter().map(|segment| ScanFile::data(segment, None)).collect());
    }
    let look_up = move || segments.into_iter().filter_map(|segment| narrow_one(segment, &terms).transpose()).collect();
    SpawnedTask::spawn_blocking(look_up)
        .join()
        .await
        .map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))?
}

/// Returns what must be read of a segment; `None`: nothing.
fn narrow_one(segment: Arc<Segment>, terms: &[RequiredTerm]) -> Result<Option<ScanFile>> {
    let candidates = match segment.log_index() {
        Some(index) => index.candidates(terms).map_err(super::external)?,
        None => None,
    };
    let Some(rows) = candidates else {
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
