//! Names and lines without what differs from request to request: numbers, hex ids, UUIDs.

/// Returns a text in which every number and every id stands as `*`.
pub(super) fn template(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-');
        if !is_word(first) {
            out.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or("");
            continue;
        }
        let end = rest.find(|character: char| !is_word(character)).unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        push_word(&mut out, word);
        rest = after;
    }
    out
}

/// Appends a word: an id as a whole, otherwise with its numbers replaced. A version such as `v2` or `utf8` stays.
fn push_word(out: &mut String, word: &str) {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let hex = word.bytes().filter(u8::is_ascii_hexdigit).count();
    let dashes = word.bytes().filter(|byte| *byte == b'-').count();
    let is_id = digits > 0 && word.len() >= 8 && hex + dashes == word.len();
    if is_id || digits == word.len() || (digits >= 4 && digits * 2 >= word.len()) {
        out.push('*');
    } else {
        out.push_str(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ids_are_left_out_and_words_stay() {
        for (text, expected) in [
            ("GET /orders/4711", "GET /orders/*"),
            ("GET /orders/4bf92f35-77b3-4da6-a3ce-929d0e0e4736/items", "GET /orders/*/items"),
            ("load 0af7651916cd43dd", "load *"),
            ("SELECT v2 FROM utf8", "SELECT v2 FROM utf8"),
            ("order ORD-2024-0042 sent", "order * sent"),
            ("deadbeef cafe", "deadbeef cafe"),
            ("größe 12 µs", "größe * µs"),
            ("", ""),
        ] {
            assert_eq!(template(text), expected);
        }
    }
}
