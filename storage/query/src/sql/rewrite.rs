//! What happens to a statement between its text and DataFusion's planner.
//!
//! * Its size and nesting are bounded before anything recurses over it.
//! * `attr('key')` becomes `attr(attributes, 'key')`, likewise the resource's and the scope's; DataFusion then finds the
//!   column, or says that it is ambiguous. Result columns keep the text that was written.
//! * Hex literals that are compared with an id column become lower case, as the columns show ids.
//!
//! Working on the syntax tree, not on the plan, makes `ORDER BY attr('key')` and the like see the column they need.

use std::ops::ControlFlow;

use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, OrderByKind, Query, Select,
    SelectItem, SetExpr, Value, ValueWithSpan, VisitMut, VisitorMut, visit_expressions,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::error::QueryError;
use crate::functions::AttributeFunction;
use crate::limits::{MAX_SQL_BYTES, MAX_SQL_DEPTH, MAX_SQL_OPERATORS};

/// Parses one statement within bounds and rewrites it.
pub(crate) fn parse(sql: &str) -> Result<Statement, QueryError> {
    check_size(sql)?;
    let dialect = GenericDialect {};
    let parsed = DFParserBuilder::new(sql)
        .with_dialect(&dialect)
        .with_recursion_limit(MAX_SQL_DEPTH)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| QueryError::from_datafusion(&error, 0))?;
    let mut statements = parsed.into_iter();
    let (Some(mut statement), None) = (statements.next(), statements.next()) else {
        return Err(QueryError::invalid("exactly one statement is expected"));
    };
    rewrite(&mut statement);
    Ok(statement)
}

/// Refuses texts that would cost the parser and planner too much stack or time.
fn check_size(sql: &str) -> Result<(), QueryError> {
    let too_large = |what: String| QueryError::Invalid {
        message: what,
        hint: "split the statement, or replace chains of OR by IN (…)".to_owned(),
    };
    if sql.len() > MAX_SQL_BYTES {
        return Err(too_large(format!("the statement has {} bytes, at most {MAX_SQL_BYTES} are allowed", sql.len())));
    }
    let tokens =
        Tokenizer::new(&GenericDialect {}, sql).tokenize().map_err(|error| QueryError::invalid(error.to_string()))?;
    let operators = tokens.iter().filter(|token| is_operator(token)).count();
    if operators > MAX_SQL_OPERATORS {
        return Err(too_large(format!(
            "the statement has {operators} operators and joins, at most {MAX_SQL_OPERATORS} are allowed"
        )));
    }
    Ok(())
}

fn is_operator(token: &Token) -> bool {
    match token {
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::LIKE
                | Keyword::ILIKE
                | Keyword::BETWEEN
                | Keyword::IS
                | Keyword::UNION
                | Keyword::INTERSECT
                | Keyword::EXCEPT
                | Keyword::JOIN
                | Keyword::CASE
                | Keyword::WHEN
                | Keyword::SELECT
        ),
        Token::Whitespace(_)
        | Token::Comma
        | Token::LParen
        | Token::RParen
        | Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::Period
        | Token::SemiColon => false,
        Token::Plus | Token::Minus | Token::Mul | Token::Div | Token::Mod | Token::StringConcat => true,
        Token::Eq | Token::Neq | Token::Lt | Token::LtEq | Token::Gt | Token::GtEq => true,
        Token::DoubleColon | Token::LBracket | Token::Ampersand | Token::Pipe | Token::Caret | Token::Tilde => true,
        _ => false,
    }
}

fn rewrite(statement: &mut Statement) {
    match statement {
        Statement::Statement(inner) => {
            let _never_breaks: ControlFlow<()> = inner.visit(&mut Rewriter);
        }
        Statement::Explain(explain) => rewrite(&mut explain.statement),
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) | Statement::Reset(_) => {}
    }
}

struct Rewriter;

impl VisitorMut for Rewriter {
    type Break = ();

    /// What is ordered by a column of the SELECT list that changes is ordered by that column's name.
    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let (SetExpr::Select(select), Some(order)) = (query.body.as_ref(), query.order_by.as_mut())
            && let OrderByKind::Expressions(expressions) = &mut order.kind
        {
            for ordered in expressions.iter_mut().map(|ordered| &mut ordered.expr) {
                let is_selected = |item: &SelectItem| matches!(item, SelectItem::UnnamedExpr(expr) if expr == ordered);
                if has_short_form(ordered) && select.projection.iter().any(is_selected) {
                    *ordered = Expr::Identifier(Ident::with_quote('"', ordered.to_string()));
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Expressions of a SELECT list that change keep their text as the column's name.
    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) = item
                && has_short_form(expr)
            {
                let alias = Ident::with_quote('"', expr.to_string());
                *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => complete(function),
            Expr::BinaryOp { left, op: BinaryOperator::Eq | BinaryOperator::NotEq, right } => {
                if is_id(left) {
                    lower_hex(right);
                } else if is_id(right) {
                    lower_hex(left);
                }
            }
            Expr::Like { expr, pattern, .. } if is_id(expr) => lower_hex(pattern),
            Expr::InList { expr, list, .. } if is_id(expr) => list.iter_mut().for_each(lower_hex),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn has_short_form(expr: &Expr) -> bool {
    visit_expressions(expr, |expr| match expr {
        Expr::Function(function) if short_form(function).is_some() => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    })
    .is_break()
}

/// Returns the column that a call with the key alone reads.
fn short_form(function: &Function) -> Option<&'static str> {
    let [name] = function.name.0.as_slice() else { return None };
    let FunctionArguments::List(arguments) = &function.args else { return None };
    let [_key] = arguments.args.as_slice() else { return None };
    AttributeFunction::default_column(&name.as_ident()?.value)
}

/// Gives a one-argument `attr` and its kin the column that they read.
fn complete(function: &mut Function) {
    if let Some(column) = short_form(function)
        && let FunctionArguments::List(arguments) = &mut function.args
    {
        let column = FunctionArgExpr::Expr(Expr::Identifier(Ident::new(column)));
        arguments.args.insert(0, FunctionArg::Unnamed(column));
    }
}

/// Whether an expression names a column that shows an id.
fn is_id(expr: &Expr) -> bool {
    let name = match expr {
        Expr::Identifier(name) => Some(name),
        Expr::CompoundIdentifier(names) => names.last(),
        _ => None,
    };
    name.is_some_and(|name| {
        let name = name.value.to_ascii_lowercase();
        name.ends_with("trace_id") || name.ends_with("span_id") || name == "series_id"
    })
}

fn lower_hex(expr: &mut Expr) {
    if let Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) = expr
        && text.trim_end_matches('%').bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        text.make_ascii_lowercase();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sql: &str, expected: &str) {
        assert_eq!(parse(sql).unwrap().to_string(), expected);
    }

    #[test]
    fn short_forms_get_their_column_and_keep_their_name() {
        check("SELECT attr('k') FROM spans", "SELECT attr(attributes, 'k') AS \"attr('k')\" FROM spans");
        check(
            "SELECT name, 1 + attr_int('k') AS n FROM spans ORDER BY resource_attr('r')",
            "SELECT name, 1 + attr_int(attributes, 'k') AS n FROM spans ORDER BY resource_attr(resource, 'r')",
        );
        check(
            "SELECT DISTINCT attr('k') FROM spans ORDER BY attr('k') DESC",
            "SELECT DISTINCT attr(attributes, 'k') AS \"attr('k')\" FROM spans ORDER BY \"attr('k')\" DESC",
        );
        check("SELECT attr(s.attributes, 'k') FROM spans s", "SELECT attr(s.attributes, 'k') FROM spans s");
        check(
            "SELECT count(*) FROM logs WHERE id IN (SELECT scope_attr_bool('x') FROM logs)",
            "SELECT count(*) FROM logs WHERE id IN (SELECT scope_attr_bool(scope, 'x') AS \"scope_attr_bool('x')\" FROM logs)",
        );
        check(
            "EXPLAIN SELECT 1 FROM spans WHERE attr('k') = 'v'",
            "EXPLAIN SELECT 1 FROM spans WHERE attr(attributes, 'k') = 'v'",
        );
    }

    #[test]
    fn hex_beside_an_id_becomes_lower_case_and_nothing_else_does() {
        check(
            "SELECT 1 FROM spans WHERE s.trace_id = 'AB' AND 'CD' <> span_id AND name = 'EF'",
            "SELECT 1 FROM spans WHERE s.trace_id = 'ab' AND 'cd' <> span_id AND name = 'EF'",
        );
        check(
            "SELECT 1 FROM spans WHERE root_span_id IN ('AB', 'XY')",
            "SELECT 1 FROM spans WHERE root_span_id IN ('ab', 'XY')",
        );
    }

    #[test]
    fn size_is_bounded_before_parsing() {
        let chain = |count: usize| format!("SELECT 1{}", " AND 1".repeat(count));
        assert!(parse(&chain(MAX_SQL_OPERATORS - 1)).is_ok());
        assert_eq!(parse(&chain(MAX_SQL_OPERATORS)).unwrap_err().code(), "sql_invalid");
        let long = format!("SELECT '{}'", "x".repeat(MAX_SQL_BYTES));
        assert_eq!(parse(&long).unwrap_err().code(), "sql_invalid");
        let deep = format!("SELECT {}1{}", "(".repeat(1000), ")".repeat(1000));
        assert_eq!(parse(&deep).unwrap_err().code(), "sql_invalid");
        assert_eq!(parse("SELECT 1; SELECT 2").unwrap_err().code(), "sql_invalid");
        assert_eq!(parse("").unwrap_err().code(), "sql_invalid");
    }
}
