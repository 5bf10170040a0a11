//! Saved searches: one small JSON file in the data folder, replaced whole and durable when a change is answered.
//!
//! An ephemeral server keeps them in memory. A file that cannot be read is left as it is and named by every answer, so
//! that a hand-edited list is not overwritten.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use telltale_api::search::SavedSearch;

use crate::limits::{SAVED_NAME_BYTES, SAVED_SEARCHES};
use crate::whole_file;

/// The file's name in the data folder.
const FILE: &str = "saved-searches.json";

/// Why a search was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The name cannot be one.
    #[error("the name {0:?} is empty or longer than {SAVED_NAME_BYTES} bytes")]
    Name(String),
    /// There are too many.
    #[error("{SAVED_SEARCHES} searches are saved already")]
    Full,
    /// The file could not be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// The list.
#[derive(Debug)]
pub struct Saved {
    path: Option<PathBuf>,
    searches: Mutex<Option<BTreeMap<String, SavedSearch>>>,
}

type List = BTreeMap<String, SavedSearch>;

impl Saved {
    /// Makes the list of a data folder; `None` keeps it in memory. Nothing is read yet.
    #[must_use]
    pub fn new(data_dir: Option<&Path>) -> Self {
        Self { path: data_dir.map(|folder| folder.join(FILE)), searches: Mutex::new(None) }
    }

    /// Returns all searches by name.
    ///
    /// # Errors
    /// [`SaveError::File`] for a file that cannot be read.
    pub fn list(&self) -> Result<Vec<SavedSearch>, SaveError> {
        let mut held = self.lock();
        Ok(self.read(&mut held)?.values().cloned().collect())
    }

    /// Saves a search under its name, in place of an earlier one; returns once it is durable. Blocks.
    ///
    /// # Errors
    /// All of [`SaveError`]; the list is then as before.
    pub fn put(&self, search: SavedSearch) -> Result<(), SaveError> {
        if search.name.trim().is_empty() || search.name.len() > SAVED_NAME_BYTES {
            return Err(SaveError::Name(search.name));
        }
        let mut held = self.lock();
        let mut list = self.read(&mut held)?.clone();
        if list.len() >= SAVED_SEARCHES && !list.contains_key(&search.name) {
            return Err(SaveError::Full);
        }
        list.insert(search.name.clone(), search);
        self.write(&list)?;
        *held = Some(list);
        Ok(())
    }

    /// Removes a search; false when there is none of the name. Blocks.
    ///
    /// # Errors
    /// [`SaveError::File`]; the list is then as before.
    pub fn remove(&self, name: &str) -> Result<bool, SaveError> {
        let mut held = self.lock();
        let mut list = self.read(&mut held)?.clone();
        let was_there = list.remove(name).is_some();
        if was_there {
            self.write(&list)?;
            *held = Some(list);
        }
        Ok(was_there)
    }

    fn lock(&self) -> MutexGuard<'_, Option<List>> {
        self.searches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<'a>(&self, held: &'a mut Option<List>) -> Result<&'a List, SaveError> {
        if held.is_none() {
            *held = Some(self.load()?);
        }
        Ok(held.get_or_insert_default())
    }

    fn load(&self) -> Result<List, SaveError> {
        let Some(path) = &self.path else { return Ok(List::new()) };
        let wrong = |error| SaveError::File { path: path.clone(), error };
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(List::new()),
            Err(error) => return Err(wrong(error)),
        };
        let list: Vec<SavedSearch> = serde_json::from_slice(&text).map_err(|error| wrong(error.into()))?;
        Ok(list.into_iter().map(|search| (search.name.clone(), search)).collect())
    }

    fn write(&self, list: &List) -> Result<(), SaveError> {
        let Some(path) = &self.path else { return Ok(()) };
        let list: Vec<&SavedSearch> = list.values().collect();
        let write = || whole_file::write(path, &serde_json::to_vec_pretty(&list)?);
        write().map_err(|error| SaveError::File { path: path.clone(), error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(name: &str, query: &str) -> SavedSearch {
        SavedSearch { name: name.to_owned(), query: query.to_owned(), kind: "logs".to_owned(), columns: Vec::new() }
    }

    #[test]
    fn searches_survive_a_restart_and_are_replaced_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let saved = Saved::new(Some(folder.path()));
        assert_eq!(saved.list().unwrap(), []);
        saved.put(search("b", "1")).unwrap();
        saved.put(search("a", "2")).unwrap();
        saved.put(search("b", "3")).unwrap();
        let expected = [search("a", "2"), search("b", "3")];
        assert_eq!(saved.list().unwrap(), expected);
        let again = Saved::new(Some(folder.path()));
        assert_eq!(again.list().unwrap(), expected);
        assert!(again.remove("a").unwrap() && !again.remove("a").unwrap());
        assert_eq!(Saved::new(Some(folder.path())).list().unwrap(), [search("b", "3")]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left in the folder");
    }

    #[test]
    fn bounds_hold_and_a_damaged_file_is_named_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Saved::new(None);
        for number in 0..SAVED_SEARCHES {
            memory.put(search(&number.to_string(), "q")).unwrap();
        }
        assert!(matches!(memory.put(search("one more", "q")), Err(SaveError::Full)));
        memory.put(search("0", "another")).unwrap();
        assert!(matches!(memory.put(search(" ", "q")), Err(SaveError::Name(_))));
        assert!(matches!(memory.put(search(&"x".repeat(SAVED_NAME_BYTES + 1), "q")), Err(SaveError::Name(_))));
        let path = folder.path().join(FILE);
        std::fs::write(&path, "[{").unwrap();
        let damaged = Saved::new(Some(folder.path()));
        let error = damaged.put(search("a", "q")).unwrap_err().to_string();
        assert!(error.contains(FILE), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[{");
    }
}
