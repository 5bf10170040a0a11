//! `telltale check FILE`: are the promised signals there? Against a running server, one of its runs, or an artifact.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use telltale_api::routes;
use telltale_signals::{Report, report};

use super::client::{self, Failure, Part, Request, Server};
use super::source::{Artifact, observed};

/// Check the telemetry that a signals file promises
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit code 0: every promise is kept, 3: one is not, 2: the file has a mistake.\n\
                        In GitHub Actions the file's lines are annotated and the step summary is written.")]
pub struct Args {
    /// The signals file, such as signals.toml
    file: PathBuf,
    #[command(flatten)]
    part: Part,
    #[command(flatten)]
    source: Artifact,
    /// Wait so long for the promises to be kept, such as 10s
    #[arg(long, value_name = "DURATION", conflicts_with_all = ["bless", "artifact"])]
    wait: Option<String>,
    /// Write the report as JSON instead of text
    #[arg(long)]
    json: bool,
    /// Also write the report as JUnit XML into this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write the file from what is stored now, instead of checking it
    #[arg(long, conflicts_with = "json")]
    bless: bool,
    /// Percent by which counts may differ in a file that --bless writes
    #[arg(long, value_name = "PERCENT", default_value_t = telltale_signals::bless::TOLERANCE_PERCENT)]
    tolerance: u32,
    /// Let --bless replace a file that is there
    #[arg(long, requires = "bless")]
    force: bool,
    #[command(flatten)]
    server: Server,
}

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    let environment = |name: &str| std::env::var(name).ok();
    client::run(check(args, &environment, &mut io::stdout().lock()))
}

/// Reads an environment variable.
type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Asks and writes the report.
pub(crate) async fn check(args: &Args, environment: Environment<'_>, out: &mut impl Write) -> Result<(), Failure> {
    if args.bless {
        return bless(args, out).await;
    }
    let text = std::fs::read_to_string(&args.file)
        .map_err(|error| Failure::Usage(format!("cannot read {}: {error}", args.file.display())))?;
    let name = args.file.display().to_string();
    // A mistake in the file is told without a server.
    let file = telltale_signals::parse(&text).map_err(|error| Failure::Usage(format!("{name}:{error}")))?;
    if let Some(artifact) = &args.source.artifact {
        let observed = observed(artifact).await?;
        let report = telltale_signals::evaluate(&name, &file, &observed);
        return tell(&report, args.json, args.junit.as_deref(), environment, out);
    }
    let mut address = args.part.address(&args.server, routes::CHECK)?;
    address.query_pairs_mut().append_pair("file", &name);
    if let Some(wait) = &args.wait {
        address.query_pairs_mut().append_pair("timeout", wait);
    }
    let report: Report = client::json(args.server.ask(Request::post(address, text)).await?).await?;
    tell(&report, args.json, args.junit.as_deref(), environment, out)
}

/// Writes a report in every form that is wanted, and fails when it is not met.
pub(crate) fn tell(
    report: &Report,
    as_json: bool,
    junit: Option<&Path>,
    environment: Environment<'_>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let colour = client::may_colour(io::stdout().is_terminal());
    let text = if as_json { report::json(report) } else { report::text(report, colour) };
    out.write_all(text.as_bytes())?;
    if let Some(path) = junit {
        write_file(path, &report::junit(report))?;
    }
    if environment("GITHUB_ACTIONS").as_deref() == Some("true") {
        if !as_json {
            out.write_all(report::annotations(report).as_bytes())?;
        }
        if let Some(path) = environment("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
            append_file(Path::new(&path), &report::step_summary(report))?;
        }
    }
    match report.not_met {
        0 => Ok(()),
        not_met => {
            let all = report.met + not_met;
            Err(Failure::NotMet(format!("{not_met} of {all} expectations of {} are not met", report.file)))
        }
    }
}

/// Writes a whole file and names it when that fails.
pub(crate) fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| Failure::Failed(format!("cannot write {}: {error}", path.display())))
}

fn append_file(path: &Path, text: &str) -> Result<(), Failure> {
    let append = || std::fs::OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes());
    append().map_err(|error| Failure::Failed(format!("cannot write {}: {error}", path.display())))
}

/// Writes the file from what is stored.
async fn bless(args: &Args, out: &mut impl Write) -> Result<(), Failure> {
    if args.file.exists() && !args.force {
        let path = args.file.display();
        return Err(Failure::Usage(format!(
            "{path} is there already\nhint: --force replaces it; keep it in git first"
        )));
    }
    let text = match &args.source.artifact {
        Some(artifact) => telltale_signals::bless::bless(&observed(artifact).await?, args.tolerance),
        None => {
            let mut address = args.part.address(&args.server, routes::BLESS)?;
            address.query_pairs_mut().append_pair("tolerance", &args.tolerance.to_string());
            client::text(args.server.ask(Request::get(address)).await?).await?
        }
    };
    write_file(&args.file, &text)?;
    let rules = text.matches("\n[[").count();
    writeln!(out, "wrote {} with {rules} rules; read it before you keep it", args.file.display())?;
    Ok(())
}
