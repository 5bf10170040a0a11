//! What is done to a data folder while no server has it: `telltale doctor --offline`, `rebuild-catalog` and `migrate`.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use telltale_storage::RemoteStore;
use telltale_storage::offline::{self, Rebuilt, Verified, Versions};
use telltale_story::format::number::counted;

use super::client::{self, Failure};
use crate::config::{Config, Flags};

/// The folder that a command works on.
#[derive(Debug, Clone, clap::Args)]
pub struct Folder {
    /// Where data is kept [default: as for `telltale serve`]
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
}

/// Make the catalog anew from the segments alone; the server must be stopped
#[derive(Debug, clap::Args)]
pub struct RebuildArgs {
    #[command(flatten)]
    folder: Folder,
    /// Object store whose segments are in the new catalog too; the folder may be empty [default: as for `telltale serve`]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Address of an S3 server that is not Amazon's
    #[arg(long, value_name = "URL")]
    store_endpoint: Option<String>,
}

/// Bring a data folder to the newest format, as a start of the server does; the server must be stopped
#[derive(Debug, clap::Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    folder: Folder,
    /// Say what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs `telltale rebuild-catalog`.
#[must_use]
pub fn rebuild_catalog(args: &RebuildArgs) -> ExitCode {
    client::run(async { rebuild(args, &mut io::stdout().lock()) })
}

/// Runs `telltale migrate`.
#[must_use]
pub fn migrate(args: &MigrateArgs) -> ExitCode {
    client::run(async { bring(args, &mut io::stdout().lock()) })
}

impl Folder {
    /// Returns the folder that a server without other settings would use.
    fn path(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.data_dir {
            return Ok(path.clone());
        }
        let config = Config::load(&Flags::default(), &|name| std::env::var(name).ok());
        let config = config.map_err(|error| Failure::Usage(error.to_string()))?;
        config.data_dir.ok_or_else(|| Failure::Usage("an ephemeral server has no folder\nhint: name --data-dir".into()))
    }
}

/// Reads every file and compares it with its manifest; damage is exit code 1.
pub(super) fn verify(folder: &Folder, out: &mut impl Write) -> Result<(), Failure> {
    let path = folder.path()?;
    let shows_progress = io::stderr().is_terminal();
    let mut shown = 0;
    let found = offline::verify(&path, |done, all| {
        let percent = done.saturating_mul(100).checked_div(all).unwrap_or(100);
        if shows_progress && percent != shown {
            shown = percent;
            drop(write!(io::stderr(), "\r{percent} % of {} MiB", all >> 20));
        }
    });
    if shows_progress && shown > 0 {
        drop(write!(io::stderr(), "\r\x1b[K"));
    }
    let found = found.map_err(|error| Failure::Failed(error.to_string()))?;
    write_verified(&path, &found, out)?;
    match found.damaged.len() {
        0 => Ok(()),
        damaged => Err(Failure::Failed(format!(
            "{} found\nhint: restore the files from a backup; everything else stays readable",
            counted(damaged as u64, "damage")
        ))),
    }
}

fn write_verified(path: &Path, found: &Verified, out: &mut impl Write) -> io::Result<()> {
    let Verified { segments, files, bytes, in_store, .. } = found;
    writeln!(out, "{}: {segments} segments, {files} files, {bytes} bytes read and compared", path.display())?;
    if *in_store > 0 {
        writeln!(out, "{in_store} files are in the object store alone and were not read")?;
    }
    found.damaged.iter().try_for_each(|file| writeln!(out, "damaged: {file}"))?;
    found.unlisted.iter().try_for_each(|folder| writeln!(out, "not in the catalog: {}", folder.display()))
}

/// Returns the store that a server with these settings, and what was said here, would use.
fn store_of(args: &RebuildArgs) -> Result<Option<RemoteStore>, Failure> {
    let named = [("store", &args.store), ("store-endpoint", &args.store_endpoint)];
    let given = named.iter().filter_map(|(name, text)| Some((*name, text.as_deref()?)));
    let flags = given.fold(Flags::default(), |flags, (name, text)| flags.with(name, text));
    let config = Config::load(&flags, &|name| std::env::var(name).ok());
    let config = config.map_err(|error| Failure::Usage(error.to_string()))?;
    let opened = config.store.map(|store| store.open()).transpose();
    opened.map_err(|error| Failure::Usage(error.to_string()))
}

fn rebuild(args: &RebuildArgs, out: &mut impl Write) -> Result<(), Failure> {
    let (path, store) = (args.folder.path()?, store_of(args)?);
    let rebuilt = offline::rebuild_catalog(&path, store.as_ref());
    let rebuilt = rebuilt.map_err(|error| Failure::Failed(error.to_string()))?;
    let Rebuilt { segments, rows, flushed_lsn, left_out, in_store, damaged, kept } = &rebuilt;
    writeln!(out, "{}: a new catalog of {segments} segments with {rows} rows", path.display())?;
    writeln!(out, "appends after number {flushed_lsn} are replayed from the log at the next start")?;
    if let (Some(store), 1..) = (&store, *in_store) {
        writeln!(
            out,
            "{in_store} of the segments have their rows in {} alone; they come when they are read",
            store.url()
        )?;
    }
    if *left_out > 0 {
        writeln!(out, "{left_out} segments left out: others, or the log, have their rows")?;
    }
    if let Some(kept) = kept {
        writeln!(out, "the old catalog lies in {}", kept.display())?;
    }
    damaged.iter().try_for_each(|one| writeln!(out, "damaged: {one}"))?;
    match damaged.len() {
        0 => Ok(()),
        count => Err(Failure::Failed(format!(
            "{} left out for want of a readable manifest",
            counted(count as u64, "segment")
        ))),
    }
}

fn bring(args: &MigrateArgs, out: &mut impl Write) -> Result<(), Failure> {
    let path = args.folder.path()?;
    let failed = |error: telltale_storage::Error| Failure::Failed(error.to_string());
    let Versions { catalog: (found, newest), schemas } = offline::versions(&path).map_err(failed)?;
    writeln!(out, "{}: catalog version {found}, newest {newest}", path.display())?;
    for (version, count) in &schemas.0 {
        writeln!(out, "{count} segments of schema version {version}, newest {}: read as they are", schemas.1)?;
    }
    if found > newest {
        return Err(Failure::Failed(format!(
            "the catalog has version {found}, this telltale reads up to {newest}\nhint: use the newer telltale that wrote it"
        )));
    }
    match (found < newest, args.dry_run) {
        (false, _) => writeln!(out, "nothing to do")?,
        (true, true) => writeln!(out, "would bring the catalog to version {newest}, after a copy of it")?,
        (true, false) => {
            offline::migrate(&path).map_err(failed)?;
            writeln!(out, "the catalog has version {newest} now")?;
        }
    }
    Ok(())
}
