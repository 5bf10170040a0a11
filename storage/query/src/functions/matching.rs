//! `match(text, 'words "a phrase" -not pre*')`: full-text search, exact on every row.
//!
//! The index of a log segment narrows which rows are read, and decides where a query asks for nothing but words
//! (`crate::table::search`); everywhere else this function decides. Without an index, in memory, or over another text column
//! the answer is the same.

use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, StringArray};
use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use telltale_storage::text::TextQuery;

use crate::error::QueryError;

/// The function's name.
pub(crate) const MATCH: &str = "match";

/// See the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Match {
    signature: Signature,
}

impl Match {
    pub(crate) fn new() -> Self {
        Self { signature: Signature::exact(vec![DataType::Utf8, DataType::Utf8], Volatility::Immutable) }
    }
}

/// Parses the query of a `match`.
pub(crate) fn parse(query: &str) -> Result<TextQuery, QueryError> {
    TextQuery::parse(query).map_err(|error| {
        let text = error.to_string();
        let (message, hint) = text.split_once("\nhint: ").unwrap_or((&text, "give words, \"a phrase\", -not or pre*"));
        QueryError::Invalid { message: message.to_owned(), hint: hint.to_owned() }
    })
}

impl ScalarUDFImpl for Match {
    fn name(&self) -> &'static str {
        MATCH
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [text, query] = args.args.as_slice() else {
            return plan_err!("match takes a text and a query");
        };
        let texts = text.to_array(args.number_rows)?;
        let texts = texts.as_string::<i32>();
        let found = match query {
            ColumnarValue::Scalar(query) => one_query(texts, query.try_as_str().flatten())?,
            ColumnarValue::Array(queries) => many_queries(texts, queries.as_string::<i32>())?,
        };
        Ok(ColumnarValue::Array(Arc::new(found)))
    }
}

fn one_query(texts: &StringArray, query: Option<&str>) -> Result<BooleanArray> {
    let Some(query) = query else {
        return Ok(BooleanArray::new_null(texts.len()));
    };
    let query = parse(query).map_err(external)?;
    let mut matcher = query.matcher();
    Ok(texts.iter().map(|text| text.map(|text| matcher.matches(text))).collect())
}

fn many_queries(texts: &StringArray, queries: &StringArray) -> Result<BooleanArray> {
    let one = |(text, query): (Option<&str>, Option<&str>)| {
        let (Some(text), Some(query)) = (text, query) else { return Ok(None) };
        parse(query).map(|query| Some(query.matches(text))).map_err(external)
    };
    texts.iter().zip(queries.iter()).map(one).collect()
}

fn external(error: QueryError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
