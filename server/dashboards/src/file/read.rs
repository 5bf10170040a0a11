//! From TOML to a dashboard: unknown keys, wrong types and wrong expressions are errors with their place.

use telltale_api::dashboard::{Dashboard, Panel, PanelKind, PanelQuery, Variable, seconds};
use toml::de::{DeTable, DeValue};

use crate::check::{mistake, offset};
use crate::error::FileError;
use crate::limits::{FILE_BYTES_MAX, PANELS_MAX, QUERIES_MAX, VALUES_MAX, VARIABLES_MAX};

/// Keys of the top, of variables, of panels, of queries, of thresholds.
const TOP: &[&str] = &["title", "description", "range", "live", "variable", "panel"];
const VARIABLE: &[&str] = &[
    "name",
    "label",
    "values_of",
    "from",
    "query",
    "regex",
    "values",
    "text",
    "multi",
    "all",
    "all_value",
    "default",
    "hidden",
];
const PANEL: &[&str] = &[
    "title",
    "description",
    "kind",
    "query",
    "unit",
    "decimals",
    "min",
    "max",
    "stacked",
    "reduce",
    "width",
    "height",
    "thresholds",
    "mappings",
    "text",
    "repeat",
    "collapsed",
    "notes",
];
const QUERY: &[&str] = &["expr", "legend", "instant", "hidden"];
const THRESHOLD: &[&str] = &["from", "level"];

/// Reads a file.
///
/// # Errors
/// The first mistake, with its place.
pub fn read(text: &str) -> Result<Dashboard, FileError> {
    if text.len() > FILE_BYTES_MAX {
        return Err(FileError::whole(format!("the file is larger than {FILE_BYTES_MAX} bytes")));
    }
    let of_toml = |error: toml::de::Error| {
        FileError::at(text, error.span().map_or(0, |span| span.start), error.message().to_owned())
    };
    let tree = DeTable::parse(text).map_err(of_toml)?;
    known_keys(text, tree.get_ref())?;
    let dashboard: Dashboard = toml::from_str(text).map_err(of_toml)?;
    match check(&dashboard) {
        Ok(()) => Ok(dashboard),
        Err(wrong) => Err(placed(text, tree.get_ref(), wrong)),
    }
}

/// Something wrong with the content of a dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Where: a list of keys and places in lists.
    path: Vec<Step>,
    /// Bytes into the text that stands there.
    offset: usize,
    /// What.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Key(&'static str),
    Item(usize),
}

fn wrong(path: &[Step], message: impl Into<String>) -> Wrong {
    Wrong { path: path.to_vec(), offset: 0, message: message.into(), hint: None }
}

/// Checks what types alone do not.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(dashboard: &Dashboard) -> Result<(), Wrong> {
    if dashboard.title.trim().is_empty() {
        return Err(wrong(&[Step::Key("title")], "a dashboard needs a title"));
    }
    if !dashboard.range.is_empty() && seconds(&dashboard.range).is_none() {
        let message = format!("range {:?} is no duration; write one such as 30m, 6h or 7d", dashboard.range);
        return Err(wrong(&[Step::Key("range")], message));
    }
    if dashboard.variables.len() > VARIABLES_MAX || dashboard.panels.len() > PANELS_MAX {
        let (panels, variables) = (dashboard.panels.len(), dashboard.variables.len());
        let message =
            format!("{panels} panels and {variables} variables; at most {PANELS_MAX} and {VARIABLES_MAX} are shown");
        return Err(wrong(&[], message));
    }
    let mut names: Vec<&str> = Vec::new();
    for (at, variable) in dashboard.variables.iter().enumerate() {
        check_variable(&[Step::Key("variable"), Step::Item(at)], variable, &names)?;
        names.push(&variable.name);
    }
    let mut panels = dashboard.panels.iter().enumerate();
    panels.try_for_each(|(at, panel)| check_panel(&[Step::Key("panel"), Step::Item(at)], panel, &names))
}

fn check_variable(path: &[Step], variable: &Variable, before: &[&str]) -> Result<(), Wrong> {
    let at = |key: &'static str| [path, &[Step::Key(key)]].concat();
    let name = &variable.name;
    let is_name = name.chars().next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
    if !is_name || name.starts_with("__") {
        return Err(wrong(&at("name"), format!("{name:?} cannot be the name of a variable: letters, digits and _")));
    }
    if before.contains(&name.as_str()) {
        return Err(wrong(&at("name"), format!("there are two variables {name:?}")));
    }
    let ways = [!variable.values_of.is_empty(), !variable.query.is_empty(), !variable.values.is_empty(), variable.text];
    if ways.into_iter().filter(|way| *way).count() != 1 {
        let message = format!("variable {name:?}: write exactly one of values_of, query, values and text = true");
        return Err(wrong(path, message));
    }
    if variable.values.len() > VALUES_MAX {
        return Err(wrong(&at("values"), format!("more than {VALUES_MAX} values")));
    }
    for (key, expr) in [("from", &variable.from), ("query", &variable.query)] {
        if !expr.is_empty()
            && let Some(error) = mistake(expr)
        {
            return Err(Wrong { offset: offset(expr, &error), ..wrong(&at(key), error.message) });
        }
    }
    Ok(())
}

fn check_panel(path: &[Step], panel: &Panel, variables: &[&str]) -> Result<(), Wrong> {
    let at = |key: &'static str| [path, &[Step::Key(key)]].concat();
    let needs_query = !matches!(panel.kind, PanelKind::Text | PanelKind::Row | PanelKind::Unsupported);
    if needs_query && panel.queries.is_empty() {
        return Err(wrong(path, format!("panel {:?} has no query", panel.title)));
    }
    if panel.queries.len() > QUERIES_MAX {
        return Err(wrong(path, format!("panel {:?} has more than {QUERIES_MAX} queries", panel.title)));
    }
    if panel.width > telltale_api::dashboard::COLUMNS {
        return Err(wrong(&at("width"), format!("width {}: a page has 24 columns", panel.width)));
    }
    if !["", "last", "mean", "max", "min", "sum"].contains(&panel.reduce.as_str()) {
        let message = format!("reduce {:?}: write last, mean, max, min or sum", panel.reduce);
        return Err(wrong(&at("reduce"), message));
    }
    if !panel.repeat.is_empty() && !variables.contains(&panel.repeat.as_str()) {
        return Err(wrong(&at("repeat"), format!("there is no variable {:?}", panel.repeat)));
    }
    let mut queries = panel.queries.iter().enumerate();
    queries.try_for_each(|(query_at, query)| {
        check_query(&[path, &[Step::Key("query"), Step::Item(query_at)]].concat(), query)
    })
}

fn check_query(path: &[Step], query: &PanelQuery) -> Result<(), Wrong> {
    if query.expr.trim().is_empty() {
        return Err(wrong(path, "a query needs an expression: expr = \"…\""));
    }
    match mistake(&query.expr) {
        None => Ok(()),
        Some(error) => {
            let path = [path, &[Step::Key("expr")]].concat();
            Err(Wrong { offset: offset(&query.expr, &error), ..wrong(&path, error.message) })
        }
    }
}

/// Finds the place of something that is wrong; the nearest thing around it that is written.
fn placed(text: &str, table: &DeTable<'_>, wrong: Wrong) -> FileError {
    let mut span = 0..0;
    let mut here: Option<&DeValue<'_>> = None;
    for step in &wrong.path {
        let next = match (step, here) {
            (Step::Key(key), None) => table.get(*key),
            (Step::Key(key), Some(DeValue::Table(table))) => table.get(*key),
            (Step::Item(at), Some(DeValue::Array(items))) => items.get(*at),
            _ => None,
        };
        let Some(next) = next else { break };
        span = next.span();
        here = Some(next.get_ref());
    }
    // Into a text on one line the place of the mistake can be counted, behind its quotes.
    let written = text.get(span.clone()).unwrap_or_default();
    let quotes = if written.starts_with("'''") || written.starts_with("\"\"\"") { 3 } else { 1 };
    let is_plain = matches!(here, Some(DeValue::String(_))) && !(written.starts_with('"') && written.contains('\\'));
    let newline = usize::from(quotes == 3 && written.as_bytes().get(3) == Some(&b'\n'));
    let inside = if is_plain && wrong.offset > 0 { quotes + newline + wrong.offset } else { 0 };
    let mut error = FileError::at(text, span.start + inside, wrong.message);
    error.hint = wrong.hint;
    error
}

/// Refuses keys that mean nothing.
fn known_keys(text: &str, top: &DeTable<'_>) -> Result<(), FileError> {
    keys(text, top, TOP, "a dashboard")?;
    for table in tables(top, "variable") {
        keys(text, table, VARIABLE, "a variable")?;
    }
    for panel in tables(top, "panel") {
        keys(text, panel, PANEL, "a panel")?;
        for query in tables(panel, "query") {
            keys(text, query, QUERY, "a query")?;
        }
        for threshold in tables(panel, "thresholds") {
            keys(text, threshold, THRESHOLD, "a threshold")?;
        }
    }
    Ok(())
}

fn tables<'a, 'i>(table: &'a DeTable<'i>, key: &str) -> impl Iterator<Item = &'a DeTable<'i>> {
    let items = match table.get(key).map(|value| value.get_ref()) {
        Some(DeValue::Array(items)) => Some(items),
        _ => None,
    };
    items.into_iter().flat_map(|items| items.iter()).filter_map(|item| match item.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    })
}

fn keys(text: &str, table: &DeTable<'_>, known: &[&str], what: &str) -> Result<(), FileError> {
    for (key, _) in table {
        let name: &str = key.get_ref();
        if !known.contains(&name) {
            let error = FileError::at(text, key.span().start, format!("{what} has no key {name:?}"));
            return Err(error.hint(format!("its keys are {}", known.join(", "))));
        }
    }
    Ok(())
}
