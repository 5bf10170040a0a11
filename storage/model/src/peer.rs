//! Who stands at the other side of a call that only one side tells of, from the attributes of the span that was sent.
//!
//! Source: OpenTelemetry semantic conventions 1.37 for database, messaging and general client spans, with the names that
//! these attributes had before they were stable.

/// Attribute keys, the most telling first: which database answers.
pub const DATABASE_KEYS: &[&str] = &["db.system.name", "db.system"];
/// Which broker carries messages.
pub const MESSAGING_KEYS: &[&str] = &["messaging.system"];
/// What is read or written there: a database, a queue, a topic.
pub const COLLECTION_KEYS: &[&str] = &["db.namespace", "db.name", "messaging.destination.name"];
/// Where it is.
pub const ADDRESS_KEYS: &[&str] = &["peer.service", "server.address", "net.peer.name", "rpc.service", "http.host"];

/// What a peer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PeerKind {
    /// A database.
    Database,
    /// A queue, a topic, a broker.
    Queue,
    /// Anything else that is called.
    External,
}

impl PeerKind {
    /// Returns its word in answers: `database`, `queue` or `external`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Queue => "queue",
            Self::External => "external",
        }
    }
}

/// The other side of a call, which sent no spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer<'a> {
    /// What it is.
    pub kind: PeerKind,
    /// Its name: of a database or queue what is read or written, else where it is.
    pub name: &'a str,
    /// The product, such as `postgresql`.
    pub system: Option<&'a str>,
}

impl<'a> Peer<'a> {
    /// Names the other side by the values of [`DATABASE_KEYS`], [`MESSAGING_KEYS`], [`COLLECTION_KEYS`] and
    /// [`ADDRESS_KEYS`]; `None` when nothing says who it is.
    #[must_use]
    pub fn of(
        database: Option<&'a str>,
        messaging: Option<&'a str>,
        collection: Option<&'a str>,
        address: Option<&'a str>,
    ) -> Option<Self> {
        let system = database.or(messaging);
        let kind = match (database, messaging) {
            (Some(_), _) => PeerKind::Database,
            (None, Some(_)) => PeerKind::Queue,
            (None, None) => PeerKind::External,
        };
        let name = if kind == PeerKind::External { address } else { collection.or(address).or(system) };
        Some(Self { kind, name: name.filter(|name| !name.is_empty())?, system })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_telling_attribute_names_the_peer() {
        let named = |database, messaging, collection, address| {
            let peer = Peer::of(database, messaging, collection, address)?;
            Some((peer.kind.as_str(), peer.name, peer.system.unwrap_or_default()))
        };
        assert_eq!(
            named(Some("postgresql"), None, Some("orders"), Some("db-1")),
            Some(("database", "orders", "postgresql"))
        );
        assert_eq!(named(Some("redis"), None, None, Some("cache-1")), Some(("database", "cache-1", "redis")));
        assert_eq!(named(Some("redis"), None, None, None), Some(("database", "redis", "redis")));
        assert_eq!(named(None, Some("kafka"), Some("mails"), None), Some(("queue", "mails", "kafka")));
        assert_eq!(named(None, None, None, Some("api.stripe.com")), Some(("external", "api.stripe.com", "")));
        assert_eq!(named(None, None, Some("x"), None), None);
    }
}
