//! Makes text from anywhere harmless in a terminal and in Markdown.

use std::fmt::Write as _;

/// Returns the text in one line: control characters, terminal sequences and direction marks become visible escapes.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        push_visible(&mut out, character);
    }
    out
}

/// Returns the lines of a text, each as [`one_line`] makes it; a tab becomes four spaces.
pub fn lines(text: &str) -> impl Iterator<Item = String> + '_ {
    text.lines().map(|line| one_line(&line.replace('\t', "    ")))
}

/// Appends a character, or its escape when it would act instead of showing.
fn push_visible(out: &mut String, character: char) {
    match character {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
            push_code(out, character);
        }
        acting if acting.is_control() => push_code(out, acting),
        '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => push_code(out, character),
        shown => out.push(shown),
    }
}

fn push_code(out: &mut String, character: char) {
    let _infallible = write!(out, "\\u{{{:x}}}", u32::from(character));
}

/// Returns the text for a Markdown paragraph: one line, with everything that could be markup or a mention escaped.
#[must_use]
pub fn markdown_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for (place, character) in one_line(text).char_indices() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(character);
            }
            '-' | '+' | '=' if place == 0 => {
                out.push('\\');
                out.push(character);
            }
            other => out.push(other),
        }
    }
    out
}

/// Returns the text as a Markdown code span, in which nothing is markup; one line.
#[must_use]
pub fn code_span(text: &str) -> String {
    let line = one_line(text);
    let fence = "`".repeat(longest_run(&line) + 1);
    let pad = if line.starts_with('`') || line.ends_with('`') || line.is_empty() { " " } else { "" };
    format!("{fence}{pad}{line}{pad}{fence}")
}

/// Returns the lines as a Markdown code block whose fence no line can close.
#[must_use]
pub fn code_block(text: &str) -> String {
    let body: Vec<String> = lines(text).collect();
    let longest = body.iter().map(|line| longest_run(line)).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", body.join("\n"))
}

/// Returns the length of the longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_would_act_is_shown_instead() {
        assert_eq!(one_line("a\u{1b}[31mred\u{7}\nb\u{202e}\u{9b}"), "a\\u{1b}[31mred\\u{7}\\nb\\u{202e}\\u{9b}");
        assert_eq!(one_line("größe 日本 ✗"), "größe 日本 ✗");
        let escaped = markdown_line("- <img src=x> **b** [a](http://x) @team #12 `c`");
        assert_eq!(escaped, "\\- &lt;img src=x&gt; \\*\\*b\\*\\* \\[a\\](http://x) &#64;team \\#12 \\`c\\`");
    }

    #[test]
    fn code_cannot_be_closed_from_inside() {
        assert_eq!(code_span("a`b``c"), "```a`b``c```");
        assert_eq!(code_span("`x"), "`` `x ``");
        assert_eq!(code_block("x\n````\ny"), "`````text\nx\n````\ny\n`````\n");
    }

    proptest! {
        #[test]
        fn escaped_text_never_acts(text in any::<String>()) {
            let line = one_line(&text);
            prop_assert!(!line.chars().any(char::is_control), "{line:?}");
            let markdown = markdown_line(&text);
            prop_assert!(!markdown.contains(['<', '>', '@', '\n']), "{markdown:?}");
        }
    }
}
