//! From text to syntax tree: a lexer by hand, and precedence climbing over its tokens.
//!
//! [`parse`] gives a tree that is typed and ready to evaluate, or the mistakes. [`parse_recovering`] gives a tree in any case, for an editor:
//! holes are [`ExprKind::Missing`]. Neither can overflow the stack: nesting is bounded by [`crate::limits::EXPRESSION_DEPTH_MAX`].

use std::fmt;

use crate::ast::{Expr, ExprKind, PosRange};
use crate::limits::{EXPRESSION_BYTES_MAX, EXPRESSION_DEPTH_MAX};
use crate::matcher::Matcher;

mod aggregate;
mod binary;
mod call;
mod check;
mod duration;
mod lexer;
pub(crate) mod literal;
mod modifier;
mod primary;
mod selector;
#[cfg(test)]
mod tests;
mod token;

pub(crate) use duration::{SECONDS_MAX, millis_of};
use token::{Kind, Token};

/// A mistake in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Where.
    pub range: PosRange,
    /// What, in Prometheus's words.
    pub message: String,
    /// `line:column` of the start.
    pub position: String,
}

/// `1:5: parse error: unexpected …`
impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: parse error: {}", self.position, self.message)
    }
}

/// The mistakes of an expression, in the order of discovery; never none. Shows the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseErrors(pub Vec<ParseError>);

impl fmt::Display for ParseErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.first() {
            Some(first) => first.fmt(f),
            None => f.write_str("unknown parse error"),
        }
    }
}

impl std::error::Error for ParseErrors {}

impl From<ParseErrors> for crate::Error {
    fn from(errors: ParseErrors) -> Self {
        Self::bad_data(errors.to_string())
    }
}

/// Parses and checks an expression.
///
/// # Errors
/// Every mistake that was found.
pub fn parse(source: &str) -> Result<Expr, ParseErrors> {
    let mut parser = Parser::new(source, false);
    let expr = parser.whole();
    if let (Some(expr), true) = (&expr, parser.errors.is_empty()) {
        parser.check(expr, true);
    }
    match expr {
        Some(expr) if parser.errors.is_empty() => Ok(expr),
        _ => Err(ParseErrors(parser.errors)),
    }
}

/// Parses whatever is there. The tree has holes where the text has; the types are checked only when there are no other mistakes.
/// Regular expressions are not compiled, so that a browser needs no engine for them.
#[must_use]
pub fn parse_recovering(source: &str) -> (Option<Expr>, Vec<ParseError>) {
    let mut parser = Parser::new(source, true);
    let expr = parser.whole();
    if let (Some(expr), true) = (&expr, parser.errors.is_empty()) {
        parser.check(expr, false);
    }
    (expr, parser.errors)
}

/// Parses the selector of a `match[]` parameter.
///
/// # Errors
/// Every mistake that was found. Unlike in an expression, a selector may match everything: the caller decides.
pub fn parse_selector(source: &str) -> Result<Vec<Matcher>, ParseErrors> {
    let mut parser = Parser::new(source, false);
    let selector = parser.selector_only();
    let matchers = selector.and_then(|selector| match selector.matchers() {
        Ok(matchers) => Some(matchers),
        Err((range, message)) => {
            parser.error(range, message);
            None
        }
    });
    match matchers {
        Some(matchers) if parser.errors.is_empty() => Ok(matchers),
        _ => Err(ParseErrors(parser.errors)),
    }
}

/// The mistake has been written down; parsing cannot go on from here.
struct Stop;

type Parsed<T> = Result<T, Stop>;

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    at: usize,
    errors: Vec<ParseError>,
    depth: usize,
    /// How many arguments of aggregations are open: they change how mistakes are worded.
    aggregations: usize,
    is_recovering: bool,
}

impl<'a> Parser<'a> {
    fn new(source: &'a str, is_recovering: bool) -> Self {
        let too_long = source.len() > EXPRESSION_BYTES_MAX;
        let tokens = if too_long { Vec::new() } else { lexer::tokens(source) };
        let mut parser = Self { source, tokens, at: 0, errors: Vec::new(), depth: 0, aggregations: 0, is_recovering };
        if too_long {
            parser.error(PosRange::default(), format!("expression is longer than {EXPRESSION_BYTES_MAX} bytes"));
        }
        parser
    }

    fn whole(&mut self) -> Option<Expr> {
        if !self.errors.is_empty() {
            return None;
        }
        if self.kind() == &Kind::Eof {
            self.error(PosRange::default(), "no expression found in input");
            return None;
        }
        let expr = self.expression(0).ok()?;
        while self.kind() != &Kind::Eof {
            self.unexpected("", "");
            if !self.is_recovering || matches!(self.kind(), Kind::Error(_)) {
                break;
            }
            self.advance();
            // What stands behind the surprise is read for its own mistakes only.
            if !matches!(self.kind(), Kind::Eof | Kind::Error(_)) && self.expression(0).is_err() {
                break;
            }
        }
        Some(expr)
    }

    fn token(&self) -> Token {
        let end = self.source.len();
        self.tokens.get(self.at).cloned().unwrap_or(Token { kind: Kind::Eof, range: PosRange::new(end, end) })
    }

    fn kind(&self) -> &Kind {
        self.tokens.get(self.at).map_or(&Kind::Eof, |token| &token.kind)
    }

    fn kind_after(&self) -> &Kind {
        self.tokens.get(self.at + 1).map_or(&Kind::Eof, |token| &token.kind)
    }

    fn advance(&mut self) -> Token {
        let token = self.token();
        // The last token stays: the end, or what could not be read.
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        token
    }

    fn accept(&mut self, kind: &Kind) -> Option<Token> {
        (self.kind() == kind).then(|| self.advance())
    }

    fn text(&self, range: PosRange) -> &'a str {
        self.source.get(range.start..range.end).unwrap_or_default()
    }

    fn error(&mut self, range: PosRange, message: impl Into<String>) {
        let position = range.line_and_column(self.source);
        self.errors.push(ParseError { range, message: message.into(), position });
    }

    /// Writes down that the token at hand does not fit.
    fn unexpected(&mut self, context: &str, expected: &str) {
        let token = self.token();
        if let Kind::Error(message) = token.kind {
            if !self.errors.iter().any(|error| error.message == message && error.range == token.range) {
                self.error(token.range, message);
            }
            return;
        }
        let context = match (context, self.aggregations) {
            ("", depth) if depth > 0 => " in aggregation".to_owned(),
            ("", _) => String::new(),
            (context, _) => format!(" in {context}"),
        };
        let expected = if expected.is_empty() { String::new() } else { format!(", expected {expected}") };
        self.error(token.range, format!("unexpected {}{context}{expected}", token.describe(self.source)));
    }

    fn fail<T>(&mut self, context: &str, expected: &str) -> Parsed<T> {
        self.unexpected(context, expected);
        Err(Stop)
    }

    /// Goes one level deeper, or says that this is too deep.
    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= EXPRESSION_DEPTH_MAX {
            let range = self.token().range;
            self.too_deep(range);
            return Err(Stop);
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn too_deep(&mut self, range: PosRange) {
        self.error(range, format!("expression is nested more than {EXPRESSION_DEPTH_MAX} levels deep"));
    }

    /// A hole, in a recovering parser; a stop in a strict one.
    fn missing(&mut self) -> Parsed<Expr> {
        if !self.is_recovering {
            return Err(Stop);
        }
        let at = self.token().range.start;
        Ok(Expr { kind: ExprKind::Missing, range: PosRange::new(at, at) })
    }
}
