//! JSON into protobuf bytes, message by message along the table.
//!
//! A message is written behind one byte that is kept free for its length; lengths that need more move the bytes, which
//! only the few large messages do. A fault in an item of a list of records takes back what was written of it and steps
//! over its text.

use std::fmt::Write as _;

use telltale_model::SignalKind;
use telltale_storage::decode::limits::MAX_ANY_VALUE_DEPTH;
use telltale_storage::decode::wire::{put_varint, varint_len};
use telltale_storage::decode::{Issue, IssueCode, Outcome};

use super::JsonError;
use super::bytes::{base64, hex};
use super::number;
use super::table::{Field, Message, Type};
use super::text::{Cursor, Start, SyntaxError};

/// A fault and its place, built from the inside out.
#[derive(Debug)]
enum Fault {
    /// The text is not JSON: the whole request fails.
    Syntax(SyntaxError),
    /// A value is not what its field wants.
    Value { path: String, offset: usize, message: String },
}

impl From<SyntaxError> for Fault {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}

impl Fault {
    fn value(offset: usize, message: impl Into<String>) -> Self {
        Self::Value { path: String::new(), offset, message: message.into() }
    }

    /// Puts a key before the path.
    #[cold]
    fn in_field(mut self, name: &str) -> Self {
        if let Self::Value { path, .. } = &mut self {
            let rest = std::mem::take(path);
            let dot = if rest.is_empty() || rest.starts_with('[') { "" } else { "." };
            *path = format!("{name}{dot}{rest}");
        }
        self
    }

    /// Puts an index before the path.
    #[cold]
    fn in_item(mut self, index: usize) -> Self {
        if let Self::Value { path, .. } = &mut self {
            let rest = std::mem::take(path);
            let dot = if rest.is_empty() { "" } else { "." };
            *path = format!("[{index}]{dot}{rest}");
        }
        self
    }
}

/// Where the reader is, for the path of a fault that is handled on the way.
#[derive(Debug, Clone, Copy)]
enum Step {
    Field(&'static str),
    Item(usize),
}

pub(super) fn request(signal: SignalKind, body: &[u8]) -> Result<(Vec<u8>, Vec<Issue>), JsonError> {
    let mut reader = Reader {
        cursor: Cursor::new(body),
        out: Vec::with_capacity(body.len() / 2),
        steps: Vec::new(),
        any_depth: 0,
        rejected: Rejected::default(),
    };
    let read = reader.object(Message::Request(signal)).and_then(|()| Ok(reader.cursor.end()?));
    match read {
        Ok(()) => Ok((reader.out, reader.rejected.into_issues(signal))),
        Err(Fault::Syntax(SyntaxError { offset, message })) => {
            Err(JsonError { path: String::new(), offset, message: message.to_owned() })
        }
        Err(Fault::Value { path, offset, message }) => Err(JsonError { path, offset, message }),
    }
}

/// What was left out.
#[derive(Debug, Default)]
struct Rejected {
    fields: u64,
    /// The first such field.
    example: String,
    /// Records of another signal.
    strangers: u64,
    stranger: Option<SignalKind>,
}

impl Rejected {
    fn into_issues(self, signal: SignalKind) -> Vec<Issue> {
        let issue =
            |code, message, count| Issue { code, outcome: Outcome::Rejected, message, count, service_name: None };
        let mut issues = Vec::new();
        if self.fields > 0 {
            issues.push(issue(IssueCode::InvalidJsonField, self.example, self.fields));
        }
        if let Some(stranger) = self.stranger {
            let message = format!("these look like {stranger}, sent as {signal}; send them to /v1/{stranger}");
            issues.push(issue(IssueCode::WrongSignal, message, self.strangers));
        }
        issues
    }
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    out: Vec<u8>,
    steps: Vec<Step>,
    any_depth: usize,
    rejected: Rejected,
}

impl Reader<'_> {
    /// Reads an object as the fields of `message`; the frame around them is the caller's.
    fn object(&mut self, message: Message) -> Result<(), Fault> {
        let start = self.cursor.start()?;
        if start != Start::Object {
            return Err(Fault::value(self.cursor.offset, format!("expected an object, found {}", start.name())));
        }
        self.cursor.take(b'{');
        if self.cursor.take(b'}') {
            return Ok(());
        }
        loop {
            let key = self.cursor.string()?;
            self.cursor.colon()?;
            match std::str::from_utf8(&key).ok().and_then(|key| message.field_of_key(key)) {
                Some(field) => self.field(message, field)?,
                None => self.unknown(message, &key)?,
            }
            if self.cursor.comma_or(b'}')? {
                return Ok(());
            }
        }
    }

    /// Steps over an unknown key; the list of another signal at the top is told.
    fn unknown(&mut self, message: Message, key: &[u8]) -> Result<(), Fault> {
        if let Message::Request(signal) = message {
            for other in SignalKind::ALL.into_iter().filter(|other| *other != signal) {
                let root = Message::Request(other);
                let field = std::str::from_utf8(key).ok().and_then(|key| root.field_of_key(key));
                if let Some(Field { of: Type::Message(inner), .. }) = field {
                    self.rejected.stranger = Some(other);
                    self.rejected.strangers += count(&mut self.cursor, *inner)?;
                    return Ok(());
                }
            }
        }
        Ok(self.cursor.skip()?)
    }

    fn field(&mut self, message: Message, field: &'static Field) -> Result<(), Fault> {
        if self.null()? {
            return Ok(());
        }
        self.steps.push(Step::Field(field.name));
        let read = if field.repeated { self.list(field) } else { self.single(message, field) };
        self.steps.pop();
        read.map_err(|fault| fault.in_field(field.name))
    }

    /// Takes a `null` if it is next.
    fn null(&mut self) -> Result<bool, Fault> {
        let null = self.cursor.start()? == Start::Null;
        if null {
            self.cursor.word(Start::Null)?;
        }
        Ok(null)
    }

    fn single(&mut self, message: Message, field: &Field) -> Result<(), Fault> {
        match field.of {
            Type::Message(inner) => self.framed(field.number, |reader| reader.nested(inner)),
            Type::Id if message == Message::LogRecord => self.log_id(field),
            _ => {
                put_varint(&mut self.out, tag(field));
                self.scalar(field.of)
            }
        }
    }

    /// Reads an id of a log record: one that is no hex makes the record unrelated to a trace, not wrong.
    fn log_id(&mut self, field: &Field) -> Result<(), Fault> {
        put_varint(&mut self.out, tag(field));
        let (cursor, length) = (self.cursor, self.out.len());
        match self.scalar(field.of) {
            Err(Fault::Value { .. }) => {
                self.cursor = cursor;
                self.cursor.skip()?;
                self.out.truncate(length);
                // One byte is no id; the storage reports it and keeps the record.
                self.out.extend([1, 0]);
                Ok(())
            }
            other => other,
        }
    }

    fn list(&mut self, field: &Field) -> Result<(), Fault> {
        let start = self.cursor.start()?;
        if start != Start::Array {
            return Err(Fault::value(self.cursor.offset, format!("expected an array, found {}", start.name())));
        }
        self.cursor.take(b'[');
        if self.cursor.take(b']') {
            return Ok(());
        }
        match field.of {
            Type::Message(inner) => self.messages(field, inner),
            Type::Text | Type::Bytes | Type::Id => self.items(|reader| {
                put_varint(&mut reader.out, tag(field));
                reader.scalar(field.of)
            }),
            // Numbers are packed.
            _ => self.framed(field.number, |reader| reader.items(|reader| reader.scalar(field.of))),
        }
    }

    fn messages(&mut self, field: &Field, inner: Message) -> Result<(), Fault> {
        self.items(|reader| {
            // A null in a list of values keeps its place; in any other list it is nothing.
            if reader.null()? {
                if inner == Message::AnyValue {
                    reader.framed(field.number, |_| Ok(()))?;
                }
                return Ok(());
            }
            if inner.is_item() {
                reader.item(field.number, inner)
            } else {
                reader.framed(field.number, |reader| reader.nested(inner))
            }
        })
    }

    /// Reads the items of a list up to its end.
    fn items(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        for index in 0.. {
            self.steps.push(Step::Item(index));
            let read = item(self);
            self.steps.pop();
            read.map_err(|fault| fault.in_item(index))?;
            if self.cursor.comma_or(b']')? {
                break;
            }
        }
        Ok(())
    }

    /// Reads an item that may fail alone.
    fn item(&mut self, number: u32, message: Message) -> Result<(), Fault> {
        let (cursor, length, rejected) = (self.cursor, self.out.len(), self.rejected.fields);
        match self.framed(number, |reader| reader.nested(message)) {
            Err(Fault::Value { path, message: text, .. }) => {
                self.cursor = cursor;
                self.out.truncate(length);
                // What was rejected inside is counted once, with the whole.
                self.rejected.fields = rejected + count(&mut self.cursor, message)?.max(1);
                if self.rejected.example.is_empty() {
                    self.rejected.example = format!("{}: {text}", self.path(&path));
                }
                Ok(())
            }
            other => other,
        }
    }

    /// Returns the path of here and `rest`.
    fn path(&self, rest: &str) -> String {
        let mut path = String::new();
        for step in &self.steps {
            let _infallible = match step {
                Step::Field(name) if path.is_empty() => write!(path, "{name}"),
                Step::Field(name) => write!(path, ".{name}"),
                Step::Item(index) => write!(path, "[{index}]"),
            };
        }
        if !rest.is_empty() && !rest.starts_with('[') {
            path.push('.');
        }
        path + rest
    }

    /// Reads a submessage, no deeper than values may be nested.
    fn nested(&mut self, message: Message) -> Result<(), Fault> {
        let outer = self.any_depth;
        self.any_depth = match message {
            Message::AnyValue => outer + 1,
            Message::ArrayValue | Message::KeyValueList => outer,
            Message::KeyValue if outer > 0 => outer,
            _ => 0,
        };
        let read = if self.any_depth > MAX_ANY_VALUE_DEPTH {
            Err(Fault::value(self.cursor.offset, format!("nested deeper than {MAX_ANY_VALUE_DEPTH} levels")))
        } else {
            self.object(message)
        };
        self.any_depth = outer;
        read
    }

    /// Writes a length-delimited field whose content `write` appends.
    fn framed(&mut self, number: u32, write: impl FnOnce(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        put_varint(&mut self.out, u64::from(number) << 3 | 2);
        let place = self.out.len();
        self.out.push(0);
        write(self)?;
        let length = self.out.len() - place - 1;
        let mut prefix = Vec::with_capacity(varint_len(length as u64));
        put_varint(&mut prefix, length as u64);
        self.out.splice(place..=place, prefix);
        Ok(())
    }

    /// Reads a value that is no message and writes it without its tag.
    fn scalar(&mut self, of: Type) -> Result<(), Fault> {
        let start = self.cursor.start()?;
        let offset = self.cursor.offset;
        if start == Start::Null {
            // Only in a list: there it keeps its place.
            self.cursor.word(start)?;
            self.out.extend(zero(of));
            return Ok(());
        }
        match of {
            Type::Text => self.text(start),
            Type::Bytes => self.bytes(start, |text| base64(text).ok_or("expected base64")),
            Type::Id => self.bytes(start, hex),
            Type::Bool => match start {
                Start::True | Start::False => {
                    self.cursor.word(start)?;
                    self.out.push(u8::from(start == Start::True));
                    Ok(())
                }
                other => Err(wrong(offset, "true or false", other)),
            },
            Type::Double => {
                let text = self.number_text(start, "a number")?;
                let value = number::double(&text);
                let value = value.ok_or_else(|| Fault::value(offset, format!("{text:?} is no number")))?;
                self.out.extend(value.to_le_bytes());
                Ok(())
            }
            Type::Enum(names) if start == Start::Text => {
                let text = self.number_text(start, "an integer")?;
                let number = names.number(&text).map(i128::from).or_else(|| number::whole(&text));
                let number =
                    number.ok_or_else(|| Fault::value(offset, format!("{text:?} is no value of this enum")))?;
                self.integer(Type::Int32, number, offset)
            }
            _ => {
                let text = self.number_text(start, "an integer")?;
                let value = number::whole(&text);
                let value = value.ok_or_else(|| Fault::value(offset, format!("{text:?} is no whole number")))?;
                self.integer(of, value, offset)
            }
        }
    }

    fn text(&mut self, start: Start) -> Result<(), Fault> {
        self.bytes(start, |text| Ok(text.to_vec()))
    }

    /// Reads a string, converts it, and writes it with its length.
    fn bytes(
        &mut self,
        start: Start,
        convert: impl FnOnce(&[u8]) -> Result<Vec<u8>, &'static str>,
    ) -> Result<(), Fault> {
        let offset = self.cursor.offset;
        if start != Start::Text {
            return Err(wrong(offset, "a string", start));
        }
        let text = self.cursor.string()?;
        let bytes = convert(&text).map_err(|message| {
            let shown: String = String::from_utf8_lossy(&text).chars().take(48).collect();
            Fault::value(offset, format!("{message}, found {shown:?}"))
        })?;
        put_varint(&mut self.out, bytes.len() as u64);
        self.out.extend_from_slice(&bytes);
        Ok(())
    }

    /// Takes a number or a string that should hold one.
    fn number_text(&mut self, start: Start, expected: &str) -> Result<String, Fault> {
        match start {
            Start::Number => Ok(self.cursor.number()?.to_owned()),
            Start::Text => Ok(String::from_utf8_lossy(&self.cursor.string()?).into_owned()),
            other => Err(wrong(self.cursor.offset, expected, other)),
        }
    }

    /// Writes an integer as its type wants it.
    fn integer(&mut self, of: Type, value: i128, offset: usize) -> Result<(), Fault> {
        let written = match of {
            Type::Int32 | Type::Enum(_) => i32::try_from(value).ok().map(|value| self.varint(i64::from(value))),
            Type::Int64 => i64::try_from(value).ok().map(|value| self.varint(value)),
            Type::Uint32 => u32::try_from(value).ok().map(|value| put_varint(&mut self.out, u64::from(value))),
            Type::Uint64 => u64::try_from(value).ok().map(|value| put_varint(&mut self.out, value)),
            Type::Sint32 => i32::try_from(value).ok().map(|value| {
                let zigzag = ((value << 1) ^ (value >> 31)).cast_unsigned();
                put_varint(&mut self.out, u64::from(zigzag));
            }),
            Type::Fixed32 => u32::try_from(value).ok().map(|value| self.out.extend(value.to_le_bytes())),
            Type::Fixed64 => u64::try_from(value).ok().map(|value| self.out.extend(value.to_le_bytes())),
            _ => i64::try_from(value).ok().map(|value| self.out.extend(value.to_le_bytes())),
        };
        written.ok_or_else(|| Fault::value(offset, format!("{value} does not fit into this field")))
    }

    fn varint(&mut self, value: i64) {
        put_varint(&mut self.out, value.cast_unsigned());
    }
}

fn wrong(offset: usize, expected: &str, found: Start) -> Fault {
    Fault::value(offset, format!("expected {expected}, found {}", found.name()))
}

/// Returns the encoded default of a type, without its tag.
const fn zero(of: Type) -> &'static [u8] {
    match of {
        Type::Fixed64 | Type::Sfixed64 | Type::Double => &[0; 8],
        Type::Fixed32 => &[0; 4],
        _ => &[0],
    }
}

/// Returns the tag of a field that stands alone.
const fn tag(field: &Field) -> u64 {
    let wire_type = match field.of {
        Type::Text | Type::Bytes | Type::Id | Type::Message(_) => 2,
        Type::Fixed32 => 5,
        Type::Fixed64 | Type::Sfixed64 | Type::Double => 1,
        _ => 0,
    };
    (field.number as u64) << 3 | wire_type
}

/// Counts the records of a value that holds `message` or a list of it, and steps over it.
fn count(cursor: &mut Cursor<'_>, message: Message) -> Result<u64, SyntaxError> {
    let mut records = 0;
    match cursor.start()? {
        Start::Array if message.holds_records() || message.is_record() => {
            cursor.take(b'[');
            if cursor.take(b']') {
                return Ok(0);
            }
            loop {
                records += count(cursor, message)?;
                if cursor.comma_or(b']')? {
                    return Ok(records);
                }
            }
        }
        Start::Object if message.holds_records() => {
            cursor.take(b'{');
            if cursor.take(b'}') {
                return Ok(0);
            }
            loop {
                let key = cursor.string()?;
                cursor.colon()?;
                match std::str::from_utf8(&key).ok().and_then(|key| message.field_of_key(key)) {
                    Some(Field { of: Type::Message(inner), .. }) if inner.holds_records() || inner.is_record() => {
                        records += count(cursor, *inner)?;
                    }
                    _ => cursor.skip()?,
                }
                if cursor.comma_or(b'}')? {
                    return Ok(records);
                }
            }
        }
        start => {
            cursor.skip()?;
            Ok(u64::from(message.is_record() && start != Start::Null))
        }
    }
}
