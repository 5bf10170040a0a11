//! Texts as TOML writes them.

/// Returns a basic string: JSON's escapes are a part of TOML's, but for one character.
pub(crate) fn basic(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default().replace('\u{7f}', "\\u007F")
}
