//! Edges of the service graph: a client's span and the server's span that it is the parent of, wherever the two lie.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::stats::{Cell, Half, Key, SpanStats};

/// Finds the two halves of each request and counts them, by the server's and by the client's duration. A half without the other is
/// no edge: whoever was called, or called, sent nothing.
pub(super) fn resolve(parts: &[Arc<SpanStats>], all: &mut BTreeMap<Key, BTreeMap<i64, Cell>>) {
    let mut clients: HashMap<([u8; 16], [u8; 8]), &Half> = HashMap::new();
    for client in parts.iter().flat_map(|part| &part.clients) {
        clients.insert((client.trace, client.link), client);
    }
    for server in parts.iter().flat_map(|part| &part.servers) {
        let Some(client) = clients.get(&(server.trace, server.link)) else { continue };
        let connection = if server.is_message { "messaging_system" } else { "" };
        for (by_server, half) in [(true, server), (false, *client)] {
            let (client, server) = (Arc::clone(&client.service), Arc::clone(&server.service));
            let key = Key::Edge { client, server, connection, by_server };
            all.entry(key).or_default().entry(half.slot).or_default().merge(&half.cell);
        }
    }
}
