//! Dashboards: panels of PromQL with variables and a time range, and service level objectives.
//!
//! The shapes are those of the TOML files too (docs/dashboards.md); `telltale-dashboards` reads and checks them, the browser draws them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod fill;
mod list;
mod slo;

pub use fill::{All, Chosen, Times, fill, fill_text, rate_interval, seconds, variables_in};
pub use list::{DashboardAnswer, DashboardLine, DashboardList, FileProblem, Note, Origin};
pub use slo::{SloAlert, SloBurn, SloList, SloState, SloStatus};

/// Columns of the grid that panels lie in.
pub const COLUMNS: u8 = 24;

/// A dashboard.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Dashboard {
    /// For people.
    pub title: String,
    /// What it answers.
    pub description: String,
    /// The time that is shown at first, such as `1h`; up to now.
    pub range: String,
    /// Whether it follows what arrives from the start.
    pub live: bool,
    /// What can be chosen; expressions use them as `$name`.
    #[serde(alias = "variable")]
    pub variables: Vec<Variable>,
    /// In reading order.
    #[serde(alias = "panel")]
    pub panels: Vec<Panel>,
}

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Variable {
    /// `service` of `$service`.
    pub name: String,
    /// For people; the name when empty.
    pub label: String,
    /// The values of this label of the series that `from` selects. `__name__` offers names of metrics.
    pub values_of: String,
    /// A selector; all series when empty.
    pub from: String,
    /// Or the lines of an instant query's answer, cut by `regex`.
    pub query: String,
    /// Offers only what this finds; its first group is the value when it has one.
    pub regex: String,
    /// Or these.
    pub values: Vec<Choice>,
    /// Or anything that is typed.
    pub text: bool,
    /// Whether several can be chosen at once.
    pub multi: bool,
    /// Whether all can be chosen at once.
    pub all: bool,
    /// What stands in expressions when all are chosen; all values joined when empty.
    pub all_value: String,
    /// What is chosen at first: all of them or the first one when empty.
    pub default: Vec<String>,
    /// Whether it is left out of the page.
    pub hidden: bool,
}

/// One value that can be chosen; in a file also just a text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "WrittenChoice")]
pub struct Choice {
    /// What stands in expressions.
    pub value: String,
    /// What people read.
    pub text: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenChoice {
    Text(String),
    Pair {
        value: String,
        #[serde(default)]
        text: String,
    },
}

impl From<WrittenChoice> for Choice {
    fn from(written: WrittenChoice) -> Self {
        match written {
            WrittenChoice::Text(value) => Self { text: value.clone(), value },
            WrittenChoice::Pair { value, text } if text.is_empty() => Self { text: value.clone(), value },
            WrittenChoice::Pair { value, text } => Self { value, text },
        }
    }
}

/// How a panel shows its queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PanelKind {
    /// Lines over time.
    #[default]
    Graph,
    /// One number a series, with a small line.
    Stat,
    /// One number a series between `min` and `max`.
    Gauge,
    /// A bar a series, longest first.
    Bars,
    /// A row a series.
    Table,
    /// How values are spread over time: buckets of a histogram.
    Heatmap,
    /// Words.
    Text,
    /// The panels behind it belong together, up to the next row.
    Row,
    /// Something that is not drawn here; `notes` say what.
    Unsupported,
}

/// A part of a dashboard.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Panel {
    /// For people; variables are filled in.
    pub title: String,
    /// For people.
    pub description: String,
    /// How it is drawn.
    pub kind: PanelKind,
    /// What it shows.
    #[serde(alias = "query")]
    pub queries: Vec<PanelQuery>,
    /// Of the values: `s`, `ms`, `us`, `ns`, `By`, `bit`, `ratio` (of one), `%`, any of them with `/s` behind; other texts stand behind numbers.
    pub unit: String,
    /// Digits behind the point; as many as say something when absent.
    pub decimals: Option<u8>,
    /// Lowest value of the axis.
    pub min: Option<f64>,
    /// Highest value of the axis.
    pub max: Option<f64>,
    /// Whether lines stand on each other.
    pub stacked: bool,
    /// Which value of the time a stat, a gauge or a bar shows: `last`, `mean`, `max`, `min` or `sum`.
    pub reduce: String,
    /// Columns of 24; half of them when 0.
    pub width: u8,
    /// In rows of the grid; 8 when 0.
    pub height: u8,
    /// From which values on something is good, worrying or bad.
    pub thresholds: Vec<Threshold>,
    /// Words in place of values.
    pub mappings: BTreeMap<String, String>,
    /// Of a text panel.
    pub text: String,
    /// A variable: the panel is shown once for each value that is chosen.
    pub repeat: String,
    /// Whether a row begins closed.
    pub collapsed: bool,
    /// What of another tool's panel is not here.
    pub notes: Vec<String>,
}

/// An expression of a panel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PanelQuery {
    /// PromQL; `$name`, `$__rate_interval`, `$__interval` and `$__range` are filled in.
    pub expr: String,
    /// What a line is called: `{{label}}` is replaced; the labels when empty.
    pub legend: String,
    /// Whether only the newest values count.
    pub instant: bool,
    /// Whether it is asked but not shown.
    pub hidden: bool,
}

/// From a value on.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Threshold {
    /// The first value that counts.
    pub from: f64,
    /// What it means.
    pub level: Level,
}

/// What a value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    #[default]
    Good,
    /// Worth a look.
    Warn,
    /// Not as it should be.
    Bad,
}

impl Panel {
    /// Columns that it takes.
    #[must_use]
    pub fn columns(&self) -> u8 {
        match (self.width, self.kind) {
            (_, PanelKind::Row) => COLUMNS,
            (0, _) => COLUMNS / 2,
            (width, _) => width.min(COLUMNS),
        }
    }

    /// Rows of the grid that it takes.
    #[must_use]
    pub fn rows(&self) -> u8 {
        match (self.height, self.kind) {
            (_, PanelKind::Row) => 1,
            (0, PanelKind::Stat | PanelKind::Gauge) => 4,
            (0, _) => 8,
            (height, _) => height,
        }
    }
}
