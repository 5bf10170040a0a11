//! `telltale run -- CMD`: a server of its own for one command, and what the command's telemetry came to.
//!
//! 1. Understand the expectations, name the run, start an ephemeral server on free ports.
//! 2. Start the command with an environment that SDKs understand, pass its output through, forward signals.
//! 3. When it has ended: record the run's own span, wait until every connection of it is read to its end (the barrier),
//!    and only then judge. Whatever the command was told is stored is in the judgement, so that absence is exact.
//! 4. Join tests to traces, write the artifact, print one screen.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use telltale_signals::results::Results;
use telltale_signals::rule::SignalsFile;
use telltale_signals::{Observed, evaluate};

use crate::app::{AppError, Server, shutdown};
use crate::artifact::write::{self as artifact, Contents};
use crate::config::{Config, ConfigError, Flags};
use crate::limits::{BARRIER, RUN_OUTPUT_BYTES};
use crate::observe::{self, Scope};
use crate::telemetry::{Telemetry, logs};

pub mod child;
pub mod environment;
pub mod identity;
mod results;
mod span;
pub mod summary;

use child::{Child, Ended};
use identity::Identity;

/// What a run is asked to do.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The command and its arguments.
    pub command: Vec<String>,
    /// The artifact to write.
    pub out: Option<PathBuf>,
    /// The page to write.
    pub html: Option<PathBuf>,
    /// The JUnit XML that the command writes.
    pub junit: Vec<PathBuf>,
    /// The expectations: their name and their text.
    pub expect: Option<(String, String)>,
    /// Files to put into the artifact.
    pub attach: Vec<PathBuf>,
    /// The run's name.
    pub name: Option<String>,
    /// After how long the command is told to end.
    pub time_limit: Option<Duration>,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The server does not start or does not end well.
    #[error(transparent)]
    App(#[from] AppError),
    /// The expectations have a mistake.
    #[error("{file}:{error}")]
    Expectations {
        /// The file.
        file: String,
        /// The mistake.
        error: telltale_signals::FileError,
    },
    /// The command cannot be started.
    #[error("cannot run {command}: {error}")]
    Command {
        /// The command.
        command: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// What is stored cannot be read.
    #[error("the telemetry cannot be read: {0}")]
    Read(String),
    /// An output cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// The output.
        path: PathBuf,
        /// What is wrong.
        error: std::io::Error,
    },
}

/// How a run ended.
#[derive(Debug)]
pub struct Finished {
    /// What it came to.
    pub results: Results,
    /// What was seen, for the summary.
    pub observed: Arc<Observed>,
    /// From the command's end to the verdict.
    pub decided_after: Duration,
    /// The files written, with their bytes.
    pub written: Vec<(PathBuf, u64)>,
}

/// Runs a command.
///
/// # Errors
/// See [`RunError`]; a command that fails is no error.
pub async fn run(plan: Plan) -> Result<Finished, RunError> {
    let expectations = match &plan.expect {
        Some((file, text)) => Some((
            file.clone(),
            telltale_signals::parse(text).map_err(|error| RunError::Expectations { file: file.clone(), error })?,
        )),
        None => None,
    };
    let environment = |name: &str| std::env::var(name).ok();
    let identity = Identity::find(plan.name.clone(), &environment, &identity::git)
        .map_err(|error| RunError::App(AppError::Random(error)))?;
    let config = config()?;
    logs::start(&config.log).map_err(AppError::from)?;
    let telemetry = Arc::new(Telemetry::new());
    logs::watch_panics(&telemetry);
    shutdown::raise_file_limit();
    let server = Server::start(config, telemetry).await?;
    let outcome = with_server(&plan, &identity, expectations, &server).await;
    let data = server.close().await?;
    let (mut finished, child) = outcome?;
    let contents = Contents {
        results: &finished.results,
        schema: telltale_signals::schema::schema(&finished.observed),
        expectations: plan.expect.as_ref(),
        junit: &plan.junit,
        output: child.output.as_ref(),
        attachments: &plan.attach,
        store: data.path(),
    };
    if let Some(path) = &plan.out {
        let bytes = artifact::write(path, &contents).map_err(|error| RunError::Write { path: path.clone(), error })?;
        finished.written.push((path.clone(), bytes));
    }
    data.remove_if_ephemeral()?;
    Ok(finished)
}

/// An ephemeral server on free ports that asks nobody for a token and forwards nothing.
fn config() -> Result<Config, ConfigError> {
    let own = |name: &str| match name {
        "TELLTALE_EPHEMERAL" => Some("true".to_owned()),
        "TELLTALE_LISTEN" | "TELLTALE_OTLP_GRPC" | "TELLTALE_OTLP_HTTP" => Some("0".to_owned()),
        // The folder goes in any case; what the command was told is stored survives everything but the machine.
        "TELLTALE_ACK" => Some("write".to_owned()),
        "TELLTALE_LOG" => std::env::var(name).ok().or_else(|| Some("warn".to_owned())),
        _ => None,
    };
    let mut config = Config::load(&Flags::default(), &own)?;
    (config.token, config.forward) = (None, None);
    // A place in a store belongs to one data folder, and this one goes.
    config.store = None;
    config.scrapes.clear();
    Ok(config)
}

async fn with_server(
    plan: &Plan,
    identity: &Identity,
    expectations: Option<(String, SignalsFile)>,
    server: &Server,
) -> Result<(Finished, Ended), RunError> {
    let environment = |name: &str| std::env::var(name).ok();
    let variables = environment::of_child(&environment, identity, &server.endpoints);
    let start = server.state.now();
    let keep_output = plan.out.is_some().then_some(RUN_OUTPUT_BYTES);
    let command = plan.command.first().cloned().unwrap_or_default();
    let child = Child::start(&plan.command, &variables, keep_output);
    let child = child.map_err(|error| RunError::Command { command, error })?;
    let ended = child.wait(plan.time_limit).await;
    let decided = Instant::now();
    let end = server.state.now();
    let mut notes = ended.notes.clone();
    let facts = results::facts(identity, plan, (start.0, end.0), ended.exit_code);
    let own = span::request(identity, &facts);
    if let Err(error) = server.state.storage.append(telltale_model::SignalKind::Traces, own).await {
        notes.push(format!("the run's own span is not recorded: {error}"));
    }
    if let Some(open) = server.read_to_the_end(BARRIER).await {
        notes.push(format!(
            "{open} connections were open after the command had ended: something that it started still runs, and what it \
             sends from now on is not judged"
        ));
    }
    let scope = Scope::default();
    let observed = observe::observe(&server.state, &scope, observe::ALL);
    let observed = Arc::new(observed.await.map_err(|problem| RunError::Read(problem.body().error.message))?);
    let report = expectations.map(|(name, file)| evaluate(&name, &file, &observed));
    let decided_after = decided.elapsed();
    let results = results::results(plan, facts, report, notes, &observed);
    let mut written = Vec::new();
    if let Some(path) = &plan.html {
        let page = crate::report::page(&server.state, &results).await;
        let page = page.map_err(|problem| RunError::Read(problem.body().error.message))?;
        let bytes = page.len() as u64;
        std::fs::write(path, page).map_err(|error| RunError::Write { path: path.clone(), error })?;
        written.push((path.clone(), bytes));
    }
    Ok((Finished { results, observed, decided_after, written }, ended))
}
