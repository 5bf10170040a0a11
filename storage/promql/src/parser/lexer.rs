//! From text to tokens.
//!
//! Three places have rules of their own: braces (label matchers), brackets (durations), and the rest. The first thing that cannot be read
//! ends the tokens with an error; what stands before it is still parsed, for an editor.

use super::token::{Keyword, Kind, Token};
use crate::ast::{BinaryOp, PosRange};
use crate::matcher::MatchOp;

mod number;
mod string;

/// Reads a whole text. The last token is [`Kind::Eof`] or [`Kind::Error`].
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer { source, pos: 0, start: 0, out: Vec::new(), parens: 0, in_braces: false, bracket: None };
    loop {
        match lexer.next_token() {
            Ok(true) => {}
            Ok(false) => break,
            Err(message) => {
                lexer.push(Kind::Error(message));
                break;
            }
        }
    }
    lexer.out
}

/// Inside of brackets.
#[derive(Clone, Copy, Default)]
struct Bracket {
    got_duration: bool,
    got_colon: bool,
}

struct Lexer<'a> {
    source: &'a str,
    pos: usize,
    start: usize,
    out: Vec<Token>,
    parens: i32,
    in_braces: bool,
    bracket: Option<Bracket>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.source.get(self.pos..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.pos += char.len_utf8();
        Some(char)
    }

    fn accept(&mut self, wanted: impl Fn(char) -> bool) -> bool {
        let found = self.peek().is_some_and(wanted);
        if found {
            self.bump();
        }
        found
    }

    fn accept_run(&mut self, wanted: impl Fn(char) -> bool + Copy) {
        while self.accept(wanted) {}
    }

    fn text(&self) -> &str {
        self.source.get(self.start..self.pos).unwrap_or_default()
    }

    fn push(&mut self, kind: Kind) {
        let end = if matches!(kind, Kind::Error(_)) { self.source.len() } else { self.pos };
        self.out.push(Token { kind, range: PosRange::new(self.start, end) });
    }

    /// Reads one token; false at the end.
    fn next_token(&mut self) -> Result<bool, String> {
        self.accept_run(is_space);
        self.start = self.pos;
        if self.peek() == Some('#') {
            self.accept_run(|char| char != '\n' && char != '\r');
            return Ok(true);
        }
        let Some(first) = self.bump() else { return self.at_end() };
        let kind = match (self.in_braces, self.bracket) {
            (true, _) => self.inside_braces(first)?,
            (false, Some(bracket)) => self.inside_brackets(first, bracket)?,
            (false, None) => self.statement(first)?,
        };
        self.push(kind);
        Ok(true)
    }

    fn at_end(&mut self) -> Result<bool, String> {
        if self.in_braces {
            return Err("unexpected end of input inside braces".to_owned());
        }
        if let Some(bracket) = self.bracket {
            let text = if bracket.got_duration {
                "unclosed left bracket"
            } else {
                "unexpected end of input in duration expression"
            };
            return Err(
                if self.parens != 0 && bracket.got_duration { "unclosed left parenthesis" } else { text }.to_owned()
            );
        }
        if self.parens != 0 {
            return Err("unclosed left parenthesis".to_owned());
        }
        self.push(Kind::Eof);
        Ok(false)
    }

    fn statement(&mut self, first: char) -> Result<Kind, String> {
        if let Some(kind) = self.operator(first)? {
            return Ok(kind);
        }
        Ok(match first {
            ',' => Kind::Comma,
            '@' => Kind::At,
            '(' => self.open_paren(),
            ')' => self.close_paren()?,
            '{' => {
                self.in_braces = true;
                Kind::LeftBrace
            }
            '[' => {
                self.bracket = Some(Bracket::default());
                Kind::LeftBracket
            }
            ']' => return Err(format!("unexpected right bracket {}", quote_char(first))),
            '"' | '\'' | '`' => {
                self.string(first)?;
                Kind::String
            }
            char if is_alpha(char) || char == ':' => self.word(),
            char if char.is_ascii_digit() || (char == '.' && self.peek().is_some_and(|next| next.is_ascii_digit())) => {
                self.pos = self.start;
                self.number_or_duration()?
            }
            char => return Err(format!("unexpected character: {}", quote_char(char))),
        })
    }

    fn operator(&mut self, first: char) -> Result<Option<Kind>, String> {
        let op = match first {
            '+' => BinaryOp::Add,
            '-' => BinaryOp::Sub,
            '*' => BinaryOp::Mul,
            '/' => BinaryOp::Div,
            '%' => BinaryOp::Mod,
            '^' => BinaryOp::Pow,
            '=' if self.accept(|char| char == '=') => BinaryOp::Equal,
            '=' if self.peek() == Some('~') => return Err("unexpected character after '=': '~'".to_owned()),
            '=' => return Ok(Some(Kind::Equal)),
            '!' if self.accept(|char| char == '=') => BinaryOp::NotEqual,
            '!' => return Err(format!("unexpected character after '!': {}", quote_next(self.peek()))),
            '<' if self.accept(|char| char == '=') => BinaryOp::LessEqual,
            '<' if self.accept(|char| char == '/') => BinaryOp::TrimUpper,
            '<' => BinaryOp::Less,
            '>' if self.accept(|char| char == '=') => BinaryOp::GreaterEqual,
            '>' if self.accept(|char| char == '/') => BinaryOp::TrimLower,
            '>' => BinaryOp::Greater,
            _ => return Ok(None),
        };
        Ok(Some(Kind::Op(op)))
    }

    fn open_paren(&mut self) -> Kind {
        self.parens += 1;
        Kind::LeftParen
    }

    fn close_paren(&mut self) -> Result<Kind, String> {
        self.parens -= 1;
        if self.parens < 0 {
            return Err("unexpected right parenthesis ')'".to_owned());
        }
        Ok(Kind::RightParen)
    }

    /// A keyword, a name, or a name with colons.
    fn word(&mut self) -> Kind {
        self.accept_run(|char| is_alpha(char) || char.is_ascii_digit() || char == ':');
        let word = self.text();
        if word.eq_ignore_ascii_case("inf") || word.eq_ignore_ascii_case("nan") {
            return Kind::Number;
        }
        match Keyword::find(word) {
            // These are younger than many names of metrics: words only before a parenthesis.
            Some(Keyword::Fill | Keyword::FillLeft | Keyword::FillRight)
                if !self.rest().trim_start_matches(is_space).starts_with('(') =>
            {
                Kind::Identifier
            }
            Some(keyword) => Kind::Keyword(keyword),
            None if word.contains(':') => Kind::MetricIdentifier,
            None => Kind::Identifier,
        }
    }

    fn inside_braces(&mut self, first: char) -> Result<Kind, String> {
        Ok(match first {
            char if is_alpha(char) => {
                self.accept_run(|char| is_alpha(char) || char.is_ascii_digit());
                Kind::Identifier
            }
            ',' => Kind::Comma,
            '"' | '\'' | '`' => {
                self.string(first)?;
                Kind::String
            }
            '=' if self.accept(|char| char == '~') => Kind::Match(MatchOp::Regex),
            '=' => Kind::Match(MatchOp::Equal),
            '!' if self.accept(|char| char == '~') => Kind::Match(MatchOp::NotRegex),
            '!' if self.accept(|char| char == '=') => Kind::Match(MatchOp::NotEqual),
            '!' => return Err(format!("unexpected character after '!' inside braces: {}", quote_next(self.peek()))),
            '{' => return Err("unexpected left brace '{'".to_owned()),
            '}' => {
                self.in_braces = false;
                Kind::RightBrace
            }
            char => return Err(format!("unexpected character inside braces: {}", quote_char(char))),
        })
    }

    fn inside_brackets(&mut self, first: char, bracket: Bracket) -> Result<Kind, String> {
        if let Some(kind) = match first {
            '+' => Some(BinaryOp::Add),
            '-' => Some(BinaryOp::Sub),
            '*' => Some(BinaryOp::Mul),
            '/' => Some(BinaryOp::Div),
            '%' => Some(BinaryOp::Mod),
            '^' => Some(BinaryOp::Pow),
            _ => None,
        } {
            return Ok(Kind::Op(kind));
        }
        Ok(match first {
            ']' => {
                self.bracket = None;
                Kind::RightBracket
            }
            ':' if !bracket.got_duration => {
                return Err("unexpected colon before duration in duration expression".to_owned());
            }
            ':' if bracket.got_colon => return Err("unexpected repeated colon in duration expression".to_owned()),
            ':' => {
                self.bracket = Some(Bracket { got_colon: true, ..bracket });
                Kind::Colon
            }
            '[' => return Err("unexpected left bracket '['".to_owned()),
            ',' => Kind::Comma,
            '(' => self.open_paren(),
            ')' => self.close_paren()?,
            char if char.is_ascii_digit() || (char == '.' && self.peek().is_some_and(|next| next.is_ascii_digit())) => {
                self.pos = self.start;
                self.bracket = Some(Bracket { got_duration: true, ..bracket });
                self.number_or_duration()?
            }
            char => {
                self.accept_run(is_alpha);
                match Keyword::find(self.text()) {
                    Some(keyword @ (Keyword::Step | Keyword::Range | Keyword::MaxOf | Keyword::MinOf)) => {
                        self.bracket = Some(Bracket { got_duration: true, ..bracket });
                        Kind::Keyword(keyword)
                    }
                    _ => return Err(format!("unexpected character in duration expression: {}", quote_char(char))),
                }
            }
        })
    }
}

fn is_space(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\n' | '\r')
}

fn is_alpha(char: char) -> bool {
    char.is_ascii_alphabetic() || char == '_'
}

/// In single quotes, as Go prints a character.
fn quote_char(char: char) -> String {
    match char {
        '\'' => "'\\''".to_owned(),
        '\n' => "'\\n'".to_owned(),
        '\t' => "'\\t'".to_owned(),
        '\\' => "'\\\\'".to_owned(),
        char if u32::from(char) < 0x20 || char == '\u{7f}' => format!("'\\x{:02x}'", u32::from(char)),
        char => format!("'{char}'"),
    }
}

/// The end of the text prints as Go prints its marker for it.
fn quote_next(char: Option<char>) -> String {
    char.map_or_else(|| "'\u{fffd}'".to_owned(), quote_char)
}
