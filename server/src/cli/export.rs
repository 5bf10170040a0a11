//! `telltale export ID`: one trace as a file: OTLP as JSON or protobuf, or its story as JSON, Markdown or text.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use telltale_api::routes;

use super::client::{self, Failure, Request, Server};
use super::story::find;

/// Write one trace out: OTLP, or its story
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A trace id in any spelling, or anything that holds one
    paste: String,
    /// What to write
    #[arg(long, value_enum, default_value_t = Format::OtlpJson)]
    format: Format,
    /// File to write to; without it the answer goes to stdout
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    server: Server,
}

/// What can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Spans and logs as OTLP/JSON, lossless
    OtlpJson,
    /// Spans as OTLP protobuf (`TracesData`)
    OtlpTraces,
    /// Logs as OTLP protobuf (`LogsData`)
    OtlpLogs,
    /// The story as JSON
    StoryJson,
    /// The story as Markdown
    Markdown,
    /// The story as text
    Text,
    /// The story as one HTML file that opens without a server, redacted
    Html,
}

impl Format {
    /// Returns path and media type of a trace in this format.
    fn place(self, id: &str) -> (String, &'static str) {
        let otlp = |signal: &str| format!("{}{id}/otlp{signal}", routes::TRACE);
        let story = |suffix: &str| format!("{}{id}.{suffix}", routes::STORY_PAGE);
        match self {
            Self::OtlpJson => (otlp(""), "application/json"),
            Self::OtlpTraces => (otlp("?signal=traces"), "application/x-protobuf"),
            Self::OtlpLogs => (otlp("?signal=logs"), "application/x-protobuf"),
            Self::StoryJson => (story("json"), "application/json"),
            Self::Markdown => (story("md"), "text/markdown"),
            Self::Text => (story("txt"), "text/plain"),
            Self::Html => (format!("{}{id}/story.html", routes::SHARE), "text/html"),
        }
    }
}

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    client::run(export(args, &mut io::stdout().lock()))
}

/// Finds the trace and writes it. A file is written whole or not at all.
pub(crate) async fn export(args: &Args, out: &mut impl Write) -> Result<(), Failure> {
    let trace_id = find(&args.server, &args.paste).await?;
    let (path, accept) = args.format.place(&trace_id);
    let response = args.server.ask(Request::get(args.server.at(&path)?).accepting(accept)).await?;
    let bytes = response.bytes().await.map_err(|error| Failure::Failed(format!("the answer broke off: {error}")))?;
    let Some(file) = &args.out else {
        out.write_all(&bytes)?;
        return Ok(());
    };
    let unwritten = |error: io::Error| Failure::Failed(format!("cannot write {}: {error}", file.display()));
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut part =
        tempfile::NamedTempFile::new_in(folder.unwrap_or_else(|| std::path::Path::new("."))).map_err(unwritten)?;
    part.write_all(&bytes).map_err(unwritten)?;
    part.persist(file).map_err(|error| unwritten(error.error))?;
    Ok(())
}
