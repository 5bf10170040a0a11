//! PromQL of any text: no panic, faults lie inside of the text, and what is read prints as what reads the same.

use telltale_promql::{parse, parse_recovering, parse_selector, pretty, to_json};

/// The property.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (_, errors) = parse_recovering(&text);
    for error in &errors {
        assert!(error.range.start <= error.range.end && error.range.end <= text.len(), "{error:?}");
        assert!(text.get(error.range.start..error.range.end).is_some(), "{error:?} is inside of a character");
    }
    let _matchers = parse_selector(&text);
    let cursor = (0..=text.len()).rev().find(|place| text.is_char_boundary(*place)).unwrap_or(0);
    let _completion = telltale_promql::complete::completion(&text, cursor / 2);
    let Ok(tree) = parse(&text) else { return };
    assert!(errors.is_empty(), "{errors:?}");
    let printed = tree.to_string();
    let again = parse(&printed).unwrap_or_else(|error| panic!("{printed}: {error}"));
    assert_eq!(again.to_string(), printed);
    let broken = pretty(&tree);
    let again = parse(&broken).unwrap_or_else(|error| panic!("{broken}: {error}"));
    assert_eq!(again.to_string(), printed, "{broken}");
    assert!(!to_json(&tree).is_empty());
}
