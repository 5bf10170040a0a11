//! A fully anchored regular expression in RE2's dialect, with quick ways for the shapes that dashboards use.

use regex::Regex;
use regex_syntax::hir::{Hir, HirKind};

mod dialect;

/// Literals that an alternation may unfold to before it is left to the automaton.
const LITERALS_MAX: usize = 256;

/// A compiled pattern that must match a whole text. `.` matches line breaks too, as in Prometheus 3.
#[derive(Clone, Debug)]
pub struct Pattern {
    shape: Shape,
    prefix: String,
}

#[derive(Clone, Debug)]
enum Shape {
    /// `.*`
    Anything,
    /// `.+`
    Something,
    /// `a|b|c`, sorted.
    OneOf(Vec<String>),
    /// `a.*`
    StartsWith,
    /// `.*a`
    EndsWith(String),
    /// `.*a.*`
    Contains(String),
    Other(Regex),
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// The text of what is wrong with it.
    pub fn new(pattern: &str) -> Result<Self, String> {
        let translated = dialect::translate(pattern);
        let parsed = regex_syntax::ParserBuilder::new().dot_matches_new_line(true).build().parse(&translated);
        let hir = parsed.map_err(|error| wrong(pattern, &error))?;
        let (shape, prefix) = match shape_of(&hir) {
            Some(found) => found,
            None => {
                let whole = format!("^(?s:{translated})$");
                let regex = Regex::new(&whole)
                    .map_err(|error| format!("error parsing regexp: {}: `{pattern}`", last_line(&error)))?;
                (Shape::Other(regex), leading_literal(&hir))
            }
        };
        Ok(Self { shape, prefix })
    }

    /// The pattern as a regular expression with groups, fully anchored.
    pub(crate) fn captures(pattern: &str) -> Result<Regex, String> {
        let translated = dialect::translate(pattern);
        // On its own first: a stray parenthesis must not close the group around it.
        Regex::new(&translated).map_err(|error| error.to_string())?;
        Regex::new(&format!("^(?s:{translated})$")).map_err(|error| error.to_string())
    }

    /// Whether the whole text fits.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        match &self.shape {
            Shape::Anything => true,
            Shape::Something => !text.is_empty(),
            Shape::OneOf(all) => all.binary_search_by(|one| one.as_str().cmp(text)).is_ok(),
            Shape::StartsWith => text.starts_with(&self.prefix),
            Shape::EndsWith(end) => text.ends_with(end),
            Shape::Contains(part) => text.contains(part),
            Shape::Other(regex) => text.starts_with(&self.prefix) && regex.is_match(text),
        }
    }

    /// Every text that can fit, sorted, when the pattern is an alternation of literals.
    #[must_use]
    pub fn literals(&self) -> Option<&[String]> {
        match &self.shape {
            Shape::OneOf(all) => Some(all),
            _ => None,
        }
    }

    /// Text with which everything that fits begins.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

fn last_line(error: &impl ToString) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// Go's words for the mistakes that people make; the parser's own for the rest.
fn wrong(pattern: &str, error: &regex_syntax::Error) -> String {
    use regex_syntax::ast::ErrorKind as Kind;
    let text = match error {
        regex_syntax::Error::Parse(inner) => match inner.kind() {
            Kind::GroupUnclosed => "missing closing )".to_owned(),
            Kind::GroupUnopened => "unexpected )".to_owned(),
            Kind::ClassUnclosed => "missing closing ]".to_owned(),
            Kind::RepetitionMissing => "missing argument to repetition operator".to_owned(),
            Kind::ClassRangeInvalid => "invalid character class range".to_owned(),
            Kind::EscapeUnexpectedEof => "trailing backslash at end of expression".to_owned(),
            Kind::EscapeUnrecognized => "invalid escape sequence".to_owned(),
            Kind::UnsupportedLookAround => "invalid or unsupported Perl syntax".to_owned(),
            kind => kind.to_string(),
        },
        other => last_line(other),
    };
    format!("error parsing regexp: {text}: `{pattern}`")
}

/// The quick shape of a pattern and its prefix; none where only the automaton will do.
fn shape_of(hir: &Hir) -> Option<(Shape, String)> {
    if let Some(mut all) = literals(hir) {
        all.sort();
        all.dedup();
        let prefix = match all.as_slice() {
            [one] => one.clone(),
            _ => String::new(),
        };
        return Some((Shape::OneOf(all), prefix));
    }
    if is_any(hir, 0) {
        return Some((Shape::Anything, String::new()));
    }
    if is_any(hir, 1) {
        return Some((Shape::Something, String::new()));
    }
    let HirKind::Concat(parts) = hir.kind() else { return None };
    match parts.as_slice() {
        [text, rest] if is_any(rest, 0) => Some((Shape::StartsWith, literal(text)?)),
        [rest, text] if is_any(rest, 0) => Some((Shape::EndsWith(literal(text)?), String::new())),
        [before, text, after] if is_any(before, 0) && is_any(after, 0) => {
            Some((Shape::Contains(literal(text)?), String::new()))
        }
        _ => None,
    }
}

fn literal(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(text) => String::from_utf8(text.0.to_vec()).ok(),
        HirKind::Capture(group) => literal(&group.sub),
        _ => None,
    }
}

/// `.*` (at least 0) or `.+` (at least 1), greedy or not: for a whole text that makes no difference.
fn is_any(hir: &Hir, least: u32) -> bool {
    match hir.kind() {
        HirKind::Capture(group) => is_any(&group.sub, least),
        HirKind::Repetition(repeat) => {
            repeat.min == least && repeat.max.is_none() && *repeat.sub == Hir::dot(regex_syntax::hir::Dot::AnyChar)
        }
        _ => false,
    }
}

/// The texts that a pattern of literals, groups and alternations stands for.
fn literals(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Empty => Some(vec![String::new()]),
        HirKind::Literal(_) => Some(vec![literal(hir)?]),
        HirKind::Capture(group) => literals(&group.sub),
        HirKind::Class(class) => {
            let regex_syntax::hir::Class::Unicode(class) = class else { return None };
            let chars: usize = class.ranges().iter().map(regex_syntax::hir::ClassUnicodeRange::len).sum();
            if chars > 16 {
                return None;
            }
            Some(class.iter().flat_map(|range| range.start()..=range.end()).map(String::from).collect())
        }
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(literals(part)?);
                if all.len() > LITERALS_MAX {
                    return None;
                }
            }
            Some(all)
        }
        HirKind::Concat(parts) => {
            let mut all = vec![String::new()];
            for part in parts {
                let next = literals(part)?;
                if all.len() * next.len() > LITERALS_MAX {
                    return None;
                }
                all = all.iter().flat_map(|left| next.iter().map(move |right| format!("{left}{right}"))).collect();
            }
            Some(all)
        }
        HirKind::Repetition(_) | HirKind::Look(_) => None,
    }
}

/// The literal with which a concatenation begins.
fn leading_literal(hir: &Hir) -> String {
    match hir.kind() {
        HirKind::Concat(parts) => parts.first().and_then(literal).unwrap_or_default(),
        HirKind::Capture(group) => leading_literal(&group.sub),
        _ => String::new(),
    }
}
