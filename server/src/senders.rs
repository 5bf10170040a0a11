//! Remembers who sends (`GET /api/senders`): how, how much, and the last error; bounded.
//!
//! One entry a (peer, protocol, user agent): ports change with every connection. When the list is full, the sender that
//! was not seen for longest is forgotten and counted. Nothing here is durable. Ingest waits for one short lock; names are
//! read from a resource only when it is new to its sender.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::Int32Type;
use telltale_api::Nanos;
use telltale_api::issue::IssueList;
use telltale_api::sender::{SdkView, SenderError, SenderList, SenderView};
use telltale_model::SignalKind;
use telltale_storage::Appended;
use telltale_storage::decode::Issue;
use telltale_storage::encode;
use telltale_storage::schema::col;

use crate::limits::{ISSUE_TEXT_BYTES, SENDER_NAMES, SENDER_RESOURCES, SENDERS_KEPT};
use crate::receiver::{Refusal, Sender, partial_success};
use crate::telemetry::rate::Rate;
use crate::telemetry::{Metric, Telemetry};

#[cfg(test)]
mod tests;

/// What makes two requests those of one sender.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    peer: String,
    protocol: &'static str,
    user_agent: Option<String>,
}

/// One sender.
#[derive(Debug, Default)]
struct Known {
    /// Number of its last sighting; numbers never repeat, so that "oldest" is unambiguous.
    number: u64,
    view: SenderView,
    services: BTreeSet<String>,
    sdks: BTreeSet<SdkView>,
    /// Hashes of resources whose names were read.
    resources: HashSet<u64>,
    rate: Rate,
}

/// The list.
#[derive(Debug)]
pub struct Senders {
    inner: Mutex<Inner>,
    telemetry: Arc<Telemetry>,
}

#[derive(Debug, Default)]
struct Inner {
    known: HashMap<Key, Known>,
    sightings: u64,
    forgotten: u64,
}

/// What was stored of one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored<'a> {
    pub(crate) signal: SignalKind,
    pub(crate) appended: &'a Appended,
    pub(crate) payload_bytes: usize,
    /// What was odd about it, rejections included.
    pub(crate) issues: &'a [Issue],
}

impl Senders {
    /// Creates an empty list.
    #[must_use]
    pub fn new(telemetry: Arc<Telemetry>) -> Self {
        Self { inner: Mutex::default(), telemetry }
    }

    /// Returns how many are remembered.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().known.len()
    }

    /// Notes a request that was stored, wholly or in part.
    pub(crate) fn stored(&self, sender: &Sender, stored: Stored<'_>, now: Nanos) {
        let mut inner = self.lock();
        let known = inner.sighting(sender, now, &self.telemetry);
        let accepted = stored.appended.accepted;
        let view = &mut known.view;
        view.requests = view.requests.saturating_add(1);
        let items = match stored.signal {
            SignalKind::Traces => &mut view.spans,
            SignalKind::Logs => &mut view.logs,
            SignalKind::Metrics => &mut view.points,
        };
        *items = items.saturating_add(accepted);
        view.bytes = view.bytes.saturating_add(u64::try_from(stored.payload_bytes).unwrap_or(u64::MAX));
        view.rejected_items = view.rejected_items.saturating_add(partial_success::rejected(stored.issues));
        if let Some(issue) = stored.issues.iter().rfind(|issue| partial_success::is_rejected(issue)) {
            view.last_error = Some(SenderError {
                code: issue.code.as_str().to_owned(),
                message: cut(&issue.message),
                hint: issue.code.hint().to_owned(),
                at_unix_nano: now,
            });
        }
        known.rate.add(since(now, known.view.first_unix_nano), accepted);
        known.read_names(stored.appended);
    }

    /// Notes a request of which nothing was stored.
    pub(crate) fn refused(&self, sender: &Sender, refusal: &Refusal, now: Nanos) {
        let mut inner = self.lock();
        let view = &mut inner.sighting(sender, now, &self.telemetry).view;
        view.refused_requests = view.refused_requests.saturating_add(1);
        view.last_error = Some(SenderError {
            code: format!("request_{}", refusal.reason.as_str()),
            message: cut(&refusal.message),
            hint: refusal.reason.hint().to_owned(),
            at_unix_nano: now,
        });
    }

    /// Returns the list, each sender with its issues.
    #[must_use]
    pub fn list(&self, issues: IssueList, now: Nanos) -> SenderList {
        let inner = self.lock();
        let mut known: Vec<&Known> = inner.known.values().collect();
        known.sort_unstable_by_key(|known| std::cmp::Reverse(known.number));
        let mut senders: Vec<SenderView> = known.into_iter().map(|known| known.view(now)).collect();
        let forgotten = inner.forgotten;
        drop(inner);
        let places: HashMap<_, usize> = senders
            .iter()
            .enumerate()
            .map(|(place, sender)| ((sender.peer.clone(), sender.protocol.clone(), sender.user_agent.clone()), place))
            .collect();
        let mut others = Vec::new();
        for issue in issues.issues {
            let key = (issue.peer.clone(), issue.protocol.clone(), issue.user_agent.clone());
            match places.get(&key).and_then(|place| senders.get_mut(*place)) {
                Some(sender) => sender.issues.push(issue),
                None => others.push(issue),
            }
        }
        SenderList { senders, forgotten, limit: SENDERS_KEPT as u64, others }
    }

    /// Takes the lock; a panic of another holder leaves counts that are still usable.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Returns the entry of a sender that was seen just now.
    fn sighting(&mut self, sender: &Sender, now: Nanos, telemetry: &Telemetry) -> &mut Known {
        self.sightings += 1;
        let user_agent = sender.user_agent.as_deref().map(cut);
        let key = Key { peer: sender.peer.clone(), protocol: sender.protocol.as_str(), user_agent };
        if self.known.len() >= SENDERS_KEPT && !self.known.contains_key(&key) {
            self.forget_oldest();
            telemetry.add(Metric::IngestSendersForgotten, [], 1);
        }
        let known = self.known.entry(key).or_insert_with_key(|key| Known::first(key, now));
        known.number = self.sightings;
        known.view.last_unix_nano = now;
        sender.compression.clone_into(&mut known.view.compression);
        known
    }

    fn forget_oldest(&mut self) {
        let oldest = self.known.iter().min_by_key(|(_, known)| known.number).map(|(key, _)| key.clone());
        if let Some(key) = oldest {
            self.known.remove(&key);
            self.forgotten += 1;
        }
    }
}

impl Known {
    fn first(key: &Key, now: Nanos) -> Self {
        let view = SenderView {
            peer: key.peer.clone(),
            protocol: key.protocol.to_owned(),
            user_agent: key.user_agent.clone(),
            first_unix_nano: now,
            ..SenderView::default()
        };
        Self { view, ..Self::default() }
    }

    fn view(&self, now: Nanos) -> SenderView {
        SenderView {
            services: self.services.iter().cloned().collect(),
            sdks: self.sdks.iter().cloned().collect(),
            items_per_second: self.rate.per_second(since(now, self.view.first_unix_nano)),
            ..self.view.clone()
        }
    }

    /// Reads names from the resources of a request that are new to this sender.
    fn read_names(&mut self, appended: &Appended) {
        for (_, batch) in appended.batches.iter() {
            let Some(column) = batch.column_by_name(col::RESOURCE) else { continue };
            let Some(resources) = column.as_dictionary_opt::<Int32Type>() else { continue };
            // A null is a resource without anything.
            if resources.null_count() > 0 {
                self.view.has_unnamed = true;
            }
            let Some(values) = resources.values().as_binary_opt::<i32>() else { continue };
            for bytes in values.iter().flatten().take(SENDER_RESOURCES) {
                if self.is_new(bytes) {
                    self.read_resource(bytes);
                }
            }
        }
    }

    fn is_new(&mut self, resource: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        resource.hash(&mut hasher);
        // Instances come and go; those that are still there are read again, once.
        if self.resources.len() >= SENDER_RESOURCES {
            self.resources.clear();
        }
        self.resources.insert(hasher.finish())
    }

    fn read_resource(&mut self, bytes: &[u8]) {
        let attributes = encode::resource(bytes).attributes;
        let text = |wanted: &str| {
            let found = attributes.iter().find(|(key, _)| key == wanted);
            found.map(|(_, value)| cut(&value.display())).filter(|text| !text.is_empty())
        };
        match text("service.name") {
            Some(name) => self.view.names_left_out += u64::from(!take(&mut self.services, name)),
            None => self.view.has_unnamed = true,
        }
        let part = |key: &str| text(key).unwrap_or_default();
        let sdk = SdkView {
            name: part("telemetry.sdk.name"),
            language: part("telemetry.sdk.language"),
            version: part("telemetry.sdk.version"),
        };
        if sdk != SdkView::default() {
            self.view.names_left_out += u64::from(!take(&mut self.sdks, sdk));
        }
    }
}

/// Takes a name into a list; false when there is no room for it.
fn take<Name: Ord>(names: &mut BTreeSet<Name>, name: Name) -> bool {
    if names.len() < SENDER_NAMES {
        names.insert(name);
        return true;
    }
    names.contains(&name)
}

fn since(now: Nanos, then: Nanos) -> Duration {
    Duration::from_nanos(now.0.saturating_sub(then.0))
}

/// Shortens a sender's text as issues do, so that both name a sender alike.
fn cut(text: &str) -> String {
    crate::text::shorten(text, ISSUE_TEXT_BYTES)
}
