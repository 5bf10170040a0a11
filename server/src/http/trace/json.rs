//! A trace as JSON. The spans of a large one are read from the stored columns while they are sent: as rows with their attributes they
//! are many times what is stored.

use std::io;
use std::ops::Range;

use arrow::array::RecordBatch;
use axum::response::Response;
use telltale_api::Nanos;
use telltale_api::trace::SpanRow;
use telltale_model::TraceId;
use telltale_query::TraceData;

use crate::http::answer;
use crate::http::pieces::{self, Members};
use crate::http::problem::Problem;
use crate::http::view::{self, Stored, spans::Details};
use crate::limits::TRACE_SPANS_AT_ONCE;

/// Answers with a trace as pages need it.
pub(super) fn whole(id: &TraceId, data: TraceData, now: Nanos) -> Result<Response, Problem> {
    if data.spans.iter().map(RecordBatch::num_rows).sum::<usize>() <= TRACE_SPANS_AT_ONCE {
        return answer::json(&view::trace_of(id, data, now)?);
    }
    let (mut view, places) = view::outline(id, &data, now)?;
    view.spans = Vec::new();
    pieces::json_list(&view, Spans { stored: data.spans, places }, TRACE_SPANS_AT_ONCE)
}

/// The spans of a trace, in the order of the answer.
struct Spans {
    stored: Vec<RecordBatch>,
    places: Vec<Stored>,
}

impl Members for Spans {
    type Member = SpanRow;

    fn count(&self) -> usize {
        self.places.len()
    }

    fn make(&self, range: Range<usize>) -> io::Result<Vec<SpanRow>> {
        let details = Details::new(&self.stored).map_err(io::Error::other)?;
        let span = |at: &Stored| details.span(*at).ok_or_else(|| io::Error::other("a span is not where it was"));
        self.places.get(range).unwrap_or_default().iter().map(span).collect()
    }
}
