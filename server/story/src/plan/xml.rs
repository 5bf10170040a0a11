//! The little of XML that query plans use: elements with attributes. Comments, declarations and texts are passed over.

/// A tag of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tag<'a> {
    /// `<Name a="1">`; the flag says that it ends itself (`/>`).
    Open(&'a str, Vec<(&'a str, String)>, bool),
    /// `</Name>`.
    Close(&'a str),
}

/// Returns the tags of a document in order; what is not well-formed is passed over.
pub(super) fn tags(text: &str) -> impl Iterator<Item = Tag<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let (_before, after) = rest.split_once('<')?;
            if let Some(comment) = after.strip_prefix("!--") {
                rest = comment.split_once("-->").map_or("", |(_comment, after)| after);
                continue;
            }
            let (tag, after) = split_tag(after)?;
            rest = after;
            if tag.starts_with(['?', '!']) {
                continue;
            }
            if let Some(name) = tag.strip_prefix('/') {
                return Some(Tag::Close(local(name.trim())));
            }
            let body = tag.strip_suffix('/');
            let (name, attributes) = open(body.unwrap_or(tag));
            return Some(Tag::Open(name, attributes, body.is_some()));
        }
    })
}

/// Splits behind the `>` that ends a tag; one inside quotes does not.
fn split_tag(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some((text.get(..at)?, text.get(at + 1..)?)),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    None
}

/// Returns a name without its namespace.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn open(tag: &str) -> (&str, Vec<(&str, String)>) {
    let name_end = tag.find(char::is_whitespace).unwrap_or(tag.len());
    let (name, mut rest) = tag.split_at_checked(name_end).unwrap_or((tag, ""));
    let mut attributes = Vec::new();
    while let Some((key, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let Some(quote) = after.chars().next().filter(|first| matches!(first, '"' | '\'')) else { break };
        let Some((value, next)) = after.get(1..).and_then(|value| value.split_once(quote)) else { break };
        attributes.push((local(key.trim()), unescape(value)));
        rest = next;
    }
    (local(name), attributes)
}

/// Undoes the five named entities.
fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&")
}
