//! `telltale query SQL`: read-only SQL against a running server; with `--promql` a question about metrics.

use std::io::{self, IsTerminal as _, Write};
use std::process::ExitCode;

use serde_json::{Map, Value};
use telltale_api::routes;
use telltale_api::sql::{SqlAnswer, SqlRequest};

use super::client::{self, Failure, Request, Server};
use super::promql::{self, Times};
use super::table::{Form, Rows};

/// Ask a running server with SQL or PromQL
#[derive(Debug, clap::Args)]
#[command(after_help = "Tables: spans, span_events, span_links, logs, metrics, points, histogram_points, \
                        exp_histogram_points, summary_points, exemplars, traces.\n\
                        Attributes: attr('key'), resource_attr('key'). Full text: match(body, 'words \"a phrase\" -not').")]
pub struct Args {
    /// One read-only statement, such as "SELECT name, duration_ns FROM spans LIMIT 10"
    #[arg(required_unless_present = "promql")]
    sql: Option<String>,
    /// PromQL instead of SQL, such as "sum by (job) (rate(http_requests_total[5m]))"
    #[arg(long, conflicts_with_all = ["sql", "csv"], value_name = "EXPR")]
    promql: Option<String>,
    #[command(flatten)]
    times: Times,
    /// Write one JSON object a line
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Write CSV with a header line
    #[arg(long)]
    csv: bool,
    #[command(flatten)]
    server: Server,
}

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    client::run(ask(args, &mut io::stdout().lock()))
}

/// Asks and writes the answer.
pub(crate) async fn ask(args: &Args, out: &mut impl Write) -> Result<(), Failure> {
    if let Some(promql) = &args.promql {
        return promql::ask(&args.server, promql, &args.times, args.json, out).await;
    }
    let rows = fetch(&args.server, args.sql.as_deref().unwrap_or_default()).await?;
    Ok(rows.write(form(args), out)?)
}

/// Asks `POST /api/sql`.
async fn fetch(server: &Server, sql: &str) -> Result<Rows, Failure> {
    let body = serde_json::to_string(&SqlRequest { sql: sql.to_owned() })
        .map_err(|error| Failure::Failed(format!("cannot write the request: {error}")))?;
    let response = server.ask(Request::post(server.at(routes::SQL)?, body)).await?;
    let answer: SqlAnswer<Map<String, Value>> = client::json(response).await?;
    let columns: Vec<String> = answer.columns.into_iter().map(|column| column.name).collect();
    let cells = |mut row: Map<String, Value>| columns.iter().map(|name| row.remove(name).unwrap_or_default()).collect();
    Ok(Rows { rows: answer.rows.into_iter().map(cells).collect(), columns })
}

fn form(args: &Args) -> Form {
    match (args.json, args.csv) {
        (true, _) => Form::JsonLines,
        (_, true) => Form::Csv,
        _ => Form::Table { bold: client::may_colour(io::stdout().is_terminal()) },
    }
}
