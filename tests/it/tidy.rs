//! Rules of the code base that no compiler checks: structure, package graph, format, documents that tell the truth.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::root;

mod documents;

/// Lines of a source file, tests included.
const FILE_LINES: usize = 500;

/// Every Rust file of the project.
fn sources() -> Vec<(PathBuf, String)> {
    let mut out = Vec::new();
    for folder in ["server", "storage", "web", "tests"] {
        collect(&root().join(folder), &mut out);
    }
    assert!(out.len() > 50, "only {} sources found", out.len());
    out
}

fn collect(folder: &Path, out: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("target") && !path.ends_with("node_modules") {
                collect(&path, out);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            out.push((path.strip_prefix(root()).unwrap().to_owned(), text));
        }
    }
}

#[test]
fn files_are_short_and_none_is_called_mod() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let lines = text.lines().count();
        if lines > FILE_LINES {
            wrong.push(format!("{}: {lines} lines, more than {FILE_LINES}", path.display()));
        }
        if path.file_name().is_some_and(|name| name == "mod.rs") {
            wrong.push(format!("{}: write foo.rs beside foo/", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Says nothing about this machine, switches nothing off, leaves nothing unfinished.
#[test]
fn sources_hold_no_leftovers() {
    // Written in two parts, so that this list does not find itself.
    let banned = [
        ("#[ign", "ore"),
        ("should_", "panic"),
        ("todo", "!("),
        ("FIX", "ME"),
        ("XX", "X:"),
        ("/work", "/"),
        ("/root", "/"),
        ("clippy::a", "ll"),
        ("dbg", "!("),
    ];
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            for (left, right) in banned {
                if line.contains(&format!("{left}{right}")) {
                    wrong.push(format!("{}:{}: {left}{right}", path.display(), number + 1));
                }
            }
            let mark = concat!("TO", "DO");
            if line.contains(mark) && !line.contains(&format!("{mark}(#")) {
                wrong.push(format!("{}:{}: a {mark} needs an issue number", path.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Every module says what it is for.
#[test]
fn every_file_begins_with_its_purpose() {
    let wrong: Vec<_> = sources()
        .into_iter()
        .filter(|(path, text)| !text.starts_with("//!") && !path.starts_with("tests/fuzz"))
        .map(|(path, _)| path)
        .collect();
    assert!(wrong.is_empty(), "no //! at the start: {wrong:#?}");
}

#[test]
fn everything_is_formatted() {
    let output = Command::new(env!("CARGO")).args(["fmt", "--all", "--check"]).current_dir(root()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let files: BTreeSet<&str> = text.lines().filter(|line| line.starts_with("Diff in")).collect();
    assert!(
        output.status.success(),
        "cargo fmt --all would change:\n{files:#?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Everything that a package of the workspace reaches when it is built alone, development dependencies left out.
///
/// `cargo metadata` would answer for all packages at once, with the features of all of them together.
fn reach(package: &str) -> BTreeSet<String> {
    let platform = match package {
        "telltale-web" => "wasm32-unknown-unknown".to_owned(),
        _ => format!("{}-unknown-linux-gnu", std::env::consts::ARCH),
    };
    let arguments = [
        "tree",
        "--locked",
        "--offline",
        "--edges=normal,build",
        "--prefix=none",
        "--format={p}",
        "--package",
        package,
    ];
    let mut command = Command::new(env!("CARGO"));
    let output = command.args(arguments).args(["--target", &platform]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter_map(|line| line.split(' ').next()).filter(|name| *name != package).map(str::to_owned).collect()
}

/// Imports follow the data and never turn back; heavy packages stay where they belong.
#[test]
fn the_package_graph_has_no_forbidden_edge() {
    let forbidden: &[(&str, &[&str])] = &[
        ("telltale-model", &["serde_json", "tokio", "arrow", "telltale-storage", "telltale-api"]),
        (
            "telltale-storage",
            &["datafusion", "axum", "tonic", "leptos", "telltale-query", "telltale-api", "telltale-story", "telltale"],
        ),
        (
            "telltale-promql",
            &[
                "arrow",
                "tokio",
                "datafusion",
                "serde",
                "axum",
                "leptos",
                "telltale-storage",
                "telltale-query",
                "telltale-api",
            ],
        ),
        ("telltale-query", &["axum", "leptos", "telltale-api", "telltale-story", "telltale"]),
        (
            "telltale-api",
            &["arrow", "arrow-array", "tokio", "axum", "leptos", "chrono", "telltale-storage", "telltale-query"],
        ),
        ("telltale-story", &["arrow", "tokio", "axum", "leptos", "telltale-storage", "telltale-query", "telltale"]),
        (
            "telltale-share",
            &["arrow", "axum", "leptos", "datafusion", "telltale-storage", "telltale-query", "telltale"],
        ),
        ("telltale-signals", &["arrow", "tokio", "axum", "leptos", "telltale-storage", "telltale-query", "telltale"]),
        (
            "telltale-search",
            &["serde", "regex", "arrow", "tokio", "leptos", "telltale-api", "telltale-storage", "telltale"],
        ),
        (
            "telltale-dashboards",
            &["arrow", "tokio", "axum", "leptos", "telltale-storage", "telltale-query", "telltale"],
        ),
        ("telltale-web", &["arrow", "tokio", "datafusion", "axum", "telltale-storage", "telltale-query", "telltale"]),
    ];
    for (package, never) in forbidden {
        let reached = reach(package);
        for name in *never {
            assert!(!reached.contains(*name), "{package} must not reach {name}");
        }
    }
    for package in ["telltale", "telltale-web", "telltale-tests"] {
        let reached = reach(package);
        assert!(reached.len() > 20, "{package} reaches only {reached:?}");
        for name in ["openssl-sys", "openssl", "native-tls", "aws-lc-sys", "protobuf-src", "cmake"] {
            assert!(!reached.contains(name), "{package} must not reach {name}");
        }
    }
    // Clients of the product know nothing of its inside.
    let reached = reach("telltale-tests");
    for name in ["telltale-query", "telltale"] {
        assert!(!reached.contains(name), "telltale-tests must not reach {name}");
    }
}
