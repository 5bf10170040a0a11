//! `POST /api/import?name=FILE`: opens a file of telemetry; the body is the file as it is.
//!
//! The body is written to the data folder first: archives are read from their end, and what a slow connection brings must
//! not hold memory. The file has no name there and is gone when the answer is.

use std::fs::File;
use std::io::{Seek as _, SeekFrom};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use futures::StreamExt as _;
use http::Request;
use serde::Deserialize;
use telltale_api::import::ImportAnswer;
use tokio::io::AsyncWriteExt as _;

use super::answer;
use super::extract::Parameters;
use super::problem::{Kind, Problem};
use crate::limits::{IMPORT_BYTES, IMPORT_NAME_BYTES};
use crate::receiver::{Protocol, Sender};
use crate::state::AppState;

/// `?name=`.
#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    name: Option<String>,
}

/// Answers with what was stored and what was not; a file with nothing that is understood is a problem.
pub(super) async fn import(
    State(state): State<Arc<AppState>>,
    Parameters(wish): Parameters<Wish>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let name = crate::text::shorten(wish.name.as_deref().unwrap_or("the body"), IMPORT_NAME_BYTES);
    let Ok(_place) = state.imports.try_acquire() else {
        return Err(Problem::new(Kind::Unavailable, "import_busy", "other files are being opened")
            .hint("send this one again when they are done"));
    };
    let sender = Sender { protocol: Protocol::Import, ..crate::receiver::http::sender(&request) };
    let file = spool(&state, request.into_body(), &name).await?;
    let imported = crate::import::import(&state, file, name, &sender).await;
    let imported = imported.map_err(|error| not_kept(&error))?;
    if imported.spans + imported.logs + imported.points == 0 && !imported.faults.is_empty() {
        return Err(nothing(&imported));
    }
    answer::json(&imported)
}

/// Says why nothing of a file was stored.
fn nothing(imported: &ImportAnswer) -> Problem {
    let told: Vec<String> =
        imported.faults.iter().take(3).map(|fault| format!("{}: {}", fault.place, fault.reason)).collect();
    let others = (imported.faults.len() as u64 + imported.faults_left_out).saturating_sub(told.len() as u64);
    let more = if others > 0 { format!("; and {others} more") } else { String::new() };
    Problem::new(Kind::Invalid, "import_nothing", format!("{:?}: {}{more}", imported.name, told.join("; "))).hint(
        "OTLP (JSON, JSON lines, protobuf), Jaeger, Zipkin v2 and Tempo JSON, Aspire's zip and Python's console exporter are \
         understood, also in gzip, zstd or zip",
    )
}

/// Writes the body to an unnamed file.
async fn spool(state: &AppState, body: Body, name: &str) -> Result<File, Problem> {
    let folder = state.data_dir.join("tmp");
    let made = tokio::task::spawn_blocking(move || tempfile::tempfile_in(folder)).await;
    let file = made.map_err(std::io::Error::other).flatten().map_err(|error| not_kept(&error))?;
    // Room for the rows that the file becomes must stay.
    let free_bytes = state.storage.status().free_bytes.unwrap_or(u64::MAX);
    let limit_bytes = IMPORT_BYTES.min(free_bytes / 2);
    let mut file = tokio::fs::File::from_std(file);
    let mut bytes = 0;
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| {
            Problem::new(Kind::Invalid, "bad_body", format!("the file {name:?} did not arrive whole: {error}"))
        })?;
        bytes += chunk.len() as u64;
        if bytes > limit_bytes {
            let limit_mib = limit_bytes >> 20;
            let problem =
                Problem::new(Kind::TooMuch, "import_size", format!("{name:?} is larger than {limit_mib} MiB"));
            return Err(problem.hint("split it by lines, or compress it"));
        }
        file.write_all(&chunk).await.map_err(|error| not_kept(&error))?;
    }
    file.flush().await.map_err(|error| not_kept(&error))?;
    let mut file = file.into_std().await;
    file.seek(SeekFrom::Start(0)).map_err(|error| not_kept(&error))?;
    Ok(file)
}

fn not_kept(error: &std::io::Error) -> Problem {
    Problem::new(Kind::Unavailable, "import_file", format!("the file cannot be kept while it is read: {error}"))
        .hint("look at the free space of the data folder")
}
