//! Stories of traces that are built by hand; the literate stories beside the black-box tests show whole ones.

use telltale_api::story::{EntryKind, Outcome};
use telltale_api::trace::{LinkRow, ResourceView};
use telltale_api::{Nanos, story::Fact};

use super::*;
use crate::format;
use crate::testing::{BASE, attribute, log, span, view};

fn told(view: &TraceView) -> (Story, String) {
    let story = tell(view, &FactConfig::default());
    let verdict = story.verdict.iter().map(|phrase| phrase.text.as_str()).collect();
    (story, verdict)
}

fn fact<'a>(story: &'a Story, label: &str) -> &'a Fact {
    story.facts.iter().find(|fact| fact.label == label).unwrap_or_else(|| panic!("no fact {label}"))
}

fn chips(story: &Story) -> Vec<(&str, &str)> {
    story.chips.iter().map(|chip| (chip.code.as_str(), chip.text.as_str())).collect()
}

/// A request that fails in a service two calls away, with retries.
fn failed() -> TraceView {
    let spans = vec![
        span("POST /orders", 1, 0)
            .service("shop")
            .kind(2)
            .ms(0, 2_310)
            .error("")
            .with("http.response.status_code", "500")
            .row(),
        span("POST", 2, 1).service("shop").kind(3).ms(10, 2_200).error("502").row(),
        span("charge", 3, 2).service("payment-api").kind(2).ms(20, 2_100).error("gave up").row(),
        span("POST /v1/charges", 4, 3)
            .service("payment-api")
            .kind(3)
            .ms(30, 700)
            .error("")
            .event(
                700,
                "exception",
                &[("exception.type", "Declined"), ("exception.message", "card_declined\n  at pay.rs")],
            )
            .row(),
        span("POST /v1/charges", 5, 3).service("payment-api").kind(3).ms(800, 600).error("HTTP 503").row(),
        span("POST /v1/charges", 6, 3).service("payment-api").kind(3).ms(1_450, 650).error("timeout").row(),
        span("refund check", 7, 1).service("shop").ms(2_220, 10).error("unrelated and later").row(),
    ];
    view(spans, vec![log(5, 9, "order received", "shop", 1), log(720, 17, "declined", "payment-api", 4)])
}

#[test]
fn the_first_error_is_the_leaf_that_no_child_explains() {
    let (story, verdict) = told(&failed());
    assert_eq!(
        verdict,
        "POST /orders failed with 500 after 2.31 s. The first error is in payment-api › POST /v1/charges: “card_declined”. \
         It was tried 3 times and failed each time. 84 % of the time (1.95 s) went to payment-api › POST /v1/charges and 2 like it."
    );
    assert_eq!((story.outcome, story.status.as_deref()), (Outcome::Failed, Some("500")));
    assert_eq!(chips(&story), []);
    let links: Vec<&str> = story.verdict.iter().filter_map(|phrase| phrase.span_id.as_deref()).collect();
    assert!(links.contains(&"0000000000000004"), "{links:?}");
    assert_eq!((story.counts.spans, story.counts.errors, story.counts.logs, story.counts.services), (7, 7, 2, 2));
}

#[test]
fn an_error_below_spans_that_record_none_beats_the_root() {
    let spans = vec![
        span("GET /", 1, 0).service("shop").ms(0, 100).error("internal").row(),
        span("handler", 2, 1).service("shop").ms(1, 90).row(),
        span("SELECT stock", 3, 2).service("db").ms(5, 50).error("deadlock detected").row(),
    ];
    let (_, verdict) = told(&view(spans, vec![]));
    assert!(verdict.contains("The first error is in db › SELECT stock: “deadlock detected”."), "{verdict}");
}

#[test]
fn a_root_that_fails_alone_says_why() {
    let spans = vec![span("GET /", 1, 0).service("shop").ms(0, 100).error("no such page").row()];
    let (_, verdict) = told(&view(spans, vec![]));
    assert_eq!(verdict, "GET / failed after 100 ms. It says “no such page”.");
}

#[test]
fn a_silent_error_is_explained_by_its_log() {
    let spans = vec![
        span("GET /", 1, 0).service("shop").ms(0, 100).error("").row(),
        span("load", 2, 1).service("shop").ms(0, 90).error("").row(),
    ];
    let (_, verdict) = told(&view(spans, vec![log(3, 17, "disk is full\nreally", "shop", 2)]));
    assert!(verdict.contains("The first error is in shop › load: “disk is full”."), "{verdict}");
}

#[test]
fn a_request_that_went_well_says_so() {
    let spans = vec![
        span("GET /orders", 1, 0).service("shop").ms(0, 212).with("http.response.status_code", "200").row(),
        span("SELECT orders", 2, 1).service("shop").ms(10, 190).row(),
    ];
    let (story, verdict) = told(&view(spans, vec![]));
    assert_eq!(
        verdict,
        "GET /orders succeeded with 200 in 212 ms; no span recorded an error. 90 % of the time (190 ms) went to shop › SELECT orders."
    );
    assert_eq!(story.outcome, Outcome::Ok);
}

#[test]
fn an_error_that_the_root_survived_is_told() {
    let spans = vec![
        span("GET /", 1, 0).service("shop").ms(0, 100).row(),
        span("cache get", 2, 1).service("cache").ms(0, 5).error("connection refused").row(),
    ];
    let (story, verdict) = told(&view(spans, vec![]));
    assert_eq!(story.outcome, Outcome::Recovered);
    assert!(
        verdict.starts_with(
            "GET / finished in 100 ms, although 1 span failed on the way. The first error is in cache › cache get"
        ),
        "{verdict}"
    );
}

#[test]
fn repetitions_and_late_work_are_told() {
    let mut spans = vec![span("POST /cart", 1, 0).service("shop").ms(0, 200).row()];
    spans.extend((0..38).map(|at| span("SELECT stock", 10 + at, 1).service("shop").ms(at * 5, 4).row()));
    spans.push(span("send mail", 99, 1).service("mailer").ms(150, 3_250).row());
    let (_, verdict) = told(&view(spans, vec![]));
    assert!(verdict.contains("Under shop › POST /cart, SELECT stock ran 38 times (152 ms in all)."), "{verdict}");
    assert!(verdict.contains("Work went on for 3.20 s after that, in mailer › send mail."), "{verdict}");
}

#[test]
fn a_linked_root_names_the_trace_that_set_it_off() {
    let mut root = span("orders process", 1, 0).service("worker").kind(5).ms(0, 10).row();
    root.links.push(LinkRow { trace_id: "4bf92f3577b34da6a3ce929d0e0e4736".into(), ..LinkRow::default() });
    let (_, verdict) = told(&view(vec![root], vec![]));
    assert!(verdict.ends_with("It is linked to trace 4bf92f3577b34da6a3ce929d0e0e4736."), "{verdict}");
}

#[test]
fn logs_alone_have_a_story() {
    let logs = vec![log(0, 9, "started", "shop", 0), log(120, 17, "no route to host\ntrace", "edge", 0)];
    let (story, verdict) = told(&view(vec![], logs));
    assert_eq!(story.outcome, Outcome::Unknown);
    assert_eq!(
        verdict,
        "No span of this trace has arrived; 2 log records from 2 services over 120 ms name it. \
         The first error is logged by edge: “no route to host”."
    );
    assert_eq!(chips(&story)[0].0, "logs_only");
    assert_eq!(story.duration_ns.0, 120_000_000);
    assert_eq!(told(&view(vec![], vec![])).1, "Nothing of this trace has arrived yet.");
}

#[test]
fn caveats_come_with_their_evidence() {
    let mut rows = vec![
        span("server", 1, 77).service("shop").ms(100, 50).row(),
        span("edge", 2, 1).service("edge").ms(90, 20).row(),
        span("loop a", 3, 4).service("shop").ms(110, 5).row(),
        span("loop b", 4, 3).service("shop").ms(111, 5).row(),
        span("backwards", 5, 1).service("shop").ms(120, -3).row(),
        span("server", 1, 77).service("shop").ms(130, 1).row(),
        span("timeless", 6, 1).service("shop").row(),
    ];
    rows[6].start_unix_nano = Nanos(0);
    rows[1].dropped_attributes_count = 3;
    rows[4].dropped_events_count = 1;
    let mut view = view(rows, vec![]);
    view.duplicate_span_count = 2;
    view.last_ingest_unix_nano = Nanos(view.now_unix_nano.0 - 800_000_000);
    let (story, verdict) = told(&view);
    assert_eq!(
        chips(&story),
        [
            ("still_arriving", "still arriving: the last item came 800 ms ago"),
            (
                "missing_parent",
                "span 000000000000004d has not arrived, the parent of 2 spans: it ran in the same process, and has not ended yet or was dropped by the sender"
            ),
            ("cycle", "parents form a loop; it is cut at its earliest span, which stands at the top"),
            ("clock_skew", "clocks disagree: edge is at least 10.0 ms behind shop, which called it"),
            ("negative_duration", "1 span ends before it begins: the sender's clock was set back"),
            ("no_time", "1 span has no start time"),
            ("repeated_span_id", "1 span has the id of another span with other content"),
            ("duplicate_spans", "2 spans came again unchanged and are shown once"),
            ("dropped", "senders dropped 3 attributes and 1 event before sending"),
        ]
    );
    assert!(story.chips[1].span_ids.contains(&"0000000000000001".to_owned()));
    assert_eq!(story.start_unix_nano, Nanos(BASE + 90_000_000), "a time of zero is no start");
    assert!(verdict.starts_with("loop a finished"), "{verdict}");
}

#[test]
fn a_root_that_has_not_arrived_is_said() {
    let spans = vec![span("charge", 2, 1).service("pay").ms(0, 10).row()];
    let (story, verdict) = told(&view(spans, vec![]));
    assert!(
        verdict.starts_with(
            "The root span has not arrived; what is here begins with pay › charge. charge finished in 10.0 ms"
        ),
        "{verdict}"
    );
    assert_eq!(
        story.chips[0].text,
        "span 0000000000000001 has not arrived, the parent of 1 span: it ran in the same process, and has not ended yet or was dropped by the sender"
    );
}

#[test]
fn facts_come_from_everywhere_with_conflicts_side_by_side() {
    let spans = vec![
        span("GET /", 1, 0).service("shop").with("http.route", "/").with("tenant.id", "acme-42").row(),
        span("read", 2, 1)
            .service("gw")
            .resource(1)
            .with("gateway.id", "gw-eu-3")
            .with("db.query.plan", "Seq Scan")
            .row(),
        span("read", 3, 1)
            .service("gw")
            .resource(2)
            .with("db.statement", "old key")
            .with("db.query.text", "SELECT 1")
            .row(),
        span("flag", 4, 1)
            .service("shop")
            .event(
                1,
                "feature_flag.evaluation",
                &[("feature_flag.key", "new-cart"), ("feature_flag.result.variant", "on")],
            )
            .row(),
    ];
    let mut view = view(spans, vec![log(1, 9, "x", "shop", 1)]);
    view.logs[0].attributes = vec![attribute("user.id", "u-7"), attribute("tenant.id", "acme-42")];
    let resource = |pairs: &[(&str, &str)]| ResourceView {
        attributes: pairs.iter().map(|(key, value)| attribute(key, value)).collect(),
        ..ResourceView::default()
    };
    view.resources = vec![
        resource(&[("service.version", "2.0.1"), ("host.name", "")]),
        resource(&[("service.version", "1.8.2"), ("device.firmware.version", "nrf-2.6.0")]),
        resource(&[("service.version", "1.9.0"), ("custom.firmware", "lower rank")]),
    ];
    let (story, _) = told(&view);
    let values = |label: &str| -> Vec<(String, u64)> {
        fact(&story, label).values.iter().map(|value| (value.value.clone(), value.count)).collect()
    };
    assert_eq!(values("Version"), [("2.0.1".into(), 3), ("1.8.2".into(), 1), ("1.9.0".into(), 1)]);
    assert_eq!(values("Firmware"), [("nrf-2.6.0".into(), 1)]);
    assert_eq!(values("Gateway"), [("gw-eu-3".into(), 1)]);
    assert_eq!(values("Tenant"), [("acme-42".into(), 2)]);
    assert_eq!(values("User"), [("u-7".into(), 1)]);
    assert_eq!(values("Statement"), [("SELECT 1".into(), 1)]);
    assert_eq!(values("Feature flag"), [("new-cart = on".into(), 1)]);
    assert_eq!(values("Host or pod"), [], "an empty value is not recorded");
    assert_eq!(fact(&story, "Host or pod").expected_key, "k8s.pod.name");
    assert_eq!(fact(&story, "Query plan").view, "plan");
    assert_eq!(fact(&story, "Gateway").values[0].span_id.as_deref(), Some("0000000000000002"));
}

#[test]
fn facts_are_bounded_and_say_so() {
    let spans = (1..=50).map(|id| span("q", id, 0).with("db.query.text", &format!("SELECT {id}")).row()).collect();
    let (story, _) = told(&view(spans, vec![]));
    let statement = fact(&story, "Statement");
    assert_eq!((statement.values.len(), statement.left_out), (crate::limits::FACT_VALUES, 30));
}

#[test]
fn a_team_may_bring_its_own_facts() {
    let config = FactConfig {
        facts: vec![FactRule { label: "Order".into(), keys: vec!["order.id".into()], ..FactRule::default() }],
    };
    let story = tell(&view(vec![span("x", 1, 0).with("order.id", "4711").row()], vec![]), &config);
    assert_eq!((story.facts.len(), story.facts[0].values[0].value.as_str()), (1, "4711"));
    let parsed: FactConfig =
        serde_json::from_str(r#"{"fact":[{"label":"Order","keys":["order.id"],"view":"text"}]}"#).unwrap();
    assert_eq!(parsed.facts[0].keys, ["order.id"]);
}

#[test]
fn shares_of_time_are_self_time_most_first() {
    let (story, _) = told(&failed());
    let told: Vec<_> = story
        .time_by_service
        .iter()
        .map(|time| (time.service_name.as_deref().unwrap(), time.self_time_ns.0 / 1_000_000, time.share_permille))
        .collect();
    assert_eq!(told, [("payment-api", 2_100, 909), ("shop", 210, 91)]);
    assert_eq!(
        (story.time_by_operation[0].name.as_str(), story.time_by_operation[0].span_id.as_str()),
        ("POST /v1/charges", "0000000000000004")
    );
}

#[test]
fn entries_merge_spans_events_and_logs_by_time() {
    let (story, _) = told(&failed());
    let told: Vec<_> = story
        .entries
        .iter()
        .map(|entry| (entry.offset_ns.0 / 1_000_000, entry.kind, entry.depth, entry.level.as_str()))
        .collect();
    assert_eq!(told[0], (0, EntryKind::Span, 0, "error"));
    assert_eq!(told[1], (5, EntryKind::Log, 1, "info"));
    assert!(told.contains(&(700, EntryKind::Event, 4, "error")));
    assert!(told.contains(&(720, EntryKind::Log, 4, "error")));
    assert!(told.is_sorted_by_key(|entry| entry.0));
}

#[test]
fn texts_hold_the_whole_story_and_nothing_that_acts() {
    let mut view = failed();
    view.spans[3].name = "evil \u{1b}[31m | `code` <script>\n@all".into();
    view.logs[1].body = "x".repeat(10_000);
    let (story, _) = told(&view);
    let text = format::text(&story, &view, &Analysis::new(&view));
    assert!(text.lines().all(|line| line.chars().count() <= crate::limits::TEXT_WIDTH), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    assert!(
        text.starts_with(
            "✗ POST /orders · 500 · 2.31 s\n0af7651916cd43dd8448eb211c80319c\n2026-11-21 09:14:03.221 UTC · "
        ),
        "{text}"
    );
    assert!(text.contains("characters more"), "{text}");
    let markdown = format::markdown(&story, &view, &Analysis::new(&view));
    assert!(!markdown.contains('\u{1b}'));
    let prose = markdown.split("**What happened**").next().unwrap();
    assert!(!prose.contains("<script>") && !prose.contains("@all"), "{prose}");
}

#[test]
fn strange_traces_of_many_spans_are_told() {
    const SPANS: u64 = 200_000;
    let chain = (1..=SPANS).map(|id| span("step", id, id - 1).service("a").at(id, 400_000).error("e").row()).collect();
    let star = (1..=SPANS)
        .map(|id| span("leaf", id, u64::from(id > 1)).service("b").at(id, 10).with("k", "v").row())
        .collect();
    let orphans = (1..=SPANS).map(|id| span("lost", id, SPANS + id).service("c").at(id, 10).row()).collect();
    for spans in [chain, star, orphans] {
        let view = view(spans, vec![]);
        let (story, _) = told(&view);
        assert_eq!(story.entries.len(), view.spans.len());
        let text = format::text(&story, &view, &Analysis::new(&view));
        assert!(text.len() < view.spans.len() * 400, "{} bytes", text.len());
    }
}

#[test]
fn bare_methods_are_named_by_their_path() {
    for (name, key, value, expected) in [
        ("GET", "http.route", "/cart/{id}", "GET /cart/{id}"),
        ("HTTP POST", "http.target", "/api/cart?item=1", "POST /api/cart"),
        ("GET", "url.full", "https://shop.example/a/b?c#d", "GET /a/b"),
        ("GET", "http.url", "https://shop.example", "GET"),
        ("GET /x", "http.route", "/y", "GET /x"),
        ("", "http.route", "/y", "span without a name"),
    ] {
        assert_eq!(display_name(&span(name, 1, 0).with(key, value).row()), expected);
    }
}

#[test]
fn a_failure_that_is_quoted_further_up_takes_the_blame() {
    let spans = vec![
        span("POST /checkout", 1, 0).service("shop").ms(0, 100).error("").row(),
        span("place order", 2, 1).service("checkout").ms(5, 90).error("no cart: lookup cart: server misbehaving").row(),
        span("prepare", 3, 2).service("checkout").ms(10, 30).row(),
        span("GetCart", 4, 3).service("checkout").ms(11, 20).error("lookup cart: server misbehaving").row(),
        span("clean up", 5, 2).service("checkout").ms(50, 10).row(),
    ];
    let (_, verdict) = told(&view(spans, vec![]));
    assert!(verdict.contains("The first error is in checkout › GetCart: “lookup cart"), "{verdict}");
}

#[test]
fn a_failure_that_was_survived_does_not_take_the_blame() {
    let spans = vec![
        span("GET /", 1, 0).service("shop").ms(0, 100).error("out of stock").row(),
        span("with cache", 2, 1).service("shop").ms(1, 10).row(),
        span("cache get", 3, 2).service("cache").ms(2, 5).error("connection refused").row(),
        span("SELECT stock", 4, 1).service("shop").ms(20, 50).row(),
    ];
    let (_, verdict) = told(&view(spans, vec![]));
    assert!(verdict.contains("It says “out of stock”."), "{verdict}");
}

#[test]
fn a_silent_error_is_explained_by_what_the_caller_says_or_by_its_status() {
    let mut spans = vec![
        span("POST /cart", 1, 0).service("web").ms(0, 100).error("no such host cart").row(),
        span("AddItem", 2, 1).service("web").ms(0, 90).error("").with("rpc.grpc.status_code", "14").row(),
    ];
    let (_, verdict) = told(&view(spans.clone(), vec![]));
    assert!(verdict.contains("The first error is in web › AddItem: “no such host cart”."), "{verdict}");
    spans[0].status_message.clear();
    let (_, verdict) = told(&view(spans, vec![]));
    assert!(verdict.contains("The first error is in web › AddItem, which ended with UNAVAILABLE."), "{verdict}");
}

/// Scenario: a message is handed over and worked on for a part of the time that the root spends by itself. Guarantees:
/// only the rest is called unrecorded, however small the part is.
#[test]
fn time_spent_while_a_handed_over_message_is_worked_on_is_not_called_unrecorded() {
    let verdict = |length: i64| {
        let spans = vec![
            span("POST /orders", 1, 0).service("shop").ms(0, 100).row(),
            span("orders publish", 2, 1).service("shop").ms(1, 1).row(),
            span("orders process", 3, 2).service("worker").ms(5, length).row(),
        ];
        told(&view(spans, vec![])).1
    };
    for (length, expected) in [
        (92, "passed in POST /orders itself, while worker › orders process ran on behind it."),
        (85, "while worker › orders process ran on behind it for 85.0 ms; 14.0 ms are outside of any recorded call."),
        (30, "while worker › orders process ran on behind it for 30.0 ms; 69.0 ms are outside of any recorded call."),
    ] {
        assert!(verdict(length).contains(expected), "{length}: {}", verdict(length));
    }
}
