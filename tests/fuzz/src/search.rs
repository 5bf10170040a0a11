//! Search queries of any text: no panic, faults lie inside of the text, and texts of the query cannot end a text of the SQL.

use telltale_search::complete::{context, quoted, quoted_key};
use telltale_search::{Target, parse};

/// The property.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let query = parse(&text);
    for problem in &query.problems {
        assert!(text.get(problem.range.clone()).is_some(), "{problem:?} of {text:?}");
    }
    for target in [Target::Spans, Target::Logs] {
        let sql = query.to_sql(target);
        assert!(is_closed(&sql), "{sql}");
    }
    for cursor in [0, text.len() / 2, text.len()] {
        let _context = context(&text, cursor);
    }
    // What completion puts in is read as one value again.
    if text.len() < 200 {
        let offered = format!("{}:{}", quoted_key("k"), quoted(&text));
        assert_eq!(parse(&offered).problems, [], "{offered}");
    }
}

/// Tells whether every text literal ends, and brackets outside of literals match.
fn is_closed(sql: &str) -> bool {
    let (mut is_text, mut depth) = (false, 0_i64);
    for char in sql.chars() {
        match char {
            '\'' => is_text = !is_text,
            '(' if !is_text => depth += 1,
            ')' if !is_text => depth -= 1,
            ';' if !is_text => return false,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    !is_text && depth == 0
}
