//! Questions over what a run stored: what a word, a phrase and an attribute value cost, rare, frequent and absent.

use std::time::{Duration, Instant};

use super::corpus::Shape;
use crate::http::Http;

/// One question and what it took.
#[derive(Debug)]
pub struct Asked {
    /// What was asked, in words.
    pub name: &'static str,
    /// Rows of the answer, or the one number that it is.
    pub rows: u64,
    /// Sorted times; the first, cold one is not among them.
    pub times: Vec<Duration>,
}

/// Asks every question of a shape `times` times, after one that warms up.
///
/// # Panics
/// When a question fails.
pub async fn ask(http: &Http, shape: Shape, times: usize) -> Vec<Asked> {
    let mut asked = Vec::new();
    if times == 0 {
        return asked;
    }
    for (name, sql) in questions(http, shape).await {
        let rows = http.sql(&sql).await.len() as u64;
        let mut taken = Vec::with_capacity(times);
        for _ in 0..times {
            let started = Instant::now();
            let again = http.sql(&sql).await.len() as u64;
            taken.push(started.elapsed());
            assert_eq!(again, rows, "{sql}");
        }
        taken.sort_unstable();
        let counted = if sql.starts_with("SELECT count(*)") { http.count(&sql).await } else { rows };
        asked.push(Asked { name, rows: counted, times: taken });
    }
    asked
}

/// Returns the questions of a shape; rare values are taken from the middle of what is stored.
async fn questions(http: &Http, shape: Shape) -> Vec<(&'static str, String)> {
    match shape {
        Shape::Log => {
            let sample = http.sql("SELECT body FROM logs LIMIT 1 OFFSET 1000").await;
            let body = sample.first().and_then(|row| row["body"].as_str()).unwrap_or_default().to_owned();
            // "<verb> order <number> of customer <16 hex> in <n> ms from <ip>"
            let rare = body.split(' ').skip(1).take(2).collect::<Vec<_>>().join(" ");
            let newest = |query: &str| {
                format!(
                    "SELECT time_unix_nano, body FROM logs WHERE match(body, '{query}') ORDER BY time_unix_nano DESC LIMIT 100"
                )
            };
            vec![
                ("logs: phrase of a rare word, newest 100", newest(&format!("\"{rare}\""))),
                ("logs: phrase of frequent words, newest 100", newest("\"of customer\"")),
                (
                    "logs: exact count of that phrase",
                    "SELECT count(*) FROM logs WHERE match(body, '\"of customer\"')".to_owned(),
                ),
                ("logs: absent word", newest("zzzabsent")),
                (
                    "logs: count by severity",
                    "SELECT severity_number, count(*) FROM logs GROUP BY severity_number".to_owned(),
                ),
            ]
        }
        Shape::Point => Vec::new(),
        Shape::Semconv | Shape::Fat | Shape::Wild | Shape::Lean => {
            let key = if shape == Shape::Semconv { "app.customer.id" } else { "gateway.id" };
            let sample = http.sql(&format!("SELECT attr('{key}') AS value FROM spans LIMIT 1 OFFSET 1000")).await;
            let value = sample.first().and_then(|row| row["value"].as_str()).unwrap_or_default().to_owned();
            let newest = |value: &str| {
                format!(
                    "SELECT trace_id, name, start_time_unix_nano FROM spans WHERE attr('{key}') = '{value}' ORDER BY start_time_unix_nano DESC LIMIT 100"
                )
            };
            vec![
                ("spans: rare attribute value, newest 100", newest(&value)),
                ("spans: absent attribute value", newest("zzz-absent")),
                (
                    "spans: count by service",
                    "SELECT service_name, count(*) FROM spans GROUP BY service_name".to_owned(),
                ),
            ]
        }
    }
}
