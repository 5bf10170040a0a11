//! Prometheus's own test scripts, read in place from `../shared/conformance/promqltest`; without that folder the test says that it skipped.

use std::path::{Path, PathBuf};

use crate::script::{command, run};

/// Cases that do not pass, and why.
const EXCEPTIONS: [(&str, usize, &str); 0] = [];

fn folder() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/promqltest");
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}

/// Scenario: every `eval` of every script is a case; all pass but those listed with their reason.
#[test]
fn the_scripts_of_prometheus_pass() {
    let Some(folder) = folder() else { return };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "test"));
    files.sort();
    let (mut total, mut passed) = (0, 0);
    let mut wrong = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let commands = command::commands(&std::fs::read_to_string(&file).unwrap())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let outcomes = run::run(&commands);
        let good = outcomes.iter().filter(|outcome| outcome.result.is_ok()).count();
        println!("{name}: {good} of {}", outcomes.len());
        total += outcomes.len();
        passed += good;
        for outcome in outcomes {
            let excepted = EXCEPTIONS.iter().any(|(file, line, _)| *file == name && *line == outcome.line);
            match outcome.result {
                Err(error) if !excepted => {
                    wrong.push(format!("{name}:{}: {}\n    {error}", outcome.line, outcome.expr))
                }
                Ok(()) if excepted => wrong.push(format!("{name}:{}: passes; take it off the list", outcome.line)),
                _ => {}
            }
        }
    }
    println!("all: {passed} of {total}");
    assert!(total > 1000, "only {total} cases were found");
    assert!(wrong.is_empty(), "{} cases are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
