//! Files that are right come back the same; files that are wrong are told where.

use std::collections::BTreeMap;

use proptest::prelude::*;
use telltale_api::dashboard::{Choice, Dashboard, Level, Panel, PanelKind, PanelQuery, Threshold, Variable};

use super::{read, write};

const FILE: &str = r#"title = "Checkout"
range = "6h"
live = true

[[variable]]
name = "service"
values_of = "service"
from = "traces_spanmetrics_calls_total"
multi = true

[[variable]]
name = "window"
values = ["5m", { value = "1h", text = "an hour" }]

[[panel]]
title = "Rate of $service"
kind = "graph"
unit = "req/s"
thresholds = [{ from = 0.5, level = "warn" }]
mappings = { "0" = "down" }
[[panel.query]]
expr = 'sum by (service) (rate(traces_spanmetrics_calls_total{service=~"$service"}[$window]))'
legend = "{{service}}"
"#;

/// Scenario: a file with everything that people write.
#[test]
fn a_file_is_read_and_written_back() {
    let dashboard = read(FILE).unwrap();
    assert_eq!((dashboard.title.as_str(), dashboard.live, dashboard.variables.len()), ("Checkout", true, 2));
    let words = Choice { value: "1h".to_owned(), text: "an hour".to_owned() };
    assert_eq!(dashboard.variables[1].values[1], words);
    assert_eq!(dashboard.panels[0].thresholds, [Threshold { from: 0.5, level: Level::Warn }]);
    assert_eq!(dashboard.panels[0].mappings["0"], "down");
    assert_eq!(dashboard.panels[0].queries[0].legend, "{{service}}");
    assert_eq!(read(&write(&dashboard)).unwrap(), dashboard);
}

/// Scenario: one mistake a file; line and column point at it.
#[test]
fn mistakes_are_told_with_line_and_column() {
    let cases = [
        ("title = \"a\"\ntitel = 1\n", "2:1: a dashboard has no key \"titel\""),
        ("title = 1\n", "1:9: invalid type"),
        ("title = \"a\"\nrange = \"soon\"\n", "2:9: range \"soon\" is no duration"),
        ("range = \"1h\"\n", "1:1: a dashboard needs a title"),
        ("title = \"a\"\n[[panel]]\ntitle = \"p\"\n", "2:1: panel \"p\" has no query"),
        ("title = \"a\"\n[[panel]]\nkind = \"pie\"\n", "3:8: unknown variant"),
        ("title = \"a\"\n[[panel]]\nwidth = 25\n[[panel.query]]\nexpr = \"m\"\n", "3:9: width 25"),
        ("title = \"a\"\n[[panel]]\n[[panel.query]]\nexpr = 'sum(rate(m))'\n", "4:18: expected type range vector"),
        ("title = \"a\"\n[[panel]]\n[[panel.query]]\nexpr = '''\nsum(m) +'''\n", "5:9: unexpected end of input"),
        ("title = \"a\"\n[[panel]]\n[[panel.query]]\nexp = 'm'\n", "4:1: a query has no key \"exp\""),
        ("title = \"a\"\n[[variable]]\nname = \"b c\"\ntext = true\n", "3:8: \"b c\" cannot be the name"),
        ("title = \"a\"\n[[variable]]\nname = \"b\"\n", "2:1: variable \"b\": write exactly one of"),
        ("title = \"a\n", "1:11: "),
    ];
    for (text, expected) in cases {
        let error = read(text).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{text}\n{error}");
    }
    assert!(read(&" ".repeat(crate::limits::FILE_BYTES_MAX + 1)).unwrap_err().to_string().contains("larger"));
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{0,8}", "\\PC{0,12}", Just("a\"b\\c\nd'''\u{1}".to_owned())]
}

fn variable() -> impl Strategy<Value = Variable> {
    let values = prop::collection::vec((words(), words()), 1..4);
    ("[a-z]{1,6}", words(), values, any::<[bool; 3]>(), prop::collection::vec(words(), 0..3)).prop_map(
        |(name, label, values, [multi, all, hidden], default)| Variable {
            name,
            label,
            values: values
                .into_iter()
                .map(|(value, text)| Choice { text: if text.is_empty() { value.clone() } else { text }, value })
                .collect(),
            multi,
            all,
            hidden,
            default,
            ..Variable::default()
        },
    )
}

fn panel() -> impl Strategy<Value = Panel> {
    let kinds = prop::sample::select(vec![PanelKind::Graph, PanelKind::Stat, PanelKind::Text, PanelKind::Heatmap]);
    let numbers = (prop::option::of(0u8..5), prop::option::of(-1e9..1e9f64), 0u8..=24, 0u8..40);
    let thresholds = prop::collection::vec((-1e3..1e3f64, 0usize..3), 0..3);
    let mappings = prop::collection::btree_map(words(), words(), 0..3);
    (words(), kinds, numbers, thresholds, mappings, words(), any::<bool>()).prop_map(
        |(title, kind, (decimals, min, width, height), thresholds, mappings, legend, flag)| Panel {
            queries: vec![PanelQuery {
                expr: "sum(rate(m{a=~\"$v\"}[5m]))".to_owned(),
                legend: legend.clone(),
                instant: flag,
                hidden: !flag,
            }],
            title,
            kind,
            decimals,
            min,
            width,
            height,
            thresholds: thresholds
                .into_iter()
                .map(|(from, level)| Threshold {
                    from,
                    level: [Level::Good, Level::Warn, Level::Bad].into_iter().nth(level).unwrap(),
                })
                .collect(),
            mappings: BTreeMap::clone(&mappings),
            notes: vec![legend],
            stacked: flag,
            ..Panel::default()
        },
    )
}

proptest! {
    /// Guarantee: whatever a dashboard holds, its file reads back to the same dashboard.
    #[test]
    fn written_files_read_back(title in "[a-z\\PC]{1,12}x", mut variables in prop::collection::vec(variable(), 0..3),
        panels in prop::collection::vec(panel(), 0..4), live: bool)
    {
        for (at, variable) in variables.iter_mut().enumerate() {
            variable.name.push_str(&at.to_string());
        }
        let dashboard = Dashboard { title, description: String::new(), range: "1h".to_owned(), live, variables, panels };
        let text = write(&dashboard);
        prop_assert_eq!(read(&text).map_err(|error| format!("{error}\n{text}")), Ok(dashboard));
    }
}
