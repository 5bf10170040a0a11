//! What a command looks at besides a running server: an artifact, opened without a server and closed again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use telltale_signals::Observed;
use telltale_signals::results::Results;
use telltale_signals::runs::{self, RunDiff};
use telltale_signals::schema::{self, Schema};

use super::client::Failure;
use super::open::failure;
use crate::app;
use crate::artifact::gather::{self, Gathered};
use crate::artifact::read;
use crate::config::{Config, Flags};
use crate::http::problem::Problem;
use crate::observe::{self, Scope};
use crate::state::AppState;
use crate::telemetry::Telemetry;

/// An artifact that is looked at instead of a running server.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Artifact {
    /// Look at this artifact of `telltale run`, or at a folder of them, instead of a running server
    #[arg(long, value_name = "FILE", conflicts_with_all = ["run", "since"])]
    pub artifact: Option<PathBuf>,
}

/// Says whether an argument is an artifact: a file NAME.telltale, or a folder that one was unpacked into.
pub(crate) fn is_artifact(text: &str) -> bool {
    let path = Path::new(text);
    path.extension().is_some_and(|extension| extension == "telltale") || path.join("manifest.json").is_file()
}

/// An artifact whose telemetry can be asked; [`Opened::close`] ends it.
pub(crate) struct Opened {
    pub(crate) state: Arc<AppState>,
    pub(crate) gathered: Gathered,
}

impl Opened {
    /// Opens an artifact, or a folder of them.
    pub(crate) async fn open(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let is_folder = path.is_dir() && !path.join("manifest.json").is_file();
        let path = path.to_owned();
        let opened = move || if is_folder { gather::folder(&path) } else { gather::one(&path) };
        let opened = tokio::task::spawn_blocking(opened).await;
        let opened = opened.map_err(|error| Failure::Failed(format!("{name}: a worker stopped: {error}")))?;
        let gathered = opened.map_err(|error| failure(&name, &error))?;
        let store = gathered.store.display().to_string();
        let environment = |name: &str| (name == "TELLTALE_DATA_DIR").then(|| store.clone());
        let config = Config::load(&Flags::default(), &environment);
        let config = config.map_err(|error| Failure::Usage(error.to_string()))?;
        let config = Config { read_only: true, scrapes: Vec::new(), ..config };
        let state = app::open::alone(config, Arc::new(Telemetry::new()), gathered.shown.clone()).await;
        let state = state.map_err(|error| Failure::Failed(format!("{name}: {error}")))?;
        Ok(Self { state, gathered })
    }

    /// Reads everything that the artifact holds.
    pub(crate) async fn observe(&self) -> Result<Observed, Failure> {
        observe::observe(&self.state, &Scope::default(), observe::ALL).await.map_err(words)
    }

    /// Closes the store and removes our copy.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        self.state.storage.close().await.map_err(|error| Failure::Failed(error.to_string()))
    }
}

/// A problem as a command tells it.
#[expect(clippy::needless_pass_by_value, reason = "map_err passes by value")]
pub(crate) fn words(problem: Problem) -> Failure {
    Failure::Failed(problem.body().error.message)
}

/// Reads everything that an artifact holds.
pub(crate) async fn observed(path: &Path) -> Result<Observed, Failure> {
    read(path).await.map(|(_, observed)| observed)
}

/// Reads what the run of an artifact came to, and everything that the artifact holds.
async fn read(path: &Path) -> Result<(Results, Observed), Failure> {
    let opened = Opened::open(path).await?;
    let results = opened.gathered.shown.artifacts.first().map(|run| run.results.clone()).unwrap_or_default();
    let observed = opened.observe().await;
    opened.close().await?;
    Ok((results, observed?))
}

/// Compares two artifacts; returns what the older and the newer run are called, too.
pub(crate) async fn compared(before: &Path, after: &Path) -> Result<(String, String, RunDiff), Failure> {
    let ((a, before), (b, after)) = (read(before).await?, read(after).await?);
    let diff = RunDiff { tests: runs::tests_changed(&a.tests, &b.tests), ..runs::compare(&before, &after) };
    Ok((a.run.name, b.run.name, diff))
}

/// Reads the schema that an artifact keeps.
pub(crate) fn schema_of(path: &Path) -> Result<Schema, Failure> {
    let name = path.display().to_string();
    let text = read::schema(path).map_err(|error| failure(&name, &error))?;
    schema::read(&text).map_err(|error| Failure::Failed(format!("{name}: {error}")))
}
