//! The comparison as lines for a terminal or a comment.

use std::fmt::Write as _;

use telltale_story::format::duration::duration;
use telltale_story::format::escape::one_line;

use super::{Operation, Problem, RunDiff, Speed};

/// Returns the comparison of the runs that are called `before` and `after`.
#[must_use]
pub fn text(diff: &RunDiff, before: &str, after: &str) -> String {
    let mut out = format!("{} → {}\n", one_line(before), one_line(after));
    for change in &diff.tests {
        let why = if change.message.is_empty() { String::new() } else { format!(": {}", one_line(&change.message)) };
        let trace = change.trace.as_ref().map(|trace| format!(" (/t/{})", trace.trace_id)).unwrap_or_default();
        let _infallible = writeln!(out, "test {}: {}{why}{trace}", change.word(), one_line(&change.name));
    }
    problems(&mut out, "new error", &diff.new_errors);
    problems(&mut out, "error gone", &diff.gone_errors);
    for operation in &diff.operations {
        let of = if operation.service.is_empty() { String::new() } else { format!(" of {}", operation.service) };
        let label = one_line(&format!("{} {:?}{of}", operation.kind, operation.name));
        if let Some(line) = speed(operation) {
            let _infallible = writeln!(out, "{label}: {line}");
        }
        if operation.database_calls_before != operation.database_calls_after {
            let (was, is) = (operation.database_calls_before, operation.database_calls_after);
            let _infallible = writeln!(out, "{label}: {is} database calls beneath one instead of {was}");
        }
    }
    for change in &diff.schema {
        let _infallible = writeln!(out, "{}: {}", one_line(&change.subject), one_line(&change.message));
    }
    if out.lines().count() == 1 {
        out.push_str("no difference beyond chance\n");
    }
    out
}

fn problems(out: &mut String, what: &str, problems: &[Problem]) {
    for problem in problems {
        let trace = problem.trace_id.as_ref().map(|id| format!(" (/t/{id})")).unwrap_or_default();
        let place = one_line(&format!("{} {}", problem.service, problem.operation));
        let _infallible =
            writeln!(out, "{what}: {}× {}: {}{trace}", problem.count, place.trim(), one_line(&problem.message));
    }
}

/// Says how the speed changed, with how sure that is; `None` when it did not.
#[must_use]
pub fn speed(operation: &Operation) -> Option<String> {
    let word = match operation.speed {
        Speed::Slower => "slower",
        Speed::Faster => "faster",
        Speed::Same | Speed::TooFew => return None,
    };
    let (was, is) = (operation.median_before_ns, operation.median_after_ns);
    let percent = (is - was) as f64 / (was as f64).max(1.0) * 100.0;
    let p = operation.p_value.map(|p| if p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {p:.3}") });
    Some(format!(
        "{word}: median {} instead of {} ({percent:+.0}%; {}, Mann-Whitney, {} against {} spans)",
        duration(is),
        duration(was),
        p.unwrap_or_default(),
        operation.count_after,
        operation.count_before
    ))
}
