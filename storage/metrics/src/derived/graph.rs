//! Edges of the service graph: a client's span and the server's span that it is the parent of, wherever the two lie, and the calls of
//! which only one side sent spans.

use std::collections::HashMap;
use std::sync::Arc;

use telltale_model::PeerKind;

use super::halves::{Half, Halves};
use super::stats::{EdgeKind, Key, Totals};

/// The name of a caller that nothing names.
const USER: &str = "user";
const DATABASE: &str = "database";
const MESSAGING: &str = "messaging_system";
const VIRTUAL: &str = "virtual_node";

/// A span by its trace and its own id.
type SpanKey = ([u8; 16], [u8; 8]);

/// Finds the two halves of each request and counts them, by the server's and by the client's duration.
///
/// A half alone is an edge too where the other side is known to send nothing or is named:
/// 1. a server's span without a parent was called by `user`, a consumer's by its queue: at once, nobody can turn up;
/// 2. a client's span without an answer called the database that it names: at once, as databases send no spans;
/// 3. any other whose attributes name a peer called that peer, when the span ended before `settled_ms`;
/// 4. what is left and as old is counted as unpaired.
///
/// All is found anew for each question: when the other side arrives after all, the edge is between the two and nowhere else.
pub(super) fn resolve(parts: &[Arc<Halves>], settled_ms: i64, all: &mut Totals) {
    let user: Arc<str> = USER.into();
    let mut clients: HashMap<SpanKey, (&Half, bool)> = HashMap::new();
    for client in parts.iter().flat_map(|part| &part.clients) {
        clients.insert((client.span.trace, client.span.span), (client, false));
    }
    for server in parts.iter().flat_map(|part| &part.servers) {
        let Some(parent) = server.parent else {
            called_by(server, &user, all);
            continue;
        };
        match clients.get_mut(&(server.span.trace, parent)) {
            Some((client, is_answered)) => {
                *is_answered = true;
                pair(client, server, all);
            }
            None if server.span.end_ms <= settled_ms => unpaired(server, false, all),
            None => {}
        }
    }
    for client in parts.iter().flat_map(|part| &part.clients) {
        let Some((kept, is_done)) = clients.get_mut(&(client.span.trace, client.span.span)) else { continue };
        // A span that was sent twice is one call.
        if std::mem::replace(is_done, true) {
            continue;
        }
        alone(kept, settled_ms, all);
    }
}

fn pair(client: &Half, server: &Half, all: &mut Totals) {
    let is_database = matches!(client.peer, Some((_, PeerKind::Database)));
    let connection = match (is_database, server.is_message) {
        (true, _) => DATABASE,
        (false, true) => MESSAGING,
        (false, false) => "",
    };
    let failed = client.failed || server.failed;
    let kind = EdgeKind { connection, virtual_node: "" };
    edge((&client.service, &server.service), kind, (client, server), failed, all);
}

fn called_by(server: &Half, user: &Arc<str>, all: &mut Totals) {
    let (caller, connection) = match &server.peer {
        Some((queue, _)) => (queue, MESSAGING),
        None => (user, VIRTUAL),
    };
    let kind = EdgeKind { connection, virtual_node: "client" };
    edge((caller, &server.service), kind, (server, server), server.failed, all);
}

fn alone(client: &Half, settled_ms: i64, all: &mut Totals) {
    let is_settled = client.span.end_ms <= settled_ms;
    let connection = match &client.peer {
        Some((_, PeerKind::Database)) => DATABASE,
        Some((_, PeerKind::Queue)) if is_settled => MESSAGING,
        Some((_, PeerKind::External)) if is_settled => VIRTUAL,
        None if is_settled => return unpaired(client, true, all),
        _ => return,
    };
    if let Some((peer, _)) = &client.peer {
        let kind = EdgeKind { connection, virtual_node: "server" };
        edge((&client.service, peer), kind, (client, client), client.failed, all);
    }
}

/// Counts a request, once as each end saw it; an end that sent nothing is taken to have seen what the other saw.
fn edge(ends: (&Arc<str>, &Arc<str>), kind: EdgeKind, seen_by: (&Half, &Half), failed: bool, all: &mut Totals) {
    for (by_server, half) in [(true, seen_by.1), (false, seen_by.0)] {
        let key = Key::Edge { client: Arc::clone(ends.0), server: Arc::clone(ends.1), kind, by_server };
        all.entry(key).or_default().entry(half.span.slot()).or_default().count_one(half.span, failed);
    }
}

fn unpaired(half: &Half, is_client: bool, all: &mut Totals) {
    let key = Key::Unpaired { service: Arc::clone(&half.service), is_client };
    all.entry(key).or_default().entry(half.span.slot()).or_default().count_one(half.span, half.failed);
}
