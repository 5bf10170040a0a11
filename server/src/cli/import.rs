//! `telltale import FILE…`: opens files of telemetry of this or another tool in a running server.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::Stream;
use reqwest::Method;
use telltale_api::import::ImportAnswer;
use telltale_api::routes;
use telltale_story::format::number::counted;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::client::{self, Failure, Request, Server, visible};

/// Bytes that are read from the file at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// After this time a terminal shows how far the upload is.
const PROGRESS_AFTER: Duration = Duration::from_secs(1);

/// Open files of telemetry: OTLP (JSON, JSON lines, protobuf), Jaeger, Zipkin and Tempo JSON, Aspire's zip, the Collector's
/// file exporter, Python's console exporter; also in gzip, zstd or zip
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files; `-` reads one from stdin. What a file is, is told by its content
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Write one JSON line a file
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    client::run(import(args, &mut io::stdout().lock()))
}

/// Sends every file, says what became of it, and fails at the end when anything of any file was lost.
pub(crate) async fn import(args: &Args, out: &mut impl Write) -> Result<(), Failure> {
    let mut lost = 0;
    for file in &args.files {
        match send(&args.server, file).await {
            Ok(answer) => {
                lost += u64::from(!answer.faults.is_empty());
                tell(args, file, &answer, out)?;
            }
            // A server that is not there will not be there for the next file either.
            Err(Failure::Failed(message)) => return Err(Failure::Failed(message)),
            Err(failure) => {
                lost += 1;
                super::complain(&format!("error: {}: {failure}", visible(file, false)));
            }
        }
    }
    match lost {
        0 => Ok(()),
        _ => Err(Failure::Failed(format!("{} not read whole", counted(lost, "file")))),
    }
}

async fn send(server: &Server, file: &str) -> Result<ImportAnswer, Failure> {
    let mut url = server.at(routes::IMPORT)?;
    let (name, body) = match file {
        "-" => ("stdin", upload(stdin().map_err(Failure::Output)?, None)),
        path => {
            let unreadable = |error: io::Error| Failure::Usage(format!("cannot read it: {error}"));
            let opened = tokio::fs::File::open(path).await.map_err(unreadable)?;
            let metadata = opened.metadata().await.map_err(unreadable)?;
            if metadata.is_dir() {
                return Err(Failure::Usage("it is a folder; name the files in it".to_owned()));
            }
            (path, upload(opened, Some(metadata.len())))
        }
    };
    url.query_pairs_mut().append_pair("name", name);
    let request = Request { method: Method::POST, url, body: Some(("application/octet-stream", body)), accept: None };
    client::json(server.ask(request).await?).await
}

/// Returns the standard input as a file, which is read off the async thread.
fn stdin() -> io::Result<tokio::fs::File> {
    let descriptor = io::stdin().as_fd().try_clone_to_owned()?;
    Ok(tokio::fs::File::from_std(std::fs::File::from(descriptor)))
}

/// Returns a body that is read as it is sent.
fn upload(source: impl AsyncRead + Send + Unpin + 'static, length: Option<u64>) -> reqwest::Body {
    reqwest::Body::wrap_stream(chunks(source, length))
}

fn chunks(
    source: impl AsyncRead + Send + Unpin + 'static,
    length: Option<u64>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let progress = Progress { began: Instant::now(), sent: 0, length, shown: false };
    futures::stream::try_unfold((source, progress), |(mut source, mut progress)| async move {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        let read = (&mut source).take(CHUNK_BYTES as u64).read_to_end(&mut chunk).await?;
        progress.show(read as u64);
        Ok((read > 0).then(|| (Bytes::from(chunk), (source, progress))))
    })
}

/// How far an upload is, on a terminal only.
struct Progress {
    began: Instant,
    sent: u64,
    length: Option<u64>,
    shown: bool,
}

impl Progress {
    fn show(&mut self, read: u64) {
        self.sent += read;
        let mut terminal = io::stderr();
        if !terminal.is_terminal() || self.began.elapsed() < PROGRESS_AFTER {
            return;
        }
        let sent = self.sent >> 20;
        // A closed terminal needs no progress.
        drop(match (read, self.length) {
            (0, _) if self.shown => write!(terminal, "\r\u{1b}[K"),
            (0, _) => Ok(()),
            (_, Some(length)) => write!(terminal, "\r{sent} of {} MiB sent", length >> 20),
            (_, None) => write!(terminal, "\r{sent} MiB sent"),
        });
        self.shown = true;
    }
}

/// Says what became of one file.
fn tell(args: &Args, file: &str, answer: &ImportAnswer, out: &mut impl Write) -> Result<(), Failure> {
    if args.json {
        let line = serde_json::to_string(answer).map_err(io::Error::from)?;
        return Ok(writeln!(out, "{line}")?);
    }
    let file = visible(file, false);
    let mut text = format!("{file}: ");
    if !answer.formats.is_empty() {
        let _infallible = write!(text, "{}: ", answer.formats.join(", "));
    }
    let counts = [(answer.spans, "span"), (answer.logs, "log record"), (answer.points, "data point")];
    let told: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, noun)| counted(*count, noun)).collect();
    text.push_str(if told.is_empty() { "nothing to store" } else { "" });
    text.push_str(&told.join(", "));
    for id in answer.trace_ids.iter().take(3) {
        let _infallible = write!(text, "\n  {}", args.server.at(&format!("{}{id}", routes::STORY_PAGE))?);
    }
    let more = answer.trace_ids.len().saturating_sub(3);
    if more > 0 {
        let _infallible = write!(text, "\n  and {}", counted(more as u64, "more trace"));
    }
    for (word, notes, left_out) in
        [("not read", &answer.faults, answer.faults_left_out), ("skipped", &answer.skipped, answer.skipped_left_out)]
    {
        for note in notes {
            let (place, reason) = (visible(&note.place, false), visible(&note.reason, false));
            let _infallible = write!(text, "\n  {word}: {file}: {place}: {reason}");
        }
        if left_out > 0 {
            let _infallible = write!(text, "\n  {word}: {left_out} more");
        }
    }
    Ok(writeln!(out, "{text}")?)
}
