//! From RE2's dialect, which Prometheus documents, to that of the `regex` crate.
//!
//! Differences that matter: `\d \w \s \b` know ASCII only; a brace that opens no repetition is a literal; a class has neither nested
//! classes nor `&&`, `--`, `~~`; `\Q…\E` quotes.

/// The same pattern in the other dialect.
pub(super) fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(char) = rest.chars().next() {
        let (taken, text) = match char {
            '\\' => escape(rest, in_class),
            '[' if !in_class => {
                in_class = true;
                class_start(rest)
            }
            '[' if rest.starts_with("[:") => posix_class(rest),
            '[' => (1, "\\[".to_owned()),
            ']' if in_class => {
                in_class = false;
                (1, "]".to_owned())
            }
            '&' | '~' if in_class => (1, format!("\\{char}")),
            '-' if in_class && rest.starts_with("--") => (1, "\\-".to_owned()),
            '{' if !in_class && !opens_repetition(rest) => (1, "\\{".to_owned()),
            char => (char.len_utf8(), char.to_string()),
        };
        out.push_str(&text);
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}

/// `[`, `[^`, and a `]` right behind, which is a literal.
fn class_start(rest: &str) -> (usize, String) {
    for (start, text) in [("[^]", "[^\\]"), ("[]", "[\\]"), ("[^", "[^")] {
        if rest.starts_with(start) {
            return (start.len(), text.to_owned());
        }
    }
    (1, "[".to_owned())
}

fn posix_class(rest: &str) -> (usize, String) {
    match rest.find(":]") {
        Some(end) => (end + 2, rest.get(..end + 2).unwrap_or_default().to_owned()),
        None => (1, "\\[".to_owned()),
    }
}

fn escape(rest: &str, in_class: bool) -> (usize, String) {
    let Some(next) = rest.chars().nth(1) else { return (1, "\\".to_owned()) };
    let inside = |set: &str, negated: bool| match (in_class, negated) {
        (true, false) => set.to_owned(),
        (_, true) => format!("[^{set}]"),
        (false, false) => format!("[{set}]"),
    };
    let text = match next {
        'Q' => {
            let body = rest.get(2..).unwrap_or_default();
            let end = body.find("\\E").unwrap_or(body.len());
            let quoted = body.get(..end).unwrap_or_default();
            return ((2 + end + 2).min(rest.len()), regex_syntax::escape(quoted));
        }
        'd' => inside("0-9", false),
        'D' => inside("0-9", true),
        'w' => inside("0-9A-Za-z_", false),
        'W' => inside("0-9A-Za-z_", true),
        's' => inside("\\t\\n\\f\\r ", false),
        'S' => inside("\\t\\n\\f\\r ", true),
        'b' if !in_class => "(?-u:\\b)".to_owned(),
        '<' | '>' => next.to_string(),
        next => format!("\\{next}"),
    };
    (1 + next.len_utf8(), text)
}

/// `{2}`, `{2,}`, `{2,3}`.
fn opens_repetition(rest: &str) -> bool {
    let Some((body, _)) = rest.get(1..).and_then(|rest| rest.split_once('}')) else { return false };
    let (least, most) = body.split_once(',').unwrap_or((body, ""));
    let digits = |text: &str| text.chars().all(|char| char.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}
