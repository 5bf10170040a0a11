//! `telltale search QUERY`: spans, logs or traces of a running server that match.

use std::io::{self, IsTerminal as _, Write};
use std::process::ExitCode;

use serde_json::Value;
use telltale_api::routes;
use telltale_api::search::{SearchAnswer, SearchRow};
use telltale_model::{Severity, StatusCode, UnixNanos};
use telltale_story::format::duration::duration;

use super::client::{self, Failure, Request, Server};
use super::table::{Form, Rows};
use crate::limits::SEARCH_ROWS_MAX;

/// Find spans, logs or traces
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Words and \"phrases\", key:value, key!=value, duration>250ms, status:error, level>=warn, key~regex, \
                        has:exception, and, or, not, ( ).\n\
                        Exit code 4 when nothing matches."
)]
pub struct Args {
    /// What to look for; several words need all to match (`not x` for -x)
    query: Vec<String>,
    /// spans, logs or traces
    #[arg(long, short, default_value = "spans", value_name = "KIND")]
    kind: String,
    /// How long ago at most, such as 15m or 7d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// How long ago at least
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Slowest first instead of newest first
    #[arg(long)]
    slowest: bool,
    /// Rows at most
    #[arg(long, short = 'n', default_value_t = 50, value_name = "N")]
    limit: usize,
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
    client::run(find(args, &mut io::stdout().lock()))
}

/// Asks page after page and writes the rows.
pub(crate) async fn find(args: &Args, out: &mut impl Write) -> Result<(), Failure> {
    let mut rows = Vec::new();
    let mut cursor = None;
    while rows.len() < args.limit {
        let page = page(args, args.limit - rows.len(), cursor.as_deref()).await?;
        let found = if page.kind == "traces" { traces(&page, args.json) } else { lines(&page, args.json) };
        rows.extend(found);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    if rows.is_empty() {
        return Err(Failure::NotFound(format!("nothing matches {:?}", args.query.join(" "))));
    }
    let columns = if args.kind == "traces" { TRACE_COLUMNS.as_slice() } else { COLUMNS.as_slice() };
    let form = match (args.json, args.csv) {
        (true, _) => {
            for row in &rows {
                let line = row.first().map(Value::to_string).unwrap_or_default();
                writeln!(out, "{line}")?;
            }
            return Ok(());
        }
        (_, true) => Form::Csv,
        _ => Form::Table { bold: client::may_colour(io::stdout().is_terminal()) },
    };
    Ok(Rows { columns: columns.iter().map(|name| (*name).to_owned()).collect(), rows }.write(form, out)?)
}

async fn page(args: &Args, left: usize, cursor: Option<&str>) -> Result<SearchAnswer, Failure> {
    let mut url = args.server.at(routes::SEARCH)?;
    {
        let mut pairs = url.query_pairs_mut();
        pairs.append_pair("q", &args.query.join(" ")).append_pair("kind", &args.kind).append_pair("include", "rows");
        pairs.append_pair("limit", &left.min(SEARCH_ROWS_MAX).to_string());
        if args.slowest {
            pairs.append_pair("order", "slowest");
        }
        let given = [("from", args.since.as_deref()), ("to", args.until.as_deref()), ("cursor", cursor)];
        for (name, value) in given {
            if let Some(value) = value {
                pairs.append_pair(name, value);
            }
        }
    }
    client::json(args.server.ask(Request::get(url)).await?).await
}

const COLUMNS: [&str; 6] = ["time", "service", "state", "duration", "what", "trace"];
const TRACE_COLUMNS: [&str; 7] = ["start", "service", "name", "duration", "spans", "matched", "trace"];

fn lines(page: &SearchAnswer, json: bool) -> Vec<Vec<Value>> {
    let one = |row: &SearchRow| {
        if json {
            return vec![serde_json::to_value(row).unwrap_or_default()];
        }
        let length = row.duration_ns.map(|length| duration(length.0));
        vec![
            UnixNanos(row.time_unix_nano.0).to_string().into(),
            row.service_name.clone().into(),
            state(row).into(),
            length.into(),
            what(row).into(),
            row.trace_id.clone().into(),
        ]
    };
    page.rows.iter().map(one).collect()
}

/// Returns the level of a record or the state of a span.
pub(super) fn state(row: &SearchRow) -> String {
    match (row.severity_number, row.status_code) {
        (Some(number), _) => match Severity::from_number(number) {
            Some(severity) => severity.name().to_ascii_lowercase(),
            None => row.severity_text.clone(),
        },
        (None, Some(code)) if StatusCode::from_otlp(code) == StatusCode::Error => "error".to_owned(),
        _ => String::new(),
    }
}

/// Returns the text of a row: name and message, whichever there is.
pub(super) fn what(row: &SearchRow) -> String {
    let parts = [row.name.as_str(), row.text.as_str()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
}

fn traces(page: &SearchAnswer, json: bool) -> Vec<Vec<Value>> {
    page.traces
        .iter()
        .map(|found| {
            if json {
                return vec![serde_json::to_value(found).unwrap_or_default()];
            }
            let trace = &found.trace;
            vec![
                UnixNanos(trace.start_unix_nano.0).to_string().into(),
                trace.service_name.clone().into(),
                trace.name.clone().into(),
                duration(trace.duration_ns.0).into(),
                trace.span_count.into(),
                found.matched.into(),
                trace.trace_id.clone().into(),
            ]
        })
        .collect()
}
