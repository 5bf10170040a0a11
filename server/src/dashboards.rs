//! Dashboards: files of a folder (TOML, or Grafana's JSON), those that were saved in the data folder, and those that are built in.
//!
//! Files are read when somebody asks, so that an edit shows at the next look. A saved dashboard stands before a file of its name, a file
//! before a built-in one. A saved one is a TOML file, `DATA/dashboards/NAME.toml`: it can be moved to the folder as it is.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use telltale_api::dashboard::{
    Dashboard, DashboardAnswer, DashboardLine, DashboardList, FileProblem, Note, Origin, PanelKind,
};
use telltale_dashboards::{FileError, builtin, file, grafana};

use crate::limits::{DASHBOARD_NAME_BYTES, DASHBOARDS};
use crate::whole_file;

#[cfg(test)]
mod tests;

/// The folder of saved dashboards in the data folder.
const SAVED: &str = "dashboards";
/// The folder of the working directory that is read when nobody names one and it is there.
const DEFAULT_FOLDER: &str = "telltale-dashboards";

/// Why a dashboard was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The name cannot be one.
    #[error(
        "the name {0:?} is empty, longer than {DASHBOARD_NAME_BYTES} bytes or has other signs than letters, digits and \".\", \"_\", \"-\""
    )]
    Name(String),
    /// There are too many.
    #[error("{DASHBOARDS} dashboards are saved already")]
    Full,
    /// An artifact is looked at.
    #[error("this server shows an artifact: nothing can be saved")]
    ReadOnly,
    /// The file could not be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// Where dashboards lie.
#[derive(Debug, Clone)]
pub struct Boards {
    folder: Option<PathBuf>,
    saved: PathBuf,
    is_read_only: bool,
}

/// What is built in for what has arrived.
#[derive(Debug, Clone, Default)]
pub struct Arrived {
    /// Names of metrics.
    pub names: BTreeSet<String>,
    /// Whether there are spans.
    pub has_spans: bool,
}

/// A dashboard that was read.
struct Read {
    name: String,
    origin: Origin,
    path: Option<PathBuf>,
    dashboard: Dashboard,
    notes: Vec<Note>,
}

impl Boards {
    /// Takes the folder of the settings, else the one in the working directory when it is there.
    #[must_use]
    pub fn new(folder: Option<&Path>, data_dir: &Path, is_read_only: bool) -> Self {
        let usual = || Some(PathBuf::from(DEFAULT_FOLDER)).filter(|folder| folder.is_dir());
        let folder = folder.map(Path::to_owned).or_else(usual);
        Self { folder, saved: data_dir.join(SAVED), is_read_only }
    }

    /// Returns all dashboards. Blocks.
    #[must_use]
    pub fn list(&self, arrived: &Arrived) -> DashboardList {
        let (all, problems) = self.read_all(arrived);
        let mut dashboards: Vec<DashboardLine> = all.into_iter().map(line).collect();
        let order = |line: &DashboardLine| match line.origin {
            Origin::Saved => 0,
            Origin::File => 1,
            Origin::BuiltIn => 2,
        };
        dashboards.sort_by(|left, right| {
            (order(left), &left.title, &left.name).cmp(&(order(right), &right.title, &right.name))
        });
        DashboardList {
            dashboards,
            problems,
            folder: self.folder.as_ref().map(|folder| folder.display().to_string()),
            saved_in: self.saved.display().to_string(),
            read_only: self.is_read_only,
        }
    }

    /// Returns the dashboard of a name, or what is wrong with its file. Blocks.
    #[must_use]
    pub fn find(&self, name: &str, arrived: &Arrived) -> Option<Result<DashboardAnswer, FileProblem>> {
        let (all, problems) = self.read_all(arrived);
        if let Some(found) = all.into_iter().find(|read| read.name == name) {
            return Some(Ok(DashboardAnswer {
                name: found.name,
                origin: found.origin,
                path: found.path.map(|path| path.display().to_string()),
                notes: found.notes,
                dashboard: found.dashboard,
            }));
        }
        problems.into_iter().find(|problem| slug(&stem(Path::new(&problem.path))) == name).map(Err)
    }

    /// Saves a dashboard under a name, in place of an earlier one; returns its file once it is durable. Blocks.
    ///
    /// # Errors
    /// All of [`SaveError`]; nothing is changed then.
    pub fn save(&self, name: &str, dashboard: &Dashboard) -> Result<PathBuf, SaveError> {
        let path = self.path_of(name)?;
        let count = || std::fs::read_dir(&self.saved).map_or(0, Iterator::count);
        if !path.exists() && count() >= DASHBOARDS {
            return Err(SaveError::Full);
        }
        let write = || {
            std::fs::create_dir_all(&self.saved)?;
            whole_file::write(&path, file::write(dashboard).as_bytes())
        };
        match write() {
            Ok(()) => Ok(path),
            Err(error) => Err(SaveError::File { path, error }),
        }
    }

    /// Removes a saved dashboard; false when there is none of the name. Blocks.
    ///
    /// # Errors
    /// [`SaveError::Name`], [`SaveError::ReadOnly`] and [`SaveError::File`].
    pub fn remove(&self, name: &str) -> Result<bool, SaveError> {
        let path = self.path_of(name)?;
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(SaveError::File { path, error }),
        }
    }

    /// Returns a name for a new dashboard of a title that no saved one and no file has. Blocks.
    #[must_use]
    pub fn free_name(&self, title: &str) -> String {
        let (all, _) = self.read_all(&Arrived::default());
        let base = slug(title);
        let taken = |name: &String| {
            all.iter().any(|read| read.name == *name) || self.saved.join(format!("{name}.toml")).exists()
        };
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        std::iter::once(base.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
    }

    fn path_of(&self, name: &str) -> Result<PathBuf, SaveError> {
        if self.is_read_only {
            return Err(SaveError::ReadOnly);
        }
        if name.is_empty() || name.len() > DASHBOARD_NAME_BYTES || slug(name) != name {
            return Err(SaveError::Name(name.to_owned()));
        }
        Ok(self.saved.join(format!("{name}.toml")))
    }

    /// Saved ones, then files, then built-in ones; only the first of a name.
    fn read_all(&self, arrived: &Arrived) -> (Vec<Read>, Vec<FileProblem>) {
        let (mut all, mut problems) = (Vec::<Read>::new(), Vec::new());
        let mut names = BTreeSet::new();
        let folders = [(Some(&self.saved), Origin::Saved), (self.folder.as_ref(), Origin::File)];
        for (folder, origin) in folders.into_iter().filter_map(|(folder, origin)| Some((folder?, origin))) {
            for path in files(folder, origin, &mut problems) {
                match read_file(&path) {
                    Ok((dashboard, notes)) => {
                        let name = slug(&stem(&path));
                        if names.insert(name.clone()) {
                            all.push(Read { name, origin, path: Some(path), dashboard, notes });
                        }
                    }
                    Err(error) => problems.push(problem(&path, error)),
                }
            }
        }
        for (name, dashboard) in builtin::all(&arrived.names, arrived.has_spans) {
            if names.insert(name.to_owned()) {
                all.push(Read {
                    name: name.to_owned(),
                    origin: Origin::BuiltIn,
                    path: None,
                    dashboard,
                    notes: Vec::new(),
                });
            }
        }
        (all, problems)
    }
}

/// Understands a text: TOML, or Grafana's JSON.
///
/// # Errors
/// The first mistake, with its place.
pub fn understand(text: &str) -> Result<(Dashboard, Vec<Note>, &'static str), FileError> {
    if text.trim_start().starts_with(['{', '[']) && !text.trim_start().starts_with("[[") {
        let opened = grafana::open(text)?;
        return Ok((opened.dashboard, opened.notes, "grafana"));
    }
    Ok((file::read(text)?, Vec::new(), "toml"))
}

/// What dashboards have of notes, those of panels told with the panel.
fn panel_notes(dashboard: &Dashboard) -> Vec<Note> {
    let notes = |panel: &telltale_api::dashboard::Panel| {
        let title = panel.title.clone();
        panel.notes.iter().map(move |reason| Note { panel: title.clone(), reason: reason.clone() }).collect::<Vec<_>>()
    };
    dashboard.panels.iter().flat_map(notes).collect()
}

fn read_file(path: &Path) -> Result<(Dashboard, Vec<Note>), FileError> {
    let unreadable =
        |error: io::Error| FileError { line: 0, column: 0, message: format!("cannot be read: {error}"), hint: None };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let (dashboard, notes, _) = understand(&text)?;
    let notes = if notes.is_empty() { panel_notes(&dashboard) } else { notes };
    Ok((dashboard, notes))
}

/// The dashboards of a folder, by name; at most [`DASHBOARDS`].
fn files(folder: &Path, origin: Origin, problems: &mut Vec<FileProblem>) -> Vec<PathBuf> {
    let whole =
        |message: String| FileProblem { path: folder.display().to_string(), line: 0, column: 0, message, hint: None };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound && origin == Origin::Saved => return Vec::new(),
        Err(error) => {
            problems.push(whole(format!("the folder cannot be read: {error}")));
            return Vec::new();
        }
    };
    let is_ours = |path: &PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        !is_hidden && matches!(extension, Some("toml" | "json"))
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_ours).collect();
    paths.sort();
    if paths.len() > DASHBOARDS {
        problems.push(whole(format!("{} files; the first {DASHBOARDS} are read", paths.len())));
        paths.truncate(DASHBOARDS);
    }
    paths
}

fn problem(path: &Path, error: FileError) -> FileProblem {
    let FileError { line, column, message, hint } = error;
    FileProblem { path: path.display().to_string(), line, column, message, hint }
}

fn line(read: Read) -> DashboardLine {
    let shown = |kind: PanelKind| !matches!(kind, PanelKind::Row | PanelKind::Unsupported);
    DashboardLine {
        panels: read.dashboard.panels.iter().filter(|panel| shown(panel.kind)).count(),
        notes: read.notes.len(),
        title: read.dashboard.title,
        description: read.dashboard.description,
        name: read.name,
        origin: read.origin,
        path: read.path.map(|path| path.display().to_string()),
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Returns a text as a name in addresses: letters and digits as they are, anything else a dash.
fn slug(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars() {
        if char.is_ascii_alphanumeric() || matches!(char, '_' | '.') {
            out.push(char);
        } else if !out.ends_with('-') {
            out.push('-');
        }
        if out.len() >= DASHBOARD_NAME_BYTES {
            break;
        }
    }
    let out = out.trim_matches(['-', '.']);
    if out.is_empty() { "dashboard".to_owned() } else { out.to_owned() }
}
