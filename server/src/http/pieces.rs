//! Answers that would be too large as a whole: each piece is written, off the request threads, when the reader has taken the one
//! before. What is not written yet stays as it is stored.

use std::io;
use std::ops::Range;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use serde::Serialize;

use super::answer;
use super::problem::Problem;

/// The rest of an answer.
pub(crate) trait Pieces: Send + 'static {
    /// Writes the next piece, and says whether it is the last one.
    fn write(&mut self) -> io::Result<(Vec<u8>, bool)>;
}

/// Answers with a beginning and the pieces after it.
pub(crate) fn answer(content_type: &'static str, head: Vec<u8>, rest: impl Pieces) -> Response {
    let pieces = stream::unfold(Some(rest), |rest| async move { next(rest?).await });
    let all = stream::once(async move { Ok(Bytes::from(head)) }).chain(pieces);
    answer::body(content_type, Body::from_stream(all))
}

/// Writes the next piece. A fault ends the body before its end: the reader notices, and is told so.
async fn next<P: Pieces>(mut rest: P) -> Option<(io::Result<Bytes>, Option<P>)> {
    let done = tokio::task::spawn_blocking(move || rest.write().map(|(bytes, is_last)| (bytes, is_last, rest))).await;
    Some(match done.map_err(io::Error::other).flatten() {
        Ok((bytes, is_last, rest)) => (Ok(Bytes::from(bytes)), (!is_last).then_some(rest)),
        Err(error) => {
            tracing::error!(%error, "an answer could not be sent whole");
            (Err(error), None)
        }
    })
}

/// The members of a list that is the last field of a JSON object.
pub(crate) trait Members: Send + 'static {
    /// What the list holds.
    type Member: Serialize;

    /// Returns how many there are.
    fn count(&self) -> usize;

    /// Makes the members of a range.
    fn make(&self, range: Range<usize>) -> io::Result<Vec<Self::Member>>;
}

/// How a JSON object ends whose last field is a list.
const END: &[u8] = b"]}";

/// Answers with a JSON object whose last field is an empty list, and with the members of this list, so many at once.
pub(crate) fn json_list(object: &impl Serialize, members: impl Members, at_once: usize) -> Result<Response, Problem> {
    let mut head = answer::to_json(object)?;
    debug_assert!(head.ends_with(b"[]}"), "an empty list is the last field");
    head.truncate(head.len().saturating_sub(END.len()));
    Ok(answer(answer::JSON, head, List { members, at_once, next: 0, is_empty: true }))
}

/// The members that are still to be written.
struct List<M> {
    members: M,
    at_once: usize,
    next: usize,
    /// Whether none was written so far.
    is_empty: bool,
}

impl<M: Members> Pieces for List<M> {
    fn write(&mut self) -> io::Result<(Vec<u8>, bool)> {
        let end = self.next.saturating_add(self.at_once).min(self.members.count());
        let mut out = Vec::new();
        for member in self.members.make(self.next..end)? {
            if !std::mem::replace(&mut self.is_empty, false) {
                out.push(b',');
            }
            serde_json::to_writer(&mut out, &member)?;
        }
        self.next = end;
        let is_last = end == self.members.count();
        if is_last {
            out.extend_from_slice(END);
        }
        Ok((out, is_last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;

    #[derive(Serialize)]
    struct Object {
        name: &'static str,
        list: Vec<usize>,
    }

    struct Numbers(usize);

    impl Members for Numbers {
        type Member = usize;

        fn count(&self) -> usize {
            self.0
        }

        fn make(&self, range: Range<usize>) -> io::Result<Vec<usize>> {
            if range.contains(&100) {
                return Err(io::Error::other("no hundred"));
            }
            Ok(range.collect())
        }
    }

    #[tokio::test]
    async fn a_list_of_any_length_is_the_object_written_at_once() {
        for (count, at_once) in [(0, 3), (1, 3), (3, 3), (4, 3), (6, 3), (99, 1)] {
            let answer = json_list(&Object { name: "n", list: Vec::new() }, Numbers(count), at_once).unwrap();
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body, serde_json::to_vec(&Object { name: "n", list: (0..count).collect() }).unwrap(), "{count}");
        }
    }

    #[tokio::test]
    async fn a_fault_ends_the_body_before_its_end() {
        let answer = json_list(&Object { name: "n", list: Vec::new() }, Numbers(200), 7).unwrap();
        assert!(answer.into_body().collect().await.is_err());
    }
}
