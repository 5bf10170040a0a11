//! Two runs, or two requests, compared as one page that any browser opens.

use std::fmt::Write as _;

use telltale_signals::runs::{self, Operation, Problem, RunDiff, Speed};
use telltale_story::format::duration::duration;

use super::{begin, lines};
use crate::http::page::escape;

/// Returns the page of two runs compared.
#[must_use]
pub(crate) fn page(diff: &RunDiff, before: &str, after: &str) -> String {
    let mut out = begin(&format!("{before} → {after}"));
    let _infallible = write!(out, "<h1>{} → {}</h1>", escape(before), escape(after));
    let differs = |operation: &&Operation| matches!(operation.speed, Speed::Slower | Speed::Faster);
    let speed: Vec<&Operation> = diff.operations.iter().filter(differs).collect();
    let queries = |operation: &&Operation| operation.database_calls_before != operation.database_calls_after;
    let queries: Vec<&Operation> = diff.operations.iter().filter(queries).collect();
    let nothing =
        diff.tests.is_empty() && diff.new_errors.is_empty() && diff.gone_errors.is_empty() && diff.schema.is_empty();
    if nothing && speed.is_empty() && queries.is_empty() {
        out.push_str("<p class=\"good\">No difference beyond chance.</p>");
    }
    section(&mut out, "Tests", &["", "Test", "Why"], &diff.tests, |change| {
        vec![change.word().to_owned(), escape(&change.name), escape(&change.message)]
    });
    problems(&mut out, "New errors", &diff.new_errors);
    section(&mut out, "Slower and faster operations", &["Operation", "How"], &speed, |operation| {
        vec![operation_name(operation), runs::speed(operation).map(|text| escape(&text)).unwrap_or_default()]
    });
    section(
        &mut out,
        "Database calls beneath one operation",
        &["Operation", "Before", "After"],
        &queries,
        |operation| {
            vec![
                operation_name(operation),
                operation.database_calls_before.to_string(),
                operation.database_calls_after.to_string(),
            ]
        },
    );
    section(&mut out, "New, lost and changed signals", &["", "What", "Change"], &diff.schema, |change| {
        let word = if change.breaking { "breaking" } else { "" };
        vec![word.to_owned(), escape(&change.subject), escape(&change.message)]
    });
    problems(&mut out, "Errors that are gone", &diff.gone_errors);
    let same: Vec<&Operation> = diff.operations.iter().filter(|operation| !differs(operation)).collect();
    section(
        &mut out,
        "Operations without a difference",
        &["Operation", "Median before", "After"],
        &same,
        |operation| {
            vec![operation_name(operation), duration(operation.median_before_ns), duration(operation.median_after_ns)]
        },
    );
    out.push_str("</main></body></html>\n");
    out
}

/// Returns a page of a text, for a comparison that tells itself.
#[must_use]
pub(crate) fn text_page(title: &str, text: &str) -> String {
    let mut out = begin(title);
    let _infallible = writeln!(out, "<h1>{}</h1><pre>{}</pre></main></body></html>", escape(title), lines(text));
    out
}

fn operation_name(operation: &Operation) -> String {
    let of = if operation.service.is_empty() { String::new() } else { format!(" of {}", operation.service) };
    escape(&format!("{} {}{of}", operation.kind, operation.name))
}

fn problems(out: &mut String, title: &str, problems: &[Problem]) {
    section(out, title, &["", "Where", "What", "Trace"], problems, |problem| {
        vec![
            format!("{}×", problem.count),
            escape(format!("{} {}", problem.service, problem.operation).trim()),
            escape(&problem.message),
            problem.trace_id.as_ref().map(|id| format!("<code>{}</code>", escape(id))).unwrap_or_default(),
        ]
    });
}

/// A table under a title, when it has rows; cells are markup already.
fn section<T>(out: &mut String, title: &str, heads: &[&str], rows: &[T], cells: impl Fn(&T) -> Vec<String>) {
    if rows.is_empty() {
        return;
    }
    let _infallible = write!(out, "<h2>{}</h2><table><tr>", escape(title));
    for head in heads {
        let _infallible = write!(out, "<th scope=\"col\">{}</th>", escape(head));
    }
    out.push_str("</tr>");
    for row in rows {
        out.push_str("<tr>");
        for cell in cells(row) {
            let _infallible = write!(out, "<td>{cell}</td>");
        }
        out.push_str("</tr>");
    }
    out.push_str("</table>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use telltale_signals::runs::TestChange;
    use telltale_signals::schema::Change;

    fn diff(text: &str) -> RunDiff {
        let problem = Problem {
            service: text.into(),
            operation: text.into(),
            message: text.into(),
            example: text.into(),
            count: 2,
            trace_id: Some(text.into()),
            span_id: None,
        };
        let operation = |speed| Operation {
            service: text.into(),
            name: text.into(),
            kind: "server".into(),
            count_before: 9,
            count_after: 9,
            median_before_ns: 1_000_000,
            median_after_ns: 9_000_000,
            speed,
            p_value: Some(0.0001),
            database_calls_before: 1,
            database_calls_after: 7,
        };
        let change = Change { breaking: true, kind: "k".into(), subject: text.into(), message: text.into() };
        RunDiff {
            new_errors: vec![problem.clone()],
            gone_errors: vec![problem],
            operations: vec![operation(Speed::Slower), operation(Speed::Same)],
            schema: vec![change],
            tests: vec![TestChange { name: text.into(), message: text.into(), ..TestChange::default() }],
        }
    }

    #[test]
    fn every_difference_is_on_the_page() {
        let page = page(&diff("x"), "before", "after");
        for part in [
            "before → after",
            "<td>gone</td>",
            "New errors",
            "slower: median 9.00 ms instead of 1.00 ms",
            "p &lt; 0.001",
            "<td>7</td>",
            "breaking",
            "Errors that are gone",
            "without a difference",
        ] {
            assert!(page.contains(part), "{part} is not in\n{page}");
        }
        assert!(super::page(&RunDiff::default(), "a", "b").contains("No difference beyond chance"));
    }

    proptest! {
        /// Scenario: hostile names and messages. Guarantees: the page's markup is that of the harmless page.
        #[test]
        fn text_never_becomes_markup(text in "[a-z](<script>|</pre>|</td>|<!--|\"|'|&lt;|\\PC){0,12}") {
            let count = |page: String| page.matches(['<', '>']).count();
            prop_assert_eq!(count(page(&diff(&text), &text, &text)), count(page(&diff("n"), "n", "n")));
            prop_assert_eq!(count(text_page(&text, &text)), count(text_page("n", "n")));
        }
    }
}
