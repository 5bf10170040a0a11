//! Names of what a service calls that sends no spans itself, as SQL reads them: the rule is [`telltale_model::peer`]'s.

use telltale_model::PeerKind;
use telltale_model::peer::{ADDRESS_KEYS, COLLECTION_KEYS, DATABASE_KEYS, MESSAGING_KEYS};

/// What stands at the other side of a client span.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Peer {
    pub(crate) kind: PeerKind,
    pub(crate) name: String,
    pub(crate) system: Option<String>,
}

/// Returns the names and expressions of the columns that [`peer`] reads, in its order.
pub(crate) fn columns() -> [(&'static str, String); 4] {
    let first = |keys: &[&str]| {
        let values: Vec<String> = keys.iter().map(|key| format!("attr('{key}')")).collect();
        format!("coalesce({})", values.join(", "))
    };
    [
        ("db_system", first(DATABASE_KEYS)),
        ("messaging_system", first(MESSAGING_KEYS)),
        ("collection", first(COLLECTION_KEYS)),
        ("address", first(ADDRESS_KEYS)),
    ]
}

/// Names the other side; `None` when nothing says who it is.
pub(crate) fn peer(
    database: Option<&str>,
    messaging: Option<&str>,
    collection: Option<&str>,
    address: Option<&str>,
) -> Option<Peer> {
    let peer = telltale_model::Peer::of(database, messaging, collection, address)?;
    Some(Peer { kind: peer.kind, name: peer.name.to_owned(), system: peer.system.map(str::to_owned) })
}
