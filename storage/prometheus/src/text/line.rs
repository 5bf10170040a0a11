//! One line of an exposition.

use super::Format;
use crate::limits::EXEMPLAR_CHARACTERS_MAX;
use crate::series::{Exemplar, FamilyType};

/// What a line says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Line {
    /// Blank, or a comment.
    Nothing,
    /// `# EOF`
    End,
    /// `# TYPE family type`
    Type(String, FamilyType),
    /// `# HELP family text`
    Help(String, String),
    /// `# UNIT family unit`
    Unit(String, String),
    /// A sample.
    Sample(Sample),
}

/// A sample line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
    pub(super) timestamp_ms: Option<i64>,
    /// With whether it has a time of its own.
    pub(super) exemplar: Option<(Exemplar, bool)>,
}

const BLANKS: [char; 2] = [' ', '\t'];

pub(super) fn read(format: Format, line: &str) -> Result<Line, String> {
    let line = line.trim_start_matches(BLANKS);
    if line.is_empty() {
        return Ok(Line::Nothing);
    }
    match line.strip_prefix('#') {
        Some(comment) => read_comment(format, comment),
        None => read_sample(format, line).map(Line::Sample),
    }
}

fn read_comment(format: Format, comment: &str) -> Result<Line, String> {
    let (keyword, rest) = next_word(comment);
    if format == Format::OpenMetrics && keyword == "EOF" && rest.trim().is_empty() {
        return Ok(Line::End);
    }
    if !matches!(keyword, "TYPE" | "HELP" | "UNIT") {
        return Ok(Line::Nothing);
    }
    let mut cursor = Cursor { rest: rest.trim_start_matches(BLANKS) };
    let family = if cursor.rest.starts_with('"') { cursor.quoted()? } else { cursor.word().to_owned() };
    if family.is_empty() {
        return Err(format!("# {keyword} without a name"));
    }
    let text = cursor.rest.trim_start_matches(BLANKS);
    match keyword {
        "TYPE" => {
            let word = text.trim();
            let kind = FamilyType::from_word(word).ok_or_else(|| format!("{word:?} is not a type"))?;
            Ok(Line::Type(family, kind))
        }
        "HELP" => Ok(Line::Help(family, unescape_help(text, format == Format::OpenMetrics))),
        _ => Ok(Line::Unit(family, text.trim().to_owned())),
    }
}

fn read_sample(format: Format, line: &str) -> Result<Sample, String> {
    let mut cursor = Cursor { rest: line };
    let mut name = cursor.take_until(|c| c == '{' || BLANKS.contains(&c)).to_owned();
    if !name.is_empty() && !is_metric_name(&name) {
        return Err(format!("{name:?} is not a metric name; other names are written as {{\"name\"}}"));
    }
    cursor.skip_blanks();
    let mut labels = Vec::new();
    if cursor.take('{') {
        let quoted = cursor.labels(&mut labels)?;
        match (quoted, name.is_empty()) {
            (Some(quoted), true) => name = quoted,
            (Some(quoted), false) => return Err(format!("two names: {name:?} and {quoted:?}")),
            (None, _) => {}
        }
    }
    if name.is_empty() {
        return Err("a sample without a name".to_owned());
    }
    cursor.skip_blanks();
    let value = number(cursor.word())?;
    cursor.skip_blanks();
    let mut timestamp_ms = None;
    if !cursor.rest.is_empty() && !cursor.rest.starts_with('#') {
        timestamp_ms = Some(time(format, cursor.word())?);
        cursor.skip_blanks();
    }
    let exemplar = match format {
        Format::OpenMetrics if cursor.take('#') => Some(read_exemplar(&mut cursor)?),
        _ => None,
    };
    let rest = cursor.rest.trim_end_matches(BLANKS);
    if !rest.is_empty() {
        return Err(format!("{rest:?} after the sample"));
    }
    Ok(Sample { name, labels, value, timestamp_ms, exemplar })
}

fn read_exemplar(cursor: &mut Cursor<'_>) -> Result<(Exemplar, bool), String> {
    cursor.skip_blanks();
    if !cursor.take('{') {
        return Err("an exemplar begins with {".to_owned());
    }
    let mut labels = Vec::new();
    if let Some(name) = cursor.labels(&mut labels)? {
        return Err(format!("{name:?} in an exemplar has no value"));
    }
    let characters: usize = labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
    if characters > EXEMPLAR_CHARACTERS_MAX {
        return Err(format!("an exemplar's labels have {characters} characters, more than {EXEMPLAR_CHARACTERS_MAX}"));
    }
    cursor.skip_blanks();
    let value = number(cursor.word())?;
    cursor.skip_blanks();
    let has_time = !cursor.rest.is_empty();
    let timestamp_ms = if has_time { time(Format::OpenMetrics, cursor.word())? } else { 0 };
    Ok((Exemplar { labels, value, timestamp_ms }, has_time))
}

/// What is left of a line.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, c: char) -> bool {
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(BLANKS);
    }

    fn take_until(&mut self, stop: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(stop).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn word(&mut self) -> &'a str {
        self.take_until(|c| BLANKS.contains(&c))
    }

    /// Reads a text in double quotes; an escape that is none stays as it is written.
    fn quoted(&mut self) -> Result<String, String> {
        if !self.take('"') {
            return Err(format!("a text in double quotes is missing before {:?}", head(self.rest)));
        }
        let mut out = String::new();
        loop {
            out.push_str(self.take_until(|c| c == '"' || c == '\\'));
            if self.take('"') {
                return Ok(out);
            }
            if !self.take('\\') {
                return Err("a text in double quotes does not end".to_owned());
            }
            match self.rest.chars().next() {
                Some('n') => out.push('\n'),
                Some(c @ ('"' | '\\')) => out.push(c),
                Some(c) => out.extend(['\\', c]),
                None => return Err("a text in double quotes does not end".to_owned()),
            }
            let mut rest = self.rest.chars();
            rest.next();
            self.rest = rest.as_str();
        }
    }

    /// Reads labels to the closing brace; returns a quoted name without a value, which is the metric's.
    fn labels(&mut self, labels: &mut Vec<(String, String)>) -> Result<Option<String>, String> {
        let mut metric = None;
        loop {
            self.skip_blanks();
            if self.take('}') {
                return Ok(metric);
            }
            let is_quoted = self.rest.starts_with('"');
            let name = if is_quoted {
                self.quoted()?
            } else {
                self.take_until(|c| c == '=' || c == ',' || c == '}' || BLANKS.contains(&c)).to_owned()
            };
            self.skip_blanks();
            if self.take('=') {
                if !is_quoted && !crate::name::is_legacy_label(&name) {
                    return Err(format!("{name:?} is not a label name; other names stand in double quotes"));
                }
                self.skip_blanks();
                labels.push((name, self.quoted()?));
            } else if is_quoted && metric.is_none() {
                metric = Some(name);
            } else {
                return Err(format!("the label {name:?} has no value"));
            }
            self.skip_blanks();
            if !self.take(',') && !self.rest.starts_with('}') {
                return Err(format!("a comma or }} is missing before {:?}", head(self.rest)));
            }
        }
    }
}

fn next_word(text: &str) -> (&str, &str) {
    let mut cursor = Cursor { rest: text.trim_start_matches(BLANKS) };
    (cursor.word(), cursor.rest)
}

/// The beginning of a text, for messages.
fn head(text: &str) -> String {
    text.chars().take(20).collect()
}

fn is_metric_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == ':')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

fn number(word: &str) -> Result<f64, String> {
    let unusual = || {
        let (sign, digits) = word.strip_prefix('-').map_or((1.0, word), |digits| (-1.0, digits));
        let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"))?;
        // Expositions with hexadecimal integers exist; larger than 53 bits loses digits as it does in Go.
        u64::from_str_radix(hex, 16).ok().map(|number| sign * number as f64)
    };
    if word.is_empty() {
        return Err("a sample without a value".to_owned());
    }
    word.parse().ok().or_else(unusual).ok_or_else(|| format!("{word:?} is not a number"))
}

fn time(format: Format, word: &str) -> Result<i64, String> {
    let wrong = || format!("{word:?} is not a time");
    match format {
        Format::Text => word.parse().map_err(|_| wrong()),
        Format::OpenMetrics => {
            let milliseconds = (word.parse::<f64>().map_err(|_| wrong())? * 1_000.0).round();
            // The range of whole milliseconds that a time in this store can have.
            if milliseconds.abs() < 9.3e15 { Ok(milliseconds as i64) } else { Err(wrong()) }
        }
    }
}

fn unescape_help(text: &str, quotes: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match characters.next() {
            Some('n') => out.push('\n'),
            Some('\\') => out.push('\\'),
            Some('"') if quotes => out.push('"'),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}
