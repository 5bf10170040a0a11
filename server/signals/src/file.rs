//! `signals.toml`: the text of the promise, read with the line and column of every mistake.
//!
//! ```toml
//! [[span]]
//! name = "POST /orders"                 # text, "a*b", "~regex"
//! service = "shop"
//! kind = "server"
//! attrs = { "http.route" = "/orders", "http.response.status_code" = 200, "tenant.id" = "*" }
//! count = ">=1"
//! p95 = "<250ms"
//! errors = 0
//! max_db_children = 5
//!
//! [[log]]
//! "body~" = "order .* accepted"         # the same as body = "~order .* accepted"
//! severity = ">=info"
//! in_span = "POST /orders"
//!
//! [[metric]]
//! name = "orders.created"
//! unit = "{order}"
//! value = ">=1"
//!
//! [[never]]
//! span.status = "error"
//! service = "shop"
//!
//! [[slo]]
//! name = "orders are quick"
//! span.name = "POST /orders"
//! objective = "99%"
//! latency = "<=300ms"
//! ```

use toml::de::{DeTable, DeValue};

use crate::error::{FileError, position};
use crate::limits::{FILE_BYTES, RULES};
use crate::rule::{Rule, SignalsFile};

mod section;
pub(crate) mod selectors;
mod values;

pub mod parameters;

use section::Section;

/// Reads a signals file.
///
/// # Errors
/// The first mistake, with its place.
pub fn parse(text: &str) -> Result<SignalsFile, FileError> {
    if text.len() > FILE_BYTES {
        let message = format!("the file has {} bytes, more than {FILE_BYTES}", text.len());
        return Err(FileError { line: 1, column: 1, message, hint: None });
    }
    let table = DeTable::parse(text).map_err(|error| {
        let (line, column) = position(text, error.span().map_or(0, |span| span.start));
        let message = error.message().lines().next().unwrap_or_default().to_owned();
        FileError { line, column, message, hint: None }
    })?;
    let top = Section::new(text, "a signals file", table.get_ref(), table.span().start);
    top.check_keys(&["span", "log", "metric", "never", "slo"])?;
    let mut rules = Vec::new();
    for (key, value) in table.get_ref() {
        let kind = key.get_ref().as_ref();
        let DeValue::Array(items) = value.get_ref() else {
            let hint = format!("write [[{kind}]] above each rule");
            return Err(top.error_at(key.span().start, format!("{kind} is not a list of rules"), Some(hint)));
        };
        for item in items {
            let DeValue::Table(table) = item.get_ref() else {
                let hint = format!("write [[{kind}]] above each rule");
                return Err(top.error_at(item.span().start, format!("this {kind} is not a table"), Some(hint)));
            };
            rules.push(rule(&Section::new(text, kind, table, start_of(kind, table, item.span().start)))?);
            if rules.len() > RULES {
                return Err(top.error_at(item.span().start, format!("more than {RULES} rules"), None));
            }
        }
    }
    rules.sort_by_key(|rule| (rule.line, rule.column));
    Ok(SignalsFile { rules })
}

/// A rule stands where its header does; for a table without a header, where its first key does.
fn start_of(_kind: &str, table: &DeTable<'_>, start: usize) -> usize {
    let first = table.iter().map(|(key, _)| key.span().start).min().unwrap_or(start);
    start.min(first)
}

fn rule(section: &Section<'_>) -> Result<Rule, FileError> {
    let (line, column) = section.position();
    let what = match section.what {
        "span" => selectors::span_rule(section)?,
        "log" => selectors::log_rule(section)?,
        "metric" => selectors::metric_rule(section)?,
        "never" => selectors::never_rule(section)?,
        _ => selectors::slo_rule(section)?,
    };
    Ok(Rule { line, column, why: section.text("why")?.map(|(text, _)| text), what })
}

#[cfg(test)]
mod tests;
