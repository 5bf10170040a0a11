//! The signals file that the developer names, judged by what arrives: the red/green board.
//!
//! Nothing is judged while nobody looks. Pages ask again when something arrived or the file changed; both are told by the
//! live stream. The file is looked at by its size and time of change, often enough for a person who saves it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use telltale_api::live::LiveEvent;
use telltale_query::Arrival;
use telltale_signals::board::{Board, Mistake};
use telltale_signals::limits::FILE_BYTES;
use tokio::io::AsyncReadExt as _;

use crate::expect;
use crate::http::problem::Problem;
use crate::limits::SIGNALS_LOOK;
use crate::observe::Scope;
use crate::state::AppState;

/// Judges the file by a run, by the open run, or by everything since the server's start.
pub(crate) async fn board(state: &AppState, run: Option<(String, Scope)>) -> Result<Board, Problem> {
    let path = PathBuf::from(&state.config.signals);
    let open = || state.runs.open_run().and_then(|name| Some((name.clone(), state.runs.scope(&name)?)));
    let (run, scope) = match run.or_else(open) {
        Some((name, scope)) => (Some(name), scope),
        None => (None, Scope { arrival: Arrival { start_ns: since(state), end_ns: i64::MAX }, ..Scope::default() }),
    };
    let board = Board { file: state.config.signals.clone(), run, is_live: true, ..Board::default() };
    let text = match read(&path).await {
        Ok(text) => text,
        Err(error) => {
            let is_missing = error.kind() == std::io::ErrorKind::NotFound;
            let message = format!("cannot read {}: {error}", std::path::absolute(&path).unwrap_or(path).display());
            let hint = "telltale check --bless signals.toml writes one from what is stored; --signals names another";
            let problem = Mistake { is_missing, message, hint: Some(hint.to_owned()) };
            return Ok(Board { problem: Some(problem), ..board });
        }
    };
    let file = match telltale_signals::parse(&text) {
        Ok(file) => file,
        Err(error) => {
            let message = format!("{}:{}:{}: {}", board.file, error.line, error.column, error.message);
            return Ok(Board { problem: Some(Mistake { is_missing: false, message, hint: error.hint }), ..board });
        }
    };
    let report = expect::now(state, &board.file, &file, &scope).await?;
    Ok(Board { report: Some(report), ..board })
}

/// Reads the file; of one that is too large as much as shows that it is.
async fn read(path: &PathBuf) -> std::io::Result<String> {
    let mut text = String::new();
    let file = tokio::fs::File::open(path).await?;
    file.take(FILE_BYTES as u64 + 1).read_to_string(&mut text).await?;
    Ok(text)
}

fn since(state: &AppState) -> i64 {
    i64::try_from(state.started.0).unwrap_or(i64::MAX)
}

/// What tells one state of a file from another; none when it is not there.
type Look = Option<(u64, Option<SystemTime>)>;

async fn look(path: &PathBuf) -> Look {
    let metadata = tokio::fs::metadata(path).await.ok()?;
    Some((metadata.len(), metadata.modified().ok()))
}

/// Tells live readers when the file has changed, until the server stops.
pub async fn watch(state: Arc<AppState>) {
    let path = PathBuf::from(&state.config.signals);
    let work = async {
        let mut known = look(&path).await;
        loop {
            tokio::time::sleep(SIGNALS_LOOK).await;
            // While nobody listens, nothing is told; who comes later asks for the whole board.
            let found = if state.live.has_readers() { look(&path).await } else { continue };
            if found != known {
                known = found;
                state.live.publish(LiveEvent::Signals);
            }
        }
    };
    tokio::select! {
        () = state.stopping.cancelled() => {}
        () = work => {}
    }
}
