//! `telltale run -- CMD`: a server of its own for one command, and a verdict at its end.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use telltale_signals::comparison::duration_ns;
use telltale_signals::report;

use super::{FAILED, NOT_MET, USAGE, client, complain};
use crate::run::{self, Finished, Plan, RunError, summary};

/// Run a command with a server of its own, and say what its telemetry came to
#[derive(Debug, clap::Args)]
#[command(after_help = "The exit code is the command's, or 3 when it succeeded and an expectation is not met.\n\
                        The command finds the server by OTEL_EXPORTER_OTLP_ENDPOINT, and its API by TELLTALE_URL.")]
pub struct Args {
    /// Keep everything in this file, for `telltale open`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write one page that any browser opens, without a server
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// The JUnit XML that the command writes: its tests are joined to their traces
    #[arg(long, value_name = "FILE")]
    junit: Vec<PathBuf>,
    /// Check the telemetry that this signals file promises
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
    /// Keep this file in the artifact
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
    /// Name of the run; else made of branch and revision, or of the CI system's variables
    #[arg(long)]
    name: Option<String>,
    /// Tell the command to end after this time
    #[arg(long, value_name = "DURATION", value_parser = limit)]
    time_limit: Option<Duration>,
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "CMD")]
    command: Vec<String>,
}

fn limit(text: &str) -> Result<Duration, String> {
    let ns = duration_ns(text).filter(|ns| *ns > 0);
    ns.map(Duration::from_nanos).ok_or_else(|| "write a duration such as 90s or 10m".to_owned())
}

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    let expect = match &args.expect {
        None => None,
        Some(path) => match std::fs::read_to_string(path) {
            Ok(text) => Some((path.display().to_string(), text)),
            Err(error) => {
                complain(&format!("telltale: cannot read {}: {error}", path.display()));
                return ExitCode::from(USAGE);
            }
        },
    };
    let plan = Plan {
        command: args.command.clone(),
        out: args.out.clone(),
        html: args.html.clone(),
        junit: args.junit.clone(),
        expect,
        attach: args.attach.clone(),
        name: args.name.clone(),
        time_limit: args.time_limit,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("telltale").build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("telltale: the async runtime does not start: {error}"));
            return ExitCode::from(FAILED);
        }
    };
    let outcome = runtime.block_on(run::run(plan));
    runtime.shutdown_background();
    match outcome {
        Ok(finished) => tell(&finished),
        Err(error) => {
            complain(&format!("telltale: {error}"));
            ExitCode::from(match error {
                RunError::Config(_) | RunError::Expectations { .. } | RunError::Command { .. } => USAGE,
                RunError::App(error) if error.is_usage() => USAGE,
                _ => FAILED,
            })
        }
    }
}

/// Writes the screen to stderr, so that the command's output stays what it is, and GitHub's lines to stdout.
fn tell(finished: &Finished) -> ExitCode {
    let results = &finished.results;
    let screen = summary::summary(finished, client::may_colour(io::stderr().is_terminal()));
    drop(io::stderr().lock().write_all(screen.as_bytes()));
    if std::env::var("GITHUB_ACTIONS").as_deref() == Ok("true") {
        let mut lines = summary::annotations(results);
        lines.extend(results.report.as_ref().map(report::annotations));
        drop(io::stdout().lock().write_all(lines.as_bytes()));
        let summary_file = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty());
        if let (Some(path), Some(found)) = (summary_file, &results.report) {
            let append = || {
                std::fs::OpenOptions::new()
                    .append(true)
                    .create(true)
                    .open(&path)?
                    .write_all(report::step_summary(found).as_bytes())
            };
            if let Err(error) = append() {
                complain(&format!("telltale: the step summary cannot be written: {error}"));
            }
        }
    }
    let is_met = results.report.as_ref().is_none_or(telltale_signals::Report::is_met);
    match results.run.exit_code {
        0 if is_met => ExitCode::SUCCESS,
        0 => ExitCode::from(NOT_MET),
        code => ExitCode::from(u8::try_from(code).unwrap_or(FAILED)),
    }
}
