//! Installs the clients that nobody here wrote: packages from PyPI and npm, pinned, once, under the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{root, target_tmp};

/// Returns the Python interpreter that has the OpenTelemetry SDK.
pub(crate) fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| python_with("python", "requirements.txt"))
}

/// Returns the Python interpreter that has clients of Prometheus, and the OpenTelemetry SDK.
pub(crate) fn python_metrics() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| python_with("python-metrics", "requirements-metrics.txt"))
}

/// Returns the Python interpreter that has what the Python snippet of the first-run page installs.
pub(crate) fn python_instrument() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| python_with("python-instrument", "requirements-instrument.txt"))
}

/// Returns the Python interpreter that has a server which speaks S3.
pub(crate) fn python_s3() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| python_with("python-s3", "requirements-s3.txt"))
}

fn python_with(name: &str, requirements: &str) -> PathBuf {
    let file = root().join("tests/clients/python").join(requirements);
    let folder = cached(name, &[&file], |folder| {
        let venv = ["-m", "venv", folder.to_str().unwrap()];
        run(Command::new("python3").args(venv), "python3 with its venv module (Debian: apt-get install python3-venv)");
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        let mut install = Command::new(folder.join("bin/python"));
        run(install.args(pip).arg(&file), "the packages of tests/clients/python/requirements*.txt from PyPI");
    });
    folder.join("bin/python")
}

/// Returns the `node_modules` folder that has the OpenTelemetry SDK and axe-core.
pub(crate) fn node_modules() -> &'static Path {
    static NODE_MODULES: OnceLock<PathBuf> = OnceLock::new();
    NODE_MODULES.get_or_init(|| node_with("node"))
}

/// Returns the `node_modules` folder that has what the Node snippet of the first-run page installs.
pub(crate) fn node_instrument() -> &'static Path {
    static NODE_MODULES: OnceLock<PathBuf> = OnceLock::new();
    NODE_MODULES.get_or_init(|| node_with("node-instrument"))
}

fn node_with(name: &str) -> PathBuf {
    let source = root().join("tests/clients").join(name);
    let (package, lock) = (source.join("package.json"), source.join("package-lock.json"));
    let folder = cached(name, &[&package, &lock], |folder| {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::copy(&package, folder.join("package.json")).unwrap();
        std::fs::copy(&lock, folder.join("package-lock.json")).unwrap();
        let ci = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
        run(
            Command::new("npm").args(ci).current_dir(folder),
            "node 18 or newer, npm, and the packages of tests/clients/node*",
        );
    });
    folder.join("node_modules")
}

/// Returns a folder that `install` fills once for these input files; a half-filled one is never taken for whole.
fn cached(name: &str, inputs: &[&Path], install: impl FnOnce(&Path)) -> PathBuf {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in inputs
        .iter()
        .flat_map(|path| std::fs::read(path).unwrap_or_else(|error| panic!("read {}: {error}", path.display())))
    {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let folder = target_tmp("clients").join(format!("{name}-{hash:016x}"));
    let done = folder.join(".installed");
    if !done.exists() {
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        install(&folder);
        std::fs::write(done, "").unwrap();
    }
    folder
}

fn run(command: &mut Command, needs: &str) {
    let output = command.output().unwrap_or_else(|error| panic!("this test needs {needs}; {command:?}: {error}"));
    assert!(
        output.status.success(),
        "this test needs {needs}; {command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}
