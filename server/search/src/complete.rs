//! What the cursor stands on, so that keys and values can be offered.

use std::ops::Range;

use crate::lexer::{TokenKind, tokens};

/// What is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Context {
    /// A key, or a free word.
    Key {
        /// What stands before the cursor.
        prefix: String,
        /// Bytes that an offer replaces.
        range: Range<usize>,
    },
    /// The value of a key.
    Value {
        /// The key as written.
        key: String,
        /// What stands before the cursor, without quotes.
        prefix: String,
        /// Bytes that an offer replaces.
        range: Range<usize>,
    },
    /// Nothing can be offered, such as inside a free phrase.
    Nothing,
}

/// Returns what stands at a cursor, a number of bytes from the start.
#[must_use]
pub fn context(text: &str, cursor: usize) -> Context {
    let mut cursor = cursor.min(text.len());
    while !text.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let (tokens, _) = tokens(text);
    let here = tokens.iter().position(|token| token.range.start < cursor && cursor <= token.range.end);
    let before = |range: &Range<usize>| text.get(range.start..cursor).unwrap_or("").to_owned();
    let Some(index) = here else {
        return Context::Key { prefix: String::new(), range: cursor..cursor };
    };
    let Some(token) = tokens.get(index) else { return Context::Nothing };
    match &token.kind {
        TokenKind::Word(_) | TokenKind::And | TokenKind::Or => {
            Context::Key { prefix: before(&token.range), range: token.range.clone() }
        }
        TokenKind::Not => match text.get(token.range.clone()) {
            Some("-") => Context::Key { prefix: String::new(), range: cursor..cursor },
            _ => Context::Key { prefix: before(&token.range), range: token.range.clone() },
        },
        TokenKind::Key(key, ..) => {
            let key_end = token.range.start + key.len();
            if cursor <= key_end {
                Context::Key { prefix: before(&token.range), range: token.range.start..key_end }
            } else if cursor == token.range.end {
                let value = match tokens.get(index + 1) {
                    Some(next) if matches!(next.kind, TokenKind::Value { .. }) => next.range.clone(),
                    _ => cursor..cursor,
                };
                Context::Value { key: key.clone(), prefix: String::new(), range: value }
            } else {
                Context::Nothing
            }
        }
        TokenKind::Value { .. } => {
            let key = index.checked_sub(1).and_then(|index| tokens.get(index)).map(|token| &token.kind);
            let Some(TokenKind::Key(key, ..)) = key else { return Context::Nothing };
            let prefix = before(&token.range).trim_start_matches('"').to_owned();
            Context::Value { key: key.clone(), prefix, range: token.range.clone() }
        }
        TokenKind::Open => Context::Key { prefix: String::new(), range: cursor..cursor },
        TokenKind::Phrase(_) | TokenKind::Regex(_) | TokenKind::Close => Context::Nothing,
    }
}

/// Writes a value so that the language reads it back as it is.
#[must_use]
pub fn quoted(value: &str) -> String {
    let is_plain =
        !value.is_empty() && value.chars().all(|c| !c.is_whitespace() && !matches!(c, '"' | '(' | ')' | '*' | '\\'));
    let is_sign = value.starts_with(['>', '<', '=', '~', '!', ':']);
    if is_plain && !is_sign {
        return value.to_owned();
    }
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Writes a key so that the language reads it back as it is.
#[must_use]
pub fn quoted_key(key: &str) -> String {
    let is_plain =
        crate::lexer::is_key(key) && !key.contains(|c: char| c.is_whitespace() || "\"():=!<>~\\".contains(c));
    if is_plain { key.to_owned() } else { format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\"")) }
}
