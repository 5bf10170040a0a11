//! `telltale report`: an artifact as one page that any browser opens, without a server.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use telltale_story::format::number::bytes;

use super::{FAILED, complain};
use crate::app;
use crate::artifact::read;
use crate::config::{Config, Flags};
use crate::telemetry::Telemetry;

/// Write an artifact as one page that any browser opens
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The artifact of `telltale run`
    artifact: PathBuf,
    /// The page to write; else beside the artifact
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    let out = args.out.clone().unwrap_or_else(|| args.artifact.with_extension("html"));
    match write(args, &out) {
        Ok(size) => {
            complain(&format!("wrote {}, {}", out.display(), bytes(size)));
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(&format!("telltale: {}: {error}", args.artifact.display()));
            ExitCode::from(FAILED)
        }
    }
}

fn write(args: &Args, out: &PathBuf) -> anyhow::Result<u64> {
    let opened = read::open(&args.artifact)?;
    let store = opened.store().display().to_string();
    let environment = |name: &str| (name == "TELLTALE_DATA_DIR").then(|| store.clone());
    let config = Config { read_only: true, scrapes: Vec::new(), ..Config::load(&Flags::default(), &environment)? };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let page = runtime.block_on(async {
        let state = app::open::alone(config, Arc::new(Telemetry::new())).await?;
        let page = crate::report::page(&state, &opened.results).await;
        state.storage.close().await?;
        page.map_err(|problem| anyhow::anyhow!("{}", problem.body().error.message))
    })?;
    std::fs::write(out, &page)?;
    Ok(page.len() as u64)
}
