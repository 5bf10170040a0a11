//! Texts, the SQL that they become, and the places of their faults.

use crate::complete::{Context, context, quoted, quoted_key};
use crate::limits::{DEPTH, QUERY_BYTES, TERMS};
use crate::tests::records::Engines;
use crate::{Target, parse};

#[track_caller]
fn logs(text: &str, expected: &str) {
    let query = parse(text);
    assert_eq!(query.problems, [], "{text}");
    assert_eq!(query.to_sql(Target::Logs), expected, "{text}");
}

#[track_caller]
fn spans(text: &str, expected: &str) {
    let query = parse(text);
    assert_eq!(query.problems, [], "{text}");
    assert_eq!(query.to_sql(Target::Spans), expected, "{text}");
}

#[test]
fn words_and_phrases() {
    logs("", "TRUE");
    logs("  *  ", "TRUE");
    logs("timeout", "match(body, 'timeout')");
    logs("connection refused", "match(body, 'connection') AND match(body, 'refused')");
    logs("\"connection refused\"", "match(body, '\"connection refused\"')");
    logs("user.id", "match(body, '\"user.id\"')");
    logs("time*", "match(body, 'time*')");
    logs("*refused*", "body ~ '(?is).*refused.*'");
    logs("-retry", "(match(body, 'retry')) IS NOT TRUE");
    logs("失敗", "match(body, '失敗')");
    logs("\"=>\"", "strpos(body, '=>') > 0");
    logs("~\"a+b\"", "body ~ 'a+b'");
    logs("it's", "match(body, '\"it''s\"')");
    logs("\"say \\\"hi\\\"\"", "match(body, '\"say  hi \"')");
    spans("pay", "(match(name, 'pay') OR match(status_message, 'pay'))");
}

#[test]
fn prose_is_not_taken_for_comparisons() {
    logs("error: refused", "match(body, '\"error:\"') AND match(body, 'refused')");
    logs("http://shop/a?b=c", "match(body, '\"http://shop/a?b=c\"')");
    logs("10:41:07", "match(body, '\"10:41:07\"')");
}

#[test]
fn comparisons_of_columns() {
    spans("service:shop", "service_name = 'shop'");
    spans("service=shop", "service_name = 'shop'");
    spans("service != shop", "(service_name = 'shop') IS NOT TRUE");
    spans("service:sh*p_", "service_name LIKE 'sh%p\\_'");
    spans("service:\"sh*p\"", "service_name = 'sh*p'");
    spans("name~^GET", "name ~ '^GET'");
    spans("name!~^GET", "(name ~ '^GET') IS NOT TRUE");
    spans("duration>250ms", "duration_ns > 250000000");
    spans("duration > 1.5s", "duration_ns > 1500000000");
    spans("duration:>=2m", "duration_ns >= 120000000000");
    spans("status:error", "status_code = 2");
    spans("status:UNSET", "coalesce(status_code, 0) = 0");
    spans("status<error", "coalesce(status_code, 0) < 2");
    spans("kind:server", "kind = 2");
    spans("has:exception", "has_event(events, 'exception')");
    spans("-has:parent", "(parent_span_id IS NOT NULL) IS NOT TRUE");
    spans("is:root", "parent_span_id IS NULL");
    spans("trace:0AF7651916CD43DD8448EB211C80319C", "trace_id = '0af7651916cd43dd8448eb211c80319c'");
    spans("trace:0af7*", "trace_id LIKE '0af7%'");
    spans("trace:0af76519-16cd-43dd-8448-eb211c80319c", "trace_id = '0af7651916cd43dd8448eb211c80319c'");
    logs("level>=warn", "severity_number >= 13");
    logs("level:Error", "severity_number BETWEEN 17 AND 20");
    logs("level<warn", "severity_number BETWEEN 1 AND 12");
    logs("body:refused", "match(body, 'refused')");
    logs("body=refused", "body = 'refused'");
    logs("message:\"a b\"", "match(body, '\"a b\"')");
    logs("has:trace", "trace_id IS NOT NULL");
}

#[test]
fn comparisons_of_attributes() {
    let text = "coalesce(attr('k'), resource_attr('k'))";
    spans("k:v", &format!("{text} = 'v'"));
    spans("k:*", &format!("{text} IS NOT NULL"));
    spans("has:k", &format!("{text} IS NOT NULL"));
    spans("k~^v", &format!("{text} ~ '^v'"));
    spans("k>v", &format!("{text} > 'v'"));
    spans("resource.k=v", "resource_attr('k') = 'v'");
    spans("scope.k=v", "scope_attr('k') = 'v'");
    spans("@name=v", "coalesce(attr('name'), resource_attr('name')) = 'v'");
    spans("\"odd key\":v", "coalesce(attr('odd key'), resource_attr('odd key')) = 'v'");
    spans(
        "resource.k>=10kb",
        "coalesce(resource_attr_int('k') >= 10000, resource_attr_double('k') >= 10000.0, \
         TRY_CAST(resource_attr('k') AS DOUBLE) >= 10000.0)",
    );
    spans(
        "scope.k=0.5",
        "(scope_attr('k') = '0.5' OR coalesce(scope_attr_double('k') = 0.5, \
         TRY_CAST(scope_attr('k') AS DOUBLE) = 0.5))",
    );
    // A whole number equals as it is written, which the index of values answers; other numbers as numbers.
    spans("k=17", &format!("{text} = '17'"));
    spans("k:-3", &format!("{text} = '-3'"));
    assert!(parse("k=17.0").to_sql(Target::Spans).contains("TRY_CAST"));
    assert!(parse("k=017").to_sql(Target::Spans).contains("TRY_CAST"));
    // What only the other table has is an attribute.
    logs("duration>5", &parse("@duration>5").to_sql(Target::Logs));
    spans("level:warn", "coalesce(attr('level'), resource_attr('level')) = 'warn'");
}

#[test]
fn binding_and_groups() {
    spans("is:root is:error or kind:server", "(parent_span_id IS NULL AND status_code = 2) OR kind = 2");
    spans("is:root and (is:error OR kind:server)", "parent_span_id IS NULL AND (status_code = 2 OR kind = 2)");
    spans("not is:root is:error", "(parent_span_id IS NULL) IS NOT TRUE AND status_code = 2");
    spans("-(is:root or is:error)", "(parent_span_id IS NULL OR status_code = 2) IS NOT TRUE");
    spans("service:(a or b \"c d\")", "service_name = 'a' OR service_name = 'b' OR service_name = 'c d'");
    spans(
        "is:root service!=(a b)",
        "parent_span_id IS NULL AND (service_name = 'a' OR service_name = 'b') IS NOT TRUE",
    );
    spans("(name:f(x) is:root)", "name = 'f(x)' AND parent_span_id IS NULL");
}

#[track_caller]
fn fault(text: &str, at: &str, message: &str) {
    let problems = parse(text).check(Target::Spans, &Engines);
    let first = problems.first().unwrap_or_else(|| panic!("{text} is understood"));
    assert_eq!(text.get(first.range.clone()), Some(at), "{text}: {first:?}");
    assert!(first.message.contains(message), "{text}: {first:?}");
    assert!(!first.hint.is_empty() && !first.message.ends_with('.'), "{first:?}");
}

#[test]
fn faults_are_named_at_their_place_and_the_rest_still_means_something() {
    fault("a \"b c", "\"b c", "not closed");
    fault("a or", "or", "nothing on its right");
    fault("or a", "or", "nothing on its left");
    fault("a and", "and", "between nothing");
    fault("(a", "(", "not closed");
    fault("a)", ")", "closes nothing");
    fault("a not", "not", "nothing to negate");
    fault("a service:", "service:", "compared with nothing");
    fault("a duration>", "duration>", "compared with nothing");
    fault("=> a", "=>", "no letter");
    fault("is:odd", "odd", "no property");
    fault("duration>250", "250", "no length of time");
    fault("status:500", "500", "no status");
    fault("trace:xyz", "xyz", "no trace id");
    fault("trace>ab", "ab", "no order");
    fault("name~(a", "(a", "");
    fault("service:()", "(", "empty");
    assert_eq!(
        parse("a service: \"b").to_sql(Target::Logs),
        "match(body, 'a') AND match(body, '\"service:\"') AND match(body, 'b')"
    );
    assert_eq!(parse("is:root level>=").to_sql(Target::Spans), "parent_span_id IS NULL");
}

#[test]
fn bounds_are_faults_and_never_a_deep_recursion() {
    let long = "x".repeat(QUERY_BYTES + 1);
    assert_eq!(parse(&long).problems.len(), 1);
    let many = "a ".repeat(TERMS + 1);
    assert!(parse(&many).problems.iter().any(|problem| problem.message.contains("more than")), "{many}");
    assert_eq!(parse(&"a ".repeat(TERMS)).problems, []);
    let deep = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(parse(&deep(DEPTH - 1)).problems, []);
    assert!(!parse(&deep(DEPTH + 1)).problems.is_empty());
    assert!(!parse(&"-".repeat(2000)).problems.is_empty());
    assert!(!parse(&"not ".repeat(1000)).problems.is_empty());
    assert!(!parse(&"(".repeat(QUERY_BYTES)).problems.is_empty());
}

#[test]
fn the_cursor_stands_on_a_key_or_on_a_value() {
    let key = |prefix: &str, range| Context::Key { prefix: prefix.to_owned(), range };
    let value =
        |key: &str, prefix: &str, range| Context::Value { key: key.to_owned(), prefix: prefix.to_owned(), range };
    for (text, expected) in [
        ("|", key("", 0..0)),
        ("ser|", key("ser", 0..3)),
        ("service:|", value("service", "", 8..8)),
        ("service:sh|op x", value("service", "sh", 8..12)),
        ("a -ser|", key("ser", 3..6)),
        ("a |", key("", 2..2)),
        ("(ser|", key("ser", 1..4)),
        ("x http.route=\"/a|", value("http.route", "/a", 13..16)),
        ("\"a ph|rase\"", Context::Nothing),
    ] {
        let cursor = text.find('|').unwrap();
        assert_eq!(context(&text.replace('|', ""), cursor), expected, "{text}");
    }
    assert_eq!(quoted("a b\"c"), "\"a b\\\"c\"");
    assert_eq!(quoted("/cart/{id}"), "/cart/{id}");
    assert_eq!(quoted_key("http.route"), "http.route");
    assert_eq!(quoted_key("odd key"), "\"odd key\"");
}
