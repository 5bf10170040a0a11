//! Cases of our own in the language of Prometheus's test scripts: `tests/scripts`.

use std::path::Path;

use crate::script::{command, run};

/// Scenario: every case of every script of ours.
#[test]
fn our_own_scripts_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let mut wrong = Vec::new();
    let mut total = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let commands = command::commands(&std::fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        for outcome in run::run(&commands) {
            total += 1;
            if let Err(error) = outcome.result {
                wrong.push(format!("{name}:{}: {}\n    {error}", outcome.line, outcome.expr));
            }
        }
    }
    assert!(total > 120, "only {total} cases were found");
    assert!(wrong.is_empty(), "{} of {total} cases are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
