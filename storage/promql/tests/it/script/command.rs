//! Commands of a script.

use regex::Regex;
use telltale_promql::Labels;

use super::notation::{Item, series};

/// A command and the line on which it stands, from 1.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) line: usize,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Clear,
    Load(Load),
    Eval(Box<Eval>),
}

#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) step_ms: i64,
    pub(crate) with_custom_buckets: bool,
    pub(crate) series: Vec<Loaded>,
}

/// Labels, values, and how far from each value its start time is, where that was written.
pub(crate) type Loaded = (Labels, Vec<Item>, Option<Vec<Option<i64>>>);

/// What is evaluated and what should come of it.
#[derive(Debug, Default)]
pub(crate) struct Eval {
    pub(crate) expr: String,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    /// None for one time.
    pub(crate) step_ms: Option<i64>,
    /// The times of an expected range vector: start, end, step.
    pub(crate) range_vector: Option<(i64, i64, i64)>,
    pub(crate) is_ordered: bool,
    pub(crate) fails: bool,
    pub(crate) fail_text: Option<Text>,
    pub(crate) warns: bool,
    pub(crate) infos_any: bool,
    pub(crate) warnings: Vec<Text>,
    pub(crate) infos: Vec<Text>,
    pub(crate) no_warning: bool,
    pub(crate) no_info: bool,
    pub(crate) string: Option<String>,
    pub(crate) scalar: Option<f64>,
    /// In the order of the lines.
    pub(crate) series: Vec<(Labels, Vec<Item>)>,
}

#[derive(Debug)]
pub(crate) enum Text {
    Any,
    Exact(String),
    Pattern(Regex),
}

impl Text {
    pub(crate) fn fits(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(wanted) => wanted == text,
            Self::Pattern(regex) => regex.is_match(text),
        }
    }
}

/// Milliseconds of `1h30m`; the scripts also write bare 0.
pub(crate) fn duration(text: &str) -> Result<i64, String> {
    let (mut total, mut rest) = (0, text);
    if text == "0" {
        return Ok(0);
    }
    while !rest.is_empty() {
        let digits = rest.find(|char: char| !char.is_ascii_digit()).ok_or_else(|| format!("no unit in {text}"))?;
        let value: i64 = rest[..digits].parse().map_err(|_| format!("no duration: {text}"))?;
        let behind = &rest[digits..];
        let letters = behind.find(|char: char| char.is_ascii_digit()).unwrap_or(behind.len());
        let unit = match &behind[..letters] {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            "y" => 31_536_000_000,
            other => return Err(format!("unknown unit {other}")),
        };
        total += value * unit;
        rest = &behind[letters..];
    }
    Ok(total)
}

/// Reads a script.
pub(crate) fn commands(text: &str) -> Result<Vec<Command>, String> {
    let lines: Vec<&str> =
        text.lines().map(|line| if line.trim().starts_with('#') { "" } else { line.trim() }).collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let number = at + 1;
        at += 1;
        if line.is_empty() {
            continue;
        }
        let body_start = at;
        let word = line.split_whitespace().next().unwrap_or_default();
        if word != "clear" {
            while at < lines.len() && !lines[at].is_empty() {
                at += 1;
            }
        }
        let body = &lines[body_start..at];
        let in_line = |error: String| format!("line {number}: {error}");
        let (kind, used) = match word {
            "clear" => (Kind::Clear, 0),
            word if word.starts_with("load") => (Kind::Load(load(line, body).map_err(in_line)?), body.len()),
            word if word.starts_with("eval") => {
                let (eval, used) = eval(line, body).map_err(in_line)?;
                (Kind::Eval(Box::new(eval)), used)
            }
            other => return Err(in_line(format!("unknown command {other}"))),
        };
        at = body_start + used;
        out.push(Command { line: number, kind });
    }
    Ok(out)
}

fn load(line: &str, body: &[&str]) -> Result<Load, String> {
    let (word, step) = line.split_once(char::is_whitespace).ok_or("load needs a step")?;
    let mut out =
        Load { step_ms: duration(step.trim())?, with_custom_buckets: word == "load_with_nhcb", series: Vec::new() };
    let mut starts = None;
    for line in body {
        let head = line.split_whitespace().next().unwrap_or_default();
        if head.ends_with("@st") {
            let (_, values) = line.split_once(char::is_whitespace).ok_or("no start times")?;
            starts = Some(start_times(values)?);
            continue;
        }
        let (labels, items) = series(line)?;
        out.series.push((labels, items, starts.take()));
    }
    Ok(out)
}

/// Offsets of start times from their samples: `_ -1m -1m+30sx2`.
fn start_times(text: &str) -> Result<Vec<Option<i64>>, String> {
    let mut out = Vec::new();
    for item in text.split_whitespace() {
        let (value, times) = match item.rsplit_once('x') {
            Some((value, times)) => (value, times.parse::<i64>().map_err(|_| format!("no number: {item}"))?),
            None => (item, 0),
        };
        if value == "_" {
            out.extend((0..times.max(1)).map(|_| None));
            continue;
        }
        let split =
            value.char_indices().skip(1).find(|(_, char)| matches!(char, '+' | '-')).map_or(value.len(), |(at, _)| at);
        let signed = |text: &str| match text.strip_prefix('-') {
            Some(rest) => duration(rest).map(|value| -value),
            None => duration(text.strip_prefix('+').unwrap_or(text)),
        };
        let first = signed(&value[..split])?;
        let step = if split == value.len() { 0 } else { signed(&value[split..])? };
        out.extend((0..=times).map(|at| Some(first + at * step)));
    }
    Ok(out)
}

fn eval(line: &str, body: &[&str]) -> Result<(Eval, usize), String> {
    let instant = Regex::new(r"^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(\S+))?\s+(.+)$").unwrap();
    let range =
        Regex::new(r"^eval(?:_(fail|warn|info))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+?)\s+(.+)$").unwrap();
    let mut out = Eval::default();
    let mode = if let Some(found) = instant.captures(line) {
        out.start_ms = found.get(2).map_or(Ok(0), |at| duration(at.as_str()))?;
        out.end_ms = out.start_ms;
        found[3].clone_into(&mut out.expr);
        found.get(1).map(|mode| mode.as_str().to_owned())
    } else if let Some(found) = range.captures(line) {
        (out.start_ms, out.end_ms) = (duration(&found[2])?, duration(&found[3])?);
        out.step_ms = Some(duration(&found[4])?);
        found[5].clone_into(&mut out.expr);
        found.get(1).map(|mode| mode.as_str().to_owned())
    } else {
        return Err(format!("cannot read {line}"));
    };
    match mode.as_deref() {
        Some("fail") => out.fails = true,
        Some("warn") => out.warns = true,
        Some("info") => out.infos_any = true,
        Some("ordered") => out.is_ordered = true,
        _ => {}
    }
    for (at, line) in body.iter().enumerate() {
        if let Some(text) = line.strip_prefix("expected_fail_message") {
            out.fail_text = Some(Text::Exact(text.trim().to_owned()));
            return Ok((out, at + 1));
        }
        if let Some(text) = line.strip_prefix("expected_fail_regexp") {
            out.fail_text = Some(Text::Pattern(Regex::new(text.trim()).map_err(|error| error.to_string())?));
            return Ok((out, at + 1));
        }
        if expectation(line, &mut out)? {
            continue;
        }
        if let Ok(value) = super::notation::number(line) {
            out.scalar = Some(value);
            return Ok((out, at + 1));
        }
        out.series.push(series(line)?);
    }
    Ok((out, body.len()))
}

/// A line that begins with `expect`; false for others.
fn expectation(line: &str, out: &mut Eval) -> Result<bool, String> {
    if let Some(times) = line.strip_prefix("expect range vector") {
        let words: Vec<&str> = times.split_whitespace().collect();
        let [_, from, _, to, _, step] = words.as_slice() else { return Err(format!("cannot read {line}")) };
        out.range_vector = Some((duration(from)?, duration(to)?, duration(step)?));
        return Ok(true);
    }
    if let Some(text) = line.strip_prefix("expect string ") {
        out.string = Some(text.trim().trim_matches(['"', '`']).to_owned());
        return Ok(true);
    }
    let Some(rest) = line.strip_prefix("expect ") else { return Ok(false) };
    let (word, rest) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
    let text = match rest.trim() {
        "" => Text::Any,
        rest if rest.starts_with("msg") => Text::Exact(rest["msg".len()..].trim_start_matches(':').trim().to_owned()),
        rest if rest.starts_with("regex") => {
            let pattern = rest["regex".len()..].trim_start_matches(':').trim();
            Text::Pattern(Regex::new(pattern).map_err(|error| error.to_string())?)
        }
        other => return Err(format!("cannot read expectation {other}")),
    };
    match word {
        "fail" => (out.fails, out.fail_text) = (true, Some(text)),
        "warn" => out.warnings.push(text),
        "info" => out.infos.push(text),
        "no_warn" => out.no_warning = true,
        "no_info" => out.no_info = true,
        "ordered" => out.is_ordered = true,
        other => return Err(format!("unknown expectation {other}")),
    }
    Ok(true)
}
