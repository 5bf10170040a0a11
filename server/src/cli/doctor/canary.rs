//! `--send`: one span, one log record and one data point on their way through the server, step by step.

use std::time::{Duration, Instant};

use reqwest::Url;
use serde_json::{Map, Value};
use telltale_api::routes;
use telltale_api::sql::{SqlAnswer, SqlRequest};
use telltale_model::SignalKind;

use super::super::client::{self, Failure, Request, Server};
use super::super::demo::path;
use super::{Finding, Verdict, finding};
use crate::demo::Random;
use crate::demo::worker;

/// Sends a canary of each signal to an OTLP/HTTP address and looks for it in the server's answers.
pub(super) async fn examine(server: &Server, otlp_http: &str) -> Vec<Finding> {
    let seed = getrandom::u64().unwrap_or(1);
    let canary = tokio::task::spawn_blocking(move || worker::canary(&mut Random::new(seed))).await;
    let Ok((payloads, trace_id)) = canary else {
        return vec![finding(Verdict::Broken, "the canary could not be made".to_owned())];
    };
    let mut findings = Vec::new();
    for (signal, payload) in payloads {
        findings.push(match one(server, otlp_http, (signal, payload), &trace_id).await {
            Ok((sent, found)) => finding(
                Verdict::Ok,
                format!(
                    "{signal}: sent to {otlp_http}{}, acknowledged as durable after {}, found by a query after {}",
                    path(signal),
                    milliseconds(sent),
                    milliseconds(found)
                ),
            ),
            Err(failure) => finding(Verdict::Broken, format!("{signal}: {failure}")),
        });
    }
    findings
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

async fn one(
    server: &Server,
    otlp_http: &str,
    (signal, payload): (SignalKind, Vec<u8>),
    trace_id: &str,
) -> Result<(Duration, Duration), Failure> {
    let base = Url::parse(otlp_http).map_err(|error| {
        Failure::Failed(format!("the server names {otlp_http:?} as its OTLP/HTTP address: {error}"))
    })?;
    let url = base.join(path(signal)).map_err(|error| Failure::Failed(error.to_string()))?;
    let began = Instant::now();
    server.send_otlp(url, payload).await?;
    let sent = began.elapsed();
    let condition = match signal {
        SignalKind::Traces => format!("spans WHERE trace_id = '{trace_id}'"),
        SignalKind::Logs => format!("logs WHERE trace_id = '{trace_id}'"),
        SignalKind::Metrics => {
            format!("points WHERE name = '{}' AND attr('doctor.run') = '{trace_id}'", worker::CANARY_METRIC)
        }
    };
    let sql = format!("SELECT count(*) AS n FROM {condition}");
    let body = serde_json::to_string(&SqlRequest { sql }).map_err(|error| Failure::Failed(error.to_string()))?;
    let began = Instant::now();
    let answer: SqlAnswer<Map<String, Value>> =
        client::json(server.ask(Request::post(server.at(routes::SQL)?, body)).await?).await?;
    let count = answer.rows.first().and_then(|row| row.get("n")).and_then(Value::as_u64).unwrap_or(0);
    match count {
        1 => Ok((sent, began.elapsed())),
        0 => Err(Failure::Failed("was acknowledged, but a query does not find it".to_owned())),
        more => Err(Failure::Failed(format!("was sent once and is stored {more} times"))),
    }
}
