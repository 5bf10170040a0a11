//! Answers about dashboards.

use serde::{Deserialize, Serialize};

use super::Dashboard;

/// Where a dashboard comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Made by telltale from what has arrived.
    #[default]
    BuiltIn,
    /// A file of the dashboards folder.
    File,
    /// Saved in the data folder.
    Saved,
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DashboardLine {
    /// In addresses.
    pub name: String,
    /// For people.
    pub title: String,
    /// What it answers.
    pub description: String,
    /// Where it comes from.
    pub origin: Origin,
    /// The file, unless it is built in.
    pub path: Option<String>,
    /// Panels that show something.
    pub panels: usize,
    /// Things of another tool's dashboard that are not here.
    pub notes: usize,
}

/// A file that is no dashboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileProblem {
    /// The file.
    pub path: String,
    /// Line, from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Answer of `GET /api/dashboards`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DashboardList {
    /// Saved ones, then those of files, then built-in ones; by title.
    pub dashboards: Vec<DashboardLine>,
    /// Files that could not be read.
    pub problems: Vec<FileProblem>,
    /// The dashboards folder, when there is one.
    pub folder: Option<String>,
    /// Where saved ones lie.
    pub saved_in: String,
    /// Whether nothing can be saved: an artifact is looked at.
    pub read_only: bool,
}

/// What of another tool's dashboard is not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The panel's or the variable's title; empty for the dashboard as a whole.
    pub panel: String,
    /// What is missing, and why.
    pub reason: String,
}

/// Answer of `GET /api/dashboards/{name}`, `PUT` of the same and `POST /api/dashboards`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DashboardAnswer {
    /// In addresses.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// The file, unless it is built in.
    pub path: Option<String>,
    /// What of another tool's dashboard is not here.
    pub notes: Vec<Note>,
    /// The dashboard.
    pub dashboard: Dashboard,
}
