//! Find in a trace: which spans and log records mention a text, in any case.

use telltale_api::trace::{AttributeRow, LogRow, SpanRow};

/// A text to look for.
#[derive(Debug, Clone)]
pub struct Needle {
    lower: String,
}

impl Needle {
    /// Returns a needle, or `None` for a text of blanks.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let lower = text.trim().to_lowercase();
        if lower.is_empty() { None } else { Some(Self { lower }) }
    }

    /// Returns whether a text contains the needle.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        if !self.lower.is_ascii() {
            return text.to_lowercase().contains(&self.lower);
        }
        let needle = self.lower.as_bytes();
        text.as_bytes().windows(needle.len()).any(|part| part.eq_ignore_ascii_case(needle))
    }

    fn is_in_attributes(&self, attributes: &[AttributeRow]) -> bool {
        attributes.iter().any(|attribute| self.is_in(&attribute.key) || self.is_in(&attribute.value))
    }

    /// Returns whether a span mentions the needle: id, name, service, status, attributes, events.
    #[must_use]
    pub fn is_in_span(&self, span: &SpanRow) -> bool {
        self.is_in(&span.name)
            || span.service_name.as_deref().is_some_and(|name| self.is_in(name))
            || self.is_in(&span.span_id)
            || self.is_in(&span.status_message)
            || self.is_in_attributes(&span.attributes)
            || span.events.iter().any(|event| self.is_in(&event.name) || self.is_in_attributes(&event.attributes))
    }

    /// Returns whether a log record mentions the needle: body, service, attributes.
    #[must_use]
    pub fn is_in_log(&self, log: &LogRow) -> bool {
        self.is_in(&log.body)
            || self.is_in(&log.event_name)
            || log.service_name.as_deref().is_some_and(|name| self.is_in(name))
            || self.is_in_attributes(&log.attributes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_in_any_case_and_language() {
        let needle = Needle::new("  SeLecT ").unwrap();
        assert!(needle.is_in("run select * from stock") && !needle.is_in("selec"));
        assert!(Needle::new("größe").unwrap().is_in("GRÖSSE GRÖßE"));
        assert!(Needle::new(" \n").is_none());
    }

    #[test]
    fn attributes_events_and_bodies_count() {
        let needle = Needle::new("acme-42").unwrap();
        let attribute = AttributeRow { key: "customer".into(), value: "ACME-42".into(), ..AttributeRow::default() };
        let mut span = SpanRow { name: "op".into(), ..SpanRow::default() };
        assert!(!needle.is_in_span(&span));
        span.attributes.push(attribute);
        assert!(needle.is_in_span(&span));
        let log = LogRow { body: "order of acme-42 refused".into(), ..LogRow::default() };
        assert!(needle.is_in_log(&log));
    }
}
