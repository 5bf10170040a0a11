//! One artifact or a folder of them, unpacked and put together: one store, and what each run came to.
//!
//! A folder's artifacts become one data folder (`telltale_storage::offline::combine`), so that every page and every
//! question sees all of them; which run a row belongs to is told by `telltale.run.id` and by when it arrived.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use telltale_api::Nanos;
use telltale_api::run::{Run, RunFile, RunOutcome};
use telltale_signals::junit::Outcome;
use telltale_signals::results::Results;
use telltale_storage::offline::combine;
use telltale_story::format::number::counted;
use tempfile::TempDir;

use super::read::{self, OpenError, Opened};
use crate::limits::{FOLDER_DEPTH, FOLDER_RUNS};
use crate::state::{Shown, ShownRun};

/// Folders of an artifact whose files can be looked at.
const FILE_FOLDERS: [&str; 3] = ["stdout", "junit", "attachments"];

/// What is open; its folders are removed when this goes.
#[derive(Debug)]
pub struct Gathered {
    /// The data folder.
    pub store: PathBuf,
    /// The runs, newest first.
    pub shown: Shown,
    /// What is in the folder and is not shown, and why.
    pub left_out: Vec<String>,
    _folders: Vec<TempDir>,
}

/// Opens one artifact.
///
/// # Errors
/// See [`OpenError`].
pub fn one(path: &Path) -> Result<Gathered, OpenError> {
    let opened = read::open(path)?;
    let shown = Shown { runs: vec![run_of(&opened.results)], artifacts: vec![shown_run(&opened)?] };
    let store = opened.store();
    Ok(Gathered { store, shown, left_out: Vec::new(), _folders: vec![opened.folder] })
}

/// Opens the newest artifacts below a folder as one store.
///
/// # Errors
/// See [`OpenError`]; an artifact that cannot be opened is left out, and that is said.
pub fn folder(path: &Path) -> Result<Gathered, OpenError> {
    newest(path, FOLDER_RUNS)
}

/// The same for at most `limit` of them.
pub(crate) fn newest(path: &Path, limit: usize) -> Result<Gathered, OpenError> {
    let (results, mut left_out) = results_below(path)?;
    let mut opened: Vec<Opened> = Vec::new();
    for (path, _) in results.iter().take(limit) {
        match read::open(path) {
            Ok(one) => opened.push(one),
            Err(error) => left_out.push(format!("{}: {error}", path.display())),
        }
    }
    if results.len() > limit {
        left_out
            .push(format!("{} older: the newest {limit} are shown", counted((results.len() - limit) as u64, "run")));
    }
    name_apart(&mut opened);
    let place = tempfile::Builder::new().prefix("telltale-open-").tempdir()?;
    let store = place.path().join("store");
    let stores: Vec<PathBuf> = opened.iter().map(Opened::store).collect();
    combine(&stores, &store).map_err(|error| OpenError::Store(error.to_string()))?;
    let artifacts = opened.iter().map(shown_run).collect::<Result<Vec<_>, _>>()?;
    let runs = artifacts.iter().map(|run| run_of(&run.results)).collect();
    let folders = opened.into_iter().map(|one| one.folder).chain([place]).collect();
    Ok(Gathered { store, shown: Shown { runs, artifacts }, left_out, _folders: folders })
}

/// Artifacts with their results.
type Found = Vec<(PathBuf, Results)>;

/// Reads the results of every artifact below a folder, newest first, and says which cannot be read.
///
/// # Errors
/// The folder cannot be read, or has none.
pub fn results_below(folder: &Path) -> Result<(Found, Vec<String>), OpenError> {
    let mut paths = Vec::new();
    find(folder, 0, &mut paths)?;
    if paths.is_empty() {
        return Err(OpenError::Empty(folder.to_owned()));
    }
    let (mut found, mut left_out) = (Vec::new(), Vec::new());
    for path in paths {
        match read::results(&path) {
            Ok(results) => found.push((path, results)),
            Err(error) => left_out.push(format!("{}: {error}", path.display())),
        }
    }
    found.sort_by(|(a_path, a), (b_path, b)| (b.run.start_unix_nano, b_path).cmp(&(a.run.start_unix_nano, a_path)));
    Ok((found, left_out))
}

/// Finds files called NAME.telltale; links are not followed.
fn find(folder: &Path, depth: usize, out: &mut Vec<PathBuf>) -> Result<(), OpenError> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (kind, path) = (entry.file_type()?, entry.path());
        if kind.is_dir() && depth < FOLDER_DEPTH {
            find(&path, depth + 1, out)?;
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "telltale") {
            out.push(path);
        }
    }
    Ok(())
}

/// Gives runs of one name numbers, the oldest none, so that each can be asked for.
fn name_apart(newest_first: &mut [Opened]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for opened in newest_first.iter_mut().rev() {
        let run = &mut opened.results.run;
        let count = seen.entry(run.name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            run.name = format!("{} ({count})", run.name);
        }
    }
}

fn run_of(results: &Results) -> Run {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let report = results.report.as_ref();
    Run {
        name: results.run.name.clone(),
        start_unix_nano: Nanos(results.run.start_unix_nano),
        end_unix_nano: Some(Nanos(results.run.end_unix_nano)),
        run_id: Some(results.run.run_id.clone()),
        attributes: results.run.attributes.clone(),
        outcome: Some(RunOutcome {
            is_good: results.is_good(),
            exit_code: results.run.exit_code,
            tests: count(results.tests.len()),
            failed: count(results.count(Outcome::is_bad)),
            met: report.map_or(0, |report| count(report.met)),
            not_met: report.map_or(0, |report| count(report.not_met)),
            spans: count(results.counts.spans),
            logs: count(results.counts.logs),
            series: count(results.counts.series),
        }),
    }
}

fn shown_run(opened: &Opened) -> Result<ShownRun, OpenError> {
    let root = opened.folder.path();
    let mut files = Vec::new();
    for folder in FILE_FOLDERS {
        let Ok(listed) = std::fs::read_dir(root.join(folder)) else { continue };
        for entry in listed {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_file() {
                let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
                files.push(RunFile { name, bytes: metadata.len() });
            }
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(ShownRun { results: opened.results.clone(), folder: root.to_owned(), files })
}
