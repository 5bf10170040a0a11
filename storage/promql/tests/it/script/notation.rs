//! Series and their values as the scripts write them: `m{a="b"} 1 2+3x4 _ stale {{schema:1 buckets:[1 2]}}`.

use telltale_promql::histogram::CounterResetHint;
use telltale_promql::{Histogram, Labels, MatchOp, parse_selector, stale_nan};

/// One value of a sequence.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Omitted,
    Float(f64),
    /// A histogram, and whether its hint about resets was written.
    Histogram(Box<Histogram>, bool),
}

/// A series line: labels and values.
pub(crate) fn series(line: &str) -> Result<(Labels, Vec<Item>), String> {
    let end = labels_end(line);
    let (head, rest) = line.split_at(end);
    Ok((labels(head.trim())?, items(rest)?))
}

/// Where the name and the braces end.
fn labels_end(line: &str) -> usize {
    let name_end = line.find(|char: char| char.is_whitespace() || char == '{').unwrap_or(line.len());
    let behind = line[name_end..].trim_start();
    // Two braces begin a histogram.
    if !behind.starts_with('{') || (behind.starts_with("{{") && name_end > 0) {
        return name_end;
    }
    let open = line.len() - behind.len();
    let mut quote = None;
    let mut escaped = false;
    for (at, char) in line[open..].char_indices() {
        match (quote, char) {
            (Some(_), _) if escaped => escaped = false,
            (Some('"' | '\''), '\\') => escaped = true,
            (Some(open), char) if char == open => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(char),
            (None, '}') => return open + at + 1,
            _ => {}
        }
    }
    line.len()
}

pub(crate) fn labels(text: &str) -> Result<Labels, String> {
    if text == "{}" {
        return Ok(Labels::empty());
    }
    let matchers = parse_selector(text).map_err(|error| format!("{text}: {error}"))?;
    if let Some(wrong) = matchers.iter().find(|matcher| matcher.op != MatchOp::Equal) {
        return Err(format!("{wrong} is no label"));
    }
    Ok(Labels::from_pairs(matchers.iter().map(|matcher| (&matcher.name, &matcher.value))))
}

fn items(text: &str) -> Result<Vec<Item>, String> {
    let mut out = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = item_end(rest);
        item(&rest[..end], &mut out)?;
        rest = rest[end..].trim_start();
    }
    Ok(out)
}

/// An item ends at a blank outside of a histogram.
fn item_end(text: &str) -> usize {
    let mut depth = 0;
    for (at, char) in text.char_indices() {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            char if char.is_whitespace() && depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

fn item(text: &str, out: &mut Vec<Item>) -> Result<(), String> {
    let wrong = || format!("cannot read value {text:?}");
    if let Some(times) = text.strip_prefix('_') {
        let times = if times.is_empty() {
            1
        } else {
            times.strip_prefix('x').and_then(|n| n.parse().ok()).ok_or_else(wrong)?
        };
        out.extend(std::iter::repeat_n(Item::Omitted, times));
        return Ok(());
    }
    let (value, times) = match text.rsplit_once('x') {
        Some((value, times)) if !times.is_empty() && times.chars().all(|char| char.is_ascii_digit()) => {
            (value, Some(times.parse::<usize>().map_err(|_| wrong())?))
        }
        _ => (text, None),
    };
    if value.starts_with("{{") {
        return histograms(value, times, out);
    }
    // A sign behind the first character, and not of an exponent, begins the increment.
    let step_at = value
        .char_indices()
        .skip(1)
        .find(|(at, char)| matches!(char, '+' | '-') && !value[..*at].ends_with(['e', 'E']));
    let (first, step) = match (step_at, times) {
        (Some((at, _)), Some(_)) => (number(&value[..at])?, number(&value[at..])?),
        _ => (number(value)?, 0.0),
    };
    let mut current = first;
    for _ in 0..=times.unwrap_or_default() {
        out.push(Item::Float(current));
        current += step;
    }
    Ok(())
}

pub(crate) fn number(text: &str) -> Result<f64, String> {
    let text = text.trim();
    if text == "stale" {
        return Ok(stale_nan());
    }
    let plain = text.strip_prefix('+').unwrap_or(text);
    plain.parse().map_err(|_| format!("cannot read number {text:?}"))
}

fn histograms(text: &str, times: Option<usize>, out: &mut Vec<Item>) -> Result<(), String> {
    let end = text.find("}}").ok_or("histogram without end")? + 2;
    let (first, has_hint) = histogram(&text[..end])?;
    let rest = &text[end..];
    if rest.is_empty() {
        out.extend(std::iter::repeat_n(Item::Histogram(Box::new(first), has_hint), times.unwrap_or_default() + 1));
        return Ok(());
    }
    let (step, has_hint) = histogram(&rest[1..])?;
    let mut current = first;
    for _ in 0..=times.ok_or("an increment needs a number of times")? {
        out.push(Item::Histogram(Box::new(current.clone()), has_hint));
        if rest.starts_with('+') { current.add(&step) } else { current.sub(&step) }
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// `{{schema:0 sum:10 count:4 buckets:[1 2]}}`, and whether it has a hint about resets.
pub(crate) fn histogram(text: &str) -> Result<(Histogram, bool), String> {
    let inner = text
        .strip_prefix("{{")
        .and_then(|text| text.strip_suffix("}}"))
        .ok_or_else(|| format!("no histogram: {text}"))?;
    let mut out = Histogram::default();
    let mut has_hint = false;
    let (mut offset, mut negative_offset) = (0, 0);
    let (mut buckets, mut negative_buckets) = (Vec::new(), Vec::new());
    let mut rest = inner.trim();
    while !rest.is_empty() {
        let (key, behind) = rest.split_once(':').ok_or_else(|| format!("no key: {rest}"))?;
        let end = match behind.strip_prefix('[') {
            Some(_) => behind.find(']').ok_or("list without end")? + 1,
            None => behind.find(char::is_whitespace).unwrap_or(behind.len()),
        };
        let value = &behind[..end];
        rest = behind[end..].trim_start();
        let list =
            || -> Result<Vec<f64>, String> { value.trim_matches(['[', ']']).split_whitespace().map(number).collect() };
        let whole = || value.parse::<i32>().map_err(|_| format!("no whole number: {value}"));
        match key {
            "schema" => out.schema = whole()?,
            "sum" => out.sum = number(value)?,
            "count" => out.count = number(value)?,
            "z_bucket" => out.zero_count = number(value)?,
            "z_bucket_w" => out.zero_threshold = number(value)?,
            "offset" => offset = whole()?,
            "n_offset" => negative_offset = whole()?,
            "buckets" => buckets = list()?,
            "n_buckets" => negative_buckets = list()?,
            "custom_values" => out.custom_values = list()?,
            "counter_reset_hint" => {
                has_hint = true;
                out.counter_reset_hint = match value {
                    "reset" => CounterResetHint::CounterReset,
                    "not_reset" => CounterResetHint::NotCounterReset,
                    "gauge" => CounterResetHint::Gauge,
                    _ => CounterResetHint::Unknown,
                };
            }
            key => return Err(format!("unknown key {key}")),
        }
    }
    out.positive = (offset..).zip(buckets).collect();
    out.negative = (negative_offset..).zip(negative_buckets).collect();
    Ok((out, has_hint))
}
