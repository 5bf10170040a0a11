//! Scenario: signals files as people write them. Guarantees: what each spelling means; nothing makes the reader panic.

use proptest::prelude::*;

use super::parse;
use crate::rule::{Expected, What};

#[test]
fn rules_keep_the_order_and_the_place_of_the_file() {
    let text = "\n[[span]]\nname = \"a\"\n[[metric]]\nname = \"b\"\n  [[span]]\n  name = \"c\"\n";
    let places: Vec<_> = parse(text).unwrap().rules.iter().map(|rule| (rule.line, rule.column)).collect();
    assert_eq!(places, [(2, 1), (4, 1), (6, 3)]);
}

#[test]
fn attributes_may_be_quoted_or_dotted() {
    let expected = |text: &str| match &parse(text).unwrap().rules[0].what {
        What::Span(rule) => rule.select.attributes.clone(),
        other => panic!("{other:?}"),
    };
    let quoted = expected("[[span]]\nname = \"a\"\nattrs = { \"http.route\" = \"/x\" }\n");
    assert_eq!(quoted, expected("[[span]]\nname = \"a\"\nattrs.http.route = \"/x\"\n"));
    assert_eq!(quoted, expected("[[span]]\nname = \"a\"\n[span.attrs]\nhttp.route = \"/x\"\n"));
    assert_eq!(quoted[0].key, "http.route");
    let typed = expected("[[span]]\nname = \"a\"\nattrs.n = { type = \"int\" }\n");
    assert_eq!(typed[0].expected, Expected::Type("int"));
}

#[test]
fn the_file_has_a_limit() {
    let many = "[[span]]\nname = \"a\"\n".repeat(crate::limits::RULES + 1);
    assert!(parse(&many).unwrap_err().message.contains("more than 1000 rules"));
    let large = "#".repeat(crate::limits::FILE_BYTES + 1);
    assert!(parse(&large).unwrap_err().message.contains("bytes, more than"));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "(\\[\\[span\\]\\]\n|name|attrs|=|\"|\\{|\\}|>=1|\\.|,|\n|\\PC){0,40}") {
        if let Err(error) = parse(&text) {
            prop_assert!(error.line >= 1 && error.line <= text.lines().count() + 1);
        }
    }
}
