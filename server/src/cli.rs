//! The command line: one module a command, and the exit codes.
//!
//! `telltale` without a command is `telltale serve`; serve's flags are understood in both places.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::config::Flags;

pub mod check;
pub mod client;
pub mod completions;
pub mod dashboard;
pub mod demo;
pub mod diff;
pub mod doctor;
pub mod export;
pub mod import;
pub mod mark;
pub mod offline;
pub mod open;
pub mod promql;
pub mod query;
pub mod report;
pub mod run;
pub mod schema;
pub mod search;
pub mod serve;
pub mod share;
pub mod source;
pub mod story;
mod table;
pub mod tail;
pub mod wait;

/// Exit code: something failed.
pub const FAILED: u8 = 1;
/// Exit code: wrong usage or configuration.
pub const USAGE: u8 = 2;
/// Exit code: an expectation or a gate is not met.
pub const NOT_MET: u8 = 3;
/// Exit code: what was asked for does not exist.
pub const NOT_FOUND: u8 = 4;

/// One binary for traces, metrics and logs that tells the story of one request.
#[derive(Debug, Parser)]
#[command(name = "telltale", version, about, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Flags,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Receive OTLP, keep it, and answer questions; the default.
    Serve(Flags),
    /// Ask a running server with SQL or PromQL.
    Query(query::Args),
    /// Find spans, logs or traces.
    Search(search::Args),
    /// Follow logs or spans as they arrive.
    Tail(tail::Args),
    /// Tell the story of one request.
    Story(story::Args),
    /// Run a command with a server of its own, and say what its telemetry came to.
    Run(run::Args),
    /// Look at an artifact of `telltale run`.
    Open(open::Args),
    /// Write a run, a trace or a comparison as one page that any browser opens.
    Report(report::Args),
    /// Check the telemetry that a signals file promises.
    Check(check::Args),
    /// Wait until something arrives.
    Wait(wait::Args),
    /// Keep the shape of the telemetry in a file, and compare it.
    Schema(schema::Args),
    /// Begin a named run: what arrives from now on.
    Mark(mark::Args),
    /// Compare two runs.
    Diff(diff::Args),
    /// Write one trace out, as OTLP or as its story.
    Export(export::Args),
    /// Open files of telemetry of this or another tool in a running server.
    Import(import::Args),
    /// Make a read-only link to one trace that ends by itself.
    Share(share::Args),
    /// List dashboards, open Grafana's JSON or TOML, write one out as TOML.
    Dashboard(dashboard::Args),
    /// Look for what keeps telemetry from arriving.
    Doctor(doctor::Args),
    /// Send a realistic sample to a running server.
    Demo(demo::Args),
    /// Make a lost catalog anew from the segments.
    RebuildCatalog(offline::RebuildArgs),
    /// Bring a data folder to the newest format.
    Migrate(offline::MigrateArgs),
    /// Print the completion script of a shell.
    Completions(completions::Args),
}

/// Understands the process's arguments, runs the command and returns the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
            // Nothing can be told to a caller whose output is closed.
            drop(error.print());
            return code;
        }
    };
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(flags) => serve::main(&flags),
        Command::Query(args) => query::main(&args),
        Command::Search(args) => search::main(&args),
        Command::Tail(args) => tail::main(&args),
        Command::Story(args) => story::main(&args),
        Command::Run(args) => run::main(&args),
        Command::Open(args) => open::main(&args),
        Command::Report(args) => report::main(&args),
        Command::Check(args) => check::main(&args),
        Command::Wait(args) => wait::main(&args),
        Command::Schema(args) => schema::main(&args),
        Command::Mark(args) => mark::main(&args),
        Command::Diff(args) => diff::main(&args),
        Command::Export(args) => export::main(&args),
        Command::Import(args) => import::main(&args),
        Command::Share(args) => share::main(&args),
        Command::Dashboard(args) => dashboard::main(&args),
        Command::Doctor(args) => doctor::main(&args),
        Command::Demo(args) => demo::main(&args),
        Command::RebuildCatalog(args) => offline::rebuild_catalog(&args),
        Command::Migrate(args) => offline::migrate(&args),
        Command::Completions(args) => completions::main(&args, Cli::command()),
    }
}

/// Writes a line to stderr; a closed stderr is nobody's problem.
pub fn complain(message: &str) {
    use std::io::Write as _;
    drop(writeln!(std::io::stderr(), "{message}"));
}
