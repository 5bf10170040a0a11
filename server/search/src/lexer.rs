//! The text of a query as tokens with their places.
//!
//! A run of characters is a word, unless it begins with a key that an operator follows: `key:value`, `key>=5`. What
//! looks like a key but belongs to prose stays a word: `http://host`, `10:41:07`, and `error: text`.

use std::ops::Range;

use crate::tree::{Op, Problem};

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) range: Range<usize>,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A word that nobody compares with anything.
    Word(String),
    /// A quoted text.
    Phrase(String),
    /// A key, `:` and the like, and then a value or an open parenthesis.
    Key(String, Op, bool),
    /// The value of the key before.
    Value {
        text: String,
        is_quoted: bool,
    },
    /// `~regex` without a key.
    Regex(String),
    Open,
    Close,
    /// `-` or `not`.
    Not,
    And,
    Or,
}

/// Splits a query.
pub(crate) fn tokens(text: &str) -> (Vec<Token>, Vec<Problem>) {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new(), problems: Vec::new() };
    while lexer.step() {}
    (lexer.tokens, lexer.problems)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    problems: Vec<Problem>,
}

/// Operators, longest first, with whether they are negated.
const OPERATORS: [(&str, Op, bool); 11] = [
    ("!=", Op::Equal, true),
    ("!~", Op::Matches, true),
    (">=", Op::GreaterEqual, false),
    ("<=", Op::LessEqual, false),
    ("=~", Op::Matches, false),
    ("==", Op::Equal, false),
    (":", Op::Is, false),
    ("=", Op::Equal, false),
    (">", Op::Greater, false),
    ("<", Op::Less, false),
    ("~", Op::Matches, false),
];

fn operator(text: &str) -> Option<(&'static str, Op, bool)> {
    let found = OPERATORS.into_iter().find(|(sign, ..)| text.starts_with(sign))?;
    // `key:>5` means `key>5`.
    if found.0 == ":" {
        let after = text.get(1..).unwrap_or("");
        let doubled = [":>=", ":<=", ":>", ":<", ":~"];
        if let Some(sign) = doubled.into_iter().find(|sign| text.starts_with(sign)) {
            let inner = operator(after)?;
            return Some((sign, inner.1, inner.2));
        }
    }
    Some(found)
}

/// Whether a text can be a key: a letter, `_` or `@` first, and neither operators nor spaces.
pub(crate) fn is_key(text: &str) -> bool {
    text.chars().next().is_some_and(|first| first.is_alphabetic() || first == '_' || first == '@')
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn push(&mut self, kind: TokenKind, from: usize) {
        self.tokens.push(Token { kind, range: from..self.at });
    }

    /// Takes one token; false at the end.
    fn step(&mut self) -> bool {
        self.skip_spaces();
        let from = self.at;
        let Some(first) = self.rest().chars().next() else { return false };
        match first {
            '(' => self.sign(TokenKind::Open),
            ')' => self.sign(TokenKind::Close),
            '"' => {
                let phrase = self.quoted();
                if let Some(operator) = self.operator_here(false) {
                    self.comparison(phrase, from, operator);
                } else {
                    self.push(TokenKind::Phrase(phrase), from);
                }
            }
            '-' if self
                .rest()
                .chars()
                .nth(1)
                .is_some_and(|next| !next.is_whitespace() && !matches!(next, '-' | '>')) =>
            {
                self.sign(TokenKind::Not);
            }
            '~' => {
                self.at += 1;
                let (regex, _) = self.value();
                self.push(TokenKind::Regex(regex), from);
            }
            _ => self.run(from),
        }
        true
    }

    fn skip_spaces(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn sign(&mut self, kind: TokenKind) {
        let from = self.at;
        self.at += 1;
        self.push(kind, from);
    }

    /// Takes a quoted text; `\"` and `\\` are a quote and a backslash.
    fn quoted(&mut self) -> String {
        let from = self.at;
        let mut out = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((index, character)) = characters.next() {
            match character {
                '"' => {
                    self.at += index + 1;
                    return out;
                }
                '\\' => match characters.next() {
                    Some((_, escaped @ ('"' | '\\'))) => out.push(escaped),
                    Some((_, other)) => out.extend(['\\', other]),
                    None => out.push('\\'),
                },
                other => out.push(other),
            }
        }
        self.at = self.text.len();
        self.problems.push(Problem {
            range: from..self.at,
            message: "the quote is not closed".to_owned(),
            hint: "end it with \", or write \\\" for a quote inside".to_owned(),
        });
        out
    }

    /// Takes a run of characters up to a space, a quote or a parenthesis.
    fn run(&mut self, from: usize) {
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '(' | ')')).unwrap_or(rest.len());
        let run = rest.get(..end).unwrap_or(rest);
        let split = run.find([':', '=', '!', '>', '<', '~']).filter(|at| *at > 0);
        if let Some((key, after)) = split.and_then(|at| run.split_at_checked(at))
            && is_key(key)
            && !after.starts_with("://")
        {
            self.at += key.len();
            if let Some(operator) = self.operator_here(false) {
                self.comparison(key.to_owned(), from, operator);
                return;
            }
            self.at = from;
        }
        self.at += end;
        if is_key(run)
            && let Some(operator) = self.operator_here(true)
        {
            self.comparison(run.to_owned(), from, operator);
            return;
        }
        let kind = match run.to_ascii_lowercase().as_str() {
            "and" | "&&" => TokenKind::And,
            "or" | "||" => TokenKind::Or,
            "not" => TokenKind::Not,
            _ => TokenKind::Word(run.to_owned()),
        };
        self.push(kind, from);
    }

    /// Returns the operator here, after spaces when `spaced`; `:` stands beside its key and its value.
    fn operator_here(&self, spaced: bool) -> Option<(usize, Op, bool)> {
        let rest = if spaced { self.rest().trim_start() } else { self.rest() };
        let skipped = self.rest().len() - rest.len();
        let (sign, op, negated) = operator(rest)?;
        let after = rest.get(sign.len()..).unwrap_or("");
        // Prose: `error: text`, `a ~ b`. At the end of the query a value is still being typed.
        let is_prose = match op {
            Op::Is => spaced || after.chars().next().is_some_and(char::is_whitespace),
            Op::Matches => spaced && skipped > 0 && !after.starts_with('"'),
            _ => false,
        };
        (!is_prose).then_some((skipped + sign.len(), op, negated))
    }

    fn comparison(&mut self, key: String, from: usize, (length, op, negated): (usize, Op, bool)) {
        self.at += length;
        self.push(TokenKind::Key(key, op, negated), from);
        if op != Op::Is {
            let spaces = self.rest().len() - self.rest().trim_start().len();
            self.at += spaces;
        }
        let from = self.at;
        if op != Op::Matches && self.rest().starts_with('(') {
            return;
        }
        let (text, is_quoted) = self.value();
        if self.at > from {
            self.push(TokenKind::Value { text, is_quoted }, from);
        }
    }

    /// Takes a value: a quoted text, or everything up to a space or a parenthesis that it did not open.
    fn value(&mut self) -> (String, bool) {
        if self.rest().starts_with('"') {
            return (self.quoted(), true);
        }
        let rest = self.rest();
        let mut depth = 0_usize;
        let mut end = rest.len();
        for (index, character) in rest.char_indices() {
            match character {
                '(' => depth += 1,
                ')' if depth > 0 => depth -= 1,
                ')' => {
                    end = index;
                    break;
                }
                space if space.is_whitespace() => {
                    end = index;
                    break;
                }
                _ => {}
            }
        }
        self.at += end;
        (rest.get(..end).unwrap_or(rest).to_owned(), false)
    }
}
