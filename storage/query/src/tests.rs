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
