//! `telltale schema lock` and `schema diff`: the shape of the telemetry, kept in a file and compared.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use telltale_api::routes;
use telltale_signals::schema::{self, Schema};

use super::check::write_file;
use super::client::{self, Failure, Part, Request, Server};
use super::source::{Artifact, is_artifact, schema_of};

/// Keep the shape of the telemetry in a file, and compare it
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

/// What to do with schemas.
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Write operations, attributes, metrics, units, labels and bands of cardinality into a file
    Lock {
        /// The file to write
        #[arg(default_value = "telemetry.lock.json")]
        file: PathBuf,
        #[command(flatten)]
        part: Part,
        #[command(flatten)]
        source: Artifact,
        #[command(flatten)]
        server: Server,
    },
    /// Name what is lost, renamed or changed since a file was written; exit code 3 when something breaks
    Diff {
        /// The older schema: a file of `schema lock`, or an artifact
        #[arg(default_value = "telemetry.lock.json")]
        old: PathBuf,
        /// The newer schema, in the same way; without it what is stored now
        new: Option<PathBuf>,
        /// Write the differences as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        part: Part,
        #[command(flatten)]
        source: Artifact,
        #[command(flatten)]
        server: Server,
    },
}

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    client::run(run(args, &mut io::stdout().lock()))
}

/// Writes or compares.
pub(crate) async fn run(args: &Args, out: &mut impl Write) -> Result<(), Failure> {
    match &args.command {
        Command::Lock { file, part, source, server } => {
            let schema = stored(part, source, server).await?;
            write_file(file, &schema::write(&schema))?;
            let (spans, metrics) = (schema.spans.len(), schema.metrics.len());
            writeln!(out, "wrote {}: {spans} operations, {metrics} metrics", file.display())?;
            Ok(())
        }
        Command::Diff { old, new, json, part, source, server } => {
            let old = read(old)?;
            let new = match new {
                Some(path) => read(path)?,
                None => stored(part, source, server).await?,
            };
            compare(&old, &new, *json, out)
        }
    }
}

fn compare(old: &Schema, new: &Schema, json: bool, out: &mut impl Write) -> Result<(), Failure> {
    let changes = schema::diff(old, new);
    if json {
        serde_json::to_writer_pretty(&mut *out, &changes).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        out.write_all(schema::text(&changes).as_bytes())?;
    }
    match changes.iter().filter(|change| change.breaking).count() {
        0 => Ok(()),
        breaking => Err(Failure::NotMet(format!("{breaking} breaking changes of the telemetry"))),
    }
}

async fn stored(part: &Part, source: &Artifact, server: &Server) -> Result<Schema, Failure> {
    if let Some(artifact) = &source.artifact {
        return schema_of(artifact);
    }
    let address = part.address(server, routes::SCHEMA)?;
    client::json(server.ask(Request::get(address)).await?).await
}

/// Reads a schema from a file, or the one that an artifact keeps.
fn read(path: &Path) -> Result<Schema, Failure> {
    if is_artifact(&path.to_string_lossy()) {
        return schema_of(path);
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("cannot read {}: {error}", path.display())))?;
    schema::read(&text).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}
