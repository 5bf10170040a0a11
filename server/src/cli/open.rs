//! `telltale open FILE|DIR|URL`: the whole user interface over an artifact, read only.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use telltale_signals::results::{Results, history};
use telltale_story::format::duration::duration;
use telltale_story::format::escape::one_line;

use super::client::{self, Failure};
use super::{FAILED, USAGE, complain};
use crate::app;
use crate::artifact::gather::{self, Gathered};
use crate::artifact::read::OpenError;
use crate::config::{Config, Flags};
use crate::limits::ARTIFACT_BYTES;

/// Look at an artifact of `telltale run`, or at a folder of them
#[derive(Debug, clap::Args)]
#[command(after_help = "A folder of artifacts is shown as one: its runs, two of them compared, flaky and slow tests.")]
pub struct Args {
    /// The artifact: a file, a folder that one was unpacked into, a folder of artifacts, or an http:// address
    what: String,
    /// Write the history of a folder's tests as text, and start no server
    #[arg(long)]
    history: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    if args.history {
        return client::run(async { write_history(Path::new(&args.what), &mut std::io::stdout().lock()) });
    }
    let gathered = match gather(&args.what) {
        Ok(gathered) => gathered,
        Err(failure) => {
            complain(&format!("telltale: {failure}"));
            return failure.exit_code();
        }
    };
    let store = gathered.store.display().to_string();
    let environment = |name: &str| match name {
        "TELLTALE_DATA_DIR" => Some(store.clone()),
        "TELLTALE_EPHEMERAL" => None,
        _ => std::env::var(name).ok(),
    };
    let config = match Config::load(&args.flags, &environment) {
        Ok(config) => Config { read_only: true, forward: None, scrapes: Vec::new(), ..config },
        Err(error) => {
            complain(&format!("telltale: {error}"));
            return ExitCode::from(USAGE);
        }
    };
    gathered.left_out.iter().for_each(|why| complain(&format!("left out: {}", one_line(why))));
    for run in &gathered.shown.artifacts {
        let results = &run.results;
        complain(&format!(
            "{} is open, read only: {} spans, {} logs, {} tests",
            one_line(&results.run.name),
            results.counts.spans,
            results.counts.logs,
            results.tests.len()
        ));
    }
    let outcome = app::run_with(config, gathered.shown.clone());
    // The copies of the artifacts are kept until here.
    drop(gathered);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("telltale: {error}"));
            ExitCode::from(if error.is_usage() { USAGE } else { FAILED })
        }
    }
}

/// Opens whatever the argument names.
fn gather(what: &str) -> Result<Gathered, Failure> {
    let path = Path::new(what);
    let opened = if what.starts_with("http://") || what.starts_with("https://") {
        gather::one(fetch(what)?.path())
    } else if path.is_dir() && !path.join("manifest.json").is_file() {
        gather::folder(path)
    } else {
        gather::one(path)
    };
    opened.map_err(|error| failure(what, &error))
}

/// Says which artifact cannot be opened, with the exit code that fits.
pub(crate) fn failure(what: &str, error: &OpenError) -> Failure {
    let text = format!("{what}: {error}");
    match error {
        OpenError::Missing(_) | OpenError::Empty(_) => Failure::NotFound(text),
        _ => Failure::Failed(text),
    }
}

/// Downloads an artifact, bounded.
fn fetch(address: &str) -> Result<tempfile::NamedTempFile, Failure> {
    if address.starts_with("https://") {
        return Err(Failure::Usage(format!(
            "{address}: telltale speaks no TLS\nhint: download it first: curl -fLo run.telltale {address}"
        )));
    }
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(format!("cannot fetch {address}: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| failed(&error))?;
    runtime.block_on(async {
        let mut response = reqwest::get(address).await.map_err(|error| failed(&error))?;
        if !response.status().is_success() {
            return Err(Failure::NotFound(format!("{address} answered {}", response.status())));
        }
        let mut file = tempfile::NamedTempFile::new().map_err(|error| failed(&error))?;
        let mut left = ARTIFACT_BYTES;
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
            let too_large = || Failure::Failed(format!("{address} has more than {ARTIFACT_BYTES} bytes"));
            left = left.checked_sub(chunk.len() as u64).ok_or_else(too_large)?;
            file.write_all(&chunk).map_err(|error| failed(&error))?;
        }
        Ok(file)
    })
}

/// Tells the history of the tests of a folder's artifacts.
pub(crate) fn write_history(folder: &Path, out: &mut impl std::io::Write) -> Result<(), Failure> {
    let (found, left_out) =
        gather::results_below(folder).map_err(|error| failure(&folder.display().to_string(), &error))?;
    left_out.iter().for_each(|why| complain(&format!("left out: {}", one_line(why))));
    let runs: Vec<Results> = found.into_iter().map(|(_, results)| results).collect();
    writeln!(out, "{} runs", runs.len())?;
    for test in history(&runs) {
        let word = match (test.is_flaky, test.failed) {
            (true, _) => "flaky",
            (false, 0) => "good",
            (false, _) => "failing",
        };
        let ns = |ns: u64| duration(i64::try_from(ns).unwrap_or(i64::MAX));
        let (median, longest) = (ns(test.median_ns), ns(test.longest_ns));
        let name = one_line(&test.name);
        writeln!(out, "{word:<8} {}/{} failed  median {median}  longest {longest}  {name}", test.failed, test.runs)?;
    }
    Ok(())
}
