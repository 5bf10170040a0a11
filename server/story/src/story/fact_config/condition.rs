//! The `where` of a fact: what must hold of the place where an attribute stands.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use telltale_api::trace::AttributeRow;
use telltale_model::SpanKind;

use super::super::facts::fits;

/// Where an attribute stands.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Place<'a> {
    /// `span`, `event`, `log` or `resource`.
    pub inside: &'a str,
    /// Kind of the span; of a log or its resource none.
    pub kind: Option<SpanKind>,
    /// Name of the span; of an event or a log its own.
    pub name: &'a str,
    /// Service.
    pub service: Option<&'a str>,
    /// The attributes that stand together with it.
    pub beside: &'a [AttributeRow],
    /// The attributes of its resource.
    pub resource: &'a [AttributeRow],
}

/// What a condition looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Subject {
    Inside,
    Kind,
    Name,
    Service,
    /// An attribute whose key fits this pattern.
    Attribute(String),
}

/// One condition: `kind=client|server`, `service=edge-*`, `name=GET *`, `in=span|log`, `device.*`, `tenant.id=acme*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    text: String,
    subject: Subject,
    /// One of these must fit; none: anything does.
    patterns: Vec<String>,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// What is wrong with it, and what may stand there.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (subject, patterns) = text.split_once('=').map_or((text, None), |(subject, rest)| (subject, Some(rest)));
        let patterns: Vec<String> = patterns
            .map(|patterns| patterns.split('|').map(|pattern| pattern.trim().to_owned()).collect())
            .unwrap_or_default();
        let words = |known: &[&str], what: &str| {
            let wrong = patterns.iter().find(|pattern| !known.contains(&pattern.as_str()));
            wrong.map_or(Ok(()), |wrong| Err(format!("`{wrong}` is no {what}; there are {}", known.join(", "))))
        };
        let subject = match subject.trim() {
            "in" => {
                words(&["span", "event", "log", "resource"], "place of an attribute")?;
                Subject::Inside
            }
            "kind" => {
                words(&["internal", "server", "client", "producer", "consumer"], "kind of a span")?;
                Subject::Kind
            }
            "name" => Subject::Name,
            "service" => Subject::Service,
            "" => return Err("a condition is `key`, `key=value` or one of kind=, name=, service=, in=".to_owned()),
            key => Subject::Attribute(key.to_owned()),
        };
        if patterns.is_empty() && !matches!(subject, Subject::Attribute(_)) {
            return Err(format!("`{text}` needs a value, such as `{text}=…`"));
        }
        Ok(Self { text: text.to_owned(), subject, patterns })
    }

    /// Whether the condition holds of a place.
    pub(in super::super) fn holds(&self, place: &Place<'_>) -> bool {
        let fit = |value: &str| self.patterns.is_empty() || self.patterns.iter().any(|pattern| fits(pattern, value));
        match &self.subject {
            Subject::Inside => fit(place.inside),
            Subject::Kind => place.kind.is_some_and(|kind| fit(kind.name())),
            Subject::Name => fit(place.name),
            Subject::Service => place.service.is_some_and(fit),
            Subject::Attribute(key) => {
                place.beside.iter().chain(place.resource).any(|row| fits(key, &row.key) && fit(&row.value))
            }
        }
    }
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
