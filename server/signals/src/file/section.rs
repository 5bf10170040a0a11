//! One table of the file: its keys, their values, and errors that name the place.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::comparison::{Comparison, Unit};
use crate::error::{FileError, did_you_mean, position};
use crate::pattern::Pattern;

/// A table and what it is called in errors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section<'a> {
    source: &'a str,
    /// Kind of rule.
    pub(super) what: &'a str,
    pub(super) table: &'a DeTable<'a>,
    start: usize,
}

impl<'a> Section<'a> {
    pub(super) fn new(source: &'a str, what: &'a str, table: &'a DeTable<'a>, start: usize) -> Self {
        Self { source, what, table, start }
    }

    /// Returns a table inside this one that is known to be there.
    pub(super) fn within<'b>(&self, table: &'b DeTable<'b>, start: usize) -> Section<'b>
    where
        'a: 'b,
    {
        Section { source: self.source, what: self.what, table, start }
    }

    /// Returns the line and column of the table.
    pub(super) fn position(&self) -> (usize, usize) {
        position(self.source, self.start)
    }

    /// Makes an error about a byte of the file.
    pub(super) fn error_at(&self, byte: usize, message: String, hint: Option<String>) -> FileError {
        let (line, column) = position(self.source, byte);
        FileError { line, column, message, hint }
    }

    /// Makes an error about the table as a whole.
    pub(super) fn error(&self, message: String, hint: &str) -> FileError {
        self.error_at(self.start, message, Some(hint.to_owned()))
    }

    /// Refuses keys that nobody reads.
    pub(super) fn check_keys(&self, known: &[&str]) -> Result<(), FileError> {
        for (key, _) in self.table {
            let name = key.get_ref().as_ref();
            if known.contains(&name) || name.strip_suffix('~').is_some_and(|plain| known.contains(&plain)) {
                continue;
            }
            let hint = match did_you_mean(name, known) {
                Some(meant) => format!("did you mean {meant}?"),
                None => format!("it takes {}", known.join(", ")),
            };
            let message = format!("{} has no {name:?}", article(self.what));
            return Err(self.error_at(key.span().start, message, Some(hint)));
        }
        Ok(())
    }

    /// Returns a key's value.
    pub(super) fn get(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table.iter().find(|(name, _)| name.get_ref().as_ref() == key).map(|(_, value)| value)
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) -> FileError {
        let message = format!("{key} of {} is {}, not {wanted}", article(self.what), type_of(value.get_ref()));
        self.error_at(value.span().start, message, None)
    }

    /// Returns a text and where it stands.
    pub(super) fn text(&self, key: &str) -> Result<Option<(String, usize)>, FileError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::String(text) => Ok(Some((text.to_string(), value.span().start))),
            _ => Err(self.wrong_type(key, value, "a text")),
        }
    }

    /// Returns a pattern: `key = "…"`, or `"key~" = "regex"`.
    pub(super) fn pattern(&self, key: &str) -> Result<Option<Pattern>, FileError> {
        let regex = self.text(&format!("{key}~"))?.map(|(text, at)| (format!("~{text}"), at));
        let Some((text, at)) = regex.or(self.text(key)?) else { return Ok(None) };
        Pattern::parse(&text).map(Some).map_err(|message| self.error_at(at, format!("{key}: {message}"), None))
    }

    /// Returns a comparison: a text such as `>=1`, or a plain number.
    pub(super) fn comparison(&self, key: &str, unit: Unit) -> Result<Option<Comparison>, FileError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) if unit != Unit::Duration => number.to_string(),
            DeValue::Float(number) if unit == Unit::Number => number.to_string(),
            _ if unit == Unit::Duration => return Err(self.wrong_type(key, value, "a text such as \"<250ms\"")),
            _ => return Err(self.wrong_type(key, value, "a number or a text such as \">=1\"")),
        };
        let wrong = |message: String| self.error_at(value.span().start, format!("{key} = {text:?}: {message}"), None);
        Comparison::parse(&text, unit).map(Some).map_err(wrong)
    }

    /// Returns a small whole number.
    pub(super) fn whole(&self, key: &str) -> Result<Option<u32>, FileError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let Some(number) = value.get_ref().as_integer() else {
            return Err(self.wrong_type(key, value, "a whole number from 0"));
        };
        let out_of_range = || format!("{key} is {number}, not a whole number from 0 to {}", u32::MAX);
        number.to_string().parse().map(Some).map_err(|_| self.error_at(value.span().start, out_of_range(), None))
    }

    /// Returns `true` or `false`.
    pub(super) fn flag(&self, key: &str) -> Result<bool, FileError> {
        let Some(value) = self.get(key) else { return Ok(false) };
        value.get_ref().as_bool().ok_or_else(|| self.wrong_type(key, value, "true or false"))
    }

    /// Returns a list of texts.
    pub(super) fn texts(&self, key: &str) -> Result<Option<Vec<String>>, FileError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let DeValue::Array(items) = value.get_ref() else {
            return Err(self.wrong_type(key, value, "a list of texts"));
        };
        let text = |item: &Spanned<DeValue<'_>>| match item.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            _ => Err(self.wrong_type(key, item, "a text")),
        };
        items.iter().map(text).collect::<Result<_, _>>().map(Some)
    }

    /// Returns a table inside this one.
    pub(super) fn section(&self, key: &str, what: &'a str) -> Result<Option<Section<'a>>, FileError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::Table(table) => {
                let first = table.iter().map(|(key, _)| key.span().start).min();
                Ok(Some(Section::new(self.source, what, table, first.unwrap_or(value.span().start))))
            }
            _ => Err(self.wrong_type(key, value, "a table")),
        }
    }

    /// Returns the one of `words` that the text is.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<Option<T>, FileError> {
        let Some((text, at)) = self.text(key)? else { return Ok(None) };
        let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text));
        found.map(|(_, value)| Some(*value)).ok_or_else(|| {
            let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.error_at(at, format!("{key} is {text:?}"), Some(format!("it takes {}", names.join(", "))))
        })
    }
}

/// Returns the name of a value's type with its article.
pub(super) fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a truth value",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn article(what: &str) -> String {
    match what {
        "span" | "log" | "metric" | "never" => format!("a [[{what}]]"),
        "slo" => "an [[slo]]".to_owned(),
        other => other.to_owned(),
    }
}
