//! Calls of functions, and lists of arguments.

use super::token::Kind;
use super::{Parsed, Parser};
use crate::ast::{Call, Expr, ExprKind, PosRange};
use crate::functions::Function;

impl Parser<'_> {
    pub(super) fn call(&mut self) -> Parsed<Expr> {
        let name = self.advance().range;
        let (args, end) = self.arguments()?;
        let Some(function) = Function::find(self.text(name)) else {
            let quoted = crate::text::quote(self.text(name));
            self.error(name, format!("unknown function with name {quoted}"));
            return self.missing();
        };
        let range = PosRange::new(name.start, end);
        Ok(Expr { kind: ExprKind::Call(Call { function, args }), range })
    }

    /// `(a, b)`, and where it ends.
    pub(super) fn arguments(&mut self) -> Parsed<(Vec<Expr>, usize)> {
        let open = self.advance().range;
        if let Some(close) = self.accept(&Kind::RightParen) {
            return Ok((Vec::new(), close.range.end));
        }
        let mut args = vec![self.expression(0)?];
        while let Some(comma) = self.accept(&Kind::Comma) {
            if self.kind() == &Kind::RightParen {
                self.error(comma.range, "trailing commas not allowed in function call args");
                break;
            }
            args.push(self.expression(0)?);
        }
        let fallback = args.last().map_or(open.end, |last| last.range.end);
        let end = self.close(fallback)?;
        Ok((args, end))
    }
}
