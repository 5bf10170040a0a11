//! Takes secrets out of a trace before it is shown to others, so that the story stays readable.
//!
//! Two kinds of rule: by **key** (`password`, `http.request.header.cookie`), which replaces the whole value, and by
//! **pattern** (e-mail address, card number, JWT …), which replaces what matches wherever it stands: values, names,
//! messages, bodies, keys. What is replaced becomes `[redacted:RULE:DIGITS]`; the digits come from the value and a secret of
//! the export, so that equal values stay equal and nobody can guess them back.
//!
//! Promises, each held by a property test: no secret of a known shape survives; trace ids, span ids and times do; a second
//! pass changes nothing.
//!
//! Deliberately absent: where rules are configured, and randomness: the caller brings the key.

use std::collections::HashSet;

mod card;
mod engine;
mod keys;
mod otlp;
mod patterns;
mod report;
mod rules;
#[cfg(test)]
mod tests;
mod token;

pub use engine::{Redactor, RuleError};
pub use report::{Change, RuleReport};
pub use rules::{CustomRule, Rules};

/// Ids in hex that are never taken for something else: a span id may look like a card number.
pub type KnownIds = HashSet<String>;
