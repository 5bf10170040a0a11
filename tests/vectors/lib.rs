//! The test vectors of trace-id spellings as a wasm module, for the black-box test that runs them outside of a browser:
//! `check()` returns the length of a report, empty when every vector is read as it says, and `report()` its address.

use std::sync::{Mutex, PoisonError};

use telltale_story::resolve::{Candidate, comparison, parse};

#[path = "../../server/story/src/resolve/vectors/check.rs"]
mod check;

static REPORT: Mutex<String> = Mutex::new(String::new());

/// Reads every vector and returns the bytes of the report.
#[expect(unsafe_code, reason = "a wasm module exports by unmangled names")]
#[unsafe(no_mangle)]
pub extern "C" fn check() -> usize {
    let faults = check::faults(include_str!("trace-ids.json"));
    let mut report = REPORT.lock().unwrap_or_else(PoisonError::into_inner);
    *report = faults.join("\n");
    report.len()
}

/// Returns where the report lies.
#[expect(unsafe_code, reason = "a wasm module exports by unmangled names")]
#[unsafe(no_mangle)]
pub extern "C" fn report() -> *const u8 {
    REPORT.lock().unwrap_or_else(PoisonError::into_inner).as_ptr()
}
