//! Names of what a service calls that sends no spans itself, from the attributes of the calling span.
//!
//! Source: OpenTelemetry semantic conventions 1.3x for database, messaging and general client spans, with the names that
//! these attributes had before they were stable.

/// What stands at the other side of a client span.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Peer {
    /// `database`, `queue` or `external`.
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) system: Option<String>,
}

/// The columns that [`peer`] reads, in its order; null for spans that call nobody.
pub(crate) const COLUMNS: [(&str, &str); 4] = [
    ("db_system", "coalesce(attr('db.system.name'), attr('db.system'))"),
    ("messaging_system", "attr('messaging.system')"),
    ("collection", "coalesce(attr('db.namespace'), attr('db.name'), attr('messaging.destination.name'))"),
    (
        "address",
        "coalesce(attr('peer.service'), attr('server.address'), attr('net.peer.name'), attr('rpc.service'), \
         attr('http.host'))",
    ),
];

/// Names the other side; `None` when nothing says who it is.
pub(crate) fn peer(
    db_system: Option<&str>,
    messaging_system: Option<&str>,
    collection: Option<&str>,
    address: Option<&str>,
) -> Option<Peer> {
    let system = db_system.or(messaging_system).map(str::to_owned);
    let kind = match (db_system, messaging_system) {
        (Some(_), _) => "database",
        (None, Some(_)) => "queue",
        (None, None) => "external",
    };
    let name = if kind == "external" { address } else { collection.or(address).or(system.as_deref()) };
    let name = name.filter(|name| !name.is_empty())?.to_owned();
    Some(Peer { kind, name, system })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_telling_attribute_names_the_peer() {
        let named = |db, messaging, collection, address| {
            peer(db, messaging, collection, address).map(|peer| (peer.kind, peer.name, peer.system.unwrap_or_default()))
        };
        let expected = |kind, name: &str, system: &str| Some((kind, name.to_owned(), system.to_owned()));
        assert_eq!(
            named(Some("postgresql"), None, Some("orders"), Some("db-1")),
            expected("database", "orders", "postgresql")
        );
        assert_eq!(named(Some("redis"), None, None, Some("cache-1")), expected("database", "cache-1", "redis"));
        assert_eq!(named(Some("redis"), None, None, None), expected("database", "redis", "redis"));
        assert_eq!(named(None, Some("kafka"), Some("mails"), None), expected("queue", "mails", "kafka"));
        assert_eq!(named(None, None, None, Some("api.stripe.com")), expected("external", "api.stripe.com", ""));
        assert_eq!(named(None, None, Some("x"), None), None);
    }
}
