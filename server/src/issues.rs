//! Remembers what senders did wrong or oddly (`GET /api/issues`), bounded.
//!
//! One entry a (code, peer, service, protocol, user agent): it counts and keeps the newest text. When the list is full, the entry that was not
//! seen for longest is forgotten and counted. Nothing here is durable: a restart begins with an empty list.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use telltale_api::Nanos;
use telltale_api::issue::{IssueList, IssueView};

use crate::limits::{ISSUE_TEXT_BYTES, ISSUES_KEPT};

/// One observation, before it is merged with earlier ones of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// A stable word.
    pub code: String,
    /// `rejected`, `repaired` or `odd`.
    pub outcome: String,
    /// What was odd, on which value.
    pub message: String,
    /// What the sender can do.
    pub hint: String,
    /// `traces`, `metrics` or `logs`, when known.
    pub signal: Option<String>,
    /// `grpc`, `http/protobuf` or `http/json`.
    pub protocol: String,
    /// Address of the sender without the port.
    pub peer: String,
    /// `User-Agent` of the sender.
    pub user_agent: Option<String>,
    /// `service.name` of the first such item.
    pub service_name: Option<String>,
    /// How many items it concerns.
    pub count: u64,
}

/// What makes two sightings the same kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    code: String,
    peer: String,
    service_name: Option<String>,
    protocol: String,
    user_agent: Option<String>,
}

/// The list.
#[derive(Debug, Default)]
pub struct Registry {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Entry and the number of its last sighting; numbers never repeat, so that "oldest" is unambiguous.
    entries: HashMap<Key, (u64, IssueView)>,
    sightings: u64,
    forgotten: u64,
}

impl Registry {
    /// Creates an empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a sighting and returns its entry as it is now.
    pub fn record(&self, sighting: Sighting, now: Nanos) -> IssueView {
        let mut inner = self.lock();
        inner.sightings += 1;
        let number = inner.sightings;
        let key = Key {
            code: sighting.code.clone(),
            peer: sighting.peer.clone(),
            service_name: sighting.service_name.as_deref().map(cut),
            protocol: sighting.protocol.clone(),
            user_agent: sighting.user_agent.as_deref().map(cut),
        };
        if inner.entries.len() >= ISSUES_KEPT && !inner.entries.contains_key(&key) {
            inner.forget_oldest();
        }
        let (last, view) = inner.entries.entry(key).or_insert_with(|| (number, first_view(&sighting, now)));
        *last = number;
        view.count = view.count.saturating_add(sighting.count);
        view.last_unix_nano = now;
        view.message = cut(&sighting.message);
        view.hint = cut(&sighting.hint);
        view.outcome = sighting.outcome;
        view.clone()
    }

    /// Returns the newest `limit` entries, newest first.
    #[must_use]
    pub fn list(&self, limit: usize) -> IssueList {
        let inner = self.lock();
        let mut entries: Vec<_> = inner.entries.values().collect();
        entries.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(*number));
        let issues = entries.into_iter().take(limit).map(|(_, view)| view.clone()).collect();
        IssueList { issues, forgotten: inner.forgotten }
    }

    /// Takes the lock; a panic of another holder leaves counts that are still usable.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn forget_oldest(&mut self) {
        let oldest = self.entries.iter().min_by_key(|(_, (number, _))| *number).map(|(key, _)| key.clone());
        if let Some(key) = oldest {
            self.entries.remove(&key);
            self.forgotten += 1;
        }
    }
}

/// Begins an entry; counts and last time are filled in by the caller.
fn first_view(sighting: &Sighting, now: Nanos) -> IssueView {
    IssueView {
        code: sighting.code.clone(),
        outcome: sighting.outcome.clone(),
        message: String::new(),
        hint: String::new(),
        signal: sighting.signal.clone(),
        protocol: sighting.protocol.clone(),
        peer: sighting.peer.clone(),
        user_agent: sighting.user_agent.as_deref().map(cut),
        service_name: sighting.service_name.as_deref().map(cut),
        count: 0,
        first_unix_nano: now,
        last_unix_nano: now,
    }
}

/// Shortens a sender's text to [`ISSUE_TEXT_BYTES`], visibly.
fn cut(text: &str) -> String {
    crate::text::shorten(text, ISSUE_TEXT_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sighting(code: usize, peer: usize, count: u64) -> Sighting {
        Sighting {
            code: format!("code_{code}"),
            outcome: "odd".to_owned(),
            message: "m".repeat(3000),
            hint: "h".to_owned(),
            signal: None,
            protocol: "http/json".to_owned(),
            peer: format!("10.0.0.{peer}"),
            user_agent: Some("agent".to_owned()),
            service_name: None,
            count,
        }
    }

    #[test]
    fn same_kinds_are_counted_together_and_texts_are_bounded() {
        let registry = Registry::new();
        registry.record(sighting(1, 1, 2), Nanos(10));
        registry.record(sighting(2, 1, 1), Nanos(20));
        let view = registry.record(sighting(1, 1, 3), Nanos(30));
        assert_eq!((view.count, view.first_unix_nano, view.last_unix_nano), (5, Nanos(10), Nanos(30)));
        assert!(view.message.len() <= ISSUE_TEXT_BYTES, "{}", view.message.len());
        let list = registry.list(10);
        let codes: Vec<_> = list.issues.iter().map(|issue| issue.code.as_str()).collect();
        assert_eq!(codes, ["code_1", "code_2"], "newest first");
        assert_eq!(registry.list(1).issues.len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn the_list_is_bounded_and_nothing_is_forgotten_uncounted(seen in prop::collection::vec((0_usize..900, 0_usize..3), 0..1500)) {
            let registry = Registry::new();
            let mut kinds = std::collections::HashSet::new();
            let mut made = 0_u64;
            for (code, peer) in &seen {
                kinds.insert((code, peer));
                // A new entry begins with the count of its first sighting.
                made += u64::from(registry.record(sighting(*code, *peer, 1), Nanos(1)).count == 1);
            }
            let list = registry.list(usize::MAX);
            prop_assert!(list.issues.len() <= ISSUES_KEPT);
            prop_assert_eq!(list.issues.len() as u64 + list.forgotten, made);
            prop_assert!(kinds.len() <= ISSUES_KEPT || list.forgotten > 0);
        }
    }
}
