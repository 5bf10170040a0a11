//! Compares what the scanner reads with what the vectors say; the same file is compiled into the native test and into wasm.

use serde_json::Value;

use super::{Candidate, comparison, parse};

/// Returns one sentence for each vector that is not read as it says.
pub(super) fn faults(vectors: &str) -> Vec<String> {
    let vectors: Vec<Value> = match serde_json::from_str(vectors) {
        Ok(vectors) => vectors,
        Err(error) => return vec![format!("the vectors are no JSON: {error}")],
    };
    let paste = |vector: &Value| vector.get("paste").and_then(Value::as_str).unwrap_or("").to_owned();
    vectors.iter().filter_map(|vector| fault(vector, &parse(&paste(vector)))).collect()
}

/// Says what is wrong with the readings of a vector.
fn fault(vector: &Value, found: &[Candidate]) -> Option<String> {
    let text = |key: &str| vector.get(key).and_then(Value::as_str);
    let fits = |candidate: &Candidate| {
        Some(candidate.form.label()) == text("form")
            && Some(candidate.key.to_string().as_str()) == text("key")
            && candidate.span.map(|span| span.to_hex()).as_deref() == text("span")
            && text("note").is_none_or(|note| candidate.note.as_deref() == Some(note))
    };
    let found_it = if vector.get("best") == Some(&Value::Bool(false)) {
        found.iter().any(fits)
    } else {
        found.first().is_some_and(fits)
    };
    let counted =
        vector.get("count").and_then(Value::as_u64).is_none_or(|count| u64::try_from(found.len()) == Ok(count));
    let pair = comparison(text("paste").unwrap_or(""), found).map(|pair| pair.map(|id| id.to_hex()).to_vec());
    let wanted = vector
        .get("compare")
        .and_then(Value::as_array)
        .map(|ids| ids.iter().map(|id| id.as_str().unwrap_or("").to_owned()).collect());
    (!found_it || !counted || (wanted.is_some() && pair != wanted))
        .then(|| format!("{vector}\n  was read as {found:#?}"))
}
