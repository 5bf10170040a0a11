//! The halves of requests among spans: who called, who was called, and what a caller says of the one that it called.

use std::sync::Arc;

use arrow::array::{Array, AsArray, ListArray, RecordBatch, StringArray, StructArray};
use arrow::datatypes::{Int32Type, Int64Type, TimestampNanosecondType};
use telltale_model::peer::{ADDRESS_KEYS, COLLECTION_KEYS, DATABASE_KEYS, MESSAGING_KEYS};
use telltale_model::{Peer, PeerKind};
use telltale_promql::Error;
use telltale_storage::Segment;
use telltale_storage::schema::col;

use super::stats::{Counted, ERROR, Texts, fixed};
use crate::columns::{ids, lists, missing, number, numbers, text, texts};
use crate::index::for_each_batch;

/// One half of a request between services.
#[derive(Debug, Clone)]
pub(crate) struct Half {
    pub(crate) span: Counted,
    /// Of a server's span its parent, which is the client's.
    pub(crate) parent: Option<[u8; 8]>,
    pub(crate) service: Arc<str>,
    /// Whom the attributes name at the other side.
    pub(crate) peer: Option<(Arc<str>, PeerKind)>,
    pub(crate) is_message: bool,
    pub(crate) failed: bool,
}

/// The halves of requests among some spans.
#[derive(Debug, Default)]
pub(crate) struct Halves {
    pub(crate) clients: Vec<Half>,
    pub(crate) servers: Vec<Half>,
}

/// One of several parts that traces are divided into by their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    part: u64,
    parts: u64,
}

impl Share {
    /// Every trace.
    pub(crate) const ALL: Self = Self { part: 0, parts: 1 };

    /// Returns so many parts, at least one.
    pub(crate) fn of(parts: u64) -> impl Iterator<Item = Self> {
        let parts = parts.max(1);
        (0..parts).map(move |part| Self { part, parts })
    }

    pub(crate) fn is_all(self) -> bool {
        self.parts == 1
    }

    fn has(self, trace: [u8; 16]) -> bool {
        // Some makers of ids put the time first: the whole of it decides.
        let id = u128::from_le_bytes(trace);
        id % u128::from(self.parts) == u128::from(self.part)
    }
}

/// The columns that are read.
const COLUMNS: [&str; 9] = [
    col::TRACE_ID,
    col::SPAN_ID,
    col::PARENT_SPAN_ID,
    col::KIND,
    col::START_TIME_UNIX_NANO,
    col::DURATION_NS,
    col::STATUS_CODE,
    col::SERVICE_NAME,
    col::ATTRIBUTES,
];

const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;

impl Halves {
    /// Finds those of a batch.
    pub(crate) fn of(batch: &RecordBatch, share: Share) -> Result<Self, Error> {
        let mut halves = Self::default();
        halves.add(batch, share, &mut Texts::default())?;
        Ok(halves)
    }

    /// Finds those of a segment.
    pub(crate) fn read(segment: &Arc<Segment>, share: Share) -> Result<Self, Error> {
        let mut halves = Self::default();
        let mut shared = Texts::default();
        for_each_batch(segment, &COLUMNS, &mut |batch| halves.add(batch, share, &mut shared))?;
        Ok(halves)
    }

    fn add(&mut self, batch: &RecordBatch, share: Share, shared: &mut Texts) -> Result<(), Error> {
        let (traces, spans) = (ids(batch, col::TRACE_ID)?, ids(batch, col::SPAN_ID)?);
        let parents = ids(batch, col::PARENT_SPAN_ID)?;
        let services = texts(batch, col::SERVICE_NAME)?;
        let (kinds, statuses) =
            (numbers::<Int32Type>(batch, col::KIND)?, numbers::<Int32Type>(batch, col::STATUS_CODE)?);
        let starts = numbers::<TimestampNanosecondType>(batch, col::START_TIME_UNIX_NANO)?;
        let durations = numbers::<Int64Type>(batch, col::DURATION_NS)?;
        let said = Said::of(batch)?;
        for row in 0..batch.num_rows() {
            let (kind, trace) = (kinds.value(row), fixed(traces.value(row)));
            if !(SERVER..=CONSUMER).contains(&kind) || !share.has(trace) {
                continue;
            }
            let is_client = kind == CLIENT || kind == PRODUCER;
            let parent = (!is_client && parents.is_valid(row)).then(|| fixed(parents.value(row)));
            // Whoever has a parent is told by the parent's span who called.
            let peer = if parent.is_none() { said.peer(row, kind) } else { None };
            let half = Half {
                span: Counted::new(trace, fixed(spans.value(row)), starts.value(row), durations.value(row)),
                parent,
                service: shared.share(text(services, row).unwrap_or_default()),
                peer: peer.map(|(name, kind)| (shared.share(name), kind)),
                is_message: kind == PRODUCER || kind == CONSUMER,
                failed: number(statuses, row) == Some(ERROR),
            };
            if is_client { self.clients.push(half) } else { self.servers.push(half) }
        }
        Ok(())
    }

    /// What it keeps in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        (self.clients.capacity() + self.servers.capacity()) * size_of::<Half>()
    }
}

/// What spans say of the other side.
struct Said<'a> {
    list: &'a ListArray,
    keys: &'a StringArray,
    texts: &'a StringArray,
}

impl<'a> Said<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, Error> {
        let list = lists(batch, col::ATTRIBUTES)?;
        let member = |name: &str| -> Result<&'a StringArray, Error> {
            let members: &StructArray = list.values().as_struct_opt().ok_or_else(|| missing(col::ATTRIBUTES))?;
            let column = members.column_by_name(name).and_then(|column| column.as_string_opt());
            column.ok_or_else(|| missing(col::ATTRIBUTES))
        };
        Ok(Self { list, keys: member("key")?, texts: member("str")? })
    }

    /// Names the peer of a row: whom a client calls, where a consumer's messages come from.
    fn peer(&self, row: usize, kind: i32) -> Option<(&'a str, PeerKind)> {
        // A server's address is its own; only messages tell where they were.
        if kind == SERVER {
            return None;
        }
        let mut found: [(usize, Option<&'a str>); 4] = [(usize::MAX, None); 4];
        let [start, end] = *self.list.value_offsets().get(row..row + 2)? else { return None };
        for at in usize::try_from(start).ok()?..usize::try_from(end).ok()? {
            let key = self.keys.value(at);
            for (slot, keys) in found.iter_mut().zip([DATABASE_KEYS, MESSAGING_KEYS, COLLECTION_KEYS, ADDRESS_KEYS]) {
                if let Some(rank) = keys.iter().position(|one| *one == key)
                    && rank < slot.0
                    && let Some(value) = text(self.texts, at)
                {
                    *slot = (rank, Some(value));
                }
            }
        }
        let [(_, database), (_, messaging), (_, collection), (_, address)] = found;
        let peer = match kind {
            CONSUMER => Peer::of(None, messaging, collection, None)?,
            _ => Peer::of(database, messaging, collection, address)?,
        };
        Some((peer.name, peer.kind))
    }
}
