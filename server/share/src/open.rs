//! Files of this and other tools into OTLP export requests.
//!
//! ```text
//! bytes ─ zip: each entry ─┐
//!       ─ gzip, zstd ──────┼─ `{` or `[`: values ─ document ─ otlp, jaeger, zipkin, console ─┐
//!       ─ plain ───────────┘  else: protobuf frames ────────────────────────────────────────┴─ Found
//! ```
//!
//! What a file is, is told by its content; names are for messages. Values of a stream (JSON lines, lists, frames) are read
//! one by one, so that memory is bounded by the largest record; only an object around everything has to be held whole. A
//! broken record is a [`Found::Fault`] with its place, and its neighbours are read.
//!
//! Deliberately absent: any judgement on ids, times and attributes of OTLP; that is the storage's decoder's, once for all.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

mod console;
mod convert;
mod document;
mod found;
pub mod guess;
mod jaeger;
mod normal;
mod out;
mod protobuf;
mod scan;
#[cfg(test)]
mod tests;
mod values;
mod zipkin;

pub use found::{Fault, Format, Found, Part, Payload, Place, Skipped};
pub use guess::{json as guess_json, protobuf as guess_protobuf};

use self::out::Out;
use crate::archive::{self, Archive, ArchiveLimits};
use crate::inflate::Compression;
use crate::limits::{CONTENT_BYTES, DOCUMENT_BYTES, MESSAGE_BYTES, NESTING};

/// Bytes that are looked at to recognise a format.
const HEAD_BYTES: usize = 64 * 1024;

/// The bounds of one file.
#[derive(Debug, Clone, Copy)]
pub struct OpenLimits {
    /// Bytes after decompression.
    pub content_bytes: u64,
    /// Bytes of a JSON value that has to be held whole.
    pub document_bytes: usize,
    /// Bytes of one protobuf message.
    pub message_bytes: usize,
}

impl Default for OpenLimits {
    fn default() -> Self {
        Self { content_bytes: CONTENT_BYTES, document_bytes: DOCUMENT_BYTES, message_bytes: MESSAGE_BYTES }
    }
}

/// Reads a file and hands out what it holds, in order; `sink` may end it early.
///
/// # Errors
/// `reader` itself failed. Whatever is wrong with the content is a [`Found::Fault`].
pub fn read<R: Read + Seek>(
    mut reader: R,
    limits: &OpenLimits,
    sink: &mut dyn FnMut(Found) -> ControlFlow<()>,
) -> io::Result<()> {
    let mut head = Vec::new();
    reader.by_ref().take(4).read_to_end(&mut head)?;
    reader.seek(SeekFrom::Start(0))?;
    let mut out = Out::new(sink);
    if archive::is_archive(&head) {
        read_archive(reader, limits, NESTING, &mut out);
    } else {
        read_stream(&mut reader, limits, NESTING, &mut out);
    }
    out.flush();
    Ok(())
}

/// Reads every entry of an archive.
fn read_archive<R: Read + Seek>(reader: R, limits: &OpenLimits, nesting: usize, out: &mut Out<'_>) {
    let bounds = ArchiveLimits { bytes: limits.content_bytes, ..ArchiveLimits::default() };
    let mut archive = match Archive::open(reader, &bounds) {
        Ok(archive) => archive,
        Err(error) => return out.fault(Place { entry: out.entry(), ..Place::default() }, error.to_string()),
    };
    let outer = out.entry();
    for entry in archive.entries().into_iter().filter(|entry| !entry.is_folder) {
        if out.is_stopped() {
            return;
        }
        out.enter(match &outer {
            Some(outer) => format!("{outer} > {}", entry.name),
            None => entry.name.clone(),
        });
        let read = archive.read(entry.index, |reader| read_stream(reader, limits, nesting, out));
        if let Err(error) = read {
            out.fault(Place { entry: out.entry(), ..Place::default() }, error.to_string());
        }
        out.flush();
    }
    out.leave(outer);
}

/// Reads content of any kind; compressed content and archives are opened up to a depth.
fn read_stream(reader: &mut dyn Read, limits: &OpenLimits, nesting: usize, out: &mut Out<'_>) {
    let mut head = Vec::new();
    let here = Place { entry: out.entry(), ..Place::default() };
    if let Err(error) = (&mut *reader).take(HEAD_BYTES as u64).read_to_end(&mut head) {
        return out.fault(here, unreadable(&error));
    }
    let is_archive = archive::is_archive(&head);
    let compression = Compression::of(&head);
    if nesting == 0 && (is_archive || compression.is_some()) {
        return out.fault(here, format!("archives are nested deeper than {NESTING} levels"));
    }
    let mut whole = Cursor::new(head.as_slice()).chain(reader);
    match compression {
        Some(compression) => match compression.reader(whole, limits.content_bytes) {
            Ok(mut inner) => read_stream(&mut inner, limits, nesting - 1, out),
            Err(error) => out.fault(here, format!("the {} cannot be read: {error}", compression.name())),
        },
        None if is_archive => {
            // An archive is read from its end: one inside of something else has to be held.
            let mut bytes = Vec::new();
            match whole.take(limits.document_bytes as u64 + 1).read_to_end(&mut bytes) {
                Ok(length) if length > limits.document_bytes => {
                    out.fault(here, format!("an archive inside is larger than {} MiB", limits.document_bytes >> 20));
                }
                Ok(_length) => read_archive(Cursor::new(bytes), limits, nesting - 1, out),
                Err(error) => out.fault(here, unreadable(&error)),
            }
        }
        None => match kind(&head, out.entry().is_some()) {
            Kind::Json => document::read(&mut whole, limits, out),
            Kind::Protobuf(framing) => protobuf::read(&mut whole, framing, limits, out),
            Kind::Empty => out.skipped(here, "it is empty"),
            Kind::Utf16 => out.unknown(here, "it is text in UTF-16; save it as UTF-8"),
            Kind::Unknown if out.entry().is_some() => {
                out.skipped(here, format!("it begins with {} and is no telemetry", convert::quoted(&head)));
            }
            Kind::Unknown => out.fault(here, unknown(&head)),
        },
    }
}

/// What content is, by its first bytes.
enum Kind {
    Json,
    Protobuf(protobuf::Framing),
    Empty,
    Utf16,
    Unknown,
}

fn kind(head: &[u8], is_entry: bool) -> Kind {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    match text.first() {
        None if head.len() < HEAD_BYTES => Kind::Empty,
        None => Kind::Json,
        Some(b'{' | b'[') => Kind::Json,
        Some(_) if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) => Kind::Utf16,
        Some(_) => match protobuf::framing(head) {
            Some(framing) => Kind::Protobuf(framing),
            // The output of a program with JSON between its own lines; an archive has such files for other reasons.
            None if !is_entry && is_text_with_json(head) => Kind::Json,
            None => Kind::Unknown,
        },
    }
}

fn is_text_with_json(head: &[u8]) -> bool {
    let is_text = !head.iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace());
    is_text && head.windows(2).any(|pair| matches!(pair, [b'\n', b'{' | b'[']))
}

/// Says what was found instead of telemetry.
fn unknown(head: &[u8]) -> String {
    format!(
        "it begins with {} and is no telemetry that is known here; known are OTLP (JSON, JSON lines, protobuf), Jaeger JSON, \
         Zipkin v2 JSON, Tempo JSON, Aspire's zip and Python's console exporter, also in gzip, zstd or zip",
        convert::quoted(head)
    )
}

fn unreadable(error: &io::Error) -> String {
    format!("it cannot be read: {error}")
}
