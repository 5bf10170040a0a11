//! `telltale tail QUERY`: logs, spans or traces of a running server as they arrive.
//!
//! A connection that breaks off is made again where it ended, so that nothing is missing; what a slow terminal missed is
//! said on stderr.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;
use telltale_api::live::LiveRows;
use telltale_api::search::{FoundTrace, SearchRow};
use telltale_api::{Nanos, routes};
use telltale_model::UnixNanos;
use telltale_story::format::duration::duration;

use super::client::{self, Failure, Request, Server, visible};
use super::search::{state, what};

/// Follow logs, spans or traces as they arrive
#[derive(Debug, clap::Args)]
#[command(after_help = "The query is that of `telltale search`. Stop with Ctrl-C.")]
pub struct Args {
    /// What to follow; everything without (`not x` for -x)
    query: Vec<String>,
    /// logs, spans, or traces (a line whenever one grows)
    #[arg(long, short, default_value = "logs", value_name = "KIND")]
    kind: String,
    /// Stop after so many rows
    #[arg(long, short = 'n', value_name = "N")]
    limit: Option<usize>,
    /// Write one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

/// How long to wait before a broken connection is made again.
const PAUSE: Duration = Duration::from_secs(1);

/// Bytes of one event; a longer one is not ours.
const EVENT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    client::run(follow(args, &mut io::stdout().lock()))
}

/// Follows until the limit, or for ever.
pub(crate) async fn follow(args: &Args, out: &mut impl Write) -> Result<(), Failure> {
    let mut left = args.limit.unwrap_or(usize::MAX);
    let mut position: Option<String> = None;
    loop {
        let connected = connect(args, position.as_deref()).await;
        let mut response = match connected {
            Ok(response) => response,
            // The first time the address may be wrong; later the server is being restarted.
            Err(failure @ (Failure::Usage(_) | Failure::Output(_))) => return Err(failure),
            Err(failure) if position.is_none() => return Err(failure),
            Err(_restarting) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let mut reader = Events::default();
        while let Ok(Some(chunk)) = response.chunk().await {
            for event in reader.push(&chunk)? {
                position = event.id.or(position);
                left = left.saturating_sub(write(&event.data, args.json, left, out)?);
                if left == 0 {
                    return Ok(());
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn connect(args: &Args, position: Option<&str>) -> Result<reqwest::Response, Failure> {
    let mut url = args.server.at(routes::LIVE)?;
    url.query_pairs_mut().append_pair("q", &args.query.join(" ")).append_pair("kind", &args.kind);
    if let Some(position) = position {
        url.query_pairs_mut().append_pair("after", position);
    }
    args.server.ask(Request::get(url)).await
}

/// Writes the rows of an event, at most `left`, and returns how many.
fn write(data: &str, json: bool, left: usize, out: &mut impl Write) -> Result<usize, Failure> {
    if data.is_empty() {
        return Ok(0);
    }
    let event: LiveRows = serde_json::from_str(data)
        .map_err(|error| Failure::Failed(format!("an event of the live stream is not understood: {error}")))?;
    let skipped = event.missed + event.left_out;
    if skipped > 0 {
        crate::cli::complain(&format!("telltale: {skipped} rows were too fast to follow; they are stored"));
    }
    if event.is_restart {
        crate::cli::complain("telltale: the server was started anew; search for what came in between");
    }
    let lines = event.rows.iter().map(|row| shown(row, json, line));
    let lines = lines.chain(event.traces.iter().map(|found| shown(found, json, trace_line)));
    let mut count = 0;
    for line in lines.take(left) {
        writeln!(out, "{line}")?;
        count += 1;
    }
    out.flush()?;
    Ok(count)
}

fn shown<T: Serialize>(found: &T, json: bool, line: fn(&T) -> String) -> String {
    if json { serde_json::to_string(found).unwrap_or_default() } else { line(found) }
}

fn line(row: &SearchRow) -> String {
    let length = row.duration_ns.map(|length| duration(length.0)).unwrap_or_default();
    joined(row.time_unix_nano, [row.service_name.clone().unwrap_or_default(), state(row), length, what(row)])
}

fn trace_line(found: &FoundTrace) -> String {
    let trace = &found.trace;
    let state = if trace.error_count > 0 { "error" } else { "" };
    let parts = [
        trace.service_name.clone().unwrap_or_default(),
        state.to_owned(),
        duration(trace.duration_ns.0),
        trace.name.clone(),
        format!("{} of {} spans match", found.matched, trace.span_count),
        trace.trace_id.clone(),
    ];
    joined(trace.start_unix_nano, parts)
}

fn joined(time: Nanos, parts: impl IntoIterator<Item = String>) -> String {
    let parts = std::iter::once(UnixNanos(time.0).to_string()).chain(parts).filter(|part| !part.is_empty());
    visible(&parts.collect::<Vec<_>>().join("  "), false)
}

/// Puts server-sent events together from pieces of any size.
#[derive(Debug, Default)]
struct Events {
    bytes: Vec<u8>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Event {
    id: Option<String>,
    data: String,
}

impl Events {
    fn push(&mut self, chunk: &[u8]) -> Result<Vec<Event>, Failure> {
        self.bytes.extend_from_slice(chunk);
        if self.bytes.len() > EVENT_BYTES_MAX {
            return Err(Failure::Failed("the live stream sends an event without an end".to_owned()));
        }
        let mut events = Vec::new();
        while let Some(end) = self.bytes.windows(2).position(|pair| pair == b"\n\n") {
            let block: Vec<u8> = self.bytes.drain(..end + 2).collect();
            let text = String::from_utf8_lossy(&block);
            let mut event = Event::default();
            for line in text.lines() {
                if let Some(id) = line.strip_prefix("id: ") {
                    event.id = Some(id.to_owned());
                } else if let Some(data) = line.strip_prefix("data: ") {
                    event.data.push_str(data);
                }
            }
            events.push(event);
        }
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_put_together_from_pieces_of_any_size() {
        let stream = b": live\nretry: 1000\nid: a-1\n\nevent: rows\nid: a-2\ndata: {\"rows\":[]}\n\n: alive\n\n";
        for size in 1..stream.len() {
            let mut events = Events::default();
            let found: Vec<Event> = stream.chunks(size).flat_map(|chunk| events.push(chunk).unwrap()).collect();
            let expected = [
                Event { id: Some("a-1".to_owned()), data: String::new() },
                Event { id: Some("a-2".to_owned()), data: "{\"rows\":[]}".to_owned() },
                Event::default(),
            ];
            assert_eq!(found, expected, "{size}");
        }
    }

    #[test]
    fn a_line_has_no_escape_sequence_of_a_sender() {
        let row = SearchRow { text: "a\u{1b}[2J".to_owned(), severity_number: Some(17), ..SearchRow::default() };
        assert_eq!(line(&row), "1970-01-01T00:00:00.000000000Z  error  a\\u{1b}[2J");
    }
}
