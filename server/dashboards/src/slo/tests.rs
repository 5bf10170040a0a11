//! Tables that are right and wrong, and verdicts worked out by hand.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Objective, String> {
    toml::from_str::<Written>(text).map_err(|error| error.message().to_owned()).and_then(Objective::understand)
}

fn objective(percent: f64, window: &str) -> Objective {
    read(&format!(
        "name = \"a\"\nobjective = {percent:?}\nwindow = \"{window}\"\ngood = 'sum(increase(good[$window]))'\ntotal = 'sum(increase(all[$window]))'"
    ))
    .unwrap()
}

/// Scenario: the short way by spans, with and without a limit for durations.
#[test]
fn spans_become_promql() {
    let slo = read("name = \"a\"\nservice = \"shop\"\nobjective = 99.9\nspans = {}").unwrap();
    assert_eq!((slo.window, slo.is_spans, slo.title.as_str()), (30 * 86_400, true, "a"));
    assert_eq!(
        slo.good,
        "sum(increase(traces_spanmetrics_calls_total{service=\"shop\", span_kind=\"SPAN_KIND_SERVER\", status_code!=\"STATUS_CODE_ERROR\"}[$window]))"
    );
    let fast = "name = \"a\"\nobjective = 99\n[spans]\nservice = \"s\"\noperation = \"GET /\"\nkind = \"client\"\nfaster_than = \"256ms\"";
    let slo = read(fast).unwrap();
    assert!(
        slo.good.contains("latency_bucket{service=\"s\", span_kind=\"SPAN_KIND_CLIENT\", span_name=\"GET /\"")
            && slo.good.contains("le=\"0.256\""),
        "{}",
        slo.good
    );
    assert_eq!(slo.service, "s");
    assert_eq!(over("rate(x[$window])", 300), "rate(x[300s])");
}

/// Scenario: one mistake a table.
#[test]
fn mistakes_say_what_to_write() {
    let rest = "\ngood = 'sum(increase(g[$window]))'\ntotal = 'sum(increase(t[$window]))'";
    for (text, part) in [
        (format!("name = \"a b\"\nobjective = 99{rest}"), "write letters"),
        (format!("name = \"a\"\nobjective = 100{rest}"), "below 100"),
        (format!("name = \"a\"\nobjective = 99\nwindow = \"1m\"{rest}"), "from 1h to 366d"),
        ("name = \"a\"\nobjective = 99\ngood = 'x'".to_owned(), "good and total"),
        ("name = \"a\"\nobjective = 99\ngood = 'g'\ntotal = 't[$window]'".to_owned(), "has to count over"),
        (
            "name = \"a\"\nobjective = 99\ngood = 'sum(g[$window])'\ntotal = 'sum(t[$window])'".to_owned(),
            "good: 1:5: parse error",
        ),
        ("name = \"a\"\nobjective = 99\nspans = {}".to_owned(), "name the service"),
        ("name = \"a\"\nobjective = 99\nspans = { service = \"s\", faster_than = \"300ms\" }".to_owned(), "256ms"),
        ("name = \"a\"\nobjective = 99\nspans = { service = \"s\", kind = \"x\" }".to_owned(), "write server"),
        ("name = \"a\"\nobjektive = 99".to_owned(), "unknown field"),
    ] {
        let error = read(&text).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}

fn counts(objective: &Objective, part: impl Fn(u64) -> (Option<f64>, Option<f64>)) -> Vec<Counts> {
    let one = |window| {
        let (good, total) = part(window);
        Counts { window, good, total }
    };
    objective.times().into_iter().map(one).collect()
}

/// Scenario: half of the budget spent evenly; all of it; a fast burn; no events; events of which none is good.
#[test]
fn verdicts_are_those_of_the_book() {
    let slo = objective(99.0, "30d");
    let half = judge(&slo, &counts(&slo, |_| (Some(995.0), Some(1_000.0))));
    assert!((half.budget_left.unwrap() - 0.5).abs() < 1e-9 && half.status == SloStatus::Good, "{half:?}");
    assert!(half.burns.iter().all(|burn| (burn.rate.unwrap() - 0.5).abs() < 1e-9));
    let factors: Vec<f64> = half.alerts.iter().map(|alert| (alert.factor * 10.0).round() / 10.0).collect();
    assert_eq!(factors, [14.4, 6.0, 1.0]);
    let spent = judge(&slo, &counts(&slo, |_| (Some(98.0), Some(100.0))));
    assert!((spent.budget_left.unwrap() + 1.0).abs() < 1e-9 && spent.status == SloStatus::Spent);
    let fast = judge(&slo, &counts(&slo, |window| (Some(if window <= 3_600 { 80.0 } else { 99.9 }), Some(100.0))));
    assert_eq!(fast.status, SloStatus::Burning);
    assert_eq!(fast.alerts.iter().map(|alert| alert.is_firing).collect::<Vec<_>>(), [true, false, false]);
    let none = judge(&slo, &counts(&slo, |_| (None, None)));
    assert_eq!((none.status, none.ratio, none.events), (SloStatus::NoData, None, None));
    let bad = judge(&slo, &counts(&slo, |_| (None, Some(5.0))));
    assert_eq!((bad.status, bad.ratio), (SloStatus::Spent, Some(0.0)));
    // A window of an hour has no time that is longer.
    assert_eq!(judge(&objective(99.0, "1h"), &[]).alerts, []);
    assert_eq!(objective(99.0, "1h").times(), [300, 1_800, 3_600]);
}

proptest! {
    /// Guarantee: the burn rate of the whole window and what is left of the budget always add up to one.
    #[test]
    fn what_is_left_and_what_is_burnt_add_up(percent in 1.0..99.99f64, good in 0.0..1e9f64, bad in 0.0..1e9f64) {
        let slo = objective(percent, "7d");
        let state = judge(&slo, &counts(&slo, |_| (Some(good), Some(good + bad))));
        if good + bad > 0.0 {
            let burnt = state.burns.last().unwrap().rate.unwrap();
            prop_assert!((burnt + state.budget_left.unwrap() - 1.0).abs() < 1e-6);
            prop_assert_eq!(state.status == SloStatus::Spent, state.budget_left.unwrap() <= 0.0);
        }
    }
}
