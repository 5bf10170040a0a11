//! OTLP in protobuf: one request, requests one after another, or messages with their lengths in front.
//!
//! A request is a list of envelopes, each with its tag and length, so that several requests one behind the other read as one
//! long one and are taken apart envelope by envelope. Length-delimited files have a varint (protobuf's `writeDelimitedTo`) or
//! four bytes, big-endian (the Collector's file exporter, whose messages may be compressed or JSON).

use std::io::{self, Cursor, Read};

use telltale_model::SignalKind;

use super::found::Place;
use super::out::Out;
use super::{OpenLimits, document, guess};
use crate::inflate::Compression;
use crate::limits::PART_BYTES;

/// How messages follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// Envelopes of requests, one after another.
    Plain,
    /// A varint length before every request.
    Varint,
    /// Four bytes of length, big-endian, before every request.
    Prefix,
}

/// The tag of an envelope in a request: field 1, length-delimited.
const ENVELOPE: u8 = 0x0a;

/// Recognises the framing by the first bytes; `None` when this is no OTLP.
pub(super) fn framing(head: &[u8]) -> Option<Framing> {
    if is_request(head) {
        return Some(Framing::Plain);
    }
    if let Some((length, used)) = varint(head)
        && length > 0
        && head.get(used..).is_some_and(is_request)
    {
        return Some(Framing::Varint);
    }
    let (length, rest) = head.split_first_chunk::<4>()?;
    let is_message = is_request(rest) || rest.first() == Some(&b'{') || Compression::of(rest).is_some();
    (u32::from_be_bytes(*length) > 0 && is_message).then_some(Framing::Prefix)
}

/// Whether bytes begin like a request: an envelope with a resource, scopes or a schema URL in it.
fn is_request(bytes: &[u8]) -> bool {
    let Some((ENVELOPE, rest)) = bytes.split_first().map(|(first, rest)| (*first, rest)) else { return false };
    let Some((length, used)) = varint(rest) else { return false };
    let inner = rest.get(used..).unwrap_or_default();
    let Some((tag, inner)) = inner.split_first() else { return false };
    let Some((inner_length, inner_used)) = varint(inner) else { return false };
    matches!(tag, 0x0a | 0x12 | 0x1a) && inner_length.saturating_add(inner_used as u64 + 1) <= length
}

/// Reads a varint; returns it with the number of its bytes.
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0;
    for (place, byte) in bytes.iter().take(9).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((value, place + 1));
        }
    }
    None
}

/// Reads a whole stream.
pub(super) fn read(reader: &mut dyn Read, framing: Framing, limits: &OpenLimits, out: &mut Out<'_>) {
    let mut frames = Frames { reader, byte: 0, limits, gathered: Vec::new(), gathered_at: 0, last_signal: None };
    let entry = out.entry();
    loop {
        let at = frames.byte;
        let place = Place { entry: entry.clone(), byte: at, ..Place::default() };
        let step = match framing {
            Framing::Plain => frames.envelope(out),
            Framing::Varint | Framing::Prefix => frames.message(framing, out),
        };
        match step {
            Ok(true) if !out.is_stopped() => {}
            Ok(_) => break,
            Err(error) => {
                out.fault(place, error.to_string());
                break;
            }
        }
    }
    frames.flush(out);
}

struct Frames<'a> {
    reader: &'a mut dyn Read,
    byte: u64,
    limits: &'a OpenLimits,
    /// Envelopes of one signal, as a request.
    gathered: Vec<u8>,
    gathered_at: u64,
    last_signal: Option<SignalKind>,
}

impl Frames<'_> {
    /// Reads one envelope of a plain stream; `false` at the end.
    fn envelope(&mut self, out: &mut Out<'_>) -> io::Result<bool> {
        let at = self.byte;
        let Some(tag) = self.next_byte()? else { return Ok(false) };
        if tag != ENVELOPE {
            return Err(io::Error::other(format!("{tag:#04x} begins no envelope of an OTLP request")));
        }
        let length = self.next_varint()?;
        let Some(content) = self.content(length, at, out)? else { return Ok(true) };
        let mut request = vec![ENVELOPE];
        put_varint(&mut request, length);
        request.extend(content);
        let signal = guess::protobuf(&request).or(self.last_signal);
        if signal != self.last_signal || self.gathered.len() + request.len() > PART_BYTES {
            self.flush(out);
        }
        if self.gathered.is_empty() {
            self.gathered_at = at;
        }
        self.last_signal = signal;
        self.gathered.extend(request);
        Ok(true)
    }

    /// Reads one message with its length; `false` at the end.
    fn message(&mut self, framing: Framing, out: &mut Out<'_>) -> io::Result<bool> {
        let at = self.byte;
        let Some(first) = self.next_byte()? else { return Ok(false) };
        let length = match framing {
            Framing::Prefix => {
                let mut rest = [0; 3];
                self.exact(&mut rest)?;
                let [second, third, fourth] = rest;
                u64::from(u32::from_be_bytes([first, second, third, fourth]))
            }
            _ => self.varint_after(first)?,
        };
        if let Some(content) = self.content(length, at, out)? {
            self.request(content, at, out);
        }
        Ok(true)
    }

    /// Passes one message on: protobuf, JSON, or either compressed.
    fn request(&mut self, content: Vec<u8>, at: u64, out: &mut Out<'_>) {
        let place = Place { entry: out.entry(), byte: at, ..Place::default() };
        let content = match Compression::of(&content) {
            Some(compression) => match inflate(compression, &content, self.limits.message_bytes) {
                Ok(content) => content,
                Err(error) => {
                    return out.fault(place, format!("the {} cannot be read: {error}", compression.name()));
                }
            },
            None => content,
        };
        if content.trim_ascii_start().first() == Some(&b'{') {
            return document::read(&mut Cursor::new(content), self.limits, out);
        }
        match guess::protobuf(&content).or(self.last_signal) {
            Some(signal) => {
                self.last_signal = Some(signal);
                out.protobuf(signal, content, place);
            }
            None if content.is_empty() => {}
            None => out.fault(place, "the message has no span, log record or metric that is understood"),
        }
    }

    /// Hands out what was gathered.
    fn flush(&mut self, out: &mut Out<'_>) {
        let request = std::mem::take(&mut self.gathered);
        if request.is_empty() {
            return;
        }
        let place = Place { entry: out.entry(), byte: self.gathered_at, ..Place::default() };
        match self.last_signal {
            Some(signal) => out.protobuf(signal, request, place),
            None => out.unknown(place, "it has no span, log record or metric that is understood"),
        }
    }

    /// Reads the content of a frame; one beyond the limit is stepped over.
    fn content(&mut self, length: u64, at: u64, out: &mut Out<'_>) -> io::Result<Option<Vec<u8>>> {
        if length > self.limits.message_bytes as u64 {
            let skipped = io::copy(&mut (&mut *self.reader).take(length), &mut io::sink())?;
            self.byte += skipped;
            let place = Place { entry: out.entry(), byte: at, ..Place::default() };
            out.fault(place, format!("a message is larger than {} MiB", self.limits.message_bytes >> 20));
            return if skipped < length { Err(breaks_off()) } else { Ok(None) };
        }
        let mut content = Vec::new();
        (&mut *self.reader).take(length).read_to_end(&mut content)?;
        self.byte += content.len() as u64;
        if (content.len() as u64) < length { Err(breaks_off()) } else { Ok(Some(content)) }
    }

    fn next_byte(&mut self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        let read = self.reader.read(&mut byte)?;
        self.byte += read as u64;
        let [byte] = byte;
        Ok((read > 0).then_some(byte))
    }

    fn exact(&mut self, out: &mut [u8]) -> io::Result<()> {
        self.reader.read_exact(out).map_err(|_| breaks_off())?;
        self.byte += out.len() as u64;
        Ok(())
    }

    fn next_varint(&mut self) -> io::Result<u64> {
        let first = self.next_byte()?.ok_or_else(breaks_off)?;
        self.varint_after(first)
    }

    fn varint_after(&mut self, first: u8) -> io::Result<u64> {
        let mut bytes = vec![first];
        while bytes.last().is_some_and(|byte| byte & 0x80 != 0) && bytes.len() < 10 {
            bytes.push(self.next_byte()?.ok_or_else(breaks_off)?);
        }
        varint(&bytes).map(|(value, _used)| value).ok_or_else(|| io::Error::other("a length has more than 63 bits"))
    }
}

fn breaks_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the file breaks off inside a message")
}

fn inflate(compression: Compression, content: &[u8], limit_bytes: usize) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    compression.reader(content, limit_bytes as u64)?.read_to_end(&mut out)?;
    Ok(out)
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}
