//! `telltale report`: a run, a trace or a comparison as one page that any browser opens, without a server.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use telltale_api::routes;
use telltale_signals::runs::RunDiff;
use telltale_story::format::number::bytes;

use super::client::{self, Failure, Request, Server};
use super::complain;
use super::diff::{BASELINE, is_trace};
use super::source::{self, Opened, is_artifact};
use super::story::find;
use crate::report::comparison;

/// Write a run, a trace or a comparison as one page that any browser opens
#[derive(Debug, clap::Args)]
#[command(after_help = "telltale report run.telltale\n\
                        telltale report before.telltale after.telltale --out compare.html\n\
                        telltale report TRACE_ID            (of a running server; redacted as a shared story is)\n\
                        telltale report before after        (two named runs, or two traces, or TRACE_ID baseline)")]
pub struct Args {
    /// An artifact of `telltale run`, a trace id, or the older run
    what: String,
    /// The newer run or artifact, another trace id, or `baseline`
    with: Option<String>,
    /// The page to write; else beside the artifact, or NAME.html here
    #[arg(long, short, visible_alias = "html", value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    server: Server,
}

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    client::run(report(args))
}

/// Makes the page and writes it.
pub(crate) async fn report(args: &Args) -> Result<(), Failure> {
    let page = match args.with.as_deref() {
        None if is_artifact(&args.what) => of_run(Path::new(&args.what)).await?,
        None if is_trace(&args.what) => of_trace(args).await?,
        None => {
            return Err(Failure::Usage(format!(
                "{:?} is neither an artifact (NAME.telltale) nor a trace id\nhint: a named run is reported against another: \
                 telltale report {} OTHER",
                args.what, args.what
            )));
        }
        Some(with) if is_artifact(&args.what) && is_artifact(with) => {
            let (a, b, diff) = source::compared(Path::new(&args.what), Path::new(with)).await?;
            comparison::page(&diff, &a, &b)
        }
        Some(with) if is_trace(&args.what) && (with == BASELINE || is_trace(with)) => of_traces(args, with).await?,
        Some(with) => {
            let mut address = args.server.at(routes::RUNS_DIFF)?;
            address.query_pairs_mut().append_pair("a", &args.what).append_pair("b", with);
            let diff: RunDiff = client::json(args.server.ask(Request::get(address)).await?).await?;
            comparison::page(&diff, &args.what, with)
        }
    };
    let out = args.out.clone().unwrap_or_else(|| beside(&args.what, args.with.is_some()));
    std::fs::write(&out, &page).map_err(|error| Failure::Failed(format!("cannot write {}: {error}", out.display())))?;
    complain(&format!("wrote {}, {}", out.display(), bytes(page.len() as u64)));
    Ok(())
}

/// The page's place when nobody names one.
fn beside(what: &str, compares: bool) -> PathBuf {
    match (is_artifact(what), compares) {
        (true, false) => Path::new(what).with_extension("html"),
        (_, true) => PathBuf::from("comparison.html"),
        (false, false) => PathBuf::from("story.html"),
    }
}

async fn of_run(path: &Path) -> Result<String, Failure> {
    let opened = Opened::open(path).await?;
    let page = match opened.gathered.shown.artifacts.first() {
        Some(run) => crate::report::page(&opened.state, &run.results).await.map_err(source::words),
        None => Err(Failure::NotFound(format!("{} has no results", path.display()))),
    };
    opened.close().await?;
    page
}

/// The story as it is shared: redacted.
async fn of_trace(args: &Args) -> Result<String, Failure> {
    let id = find(&args.server, &args.what).await?;
    let address = args.server.at(&format!("{}{id}/story.html", routes::SHARE))?;
    client::text(args.server.ask(Request::get(address).accepting("text/html")).await?).await
}

async fn of_traces(args: &Args, with: &str) -> Result<String, Failure> {
    let a = find(&args.server, &args.what).await?;
    let b = if with == BASELINE { BASELINE.to_owned() } else { find(&args.server, with).await? };
    let address = args.server.at(&format!("{}{a}...{b}.txt", routes::STORY_PAGE))?;
    let text = client::text(args.server.ask(Request::get(address)).await?).await?;
    Ok(comparison::text_page(&format!("{a} → {b}"), &text))
}
