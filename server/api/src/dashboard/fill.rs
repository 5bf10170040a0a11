//! Variables in expressions: `$name`, `${name}`, `${name:format}`, `[[name]]`, and the times of the page.

use std::collections::BTreeMap;

/// Chosen values that are joined at most; more become a pattern that fits every value.
const JOINED_MAX: usize = 200;
/// Between two points of a series where nothing is known: SDKs export once a minute.
const EXPORT_SECONDS: u64 = 60;

/// What is chosen of a variable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chosen {
    /// The values.
    pub values: Vec<String>,
    /// Whether it is a list to expressions, which a pattern of alternatives stands for.
    pub is_list: bool,
    /// Whether and how all are chosen.
    pub all: All,
}

/// Whether all values are chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum All {
    /// Not all.
    #[default]
    No,
    /// All values, joined.
    Values,
    /// This text stands for all.
    Text(String),
}

/// The time of a page, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Times {
    /// First second since 1970.
    pub start: u64,
    /// Last.
    pub end: u64,
    /// Between two points.
    pub step: u64,
}

/// Seconds that a rate looks back over so that there are always points enough: four exports, and one more than a step.
#[must_use]
pub fn rate_interval(step: u64) -> u64 {
    (step + EXPORT_SECONDS).max(4 * EXPORT_SECONDS)
}

/// Reads a duration such as `90s`, `1h30m` or `7d` in seconds.
#[must_use]
pub fn seconds(text: &str) -> Option<u64> {
    let mut total = 0u64;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, after) = rest.split_at_checked(digits)?;
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(letters)?;
        let each = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 7 * 86_400,
            "y" => 365 * 86_400,
            _ => return None,
        };
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(each)?)?;
        rest = after;
    }
    (total > 0).then_some(total)
}

/// Fills an expression in. Names that nobody knows stay as they are written.
#[must_use]
pub fn fill(expr: &str, chosen: &BTreeMap<String, Chosen>, times: &Times) -> String {
    replace(expr, &|name, format| known(name, format, chosen, times, true))
}

/// Fills a title or another text for people in.
#[must_use]
pub fn fill_text(text: &str, chosen: &BTreeMap<String, Chosen>, times: &Times) -> String {
    replace(text, &|name, _| known(name, "text", chosen, times, false))
}

/// The names of variables in a text, without those that telltale fills in itself; each once, in order.
#[must_use]
pub fn variables_in(text: &str) -> Vec<String> {
    let found = std::cell::RefCell::new(Vec::<String>::new());
    let _same = replace(text, &|name, _| {
        let mut found = found.borrow_mut();
        if own(name, &Times::default()).is_none() && !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
        None
    });
    found.into_inner()
}

fn known(name: &str, format: &str, chosen: &BTreeMap<String, Chosen>, times: &Times, is_expr: bool) -> Option<String> {
    if let Some(text) = own(name, times) {
        return Some(text);
    }
    let chosen = chosen.get(name)?;
    if !is_expr {
        let all = chosen.all != All::No;
        return Some(if all { "all".to_owned() } else { chosen.values.join(" + ") });
    }
    Some(written(chosen, format, times))
}

/// What the page itself knows.
fn own(name: &str, times: &Times) -> Option<String> {
    let range = times.end.saturating_sub(times.start).max(1);
    Some(match name {
        "__interval" | "__auto" => format!("{}s", times.step.max(1)),
        "__interval_ms" => (times.step.max(1) * 1_000).to_string(),
        "__rate_interval" => format!("{}s", rate_interval(times.step)),
        "__rate_interval_ms" => (rate_interval(times.step) * 1_000).to_string(),
        "__range" => format!("{range}s"),
        "__range_s" => range.to_string(),
        "__range_ms" => (range * 1_000).to_string(),
        "__from" => (times.start * 1_000).to_string(),
        "__to" => (times.end * 1_000).to_string(),
        _ => return None,
    })
}

/// The chosen values in a format; the one of PromQL when none is asked for.
fn written(chosen: &Chosen, format: &str, times: &Times) -> String {
    let auto = |value: &String| if value == "auto" { format!("{}s", times.step.max(1)) } else { value.clone() };
    if let All::Text(text) = &chosen.all {
        return text.clone();
    }
    if chosen.values.len() > JOINED_MAX && chosen.all == All::Values {
        return ".+".to_owned();
    }
    let values: Vec<String> = chosen.values.iter().map(auto).collect();
    let each = |change: &dyn Fn(&str) -> String, between: &str| {
        values.iter().map(|value| change(value)).collect::<Vec<_>>().join(between)
    };
    let plain = |value: &str| value.to_owned();
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"");
    let alternatives = || match values.len() {
        1 => each(&pattern, ""),
        _ => format!("({})", each(&pattern, "|")),
    };
    match format {
        "raw" | "csv" | "text" => each(&plain, ","),
        "pipe" => each(&plain, "|"),
        "regex" => alternatives(),
        "doublequote" => each(&|value| format!("\"{}\"", escaped(value)), ","),
        "singlequote" => each(&|value| format!("'{}'", value.replace('\'', "\\'")), ","),
        _ if chosen.is_list => alternatives(),
        _ => each(&escaped, ","),
    }
}

/// A value as a pattern inside of a PromQL string: what means something to patterns is escaped, and the backslash again.
fn pattern(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for char in value.chars() {
        match char {
            '\\' => out.push_str("\\\\\\\\"),
            '"' => out.push_str("\\\""),
            '^' | '$' | '*' | '+' | '?' | '.' | '(' | ')' | '|' | '[' | ']' | '{' | '}' => {
                out.push_str("\\\\");
                out.push(char);
            }
            char => out.push(char),
        }
    }
    out
}

/// Replaces every variable that `value` knows.
fn replace(text: &str, value: &dyn Fn(&str, &str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['$', '[']) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        match reference(from) {
            Some((name, format, length)) => {
                let (whole, after) = from.split_at_checked(length).unwrap_or((from, ""));
                match value(name, format) {
                    Some(text) => out.push_str(&text),
                    None => out.push_str(whole),
                }
                rest = after;
            }
            None => {
                let (sign, after) = from.split_at_checked(1).unwrap_or((from, ""));
                out.push_str(sign);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Reads a reference at the start of a text: its name, its format and its length.
fn reference(text: &str) -> Option<(&str, &str, usize)> {
    let braced = |open: &str, close: &str| {
        let inner = text.strip_prefix(open)?;
        let end = inner.find(close)?;
        let inside = inner.get(..end)?;
        let (path, format) = inside.split_once(':').unwrap_or((inside, ""));
        // `${name.field}` reads a field of the value; the value stands for it.
        let name = path.split('.').next().unwrap_or(path);
        is_name(name).then_some((name, format, open.len() + end + close.len()))
    };
    if let Some(found) = braced("${", "}").or_else(|| braced("[[", "]]")) {
        return Some(found);
    }
    let name = text.strip_prefix('$')?;
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
    let name = name.get(..end)?;
    is_name(name).then_some((name, "", 1 + end))
}

fn is_name(text: &str) -> bool {
    text.chars().next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: Times = Times { start: 1_000, end: 4_600, step: 15 };

    fn chosen() -> BTreeMap<String, Chosen> {
        let list = |values: &[&str], is_list| Chosen {
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            is_list,
            all: All::No,
        };
        BTreeMap::from([
            ("one".to_owned(), list(&["a.b\"c\\d"], false)),
            ("list".to_owned(), list(&["a.b", "c"], true)),
            ("single".to_owned(), list(&["a.b"], true)),
            ("every".to_owned(), Chosen { all: All::Text(".*".to_owned()), ..list(&["x"], true) }),
            ("win".to_owned(), list(&["auto"], false)),
        ])
    }

    /// Scenario: every way to write a variable, and every format.
    #[test]
    fn variables_are_filled_in() {
        for (text, expected) in [
            ("m{a=\"$one\"}", "m{a=\"a.b\\\"c\\\\d\"}"),
            ("m{a=~\"$list\"}", "m{a=~\"(a\\\\.b|c)\"}"),
            ("m{a=~\"${single}\"}", "m{a=~\"a\\\\.b\"}"),
            ("m{a=~\"[[every]]\"}", "m{a=~\".*\"}"),
            ("${list:pipe} ${list:csv} ${list:doublequote}", "a.b|c a.b,c \"a.b\",\"c\""),
            ("rate(m[$__rate_interval]) $__interval [$win]", "rate(m[240s]) 15s [15s]"),
            ("$__range $__range_s $__interval_ms $__from", "3600s 3600 15000 1000000"),
            ("$unknown ${unknown} [[unknown]] $ $1 [5m] [[", "$unknown ${unknown} [[unknown]] $ $1 [5m] [["),
            ("é$one$", "éa.b\\\"c\\\\d$"),
        ] {
            assert_eq!(fill(text, &chosen(), &TIMES), expected, "{text}");
        }
        assert_eq!(fill_text("$list of $every", &chosen(), &TIMES), "a.b + c of all");
        assert_eq!(variables_in("$a ${b:raw} [[a]] $__range"), ["a", "b"]);
    }

    /// Scenario: more values than a pattern should hold.
    #[test]
    fn very_many_values_become_a_pattern() {
        let values = (0..=JOINED_MAX).map(|at| at.to_string()).collect();
        let chosen = BTreeMap::from([("v".to_owned(), Chosen { values, is_list: true, all: All::Values })]);
        assert_eq!(fill("$v", &chosen, &TIMES), ".+");
    }

    /// Scenario: durations that are and are not.
    #[test]
    fn durations_are_read() {
        for (text, expected) in [("90s", Some(90)), ("1h30m", Some(5_400)), ("7d", Some(604_800)), ("0s", None)] {
            assert_eq!(seconds(text), expected, "{text}");
        }
        for text in ["", "1", "h", "1x", "99999999999999999999d", "-1h", "1 h"] {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert_eq!((rate_interval(15), rate_interval(600)), (240, 660));
    }
}
