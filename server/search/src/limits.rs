//! Every bound of this crate, once, with what happens at it.

/// Bytes of a query; a longer one is refused whole.
pub const QUERY_BYTES: usize = 4096;

/// Conditions of one query; further ones are a fault. What they become fits into the SQL limits of telltale-query.
pub const TERMS: usize = 48;

/// Nesting of parentheses and negations; deeper ones are a fault.
pub const DEPTH: usize = 12;

/// Faults that are reported of one query; the first ones.
pub const PROBLEMS: usize = 20;

/// Templates that [`crate::pattern::Miner`] keeps; records of further ones are counted as `other`.
pub const PATTERNS: usize = 500;

/// Words of a log line that a template looks at; the rest is one placeholder.
pub const PATTERN_WORDS: usize = 64;

/// Children of one node of the template tree; further words share the placeholder's child.
pub const PATTERN_CHILDREN: usize = 100;
