//! The values of numbers, durations and texts.

use crate::ast::StringLiteral;

/// A number: decimal, hexadecimal, octal with a leading 0, binary, with an exponent, infinity, NaN; underscores between digits.
pub(crate) fn number(text: &str) -> Option<f64> {
    if let Some(integer) = integer(text) {
        return Some(integer);
    }
    if !underscores_separate_digits(text) {
        return None;
    }
    let plain = text.replace('_', "");
    match plain.to_ascii_lowercase().as_str() {
        "inf" | "+inf" => Some(f64::INFINITY),
        "-inf" => Some(f64::NEG_INFINITY),
        "nan" => Some(f64::NAN),
        lower if lower.starts_with("0x") || lower.contains("inf") || lower.contains("nan") => None,
        lower => lower.parse().ok(),
    }
}

fn integer(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    let (digits, radix) = if let Some(hex) = lower.strip_prefix("0x") {
        (hex, 16)
    } else if let Some(binary) = lower.strip_prefix("0b") {
        (binary, 2)
    } else if let Some(octal) = lower.strip_prefix("0o") {
        (octal, 8)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (lower.get(1..)?, 8)
    } else {
        (lower.as_str(), 10)
    };
    if !underscores_separate_digits(&lower) || digits.starts_with(['+', '-']) {
        return None;
    }
    let value = i64::from_str_radix(&digits.replace('_', ""), radix).ok()?;
    #[expect(clippy::cast_precision_loss, reason = "the language has one kind of number")]
    Some(value as f64)
}

/// Each underscore stands between two digits, or between a prefix such as `0x` and a digit.
fn underscores_separate_digits(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().filter(|(_, byte)| **byte == b'_').all(|(at, _)| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(at + 1);
        let after_prefix = at == 2 && bytes.first() == Some(&b'0');
        (before.is_some_and(u8::is_ascii_hexdigit) || after_prefix) && after.is_some_and(u8::is_ascii_hexdigit)
    })
}

const UNITS: [(&str, i64); 7] = [
    ("y", 365 * 24 * 60 * 60 * 1000),
    ("w", 7 * 24 * 60 * 60 * 1000),
    ("d", 24 * 60 * 60 * 1000),
    ("h", 60 * 60 * 1000),
    ("m", 60 * 1000),
    ("s", 1000),
    ("ms", 1),
];

/// Milliseconds of a duration such as `1h30m`: units from long to short, each at most once.
///
/// # Errors
/// Prometheus's text for what is wrong.
pub(crate) fn duration(text: &str) -> Result<i64, String> {
    if text == "0" {
        return Ok(0);
    }
    if text.is_empty() {
        return Err("empty duration string".to_owned());
    }
    let wrong = || format!("not a valid duration string: {}", crate::text::quote(text));
    let (mut rest, mut allowed, mut total) = (text, UNITS.as_slice(), 0i64);
    while !rest.is_empty() {
        let digits = rest.find(|char: char| !char.is_ascii_digit()).filter(|digits| *digits > 0).ok_or_else(wrong)?;
        let (number, behind) = rest.split_at(digits);
        let letters = behind.find(|char: char| char.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        let at = allowed.iter().position(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let (_, factor) = allowed.get(at).ok_or_else(wrong)?;
        allowed = allowed.get(at + 1..).unwrap_or_default();
        rest = behind;
        // The bound is that of nanoseconds in 64 bits, which Prometheus keeps durations in.
        let part = number.parse::<i64>().ok().and_then(|number| number.checked_mul(*factor));
        let sum = part.and_then(|part| total.checked_add(part)).filter(|sum| *sum <= i64::MAX / 1_000_000);
        total = sum.ok_or("duration out of range")?;
    }
    Ok(total)
}

/// Milliseconds as the shortest duration that reads back: `1h30m`, years and weeks only where they divide.
pub(crate) fn format_duration(millis: i64) -> String {
    if millis == 0 {
        return "0s".to_owned();
    }
    let mut out = String::new();
    let mut rest = millis;
    for (unit, factor) in UNITS {
        // 90d reads better than 12w6d.
        let exact_only = matches!(unit, "y" | "w");
        if (exact_only && rest % factor != 0) || rest < factor {
            continue;
        }
        out.push_str(&format!("{}{unit}", rest / factor));
        rest %= factor;
    }
    out
}

/// The bytes that a quoted text stands for; the lexer has checked its escapes.
pub(crate) fn unquote(quoted: &str) -> StringLiteral {
    let mut chars = quoted.chars();
    let quote = chars.next();
    chars.next_back();
    let inner = chars.as_str();
    let mut bytes = Vec::with_capacity(inner.len());
    if quote == Some('`') {
        bytes.extend_from_slice(inner.as_bytes());
    } else {
        unescape(inner, &mut bytes);
    }
    match String::from_utf8(bytes) {
        Ok(text) => StringLiteral { text, invalid: None },
        Err(error) => {
            let bytes = error.into_bytes();
            StringLiteral { text: String::from_utf8_lossy(&bytes).into_owned(), invalid: Some(bytes) }
        }
    }
}

fn unescape(inner: &str, bytes: &mut Vec<u8>) {
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        bytes.extend_from_slice(before.as_bytes());
        let kind = escape.chars().nth(1).unwrap_or('\\');
        let number = |from: usize, to: usize, radix: u32| {
            escape.get(from..to).and_then(|digits| u32::from_str_radix(digits, radix).ok()).unwrap_or_default()
        };
        let mut push_char = |value: u32| {
            let char = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
            bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        };
        let taken = match kind {
            'u' => {
                push_char(number(2, 6, 16));
                6
            }
            'U' => {
                push_char(number(2, 10, 16));
                10
            }
            'x' => {
                bytes.push(u8::try_from(number(2, 4, 16)).unwrap_or_default());
                4
            }
            '0'..='7' => {
                bytes.push(u8::try_from(number(1, 4, 8)).unwrap_or_default());
                4
            }
            other => {
                let byte = match other {
                    'a' => 7,
                    'b' => 8,
                    'f' => 12,
                    'n' => b'\n',
                    'r' => b'\r',
                    't' => b'\t',
                    'v' => 11,
                    other => u8::try_from(other).unwrap_or(b'?'),
                };
                bytes.push(byte);
                2
            }
        };
        rest = escape.get(taken..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
}
