//! Words in texts: the one tokenizer, and the queries of `match(body, …)`.
//!
//! The tokenizer feeds both the index of a segment and the exact evaluation over a text, so that the two cannot
//! disagree about what a word is. The index narrows and [`TextQuery::matches`] decides, but for
//! [`TextQuery::plain_words`], whose rows the index knows exactly.
//!
//! Deliberately absent: stemming, stop words, ranking and language detection. Telemetry is not prose.

mod probe;
mod query;
mod tokenizer;

pub use probe::Probe;
pub use query::{Matcher, RequiredTerm, TextQuery};
pub use tokenizer::{for_each_token, tokens};
