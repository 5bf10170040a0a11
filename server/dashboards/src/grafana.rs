//! Grafana's dashboard JSON: what can be shown is taken over, what cannot is named panel by panel.
//!
//! Understood: exports and API answers of classic schemas (rows of old versions, the grid of later ones) and the resources
//! `dashboard.grafana.app` of versions 1 and 2, which [`unwrap`] turns into the classic shape first.

use serde_json::Value;
use telltale_api::dashboard::{Dashboard, Note, Panel, PanelKind};

use crate::check::mistake;
use crate::error::FileError;
use crate::file;
use crate::limits::{FILE_BYTES_MAX, PANELS_MAX};

mod datasource;
mod layout;
mod options;
mod panel;
#[cfg(test)]
mod tests;
mod unit;
mod unwrap;
mod variable;

use datasource::Sources;

/// A dashboard, and what of the original is not in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// The dashboard.
    pub dashboard: Dashboard,
    /// What is not in it; what belongs to a panel stands in the panel too.
    pub notes: Vec<Note>,
}

/// Opens Grafana's JSON.
///
/// # Errors
/// Text that is no JSON, or no dashboard.
pub fn open(text: &str) -> Result<Opened, FileError> {
    if text.len() > FILE_BYTES_MAX {
        return Err(FileError::whole(format!("the file is larger than {FILE_BYTES_MAX} bytes")));
    }
    let value: Value = serde_json::from_str(text).map_err(|error| FileError {
        line: error.line(),
        column: error.column(),
        message: format!("this is no JSON: {error}"),
        hint: None,
    })?;
    let (mut notes, mut dashboard) = (Vec::new(), Dashboard::default());
    let value = unwrap::unwrap(value, &mut notes)?;
    dashboard.title = string(&value, "title").to_owned();
    dashboard.description = string(&value, "description").to_owned();
    if dashboard.title.trim().is_empty() {
        "Without a title".clone_into(&mut dashboard.title);
    }
    times(&value, &mut dashboard, &mut notes);
    around(&value, &mut notes);
    variable::all(at(&value, "/templating/list"), &mut dashboard, &mut notes);
    let sources = Sources::of(&value);
    let placed = layout::panels(&value);
    if placed.len() > PANELS_MAX {
        return Err(FileError::whole(format!("{} panels; at most {PANELS_MAX} are shown", placed.len())));
    }
    for (place, written) in placed {
        let mut panel = panel::panel(&written, &sources);
        (panel.width, panel.height) = (place.width, place.height);
        panel.collapsed = place.is_collapsed;
        judge(&mut panel, &dashboard);
        dashboard.panels.push(panel);
    }
    for panel in &dashboard.panels {
        notes.extend(panel.notes.iter().map(|reason| Note { panel: panel.title.clone(), reason: reason.clone() }));
    }
    file::check(&dashboard).or_else(|wrong| only_expressions(&dashboard, wrong))?;
    Ok(Opened { dashboard, notes })
}

/// A wrong expression is the panel's own matter, and named there; anything else keeps the dashboard from being shown.
fn only_expressions(dashboard: &Dashboard, wrong: file::Wrong) -> Result<(), FileError> {
    let mut cleared = dashboard.clone();
    for panel in &mut cleared.panels {
        panel.queries.iter_mut().for_each(|query| "up".clone_into(&mut query.expr));
    }
    for variable in &mut cleared.variables {
        variable.from.clear();
    }
    file::check(&cleared).map_err(|_| FileError::whole(wrong.message))
}

/// Names what is wrong with a panel's expressions.
fn judge(panel: &mut Panel, dashboard: &Dashboard) {
    for query in &panel.queries {
        if let Some(error) = mistake(&query.expr) {
            panel.notes.push(format!("{:?} is no PromQL: {error}", query.expr));
        }
    }
    if !panel.repeat.is_empty() && !dashboard.variables.iter().any(|variable| variable.name == panel.repeat) {
        panel.notes.push(format!("it repeats by the variable {:?}, which is not here", panel.repeat));
        panel.repeat.clear();
    }
    if panel.queries.is_empty() && !matches!(panel.kind, PanelKind::Text | PanelKind::Row | PanelKind::Unsupported) {
        if panel.notes.is_empty() {
            panel.notes.push("it has no query".to_owned());
        }
        panel.kind = PanelKind::Unsupported;
    }
}

/// The time range and the refresh.
fn times(value: &Value, dashboard: &mut Dashboard, notes: &mut Vec<Note>) {
    let (from, to) = (string(at(value, "/time"), "from"), string(at(value, "/time"), "to"));
    let range = from.strip_prefix("now-").filter(|range| telltale_api::dashboard::seconds(range).is_some());
    match range {
        Some(range) if to == "now" || to.is_empty() => range.clone_into(&mut dashboard.range),
        _ if from.is_empty() => {}
        _ => notes
            .push(dashboard_note(format!("the time from {from:?} to {to:?} is not a range up to now: 1h is shown"))),
    }
    dashboard.live = at(value, "/refresh").as_str().is_some_and(|refresh| !refresh.is_empty());
}

/// What of the dashboard itself is not shown.
fn around(value: &Value, notes: &mut Vec<Note>) {
    for annotation in at(value, "/annotations/list").as_array().into_iter().flatten() {
        let is_built_in = at(annotation, "/builtIn") == 1 || at(annotation, "/builtIn") == true;
        if !is_built_in && at(annotation, "/enable") != false {
            notes.push(dashboard_note(format!("annotations {:?} are not shown", string(annotation, "name"))));
        }
    }
    let links = at(value, "/links").as_array().map_or(0, Vec::len);
    if links > 0 {
        notes.push(dashboard_note(format!("{links} links of the dashboard are not shown")));
    }
}

fn dashboard_note(reason: String) -> Note {
    Note { panel: String::new(), reason }
}

/// A text member; empty when it is none.
fn string<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The member at a path such as `/a/b/0`; null when there is none.
fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    const NONE: &Value = &Value::Null;
    value.pointer(path).unwrap_or(NONE)
}
