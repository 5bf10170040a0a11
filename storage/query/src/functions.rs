//! The functions that telltale adds to SQL.
//!
//! `attr`, `resource_attr`, `scope_attr` and their typed twins read one attribute; `match` is full-text search,
//! `has_event` and `sampling_weight` read what spans nest; the rest turns stored forms into readable ones (`hex`, `unix_nano`, `otlp_attributes` …) and is used by the tables
//! themselves. What these functions do not do: plan anything. The form of `attr` with one argument is resolved before
//! planning (`crate::sql::rewrite`), the index behind `match` is used by the table (`crate::table`).

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

mod attribute;
mod envelope;
mod ids;
pub(crate) mod lists;
pub(crate) mod matching;
mod restore;
mod spans;
mod times;

pub(crate) use attribute::{AttributeFunction, Member, is_attribute_list};
pub(crate) use envelope::{EnvelopeFunction, Part};
pub(crate) use ids::Hex;
pub(crate) use matching::{MATCH, Match};
pub(crate) use restore::{RestoreAttributes, Restored};
pub(crate) use times::{AddNanos, UnixNano};

/// Returns every function.
pub(crate) fn all() -> Vec<Arc<ScalarUDF>> {
    let mut functions: Vec<ScalarUDF> = AttributeFunction::all().map(ScalarUDF::new_from_impl).collect();
    functions.extend(Part::ALL.map(|part| ScalarUDF::new_from_impl(EnvelopeFunction::new(part))));
    functions.push(ScalarUDF::new_from_impl(Hex::new()));
    functions.push(ScalarUDF::new_from_impl(UnixNano::new()));
    functions.push(ScalarUDF::new_from_impl(AddNanos::new()));
    functions.push(ScalarUDF::new_from_impl(Match::new()));
    functions.push(ScalarUDF::new_from_impl(spans::HasEvent::new()));
    functions.push(ScalarUDF::new_from_impl(spans::SamplingWeight::new()));
    functions.into_iter().map(Arc::new).collect()
}
