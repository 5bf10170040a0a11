//! Spellings of several words: headers, UUIDs, X-Ray ids, lists of bytes.
//!
//! Each reader looks at the word at `index` and those behind it, adds what it read and returns how many words that
//! took; 0 when the shape is another.

use telltale_model::{SpanId, TraceId};

use super::form::Form;
use super::found::Found;
use super::label::{self, Kind};
use super::word::{View, Word};
use super::work::looked_at;
use super::{Candidate, Key};

/// Reads the shape that begins at word `index`; returns the words that it took, 0 for none.
pub(super) fn read(view: &View<'_>, index: usize, found: &mut Found) -> usize {
    const READERS: [fn(&View<'_>, usize, &mut Found) -> usize; 10] =
        [trace_parent, xray, uuid, sky_walking, jaeger, trace_and_span, google_cloud, byte_list, high_low, request_id];
    let Some(word) = view.word(index) else { return 0 };
    if !view.plain && view.byte_before(word.start) == Some(b'%') {
        return 0;
    }
    looked_at(READERS.len());
    READERS.iter().map(|reader| reader(view, index, found)).find(|used| *used > 0).unwrap_or(0)
}

/// Reads a word as a trace id: 32 hex digits, not all zero.
fn trace_of(word: Word<'_>) -> Option<TraceId> {
    if word.is_hex(32, 32) { word.text.parse().ok() } else { None }
}

/// Reads a word as a span id: 16 hex digits, not all zero.
fn span_of(word: Word<'_>) -> Option<SpanId> {
    if word.is_hex(16, 16) { word.text.parse().ok() } else { None }
}

/// What the flags of a header say.
fn sampled_note(sampled: bool, evidence: &str) -> Option<String> {
    (!sampled).then(|| format!("the caller did not sample this request ({evidence})"))
}

/// `VV-TRACE32-SPAN16-FF`.
fn trace_parent(view: &View<'_>, index: usize, found: &mut Found) -> usize {
    let Some(version) = view.word(index).filter(|word| word.is_hex(2, 2)) else { return 0 };
    let Some(trace) = view.after(index, "-").and_then(trace_of) else { return 0 };
    let Some(span) = view.after(index + 1, "-").filter(|word| word.is_hex(16, 16)) else { return 0 };
    let Some(flags) = view.after(index + 2, "-").and_then(|word| word.padded::<1>()) else { return 0 };
    let [flags] = flags;
    let mut note = sampled_note(flags & 1 == 1, &format!("flags {flags:02x}"));
    if version.text.eq_ignore_ascii_case("ff") {
        note = Some("version ff is invalid".to_owned());
    }
    let key = Key::Trace(trace);
    let candidate = Candidate { form: Form::TraceParent, key, span: span_of(span), confidence: 99, note };
    found.add(version.start, version.line, candidate);
    4
}

/// `1-8-24`, with `@` and a span behind it in ADOT's log fields.
fn xray(view: &View<'_>, index: usize, found: &mut Found) -> usize {
    let Some(version) = view.word(index).filter(|word| word.text == "1") else { return 0 };
    let Some(time) = view.after(index, "-").filter(|word| word.is_hex(8, 8)) else { return 0 };
    let Some(unique) = view.after(index + 1, "-").filter(|word| word.is_hex(24, 24)) else { return 0 };
    let Ok(trace) = format!("{}{}", time.text, unique.text).parse::<TraceId>() else { return 0 };
    let span = view.after(index + 2, "@").and_then(span_of);
    let own = view.text.get(..version.start).is_some_and(|left| left.ends_with("Self="));
    let key = Key::Trace(trace);
    let confidence = if own { 60 } else { 97 };
    let note = own.then(|| "the Self part of the header, made by a load balancer".to_owned());
    found.add(version.start, version.line, Candidate { form: Form::XRay, key, span, confidence, note });
    3 + usize::from(span.is_some())
}

/// `8-4-4-4-12`.
fn uuid(view: &View<'_>, index: usize, found: &mut Found) -> usize {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let Some(first) = view.word(index) else { return 0 };
    let mut hex = String::with_capacity(32);
    for (offset, digits) in GROUPS.into_iter().enumerate() {
        let word = if offset == 0 { Some(first) } else { view.after(index + offset - 1, "-") };
        let Some(word) = word.filter(|word| word.is_hex(digits, digits)) else { return 0 };
        hex.push_str(word.text);
    }
    let Ok(trace) = hex.parse::<TraceId>() else { return 0 };
    let label = label::before(view.text, first.start);
    let confidence = match label.kind {
        Kind::Trace => 92,
        Kind::Request => 55,
        _ => 78,
    };
    let note = hex.as_bytes().get(12).is_some_and(|version| matches!(version, b'4' | b'7'));
    let note = (note || label.kind == Kind::Request).then(|| "may be a request id instead of a trace id".to_owned());
    let candidate = Candidate { form: Form::Uuid, key: Key::Trace(trace), span: None, confidence, note };
    found.add(first.start, first.line, candidate);
    if let (true, Some(last)) = (label.kind != Kind::Trace, view.word(index + GROUPS.len() - 1)) {
        // Request ids are UUIDs as well: the text as it stands may be an attribute's value.
        let key = Key::Text(view.text.get(first.start..last.end).unwrap_or("").to_owned());
        let confidence = if label.kind == Kind::Request { 52 } else { 18 };
        let note = Some("if it is not a trace id: looked for in attributes and logs".to_owned());
        found.add(first.start, first.line, Candidate { form: Form::RequestId, key, span: None, confidence, note });
    }
    if let Some(swapped) = dot_net_order(trace) {
        let note = Some("if a .NET program wrote the bytes of the id as a Guid".to_owned());
        let key = Key::Trace(swapped);
        let candidate = Candidate { form: Form::DotNetGuid, key, span: None, confidence: 20, note };
        found.add(first.start, first.line, candidate);
    }
    GROUPS.len()
}

/// Swaps the bytes of a UUID's first three groups.
fn dot_net_order(id: TraceId) -> Option<TraceId> {
    let [a, b, c, d, e, f, g, h, rest @ ..] = *id.as_bytes();
    let mut bytes = [0; 16];
    let (left, right) = bytes.split_at_mut(8);
    left.copy_from_slice(&[d, c, b, a, f, e, h, g]);
    right.copy_from_slice(&rest);
    TraceId::new(bytes)
}

/// `uuid32.thread.sequence`.
fn sky_walking(view: &View<'_>, index: usize, found: &mut Found) -> usize {
    let Some(first) = view.word(index) else { return 0 };
    let Some(trace) = trace_of(first) else { return 0 };
    let decimal = |index| view.after(index, ".").filter(|word: &Word<'_>| word.is_decimal(1, 20));
    let Some(last) = decimal(index).and(decimal(index + 1)) else { return 0 };
    let note = Some("SkyWalking's ids are longer than a trace id; this is the first part".to_owned());
    let candidate = Candidate { form: Form::SkyWalking, key: Key::Trace(trace), span: None, confidence: 60, note };
    found.add(first.start, first.line, candidate);
    if let Some(whole) = view.text.get(first.start..last.end) {
        let key = Key::Text(whole.to_owned());
        let candidate = Candidate { form: Form::SkyWalking, key, span: None, confidence: 55, note: None };
        found.add(first.start, first.line, candidate);
    }
    3
}

/// `{trace}:{span}:{parent}:{flags}`, hex without padding.
fn jaeger(view: &View<'_>, index: usize, found: &mut Found) -> usize {
    let Some(first) = view.word(index).filter(|word| word.is_hex(1, 32)) else { return 0 };
    let part = |offset: usize, digits: usize| {
        view.after(index + offset - 1, ":").filter(|word: &Word<'_>| word.is_hex(1, digits))
    };
    let (Some(span), Some(_parent), Some(flags)) = (part(1, 16), part(2, 16), part(3, 2)) else { return 0 };
    // Short groups between colons are clock times and hardware addresses, unless the header's name says otherwise.
    let labelled = label::before(view.text, first.start).form == Some(Form::Jaeger);
    if !labelled && first.text.len() < 9 {
        return 0;
    }
    let Some(trace) = first.padded::<16>().and_then(TraceId::new) else { return 0 };
    let sampled = flags.padded::<1>().is_none_or(|[flags]| flags & 1 == 1);
    let key = if first.text.len() <= 16 { Key::Low64OrSpan(trace.low_64()) } else { Key::Trace(trace) };
    let span = span.padded::<8>().and_then(SpanId::new);
    let note = sampled_note(sampled, &format!("flags {}", flags.text));
    found.add(first.start, first.line, Candidate { form: Form::Jaeger, key, span, confidence: 95, note });
    4
}

/// `TRACE-SPAN[-STATE[-PARENT]]` of B3, Sentry and Spring, and `TRACE,SPAN` of older Spring.
fn trace_and_span(view: &View<'_>, index: usize, found: &mut Found) -> usize {
    let Some(first) = view.word(index) else { return 0 };
    let key = match (trace_of(first), span_of(first)) {
        (Some(trace), _) => Key::Trace(trace),
        (None, Some(low)) => Key::Low64OrSpan(*low.as_bytes()),
        (None, None) => return 0,
    };
    let separator = view.between(index);
    let joined = separator == "-" || (matches!(key, Key::Trace(_)) && matches!(separator, "," | ", " | "/" | "@"));
    let Some(span) = view.word(index + 1).filter(|_next| joined).and_then(span_of) else { return 0 };
    if separator == "/" && view.after(index + 1, ";").is_some() {
        return 0; // Google's header: the span is decimal, even when it has sixteen digits.
    }
    let label = label::before(view.text, first.start);
    let form = match label.form {
        Some(form @ (Form::Sentry | Form::Link | Form::Field)) => form,
        _ if separator == "/" => Form::Link,
        _ => Form::B3,
    };
    let mut used = 2;
    let mut note = None;
    if let Some(state) = view.after(index + 1, "-").filter(|word| matches!(word.text, "0" | "1" | "d")) {
        note = sampled_note(state.text != "0", "state 0");
        used += 1;
        used += usize::from(view.after(index + 2, "-").and_then(span_of).is_some());
    }
    found.add(first.start, first.line, Candidate { form, key, span: Some(span), confidence: 95, note });
    used
}

/// `TRACE32/SPAN;o=0`: the span is decimal.
fn google_cloud(view: &View<'_>, index: usize, found: &mut Found) -> usize {
    let Some(first) = view.word(index) else { return 0 };
    let Some(trace) = trace_of(first) else { return 0 };
    let Some(span) = view.after(index, "/").filter(|word| word.is_decimal(1, 20)) else { return 0 };
    let option = view.after(index + 1, ";").filter(|word| word.text == "o");
    let option = option.and_then(|_o| view.after(index + 2, "="));
    let span = span.text.parse::<u64>().ok().and_then(|number| SpanId::new(number.to_be_bytes()));
    let note = sampled_note(option.is_none_or(|word| word.text != "0"), "o=0");
    let candidate = Candidate { form: Form::GoogleCloud, key: Key::Trace(trace), span, confidence: 95, note };
    found.add(first.start, first.line, candidate);
    if option.is_some() { 4 } else { 2 }
}

/// Sixteen numbers below 256 in brackets.
fn byte_list(view: &View<'_>, index: usize, found: &mut Found) -> usize {
    let Some(first) = view.word(index) else { return 0 };
    let opened = matches!(view.byte_before(first.start), Some(b'[' | b'(' | b'{'));
    let whole = index == 0 && view.words.len() == 16;
    if !opened && !whole {
        return 0;
    }
    let mut bytes = [0_u8; 16];
    for (offset, slot) in bytes.iter_mut().enumerate() {
        let Some(word) = view.word(index + offset) else { return 0 };
        let separated =
            offset == 0 || view.between(index + offset - 1).chars().all(|gap| matches!(gap, ' ' | ',' | '\n'));
        let radix = if word.prefixed { 16 } else { 10 };
        let Some(byte) = u8::from_str_radix(word.text, radix).ok().filter(|_byte| separated) else { return 0 };
        *slot = byte;
    }
    let Some(last) = view.word(index + 15) else { return 0 };
    if opened && !matches!(view.text.as_bytes().get(last.end), Some(b']' | b')' | b'}' | b',' | b' ' | b'\n')) {
        return 0;
    }
    let Some(id) = TraceId::new(bytes) else { return 0 };
    let candidate = Candidate { form: Form::ByteList, key: Key::Trace(id), span: None, confidence: 82, note: None };
    found.add(first.start, first.line, candidate);
    16
}

/// Two 64-bit decimals, of which either may be negative, and nothing else.
fn high_low(view: &View<'_>, index: usize, found: &mut Found) -> usize {
    if index != 0 || view.words.len() != 2 {
        return 0;
    }
    let (Some(high), Some(low)) = (view.word(0), view.word(1)) else { return 0 };
    let long = high.text.len() > 9 || low.text.len() > 9;
    let separated =
        !view.between(0).is_empty() && view.between(0).chars().all(|gap| matches!(gap, ' ' | ',' | '/' | '-' | '\n'));
    let (Some(high_bytes), Some(low_bytes)) = (signed(view, high), signed(view, low)) else { return 0 };
    if !long || !separated {
        return 0;
    }
    found.add_high(high_bytes);
    found.add_low(low_bytes, Form::HighLow, high.start);
    2
}

/// Reads a decimal 64-bit number, signed or not, as eight bytes.
pub(super) fn signed(view: &View<'_>, word: Word<'_>) -> Option<[u8; 8]> {
    if !word.is_decimal(1, 20) {
        return None;
    }
    let number = word.text.parse::<u64>().ok()?;
    let negative = view.byte_before(word.start) == Some(b'-');
    let bits = if negative { number.wrapping_neg() } else { number };
    Some(bits.to_be_bytes())
}

/// Ids of requests: they lead to a trace only through an attribute or a log line.
fn request_id(view: &View<'_>, index: usize, found: &mut Found) -> usize {
    let Some(first) = view.word(index) else { return 0 };
    let hierarchical = view.byte_before(first.start) == Some(b'|') && matches!(view.between(index), "." | "-");
    let kestrel = first.text.len() == 13
        && first.text.starts_with("0H")
        && first.text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        && view.after(index, ":").is_some_and(|count| count.is_hex(8, 8));
    let sortable = view.is_bare() && is_sortable_id(first.text);
    let labelled = label::before(view.text, first.start).kind == Kind::Request && trace_of(first).is_none();
    if !hierarchical && !kestrel && !sortable && !labelled {
        return 0;
    }
    let ends =
        |character: char| character.is_whitespace() || matches!(character, '"' | '\'' | ',' | ';' | ')' | ']' | '}');
    let rest = view.text.get(first.start..).unwrap_or("");
    let token = rest.split(ends).next().unwrap_or(rest).trim_end_matches('.');
    let end = first.start + token.len();
    looked_at(token.len());
    let (form, confidence) = if hierarchical { (Form::Hierarchical, 55) } else { (Form::RequestId, 50) };
    let note = Some("not a trace id; looked for in attributes and logs".to_owned());
    let key = Key::Text(token.to_owned());
    found.add(first.start, first.line, Candidate { form, key, span: None, confidence, note });
    // A request id of hex digits alone may still be what it looks like.
    if labelled && first.is_hex(16, 16) && first.end == end {
        return 0;
    }
    view.words.iter().skip(index).take_while(|word| word.start < end).count()
}

/// Whether a word is a ULID (26 digits of Crockford's base 32) or a KSUID (27 of base 62).
fn is_sortable_id(text: &str) -> bool {
    let crockford = |byte: u8| byte.is_ascii_digit() || (byte.is_ascii_uppercase() && !b"ILOU".contains(&byte));
    let ulid =
        text.len() == 26 && text.bytes().all(crockford) && text.starts_with(|first| ('0'..='7').contains(&first));
    let mixed =
        text.bytes().any(|byte| byte.is_ascii_uppercase()) && text.bytes().any(|byte| byte.is_ascii_lowercase());
    ulid || (text.len() == 27 && mixed)
}
