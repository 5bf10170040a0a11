//! Tokens: the words of the language with their places.

use crate::ast::{AggregateOp, BinaryOp, PosRange};
use crate::matcher::MatchOp;

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Eof,
    /// The text could not be read on; the message says why.
    Error(String),
    Comma,
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    Colon,
    At,
    /// `=` outside of braces, which nothing takes.
    Equal,
    /// `==`, `+`, …; `and`, `or`, `unless`, `atan2` are keywords.
    Op(BinaryOp),
    /// Inside of braces.
    Match(MatchOp),
    Number,
    Duration,
    String,
    Identifier,
    /// An identifier with a colon.
    MetricIdentifier,
    Keyword(Keyword),
}

/// Words that mean something where they stand; elsewhere they are names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    Op(BinaryOp),
    Aggregate(AggregateOp),
    Offset,
    Smoothed,
    Anchored,
    By,
    Without,
    On,
    Ignoring,
    GroupLeft,
    GroupRight,
    Fill,
    FillLeft,
    FillRight,
    Bool,
    Start,
    End,
    Step,
    Range,
    MaxOf,
    MinOf,
}

const KEYWORDS: [(&str, Keyword); 23] = [
    ("and", Keyword::Op(BinaryOp::And)),
    ("or", Keyword::Op(BinaryOp::Or)),
    ("unless", Keyword::Op(BinaryOp::Unless)),
    ("atan2", Keyword::Op(BinaryOp::Atan2)),
    ("offset", Keyword::Offset),
    ("smoothed", Keyword::Smoothed),
    ("anchored", Keyword::Anchored),
    ("by", Keyword::By),
    ("without", Keyword::Without),
    ("on", Keyword::On),
    ("ignoring", Keyword::Ignoring),
    ("group_left", Keyword::GroupLeft),
    ("group_right", Keyword::GroupRight),
    ("fill", Keyword::Fill),
    ("fill_left", Keyword::FillLeft),
    ("fill_right", Keyword::FillRight),
    ("bool", Keyword::Bool),
    ("start", Keyword::Start),
    ("end", Keyword::End),
    ("step", Keyword::Step),
    ("range", Keyword::Range),
    ("max_of", Keyword::MaxOf),
    ("min_of", Keyword::MinOf),
];

impl Keyword {
    /// Finds a keyword, whatever the case of its letters.
    pub(super) fn find(word: &str) -> Option<Self> {
        let keyword = KEYWORDS.iter().find(|(text, _)| text.eq_ignore_ascii_case(word)).map(|(_, keyword)| *keyword);
        let aggregate = || AggregateOp::ALL.into_iter().find(|op| op.as_str().eq_ignore_ascii_case(word));
        keyword.or_else(|| aggregate().map(Self::Aggregate))
    }

    /// Whether a metric may have this name without quotes.
    pub(super) const fn is_metric_name(self) -> bool {
        !matches!(
            self,
            Self::Op(BinaryOp::Atan2) | Self::On | Self::Ignoring | Self::GroupLeft | Self::GroupRight | Self::Bool
        )
    }

    /// Whether a call may start with this word.
    pub(super) const fn is_function_name(self) -> bool {
        matches!(self, Self::Start | Self::End | Self::Step | Self::Range | Self::MaxOf | Self::MinOf)
    }

    const fn is_preprocessor(self) -> bool {
        self.is_function_name()
    }
}

/// A token.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) range: PosRange,
}

impl Token {
    /// How messages name it.
    pub(super) fn describe(&self, source: &str) -> String {
        let text = source.get(self.range.start..self.range.end).unwrap_or_default();
        let quoted = || crate::text::quote(text);
        match &self.kind {
            Kind::Eof => "end of input".to_owned(),
            Kind::Error(message) => message.clone(),
            Kind::Op(_) | Kind::At | Kind::Keyword(Keyword::Op(_)) => format!("<op:{text}>"),
            Kind::Match(MatchOp::Equal) => quoted(),
            Kind::Match(_) => format!("<op:{text}>"),
            Kind::Keyword(Keyword::Aggregate(_)) => format!("<aggr:{text}>"),
            Kind::Keyword(keyword) if keyword.is_preprocessor() => quoted(),
            Kind::Keyword(_) => format!("<{text}>"),
            Kind::Number => format!("number {}", quoted_short(text)),
            Kind::Duration => format!("duration {}", quoted_short(text)),
            Kind::String => format!("string {}", quoted_short(text)),
            Kind::Identifier => format!("identifier {}", quoted()),
            Kind::MetricIdentifier => format!("metric identifier {}", quoted()),
            _ => quoted(),
        }
    }
}

/// Long literals are cut in messages, visibly.
fn quoted_short(text: &str) -> String {
    if text.len() <= 10 {
        return crate::text::quote(text);
    }
    let short: String = text.chars().take(10).collect();
    format!("{}...", crate::text::quote(&short))
}
