//! The spellings of trace ids in wasm: the module that the browser's scanner is compiled into reads every test vector.

use std::path::Path;
use std::process::Command;

use crate::support::{PROGRAM, root};

const TARGET: &str = "wasm32-unknown-unknown";

/// Instantiates the module, runs it, writes its report.
const SCRIPT: &str = "
const { readFileSync } = require('fs');
WebAssembly.instantiate(readFileSync(process.argv[1]), {}).then(({ instance: { exports } }) => {
  const length = exports.check();
  const bytes = new Uint8Array(exports.memory.buffer, exports.report(), length);
  process.stdout.write(length + '\\n' + new TextDecoder().decode(bytes));
});";

/// Scenario: the vectors of tests/vectors/trace-ids.json, compiled to wasm and run by Node. Guarantees: the browser reads a
/// paste as the server does.
#[test]
fn every_vector_is_read_in_wasm() {
    let target_dir = Path::new(PROGRAM).parent().and_then(Path::parent).unwrap().join("web");
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().into_owned();
        let is_ours = text.starts_with("CARGO") && text != "CARGO_HOME" && !text.contains("UNIFICATION");
        if is_ours || text.starts_with("RUSTFLAGS") {
            cargo.env_remove(&name);
        }
    }
    cargo.current_dir(root()).args(["build", "--locked", "--offline", "-p", "telltale-vectors"]);
    cargo.args(["--target", TARGET, "--profile", "web-dev", "--target-dir"]).arg(&target_dir);
    let built = cargo.output().unwrap();
    assert!(built.status.success(), "{cargo:?}: {}", String::from_utf8_lossy(&built.stderr));
    let module = target_dir.join(TARGET).join("web-dev/telltale_vectors.wasm");
    let run = Command::new("node").args(["-e", SCRIPT]).arg(&module).output().unwrap();
    let report = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(report, "0\n", "{report}");
}
