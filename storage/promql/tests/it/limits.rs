//! Bounds: what happens at each of them, in Prometheus's words.

use std::cell::Cell;

use telltale_promql::{Engine, Error, ErrorKind, Interrupt, Labels, Limits, Value, parse};

use crate::memory::{Columns, Memory};

fn memory(series: usize, samples: i64) -> Memory {
    let mut memory = Memory::default();
    for at in 0..series {
        let labels = Labels::from_pairs([("__name__", "m_total"), ("g", ["a", "b"][at % 2]), ("i", &at.to_string())]);
        let timestamps: Vec<i64> = (0..samples).map(|at| at * 15_000).collect();
        let values = (0..samples).map(|at| at as f64).collect();
        memory.series.insert(labels, Columns { timestamps, values, ..Columns::default() });
    }
    memory
}

fn range(engine: &Engine<'_>, memory: &Memory, text: &str, steps: i64) -> Result<Value, Error> {
    let expr = parse(text).unwrap();
    engine.range(memory, &expr, text, 0, (steps - 1) * 60_000, 60_000).map(|answer| answer.value)
}

/// Scenario: a rate summed by one label over many series. The bound on samples in memory is far below what the series hold, and just above
/// groups times steps: nothing but one series and the groups is ever held.
#[test]
fn a_sum_of_rates_holds_groups_and_steps_only() {
    let memory = memory(2_000, 240);
    let engine = Engine::new(Limits { samples_max: 2 * 60 * 4, ..Limits::default() });
    let Value::Matrix(series) = range(&engine, &memory, "sum by (g) (rate(m_total[5m]))", 60).unwrap() else {
        panic!("no matrix")
    };
    assert_eq!(series.len(), 2);
    let (_, last) = series[0].floats.last().unwrap();
    assert!((last - 1_000.0 / 15.0).abs() < 1e-9, "{last}");
    let error = range(&engine, &memory, "rate(m_total[5m])", 60).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Execution);
    assert_eq!(error.message, "query processing would load too many samples into memory in query execution");
}

/// Scenario: more steps than the bound, a step of nothing, an end before the start.
#[test]
fn steps_are_bounded() {
    let memory = memory(1, 1);
    let engine = Engine::new(Limits::default());
    assert!(range(&engine, &memory, "m_total", 11_001).is_ok());
    let error = range(&engine, &memory, "m_total", 11_002).unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadData);
    let text =
        "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)";
    assert_eq!(error.message, text);
    let expr = parse("m_total").unwrap();
    for (start, end, step) in [(0, 1, 0), (0, 1, -1), (1, 0, 1)] {
        assert_eq!(engine.range(&memory, &expr, "m_total", start, end, step).unwrap_err().kind, ErrorKind::BadData);
    }
    let error = range(&engine, &memory, "m_total[5m]", 2).unwrap_err();
    assert_eq!(
        error.message,
        "invalid expression type \"range vector\" for range query, must be Scalar or instant Vector"
    );
    assert!(engine.range(&memory, &parse("1").unwrap(), "1", i64::MIN, i64::MAX, 1).is_err());
}

/// Scenario: a selector that matches more series than the bound.
#[test]
fn series_are_bounded() {
    let memory = memory(10, 1);
    let engine = Engine::new(Limits { series_max: 9, ..Limits::default() });
    let error = range(&engine, &memory, "m_total", 1).unwrap_err();
    assert_eq!(error.message, "a selector matches more than 9 series: select fewer");
    assert!(range(&engine, &memory, "m_total{g=\"a\"}", 1).is_ok());
}

/// Says stop after so many questions.
struct After(Cell<u32>, Error);

impl Interrupt for After {
    fn check(&self) -> Option<Error> {
        self.0.set(self.0.get().saturating_sub(1));
        (self.0.get() == 0).then(|| self.1.clone())
    }
}

/// Scenario: the time is over, or the caller is gone, in the middle of reading series.
#[test]
fn evaluation_can_be_interrupted() {
    let memory = memory(100, 10);
    for (error, kind, text) in [
        (Error::timeout(), ErrorKind::Timeout, "query timed out in expression evaluation"),
        (Error::canceled(), ErrorKind::Canceled, "query was canceled in expression evaluation"),
    ] {
        let after = After(Cell::new(50), error);
        let engine = Engine::new(Limits::default()).interrupted_by(&after);
        let error = range(&engine, &memory, "sum(rate(m_total[1m]))", 2).unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (kind, text));
    }
}

/// Scenario: the deepest expressions that are read can be evaluated, printed and dropped on the stack of an ordinary thread.
#[test]
fn the_deepest_expression_fits_on_a_stack() {
    let run = || {
        let most = telltale_promql::limits::EXPRESSION_DEPTH_MAX - 2;
        let memory = memory(1, 5);
        for text in [
            format!("{}m_total{}", "(".repeat(most), ")".repeat(most)),
            format!("{}m_total{}", "abs(".repeat(most), ")".repeat(most)),
            format!("{}m_total{}", "sum(".repeat(most), ")".repeat(most)),
            format!("m_total{}", " + m_total".repeat(most)),
            format!("m_total{}", " or m_total".repeat(most)),
            format!("1{}", " + 1".repeat(most)),
            format!("{}m_total", "-".repeat(most)),
        ] {
            let expr = parse(&text).unwrap();
            assert!(Engine::new(Limits::default()).range(&memory, &expr, &text, 0, 60_000, 60_000).is_ok());
            assert!(telltale_promql::pretty(&expr).len() >= text.len() / 2);
            assert!(!telltale_promql::to_json(&expr).is_empty());
        }
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
}
