//! Charts: the question for each kind, ticks, lines with gaps, units.

use super::*;

/// Scenario: every kind of metric, a name that is no identifier.
#[test]
fn each_kind_has_its_question() {
    let first = |name: &str, kind| questions(name, kind, 60).first().map(|question| question.expr.clone()).unwrap();
    assert_eq!(first("m_total", Kind::Counter), "sum by (job) (rate(m_total[60s]))");
    assert_eq!(first("m", Kind::Gauge), "m");
    assert_eq!(first("m", Kind::ClassicHistogram), "histogram_quantile(0.5, sum by (le) (rate(m_bucket[60s])))");
    assert_eq!(first("m", Kind::NativeHistogram), "histogram_quantile(0.5, sum(rate(m[60s])))");
    assert_eq!(first("http.server", Kind::Gauge), "{\"http.server\"}");
    assert_eq!(questions("m", Kind::NativeHistogram, 60).len(), 3);
    assert_eq!(Kind::of("m_total", "", false), Kind::Counter);
    assert_eq!(Kind::of("m", "histogram", false), Kind::NativeHistogram);
    assert_eq!(Kind::of("m", "", true), Kind::ClassicHistogram);
    assert_eq!(Kind::of("m", "unknown", false), Kind::Gauge);
}

/// Scenario: ranges from a minute to a month.
#[test]
fn steps_are_round_and_few() {
    for (range, wanted) in [(60, 1), (3_600, 15), (86_400, 600), (2_592_000, 14_400)] {
        assert_eq!(step_seconds(range), wanted);
        assert!(range / step_seconds(range) <= 250);
    }
}

/// Scenario: ticks cover the range, are round, and are neither one nor many.
#[test]
fn ticks_cover_the_range() {
    for (low, high) in [(0.0, 1.0), (0.0, 0.003), (-5.0, 17.0), (1000.0, 1001.0), (0.0, 7e9)] {
        let ticks = value_ticks(low, high, false);
        assert!((3..=12).contains(&ticks.len()), "{ticks:?}");
        assert!(ticks[0] <= low + 1e-9 && *ticks.last().unwrap() >= high - 1e-9 * high.abs(), "{low} {high} {ticks:?}");
    }
    assert_eq!(value_ticks(3.0, 3.0, false), vec![3.0]);
    assert_eq!(value_ticks(0.0, 250.0 * 1_048_576.0, true)[1], 50.0 * 1_048_576.0, "bytes in steps of whole MiB");
    assert_eq!(time_ticks(0.0, 3600.0, 0), vec![0.0, 600.0, 1200.0, 1800.0, 2400.0, 3000.0, 3600.0]);
    assert_eq!(time_ticks(0.0, 86_400.0 * 30.0, 60).first(), Some(&(86_400.0 * 5.0 - 3600.0)));
}

/// Scenario: nothing, one value, values far from zero, values that are no numbers.
#[test]
fn scales_hold_their_values() {
    assert_eq!(Scale::of(0.0, 10.0, std::iter::empty(), Unit::Plain).high, 1.0);
    let one = Scale::of(0.0, 10.0, [5.0].into_iter(), Unit::Plain);
    assert!(one.low <= 0.0 && one.high >= 5.0);
    let far = Scale::of(0.0, 10.0, [1000.0, 1001.0, f64::NAN, f64::INFINITY].into_iter(), Unit::Plain);
    assert!(far.low > 900.0 && far.high < 1100.0);
    assert_eq!((far.x(0.0), far.x(10.0)), (LEFT, WIDTH));
    assert_eq!(far.time_at(far.x(7.5)), 7.5);
    assert_eq!(far.time_at(-100.0), 0.0);
}

/// Scenario: a gap, a value that is no number, a point on its own.
#[test]
fn lines_break_where_nothing_is_known() {
    let scale = Scale { start: 0.0, end: 100.0, low: 0.0, high: 1.0, is_binary: false, size: Size::default() };
    let line = path(&scale, &[(0.0, 0.0), (10.0, 1.0), (40.0, 1.0), (50.0, f64::NAN), (60.0, 0.5)], 10.0);
    assert_eq!(line.matches('M').count(), 3);
    assert_eq!(line.matches('L').count(), 1);
}

/// Scenario: units from metadata, else from the name; rates of seconds are no durations.
#[test]
fn units_are_written_for_people() {
    assert_eq!(Unit::of("x_seconds_bucket", ""), Unit::Seconds);
    assert_eq!(Unit::of("x", "By"), Unit::Bytes);
    assert_eq!(Unit::Seconds.format(0.25, false), crate::format::duration(250_000_000));
    assert_eq!(Unit::Seconds.format(0.25, true), "0.25/s");
    assert_eq!(Unit::Ratio.format(0.5, false), "50 %");
    assert_eq!(Unit::Plain.format(1_234_567.0, false), "1.23 M");
    assert_eq!(Unit::Plain.format(0.0, false), "0");
    assert_eq!(Unit::Plain.format(0.125, true), "0.125/s");
    assert_eq!(Unit::Plain.format(f64::NAN, false), "NaN");
}

/// Scenario: units of dashboards, known and unknown, with and without digits.
#[test]
fn panels_write_values_in_their_units() {
    for (unit, decimals, value, expected) in [
        ("s", None, 0.25, "250 ms"),
        ("us", None, 1500.0, "1.50 ms"),
        ("By/s", None, 2048.0, "2 KiB/s"),
        ("ratio", Some(1), 0.1234, "12.3 %"),
        ("%", None, 12.0, "12 %"),
        ("req/s", None, 12.5, "12.5 req/s"),
        ("/s", None, 3.0, "3/s"),
        ("s/s", None, 0.5, "50 %"),
        ("", Some(2), 1.0, "1.00"),
        ("°C", None, 21.0, "21 °C"),
    ] {
        let text = Shown::of(unit, decimals).format(value).replace(['\u{a0}', '\u{202f}'], " ");
        assert_eq!(text, expected, "{unit}");
    }
}

/// Scenario: heat maps are there for histograms alone.
#[test]
fn histograms_have_heat_maps() {
    let expr = |kind| heat_question("m", kind, 60).map(|question| question.expr);
    assert_eq!(expr(Kind::ClassicHistogram).as_deref(), Some("sum by (le) (increase(m_bucket[60s]))"));
    assert_eq!(expr(Kind::NativeHistogram).as_deref(), Some("sum(increase(m[60s]))"));
    assert_eq!(expr(Kind::Gauge), None);
}
