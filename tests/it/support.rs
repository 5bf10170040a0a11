//! What the tests share: where the executable and the folders are.

use std::path::{Path, PathBuf};

use telltale_tests::server::{Launch, Server};

pub(crate) mod install;
pub(crate) mod mount;

/// The executable under test, built by cargo before this binary.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_telltale");

/// Returns the executable of long runs and measurements: the release build that `TELLTALE_TEST_PROGRAM` names, or that of cargo.
pub(crate) fn program() -> PathBuf {
    measured_program().unwrap_or_else(|| PROGRAM.into())
}

/// Returns the executable to be measured, if one is named.
pub(crate) fn measured_program() -> Option<PathBuf> {
    std::env::var_os("TELLTALE_TEST_PROGRAM").map(PathBuf::from)
}

/// A server on free ports with an empty data folder.
pub(crate) fn server() -> Server {
    launch().start()
}

/// The same, to be changed before it starts.
pub(crate) fn launch() -> Launch {
    Launch::new(program())
}

/// The checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// A folder under the target folder that survives the run: caches of clients, screenshots.
pub(crate) fn target_tmp(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&path).unwrap_or_else(|error| panic!("create {}: {error}", path.display()));
    path
}

/// A folder of test data from elsewhere, beside the checkout; none where it is absent, which is said aloud.
pub(crate) fn conformance(name: &str) -> Option<PathBuf> {
    let path = root().join("../shared/conformance").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}
