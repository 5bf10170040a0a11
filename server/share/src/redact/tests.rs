//! What redaction promises, over generated traces: secrets go, ids and times stay, twice is once.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, LogsData, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, TracesData};
use proptest::prelude::*;
use prost::Message as _;

use super::*;

fn redactor() -> Redactor {
    Redactor::new(&Rules::default(), [7; 32]).unwrap()
}

fn all(text: String) -> (String, String) {
    (text.clone(), text)
}

/// A secret of a known shape: what must not survive, and a text that holds it.
fn secret() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        "[a-z0-9.]{1,8}[a-z0-9]@[a-z]{2,8}\\.(com|org|de)".prop_map(all),
        prop::sample::select(vec!["4111111111111111", "5555 5555 5555 4444", "3782-822463-10005", "6011111111111117"])
            .prop_map(|card| all(card.to_owned())),
        "eyJ[A-Za-z0-9_-]{10,20}\\.[A-Za-z0-9_-]{10,20}\\.[A-Za-z0-9_-]{10,20}".prop_map(all),
        "[A-Za-z0-9._~-]{20,30}".prop_map(|token| (token.clone(), format!("Bearer {token}"))),
        "AKIA[A-Z0-9]{16}".prop_map(all),
        "ghp_[A-Za-z0-9]{36}".prop_map(all),
        "sk_live_[A-Za-z0-9]{24}".prop_map(all),
        "AIza[A-Za-z0-9_-]{35}".prop_map(all),
        "[A-Za-z0-9+/\\n]{40,80}".prop_map(|body| (
            body.clone(),
            format!("-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----")
        )),
        "[a-z]{3,8}:[A-Za-z0-9!]{6,12}"
            .prop_map(|user| (user.clone(), format!("postgres://{user}@db.internal:5432/shop"))),
        "[A-Za-z0-9]{10,20}".prop_map(|word| (word.clone(), format!("password={word}"))),
        "[A-Za-z0-9]{10,20}".prop_map(|word| (word.clone(), format!("{{\"api_key\":\"{word}\"}}"))),
        "[A-Za-z0-9]{10,20}".prop_map(|word| (word.clone(), format!("https://x.org/a?access_token={word}&b=1"))),
        "[a-z]{3,6}=[A-Za-z0-9]{10,20}".prop_map(|cookie| (cookie.clone(), format!("Cookie: {cookie}"))),
    ]
}

/// Something harmless to stand around a secret, apart from it by a space.
fn filler() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[a-zA-Z ,.(){}]{0,12} ",
        Just("SELECT * FROM orders WHERE id = 17 ".to_owned()),
        Just("größe 日本 ".to_owned())
    ]
}

fn around() -> impl Strategy<Value = (String, String)> {
    (filler(), secret(), filler())
        .prop_map(|(before, (secret, text), after)| (secret, format!("{before}{text} {after}")))
}

fn text_value(text: &str) -> AnyValue {
    AnyValue { value: Some(Value::StringValue(text.to_owned())) }
}

fn pair(key: &str, value: AnyValue) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}

/// A value of the given form around a text.
fn shaped(form: u8, text: &str) -> AnyValue {
    let inner = text_value(text);
    let value = match form % 4 {
        0 => return inner,
        1 => Value::ArrayValue(ArrayValue { values: vec![text_value("x"), inner] }),
        2 => Value::KvlistValue(KeyValueList { values: vec![pair("inner", inner)] }),
        _ => Value::BytesValue(text.as_bytes().to_vec()),
    };
    AnyValue { value: Some(value) }
}

/// A trace with texts in every place, by turns.
fn trace(texts: &[String], form: u8, trace_id: [u8; 16], span_id: [u8; 8], time: u64) -> (TracesData, LogsData) {
    let text = |at: usize| texts[at % texts.len()].clone();
    let attributes = |at: usize| {
        vec![pair("note", shaped(form, &text(at))), pair("n", AnyValue { value: Some(Value::IntValue(5)) })]
    };
    let span = Span {
        trace_id: trace_id.to_vec(),
        span_id: span_id.to_vec(),
        parent_span_id: vec![3; 8],
        trace_state: text(0),
        name: text(1),
        start_time_unix_nano: time,
        end_time_unix_nano: time + 5,
        attributes: attributes(2),
        events: vec![Event { time_unix_nano: time + 1, name: text(3), attributes: attributes(4), ..Event::default() }],
        links: vec![Link { trace_id: vec![9; 16], span_id: vec![8; 8], attributes: attributes(5), ..Link::default() }],
        status: Some(Status { message: text(6), code: 2 }),
        ..Span::default()
    };
    let resource = || Some(Resource { attributes: attributes(7), ..Resource::default() });
    let record = LogRecord {
        time_unix_nano: time,
        body: Some(shaped(form, &text(8))),
        attributes: attributes(9),
        trace_id: trace_id.to_vec(),
        span_id: span_id.to_vec(),
        event_name: text(10),
        ..LogRecord::default()
    };
    let spans = ScopeSpans { spans: vec![span], ..ScopeSpans::default() };
    let logs = ScopeLogs { log_records: vec![record], ..ScopeLogs::default() };
    let spans = ResourceSpans { resource: resource(), scope_spans: vec![spans], ..ResourceSpans::default() };
    let logs = ResourceLogs { resource: resource(), scope_logs: vec![logs], ..ResourceLogs::default() };
    (TracesData { resource_spans: vec![spans] }, LogsData { resource_logs: vec![logs] })
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Scenario: secrets of every known shape in every place and form of a trace, harmless text around them. Guarantees: not
    /// one is in the bytes that come out; ids, times and kinds are; a second pass with another key changes nothing.
    #[test]
    fn secrets_go_ids_and_times_stay(
        texts in prop::collection::vec(around(), 1..6), form in any::<u8>(), trace_id in any::<[u8; 16]>(), span_id in any::<[u8; 8]>(), time in 1_u64..u64::MAX / 2,
    ) {
        let plain: Vec<String> = texts.iter().map(|(_, text)| text.clone()).collect();
        let (mut traces, mut logs) = trace(&plain, form, trace_id, span_id, time);
        let mut redactor = redactor();
        redactor.traces(&mut traces);
        redactor.logs(&mut logs);
        let bytes = [traces.encode_to_vec(), logs.encode_to_vec()].concat();
        for (secret, text) in &texts {
            prop_assert!(!contains(&bytes, secret), "{secret:?} of {text:?} survived in {:?}", traces);
        }
        let span = &traces.resource_spans[0].scope_spans[0].spans[0];
        prop_assert_eq!((&span.trace_id[..], &span.span_id[..], &span.parent_span_id[..]), (&trace_id[..], &span_id[..], &[3; 8][..]));
        prop_assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano, span.events[0].time_unix_nano), (time, time + 5, time + 1));
        prop_assert_eq!((&span.links[0].trace_id[..], span.status.as_ref().unwrap().code), (&[9; 16][..], 2));
        let (mut traces_again, mut logs_again) = (traces.clone(), logs.clone());
        let mut other = Redactor::new(&Rules::default(), [8; 32]).unwrap();
        other.traces(&mut traces_again);
        other.logs(&mut logs_again);
        prop_assert_eq!((traces_again, logs_again), (traces, logs));
        prop_assert_eq!(other.take_report(), Vec::new());
    }

    /// Scenario: ids of the trace in texts and attributes, in hex, also such that look like a card number. Guarantees: they
    /// stay, and what is harmless stays byte for byte.
    #[test]
    fn ids_in_texts_and_harmless_texts_stay(trace_id in any::<[u8; 16]>(), text in "[a-zA-Z0-9 ,.;(){}'*<>-]{0,40}", time in 1_600_000_000_000_000_000_u64..1_900_000_000_000_000_000) {
        prop_assume!(!text.chars().filter(char::is_ascii_digit).count().gt(&11) && !text.to_lowercase().contains("b"));
        // 4111111111111111 in hex digits: a valid card number to anybody who does not know the ids.
        let span_id = 0x4111_1111_1111_1111_u64.to_be_bytes();
        let hex: String = trace_id.iter().map(|byte| format!("{byte:02x}")).collect();
        let texts = [text, format!("traceparent 00-{hex}-4111111111111111-01"), format!("span 4111111111111111 at {time}"), "4111111111111111".to_owned()];
        let (mut traces, mut logs) = trace(&texts, 0, trace_id, span_id, time);
        let before = (traces.clone(), logs.clone());
        let mut redactor = redactor();
        redactor.traces(&mut traces);
        redactor.logs(&mut logs);
        prop_assert_eq!((traces, logs), before);
    }

    /// Scenario: any text at all, and any rule of a team. Guarantees: no panic, and twice is once.
    #[test]
    fn twice_is_once(texts in prop::collection::vec(prop_oneof!["\\PC{0,30}", "(password|token|@|://|=|:|\"|bearer |eyJ|\\[redacted:|a|1|\\.| ){0,12}"], 1..5), pattern in prop::sample::select(vec!["a+", "^x|y", "[0-9]", "(a)b", "\\bq", ".{3}"])) {
        let rules = Rules { rules: vec![CustomRule { name: "team".into(), keys: vec!["note*".into()], pattern: Some(pattern.into()) }], ..Rules::default() };
        let mut redactor = Redactor::new(&rules, [7; 32]).unwrap();
        let (mut traces, _) = trace(&texts, 1, [1; 16], [2; 8], 5);
        redactor.traces(&mut traces);
        let once = traces.clone();
        redactor.take_report();
        redactor.traces(&mut traces);
        prop_assert_eq!(&traces, &once);
        prop_assert_eq!(redactor.take_report(), Vec::new());
    }
}

fn redact_attributes(rules: &Rules, attributes: Vec<KeyValue>) -> (Vec<KeyValue>, Vec<RuleReport>) {
    let span = Span { trace_id: vec![1; 16], span_id: vec![2; 8], attributes, ..Span::default() };
    let scope = ScopeSpans { spans: vec![span], ..ScopeSpans::default() };
    let mut data =
        TracesData { resource_spans: vec![ResourceSpans { scope_spans: vec![scope], ..ResourceSpans::default() }] };
    let mut redactor = Redactor::new(rules, [7; 32]).unwrap();
    redactor.traces(&mut data);
    (data.resource_spans.remove(0).scope_spans.remove(0).spans.remove(0).attributes, redactor.take_report())
}

fn text_of(attributes: &[KeyValue], key: &str) -> String {
    let value = attributes.iter().find(|pair| pair.key == key).unwrap().value.clone().unwrap();
    match value.value.unwrap() {
        Value::StringValue(text) => text,
        other => format!("{other:?}"),
    }
}

/// Scenario: the same address twice, by pattern and by key, with keys that only look like secrets. Guarantees: one pseudonym,
/// the harmless stay, the report counts by rule and place with an example.
#[test]
fn pseudonyms_are_stable_and_reported() {
    let (out, report) = redact_attributes(
        &Rules::default(),
        vec![
            pair("to", text_value("mail to ada@example.org and ada@example.org")),
            pair("from", text_value("ada@example.org")),
            pair("db.password", AnyValue { value: Some(Value::IntValue(1234)) }),
            pair("gen_ai.usage.input_tokens", AnyValue { value: Some(Value::IntValue(1234)) }),
            pair("has.password", AnyValue { value: Some(Value::BoolValue(true)) }),
            pair("card", AnyValue { value: Some(Value::IntValue(4_111_111_111_111_111)) }),
            pair("at", AnyValue { value: Some(Value::IntValue(1_763_716_443_221_000_000)) }),
            pair(
                "db.query.plan",
                text_value(
                    "Seq Scan on users  (cost=0.00..35.50 rows=10 width=4)\n  Filter: (email = 'ada@example.org')",
                ),
            ),
        ],
    );
    let token = text_of(&out, "from");
    assert_eq!(text_of(&out, "to"), format!("mail to {token} and {token}"));
    assert!(text_of(&out, "db.password").starts_with("[redacted:password:"));
    assert_eq!(text_of(&out, "gen_ai.usage.input_tokens"), "IntValue(1234)");
    assert_eq!(text_of(&out, "has.password"), "BoolValue(true)");
    assert!(text_of(&out, "card").starts_with("[redacted:card:"));
    assert_eq!(text_of(&out, "at"), "IntValue(1763716443221000000)");
    assert!(
        text_of(&out, "db.query.plan").starts_with("Seq Scan on users  (cost=0.00..35.50"),
        "the plan stays readable"
    );
    let email = report.iter().find(|rule| rule.rule == "email").unwrap();
    assert_eq!((email.count, email.changes.len()), (4, 3));
    let first = &email.changes[0];
    assert_eq!((first.place, first.key.as_str(), first.count), ("span attribute", "to", 2));
    assert_eq!((first.before.as_str(), &first.after), ("ada@example.org", &token));
    assert_eq!(first.span_id.as_deref(), Some("0202020202020202"));
}

/// Scenario: a team's rules, exceptions, and rules that cannot be. Guarantees: they hold, and errors name the rule.
#[test]
fn rules_are_configured() {
    let rules = Rules {
        without: vec!["email".into()],
        keep: vec!["session.*".into()],
        rules: vec![
            CustomRule { name: "order".into(), keys: vec![], pattern: Some("ORD-[0-9]+".into()) },
            CustomRule { name: "tenant".into(), keys: vec!["tenant.id".into()], pattern: None },
        ],
        ..Rules::default()
    };
    let (out, _report) = redact_attributes(
        &rules,
        vec![
            pair("a", text_value("ada@example.org ordered ORD-17")),
            pair("session.id", text_value("abc")),
            pair("tenant.id", text_value("acme")),
        ],
    );
    assert!(text_of(&out, "a").starts_with("ada@example.org ordered [redacted:order:"));
    assert_eq!(text_of(&out, "session.id"), "abc");
    assert!(text_of(&out, "tenant.id").starts_with("[redacted:tenant:"));
    let none = Rules { defaults: false, ..Rules::default() };
    assert_eq!(redact_attributes(&none, vec![pair("password", text_value("x"))]).1, Vec::new());
    let rule = |name: &str, pattern: Option<&str>| Rules {
        rules: vec![CustomRule { name: name.into(), keys: vec![], pattern: pattern.map(str::to_owned) }],
        ..Rules::default()
    };
    for (rules, needle) in [
        (rule("Bad Name", Some("x")), "needs a name"),
        (rule("empty", None), "neither keys nor a pattern"),
        (rule("open", Some("(")), "unclosed group"),
        (rule("nothing", Some("a*")), "matches the empty text"),
        (
            Rules { without: vec!["emial".into()], ..Rules::default() },
            "no redaction rule \"emial\" to leave out; there are bearer, card",
        ),
    ] {
        let error = Redactor::new(&rules, [0; 32]).unwrap_err().to_string();
        assert!(error.contains(needle), "{error}");
    }
}
