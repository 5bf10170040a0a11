//! Dashboards in the shape of Grafana's schemas 14, 39 and 2: what is taken over is exact, what is not is named.

use proptest::prelude::*;
use serde_json::{Value, json};
use telltale_api::dashboard::{Choice, Level, PanelKind, Threshold};

use super::{Opened, open};
use crate::file;

const GRID: &str = include_str!("samples/grid.json");
const ROWS: &str = include_str!("samples/rows.json");
const ELEMENTS: &str = include_str!("samples/elements.json");

fn notes(opened: &Opened) -> Vec<String> {
    opened.notes.iter().map(|note| format!("{}: {}", note.panel, note.reason)).collect()
}

fn kinds(opened: &Opened) -> Vec<(&str, PanelKind)> {
    opened.dashboard.panels.iter().map(|panel| (panel.title.as_str(), panel.kind)).collect()
}

/// Scenario: a grid with rows, a collapsed one, every kind of panel and variable, and much that is not supported.
#[test]
fn a_grid_is_taken_over() {
    let opened = open(GRID).unwrap();
    let dashboard = &opened.dashboard;
    assert_eq!((dashboard.title.as_str(), dashboard.range.as_str(), dashboard.live), ("Orders", "6h", true));
    use PanelKind::{Bars, Gauge, Graph, Heatmap, Row, Stat, Table, Text, Unsupported};
    let expected = [
        ("Overview", Row),
        ("Rate of $job", Graph),
        ("Open", Stat),
        ("Disk", Gauge),
        ("Details", Row),
        ("Durations", Heatmap),
        ("Table", Table),
        ("Bars", Bars),
        ("", Text),
        ("Map", Unsupported),
        ("Shared", Unsupported),
        ("Logs", Unsupported),
        ("SQL", Unsupported),
    ];
    assert_eq!(kinds(&opened), expected);
    let rate = &dashboard.panels[1];
    assert_eq!((rate.unit.as_str(), rate.decimals, rate.min, rate.stacked), ("req/s", Some(1), Some(0.0), true));
    assert_eq!((rate.width, rate.height, rate.description.as_str()), (12, 9, "How many"));
    assert_eq!(rate.queries.len(), 2);
    assert_eq!(
        (rate.queries[0].legend.as_str(), rate.queries[1].legend.as_str(), rate.queries[1].hidden),
        ("{{job}}", "", true)
    );
    assert_eq!(rate.thresholds, [], "thresholds of a graph that draws none");
    let open_panel = &dashboard.panels[2];
    assert_eq!(
        (open_panel.reduce.as_str(), open_panel.repeat.as_str(), open_panel.unit.as_str()),
        ("mean", "job", "ratio")
    );
    assert_eq!(open_panel.mappings["0"], "closed");
    let levels: Vec<Level> = open_panel.thresholds.iter().map(|threshold| threshold.level).collect();
    assert_eq!(levels, [Level::Bad, Level::Good]);
    let disk = [Threshold { from: 140.0, level: Level::Warn }, Threshold { from: 180.0, level: Level::Bad }];
    assert_eq!(dashboard.panels[3].thresholds, disk);
    assert!(dashboard.panels[4].collapsed && dashboard.panels[6].queries[0].instant);
    assert_eq!(dashboard.panels[8].text, "# Read me");
}

/// Scenario: the same file's variables.
#[test]
fn variables_are_taken_over() {
    let opened = open(GRID).unwrap();
    let find = |name: &str| opened.dashboard.variables.iter().find(|variable| variable.name == name);
    let job = find("job").unwrap();
    assert_eq!((job.from.as_str(), job.values_of.as_str()), ("orders_placed_total{zone=~\"a|b\"}", "job"));
    assert_eq!((job.regex.as_str(), job.all_value.as_str(), job.default.len()), ("^sho", ".*", 0));
    assert_eq!(find("metric").unwrap().from, "{__name__=~\".*(^orders_).*\"}");
    let up = find("up").unwrap();
    assert_eq!((up.query.as_str(), up.regex.as_str()), ("up == 1", "job=\"([^\"]+)\""));
    let quantile = find("quantile").unwrap();
    assert_eq!(quantile.values[1], Choice { value: "0.95".to_owned(), text: "median of".to_owned() });
    assert_eq!(quantile.default, ["0.95"]);
    let win = find("win").unwrap();
    assert_eq!((win.values[0].value.as_str(), win.values.len(), win.default[0].as_str()), ("auto", 4, "auto"));
    assert!(find("env").unwrap().hidden && find("search").unwrap().text);
    assert!(["datasource", "filters", "logs"].iter().all(|name| find(name).is_none()));
}

/// Guarantee: whatever is not taken over is named, at its panel.
#[test]
fn what_is_not_supported_is_named() {
    let found = notes(&open(GRID).unwrap());
    for expected in [
        ": annotations \"Deployments\" are not shown",
        "$filters: ad hoc filters are not there",
        "$logs: it asks \"loki\", not Prometheus",
        "Rate of $job: query B asks \"loki\", not Prometheus",
        "Rate of $job: query C is an expression of Grafana's own (math)",
        "Rate of $job: \"rate(orders_placed_total)\" is no PromQL: 1:6: parse error: expected type range vector in call to function \"rate\", got instant vector",
        "Rate of $job: the override of \"bad\" (color) is not applied",
        "Rate of $job: the transformation \"organize\" is not applied",
        "Rate of $job: its shift in time (1d) is not applied",
        "Rate of $job: 1 links are not shown",
        "Open: the value mapping of type \"range\" is not applied",
        "Map: panels of type \"nodeGraph\" are not drawn",
        "Shared: the library panel \"Shared one\" is not part of the file",
        "Logs: panels of type \"logs\" are not drawn",
        "SQL: query A asks \"postgres\", not Prometheus",
    ] {
        assert!(found.iter().any(|note| note == expected), "{expected}\n{found:#?}");
    }
    assert_eq!(found.len(), 15, "{found:#?}");
}

/// Scenario: the answer of the HTTP API with rows of schema 14.
#[test]
fn rows_of_old_schemas_are_taken_over() {
    let opened = open(ROWS).unwrap();
    use PanelKind::{Gauge, Graph, Row, Text, Unsupported};
    assert_eq!(
        kinds(&opened),
        [("First", Row), ("Load", Graph), ("Up", Gauge), ("Second", Row), ("Logs", Unsupported), ("Words", Text)]
    );
    let load = &opened.dashboard.panels[1];
    assert_eq!((load.width, load.height, load.unit.as_str(), load.min, load.stacked), (16, 8, "By", Some(0.0), true));
    let up = &opened.dashboard.panels[2];
    assert_eq!((up.width, up.unit.as_str(), up.reduce.as_str(), up.max), (8, "%", "last", Some(100.0)));
    assert_eq!(
        up.thresholds,
        [Threshold { from: 50.0, level: Level::Warn }, Threshold { from: 80.0, level: Level::Bad }]
    );
    assert_eq!(up.mappings.get("0").map(String::as_str), Some("down"));
    assert!(opened.dashboard.panels[3].collapsed && Graph == load.kind);
    assert_eq!(opened.dashboard.variables[0].values_of, "instance");
    let expected = [
        ": the time from \"now/d\" to \"now/d\" is not a range up to now: 1h is shown",
        "Load: the override of \"/x/\" is not applied",
        "Load: its alert \"Load alert\" is not evaluated",
        "Logs: query 1 asks \"Loki\", not Prometheus",
        "Words: HTML is shown as text",
    ];
    assert_eq!(notes(&opened), expected);
}

/// Scenario: a resource of version 2, with elements and a layout of rows.
#[test]
fn elements_of_version_2_are_taken_over() {
    let opened = open(ELEMENTS).unwrap();
    use PanelKind::{Graph, Row, Stat, Unsupported};
    assert_eq!(
        kinds(&opened),
        [("Top", Row), ("Rate", Graph), ("Older kind", Stat), ("More", Row), ("Lib", Unsupported)]
    );
    let dashboard = &opened.dashboard;
    assert_eq!((dashboard.title.as_str(), dashboard.range.as_str(), dashboard.live), ("Orders again", "30m", true));
    assert_eq!(
        (dashboard.panels[1].unit.as_str(), dashboard.panels[1].height, dashboard.panels[1].queries.len()),
        ("req/s", 5, 1)
    );
    assert!(dashboard.panels[3].collapsed);
    let names: Vec<&str> = dashboard.variables.iter().map(|variable| variable.name.as_str()).collect();
    assert_eq!(names, ["job", "q", "t"]);
    assert_eq!(
        (dashboard.variables[0].values_of.as_str(), dashboard.variables[0].default.as_slice()),
        ("job", &["shop".to_owned()][..])
    );
    assert!(dashboard.variables[1].hidden && dashboard.variables[2].text);
    let expected = [
        "$by: variables of type \"groupby\" are not there",
        "Rate: query B asks \"tempo\", not Prometheus",
        "Rate: the transformation \"limit\" is not applied",
        "Lib: the library panel \"Lib one\" is not part of the file",
    ];
    assert_eq!(notes(&opened), expected);
}

/// Guarantee: what was opened can be saved as TOML, and is the same when it is read; but for expressions that are no PromQL.
#[test]
fn what_was_opened_can_be_saved() {
    for text in [GRID, ROWS, ELEMENTS] {
        let mut dashboard = open(text).unwrap().dashboard;
        dashboard
            .panels
            .iter_mut()
            .for_each(|panel| panel.queries.retain(|query| crate::check::mistake(&query.expr).is_none()));
        let text = file::write(&dashboard);
        assert_eq!(file::read(&text).map_err(|error| format!("{error}\n{text}")), Ok(dashboard));
    }
}

/// Scenario: texts that are no dashboards.
#[test]
fn what_is_no_dashboard_is_said() {
    for (text, expected) in [
        ("{", "1:1: this is no JSON"),
        ("[]", "this is no dashboard"),
        ("{\"resourceSpans\":[]}", "this is no dashboard"),
        ("null", "this is no dashboard"),
    ] {
        let error = open(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z$_{}(),:]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let keys = prop::sample::select(vec![
            "type",
            "title",
            "targets",
            "expr",
            "panels",
            "gridPos",
            "fieldConfig",
            "defaults",
            "options",
            "rows",
            "spec",
            "kind",
            "value",
            "query",
            "thresholds",
            "steps",
            "mappings",
            "name",
            "items",
            "layout",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys, inner), 0..4).prop_map(|pairs| {
                Value::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    /// Guarantee: members of other types than Grafana writes never break it.
    #[test]
    fn strange_members_are_survived(panel in any_json(), variable in any_json(), row in any_json()) {
        for value in [
            json!({ "panels": [panel, { "type": "stat", "fieldConfig": panel, "targets": panel }], "templating": { "list": [variable] }, "rows": [row] }),
            json!({ "elements": { "a": panel }, "layout": row, "variables": [variable] }),
        ] {
            let _either = open(&value.to_string());
        }
    }
}
