//! A query as the condition of a SQL statement over the tables of telltale.
//!
//! Texts enter only through [`text_literal`], numbers only through formatting, names only from fixed lists. `NOT`
//! becomes `IS NOT TRUE`, so that a missing value fails a comparison and passes its negation.

use std::fmt::Write as _;

use crate::eval::wildcard_regex;
use crate::field::{Field, IdColumn, IntColumn, Presence, Target, TextColumn, id_value, int_value, level_value};
use crate::parser::split_place;
use crate::tree::{Compare, Expr, Is, Key, Op, Place, Query, WordForm, Words};
use crate::value;

impl Query {
    /// Returns the condition; `TRUE` for the query that everything passes. Conditions that [`Query::check`] faults are
    /// `FALSE`.
    #[must_use]
    pub fn to_sql(&self, target: Target) -> String {
        condition(&self.expr, target)
    }
}

/// Writes a text so that nothing in it can end it.
#[must_use]
pub fn text_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn condition(expr: &Expr, target: Target) -> String {
    match expr {
        Expr::And(parts) if parts.is_empty() => "TRUE".to_owned(),
        Expr::And(parts) => joined(parts, " AND ", target),
        Expr::Or(parts) => joined(parts, " OR ", target),
        Expr::Not(inner) => format!("({}) IS NOT TRUE", condition(inner, target)),
        Expr::Words(words) => text_condition(words, target),
        Expr::Compare(compare) => comparison(compare, target),
        Expr::Has(key) => has(key, target),
        Expr::Is(Is::Root, _) => match target {
            Target::Spans => "parent_span_id IS NULL".to_owned(),
            Target::Logs => "FALSE".to_owned(),
        },
        Expr::Is(Is::Error, _) => match target {
            Target::Spans => "status_code = 2".to_owned(),
            Target::Logs => "severity_number >= 17".to_owned(),
        },
    }
}

fn joined(parts: &[Expr], sign: &str, target: Target) -> String {
    let parts: Vec<String> = parts
        .iter()
        .map(|part| match part {
            Expr::And(inner) | Expr::Or(inner) if !inner.is_empty() => format!("({})", condition(part, target)),
            _ => condition(part, target),
        })
        .collect();
    parts.join(sign)
}

fn text_condition(words: &Words, target: Target) -> String {
    let columns = target.text_columns();
    let parts: Vec<String> = columns.iter().map(|column| column_holds(*column, words.form, &words.text)).collect();
    if parts.len() == 1 { parts.concat() } else { format!("({})", parts.join(" OR ")) }
}

fn column_holds(column: TextColumn, form: WordForm, text: &str) -> String {
    let column = column.name();
    match form {
        WordForm::Phrase | WordForm::Prefix => format!("match({column}, {})", text_literal(&match_query(form, text))),
        WordForm::Wildcard => format!("{column} ~ {}", text_literal(&wildcard_regex(text))),
        WordForm::Regex => format!("{column} ~ {}", text_literal(text)),
        WordForm::Exact => format!("strpos({column}, {}) > 0", text_literal(text)),
    }
}

/// Writes words as a query of `match`, which knows quotes but no escape: a quote only separates words anyway.
pub(crate) fn match_query(form: WordForm, text: &str) -> String {
    let plain: String = text.chars().map(|c| if c == '"' || c.is_whitespace() { ' ' } else { c }).collect();
    match form {
        WordForm::Prefix => format!("{}*", plain.replace(' ', "_")),
        _ => {
            let is_bare = plain.chars().all(|c| c.is_alphanumeric());
            if is_bare { plain } else { format!("\"{plain}\"") }
        }
    }
}

fn comparison(compare: &Compare, target: Target) -> String {
    let text = compare.value.text.as_str();
    let result = match compare.key.field(target) {
        Field::Text(column) => Ok(text_comparison(column, compare)),
        Field::Id(column) => id_comparison(column, compare),
        Field::Int(column) => int_value(column, text).map(|number| int_comparison(column, compare.op, number)),
        Field::Level => level_value(text).map(|band| level_comparison(compare.op, band)),
        Field::Attribute(place, name) => Ok(attribute_comparison(place, &name, compare)),
        Field::Presence(_) => Ok("FALSE".to_owned()),
    };
    result.unwrap_or_else(|_fault| "FALSE".to_owned())
}

fn text_comparison(column: TextColumn, compare: &Compare) -> String {
    let text = &compare.value.text;
    if compare.op == Op::Is && column.is_prose() {
        let (form, text) = prose(text, compare.value.is_quoted);
        return column_holds(column, form, text);
    }
    text_operator(column.name(), compare)
}

/// Says how the value of `body:value` is meant.
pub(crate) fn prose(text: &str, is_quoted: bool) -> (WordForm, &str) {
    let has_words = text.chars().any(char::is_alphanumeric);
    match text.strip_suffix('*') {
        _ if !has_words => (WordForm::Exact, text),
        Some(stem) if !is_quoted && !stem.contains('*') && stem.ends_with(char::is_alphanumeric) => {
            (WordForm::Prefix, stem)
        }
        _ if !is_quoted && text.contains('*') => (WordForm::Wildcard, text),
        _ => (WordForm::Phrase, text),
    }
}

/// Compares an expression of type text.
fn text_operator(expression: &str, compare: &Compare) -> String {
    let text = &compare.value.text;
    if is_wildcard(compare) {
        return format!("{expression} LIKE {}", text_literal(&like_pattern(text)));
    }
    format!("{expression} {} {}", compare.op.sql(), text_literal(text))
}

/// Whether `*` stands for anything in the value.
pub(crate) fn is_wildcard(compare: &Compare) -> bool {
    compare.op == Op::Is && !compare.value.is_quoted && compare.value.text.contains('*')
}

fn like_pattern(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '*' => out.push('%'),
            '%' | '_' | '\\' => out.extend(['\\', character]),
            other => out.push(other),
        }
    }
    out
}

fn id_comparison(column: IdColumn, compare: &Compare) -> Result<String, (String, String)> {
    if compare.op.is_order() || compare.op == Op::Matches {
        return Ok("FALSE".to_owned());
    }
    let (digits, is_whole) = id_value(column, &compare.value.text)?;
    Ok(match is_whole {
        true => format!("{} = '{digits}'", column.name()),
        false => format!("{} LIKE '{digits}%'", column.name()),
    })
}

fn int_comparison(column: IntColumn, op: Op, number: i64) -> String {
    match (column, op) {
        (_, Op::Matches) => "FALSE".to_owned(),
        (IntColumn::Kind, op) if op.is_order() => "FALSE".to_owned(),
        // A span without a status has the status unset.
        (IntColumn::Status, op) if op.accepts(0.cmp(&number)) => {
            format!("coalesce(status_code, 0) {} {number}", op.sql())
        }
        (column, op) => format!("{} {} {number}", column.name(), op.sql()),
    }
}

/// Compares bands: `level<=warn` holds what has a level and is at most WARN4.
fn level_comparison(op: Op, (least, greatest): (i64, i64)) -> String {
    match op {
        Op::Is | Op::Equal => format!("severity_number BETWEEN {least} AND {greatest}"),
        Op::Less => format!("severity_number BETWEEN 1 AND {}", least - 1),
        Op::LessEqual => format!("severity_number BETWEEN 1 AND {greatest}"),
        Op::Greater => format!("severity_number > {greatest}"),
        Op::GreaterEqual => format!("severity_number >= {least}"),
        Op::Matches => "FALSE".to_owned(),
    }
}

/// Returns the functions that read an attribute, in the order in which they are asked.
fn readers(place: Place) -> &'static [&'static str] {
    match place {
        Place::Any | Place::Attribute => &["attr", "resource_attr"],
        Place::Resource => &["resource_attr"],
        Place::Scope => &["scope_attr"],
    }
}

/// Returns the text of an attribute.
pub(crate) fn attribute_text(place: Place, name: &str) -> String {
    let key = text_literal(name);
    let calls: Vec<String> = readers(place).iter().map(|function| format!("{function}({key})")).collect();
    if calls.len() == 1 { calls.concat() } else { format!("coalesce({})", calls.join(", ")) }
}

/// Returns the expression of a key's text, `NULL` where it has none: what facets count.
#[must_use]
pub fn key_sql(key: &str, target: Target) -> String {
    let key = split_place(key, 0..0);
    match key.field(target) {
        Field::Text(column) => column.name().to_owned(),
        Field::Id(column) => column.name().to_owned(),
        Field::Int(column) => format!("CAST({} AS VARCHAR)", column.name()),
        Field::Level => "severity_text".to_owned(),
        Field::Attribute(place, name) => attribute_text(place, &name),
        Field::Presence(_) => "NULL".to_owned(),
    }
}

fn attribute_comparison(place: Place, name: &str, compare: &Compare) -> String {
    let text = attribute_text(place, name);
    let number = if compare.value.is_quoted { None } else { value::number(&compare.value.text) };
    match (compare.op, number) {
        (Op::Is | Op::Equal, Some(number))
            if !is_wildcard(compare) && !value::is_written_whole(&compare.value.text) =>
        {
            let same = format!("{text} = {}", text_literal(&compare.value.text));
            format!("({same} OR {})", number_comparison(place, name, compare.op, &number))
        }
        (op, Some(number)) if op.is_order() => number_comparison(place, name, op, &number),
        _ => text_operator(&text, compare),
    }
}

/// Compares the first value that is a number or a text that spells one.
fn number_comparison(place: Place, name: &str, op: Op, number: &value::Number) -> String {
    let key = text_literal(name);
    let sign = op.sql();
    let mut out = String::from("coalesce(");
    for (index, function) in readers(place).iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        out.push_str(comma);
        let double = number.double;
        if let Some(int) = number.int {
            let _infallible = write!(out, "{function}_int({key}) {sign} {int}, ");
        }
        let _infallible = write!(
            out,
            "{function}_double({key}) {sign} {double:?}, TRY_CAST({function}({key}) AS DOUBLE) {sign} {double:?}"
        );
    }
    out.push(')');
    out
}

fn has(key: &Key, target: Target) -> String {
    match key.presence(target) {
        Field::Text(column) => format!("{} IS NOT NULL", column.name()),
        Field::Id(column) => format!("{} IS NOT NULL", column.name()),
        Field::Int(column) => format!("{} IS NOT NULL", column.name()),
        Field::Level => "severity_number BETWEEN 1 AND 24".to_owned(),
        Field::Attribute(place, name) => format!("{} IS NOT NULL", attribute_text(place, &name)),
        Field::Presence(Presence::Events) => "cardinality(events) > 0".to_owned(),
        Field::Presence(Presence::Links) => "cardinality(links) > 0".to_owned(),
        Field::Presence(Presence::Exception) => match target {
            Target::Spans => "has_event(events, 'exception')".to_owned(),
            Target::Logs => {
                "coalesce(attr('exception.type'), attr('exception.message'), attr('exception.stacktrace')) IS NOT NULL"
                    .to_owned()
            }
        },
    }
}
