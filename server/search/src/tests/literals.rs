//! Whatever stands in a query, its SQL has the shape that the query's form has: nothing gets out of its literal.

use proptest::prelude::*;

use crate::complete::{quoted, quoted_key};
use crate::{Target, parse};

/// Returns the SQL with every text replaced by `''`, as a SQL reader without escapes but doubled quotes sees it.
fn skeleton(sql: &str) -> String {
    let mut out = String::new();
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once('\'') {
        out.push_str(before);
        out.push_str("''");
        let mut inside = after;
        rest = loop {
            let (_, after) = inside.split_once('\'').expect("a text ends");
            match after.strip_prefix('\'') {
                Some(more) => inside = more,
                None => break after,
            }
        };
    }
    out + rest
}

/// Texts that try.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{1,12}",
        "['\"\\\\a-z();*%_-]{1,12}",
        Just("' OR 1=1 --".to_owned()),
        Just("\\' OR ''='".to_owned()),
        Just("'; DROP TABLE spans; --".to_owned()),
        Just("\u{0}'\n$$/*".to_owned()),
    ]
    .prop_filter("words have a letter", |text| text.chars().any(char::is_alphanumeric))
}

/// Forms of a condition with a place for a text.
const FORMS: [&str; 9] =
    ["{}", "body:{}", "name={}", "k:{}", "k={}", "resource.k!={}", "-@k~{}", "service:({} or {})", "k>{}"];

proptest! {
    #[test]
    fn no_text_gets_out_of_its_literal(text in hostile(), form in prop::sample::select(FORMS.to_vec()), key in "\\PC{1,8}") {
        let quoted = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        // `k>5` and `k>a` have different forms; both are compared with a quoted harmless text.
        for target in [Target::Spans, Target::Logs] {
            let sql = parse(&form.replace("{}", &quoted)).to_sql(target);
            let plain = parse(&form.replace("{}", "\"a\"")).to_sql(target);
            prop_assert_eq!(skeleton(&sql), skeleton(&plain), "{}", sql);
            let keyed = parse(&format!("@{}:\"v\"", quoted_key(&key).trim_matches('"').replace(['\\', '"'], ""))).to_sql(target);
            let _ends = skeleton(&keyed);
        }
    }

    #[test]
    fn any_text_is_parsed_without_a_panic_and_its_sql_ends_its_texts(text in "\\PC{0,60}|[a-z:=<>~!()\"' *@.\\\\-]{0,60}") {
        let query = parse(&text);
        for target in [Target::Spans, Target::Logs] {
            let _ends = skeleton(&query.to_sql(target));
        }
        for problem in &query.problems {
            prop_assert!(text.get(problem.range.clone()).is_some(), "{:?}", problem);
        }
        for cursor in 0..=text.len() {
            let _context = crate::complete::context(&text, cursor);
        }
    }

    /// What completion and facets write is read back as it is.
    #[test]
    fn written_keys_and_values_are_read_back(key in "[a-zA-Z_][\\PC]{0,10}", value in "\\PC{1,16}") {
        use crate::tree::{Expr, Op, Place};
        prop_assume!(!["has", "is", "exists"].contains(&key.to_lowercase().as_str()));
        prop_assume!(!key.starts_with("resource.") && !key.starts_with("scope."));
        let text = format!("{}={}", quoted_key(&key), quoted(&value));
        let query = parse(&text);
        prop_assert_eq!(&query.problems, &[], "{}", text);
        let Expr::Compare(compare) = query.expr else { panic!("{text}: {query:?}") };
        prop_assert_eq!((compare.key.name, compare.key.place), (key, Place::Any));
        prop_assert_eq!((compare.op, compare.value.text), (Op::Equal, value));
    }
}
