//! Trace and span ids: fixed bytes, lower-case hex as text, all-zero is invalid.
//!
//! Source: W3C Trace Context, "trace-id" and "parent-id"; OTLP `Span.trace_id` (16 bytes) and `span_id` (8 bytes).
//! Spellings of other systems (base64, UUID, X-Ray …) are the resolver's business, not this module's.

use std::fmt;
use std::str::FromStr;

/// Says why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseIdError {
    /// The text has another length than the id's hex form.
    Length {
        /// Hex digits that the id has.
        expected: usize,
        /// Bytes that the text has.
        got: usize,
    },
    /// A byte is not a hex digit; the offset counts from zero.
    NotHex {
        /// Offset of the first such byte.
        offset: usize,
    },
    /// Every byte is zero, which OTLP and W3C call invalid.
    Zero,
}

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { expected, got } => write!(f, "an id here has {expected} hex digits, this text has {got}"),
            Self::NotHex { offset } => write!(f, "byte {offset} is not a hex digit"),
            Self::Zero => f.write_str("an id of zeros is invalid"),
        }
    }
}

impl std::error::Error for ParseIdError {}

/// Returns the value of a hex digit in any case.
#[must_use]
pub const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Decodes exactly `2 * N` hex digits in any case; zero bytes are not looked at.
pub fn decode_hex<const N: usize>(text: &str) -> Result<[u8; N], ParseIdError> {
    let bytes = text.as_bytes();
    if bytes.len() != N * 2 {
        return Err(ParseIdError::Length { expected: N * 2, got: bytes.len() });
    }
    let mut out = [0_u8; N];
    for (index, (slot, pair)) in out.iter_mut().zip(bytes.chunks_exact(2)).enumerate() {
        let mut value = 0;
        for (place, byte) in pair.iter().enumerate() {
            let digit = hex_digit(*byte).ok_or(ParseIdError::NotHex { offset: index * 2 + place })?;
            value = value * 16 + digit;
        }
        *slot = value;
    }
    Ok(out)
}

/// Appends the lower-case hex of `bytes` to `out`.
pub fn push_hex(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// Returns the id, or `None` when every byte is zero.
            #[must_use]
            pub fn new(bytes: [u8; $bytes]) -> Option<Self> {
                if bytes.iter().all(|byte| *byte == 0) { None } else { Some(Self(bytes)) }
            }

            /// Returns the id of a slice of the right length that is not all zero.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                <[u8; $bytes]>::try_from(bytes).ok().and_then(Self::new)
            }

            /// Returns the bytes, big-endian, as OTLP sends them.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }

            /// Returns the lower-case hex text.
            #[must_use]
            pub fn to_hex(&self) -> String {
                let mut out = String::with_capacity($bytes * 2);
                push_hex(&mut out, &self.0);
                out
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            /// Parses the hex form in any case.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(decode_hex::<$bytes>(text)?).ok_or(ParseIdError::Zero)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.to_hex())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.to_hex())
            }
        }
    };
}

id_type! {
    /// The id of a trace: 16 bytes, never all zero.
    TraceId, 16
}
id_type! {
    /// The id of a span: 8 bytes, never all zero.
    SpanId, 8
}

impl TraceId {
    /// Returns the right half, which older 64-bit systems use as the whole trace id.
    #[must_use]
    pub fn low_64(&self) -> [u8; 8] {
        let mut out = [0; 8];
        out.copy_from_slice(self.0.split_at(8).1);
        out
    }

    /// Returns the 128-bit id of a 64-bit one: left-padded with zeros.
    #[must_use]
    pub fn from_low_64(low: [u8; 8]) -> Option<Self> {
        let mut bytes = [0; 16];
        bytes.split_at_mut(8).1.copy_from_slice(&low);
        Self::new(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hex_is_read_in_any_case_and_written_in_lower_case() {
        let id: TraceId = "0AF7651916CD43DD8448EB211C80319c".parse().unwrap();
        assert_eq!(id.to_string(), "0af7651916cd43dd8448eb211c80319c");
    }

    #[test]
    fn zero_short_and_foreign_texts_are_refused_with_the_reason() {
        assert_eq!("00000000000000000000000000000000".parse::<TraceId>(), Err(ParseIdError::Zero));
        assert_eq!("abc".parse::<SpanId>(), Err(ParseIdError::Length { expected: 16, got: 3 }));
        assert_eq!("b7ad6b716920333g".parse::<SpanId>(), Err(ParseIdError::NotHex { offset: 15 }));
    }

    proptest! {
        #[test]
        fn every_valid_id_survives_its_text(bytes in any::<[u8; 16]>()) {
            prop_assume!(bytes != [0; 16]);
            let id = TraceId::new(bytes).unwrap();
            prop_assert_eq!(id.to_hex().parse::<TraceId>(), Ok(id));
        }

        #[test]
        fn padding_and_halving_undo_each_other(low in any::<[u8; 8]>()) {
            prop_assume!(low != [0; 8]);
            prop_assert_eq!(TraceId::from_low_64(low).unwrap().low_64(), low);
        }
    }
}
