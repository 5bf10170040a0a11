//! Spellings of one word: hex and decimal of any length, told apart by length, key and surroundings.

use telltale_model::{SpanId, TraceId};

use super::form::Form;
use super::found::Found;
use super::label::{self, Kind, Label};
use super::shape;
use super::word::{View, Word};
use super::{Candidate, Key};

/// Fewest digits of a bare text that is taken as the beginning of an id.
const PREFIX_DIGITS: usize = 6;

/// How well the surroundings support a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Support {
    /// A key or a path announces a trace id.
    Labelled,
    /// The word is all there is.
    Bare,
    /// It stands among other text.
    Loose,
}

impl Support {
    const fn pick(self, labelled: u8, bare: u8, loose: u8) -> u8 {
        match self {
            Self::Labelled => labelled,
            Self::Bare => bare,
            Self::Loose => loose,
        }
    }
}

/// One word with what is known of it.
struct Reading<'a> {
    word: Word<'a>,
    support: Support,
    form: Option<Form>,
}

/// Reads word `index` by itself.
pub(super) fn read(view: &View<'_>, index: usize, found: &mut Found) {
    let Some(word) = view.word(index) else { return };
    if (word.text == "0" || word.text.eq_ignore_ascii_case("false"))
        && label::before(view.text, word.start).kind == Kind::Sampled
    {
        found.not_sampled();
        return;
    }
    if !word.is_hex(1, 39) && !word.is_decimal(1, 39) {
        return;
    }
    if !view.plain && view.byte_before(word.start) == Some(b'%') && !word.is_hex(32, 32) {
        return; // the first digits are the end of a percent escape
    }
    let negative = view.byte_before(word.start) == Some(b'-') && word.is_decimal(1, 20);
    let label = label::before(view.text, word.start - usize::from(negative));
    match label.kind {
        Kind::Span | Kind::Parent => read_span(word, label, found),
        Kind::High => half(view, word).into_iter().for_each(|half| found.add_high(half)),
        Kind::Low => half(view, word).into_iter().for_each(|half| found.add_low(half, Form::HighLow, word.start)),
        Kind::DatadogHigh => {
            if let Some(high) = word.padded::<8>() {
                found.add_high(high);
            }
        }
        Kind::None | Kind::Trace | Kind::Request | Kind::Sampled => {
            let support = match label.kind {
                Kind::Trace => Support::Labelled,
                _ if view.is_bare() || word.prefixed => Support::Bare,
                _ => Support::Loose,
            };
            read_trace(&Reading { word, support, form: label.form }, found);
        }
    }
}

/// Reads a 64-bit half in decimal or hex.
fn half(view: &View<'_>, word: Word<'_>) -> Option<[u8; 8]> {
    if word.is_hex(16, 16) { word.padded::<8>() } else { shape::signed(view, word) }
}

/// Reads a span id that a key announces: 16 hex digits, else decimal.
fn read_span(word: Word<'_>, label: Label, found: &mut Found) {
    let decimal = word.is_decimal(1, 20) && (word.text.len() != 16 || label.form == Some(Form::Datadog));
    let bytes = if decimal {
        word.text.parse::<u64>().ok().map(u64::to_be_bytes)
    } else if word.is_hex(7, 16) {
        word.padded::<8>()
    } else {
        None
    };
    if let Some(span) = bytes.and_then(SpanId::new) {
        found.add_span(word.start, word.line, span, label.kind == Kind::Parent);
    }
}

/// Reads a word that may be a trace id.
fn read_trace(reading: &Reading<'_>, found: &mut Found) {
    let word = reading.word;
    let decimal_first = reading.form == Some(Form::Datadog);
    if word.is_hex(32, 32) {
        hex_32(reading, found);
    } else if word.is_hex(16, 16) && !decimal_first {
        hex_16(reading, found);
    } else if word.is_hex(17, 31) && !word.is_decimal(17, 31) {
        short_hex(reading, found);
    } else if word.is_hex(1, 15) && !word.is_decimal(10, 15) && !decimal_first {
        prefix(reading, found);
    }
    if word.is_decimal(21, 39) {
        decimal_128(reading, found);
    } else if word.is_decimal(1, 20) {
        decimal_64(reading, found);
    }
}

impl Reading<'_> {
    /// Adds a candidate; `form` stands when the key does not name a system.
    fn add(&self, found: &mut Found, form: Form, key: Key, confidence: u8) {
        let named = self.form.filter(|_form| matches!(key, Key::Trace(_) | Key::Low64OrSpan(_)));
        let form = named.filter(|named| *named != Form::Link || form == Form::Hex32).unwrap_or(form);
        let candidate = Candidate { form, key, span: None, confidence, note: None };
        found.add(self.word.start, self.word.line, candidate);
    }
}

fn hex_32(reading: &Reading<'_>, found: &mut Found) {
    if let Ok(id) = reading.word.text.parse::<TraceId>() {
        reading.add(found, Form::Hex32, Key::Trace(id), reading.support.pick(97, 96, 88));
    }
}

fn hex_16(reading: &Reading<'_>, found: &mut Found) {
    let Some(bytes) = reading.word.padded::<8>().filter(|bytes| *bytes != [0; 8]) else { return };
    // Sixteen decimal digits among other text are most often a time in microseconds.
    let loose = if reading.word.is_decimal(16, 16) { 25 } else { 60 };
    reading.add(found, Form::Hex16, Key::Low64OrSpan(bytes), reading.support.pick(85, 75, loose));
}

fn short_hex(reading: &Reading<'_>, found: &mut Found) {
    let word = reading.word;
    let digits = word.text.bytes().any(|byte| byte.is_ascii_digit());
    if reading.support == Support::Loose && !digits {
        return;
    }
    let Some(id) = word.padded::<16>().and_then(TraceId::new) else { return };
    let near = word.text.len() >= 24;
    let confidence = if near { reading.support.pick(80, 75, 40) } else { reading.support.pick(60, 50, 20) };
    reading.add(found, Form::ShortHex, Key::Trace(id), confidence);
    if reading.support != Support::Loose {
        let key = Key::Prefix(word.text.to_ascii_lowercase());
        reading.add(found, Form::Prefix, key, if near { 35 } else { 55 });
    }
}

fn prefix(reading: &Reading<'_>, found: &mut Found) {
    let word = reading.word;
    let long = word.text.len() >= PREFIX_DIGITS;
    if reading.support == Support::Loose || (reading.support == Support::Bare && !long) {
        return;
    }
    if long {
        let key = Key::Prefix(word.text.to_ascii_lowercase());
        reading.add(found, Form::Prefix, key, reading.support.pick(65, 60, 0));
    }
    if let Some(bytes) = word.padded::<8>().filter(|bytes| *bytes != [0; 8]) {
        reading.add(found, Form::ShortHex, Key::Low64OrSpan(bytes), reading.support.pick(45, 40, 0));
    }
}

fn decimal_64(reading: &Reading<'_>, found: &mut Found) {
    let word = reading.word;
    if reading.support == Support::Loose && word.text.len() < 17 {
        return;
    }
    let Some(number) = word.text.parse::<u64>().ok().filter(|number| *number != 0) else { return };
    let bytes = number.to_be_bytes();
    if reading.form == Some(Form::Datadog) {
        found.add_low(bytes, Form::Datadog, word.start);
        reading.add(found, Form::Decimal64, Key::Low64OrSpan(bytes), 90);
        return;
    }
    let short = word.text.len() < 17;
    let confidence = if short { reading.support.pick(40, 30, 0) } else { reading.support.pick(75, 70, 30) };
    // Nineteen digits that begin with 1 and stand among other text are most often a time in nanoseconds.
    let is_time =
        reading.support == Support::Loose && (1_000_000_000_000_000_000..2_500_000_000_000_000_000).contains(&number);
    reading.add(found, Form::Decimal64, Key::Low64OrSpan(bytes), if is_time { 12 } else { confidence });
}

fn decimal_128(reading: &Reading<'_>, found: &mut Found) {
    let number = reading.word.text.parse::<u128>().ok();
    if let Some(id) = number.and_then(|number| TraceId::new(number.to_be_bytes())) {
        let confidence = if reading.word.text.len() == 32 { 15 } else { reading.support.pick(85, 80, 45) };
        reading.add(found, Form::Decimal128, Key::Trace(id), confidence);
    }
}

/// Reads a paste of nothing but hex digits and gaps that make 32 digits together.
pub(super) fn read_spaced(view: &View<'_>, found: &mut Found) {
    let (Some(first), true) = (view.word(0), (2..=32).contains(&view.words.len())) else { return };
    let spaced =
        (1..view.words.len()).all(|index| view.between(index - 1).chars().all(|gap| " \t\r\n:-".contains(gap)));
    if !spaced || !view.words.iter().all(|word| word.is_hex(1, 31) && !word.prefixed) {
        return;
    }
    let hex: String = view.words.iter().map(|word| word.text).collect();
    if let Ok(id) = hex.parse::<TraceId>() {
        let note = Some("read without its gaps".to_owned());
        let key = Key::Trace(id);
        found.add(first.start, first.line, Candidate { form: Form::Hex32, key, span: None, confidence: 70, note });
    }
}
