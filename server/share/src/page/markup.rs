//! Text into markup: the only way for anything that came from telemetry.

/// Makes text safe inside an element and inside a quoted attribute. Line ends and tabs stay; other control characters, and
/// marks that turn the direction of writing, become visible.
pub(super) fn text(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len() + 8);
    for character in raw.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(character),
            acting if acting.is_control() || is_direction(acting) => out.extend(acting.escape_unicode()),
            other => out.push(other),
        }
    }
    out
}

fn is_direction(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}
