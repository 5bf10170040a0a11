//! The parser: how tightly operators bind, literals, places, mistakes, and what is left of a text with mistakes.

use super::literal::{duration, format_duration, number};
use super::{parse, parse_recovering, parse_selector};
use crate::ast::ExprKind;

/// The tree with every operation in brackets of its own.
fn shape(text: &str) -> String {
    fn walk(expr: &crate::Expr) -> String {
        match &expr.kind {
            ExprKind::Binary(binary) => format!("[{} {} {}]", walk(&binary.lhs), binary.op.as_str(), walk(&binary.rhs)),
            ExprKind::Unary(unary) => format!("[{}{}]", if unary.is_minus { "-" } else { "+" }, walk(&unary.expr)),
            ExprKind::Paren(inner) => walk(inner),
            _ => expr.to_string(),
        }
    }
    walk(&parse(text).unwrap_or_else(|error| panic!("{text}: {error}")))
}

fn error(text: &str) -> String {
    match parse(text) {
        Ok(expr) => panic!("{text} is read as {expr}"),
        Err(error) => error.to_string(),
    }
}

/// Scenario: operators of every level meet; `^` associates to the right, a sign binds like `*`.
#[test]
fn operators_bind_as_in_prometheus() {
    for (text, wanted) in [
        ("1 + 2 * 3", "[1 + [2 * 3]]"),
        ("a * b + c", "[[a * b] + c]"),
        ("2 ^ 3 ^ 2", "[2 ^ [3 ^ 2]]"),
        ("-a ^ 2", "[-[a ^ 2]]"),
        ("-2 ^ 2", "[-[2 ^ 2]]"),
        ("a ^ -2", "[a ^ -2]"),
        ("a ^ -b * c", "[[a ^ [-b]] * c]"),
        ("-a * b", "[[-a] * b]"),
        ("- -a", "[-[-a]]"),
        ("a % b / c", "[[a % b] / c]"),
        ("a atan2 b ^ c", "[a atan2 [b ^ c]]"),
        ("a - b - c", "[[a - b] - c]"),
        ("a == b + c", "[a == [b + c]]"),
        ("a > b < c", "[[a > b] < c]"),
        ("a and b or c unless d", "[[a and b] or [c unless d]]"),
        ("a or b and c", "[a or [b and c]]"),
        ("a and b > 1", "[a and [b > 1]]"),
        ("a </ 2 + 1", "[a </ [2 + 1]]"),
        ("a >/ b", "[a >/ b]"),
        ("a + b offset 5m", "[a + b offset 5m]"),
        ("a offset 1m + b", "[a offset 1m + b]"),
        ("a offset -2 ^ 2", "[a offset -2s ^ 2]"),
    ] {
        assert_eq!(shape(text), wanted, "{text}");
    }
}

/// Scenario: every way to write a number, and texts that look like one.
#[test]
fn numbers() {
    for (text, wanted) in [
        ("1", 1.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("1E-3", 0.001),
        ("0x1F", 31.0),
        ("0X_1f", 31.0),
        ("017", 15.0),
        ("08", 8.0),
        ("1_000", 1000.0),
        ("1_0.5e1_0", 10.5e10),
        ("9223372036854775808", 9_223_372_036_854_775_808.0),
        ("Inf", f64::INFINITY),
        ("inF", f64::INFINITY),
    ] {
        assert_eq!(number(text), Some(wanted), "{text}");
        assert!(parse(text).is_ok(), "{text}");
    }
    assert!(number("NaN").is_some_and(f64::is_nan));
    for text in ["1__0", "_1", "1_", "0x", "1e", "1e_1", "1.2.3", "0x1.5", "1abc", "1._5"] {
        assert!(parse(text).is_err() || matches!(parse(text).unwrap().kind, ExprKind::Vector(_)), "{text}");
    }
    assert_eq!(error("0x1.5"), "1:1: parse error: bad number or duration syntax: \"0x1.\"");
}

/// Scenario: durations stand for seconds, units go from long to short, and print shortest.
#[test]
fn durations() {
    assert_eq!(duration("1h30m"), Ok(5_400_000));
    assert_eq!(duration("1y2w3d4h5m6s7ms"), Ok(33_019_506_007));
    assert_eq!(duration("0"), Ok(0));
    for wrong in ["", "1", "m", "1m1h", "1m1m", "1.5m", "-1m", "1x"] {
        assert!(duration(wrong).is_err(), "{wrong}");
    }
    assert_eq!(duration("300000y"), Err("duration out of range".to_owned()));
    for (millis, wanted) in [(5_400_000, "1h30m"), (604_800_000, "1w"), (90 * 86_400_000, "90d"), (1, "1ms"), (0, "0s")]
    {
        assert_eq!(format_duration(millis), wanted);
    }
    assert_eq!(parse("a[90] offset 1h30m").unwrap().to_string(), "a[1m30s] offset 1h30m");
    assert_eq!(parse("5m").unwrap().to_string(), "5m");
    assert_eq!(parse("-5m").unwrap().to_string(), "-5m");
}

/// Scenario: escapes, raw texts, both quotes, and bytes that are no UTF-8.
#[test]
fn texts() {
    let text = |source: &str| match parse(source).unwrap().kind {
        ExprKind::String(literal) => literal,
        other => panic!("{other:?}"),
    };
    assert_eq!(text(r#""a\n\t\"\\\x41\101\u00e9\U0001F600""#).text, "a\n\t\"\\AA\u{e9}\u{1F600}");
    assert_eq!(text(r"'it\'s'").text, "it's");
    assert_eq!(text("`raw\\n\n`").text, "raw\\n\n");
    assert_eq!(text(r#""a\xc5z""#).quoted(), r#""a\xc5z""#);
    assert_eq!(error(r#""a"#), "1:1: parse error: unterminated quoted string");
    assert_eq!(error("`a"), "1:1: parse error: unterminated raw string");
    assert_eq!(error(r#""\d""#), "1:1: parse error: unknown escape sequence U+0064 'd'");
    assert_eq!(error("\"a\nb\""), "1:1: parse error: unterminated quoted string");
}

/// Scenario: names of metrics that are keywords or not identifiers; names in braces; comments.
#[test]
fn selectors() {
    for text in [
        "sum",
        "by",
        "offset + offset",
        "start",
        "step",
        "fill + fill",
        "anchored",
        "a:b",
        "max_of",
        r#"{"http.server.duration", "label.name"="x", b=~"y|z",}"#,
        r#"{__name__=~"a.*"}"#,
        "# first\na # last",
    ] {
        assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
    }
    assert_eq!(parse(r#"{"a.b"}"#).unwrap().to_string(), r#"{__name__="a.b"}"#);
    assert_eq!(parse_selector(r#"up{job="a"}"#).unwrap().len(), 2);
    assert!(parse_selector("up[5m]").is_err() && parse_selector("1").is_err());
    assert_eq!(parse_selector("{}").unwrap().len(), 0);
}

/// Scenario: mistakes of syntax, in Prometheus's words, with line and column.
#[test]
fn mistakes_of_syntax() {
    for (text, wanted) in [
        ("", "1:1: parse error: no expression found in input"),
        ("# only a comment", "1:1: parse error: no expression found in input"),
        ("1 +", "1:4: parse error: unexpected end of input"),
        ("*1", "1:1: parse error: unexpected <op:*>"),
        ("(1))", "1:4: parse error: unexpected right parenthesis ')'"),
        ("((1)", "1:5: parse error: unclosed left parenthesis"),
        ("foo bar", "1:5: parse error: unexpected identifier \"bar\""),
        ("foo 1", "1:5: parse error: unexpected number \"1\""),
        ("1 !~ 2", "1:3: parse error: unexpected character after '!': '~'"),
        ("1 =~ 2", "1:3: parse error: unexpected character after '=': '~'"),
        ("foo{", "1:5: parse error: unexpected end of input inside braces"),
        ("foo{a}", "1:6: parse error: unexpected \"}\" in label matching, expected label matching operator"),
        ("foo{a=b}", "1:7: parse error: unexpected identifier \"b\" in label matching, expected string"),
        ("foo{,}", "1:5: parse error: unexpected \",\" in label matching, expected identifier or \"}\""),
        (
            "foo{a=\"b\" c=\"d\"}",
            "1:11: parse error: unexpected identifier \"c\" in label matching, expected \",\" or \"}\"",
        ),
        ("foo{1=\"a\"}", "1:5: parse error: unexpected character inside braces: '1'"),
        ("foo[5m", "1:7: parse error: unclosed left bracket"),
        (
            "foo[]",
            "1:5: parse error: unexpected \"]\" in subquery or range selector, expected number, duration, step(), or range()",
        ),
        ("foo[0m]", "1:5: parse error: duration must be greater than 0"),
        ("foo[5mm]", "1:5: parse error: bad number or duration syntax: \"5mm\""),
        (
            "foo offset",
            "1:11: parse error: unexpected end of input in offset, expected number, duration, step(), or range()",
        ),
        ("foo @", "1:6: parse error: unexpected end of input in @, expected timestamp"),
        ("sum by (foo", "1:12: parse error: unclosed left parenthesis"),
        ("sum (a) by b", "1:12: parse error: unexpected identifier \"b\" in grouping opts, expected \"(\""),
        (
            "sum (a) by (b c)",
            "1:15: parse error: unexpected identifier \"c\" in grouping opts, expected \",\" or \")\"",
        ),
        ("sum (a) by (1)", "1:13: parse error: unexpected number \"1\" in grouping opts, expected label"),
        ("rate(a[5m],)", "1:11: parse error: trailing commas not allowed in function call args"),
        ("unknown(a)", "1:1: parse error: unknown function with name \"unknown\""),
        ("\n  *", "2:3: parse error: unexpected <op:*>"),
        ("a{b=~\"(\"}", "1:3: parse error: error parsing regexp: missing closing ): `(`"),
    ] {
        assert_eq!(error(text), wanted, "{text}");
    }
}

/// Scenario: mistakes of types and of meaning.
#[test]
fn mistakes_of_meaning() {
    for (text, wanted) in [
        ("1 and 1", "1:1: parse error: set operator \"and\" not allowed in binary scalar expression"),
        ("1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier"),
        ("a + bool b", "1:3: parse error: bool modifier can only be used on comparison operators"),
        ("a and on(b) group_left() c", "1:1: parse error: no grouping allowed for \"and\" operation"),
        ("a + on(b) group_left(b) c", "1:3: parse error: label \"b\" must not occur in ON and GROUP clause at once"),
        ("1 + on(a) b", "1:1: parse error: vector matching only allowed between instant vectors"),
        ("1 + fill(2) b", "1:1: parse error: filling in missing series only allowed between instant vectors"),
        ("a and fill(2) b", "1:1: parse error: filling in missing series not allowed for set operators"),
        ("rate(a)", "1:6: parse error: expected type range vector in call to function \"rate\", got instant vector"),
        ("rate(a[5m], 1)", "1:1: parse error: expected 1 argument(s) in call to \"rate\", got 2"),
        ("round()", "1:1: parse error: expected at least 1 argument(s) in call to \"round\", got 0"),
        ("round(a, 1, 2)", "1:1: parse error: expected at most 2 argument(s) in call to \"round\", got 3"),
        ("sum(1)", "1:5: parse error: expected type instant vector in aggregation expression, got scalar"),
        ("topk(a, a)", "1:6: parse error: expected type scalar in aggregation parameter, got instant vector"),
        ("sum()", "1:1: parse error: no arguments for aggregate expression provided"),
        ("topk(a)", "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1"),
        ("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
        ("{a=\"\"}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
        ("{a=~\".*\"}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
        ("a{__name__=\"b\"}", "1:1: parse error: metric name must not be set twice: \"a\" or \"b\""),
        ("a[5m][5m:1m]", "1:1: parse error: subquery is only allowed on instant vector, got matrix instead"),
        ("(a)[5m]", "1:4: parse error: ranges only allowed for vector selectors"),
        ("a offset 1m [5m]", "1:13: parse error: no offset modifiers allowed before range"),
        ("a @ 1 [5m]", "1:7: parse error: no @ modifiers allowed before range"),
        ("a offset 1m offset 2m", "1:1: parse error: offset may not be set multiple times"),
        ("a @ 1 @ 2", "1:1: parse error: @ <timestamp> may not be set multiple times"),
        (
            "(a + b) offset 1m",
            "1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
        ),
        ("a @ Inf", "1:1: parse error: timestamp out of bounds for @ modifier: +Inf"),
        (
            "-\"a\"",
            "1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got \"string\"",
        ),
        ("a[5m] anchored smoothed", "1:1: parse error: anchored and smoothed modifiers cannot be used together"),
        ("a[5m:1m] anchored", "1:1: parse error: anchored modifier is not supported for subqueries"),
        ("info(a, b)", "1:9: parse error: expected label selectors only, got vector selector instead"),
        (
            "label_join(a, 1, \"b\", \"c\")",
            "1:15: parse error: expected type string in call to function \"label_join\", got scalar",
        ),
    ] {
        assert_eq!(error(text), wanted, "{text}");
    }
}

/// Scenario: every node knows where it stands.
#[test]
fn places() {
    let text = "sum by (a) (rate(x{b=\"c\"}[5m] offset 1m)) / on (a) y";
    let expr = parse(text).unwrap();
    let at = |expr: &crate::Expr| text.get(expr.range.start..expr.range.end).unwrap();
    assert_eq!(at(&expr), text);
    let sides = expr.children();
    assert_eq!(at(sides[0]), "sum by (a) (rate(x{b=\"c\"}[5m] offset 1m))");
    let call = sides[0].children()[0];
    assert_eq!(at(call), "rate(x{b=\"c\"}[5m] offset 1m)");
    assert_eq!(at(call.children()[0]), "x{b=\"c\"}[5m] offset 1m");
    assert_eq!(at(sides[1]), "y");
}

/// Scenario: an editor asks about a text in the middle of being written.
#[test]
fn an_unfinished_text_still_has_a_tree() {
    for (text, wanted) in [
        ("sum(rate(", "unclosed"),
        ("sum(rate(x[5m]", "unclosed"),
        ("sum(x) + ", "unexpected end"),
        ("x{a=\"b\", c", "inside braces"),
        ("rate(x[5m]) by", "unexpected"),
        ("a + * b", "unexpected"),
        ("foo(x)", "unknown function"),
    ] {
        let (expr, errors) = parse_recovering(text);
        assert!(errors.iter().any(|error| error.message.contains(wanted)), "{text}: {errors:?}");
        assert!(expr.is_some(), "{text}");
    }
    let (expr, _) = parse_recovering("sum(x) + ");
    let expr = expr.unwrap();
    assert!(matches!(&expr.kind, ExprKind::Binary(binary) if binary.rhs.kind == ExprKind::Missing));
    assert_eq!(expr.selectors().len(), 1);
}

/// Scenario: texts that nest without end are refused, not followed until the stack is full.
#[test]
fn depth_is_bounded() {
    let deep =
        |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(100_000), close.repeat(100_000));
    for text in [
        deep("(", "1", ")"),
        deep("-", "a", ""),
        deep("abs(", "a", ")"),
        deep("sum(", "a", ")"),
        deep("1^", "1", ""),
        deep("", "a", " or a"),
        deep("", "a", "[1m:1m]"),
        format!("a[{}]", deep("(", "1m", ")")),
        format!("a[{}]", deep("", "1m", "+1m")),
    ] {
        let message = error(&text);
        assert!(message.contains("levels deep") || message.contains("subquery is only"), "{message}");
        assert!(!parse_recovering(&text).1.is_empty());
    }
    let long = format!("a{}", " ".repeat(crate::limits::EXPRESSION_BYTES_MAX));
    assert!(error(&long).contains("longer than"));
}

/// Scenario: the table of functions can be searched.
#[test]
fn functions_are_sorted() {
    assert!(crate::functions::Function::all().is_sorted_by(|left, right| left.name < right.name));
}
