//! `GET /api/runs/file`: the output of a run, its test results and its attachments.
//!
//! They are from elsewhere, so that nothing of them may run: text and pictures are shown, everything else is saved, and
//! a page is shown as its text. What is not in the list of the run's files is not there, whatever its name leads to.

use std::io::Read;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY};
use telltale_api::run::RunFile;

use super::{artifact, named};
use crate::http::answer;
use crate::http::extract::Parameters;
use crate::http::problem::{Kind, Problem};
use crate::http::scope::Pairs;
use crate::limits::{RUN_FILE_PIECE_BYTES, RUN_FILE_PIECES};
use crate::state::AppState;

/// Media types by the end of a name; what is not here is saved instead of shown.
const TYPES: [(&str, &str); 8] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("mp4", "video/mp4"),
    ("webm", "video/webm"),
    ("zip", "application/zip"),
];

/// Ends of names of texts.
const TEXTS: [&str; 15] =
    ["log", "txt", "xml", "json", "jsonl", "toml", "yaml", "yml", "md", "csv", "html", "htm", "svg", "diff", "patch"];

/// Answers with a file of a run's artifact.
pub(in crate::http) async fn file(
    State(state): State<Arc<AppState>>,
    Parameters(pairs): Parameters<Pairs>,
) -> Result<Response, Problem> {
    const HINT: &str = "write ?run=NAME&name=stdout/stdout.log; /api/runs/show lists a run's files";
    let (run, name) = (named(&pairs, "run", HINT)?, named(&pairs, "name", HINT)?);
    let shown = artifact(&state, run);
    let found = shown.and_then(|shown| Some((shown, shown.files.iter().find(|file| file.name == name)?)));
    let Some((shown, RunFile { name, bytes })) = found else {
        return Err(
            Problem::new(Kind::NotFound, "no_such_file", format!("the run {run:?} has no file {name:?}")).hint(HINT)
        );
    };
    let path = shown.folder.join(name);
    let opened = answer::work(move || {
        std::fs::File::open(&path)
            .map_err(|error| Problem::new(Kind::Unavailable, "unreadable", format!("{}: {error}", path.display())))
    });
    let mut response = answer::body(media_type(name), body(opened.await?));
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(*bytes));
    // Whatever a browser makes of it, it is alone there.
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    let short = name.rsplit('/').next().unwrap_or_default();
    let plain: String =
        short.chars().map(|c| if c.is_ascii_graphic() && !"\"\\;".contains(c) { c } else { '_' }).collect();
    let how = if media_type(name) == OTHER { "attachment" } else { "inline" };
    if let Ok(value) = HeaderValue::from_str(&format!("{how}; filename=\"{plain}\"")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

const OTHER: &str = "application/octet-stream";

fn media_type(name: &str) -> &'static str {
    let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
    if TEXTS.contains(&end.as_str()) {
        return answer::TEXT;
    }
    TYPES.iter().find(|(known, _)| *known == end).map_or(OTHER, |(_, media_type)| media_type)
}

/// Reads in pieces, as fast as the client takes them, away from the async workers.
fn body(mut file: std::fs::File) -> Body {
    let (sender, receiver) = tokio::sync::mpsc::channel::<std::io::Result<Bytes>>(RUN_FILE_PIECES);
    // Ends when the file does, or when the client has gone: the channel is closed then.
    drop(tokio::task::spawn_blocking(move || {
        loop {
            let mut piece = vec![0; RUN_FILE_PIECE_BYTES];
            let read = match file.read(&mut piece) {
                Ok(0) => return,
                Ok(count) => {
                    piece.truncate(count);
                    Ok(Bytes::from(piece))
                }
                Err(error) => Err(error),
            };
            let is_over = read.is_err();
            if sender.blocking_send(read).is_err() || is_over {
                return;
            }
        }
    }));
    Body::from_stream(futures::stream::unfold(receiver, |mut receiver| async move {
        let piece = receiver.recv().await?;
        Some((piece, receiver))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_runs_is_shown_as_what_it_is() {
        for name in ["a.html", "a.HTM", "a.svg", "a.xml", "stdout/stdout.log"] {
            assert_eq!(media_type(name), answer::TEXT, "{name}");
        }
        for name in ["a.js", "a.wasm", "a.pdf", "noext", "html", "a.png.exe"] {
            assert_eq!(media_type(name), OTHER, "{name}");
        }
        assert_eq!(media_type("attachments/page.PNG"), "image/png");
    }
}
