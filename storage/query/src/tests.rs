//! Tests over a whole store: the same questions over rows in memory, in segments, and in both.

mod attack;
mod cases;
mod damage;
mod data;
mod differential;
mod find;
mod limits;
mod look_up;
mod promoted;
mod search;
mod streams;
mod tables;
mod usual;

use proptest::prelude::*;
use serde_json::Value;

use crate::{Query, QueryError, SqlAnswer, json_rows};

/// Runs a statement and returns its rows as JSON.
async fn rows(query: &Query, sql: &str) -> Vec<Value> {
    json_rows(&answer(query, sql).await.batches).unwrap()
}

async fn answer(query: &Query, sql: &str) -> SqlAnswer {
    match query.sql(sql).await {
        Ok(answer) => answer,
        Err(error) => panic!("{sql}\n{error}\nhint: {}\n{error:?}", error.hint()),
    }
}

async fn refusal(query: &Query, sql: &str) -> QueryError {
    match query.sql(sql).await {
        Ok(answer) => panic!("{sql} was answered: {:?}", answer.batches),
        Err(error) => error,
    }
}

/// Combines conditions at random by AND, OR and NOT.
fn combined(leaf: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = String> {
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} AND {other})")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} OR {other})")),
            inner.prop_map(|one| format!("NOT ({one})")),
        ]
    })
}
