//! Named runs: which part of the store "before" and "after" are. Kept in `runs.json` beside the data.
//!
//! A mark ends the open run and begins the next one; a name that is used again names the newer run.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use telltale_api::Nanos;
use telltale_api::run::{Run, RunList};
use telltale_query::Arrival;

use crate::limits::{RUN_NAME_BYTES, RUN_TAIL, RUNS_KEPT};
use crate::observe::Scope;
use crate::whole_file;

/// The file's name.
const FILE: &str = "runs.json";

/// The runs of a store.
#[derive(Debug, Default)]
pub struct Runs {
    /// Where they are kept; none for a store that takes nothing.
    path: Option<PathBuf>,
    runs: Mutex<Vec<Run>>,
}

/// Why a run cannot be named.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The name is empty, too long or has control characters.
    #[error("{0:?} is no name for a run")]
    Name(String),
    /// The store is only read.
    #[error("this store is read only")]
    ReadOnly,
    /// The file cannot be written.
    #[error("{}: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
}

impl Runs {
    /// Reads the runs of a data folder. A file that is not understood is set aside and said, and the list begun anew.
    #[must_use]
    pub fn open(data_dir: &Path) -> Self {
        let path = data_dir.join(FILE);
        let RunList { runs, .. } = whole_file::read(&path);
        Self { path: Some(path), runs: Mutex::new(runs) }
    }

    /// The runs of a store that takes nothing.
    #[must_use]
    pub fn read_only(runs: Vec<Run>) -> Self {
        Self { path: None, runs: Mutex::new(runs) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Run>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the runs, newest first.
    #[must_use]
    pub fn list(&self) -> Vec<Run> {
        self.lock().clone()
    }

    /// Returns the name of the run that is open.
    pub(crate) fn open_run(&self) -> Option<String> {
        self.lock().iter().find(|run| run.end_unix_nano.is_none()).map(|run| run.name.clone())
    }

    /// Returns the part of the store that a run is.
    pub(crate) fn scope(&self, name: &str) -> Option<Scope> {
        let runs = self.lock();
        let run = runs.iter().find(|run| run.name == name || run.run_id.as_deref() == Some(name))?;
        let ns = |time: Nanos| i64::try_from(time.0).unwrap_or(i64::MAX);
        // A run with an id had a store of its own: nothing else arrived there until it was closed.
        let tail = if run.run_id.is_some() { i64::try_from(RUN_TAIL.as_nanos()).unwrap_or(i64::MAX) } else { 0 };
        let end_ns = run.end_unix_nano.map_or(i64::MAX, |end| ns(end).saturating_add(tail));
        let arrival = Arrival { start_ns: ns(run.start_unix_nano), end_ns };
        Some(Scope { arrival, run_id: run.run_id.clone(), trace_id: None })
    }

    /// Ends the open run and begins the next one.
    ///
    /// # Errors
    /// See [`RunError`]; nothing has changed then.
    pub fn mark(&self, name: &str, now: Nanos) -> Result<Run, RunError> {
        let name = name.trim();
        if name.is_empty() || name.len() > RUN_NAME_BYTES || name.contains(char::is_control) {
            return Err(RunError::Name(name.to_owned()));
        }
        let path = self.path.as_ref().ok_or(RunError::ReadOnly)?;
        let mut runs = self.lock();
        let mut next = runs.clone();
        if let Some(open) = next.iter_mut().find(|run| run.end_unix_nano.is_none()) {
            open.end_unix_nano = Some(Nanos(now.0.saturating_sub(1)));
        }
        next.retain(|run| run.name != name);
        let run = Run { name: name.to_owned(), start_unix_nano: now, ..Run::default() };
        next.insert(0, run.clone());
        next.truncate(RUNS_KEPT);
        write(path, &RunList { runs: next.clone(), ..RunList::default() })
            .map_err(|error| RunError::Write { path: path.clone(), error })?;
        *runs = next;
        Ok(run)
    }
}

/// The file appears whole or not at all, and is durable.
fn write(path: &Path, list: &RunList) -> std::io::Result<()> {
    whole_file::write(path, &serde_json::to_vec_pretty(list)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: three marks, one name twice, and a restart. Guarantees: intervals touch and do not overlap, the newer of
    /// two equal names wins, and the list survives.
    #[test]
    fn marks_are_intervals_that_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let runs = Runs::open(folder.path());
        runs.mark("before", Nanos(100)).unwrap();
        runs.mark("after", Nanos(200)).unwrap();
        let scope = Runs::open(folder.path()).scope("before").unwrap();
        assert_eq!(scope.arrival, Arrival { start_ns: 100, end_ns: 199 });
        assert_eq!(runs.scope("after").unwrap().arrival, Arrival { start_ns: 200, end_ns: i64::MAX });
        runs.mark("before", Nanos(300)).unwrap();
        let again = Runs::open(folder.path());
        assert_eq!(again.list(), runs.list());
        assert_eq!(again.list().len(), 2);
        assert_eq!(again.scope("before").unwrap().arrival.start_ns, 300);
        assert!(again.scope("never").is_none());
    }

    /// Scenario: half a file. Guarantees: it is kept and named, also after the next mark and the next start.
    #[test]
    fn a_damaged_list_is_set_aside_and_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "{\"runs\":[{").unwrap();
        for count in 1..3 {
            let runs = Runs::open(folder.path());
            runs.mark(&count.to_string(), Nanos(count)).unwrap();
            assert_eq!(runs.list().len() as u64, count);
            let [named] = whole_file::set_aside(folder.path()).try_into().unwrap();
            assert!(named.contains("runs.json.damaged: "), "{named}");
        }
    }

    #[test]
    fn names_have_rules_and_a_read_only_store_takes_none() {
        let folder = tempfile::tempdir().unwrap();
        let runs = Runs::open(folder.path());
        for name in ["", "  ", "a\nb", &"x".repeat(RUN_NAME_BYTES + 1)] {
            assert!(matches!(runs.mark(name, Nanos(1)), Err(RunError::Name(_))), "{name:?}");
        }
        for index in 0..=RUNS_KEPT {
            runs.mark(&index.to_string(), Nanos(index as u64)).unwrap();
        }
        assert_eq!(runs.list().len(), RUNS_KEPT);
        assert!(matches!(Runs::read_only(Vec::new()).mark("a", Nanos(1)), Err(RunError::ReadOnly)));
    }
}
