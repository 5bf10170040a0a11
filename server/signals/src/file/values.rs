//! What attributes must be, and severities.

use telltale_model::severity::Severity;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::section::{Section, type_of};
use crate::comparison::{Comparison, Unit};
use crate::error::FileError;
use crate::pattern::Pattern;
use crate::rule::{AttributeRule, Expected, SeverityRange};

/// The types that an attribute rule may name.
const TYPES: [&str; 7] = ["string", "int", "double", "bool", "array", "map", "bytes"];

/// Reads a table of attributes.
pub(super) fn attributes(section: &Section<'_>, key: &str) -> Result<Vec<AttributeRule>, FileError> {
    let Some(inner) = section.section(key, "attributes")? else { return Ok(Vec::new()) };
    flatten(&inner, inner.table, "")
}

/// Bare dotted keys nest in TOML: `http.route = "/x"` means the attribute `http.route`.
fn flatten(section: &Section<'_>, table: &DeTable<'_>, prefix: &str) -> Result<Vec<AttributeRule>, FileError> {
    let mut rules = Vec::new();
    for (name, value) in table {
        let key = format!("{prefix}{}", name.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) if !is_description(inner) => {
                rules.extend(flatten(section, inner, &format!("{key}."))?);
            }
            _ => {
                let (key, regex) = match key.strip_suffix('~') {
                    Some(plain) => (plain.to_owned(), true),
                    None => (key, false),
                };
                rules.push(AttributeRule { expected: expected(section, &key, value, regex)?, key });
            }
        }
    }
    Ok(rules)
}

/// A table that says what a value is, such as `{ type = "int", value = ">=1" }`.
fn is_description(table: &DeTable<'_>) -> bool {
    let known = |key: &str| matches!(key, "type" | "value" | "absent");
    let plain = |value: &DeValue<'_>| !matches!(value, DeValue::Table(_));
    !table.is_empty() && table.iter().all(|(key, value)| known(key.get_ref()) && plain(value.get_ref()))
}

fn expected(
    section: &Section<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
    regex: bool,
) -> Result<Expected, FileError> {
    let at = value.span().start;
    match value.get_ref() {
        DeValue::String(text) => {
            let text = if regex { format!("~{text}") } else { text.to_string() };
            let pattern =
                Pattern::parse(&text).map_err(|error| section.error_at(at, format!("{key}: {error}"), None))?;
            Ok(if pattern.is_any() { Expected::Present } else { Expected::Text(pattern) })
        }
        DeValue::Integer(number) => Ok(Expected::Exactly("int", number.to_string())),
        DeValue::Boolean(flag) => Ok(Expected::Exactly("bool", flag.to_string())),
        DeValue::Float(number) => {
            let text = number.to_string();
            let exact = Comparison::parse(&text, Unit::Number);
            exact.map(|exact| Expected::Number("double", exact)).map_err(|error| section.error_at(at, error, None))
        }
        DeValue::Table(table) => description(section, key, table, at),
        other => {
            let hint = "write a text, a number, true, false, or { type = \"int\" }".to_owned();
            Err(section.error_at(at, format!("the attribute {key} cannot be {}", type_of(other)), Some(hint)))
        }
    }
}

fn description(section: &Section<'_>, key: &str, table: &DeTable<'_>, at: usize) -> Result<Expected, FileError> {
    let inner = section.within(table, at);
    if inner.flag("absent")? {
        return Ok(Expected::Absent);
    }
    let words: Vec<(&str, &'static str)> = TYPES.iter().map(|name| (*name, *name)).collect();
    let kind = inner.word("type", &words)?;
    match (kind, inner.get("value")) {
        (Some(kind @ ("int" | "double")), Some(_)) => {
            let bound = inner.comparison("value", Unit::Number)?;
            Ok(bound.map_or(Expected::Type(kind), |bound| Expected::Number(kind, bound)))
        }
        (Some("string") | None, Some(_)) => {
            let pattern = inner.pattern("value")?;
            Ok(pattern.map_or(Expected::Present, Expected::Text))
        }
        (Some(kind), Some(_)) => {
            let hint = "a value goes with string, int and double".to_owned();
            Err(section.error_at(at, format!("{key} has a value and the type {kind}"), Some(hint)))
        }
        (Some(kind), None) => Ok(Expected::Type(kind)),
        (None, None) => Ok(Expected::Present),
    }
}

/// Reads `error`, `>=info`, `<warn` and the like.
pub(super) fn severity(text: &str) -> Result<SeverityRange, String> {
    use Severity::{Debug, Error, Fatal, Info, Trace, Warn};
    const BANDS: [Severity; 6] = [Trace, Debug, Info, Warn, Error, Fatal];
    let place = |word: &str| {
        let place = BANDS.iter().position(|band| band.name().eq_ignore_ascii_case(word.trim()));
        place.ok_or_else(|| format!("{:?} is not a severity; write >=info, error, <warn", word.trim()))
    };
    let band = |place: usize| BANDS.get(place).copied();
    let none = || format!("{text:?} is no severity at all");
    let (low, high) = if let Some(rest) = text.strip_prefix(">=") {
        (place(rest)?, 5)
    } else if let Some(rest) = text.strip_prefix("<=") {
        (0, place(rest)?)
    } else if let Some(rest) = text.strip_prefix('>') {
        (place(rest)? + 1, 5)
    } else if let Some(rest) = text.strip_prefix('<') {
        (0, place(rest)?.checked_sub(1).ok_or_else(none)?)
    } else {
        let exact = place(text.trim_start_matches('='))?;
        (exact, exact)
    };
    let range = band(low).zip(band(high)).ok_or_else(none)?;
    Ok(SeverityRange { text: text.to_owned(), low: range.0, high: range.1 })
}
