//! Undoes what mail programs, terminals, word processors and browsers did to a paste.

use super::work::looked_at;
use crate::limits::PASTE_BYTES;

/// Returns the part of a paste that is read, and whether there was more.
pub(super) fn cap(paste: &str) -> (&str, bool) {
    if paste.len() <= PASTE_BYTES {
        return (paste, false);
    }
    let mut end = PASTE_BYTES;
    while !paste.is_char_boundary(end) {
        end -= 1;
    }
    (paste.get(..end).unwrap_or(""), true)
}

/// Returns the text without invisible characters and terminal colours, with typographic quotes, dashes and spaces
/// replaced by plain ones, and with the commonest backslash escapes undone.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match character {
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' => {}
            '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => out.push(' '),
            '\u{2018}'..='\u{201b}' => out.push('\''),
            '\u{201c}'..='\u{201f}' | '\u{ab}' | '\u{bb}' => out.push('"'),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => out.push('-'),
            '\u{1b}' => skip_ansi(&mut rest),
            '\\' => unescape(&mut rest, &mut out),
            other => out.push(other),
        }
    }
    out
}

/// Skips the rest of `ESC [ … letter`.
fn skip_ansi(rest: &mut std::str::Chars<'_>) {
    let mut ahead = rest.clone();
    if ahead.next() != Some('[') {
        return;
    }
    while let Some(character) = ahead.next() {
        match character {
            '0'..='9' | ';' | ':' | '?' => {}
            '@'..='~' => {
                *rest = ahead;
                return;
            }
            _ => return,
        }
    }
}

/// Undoes `\n \r \t \/ \"` and `\u00XX`; other backslashes stay, since PostgreSQL writes bytes as `\x…`.
fn unescape(rest: &mut std::str::Chars<'_>, out: &mut String) {
    let mut ahead = rest.clone();
    match ahead.next() {
        Some('n' | 'r' | 't') => out.push('\n'),
        Some(same @ ('/' | '"')) => out.push(same),
        Some('u') => {
            let mut code = 0_u32;
            for _digit in 0..4 {
                let Some(digit) = ahead.next().and_then(|character| character.to_digit(16)) else {
                    out.push('\\');
                    return;
                };
                code = code * 16 + digit;
            }
            out.push(char::from_u32(code).unwrap_or(' '));
        }
        _ => {
            out.push('\\');
            return;
        }
    }
    *rest = ahead;
}

/// Returns the text with quoted-printable's soft line breaks joined and its `=3D` undone; `None` when it has neither.
pub(super) fn undo_soft_breaks(text: &str) -> Option<String> {
    if !text.contains("=\n") && !text.contains("=\r\n") && !text.contains("=3D") {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('=') {
        out.push_str(before);
        if let Some(next_line) = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n')) {
            rest = next_line.trim_start_matches(['>', ' ']);
        } else if let Some(next) = after.strip_prefix("3D") {
            out.push('=');
            rest = next;
        } else {
            out.push('=');
            rest = after;
        }
    }
    out.push_str(rest);
    Some(out)
}

/// Returns the text after one round of percent-decoding; `None` when it has no escape.
pub(super) fn percent_decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    looked_at(bytes.len());
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = 0;
    let mut decoded = false;
    while let Some(&byte) = bytes.get(index) {
        let digit = |offset: usize| bytes.get(index + offset).and_then(|byte| telltale_model::id::hex_digit(*byte));
        if byte == b'%'
            && let (Some(high), Some(low)) = (digit(1), digit(2))
        {
            out.push(high * 16 + low);
            index += 3;
            decoded = true;
        } else {
            out.push(byte);
            index += 1;
        }
    }
    decoded.then(|| String::from_utf8_lossy(&out).into_owned())
}
