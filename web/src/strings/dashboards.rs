//! Words of the pages of dashboards and objectives.

/// Title of the list.
pub const DASHBOARDS_TITLE: &str = "Dashboards";
/// Way back to the list.
pub const DASHBOARDS_ALL: &str = "All dashboards";
/// Failure of the list.
pub const DASHBOARDS_FAILED: &str = "The dashboards could not be loaded";
/// Failure of one.
pub const DASHBOARD_FAILED: &str = "The dashboard could not be loaded";
/// Part of the list.
pub const DASHBOARDS_SAVED: &str = "Saved here";
/// It is empty.
pub const DASHBOARDS_SAVED_NONE: &str = "None yet: make one below, or open a metric and add its graph.";
/// Part of the list.
pub const DASHBOARDS_FILES: &str = "From files";
/// It is empty.
pub const DASHBOARDS_FILES_NONE: &str =
    "None: start telltale with --dashboards FOLDER, or keep them in ./telltale-dashboards of your repository.";
/// Part of the list.
pub const DASHBOARDS_BUILT_IN: &str = "Built in";
/// It is empty.
pub const DASHBOARDS_BUILT_IN_NONE: &str = "None yet: they appear when spans or metrics of a runtime arrive.";
/// Title of the place to open one.
pub const DASHBOARD_OPEN_TITLE: &str = "Open or make one";
/// Name of the field.
pub const DASHBOARD_PASTE: &str = "Paste or drop Grafana's dashboard JSON, or TOML";
/// Name of what was pasted, in errors.
pub const DASHBOARD_PASTED: &str = "the pasted text";
/// Name of the file field.
pub const DASHBOARD_FILE: &str = "Choose a file";
/// Button.
pub const DASHBOARD_OPEN: &str = "Open";
/// Button.
pub const DASHBOARD_NEW: &str = "New dashboard";
/// What a new one begins with.
pub const DASHBOARD_TEMPLATE: &str = r#"title = "New dashboard"
range = "1h"

[[variable]]
name = "service"
label = "Service"
values_of = "service"
from = "traces_spanmetrics_calls_total"
multi = true
all = true
all_value = ".*"

[[panel]]
title = "Requests of $service"
unit = "req/s"
[[panel.query]]
expr = 'sum by (service) (rate(traces_spanmetrics_calls_total{service=~"$service"}[$__rate_interval]))'
legend = "{{service}}"
"#;
/// Button of a metric.
pub const DASHBOARD_ADD_TO: &str = "Add to a dashboard";
/// Button.
pub const DASHBOARD_EDIT: &str = "Edit";
/// Heading for screen readers of the panels above the first row.
pub const DASHBOARD_PANELS: &str = "Panels";
/// Button: panels can be moved and resized.
pub const DASHBOARD_ARRANGE: &str = "Arrange";
/// Button.
pub const DASHBOARD_ARRANGE_SAVE: &str = "Save the arrangement";
/// Button.
pub const DASHBOARD_ARRANGE_UNDO: &str = "Undo";
/// How panels are arranged.
pub const DASHBOARD_ARRANGE_HOW: &str =
    "Drag a panel by its dots, its size by the corner; or go there with Tab and use the arrow keys. Escape lets go.";
/// It was saved.
pub const DASHBOARD_ARRANGED: &str = "The arrangement is saved";
/// Button.
pub const DASHBOARD_SAVE: &str = "Save";
/// Name of the field of the text.
pub const DASHBOARD_TEXT: &str = "The dashboard as TOML";
/// Link.
pub const DASHBOARD_EXPORT: &str = "Export TOML";
/// Button.
pub const DASHBOARD_DELETE: &str = "Delete";
/// Question before it is deleted.
pub const DASHBOARD_DELETE_SURE: &str = "Delete this dashboard?";
/// Where it comes from.
pub const DASHBOARD_IS_BUILT_IN: &str = "built in; saving makes a copy of your own";
/// All values of a variable.
pub const DASHBOARD_ALL: &str = "All";
/// No value of a variable.
pub const DASHBOARD_NOTHING: &str = "nothing";
/// A panel that is not drawn.
pub const DASHBOARD_UNSUPPORTED: &str = "This panel is not drawn here.";
/// Title of the objectives.
pub const SLOS_TITLE: &str = "Objectives";
/// Failure of the objectives.
pub const SLOS_FAILED: &str = "The objectives could not be loaded";
/// What an objective looks like in the file.
pub const SLOS_EXAMPLE: &str = r#"[[slo]]
name = "checkout-availability"
service = "checkout"
objective = 99.9
window = "30d"
spans = { operation = "POST /checkout" }"#;
/// State of an objective.
pub const SLO_GOOD: &str = "Good";
/// State of an objective.
pub const SLO_BURNING: &str = "Burning";
/// State of an objective.
pub const SLO_SPENT: &str = "Budget spent";
/// State of an objective.
pub const SLO_NO_DATA: &str = "No events yet";
/// State of an objective.
pub const SLO_FAILED: &str = "Not known";
/// Link from an objective.
pub const SLO_DASHBOARD: &str = "Dashboard";
/// Name of the bar.
pub const SLO_LEFT: &str = "Error budget left";
/// Caption of the rates.
pub const SLO_BURN: &str = "Burn rate by time; 1× spends the whole budget in the window";

/// Name of the handle that moves a panel.
#[must_use]
pub fn panel_move(title: &str) -> String {
    format!("Move {title}")
}

/// Name of the handle that resizes a panel.
#[must_use]
pub fn panel_resize(title: &str) -> String {
    format!("Resize {title}")
}

/// Where a panel stands now.
#[must_use]
pub fn panel_placed(place: usize, all: usize) -> String {
    format!("Place {place} of {all}")
}

/// How large a panel is now.
#[must_use]
pub fn panel_sized(columns: u8, rows: u8) -> String {
    format!("{columns} of 24 columns, {rows} rows")
}

/// How many panels a dashboard has.
#[must_use]
pub fn dashboard_panels(count: usize) -> String {
    format!("{count} panel{}", if count == 1 { "" } else { "s" })
}

/// How many things of another tool's dashboard are not here.
#[must_use]
pub fn dashboard_notes(count: usize) -> String {
    format!("{count} {} not shown as in the original", if count == 1 { "thing is" } else { "things are" })
}

/// How many values are chosen.
#[must_use]
pub fn dashboard_chosen(count: usize) -> String {
    format!("{count} chosen")
}

/// A graph was added.
#[must_use]
pub fn dashboard_added(title: &str) -> String {
    format!("Added to {title}")
}

/// There are no objectives.
#[must_use]
pub fn slos_none(path: &str) -> String {
    format!("There are no objectives yet. Write them in {path} and start telltale again:")
}

/// What an objective promises.
#[must_use]
pub fn slo_promise(percent: &str, window: &str) -> String {
    format!("{percent} % of events over {window}")
}

/// How it went.
#[must_use]
pub fn slo_ratio(percent: &str, events: &str) -> String {
    format!("{percent} of {events} events were good")
}

/// How much is left.
#[must_use]
pub fn slo_left(percent: &str) -> String {
    format!("{percent} of the error budget is left")
}

/// Burn rate in a line.
#[must_use]
pub fn slo_burning(rate: &str, window: &str) -> String {
    format!(" · burns {rate} over {window}")
}

/// An objective in a line.
#[must_use]
pub fn slo_line(left: &str, burning: &str) -> String {
    format!("{left} of the budget left{burning}")
}

/// A condition that asks for somebody.
#[must_use]
pub fn slo_alert(severity: &str, long: &str, short: &str, factor: &str) -> String {
    format!("{severity}: over {long} and {short} the budget burns faster than {factor}×")
}
