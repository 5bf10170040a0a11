//! Expressions as text: the canonical form, and how long ones are broken.

use super::pretty;
use crate::{parse, to_json};

/// Scenario: blanks, letter case and the order of clauses are made one way.
#[test]
fn the_canonical_form() {
    for (text, wanted) in [
        ("SUM(a)BY(b,c)", "sum by (b, c) (a)"),
        ("sum by()(a)", "sum(a)"),
        ("sum without()(a)", "sum without () (a)"),
        ("a{ c='d' , b!=\"e\" }", "a{b!=\"e\",c=\"d\"}"),
        ("{'a.b',c='d'}", "{__name__=\"a.b\",c=\"d\"}"),
        ("sum by ('a.b') (c)", "sum by (\"a.b\") (c)"),
        ("a+ignoring(b)c", "a + ignoring (b) c"),
        ("a*on()c", "a * on () c"),
        ("a>bool on(b)group_left(c)d", "a > bool on (b) group_left (c) d"),
        ("a+on(b)group_right d", "a + on (b) group_right () d"),
        ("a+fill(1)b", "a + fill (1) b"),
        ("a+fill_left(1)fill_right(-2.5)b", "a + fill_left (1) fill_right (-2.5) b"),
        ("a[300]offset -1h@1.5", "a[5m] @ 1.500 offset -1h"),
        ("a offset 5m @ end()", "a @ end() offset 5m"),
        ("a[5m]anchored", "a[5m] anchored"),
        ("a smoothed offset 1m", "a smoothed offset 1m"),
        ("(a)[1h:]@start()", "(a)[1h:] @ start()"),
        ("a[5m+1m*2]", "a[5m + 1m * 2]"),
        ("a[(5m+1m)*2:step()]", "a[(5m + 1m) * 2:step()]"),
        ("a offset (5m)", "a offset (5m)"),
        ("a offset -max_of(1m,step())", "a offset -max_of(1m, step())"),
        ("0x10", "16"),
        ("1e21", "1000000000000000000000"),
        ("-inf", "-Inf"),
        ("+inf", "+Inf"),
        ("inf^2", "Inf ^ 2"),
        ("+inf^2", "+Inf ^ 2"),
        ("inf*2", "+Inf * 2"),
        ("quantile(0.9,a)", "quantile(0.9, a)"),
        ("---a", "---a"),
    ] {
        assert_eq!(parse(text).unwrap().to_string(), wanted, "{text}");
        assert_eq!(parse(wanted).unwrap().to_string(), wanted, "read again");
    }
}

/// Scenario: what does not fit on a line of 100 characters gets one line for each operand.
#[test]
fn long_expressions_are_broken() {
    let text = "sum by (job, instance) (rate(http_requests_total{job=\"api-server\",handler=\"/api/v1/query_range\"}[5m])) / \
                sum(rate(http_requests_total{job=\"api-server\"}[5m]))";
    let wanted = "  sum by (job, instance) (\n    rate(http_requests_total{handler=\"/api/v1/query_range\",job=\"api-server\"}[5m])\n  )\n/\n  \
                  sum(rate(http_requests_total{job=\"api-server\"}[5m]))";
    let broken = pretty(&parse(text).unwrap());
    assert_eq!(broken, wanted);
    assert_eq!(parse(&broken).unwrap().to_string(), parse(text).unwrap().to_string());
    assert_eq!(pretty(&parse("a+b").unwrap()), "a + b");
    let power = format!("inf ^ 1{}", "0".repeat(100));
    let broken = pretty(&parse(&power).unwrap());
    assert_eq!(parse(&broken).unwrap().to_string(), parse(&power).unwrap().to_string(), "{broken}");
}

/// Scenario: the tree as the HTTP API gives it.
#[test]
fn the_tree_as_json() {
    let json = to_json(&parse("foo{a=~\"b\\\"c\"} offset 5m / 2").unwrap());
    assert_eq!(
        json,
        "{\"type\":\"binaryExpr\",\"op\":\"/\",\"lhs\":{\"type\":\"vectorSelector\",\"name\":\"foo\",\"matchers\":[{\"name\":\"a\",\
         \"value\":\"b\\\"c\",\"type\":\"=~\"},{\"name\":\"__name__\",\"value\":\"foo\",\"type\":\"=\"}],\"offset\":300000,\
         \"offsetExpr\":null,\"timestamp\":null,\"startOrEnd\":null,\"anchored\":false,\"smoothed\":false},\"rhs\":{\"type\":\
         \"numberLiteral\",\"val\":\"2\"},\"matching\":null,\"bool\":false}"
    );
    for text in [
        "sum by (a) (rate(x[5m]))",
        "topk(1, a)",
        "a[5m:1m]",
        "-a",
        "(\"x\")",
        "a[5m + step()]",
        "a + on(b) group_left(c) fill(0) d",
    ] {
        let json = to_json(&parse(text).unwrap());
        assert!(json.starts_with("{\"type\":") && json.matches('{').count() == json.matches('}').count(), "{json}");
    }
}
