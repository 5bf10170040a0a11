//! The rules as data: what is built in, and what a team adds in the table `[redact]` of its configuration file.

use serde::{Deserialize, Serialize};

/// What is redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Whether the built-in rules hold.
    pub defaults: bool,
    /// Built-in rules, by name, that do not hold.
    pub without: Vec<String>,
    /// Keys that no key rule touches; `*` stands for any text.
    pub keep: Vec<String>,
    /// Rules of the team.
    #[serde(rename = "rule")]
    pub rules: Vec<CustomRule>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { defaults: true, without: Vec::new(), keep: Vec::new(), rules: Vec::new() }
    }
}

/// A rule of the team: by keys, by a pattern, or both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct CustomRule {
    /// Its name, which stands in what it replaces: lower-case letters, digits and dashes.
    pub name: String,
    /// Keys whose whole value is replaced; `*` stands for any text.
    #[serde(default)]
    pub keys: Vec<String>,
    /// A regular expression (crate regex); its first group is replaced, else all that matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}
