//! Where JSON values begin and end, without building them: lists are taken apart element by element, also when the text
//! breaks off in the middle.
//!
//! Only brackets and strings are looked at. What is inside an element is judged by whoever parses it, so that a broken
//! element costs itself alone. Iterative: nesting costs a bit a level.

use std::borrow::Cow;
use std::ops::Range;

/// Why a value has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken {
    /// Where, in bytes from the begin of the text.
    pub(super) at: usize,
    /// What was expected.
    pub(super) reason: &'static str,
    /// Whether the text simply ends too early.
    pub(super) is_end: bool,
}

/// Something else stands where something was expected.
const fn wrong(at: usize, reason: &'static str) -> Broken {
    Broken { at, reason, is_end: false }
}

/// The text is over where something was expected.
const fn over(at: usize, reason: &'static str) -> Broken {
    Broken { at, reason, is_end: true }
}

/// Returns the first byte at or after `at` that is no white space.
pub(super) fn skip_space(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(rest.len())
}

/// Returns the end of the value that begins at `at`.
pub(super) fn value_end(text: &[u8], at: usize) -> Result<usize, Broken> {
    match text.get(at) {
        Some(b'"') => string_end(text, at),
        Some(b'{' | b'[') => nested_end(text, at),
        Some(b',' | b':' | b'}' | b']') => Err(wrong(at, "a value is missing")),
        Some(_) => {
            let rest = text.get(at..).unwrap_or_default();
            let is_end = |byte: &u8| byte.is_ascii_whitespace() || b",:]}{[\"".contains(byte);
            Ok(at + rest.iter().position(is_end).unwrap_or(rest.len()))
        }
        None => Err(over(at, "the text ends where a value should begin")),
    }
}

/// Returns the end of the string whose opening quote is at `at`.
fn string_end(text: &[u8], at: usize) -> Result<usize, Broken> {
    let mut place = at + 1;
    loop {
        match text.get(place) {
            Some(b'\\') => place += 2,
            Some(b'"') => return Ok(place + 1),
            Some(_) => place += 1,
            None => return Err(over(at, "the text ends inside a string")),
        }
    }
}

/// Returns the end of the object or list that begins at `at`.
fn nested_end(text: &[u8], at: usize) -> Result<usize, Broken> {
    let mut open: Vec<bool> = Vec::new();
    let mut place = at;
    while let Some(byte) = text.get(place) {
        match byte {
            b'"' => place = string_end(text, place)?,
            b'{' | b'[' => {
                open.push(*byte == b'{');
                place += 1;
            }
            b'}' | b']' => {
                place += 1;
                if open.pop() != Some(*byte == b'}') {
                    return Err(wrong(place - 1, "this bracket closes nothing"));
                }
                if open.is_empty() {
                    return Ok(place);
                }
            }
            _ => place += 1,
        }
    }
    Err(over(at, "the text ends before this is closed"))
}

/// The elements of a list, by position in the text; after a fault there are no more.
pub(super) struct Elements<'a> {
    text: &'a [u8],
    at: usize,
    state: State,
}

/// Where a reader of a list stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    First,
    Next,
    Over,
}

impl<'a> Elements<'a> {
    /// Begins at the opening bracket at `at`.
    pub(super) fn new(text: &'a [u8], at: usize) -> Self {
        Self { text, at: at + 1, state: State::First }
    }

    fn step(&mut self) -> Result<Option<Range<usize>>, Broken> {
        let mut at = skip_space(self.text, self.at);
        match (self.text.get(at), self.state) {
            (Some(b']'), State::First | State::Next) => return Ok(None),
            (Some(b','), State::Next) => at = skip_space(self.text, at + 1),
            (Some(_), State::First) => {}
            (Some(_), _) => return Err(wrong(at, "a comma or the end of the list is missing")),
            (None, _) => return Err(over(at, "the text ends inside a list")),
        }
        let end = value_end(self.text, at)?;
        self.at = end;
        self.state = State::Next;
        Ok(Some(at..end))
    }
}

impl Iterator for Elements<'_> {
    type Item = Result<Range<usize>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::Over {
            return None;
        }
        let step = self.step().transpose();
        if !matches!(step, Some(Ok(_))) {
            self.state = State::Over;
        }
        step
    }
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member<'a> {
    pub(super) key: Cow<'a, str>,
    /// The key with its quotes.
    pub(super) key_at: Range<usize>,
    /// The value; up to the end of the text when the text breaks off inside of it.
    pub(super) value: Range<usize>,
}

/// Takes the object at `at` apart. Returns the members up to the first fault, and the fault; a list or object in which the
/// text breaks off is the last member.
pub(super) fn members(text: &[u8], at: usize) -> (Vec<Member<'_>>, Option<Broken>) {
    let mut out = Vec::new();
    let mut at = skip_space(text, at + 1);
    if text.get(at) == Some(&b'}') {
        return (out, None);
    }
    loop {
        match member(text, at) {
            Ok(member) => {
                at = skip_space(text, member.value.end);
                out.push(member);
            }
            Err((partial, broken)) => {
                out.extend(partial);
                return (out, Some(broken));
            }
        }
        match text.get(at) {
            Some(b',') => at = skip_space(text, at + 1),
            Some(b'}') => return (out, None),
            Some(_) => return (out, Some(wrong(at, "a comma or the end of the object is missing"))),
            None => return (out, Some(over(at, "the text ends inside an object"))),
        }
    }
}

/// Reads one member; with a fault inside its value, the member reaches to the end of the text.
fn member(text: &[u8], at: usize) -> Result<Member<'_>, (Option<Member<'_>>, Broken)> {
    let bare = |broken| (None, broken);
    if text.get(at) != Some(&b'"') {
        let is_over = at >= text.len();
        let end = over(at, "the text ends inside an object");
        return Err(bare(if is_over { end } else { wrong(at, "a key in quotes is missing") }));
    }
    let key_end = string_end(text, at).map_err(bare)?;
    let colon = skip_space(text, key_end);
    if text.get(colon) != Some(&b':') {
        return Err(bare(wrong(colon, "a colon is missing")));
    }
    let value_at = skip_space(text, colon + 1);
    let key = key_text(text.get(at..key_end).unwrap_or_default());
    let build = |end| Member { key, key_at: at..key_end, value: value_at..end };
    match value_end(text, value_at) {
        Ok(end) => Ok(build(end)),
        Err(broken) if matches!(text.get(value_at), Some(b'{' | b'[')) => Err((Some(build(text.len())), broken)),
        Err(broken) => Err(bare(broken)),
    }
}

/// Returns the text of a quoted key. Escapes are rare in keys.
fn key_text(quoted: &[u8]) -> Cow<'_, str> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if inner.contains(&b'\\') {
        let parsed = serde_json::from_slice::<String>(quoted);
        return Cow::Owned(parsed.unwrap_or_else(|_| String::from_utf8_lossy(inner).into_owned()));
    }
    String::from_utf8_lossy(inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[\\PC\"\\\\{}\\[\\],:]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            let key = "[a-z\"\\\\{}\\[\\]]{0,4}";
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(key, inner, 0..5)
                    .prop_map(|map| Value::from(serde_json::Map::from_iter(map))),
            ]
        })
    }

    proptest! {
        /// Scenario: any JSON, compact and pretty. Guarantees: taken apart, it is what serde_json parses.
        #[test]
        fn parts_are_what_a_parser_finds(list in prop::collection::vec(any_json(), 0..6), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_vec_pretty(&list) } else { serde_json::to_vec(&list) }.unwrap();
            prop_assert_eq!(value_end(&text, 0), Ok(text.len()));
            let parsed: Vec<Value> =
                Elements::new(&text, 0).map(|range| serde_json::from_slice(&text[range.unwrap()]).unwrap()).collect();
            prop_assert_eq!(&parsed, &list);
            for value in list.iter().filter(|value| value.is_object()) {
                let text = serde_json::to_vec(value).unwrap();
                let (parts, broken) = members(&text, 0);
                prop_assert_eq!(broken, None);
                let again: serde_json::Map<String, Value> = parts
                    .into_iter()
                    .map(|part| (part.key.into_owned(), serde_json::from_slice(&text[part.value]).unwrap()))
                    .collect();
                prop_assert_eq!(&Value::from(again), value);
            }
        }

        /// Scenario: a list that breaks off anywhere. Guarantees: a beginning of the elements comes out, none is made up.
        #[test]
        fn a_cut_list_gives_its_whole_elements(list in prop::collection::vec(any_json(), 0..6), cut in any::<prop::sample::Index>()) {
            let text = serde_json::to_vec(&list).unwrap();
            let kept = &text[..cut.index(text.len())];
            let found: Vec<Result<Range<usize>, Broken>> = Elements::new(kept, 0).collect();
            prop_assert!(matches!(found.last(), Some(Err(_))), "the cut is noticed");
            for (range, value) in found.into_iter().flatten().zip(&list) {
                // A number may have lost its last digits; whatever has an end of its own is whole.
                if value.is_object() || value.is_array() || value.is_string() {
                    prop_assert_eq!(&serde_json::from_slice::<Value>(&kept[range]).unwrap(), value);
                }
            }
        }

        #[test]
        fn any_bytes_are_taken_apart_without_a_panic(bytes in prop::collection::vec(prop::sample::select(&b"{}[]\",:\\ a1\n"[..]), 0..60)) {
            prop_assert!(value_end(&bytes, 0).map_or(true, |end| end <= bytes.len()));
            prop_assert!(members(&bytes, 0).0.len() <= bytes.len());
            prop_assert!(Elements::new(&bytes, 0).count() <= bytes.len() + 1);
        }
    }

    #[test]
    fn a_list_that_breaks_off_is_the_last_member() {
        let text = br#"{"a":1,"list":[{"x":1},{"y""#;
        let (parts, broken) = members(text, 0);
        assert_eq!(parts.iter().map(|part| part.key.as_ref()).collect::<Vec<_>>(), ["a", "list"]);
        assert!(broken.is_some());
        let elements: Vec<_> = Elements::new(text, parts[1].value.start).collect();
        assert_eq!(serde_json::from_slice::<Value>(&text[elements[0].clone().unwrap()]).unwrap(), json!({"x": 1}));
        assert!(elements[1].is_err());
    }
}
