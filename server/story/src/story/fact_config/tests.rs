//! The facts that a team configures: read from TOML, and what they find.

use telltale_api::story::Story;

use super::*;
use crate::story::tell;
use crate::testing::{log, span, view};

#[derive(Debug, Deserialize)]
struct File {
    fact: Vec<FactRule>,
}

fn team(toml: &str) -> FactConfig {
    FactConfig::with_team(toml::from_str::<File>(toml).unwrap_or_else(|error| panic!("{error}")).fact)
}

fn told(toml: &str) -> Story {
    let spans = vec![
        span("GET /", 1, 0).service("shop").kind(2).ms(0, 90).with("peer", "a").with("mail", "x@y.example").row(),
        span("call", 2, 1).service("gateway-7").kind(3).ms(5, 80).with("peer", "b").with("device.id", "d1").row(),
        span("call", 3, 1).service("gateway-8").kind(3).ms(10, 20).with("peer", "c").with("mail", "x@y.example").row(),
        span("call", 4, 1).service("gateway-8").kind(3).ms(40, 20).with("peer", "c").row(),
    ];
    let mut view = view(spans, vec![log(3, 9, "x", "shop", 1)]);
    view.logs[0].attributes = vec![crate::testing::attribute("peer", "from a log")];
    tell(&view, &team(toml))
}

fn values(toml: &str) -> Vec<String> {
    told(toml).facts[0].values.iter().map(|value| value.value.clone()).collect()
}

#[test]
fn conditions_narrow_where_a_fact_is_looked_for() {
    let with = |rest: &str| values(&format!("[[fact]]\nlabel = 'Peer'\nkeys = 'peer'\n{rest}"));
    assert_eq!(with(""), ["a", "b", "c", "from a log"]);
    assert_eq!(with("where = 'kind=server|internal'"), ["a"]);
    assert_eq!(with("where = 'service=gateway-*'"), ["b", "c"]);
    assert_eq!(with("where = 'name=GET *'"), ["a"]);
    assert_eq!(with("where = 'in=log'"), ["from a log"]);
    assert_eq!(with("where = 'device.*'"), ["b"]);
    assert_eq!(with("where = ['service=gateway-*', 'device.id=d2|d3']"), Vec::<String>::new());
}

#[test]
fn one_of_several_values_is_picked() {
    let with = |pick: &str| {
        values(&format!("[[fact]]\nlabel = 'Peer'\nfrom = ['nothing', 'peer']\nwhere = 'in=span'\npick = '{pick}'"))
    };
    assert_eq!((with("all").len(), with("first"), with("last")), (3, vec!["a".to_owned()], vec!["c".to_owned()]));
    assert_eq!((with("most"), with("root")), (vec!["c".to_owned()], vec!["a".to_owned()]));
}

#[test]
fn redacted_values_are_told_apart_and_nothing_else() {
    let story = told("[[fact]]\nlabel = 'Mail'\nkeys = ['mail']\nredact = true\nview = 'text'");
    let fact = &story.facts[0];
    assert_eq!((fact.values.len(), fact.values[0].count, fact.is_redacted), (1, 2, true));
    assert!(fact.values[0].value.starts_with("redacted-") && !format!("{fact:?}").contains("y.example"), "{fact:?}");
}

#[test]
fn a_team_adds_replaces_and_removes_facts() {
    let config = team(
        "[[fact]]\nlabel='Order'\nkeys='order.id'\n[[fact]]\nlabel='User'\nkeys='login'\n[[fact]]\nlabel='Region'\nkeys=[]",
    );
    let labels: Vec<&str> = config.facts.iter().map(|rule| rule.label.as_str()).collect();
    assert_eq!((labels[0], labels[1], labels.len()), ("Order", "Gateway", FactConfig::default().facts.len()));
    assert!(!labels.contains(&"Region"));
    assert_eq!(config.facts.iter().find(|rule| rule.label == "User").unwrap().keys, ["login"]);
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<FactConfig>(&json).unwrap(), config);
}

#[test]
fn what_is_wrong_in_a_file_is_named_with_its_place() {
    for (line, expected) in [
        ("pick = 'some'", "unknown variant `some`"),
        ("view = 'html'", "unknown variant `html`"),
        ("where = 'kind=servre'", "`servre` is no kind of a span"),
        ("where = 'in='", "is no place of an attribute"),
        ("where = 'name'", "needs a value"),
        ("colour = 'red'", "unknown field `colour`"),
        ("redact = 'yes'", "invalid type"),
        ("with = 7", "a text or a list of texts"),
    ] {
        let text = format!("[[fact]]\nlabel = 'Peer'\nkeys = ['peer']\n{line}\n");
        let error = toml::from_str::<File>(&text).unwrap_err();
        assert!(error.message().contains(expected), "{line}: {}", error.message());
        assert!(error.span().is_some_and(|span| span.start >= text.find(line).unwrap()), "{line}: {:?}", error.span());
    }
}
