//! Service level objectives and how they stand.

use serde::{Deserialize, Serialize};

/// Answer of `GET /api/slos`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SloList {
    /// Those of the configuration file, in its order.
    pub slos: Vec<SloState>,
    /// The file that they come from or would come from.
    pub path: String,
}

/// How an objective stands in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SloStatus {
    /// Budget is left, and it is not spent fast.
    Good,
    /// Budget is left, but it is spent so fast that it will not last.
    Burning,
    /// More has failed than the objective allows.
    Spent,
    /// There is nothing to judge by.
    NoData,
    /// The question could not be answered; `problem` says why.
    Failed,
}

/// How one objective stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SloState {
    /// In addresses.
    pub name: String,
    /// For people.
    pub title: String,
    /// The service that promises it; empty when the file names none.
    pub service: String,
    /// Per cent of events that shall be good, such as 99.9.
    pub objective: f64,
    /// The time that it holds for, such as `30d`.
    pub window: String,
    /// PromQL of good events; `$window` stands for the time.
    pub good: String,
    /// PromQL of all events.
    pub total: String,
    /// The word.
    pub status: SloStatus,
    /// Events in the window.
    pub events: Option<f64>,
    /// Good events of all, 0 to 1.
    pub ratio: Option<f64>,
    /// Part of the error budget that is left: 1 untouched, 0 spent, below 0 overspent.
    pub budget_left: Option<f64>,
    /// How fast it is spent over several times, shortest first; 1 spends exactly all of it in the window.
    pub burns: Vec<SloBurn>,
    /// Pairs of times whose burn rates together ask for somebody.
    pub alerts: Vec<SloAlert>,
    /// Why there is no answer.
    pub problem: Option<String>,
    /// What should be known about the answer: less is kept than the window is long.
    pub note: Option<String>,
}

/// A burn rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SloBurn {
    /// The time that it is measured over.
    pub window: String,
    /// Absent when nothing happened in it.
    pub rate: Option<f64>,
}

/// A condition on two burn rates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SloAlert {
    /// `page` or `ticket`.
    pub severity: String,
    /// The long time.
    pub long: String,
    /// The short time, so that it ends soon after the cause.
    pub short: String,
    /// Both rates have to be above this.
    pub factor: f64,
    /// Whether they are.
    pub is_firing: bool,
}
