//! `telltale diff A B`: what differs between two runs, between two traces, or between a trace and what is usual.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use telltale_api::routes;
use telltale_signals::runs;
use telltale_story::resolve::Key;

use super::client::{self, Failure, Request, Server, visible};
use super::source::{compared, is_artifact};
use super::story::find;

/// Compare two runs, two traces, or a trace with what is usual (`diff ID baseline`)
///
/// Runs: new errors, slower operations, new and lost signals, more queries. Traces: operations that are new, gone or
/// slower, versions, query plans, log lines.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the older run, its artifact, or a trace id in any spelling
    a: String,
    /// Name of the newer run, its artifact, or a trace id, or `baseline`
    b: String,
    /// Write the comparison as JSON
    #[arg(long)]
    json: bool,
    /// Write the comparison of two traces as Markdown
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    #[command(flatten)]
    server: Server,
}

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    client::run(diff(args, &mut io::stdout().lock()))
}

/// Asks and writes the comparison.
pub(crate) async fn diff(args: &Args, out: &mut impl Write) -> Result<(), Failure> {
    if is_artifact(&args.a) && is_artifact(&args.b) {
        return artifacts(args, out).await;
    }
    if is_trace(&args.a) && (args.b == BASELINE || is_trace(&args.b)) {
        return traces(args, out).await;
    }
    if args.markdown {
        return Err(Failure::Usage("runs are compared as text or JSON; --markdown is for traces".to_owned()));
    }
    let mut address = args.server.at(routes::RUNS_DIFF)?;
    address.query_pairs_mut().append_pair("a", &args.a).append_pair("b", &args.b);
    if !args.json {
        address.query_pairs_mut().append_pair("format", "text");
    }
    let text = client::text(args.server.ask(Request::get(address)).await?).await?;
    let text = if args.json { text + "\n" } else { visible(&text, true) };
    out.write_all(text.as_bytes())?;
    Ok(())
}

/// Compares what two artifacts hold.
async fn artifacts(args: &Args, out: &mut impl Write) -> Result<(), Failure> {
    if args.markdown {
        return Err(Failure::Usage("runs are compared as text or JSON; --markdown is for traces".to_owned()));
    }
    let (a, b, diff) = compared(Path::new(&args.a), Path::new(&args.b)).await?;
    if args.json {
        serde_json::to_writer(&mut *out, &diff).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        out.write_all(visible(&runs::text(&diff, &a, &b), true).as_bytes())?;
    }
    Ok(())
}

/// The word for what is usual of a trace's operation.
pub(crate) const BASELINE: &str = "baseline";

/// Whether an argument names a trace. Runs have names; an id is 32 hex digits or more than 15, or written as one.
pub(crate) fn is_trace(text: &str) -> bool {
    let first = telltale_story::resolve::parse(text).into_iter().next();
    first.is_some_and(|first| first.confidence >= 70 && !matches!(first.key, Key::Text(_)))
}

/// Compares two traces, or one with what is usual.
async fn traces(args: &Args, out: &mut impl Write) -> Result<(), Failure> {
    let a = find(&args.server, &args.a).await?;
    let b = if args.b == BASELINE { BASELINE.to_owned() } else { find(&args.server, &args.b).await? };
    let suffix = match (args.json, args.markdown) {
        (true, _) => "json",
        (_, true) => "md",
        _ => "txt",
    };
    let address = args.server.at(&format!("{}{a}...{b}.{suffix}", routes::STORY_PAGE))?;
    let text = client::text(args.server.ask(Request::get(address)).await?).await?;
    let text = if args.json { text + "\n" } else { visible(&text, true) };
    out.write_all(text.as_bytes())?;
    Ok(())
}
