//! A rule as the parameters of a request: `GET /api/wait?span=POST /orders&attr.http.route=/orders&count=>=2`.
//!
//! The keys are those of the file, attributes are `attr.KEY`; the pairs become a file of one rule, so that both mean
//! the same.

use std::fmt::Write as _;

use crate::error::FileError;
use crate::rule::Rule;
use crate::toml_text::basic;

/// Parameters that say which kind of rule is meant and hold its pattern, and the key that they stand for.
const KINDS: [(&str, &str); 3] = [("span", "name"), ("log", "body"), ("metric", "name")];

/// Reads a rule from parameters; those that are not the rule's own are left to the caller, who names them in `others`.
///
/// # Errors
/// What is wrong, in words; nothing of it is about lines.
pub fn rule(pairs: &[(String, String)], others: &[&str]) -> Result<Rule, String> {
    let own = || pairs.iter().filter(|(key, _)| !others.contains(&key.as_str()));
    let kinds: Vec<_> =
        KINDS.into_iter().filter(|(kind, _)| own().any(|(key, _)| key.trim_end_matches('~') == *kind)).collect();
    let [(kind, main)] = kinds.as_slice() else {
        return Err("say what to wait for with one of span=NAME, log=BODY and metric=NAME".to_owned());
    };
    let (mut text, mut attributes) = (format!("[[{kind}]]\n"), String::new());
    for (key, value) in own() {
        let plain = key.trim_end_matches('~');
        if let Some(attribute) = key.strip_prefix("attr.") {
            let _infallible = writeln!(attributes, "{} = {}", basic(attribute), typed(value));
        } else if plain == *kind {
            let tilde = if plain == key { "" } else { "~" };
            let _infallible = writeln!(text, "{} = {}", basic(&format!("{main}{tilde}")), basic(value));
        } else {
            let is_plain = matches!(value.as_str(), "true" | "false") || key == "max_db_children";
            let value = if is_plain { value.clone() } else { basic(value) };
            let _infallible = writeln!(text, "{} = {value}", basic(key));
        }
    }
    if !attributes.is_empty() {
        let _infallible = write!(text, "[{kind}.attrs]\n{attributes}");
    }
    let plain = |error: FileError| match error.hint {
        Some(hint) => format!("{}; {hint}", error.message),
        None => error.message,
    };
    let rule = super::parse(&text).map_err(plain)?.rules.into_iter().next();
    rule.map(|rule| Rule { line: 0, column: 0, ..rule }).ok_or_else(|| "there is no rule".to_owned())
}

/// `int:200` and `bool:true` are values of these types; everything else is a pattern of texts.
fn typed(value: &str) -> String {
    let number = value.strip_prefix("int:").filter(|number| number.parse::<i64>().is_ok());
    let flag = value.strip_prefix("bool:").filter(|flag| matches!(*flag, "true" | "false"));
    number.or(flag).map_or_else(|| basic(value), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::parse;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn parameters_mean_what_the_file_means() {
        let given = [
            ("span", "POST \"/orders\""),
            ("kind", "server"),
            ("count", ">=2"),
            ("attr.http.route", "/orders"),
            ("attr.n", "int:200"),
            ("timeout", "1s"),
        ];
        let asked = rule(&pairs(&given), &["timeout"]).unwrap();
        let file = parse(
            "[[span]]\nname = 'POST \"/orders\"'\nkind = \"server\"\ncount = \">=2\"\nattrs = {\"http.route\" = \
             \"/orders\", n = 200}\n",
        );
        assert_eq!(asked.what, file.unwrap().rules[0].what);
    }

    #[test]
    fn what_is_missing_or_wrong_is_said() {
        let error = |given: &[(&str, &str)]| rule(&pairs(given), &[]).unwrap_err();
        assert!(error(&[]).contains("span=NAME"));
        assert!(error(&[("span", "a"), ("log", "b")]).contains("one of"));
        assert_eq!(error(&[("span", "a"), ("knd", "server")]), "a [[span]] has no \"knd\"; did you mean kind?");
        assert!(error(&[("span~", "(")]).contains("unclosed group"));
    }
}
