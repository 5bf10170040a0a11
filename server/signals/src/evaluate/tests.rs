//! Scenario: golden signals files with every kind of rule, passing and failing, over one sample run.
//! Guarantees: the verdicts and every message, in every form, exactly; `TELLTALE_BLESS=1` writes them anew.

use std::path::{Path, PathBuf};

use crate::error::FileError;
use crate::observed::tests::sample;
use crate::{Report, evaluate, file, report};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(golden(name)).unwrap_or_default()
}

#[track_caller]
fn is_golden(name: &str, text: &str) {
    if std::env::var_os("TELLTALE_BLESS").is_some() {
        std::fs::write(golden(name), text).unwrap();
    }
    assert_eq!(text, read(name), "{name}; TELLTALE_BLESS=1 writes it anew");
}

fn judge(name: &str) -> Report {
    let file = file::parse(&read(name)).unwrap();
    assert!(file.rules.len() > 5);
    evaluate(name, &file, &sample())
}

#[test]
fn a_file_with_every_kind_of_rule_is_met() {
    let report = judge("passing.toml");
    is_golden("passing.txt", &report::text(&report, false));
    assert!(report.is_met());
    assert_eq!(report::annotations(&report), "");
}

#[test]
fn a_file_with_every_kind_of_rule_is_not_met_and_each_says_why() {
    let report = judge("failing.toml");
    is_golden("failing.txt", &report::text(&report, false));
    assert_eq!(report.met, 0);
    is_golden("failing.json", &report::json(&report));
    is_golden("failing.junit.xml", &report::junit(&report));
    is_golden("failing.annotations.txt", &report::annotations(&report));
    is_golden("failing.summary.md", &report::step_summary(&report));
    let again: Report = serde_json::from_str(&report::json(&report)).unwrap();
    assert_eq!(again, report);
}

#[test]
fn every_mistake_in_a_file_names_its_line_and_column() {
    let mut out = String::new();
    for case in read("errors.txt").split("\n--\n") {
        let error: FileError = file::parse(case).expect_err(case);
        assert!(error.line >= 1 && error.column >= 1);
        out.push_str(&format!("{}\n=> {}\n\n", case.trim_end(), error.to_string().replace('\n', "\n   ")));
    }
    is_golden("errors.messages.txt", &out);
}

/// Guarantees: "every kind of rule" is what the language has, also when it grows: each key of each section stands in both
/// golden files, with every kind of value where a key has several.
#[test]
fn the_golden_files_have_every_key_of_the_language() {
    use crate::file::selectors::{
        LOG_KEYS, LOG_OWN, METRIC_KEYS, METRIC_OWN, NEVER_KEYS, SLO_KEYS, SPAN_KEYS, SPAN_OWN,
    };
    let sections: [(&str, &[&str], &[&str]); 5] = [
        ("span", &SPAN_KEYS, &SPAN_OWN),
        ("log", &LOG_KEYS, &LOG_OWN),
        ("metric", &METRIC_KEYS, &METRIC_OWN),
        ("never", &NEVER_KEYS, &[]),
        ("slo", &SLO_KEYS, &[]),
    ];
    for name in ["passing.toml", "failing.toml"] {
        let text = read(name);
        let table: toml::Table = text.parse().unwrap();
        for (section, keys, own) in sections {
            let used: std::collections::BTreeSet<&str> = table[section]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|rule| rule.as_table().unwrap().keys())
                .map(|key| key.trim_end_matches('~'))
                .collect();
            for key in keys.iter().chain(own) {
                assert!(used.contains(key), "no [[{section}]] of {name} has {key}");
            }
        }
        for value in ["\"~", "\"=", "*", "~\"", "absent = true", "type = \"double\"", "+-", "..", "true", "why"] {
            assert!(text.contains(value), "{name} has no {value}");
        }
    }
}

/// Scenario: an empty store. Guarantees: nothing is met but absence, and no message speaks of something nearest.
#[test]
fn nothing_seen_meets_only_absence() {
    let file = file::parse(&read("passing.toml")).unwrap();
    let report = evaluate("passing.toml", &file, &crate::Observed::default());
    for verdict in &report.verdicts {
        assert_eq!(verdict.met, verdict.kind == "never", "{verdict:?}");
        assert_eq!(verdict.nearest, None);
    }
}
