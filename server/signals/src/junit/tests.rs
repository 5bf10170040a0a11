//! Scenario: files as pytest, Maven, Go and others write them, and files of an attacker. Guarantees: outcomes, texts,
//! times and properties are read; limits hold.

use proptest::prelude::*;

use super::*;

const PYTEST: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="0" failures="1" skipped="1" tests="3" time="0.5"
 timestamp="2026-11-21T14:03:07.5+00:00" hostname="ci"><properties><property name="build" value="7"/></properties>
<testcase classname="tests.test_shop" name="test_ok" time="0.25" file="tests/test_shop.py" line="12"/>
<testcase classname="tests.test_shop" name="test_card[a&lt;b]" time="0.1"><properties><property name="trace_id"
 value="0af7651916cd43dd8448eb211c80319c"/></properties><failure message="assert 402 == 201&#10;x">def test():
&gt; assert 402 == 201 &amp; &#65;</failure><system-out><![CDATA[printed <this>]]></system-out></testcase>
<testcase classname="tests.test_shop" name="test_later"><skipped type="pytest.skip" message="later"/></testcase>
</testsuite></testsuites>"#;

#[test]
fn pytest_is_read() {
    let cases = read(PYTEST).unwrap();
    assert_eq!(cases.len(), 3);
    assert_eq!(cases[0].outcome, Outcome::Passed);
    assert_eq!((cases[0].file.as_str(), cases[0].line), ("tests/test_shop.py", Some(12)));
    let failed = &cases[1];
    assert_eq!((failed.name.as_str(), failed.outcome), ("test_card[a<b]", Outcome::Failed));
    assert_eq!(failed.message, "assert 402 == 201\nx");
    assert_eq!(failed.details, "def test():\n> assert 402 == 201 & A");
    assert_eq!(failed.output, "printed <this>");
    let begin = 1_795_269_787_500_000_000;
    assert_eq!((cases[0].start_unix_nano, failed.start_unix_nano), (Some(begin), Some(begin + 250_000_000)));
    let id = "0af7651916cd43dd8448eb211c80319c";
    assert_eq!(failed.properties, [("trace_id".into(), id.into()), ("build".into(), "7".into())]);
    assert_eq!(cases[2].outcome, Outcome::Skipped);
}

#[test]
fn nested_suites_errors_and_reruns_are_read() {
    let text = "<testsuite name='a'><testsuite name='b'><testcase name='e' time='1,000.5'><error message='m'/><failure/>\
                </testcase><testcase name='f'><flakyFailure message='once'>x</flakyFailure></testcase></testsuite>\
                <testcase name='g'/></testsuite>";
    let cases = read(text).unwrap();
    let found: Vec<_> = cases.iter().map(|case| (case.suite.as_str(), case.name.as_str(), case.outcome)).collect();
    assert_eq!(found, [("b", "e", Outcome::Error), ("b", "f", Outcome::Flaky), ("a", "g", Outcome::Passed)]);
    assert_eq!(cases[0].duration_ns, 1_000_500_000_000);
}

#[test]
fn an_attackers_file_meets_a_limit() {
    let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><testsuite><testcase name='&b;'/></testsuite>";
    assert!(read(bomb).unwrap_err().contains("document type"));
    assert!(read(&"<testsuite>".repeat(JUNIT_DEPTH + 1)).unwrap_err().contains("deeper than 64"));
    let many = format!("<testsuite>{}</testsuite>", "<testcase/>".repeat(JUNIT_CASES + 1));
    assert!(read(&many).unwrap_err().contains("more than 100000 test cases"));
    let long = format!(
        "<testsuite><testcase><system-out>{}end</system-out></testcase></testsuite>",
        "ä".repeat(JUNIT_TEXT_BYTES * 3)
    );
    let output = read(&long).unwrap().remove(0).output;
    assert!(output.len() < JUNIT_TEXT_BYTES + 100 && output.ends_with("end") && output.contains("bytes left out"));
    assert!(read("<html></html>").unwrap_err().contains("no <testsuite>"));
    assert!(read("<testsuite><testcase>").unwrap_err().contains("ends in the middle"));
    assert!(read("<testsuite></other>").is_err());
    let unknown = read("<testsuite><testcase><failure>&nbsp;x</failure></testcase></testsuite>").unwrap();
    assert_eq!(unknown[0].details, "&nbsp;x");
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "(<testsuite>|</testsuite>|<testcase name=\"|\"/>|<failure>|&|;|<|>|\\PC){0,30}") {
        drop(read(&text));
    }

    /// Scenario: a report of ours. Guarantees: its XML is read back with the same names and messages.
    #[test]
    fn our_own_xml_is_read_back(title in "\\PC{0,20}", message in "(\\PC|\n){0,20}", met: bool) {
        let verdict = crate::Verdict {
            line: 1, column: 1, kind: "span".into(), title: title.clone(), why: None, met, message: message.clone(),
            nearest: None, places: Vec::new(),
        };
        let (yes, no) = (usize::from(met), usize::from(!met));
        let report = crate::Report { file: "f".into(), met: yes, not_met: no, seen: crate::evaluate::Seen::default(), verdicts: vec![verdict] };
        let cases = read(&crate::report::junit(&report)).unwrap();
        prop_assert_eq!(&cases[0].name, &title);
        prop_assert_eq!(cases[0].outcome.is_bad(), !met);
        if !met {
            prop_assert_eq!(&cases[0].message, &message);
        }
    }
}
