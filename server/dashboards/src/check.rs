//! Whether an expression with variables can be PromQL.

use std::collections::BTreeMap;

use telltale_api::dashboard::{Chosen, Times, fill, variables_in};
use telltale_promql::ParseError;

/// What a variable may stand for: a duration or number, a name, a number.
const CANDIDATES: [&str; 3] = ["5m", "x", "5"];

/// Returns the mistake of an expression: one that is there whatever the variables are. Variables of different sorts in one expression
/// are not told apart, so that only the evaluation can judge it.
pub(crate) fn mistake(expr: &str) -> Option<ParseError> {
    let times = Times { start: 0, end: 3_600, step: 60 };
    let names = variables_in(expr);
    let mut first = None;
    for candidate in CANDIDATES {
        let value = |name: &String| (name.clone(), Chosen { values: vec![candidate.to_owned()], ..Chosen::default() });
        let chosen: BTreeMap<String, Chosen> = names.iter().map(value).collect();
        match telltale_promql::parse(&fill(expr, &chosen, &times)) {
            Ok(_) => return None,
            Err(errors) => {
                first = first.or_else(|| errors.0.into_iter().next());
                if names.is_empty() {
                    return first;
                }
            }
        }
    }
    first.filter(|_| names.len() < 2)
}

/// Returns where in the written expression a mistake lies; its first byte when variables moved it.
pub(crate) fn offset(expr: &str, mistake: &ParseError) -> usize {
    if expr.contains('$') || expr.contains("[[") { 0 } else { mistake.range.start.min(expr.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: variables in every place where dashboards put them.
    #[test]
    fn expressions_with_variables_are_judged_fairly() {
        for good in [
            "rate(m{a=\"$a\"}[$__rate_interval])",
            "rate(m[$win])",
            "topk($k, m)",
            "sum by ($label) (m)",
            "topk($k, sum by ($label) (rate(m[$win])))",
            "$metric{a=\"b\"}",
        ] {
            assert_eq!(mistake(good), None, "{good}");
        }
        for bad in ["rate(m)", "rate(m[$__interval]", "sum(", "m{a=$a}"] {
            assert!(mistake(bad).is_some(), "{bad}");
        }
    }
}
