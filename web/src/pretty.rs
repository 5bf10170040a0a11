//! Long texts laid out for reading: SQL by its clauses, stack traces by what is the application's own.

/// Words that begin a line of a statement; of two words, the first decides.
const CLAUSES: [&str; 22] = [
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "ORDER",
    "HAVING",
    "LIMIT",
    "OFFSET",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "INSERT",
    "VALUES",
    "UPDATE",
    "SET",
    "DELETE",
    "RETURNING",
    "WITH",
    "WINDOW",
    "FETCH",
    "ON",
    "USING",
];

/// Words that begin an indented line.
const JOINS: [&str; 8] = ["JOIN", "LEFT", "RIGHT", "INNER", "FULL", "CROSS", "AND", "OR"];

/// Lays a statement out: a clause a line, what is in parentheses on its line. Only white space changes; a statement that
/// has line breaks already stays as it is.
#[must_use]
pub fn sql(text: &str) -> String {
    if text.trim().contains('\n') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 64);
    let mut depth = 0_usize;
    let mut after_join = false;
    for (word, quoted) in words(text) {
        let upper = word.to_ascii_uppercase();
        let clause = !quoted && depth == 0 && CLAUSES.contains(&upper.as_str());
        let join = !quoted && depth == 0 && JOINS.contains(&upper.as_str());
        // `LEFT OUTER JOIN` is one line: only its first word breaks it. `ON` stays with its join.
        let breaks = (clause && upper != "ON" && upper != "USING") || (join && !(upper == "JOIN" && after_join));
        if breaks && !out.is_empty() {
            out.truncate(out.trim_end().len());
            out.push('\n');
            if join {
                out.push_str("  ");
            }
        }
        after_join = matches!(upper.as_str(), "LEFT" | "RIGHT" | "INNER" | "FULL" | "CROSS")
            || (after_join && (upper == "OUTER" || word.trim().is_empty()));
        if !quoted {
            depth += word.matches('(').count();
            depth = depth.saturating_sub(word.matches(')').count());
        }
        if !(out.is_empty() && word.trim().is_empty()) {
            out.push_str(word);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Splits a statement into words, white space, marks, and quoted texts, which are one piece each.
fn words(text: &str) -> Vec<(&str, bool)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let quoted = matches!(first, '\'' | '"' | '`');
        let length = if quoted {
            let mut inside = rest.char_indices().skip(1);
            inside.find(|(_, c)| *c == first).map_or(rest.len(), |(at, c)| at + c.len_utf8())
        } else if first.is_alphanumeric() || first == '_' {
            rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len())
        } else if first.is_whitespace() {
            rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let Some((piece, after)) = rest.split_at_checked(length.max(1)) else { break };
        pieces.push((piece, quoted));
        rest = after;
    }
    pieces
}

/// A line of a stack trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The line.
    pub text: &'a str,
    /// Whether it is a library's, not the application's own.
    pub is_library: bool,
}

/// Marks of libraries and run-times in the lines of stack traces.
const LIBRARIES: [&str; 22] = [
    "site-packages/",
    "dist-packages/",
    "node_modules/",
    "node:internal",
    "/lib/python",
    "java.base/",
    "java.lang.",
    "java.util.",
    "javax.",
    "jdk.internal",
    "org.springframework",
    "org.apache.",
    "io.netty",
    "sun.reflect",
    "System.",
    "Microsoft.",
    "/rustc/",
    ".cargo/registry",
    "/go/pkg/mod/",
    "/usr/local/go/",
    "runtime/",
    "deps/",
];

/// Splits a stack trace into lines and says which are libraries'.
#[must_use]
pub fn frames(stack: &str) -> Vec<Frame<'_>> {
    let mut before = false;
    let lines = stack.lines().map(|text| {
        let is_frame = text.starts_with([' ', '\t']);
        // Python writes the source below its frame: it belongs to it.
        let continues = is_frame && !text.trim_start().starts_with("File ") && text.starts_with("    ") && before;
        let library = is_frame && LIBRARIES.iter().any(|mark| text.contains(mark));
        before = library || (continues && before);
        Frame { text, is_library: library || continues }
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn statements_get_a_line_a_clause() {
        let text = "select a.id, count(*) from items a left outer join stock s on s.id = a.id where a.x = 'from where' and (b = 1 or c = 2) order by 1";
        let expected = "select a.id, count(*)\nfrom items a\n  left outer join stock s on s.id = a.id\nwhere a.x = 'from where'\n  and (b = 1 or c = 2)\norder by 1";
        assert_eq!(sql(text), expected);
        assert_eq!(sql("SELECT 1\nFROM x"), "SELECT 1\nFROM x");
        assert_eq!(sql("SELECT (SELECT max(a) FROM b) FROM c"), "SELECT (SELECT max(a) FROM b)\nFROM c");
    }

    #[test]
    fn libraries_are_told_from_the_application() {
        let python = "Traceback (most recent call last):\n  File \"/app/shop.py\", line 3, in order\n    pay()\n  File \"/venv/lib/python3.12/site-packages/requests/api.py\", line 59, in get\n    return request()\nRuntimeError: no";
        let marked: Vec<bool> = frames(python).iter().map(|frame| frame.is_library).collect();
        assert_eq!(marked, [false, false, false, true, true, false]);
        let java = "Boom\n\tat com.shop.Order.pay(Order.java:7)\n\tat java.base/java.lang.Thread.run(Thread.java:840)";
        assert_eq!(frames(java).iter().map(|frame| frame.is_library).collect::<Vec<_>>(), [false, false, true]);
    }

    proptest! {
        #[test]
        fn only_white_space_changes(text in "[a-zA-Z(),'\" =;*ü]{0,80}( FROM | where | left join )?[a-z' ]{0,20}") {
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(bare(&sql(&text)), bare(&text));
        }
    }
}
