//! The configuration file: flat TOML, one key a setting, `[[fact]]` tables for the answer card, `[[scrape]]` tables for
//! targets, `[[slo]]` tables for objectives, and `[redact]` for sharing.
//!
//! Unknown keys are errors, since a typing mistake that is ignored is a setting that silently does not hold.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use telltale_dashboards::limits::SLOS_MAX;
use telltale_dashboards::slo::{self, Objective};
use telltale_share::redact::{Redactor, Rules};
use telltale_signals::error::position;
use telltale_story::story::FactRule;

use super::setting::{Kind, SETTINGS, Setting};
use super::{ConfigError, Source};
use crate::scrape::Target;
use crate::scrape::target::Written;

/// The file that is read when nobody names one and it is there.
pub const DEFAULT_FILE: &str = "telltale.toml";

/// What a file says: setting name to texts.
#[derive(Debug, Default)]
pub struct Values {
    /// The file, empty when there is none.
    pub path: PathBuf,
    /// Texts by setting name.
    pub values: BTreeMap<&'static str, Vec<String>>,
    /// The team's own facts.
    pub facts: Vec<FactRule>,
    /// What is to be scraped.
    pub scrapes: Vec<Target>,
    /// The objectives.
    pub slos: Vec<Objective>,
    /// The team's rules of redaction.
    pub redact: Rules,
}

/// Reads the file that was asked for, or the default one when it is there.
pub(super) fn read(asked: Option<&(PathBuf, Source)>) -> Result<Values, ConfigError> {
    let path = asked.map_or_else(|| PathBuf::from(DEFAULT_FILE), |(path, _)| path.clone());
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && asked.is_none() => return Ok(Values::default()),
        Err(error) => {
            let hint = match asked {
                Some((_, Source::Environment)) => "the environment variable TELLTALE_CONFIG names it",
                Some(_) => "the flag --config names it",
                None => "it is read because it lies in the working folder",
            };
            return Err(ConfigError::Unreadable { path, error, hint: hint.to_owned() });
        }
    };
    parse(&path, &text)
}

/// Parses a file's text.
///
/// # Errors
/// Text that is not TOML, keys that no setting has, and values of another type than the setting takes.
pub fn parse(path: &Path, text: &str) -> Result<Values, ConfigError> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| ConfigError::NotToml {
        path: path.to_owned(),
        message: error.to_string().trim().replace('\n', "; "),
    })?;
    let mut values = BTreeMap::new();
    for (key, value) in table {
        if [FACT, SCRAPE, REDACT, SLO].contains(&key.as_str()) {
            continue;
        }
        let name = key.replace('_', "-");
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name && setting.file_key().is_some()) else {
            return Err(ConfigError::UnknownKey { path: path.to_owned(), hint: suggest(&name), key });
        };
        let texts = texts_of(setting, &value).ok_or_else(|| wrong_type(path, key, setting, &value))?;
        values.insert(setting.name, texts);
    }
    let (facts, scrapes, redact) = (facts(path, text)?, scrapes(path, text)?, redact(path, text)?);
    Ok(Values { path: path.to_owned(), values, facts, scrapes, slos: slos(path, text)?, redact })
}

/// The key of the objectives.
const SLO: &str = "slo";

/// Reads the `[[slo]]` tables; other keys are not looked at.
fn slos(path: &Path, text: &str) -> Result<Vec<Objective>, ConfigError> {
    #[derive(Deserialize)]
    struct Slos {
        #[serde(default)]
        slo: Vec<toml::Spanned<slo::Written>>,
    }
    let bad = |offset: usize, message: String| {
        let (line, column) = position(text, offset);
        ConfigError::BadSlo { path: path.to_owned(), line, column, message }
    };
    let read: Slos = toml::from_str(text)
        .map_err(|error: toml::de::Error| bad(error.span().map_or(0, |span| span.start), error.message().to_owned()))?;
    if read.slo.len() > SLOS_MAX {
        return Err(bad(0, format!("{} objectives; at most {SLOS_MAX}", read.slo.len())));
    }
    let mut out: Vec<Objective> = Vec::new();
    for written in read.slo {
        let offset = written.span().start;
        let objective = Objective::understand(written.into_inner()).map_err(|message| bad(offset, message))?;
        if out.iter().any(|other| other.name == objective.name) {
            return Err(bad(offset, format!("there are two objectives {:?}", objective.name)));
        }
        out.push(objective);
    }
    Ok(out)
}

/// The key of the targets.
const SCRAPE: &str = "scrape";

/// Reads the `[[scrape]]` tables; other keys are not looked at.
fn scrapes(path: &Path, text: &str) -> Result<Vec<Target>, ConfigError> {
    let bad = |number, message| ConfigError::BadScrape { path: path.to_owned(), number, message };
    // That the text is TOML is known by now.
    let table: toml::Table = text.parse().unwrap_or_default();
    let Some(scrapes) = table.get(SCRAPE) else { return Ok(Vec::new()) };
    let scrapes = scrapes.as_array().ok_or_else(|| bad(1, "this is not a list of tables".to_owned()))?;
    let target = |(number, written): (usize, &toml::Value)| {
        let written: Result<Written, _> = written.clone().try_into();
        let written = written.map_err(|error: toml::de::Error| bad(number, error.message().to_owned()))?;
        Target::understand(written).map_err(|message| bad(number, message))
    };
    (1..).zip(scrapes).map(target).collect()
}

/// The key of the facts.
const FACT: &str = "fact";

/// Reads the `[[fact]]` tables; other keys are not looked at.
fn facts(path: &Path, text: &str) -> Result<Vec<FactRule>, ConfigError> {
    #[derive(Deserialize)]
    struct Facts {
        #[serde(default)]
        fact: Vec<FactRule>,
    }
    let facts: Facts = toml::from_str(text).map_err(|error: toml::de::Error| {
        let (line, column) = position(text, error.span().map_or(0, |span| span.start));
        ConfigError::BadFact { path: path.to_owned(), line, column, message: error.message().to_owned() }
    })?;
    Ok(facts.fact)
}

/// The key of the redaction rules.
const REDACT: &str = "redact";

/// Reads the `[redact]` table and tries its rules; other keys are not looked at.
fn redact(path: &Path, text: &str) -> Result<Rules, ConfigError> {
    #[derive(Deserialize)]
    struct Redact {
        #[serde(default)]
        redact: Rules,
    }
    let read: Redact = toml::from_str(text).map_err(|error: toml::de::Error| {
        let (line, column) = position(text, error.span().map_or(0, |span| span.start));
        ConfigError::BadRedaction { path: path.to_owned(), line, column, message: error.message().to_owned() }
    })?;
    match Redactor::new(&read.redact, [0; 32]) {
        Ok(_usable) => Ok(read.redact),
        Err(error) => {
            let (line, column) = position(text, text.find("[redact").or_else(|| text.find("[[redact")).unwrap_or(0));
            Err(ConfigError::BadRedaction { path: path.to_owned(), line, column, message: error.to_string() })
        }
    }
}

/// Returns a value as texts, if its type fits.
fn texts_of(setting: &Setting, value: &toml::Value) -> Option<Vec<String>> {
    match (setting.kind, value) {
        (Kind::Text | Kind::List, toml::Value::String(text)) => Some(vec![text.clone()]),
        // `listen = 3000` is what people write.
        (Kind::Text | Kind::Number, toml::Value::Integer(number)) => Some(vec![number.to_string()]),
        (Kind::Flag, toml::Value::Boolean(flag)) => Some(vec![flag.to_string()]),
        (Kind::List, toml::Value::Array(values)) => {
            values.iter().map(|value| value.as_str().map(ToOwned::to_owned)).collect()
        }
        _ => None,
    }
}

/// Builds the error of a value with another type.
fn wrong_type(path: &Path, key: String, setting: &Setting, value: &toml::Value) -> ConfigError {
    let (expected, example) = match setting.kind {
        Kind::Text => ("a text", "\"…\""),
        Kind::Flag => ("true or false", "true"),
        Kind::Number => ("a whole number", "64"),
        Kind::List => ("a text or an array of texts", "[\"…\"]"),
    };
    let hint = format!("write `{key} = {example}`");
    ConfigError::WrongType { path: path.to_owned(), key, expected, got: value.type_str(), hint }
}

/// Names the setting that was probably meant.
fn suggest(name: &str) -> String {
    let keys = || SETTINGS.iter().filter_map(Setting::file_key);
    let wanted = name.replace('-', "_");
    let nearest = keys().map(|key| (distance(&key, &wanted), key)).min();
    match nearest {
        Some((edits, key)) if edits <= 3 && edits * 2 < wanted.len() => format!("did you mean `{key}`?"),
        _ => format!("the settings are {}", keys().collect::<Vec<_>>().join(", ")),
    }
}

/// Counts the single-character edits from one text to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, left) in from.chars().enumerate() {
        let mut next = vec![line + 1];
        for ((right, pair), last) in to.iter().zip(row.windows(2)).zip(line + 1..) {
            let (diagonal, above) = (pair.first().copied().unwrap_or(0), pair.last().copied().unwrap_or(0));
            let before = next.last().copied().unwrap_or(last);
            next.push((diagonal + usize::from(left != *right)).min(above + 1).min(before + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
