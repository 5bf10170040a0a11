//! Tokens → tree. Faults are noted and passed over, so that the rest of a query that is being typed still means something.

use std::ops::Range;

use crate::lexer::{Token, TokenKind, tokens};
use crate::limits::{DEPTH, PROBLEMS, QUERY_BYTES, TERMS};
use crate::tree::{Compare, Expr, Is, Key, Literal, Op, Place, Problem, Query, WordForm, Words};

/// Parses a query; what is not understood is in [`Query::problems`].
///
/// Binding: `not` and `-`, then side by side or `and`, then `or`. The empty text is [`Query::all`].
#[must_use]
pub fn parse(text: &str) -> Query {
    if text.len() > QUERY_BYTES {
        let problem = Problem {
            range: 0..text.len(),
            message: format!("the query has {} bytes, at most {QUERY_BYTES} are allowed", text.len()),
            hint: "leave conditions out".to_owned(),
        };
        return Query { expr: Expr::And(Vec::new()), problems: vec![problem] };
    }
    let (tokens, problems) = tokens(text);
    let mut parser = Parser { tokens: tokens.into_iter().peekable(), problems, terms: 0, end: text.len() };
    let expr = parser.any(0);
    let mut problems = parser.problems;
    problems.sort_by_key(|problem| problem.range.start);
    problems.truncate(PROBLEMS);
    Query { expr, problems }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    problems: Vec<Problem>,
    terms: usize,
    end: usize,
}

impl Parser {
    fn problem(&mut self, range: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem { range, message: message.into(), hint: hint.into() });
    }

    fn peek(&mut self) -> Option<&TokenKind> {
        self.tokens.peek().map(|token| &token.kind)
    }

    /// Takes alternatives up to the end or a parenthesis that closes more than was opened here.
    fn any(&mut self, depth: usize) -> Expr {
        let mut parts = Vec::new();
        let mut or: Option<Range<usize>> = None;
        loop {
            let part = self.all(depth);
            let is_empty = matches!(&part, Expr::And(parts) if parts.is_empty());
            if let (true, Some(range)) = (is_empty, &or) {
                self.problem(range.clone(), "`or` has nothing on its right", "write a condition after it");
            }
            if !is_empty {
                parts.push(part);
            }
            match self.peek() {
                Some(TokenKind::Or) => {
                    let range = self.tokens.next().map_or(0..0, |token| token.range);
                    if is_empty && or.is_none() {
                        self.problem(
                            range.clone(),
                            "`or` has nothing on its left",
                            "write a condition before it, or quote the word: \"or\"",
                        );
                    }
                    or = Some(range);
                }
                Some(TokenKind::Close) if depth == 0 => {
                    let range = self.tokens.next().map_or(0..0, |token| token.range);
                    self.problem(range, "`)` closes nothing", "remove it, or quote it: \")\"");
                }
                _ => break,
            }
        }
        flat(parts, Expr::Or)
    }

    /// Takes conditions side by side.
    fn all(&mut self, depth: usize) -> Expr {
        let mut parts = Vec::new();
        loop {
            match self.peek() {
                None | Some(TokenKind::Or | TokenKind::Close) => break,
                Some(TokenKind::And) => {
                    let range = self.tokens.next().map_or(0..0, |token| token.range);
                    let ends = matches!(self.peek(), None | Some(TokenKind::Or | TokenKind::And | TokenKind::Close));
                    if parts.is_empty() || ends {
                        let hint = "write a condition on both sides, or quote the word: \"and\"";
                        self.problem(range, "`and` stands between nothing", hint);
                    }
                }
                Some(_) => parts.extend(self.one(depth)),
            }
        }
        flat(parts, Expr::And)
    }

    /// Takes one condition; `None` when it is at fault.
    fn one(&mut self, depth: usize) -> Option<Expr> {
        let token = self.tokens.next()?;
        let range = token.range;
        if depth >= DEPTH {
            self.problem(range, format!("nested more than {DEPTH} deep"), "take some parentheses away");
            return None;
        }
        match token.kind {
            TokenKind::Not => match self.peek() {
                None | Some(TokenKind::And | TokenKind::Or | TokenKind::Close) => {
                    self.problem(range, "there is nothing to negate", "write a condition after it, or quote it");
                    None
                }
                Some(_) => self.one(depth + 1).map(negated),
            },
            TokenKind::Open => Some(self.group(range, depth)),
            TokenKind::Key(key, op, negates) => {
                let found = self.comparison(&key, op, range);
                if negates { found.map(negated) } else { found }
            }
            TokenKind::Word(word) => self.words(&word, range),
            TokenKind::Phrase(text) => self.text(text, WordForm::Phrase, range),
            TokenKind::Regex(text) => self.text(text, WordForm::Regex, range),
            TokenKind::Value { .. } | TokenKind::Close | TokenKind::And | TokenKind::Or => None,
        }
    }

    fn group(&mut self, open: Range<usize>, depth: usize) -> Expr {
        let inner = self.any(depth + 1);
        if self.peek() == Some(&TokenKind::Close) {
            self.tokens.next();
        } else {
            self.problem(open, "`(` is not closed", "end the group with )");
        }
        inner
    }

    /// Counts a condition; false, with a fault, when there are too many.
    fn count(&mut self, range: &Range<usize>) -> bool {
        self.terms += 1;
        if self.terms == TERMS + 1 {
            self.problem(range.clone(), format!("there are more than {TERMS} conditions"), "leave some out");
        }
        self.terms <= TERMS
    }

    fn text(&mut self, text: String, form: WordForm, range: Range<usize>) -> Option<Expr> {
        if text.is_empty() {
            self.problem(range, "the text is empty", "write what to look for");
            return None;
        }
        let has_words = text.chars().any(char::is_alphanumeric);
        let form = if form == WordForm::Phrase && !has_words { WordForm::Exact } else { form };
        self.count(&range).then_some(Expr::Words(Words { text, form, range }))
    }

    fn words(&mut self, word: &str, range: Range<usize>) -> Option<Expr> {
        let (stem, form) = match word.strip_suffix('*') {
            Some(stem) if !stem.contains('*') => (stem, WordForm::Prefix),
            _ if word.contains('*') => (word, WordForm::Wildcard),
            _ => (word, WordForm::Phrase),
        };
        // `*` alone is everything.
        if word.chars().all(|c| c == '*') && !word.is_empty() {
            return None;
        }
        if form == WordForm::Phrase && !stem.chars().any(char::is_alphanumeric) {
            self.problem(
                range,
                format!("{word:?} holds no letter and no digit"),
                format!("quote it to look for these characters: \"{}\"", word.replace('"', "")),
            );
            return None;
        }
        let (stem, form) = match form {
            WordForm::Prefix if !stem.chars().any(char::is_alphanumeric) => (word, WordForm::Wildcard),
            form => (stem, form),
        };
        self.text(stem.to_owned(), form, range)
    }

    fn comparison(&mut self, key: &str, op: Op, range: Range<usize>) -> Option<Expr> {
        match self.tokens.peek() {
            Some(Token { kind: TokenKind::Value { .. }, .. }) => {
                let value = self.tokens.next()?;
                let TokenKind::Value { text, is_quoted } = value.kind else { return None };
                self.compare(key, op, &range, Literal { text, is_quoted, range: value.range })
            }
            Some(Token { kind: TokenKind::Open, range: open }) => {
                let open = open.clone();
                self.tokens.next();
                self.alternatives(key, op, &range, &open)
            }
            _ => {
                let at = range.end.min(self.end);
                self.problem(
                    range.start..at,
                    format!("{key:?} is compared with nothing"),
                    format!("write a value, \"a quoted one\", or {key}:* for any"),
                );
                None
            }
        }
    }

    /// Takes `(a or b c)` after a key's operator: one of these values.
    fn alternatives(&mut self, key: &str, op: Op, range: &Range<usize>, open: &Range<usize>) -> Option<Expr> {
        let mut parts = Vec::new();
        loop {
            let Some(token) = self.tokens.next() else {
                self.problem(open.clone(), "`(` is not closed", "end the list of values with )");
                break;
            };
            match token.kind {
                TokenKind::Close => break,
                TokenKind::Or => {}
                TokenKind::Word(text) => {
                    parts.extend(self.compare(key, op, range, Literal { text, is_quoted: false, range: token.range }));
                }
                TokenKind::Phrase(text) => {
                    parts.extend(self.compare(key, op, range, Literal { text, is_quoted: true, range: token.range }));
                }
                _ => {
                    let hint = format!("list values only: {key}:(one or other)");
                    self.problem(token.range, "a list of values holds only values and `or`", hint);
                }
            }
        }
        if parts.is_empty() {
            self.problem(open.clone(), "the list of values is empty", format!("write {key}:(one or other)"));
            return None;
        }
        Some(flat(parts, Expr::Or))
    }

    fn compare(&mut self, key: &str, op: Op, range: &Range<usize>, value: Literal) -> Option<Expr> {
        if !self.count(range) {
            return None;
        }
        let whole = range.start..value.range.end;
        let plain = key.to_ascii_lowercase();
        if op == Op::Is && (plain == "has" || plain == "exists") {
            return Some(Expr::Has(split_place(&value.text, value.range)));
        }
        if op == Op::Is && plain == "is" {
            return match value.text.to_ascii_lowercase().as_str() {
                "root" => Some(Expr::Is(Is::Root, whole)),
                "error" => Some(Expr::Is(Is::Error, whole)),
                _ => {
                    self.problem(value.range, format!("{:?} is no property", value.text), "is:root and is:error are");
                    None
                }
            };
        }
        let key = split_place(key, range.clone());
        let is_any = !value.is_quoted && !value.text.is_empty() && value.text.chars().all(|c| c == '*');
        if is_any && matches!(op, Op::Is | Op::Equal) {
            return Some(Expr::Has(key));
        }
        Some(Expr::Compare(Compare { key, op, value }))
    }
}

fn negated(expr: Expr) -> Expr {
    Expr::Not(Box::new(expr))
}

/// One part stands for itself.
fn flat(mut parts: Vec<Expr>, join: impl Fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.len() {
        0 => Expr::And(Vec::new()),
        1 => parts.remove(0),
        _ => join(parts),
    }
}

/// Takes `@`, `resource.` and `scope.` off a key.
pub(crate) fn split_place(key: &str, range: Range<usize>) -> Key {
    let places = [("@", Place::Attribute), ("resource.", Place::Resource), ("scope.", Place::Scope)];
    let found = places
        .into_iter()
        .find_map(|(prefix, place)| key.strip_prefix(prefix).filter(|rest| !rest.is_empty()).map(|rest| (rest, place)));
    let (name, place) = found.unwrap_or((key, Place::Any));
    Key { name: name.to_owned(), place, range }
}
