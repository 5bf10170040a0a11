//! `telltale open FILE|DIR|URL`: the whole user interface over an artifact, read only.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use telltale_api::Nanos;
use telltale_api::run::Run;
use telltale_signals::results::{Results, history};
use telltale_story::format::duration::duration;
use telltale_story::format::escape::one_line;

use super::client::{self, Failure};
use super::{FAILED, USAGE, complain};
use crate::app;
use crate::artifact::read::{self, OpenError};
use crate::config::{Config, Flags};
use crate::limits::ARTIFACT_BYTES;
use crate::state::Shown;

/// Look at an artifact of `telltale run`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A folder of artifacts is told as the history of its tests: flaky ones, failing ones, slow ones."
)]
pub struct Args {
    /// The artifact: a file, a folder that one was unpacked into, a folder of artifacts, or an http:// address
    what: String,
    #[command(flatten)]
    flags: Flags,
}

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    let path = Path::new(&args.what);
    if path.is_dir() && !path.join("manifest.json").is_file() {
        return tell_history(path);
    }
    let fetched;
    let path = if args.what.starts_with("http://") || args.what.starts_with("https://") {
        match fetch(&args.what) {
            Ok(file) => fetched = file,
            Err(failure) => {
                complain(&format!("telltale: {failure}"));
                return failure.exit_code();
            }
        }
        fetched.path()
    } else {
        path
    };
    let opened = match read::open(path) {
        Ok(opened) => opened,
        Err(error) => {
            complain(&format!("telltale: {}: {error}", args.what));
            return ExitCode::from(if matches!(error, OpenError::Missing(_)) { super::NOT_FOUND } else { FAILED });
        }
    };
    let store = opened.store().display().to_string();
    // The ports of a server that takes telemetry stay free for one that does.
    let environment = |name: &str| match name {
        "TELLTALE_DATA_DIR" => Some(store.clone()),
        "TELLTALE_OTLP_GRPC" | "TELLTALE_OTLP_HTTP" => Some("0".to_owned()),
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
    let results = &opened.results;
    complain(&format!(
        "{} is open, read only: {} spans, {} logs, {} tests",
        one_line(&opened.manifest.name),
        results.counts.spans,
        results.counts.logs,
        results.tests.len()
    ));
    let shown = Shown { runs: vec![run_of(results)], results: Some(results.clone()) };
    let outcome = app::run_with(config, shown);
    // The copy of the artifact is kept until here.
    drop(opened);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("telltale: {error}"));
            ExitCode::from(if error.is_usage() { USAGE } else { FAILED })
        }
    }
}

fn run_of(results: &Results) -> Run {
    Run {
        name: results.run.name.clone(),
        start_unix_nano: Nanos(results.run.start_unix_nano),
        end_unix_nano: Some(Nanos(results.run.end_unix_nano)),
        run_id: None,
        attributes: results.run.attributes.clone(),
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
fn tell_history(folder: &Path) -> ExitCode {
    client::run(async { write_history(folder, &mut std::io::stdout().lock()) })
}

pub(crate) fn write_history(folder: &Path, out: &mut impl std::io::Write) -> Result<(), Failure> {
    let listed =
        std::fs::read_dir(folder).map_err(|error| Failure::Failed(format!("{}: {error}", folder.display())))?;
    let is_artifact = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "telltale");
    let mut paths: Vec<PathBuf> = listed.filter_map(|entry| Some(entry.ok()?.path())).filter(is_artifact).collect();
    paths.sort();
    if paths.is_empty() {
        return Err(Failure::NotFound(format!("there is no artifact (NAME.telltale) in {}", folder.display())));
    }
    let mut runs = Vec::new();
    for path in &paths {
        match read::results(path) {
            Ok(results) => runs.push(results),
            Err(error) => complain(&format!("{} is left out: {error}", path.display())),
        }
    }
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
