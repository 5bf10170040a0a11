//! Texts with their changing parts taken out: `order 17 accepted` becomes `order * accepted`.
//!
//! Parts are runs of letters, digits, `-` and `_`; one with a digit changes, unless it is short and begins with a letter
//! (`v2`, `s3`, `k8s`).

use std::collections::{BTreeMap, BTreeSet};

/// Characters of a part that may begin with a letter and have a digit and still be a word.
const WORD_CHARS: usize = 3;

/// Distinct names of one template from which the template is the name.
const NAMES_OF_TEMPLATE: usize = 4;

/// Returns the pattern of a text.
#[must_use]
pub fn template(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut part = String::new();
    for character in text.chars() {
        if character.is_alphanumeric() || character == '-' || character == '_' {
            part.push(character);
        } else {
            push(&mut out, &mut part);
            // A star of the text itself becomes one that matches it.
            push_star_or(&mut out, character);
        }
    }
    push(&mut out, &mut part);
    // What would be read as another form of pattern begins with a star instead.
    match out.chars().next() {
        Some(first @ ('~' | '=')) => format!("*{}", out.trim_start_matches(first)),
        _ => out,
    }
}

fn push(out: &mut String, part: &mut String) {
    let starts_with_letter = part.starts_with(char::is_alphabetic);
    let has_digit = part.chars().any(|character| character.is_numeric());
    if has_digit && !(starts_with_letter && part.chars().count() <= WORD_CHARS) {
        push_star_or(out, '*');
    } else {
        out.push_str(part);
    }
    part.clear();
}

/// Two stars in a row are one.
fn push_star_or(out: &mut String, character: char) {
    if character != '*' || !out.ends_with('*') {
        out.push(character);
    }
}

/// Decides for every name what it is called: itself, or its template when that has many names.
#[must_use]
pub fn names<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, String> {
    let mut by_template: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for name in names.collect::<BTreeSet<_>>() {
        by_template.entry(template(name)).or_default().insert(name);
    }
    let decide = |(template, names): (String, BTreeSet<&'a str>)| {
        let many = names.len() >= NAMES_OF_TEMPLATE;
        names.into_iter().map(move |name| (name, if many { template.clone() } else { name.to_owned() }))
    };
    by_template.into_iter().flat_map(decide).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Pattern;
    use proptest::prelude::*;

    #[test]
    fn numbers_and_ids_go_and_words_stay() {
        for (text, expected) in [
            ("order 17 accepted", "order * accepted"),
            ("GET /orders/0af7651916cd43dd/items", "GET /orders/*/items"),
            ("s3 upload of v2 done in 3.5 ms", "s3 upload of v2 done in *.* ms"),
            ("a*b", "a*b"),
            ("=x 1", "*x *"),
        ] {
            assert_eq!(template(text), expected);
        }
    }

    proptest! {
        #[test]
        fn a_text_matches_its_template(text in "[a-c0-9 *=~/.]{0,20}|\\PC{0,20}") {
            let pattern = Pattern::parse(&template(&text)).unwrap();
            prop_assert!(pattern.matches(&text), "{:?} {}", text, pattern);
        }

        #[test]
        fn every_name_is_called_something_that_matches_it(all in proptest::collection::vec("GET /[a-b]?[0-9]?", 0..12)) {
            let called = names(all.iter().map(String::as_str));
            for name in &all {
                let pattern = &called[name.as_str()];
                prop_assert!(pattern == name || Pattern::parse(pattern).unwrap().matches(name));
            }
        }
    }
}
